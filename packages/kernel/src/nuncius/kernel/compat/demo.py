"""Show a script block by block before an audience: what ``IPython.lib.demo`` is for.

The script's blocks are parted by comments::

    # <demo> stop          the block ends; the next call goes on
    # <demo> silent        the block runs without being shown
    # <demo> auto          the block runs without the question whether it should
    # <demo> auto_all      so do all blocks; at the beginning of the script

::

    from IPython.lib.demo import Demo

    talk = Demo("talk.py")
    talk()        # shows and runs the next block
    talk.back()   # so that it is the one before
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.errors import ShellError, TryNext

__all__ = [
    "ClearDemo",
    "ClearIPDemo",
    "ClearMixin",
    "Demo",
    "IPythonDemo",
    "IPythonLineDemo",
    "LineDemo",
    "re_mark",
    "slide",
]


def re_mark(mark: str) -> re.Pattern[str]:
    """Return the pattern of the comment for a mark; ``--- stop ---`` is the same as ``stop``."""
    return re.compile(rf"^\s*#\s+<demo>\s+-*\s?{mark}\s?-*\s*$\n?", re.MULTILINE)


_STOP, _SILENT, _AUTO, _AUTO_ALL = (re_mark(m) for m in ("stop", "silent", "auto", "auto_all"))


class Demo:
    """A script that is shown block by block; calling it shows and runs the next one.

    Args:
        src: The path of the script, or an open file.
        title: Shown with each block; the path by default.
        arg_str: The script's ``sys.argv`` beyond its name.
        auto_all: Run the blocks without asking; the script says, where this is None.
        format_rst: Ignored: docstrings are shown as they are.
        formatter: Ignored: the colors are the shell's.
        style: Ignored as well.
    """

    def __init__(
        self,
        src: Any,
        title: str = "",
        arg_str: str = "",
        auto_all: bool | None = None,
        format_rst: bool = False,
        formatter: str = "terminal",
        style: str = "default",
    ) -> None:
        self.fname = src if isinstance(src, str | Path) else getattr(src, "name", "(?)")
        self._text = None if isinstance(src, str | Path) else src.read()
        self.title = title or str(self.fname)
        self.sys_argv = [str(self.fname), *shlex.split(arg_str)]
        self.auto_all = auto_all
        shell: Any = get_shell()
        self.shell: Any = shell
        self.ip_ns: dict[str, Any] = {} if shell is None else shell.user_ns
        self.reload()

    def fload(self) -> str:
        """Return the text of the script."""
        if self._text is not None:
            return str(self._text)
        return Path(self.fname).read_text(encoding="utf-8")

    def reload(self) -> None:
        """Read the script again, and begin at its first block."""
        self.src = self.fload()
        self._cut([block for block in _STOP.split(self.src) if block.strip()])
        self.reset()

    def _cut(self, blocks: list[str]) -> None:
        if self.auto_all is None:
            self.auto_all = bool(_AUTO_ALL.search(blocks[0])) if blocks else False
        self._silent = [bool(_SILENT.search(block)) for block in blocks]
        self._auto = [bool(self.auto_all or _AUTO.search(block)) for block in blocks]
        for mark in (_SILENT, _AUTO, _AUTO_ALL):
            blocks = [mark.sub("", block) for block in blocks]
        self.src_blocks = blocks
        self.src_blocks_colored = [self.highlight(block) for block in blocks]
        self.nblocks = len(blocks)

    def reset(self) -> None:
        """Begin at the first block, in a new namespace."""
        self.user_ns: dict[str, Any] = {"__name__": "__main__", "__file__": str(self.fname)}
        self.finished = False
        self.block_index = 0

    def seek(self, index: int) -> None:
        """Make a block the next one; negative numbers count from the end.

        Raises:
            ShellError: There is no such block.
        """
        if index < 0:
            index += self.nblocks
        self._index(index)
        self.block_index = index
        self.finished = False

    def _index(self, index: int | None) -> int:
        found = self.block_index if index is None else index
        if not 0 <= found < self.nblocks:
            raise ShellError(f"expected a block from 0 to {self.nblocks - 1}, got {found}")
        return found

    def back(self, num: int = 1) -> None:
        """Go so many blocks back."""
        self.seek(self.block_index - num)

    def jump(self, num: int = 1) -> None:
        """Go so many blocks forward."""
        self.seek(self.block_index + num)

    def again(self) -> None:
        """Show and run the last block once more."""
        self.back(1)
        self()

    def edit(self, index: int | None = None) -> None:
        """Open a block in the editor, and take it as it is afterwards."""
        index = self._index(index)
        path = self.shell.mktempfile(self.src_blocks[index])
        try:
            self.shell.hooks.editor(path, 1)
        except TryNext:
            from nuncius.kernel.compat.editors import editor

            editor(self.shell, path, 1)
        block = Path(path).read_text(encoding="utf-8")
        self.src_blocks[index], self.src_blocks_colored[index] = block, self.highlight(block)
        self.block_index = index

    def show(self, index: int | None = None) -> None:
        """Print a block."""
        index = self._index(index)
        left = self.nblocks - index - 1
        sys.stdout.write(
            f"{self.marquee(f'<{self.title}> block # {index} ({left} remaining)')}\n"
            f"{self.src_blocks_colored[index]}\n"
        )

    def show_all(self) -> None:
        """Print all blocks, with the number of each."""
        for index, block in enumerate(self.src_blocks_colored):
            kind = "SILENT " if self._silent[index] else ""
            label = f"<{self.title}> {kind}block # {index} ({self.nblocks - index - 1} remaining)"
            sys.stdout.write(f"{self.marquee(label)}\n{block}\n")

    def run_cell(self, source: str) -> None:
        """Run a block; derived classes may do so in another way."""
        exec(compile(source, str(self.fname), "exec"), self.user_ns)

    def __call__(self, index: int | None = None) -> None:
        """Show and run a block, the next one by default."""
        if index is None and self.finished:
            sys.stdout.write("Demo finished.  Use <demo_name>.reset() if you want to rerun it.\n")
            return
        index = self._index(index)
        self.block_index = index + 1
        block = self.src_blocks[index]
        if self._silent[index]:
            sys.stdout.write(f"{self.marquee(f'Executing silent block # {index}')}\n")
        else:
            self.pre_cmd()
            self.show(index)
            if not self._auto[index] and not self._wanted():
                sys.stdout.write("Block NOT executed\n")
                return
        self._run(block)
        self.post_cmd()
        self.ip_ns.update({n: v for n, v in self.user_ns.items() if not n.startswith("__")})
        if self.block_index == self.nblocks:
            sys.stdout.write(f"\n{self.marquee(' END OF DEMO ')}\n")
            self.finished = True

    def _wanted(self) -> bool:
        sys.stdout.write(self.marquee("Press <q> to quit, <Enter> to execute..."))
        return not input().strip()

    def _run(self, block: str) -> None:
        before = sys.argv
        sys.argv = self.sys_argv
        try:
            self.run_cell(block)
        except Exception:
            if self.shell is None:
                raise
            self.shell.showtraceback()
        finally:
            sys.argv = before

    def marquee(self, txt: str = "", width: int = 78, mark: str = "*") -> str:
        """Return a title in a line of marks."""
        from nuncius.kernel.compat.texts import marquee

        return marquee(txt, width, mark)

    def pre_cmd(self) -> None:
        """Do nothing; derived classes may do something before each block."""

    def post_cmd(self) -> None:
        """Do nothing; derived classes may do something after each block."""

    def highlight(self, block: str) -> str:
        """Return a block in the colors of the shell."""
        from nuncius.kernel.themes import highlight, theme_named

        return block if self.shell is None else highlight(block, theme_named(self.shell.colors))


class IPythonDemo(Demo):
    """A demo whose blocks may have magics: each runs as a cell."""

    def run_cell(self, source: str) -> None:
        """Run a block as a cell."""
        self.shell.run_cell(source)


class LineDemo(Demo):
    """A demo whose blocks are the lines of the script."""

    def reload(self) -> None:
        """Read the script again, and begin at its first line."""
        self.src = self.fload()
        self.auto_all = True if self.auto_all is None else self.auto_all
        self._cut([line for line in self.src.splitlines() if line.strip()])
        self.reset()


class IPythonLineDemo(IPythonDemo, LineDemo):
    """A demo whose lines run as cells."""


class ClearMixin:
    """Clears the screen before each block."""

    def marquee(self, txt: str = "", width: int = 78, mark: str = "*") -> str:
        """Return nothing: the screen is the title."""
        return ""

    def pre_cmd(self) -> None:
        """Clear the screen."""
        from nuncius.kernel.display.functions import clear_output

        clear_output(wait=True)


class ClearDemo(ClearMixin, Demo):
    """A demo that clears the screen before each block."""


class ClearIPDemo(ClearMixin, IPythonDemo):
    """A demo of cells that clears the screen before each block."""


def slide(
    file_path: str,
    noclear: bool = False,
    format_rst: bool = True,
    formatter: str = "terminal",
    style: str = "native",
    auto_all: bool = False,
    delimiter: str = "...",
) -> None:
    """Show a whole script, block by block.

    Args:
        file_path: Its path.
        noclear: Do not clear the screen before each block.
        format_rst: Ignored, as by `Demo`.
        formatter: Ignored.
        style: Ignored.
        auto_all: Run the blocks without asking.
        delimiter: What is asked after each block.
    """
    demo = (Demo if noclear else ClearDemo)(file_path, auto_all=auto_all or None)
    while not demo.finished:
        demo()
        if not demo.finished and not auto_all:
            try:
                input(f"\n{delimiter}")
            except KeyboardInterrupt:
                return
