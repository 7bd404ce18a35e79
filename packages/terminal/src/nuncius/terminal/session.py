"""The shell itself: read a cell, run it, show what comes of it, again.

Rule 1: Ctrl-C drops the cell that is typed, or interrupts the cell that runs. It never ends the shell.
Rule 2: what the kernel asks of the frontend (the next input, a page, to exit) comes as payloads of the reply, so that any kernel can ask it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from nuncius.protocol.errors import KernelDied, KernelError
from nuncius.terminal.pager import page
from nuncius.terminal.render import best_text, describe_error, result_text

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Input
    from nuncius.protocol.client.execution import ExecutionResult
    from nuncius.protocol.messages import Message
    from nuncius.terminal.link import Link
    from nuncius.terminal.options import TerminalShell

__all__ = ["Reader", "Session"]


class Reader(Protocol):
    """Reads cells: `nuncius.terminal.prompt.Prompt` or `nuncius.terminal.simple.SimplePrompt`."""

    async def read(self, number: int, default: str = "") -> str:
        """Read one cell; EOFError ends the session, KeyboardInterrupt drops the cell."""
        ...

    def show_result_prompt(self, number: int) -> None:
        """Print what stands before a result."""
        ...


class Session:
    """One shell on one kernel.

    Args:
        link: The kernel.
        reader: The prompt.
        options: How the shell behaves.
    """

    def __init__(self, link: Link, reader: Reader, options: TerminalShell) -> None:
        self._link = link
        self._reader = reader
        self._options = options
        #: The number of the next cell.
        self._number = 1
        #: What the next prompt begins with.
        self._next_input = ""
        self._exit_code: int | None = None
        #: Output is to be cleared when the next one comes.
        self._clear_pending = False

    def run(self) -> int:
        """Read and run cells until the person leaves; return the exit code."""
        self._link.watch_others(self._show_other)
        while self._exit_code is None:
            try:
                default, self._next_input = self._next_input, ""
                code = self._link.run(self._reader.read(self._number, default))
            except KeyboardInterrupt:
                # A prompt that draws has shown its cell; a new one begins below.
                continue
            except EOFError:
                if self._leave():
                    return 0
                continue
            if code.strip():
                self.run_cell(code)
                self._write(self._options.separate_in)
        return self._exit_code

    def run_cell(self, code: str) -> ExecutionResult | None:
        """Run one cell and show what comes of it; None if the kernel died."""
        try:
            result = self._link.execute(code, on_output=self._show, on_input=self._answer)
        except KernelDied as death:
            self._after_death(death)
            return None
        if result.execution_count is not None and result.status != "aborted":
            self._number = result.execution_count + 1
        for payload in result.payload:
            self._honor(payload)
        return result

    # -- output

    def _show(self, message: Message) -> None:
        content = message.content
        match message.msg_type:
            case "stream":
                self._write(content.get("text", ""), content.get("name", "stdout"))
            case "execute_result":
                self._reader.show_result_prompt(content.get("execution_count") or self._number)
                self._write(result_text("", best_text(content.get("data", {}))) + "\n")
            case "display_data":
                self._write(best_text(content.get("data", {})) + "\n")
            case "error":
                self._end_line()
                text = describe_error(
                    content.get("ename", "Error"),
                    content.get("evalue", ""),
                    content.get("traceback", ()),
                )
                self._write(text + "\n", "stderr")
            case "clear_output":
                self._clear(wait=bool(content.get("wait")))

    def _show_other(self, message: Message) -> None:
        if not self._options.include_other_output:
            return
        content = message.content
        if message.msg_type == "execute_input":
            count = content.get("execution_count")
            self._write(f"In (other) [{count}]: {content.get('code', '')}\n")
            if isinstance(count, int):
                self._number = count + 1
        else:
            self._show(message)

    def _write(self, text: str, name: str = "stdout") -> None:
        stream = sys.stderr if name == "stderr" else sys.stdout
        if self._clear_pending:
            self._clear_pending = False
            sys.stdout.write("\r\x1b[K")
        stream.write(text)
        stream.flush()

    def _end_line(self) -> None:
        """Go to a new line after the terminal's own ``^C``."""
        if sys.stdout.isatty():
            sys.stdout.write("\r\x1b[K")

    def _clear(self, *, wait: bool) -> None:
        if not sys.stdout.isatty():
            return
        if wait:
            self._clear_pending = True
        else:
            sys.stdout.write("\r\x1b[K")

    # -- questions and payloads

    def _answer(self, question: Input) -> str:
        if question.password:
            from getpass import getpass

            return getpass(question.prompt)
        return input(question.prompt)

    def _honor(self, payload: Mapping[str, Any]) -> None:
        match payload.get("source"):
            case "page":
                page(best_text(payload.get("data", {})))
            case "set_next_input":
                self._next_input = str(payload.get("text", ""))
            case "ask_exit":
                self._exit_code = int(payload.get("exit_code") or 0)
            case "edit_magic":
                from nuncius.terminal.external import edit

                edit(str(payload.get("filename", "")), payload.get("line_number"))

    # -- leaving

    def _leave(self) -> bool:
        if not self._options.confirm_exit or not sys.stdin.isatty():
            return True
        question = (
            "Do you really want to exit ([y]/n)? "
            if self._link.owned
            else "Leave the shell and let the kernel run on ([y]/n)? "
        )
        try:
            return input(question).strip().lower() in {"", "y", "yes"}
        except (EOFError, KeyboardInterrupt):
            print()  # noqa: T201
            return True

    def _after_death(self, death: KernelDied) -> None:
        self._write(f"\n{death}\n", "stderr")
        if not self._link.owned:
            self._exit_code = 1
            return
        try:
            self._link.restart()
        except KernelError as error:
            self._write(f"The kernel could not be restarted: {error}\n", "stderr")
            self._exit_code = 1
        else:
            self._number = 1
            self._write("The kernel was restarted; its variables are gone.\n", "stderr")
