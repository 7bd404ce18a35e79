"""Make a PDF with TeX: write the document and its pictures into a folder of their own and run the program there."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nuncius.nbconvert.document import build
from nuncius.nbconvert.errors import ConversionException, LatexFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nuncius.nbconvert.options import PDFExporter
    from nuncius.nbconvert.rendering import Rendering

__all__ = ["with_tex"]

_TIME = 600.0


def with_tex(rendering: Rendering) -> bytes:
    """Return the PDF.

    Raises:
        ConversionException: The program is not installed.
        LatexFailed: It made no PDF; has its log.
    """
    options: PDFExporter = rendering.options
    program = options.latex_command[0] if options.latex_command else "xelatex"
    if shutil.which(program) is None:
        raise ConversionException(f"{program} is not installed; without TeX: pip install 'nuncius-nbconvert[pdf]' and --pdf-engine=typst")  # fmt: skip
    prepared = _prepared(rendering)
    from nuncius.nbconvert.render.latex import latex

    source = "".join(latex(prepared))
    with tempfile.TemporaryDirectory(prefix="nuncius-tex-") as folder:
        root = Path(folder)
        (root / "notebook.tex").write_text(source, encoding="utf-8", errors="replace")
        for name, data in rendering.resources.get("outputs", {}).items():
            path = (root / name).resolve()
            if path.is_relative_to(root.resolve()):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        rendering.resources["outputs"] = {}
        return _compiled(root, options, str(rendering.resources.get("metadata", {}).get("path") or "."))  # fmt: skip


def _prepared(rendering: Rendering) -> Rendering:
    """Run the stages that only TeX needs."""
    from nuncius.nbconvert import options, stages

    nb, resources = rendering.nb, rendering.resources
    resources["note"] = rendering.note
    for cls in (options.SVG2PDFPreprocessor, options.LatexPreprocessor, options.ExtractOutputPreprocessor):  # fmt: skip
        stages.run_one(nb, resources, rendering.configured.of(cls))
    resources.pop("note", None)
    document = build(nb, rendering.document.name, rendering.document.view)
    return dataclasses.replace(rendering, document=document)


def _compiled(root: Path, options: PDFExporter, notebook_folder: str) -> bytes:
    environment = dict(os.environ)
    # TeX finds the notebook's own pictures and bibliography, and then what it finds anyway.
    here = str(Path(notebook_folder).resolve())
    for name in ("TEXINPUTS", "BIBINPUTS", "BSTINPUTS"):
        environment[name] = os.pathsep.join([".", here, environment.get(name, "")])
    tex = [part.format(filename="notebook.tex") for part in options.latex_command]
    if "-interaction=nonstopmode" not in tex:
        tex[1:1] = ["-interaction=nonstopmode"]
    log = _run(tex, root, environment, options)
    if "\\citation" in _read(root / "notebook.aux"):
        _run([part.format(filename="notebook") for part in options.bib_command], root, environment, options)  # fmt: skip
    for _ in range(options.latex_count - 1):
        # Another run changes nothing unless there are references.
        before = _read(root / "notebook.aux")
        log = _run(tex, root, environment, options)
        if _read(root / "notebook.aux") == before and "Rerun" not in log:
            break
    result = root / "notebook.pdf"
    if not result.exists() or not result.stat().st_size:
        raise LatexFailed(log or _read(root / "notebook.log"))
    return result.read_bytes()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _run(command: Sequence[str], root: Path, environment: dict[str, str], options: PDFExporter) -> str:  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=_TIME, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        return ""  # no bibliography program: the PDF is made without one
    except subprocess.TimeoutExpired:
        raise LatexFailed(f"{command[0]} did not finish in {_TIME:g} s") from None
    log = done.stdout.decode("utf-8", "replace")
    if options.verbose:
        print(log)  # noqa: T201 - what was asked for
    return log
