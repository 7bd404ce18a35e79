"""Templates that other people have written for nbconvert, from the package index: they work here as they do there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from notebooks import installer

NOTEBOOK = """{"nbformat": 4, "nbformat_minor": 5, "metadata": {"title": "A title"}, "cells": [
 {"id": "a", "cell_type": "markdown", "metadata": {}, "source": "# Heading\\n\\nSome *words* and $x^2$."},
 {"id": "b", "cell_type": "code", "metadata": {"tags": ["mine"]}, "source": "def f(x):\\n    return x + 1\\nf(1)", "execution_count": 3,
  "outputs": [{"output_type": "stream", "name": "stdout", "text": "printed\\n"},
              {"output_type": "execute_result", "execution_count": 3, "metadata": {}, "data": {"text/plain": "value"}},
              {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["trouble"]}]}]}"""
OURS = [str(Path(sys.executable).with_name("nuncius")), "nbconvert"]
PACKAGES = ["nbconvert-theme-pale-sand-navy==0.3.1", "nb-tmpl-ctex==0.1.0", "nbconvert-theme-acmart==0.1.0", "nb-pdf-template==5.0.1"]  # fmt: skip


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the templates, as Jupyter finds them."""
    folder = tmp_path_factory.mktemp("templates")
    subprocess.run(installer("install", "--quiet", "--no-deps", "--target", str(folder), *PACKAGES), check=True, timeout=250)  # fmt: skip
    return folder / "share" / "jupyter"


def converted(command: list[str], templates: Path, to: str, name: str) -> str:
    """Return what a command makes of the notebook with a template."""
    environment = os.environ | {"JUPYTER_PATH": str(templates)}
    done = subprocess.run([*command, "--to", to, "--template", name, "--stdin", "--stdout"], input=NOTEBOOK, env=environment, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_page_has_the_same_elements_and_words(peers: Path, templates: Path) -> None:
    """This one takes highlighted code apart, line by line."""
    ours, theirs = (
        converted(command, templates, "html", "pale-sand-navy")
        for command in (OURS, [str(peers.with_name("jupyter-nbconvert"))])
    )

    def seen(text: str) -> tuple[Counter[str], str]:
        body = re.sub(r"<math.*?</math>|\$[^$]*\$|¶", "", text[text.index("<body") :], flags=re.DOTALL)  # fmt: skip
        classes = re.findall(r'class="(cell[^"]*|code-line[^"]*|output[^"]*)"', body)
        return Counter(classes), re.sub(r"\s+", "", re.sub(r"<[^>]*>", "", body))

    assert seen(ours) == seen(theirs)
    assert seen(ours)[0]["code-line"] == 3


@pytest.mark.parametrize("name", ["ctex", "sigconf", "latex_authentic"])
def test_a_latex_template_has_its_say(templates: Path, name: str) -> None:
    """What the template itself says is there, and so is the notebook."""
    made = converted(OURS, templates, "latex", name)
    own = (templates / "nbconvert" / "templates" / name / "index.tex.j2").read_text()
    said = re.findall(r"^\s*(\\(?:documentclass|usepackage|definecolor|title)[^\n((]*)$", re.sub(r"\(\(=.*?=\)\)", "", own, flags=re.DOTALL), re.MULTILINE)  # fmt: skip
    assert said
    for line in said:
        if "(((" not in line:
            assert line.strip() in made
    for piece in ("A title", "Heading", "\\emph{words}", "x^2", "printed", "value", "trouble"):
        assert piece in made
    assert made.count("\\begin{document}") == made.count("\\end{document}") == 1
