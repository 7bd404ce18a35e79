"""The shell over a kernel of another language: what it knows of it comes in messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import NUNCIUS, Terminal

KERNEL = '''\
"""A language of words: `say TEXT` prints, `sum N...` has a value, `ask` asks, `do ... end` is a block."""
import sys
from nuncius.protocol.kernel import Kernel, KernelInfo
from nuncius.protocol.serving import serve

class Words(Kernel):
    info = KernelInfo("words", "1.0", {"name": "words", "version": "1", "mimetype": "text/plain", "file_extension": ".words"}, "Words 1.0")
    count = 0

    def execute(self, request, io):
        self.count += 1
        if not request.silent:
            io.publish("execute_input", {"code": request.code, "execution_count": self.count})
        word, rest = [*request.code.split(maxsplit=1), ""][:2]
        if word == "say":
            io.stream("stdout", rest + "\\n")
        elif word == "ask":
            io.stream("stdout", "you said " + io.input("words? ") + "\\n")
        elif word == "sum":
            value = str(sum(map(int, rest.split())))
            io.publish("execute_result", {"execution_count": self.count, "data": {"text/plain": value}, "metadata": {}})
        elif word == "do":
            io.stream("stdout", f"{len(request.code.splitlines())} lines\\n")
        else:
            io.publish("error", {"ename": "NoWord", "evalue": word, "traceback": []})
            return {"status": "error", "ename": "NoWord", "evalue": word, "traceback": [], "execution_count": self.count}
        return {"status": "ok", "execution_count": self.count, "payload": [], "user_expressions": {}}

    def complete(self, request, io):
        return {"status": "ok", "matches": ["sum", "summit"], "cursor_start": 0, "cursor_end": request.cursor_pos, "metadata": {}}

    def inspect(self, request, io):
        about = {"sum": "sum N...: adds numbers", "summit": "the highest place"}.get(request.code)
        return {"status": "ok", "found": about is not None, "data": {"text/plain": about or ""}, "metadata": {}}

    def is_complete(self, code, io):
        open_ = code.startswith("do") and not code.rstrip().endswith("end")
        return {"status": "incomplete", "indent": "  "} if open_ else {"status": "complete"}

serve(Words, sys.argv[1:])
'''


@pytest.fixture
def language(tmp_path: Path) -> dict[str, str]:
    """The environment of a person who has a kernel of that language."""
    (tmp_path / "words.py").write_text(KERNEL)
    spec = tmp_path / "jupyter" / "kernels" / "words"
    spec.mkdir(parents=True)
    argv = [sys.executable, str(tmp_path / "words.py"), "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Words", "language": "words"})
    )
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PAGER": "cat",
        "JUPYTER_PATH": str(tmp_path / "jupyter"),
    }


@pytest.fixture
def words(language: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    with Terminal([NUNCIUS, "console", "--kernel", "words"], language, str(tmp_path)) as terminal:
        terminal.wait("In [1]:")
        yield terminal


def test_a_conversation_in_another_language(words: Terminal) -> None:
    assert "Words 1.0" in words.text
    words.type("sum 20 22\r")
    words.wait("Out[1]: 42")
    words.type("say hello\r")
    words.wait("\nhello")
    words.type("nonsense\r")
    words.wait("NoWord: nonsense")
    words.wait("In [4]:")
    words.type("ask\r")
    words.wait("words?")
    words.type("yes\r")
    words.wait("you said yes")


def test_its_blocks_are_indented_and_end_as_it_says(words: Terminal) -> None:
    words.type("do\rsay a\rend\r")
    words.wait("   ...:   say a\n   ...:   end\n3 lines")


def test_its_words_are_completed(words: Terminal) -> None:
    words.type("su\t")
    words.wait(lambda screen: "summit" in screen.split("In [1]:")[1])
    words.type("\t")
    words.wait("sum N...: adds numbers")
    words.type("\t")
    words.wait("the highest place")
    words.wait("In [1]: summit")


def test_the_commands_of_the_shell_are_there_and_the_number_stays_the_kernels(
    words: Terminal,
) -> None:
    words.type("sum 20 22\r")
    words.wait("Out[1]: 42")
    words.wait("In [2]:")
    words.type("%copy\r")
    words.wait("Copied 2 characters.")
    words.type("%keys\r")
    words.wait("On an empty prompt: leave.")
    words.wait(lambda screen: screen.rstrip().endswith("In [2]:"))
    words.type("say on\r")
    words.wait("\non\n")
    words.wait("In [3]:")


def test_a_program_in_another_language(language: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "job.words").write_text("do\nsay a\nend\n")

    def said(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [NUNCIUS, "shell", "--kernel", "words", *arguments],
            env=language,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    assert said("job.words") == (0, "3 lines\n")
    assert said("-c", "say hello") == (0, "hello\n")
    assert said("-c", "nonsense") == (1, "")
