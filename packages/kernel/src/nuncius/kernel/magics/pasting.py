"""Run code from the clipboard or from pasted lines: ``%paste``, ``%cpaste``."""

from __future__ import annotations

import re
from os.path import commonprefix
from textwrap import dedent

from nuncius.kernel.errors import TryNext, UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.nested import run_nested
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say

__all__ = ["TerminalMagics"]

#: Marks of quoted mail, and of lines that a patch adds.
_MARKS = re.compile(r"\s*[>+][>+ ]*")


@magics_class
class TerminalMagics(Magics):
    """Pasted code."""

    @line_magic
    @options(
        Flag("r", "Run again what was pasted last."),
        Flag("q", "Do not print the code."),
    )
    def paste(self, opts: Opts, name: str) -> None:
        """Run the code in the clipboard; with a name, keep it there as text instead.

        Prompts (``>>>``, ``In [1]:``) and the marks of quoted mail are taken away.
        """
        if "r" in opts:
            self._again()
            return
        try:
            text = self.shell.hooks.clipboard_get()
        except TryNext:
            text = clipboard_text()
        block = _cleaned(text)
        if "q" not in opts and not name:
            say(block.rstrip("\n"))
            say("## -- End pasted text --")
        self._use(block, name)

    @line_magic
    @options(
        Flag("r", "Run again what was pasted last."),
        Flag("q", "Do not say how it is ended."),
        Flag("s", "The line that ends it: -- if not given.", "LINE"),
    )
    def cpaste(self, opts: Opts, name: str) -> None:
        """Read pasted lines up to one that is ``--``, and run them; with a name, keep them there as text instead."""
        if "r" in opts:
            self._again()
            return
        end = opts.get("s", "--")
        if "q" not in opts:
            say(f"Pasting code; enter '{end}' alone on the line to stop or use Ctrl-D.")
        lines: list[str] = []
        while True:
            try:
                line = input(":")
            except EOFError:
                break
            if line == end:
                break
            lines.append(line)
        self._use(_cleaned("\n".join(lines)), name)

    def _again(self) -> None:
        block = self.shell.user_ns.get("pasted_block")
        if not isinstance(block, str):
            raise UsageError("No previous pasted block available")
        say(f"Re-executing '{block.partition(chr(10))[0]}...' ({len(block)} chars)")
        run_nested(self.shell, block)

    def _use(self, block: str, name: str) -> None:
        if name:
            self.shell.user_ns[name] = block
            say(f"Block assigned to '{name}'")
            return
        self.shell.user_ns["pasted_block"] = block
        run_nested(self.shell, block)


def _cleaned(text: str) -> str:
    from nuncius.protocol.text.inputs import TransformerManager

    lines = _unquoted(dedent(text).splitlines())
    if any(line.lstrip().startswith((">>>", "In [")) for line in lines):
        manager = TransformerManager()
        found = [f"{line}\n" for line in lines]
        for transform in manager.cleanup_transforms:
            found = transform(found)
        return "".join(found)
    return dedent("\n".join(lines)) + "\n"


def _unquoted(lines: list[str]) -> list[str]:
    """Return lines without the marks that a mail or a patch has put before all of them."""
    marks = [_MARKS.match(line) for line in lines if line.strip()]
    common = commonprefix([mark.group() if mark else "" for mark in marks])  # noqa: RUF071 - no paths
    if common.strip(" >+") or not common.strip() or common.startswith(">>>"):  # or prompts
        return lines
    return [line.removeprefix(common) for line in lines]


def clipboard_text() -> str:
    """Return the text in the clipboard of this machine, asked of what is installed."""
    import subprocess
    from shutil import which

    for command in (
        ["wl-paste", "--no-newline"],
        ["xclip", "-selection", "clipboard", "-o"],
        ["xsel", "--clipboard", "--output"],
        ["pbpaste"],
        ["powershell", "-NoProfile", "-Command", "Get-Clipboard"],
    ):
        if which(command[0]) is not None:
            done = subprocess.run(command, capture_output=True, check=False, timeout=10)
            if done.returncode == 0:
                return done.stdout.decode(errors="replace")
    raise UsageError("%paste: the clipboard cannot be read here; %cpaste reads pasted lines")
