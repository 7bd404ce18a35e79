"""The shell itself: read a cell, run it, show what comes of it, again.

Rule 1: Ctrl-C drops the cell that is typed, or interrupts the cell that runs. It never ends the shell.
Rule 2: what the kernel asks of the frontend (the next input, a page, to exit) comes as payloads of the reply, so that any kernel can ask it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from nuncius.protocol.errors import KernelDied, KernelError, TransportClosed
from nuncius.terminal.asking import ask, ask_secret, read_input
from nuncius.terminal.debugging import DebuggerPrompt, is_debugger
from nuncius.terminal.editing import trimmed
from nuncius.terminal.late_imports import import_without_openssl
from nuncius.terminal.render import shortened
from nuncius.terminal.screen import Screen

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Input
    from nuncius.protocol.client.execution import ExecutionResult
    from nuncius.protocol.messages import Message
    from nuncius.terminal.link import Link
    from nuncius.terminal.options import TerminalShell
    from nuncius.terminal.osc import Announcer
    from nuncius.terminal.prompts import Prompts
    from nuncius.terminal.replaying import Again

__all__ = ["Reader", "Session"]

#: The commands that a Python kernel is taught: they do not end the shell or the kernel.
_TAUGHT = frozenset({"copy", "keys", "view"})


class Reader(Protocol):
    """Reads cells: `nuncius.terminal.early.EarlyPrompt` or `nuncius.terminal.simple.SimplePrompt`."""

    #: What stands before input and output.
    prompts: Prompts

    @property
    def rows(self) -> int | None:
        """Rows of the screen that the last prompt has taken; None where nobody knows."""
        ...

    def read_now(self, number: int, default: str = "") -> str | None:
        """Read one cell without an event loop; None where it takes one. EOFError ends the session."""
        ...

    async def read(self, number: int, default: str = "") -> str:
        """Read one cell; EOFError ends the session, KeyboardInterrupt drops the cell."""
        ...

    def take_answer(self) -> tuple[str, bool]:
        """Return what was typed since the last cell, before it could be an answer, and whether Enter ended it."""
        ...

    def show_result_prompt(self, number: int) -> None:
        """Print what stands before a result."""
        ...

    def show_other_prompt(self, number: int) -> None:
        """Print what stands before the input of another frontend."""
        ...

    def above(self, write: Callable[[], None]) -> None:
        """Call ``write``, which prints while the prompt may stand there; from any thread."""
        ...

    def renumber(self, number: int) -> None:
        """Show another number in the prompt that waits; from any thread."""
        ...


class Session:
    """One shell on one kernel.

    Args:
        link: The kernel.
        reader: The prompt.
        options: How the shell behaves.
        screen: Where output goes.
        debugger: Asks for the debugger.
        announcer: Tells the terminal what goes on.
    """

    def __init__(
        self,
        link: Link,
        reader: Reader,
        options: TerminalShell,
        screen: Screen | None = None,
        debugger: DebuggerPrompt | None = None,
        announcer: Announcer | None = None,
    ) -> None:
        self._debugger = debugger or DebuggerPrompt()
        self._link = link
        self._reader = reader
        self._options = options
        self._screen = screen or Screen(reader.show_result_prompt)
        self._announcer = announcer
        #: The number of the next cell.
        self.number = 1
        #: What the next prompt begins with.
        self._next_input = ""
        #: Set when the shell is to end.
        self.exit_code: int | None = None
        #: The kernel goes on when the shell ends, although it is ours.
        self.keep_kernel = False
        #: A kernel that dies is started again: there is more to come.
        self.starts_again = True
        #: Line magics that are the shell's own: name -> what to do with the rest of the line; it tells whether the shell ends.
        self.commands: dict[str, Callable[[str], bool]] = {}
        self.commands["view"] = self._view
        self.commands["copy"] = self._copy
        #: Which of them the kernel knows as magics.
        self._taught: dict[str, bool] = {}
        #: Tells the person where the cell is that runs, if it runs in another process.
        self.tell_where: Callable[[], None] | None = None
        #: Called after each cell.
        self.after_cell: Callable[[], None] | None = None

    @property
    def language(self) -> str:
        """What the kernel's language is called."""
        return str(self._link.info.get("language_info", {}).get("name", ""))

    def run(self) -> int:
        """Read and run cells until the person leaves; return the exit code."""
        self._link.watch_others(self._show_other)
        while self.exit_code is None:
            try:
                self._step()
            except KeyboardInterrupt:
                # A prompt that draws has shown its cell; a new one begins below.
                continue
        return self.exit_code

    def _step(self) -> None:
        try:
            code = self._read()
        except EOFError:
            if self._leave():
                self.exit_code = self.exit_code or 0
            return
        if code.strip():
            self._take(trimmed(code))

    def _take(self, code: str) -> None:
        """Run what was typed: a command of the shell's own, or a cell."""
        name, _, argument = code.strip().removeprefix("%").partition(" ")
        if code.lstrip().startswith("%") and name in self.commands and not self._knows(name):
            self._command(name, argument.strip())
            return
        number = self.number
        if self._announcer is not None:
            self._announcer.begin(code)
        result = self.run_cell(code)
        if self.after_cell is not None:
            self.after_cell()
        if self._announcer is not None:
            self._announcer.end(number, ok=result is not None and result.ok)
        self._screen.write(self._options.separate_in)

    def _command(self, name: str, argument: str) -> None:
        if name in self.commands and self.commands[name](argument):
            self.exit_code = 0

    def _knows(self, name: str) -> bool:
        """Tell whether the kernel has the command as a magic; teach it the first time."""
        if name not in _TAUGHT or self.language != "python":
            return False
        if name not in self._taught:
            from nuncius.terminal.teaching import lesson

            taught = self.run_cell(lesson(name), silent=True)
            self._taught[name] = taught is not None and taught.ok
        return self._taught[name]

    def _copy(self, argument: str) -> bool:
        """Put the text of the last result into the clipboard: ``%copy``."""
        if self._announcer is None:
            self._screen.write("This terminal has no clipboard that could be reached.\n", "stderr")
        elif not self._screen.last_result:
            self._screen.write("There is no result yet that could be copied.\n", "stderr")
        else:
            from nuncius.terminal.osc import clipboard

            self._screen.write(clipboard(self._screen.last_result))
            self._screen.write(f"Copied {len(self._screen.last_result):,} characters.\n")
        return False

    def _read(self) -> str:
        default, self._next_input = self._next_input, ""
        code = self._reader.read_now(self.number, default)
        if code is None:
            import_without_openssl()
            try:
                code = self._link.run(self._prompt(default))
            finally:
                self._screen.prompt_stood(self._reader.rows)
        else:
            self._screen.prompt_stood(None)
        return code

    async def _prompt(self, default: str) -> str:
        import asyncio

        # as soon as the prompt has put its own streams in place
        asyncio.get_running_loop().call_soon(self._screen.begin_prompt)
        return await self._reader.read(self.number, default)

    def run_cell(
        self, code: str, *, silent: bool = False, launcher: bool = False
    ) -> ExecutionResult | None:
        """Run one cell and show what comes of it.

        Args:
            code: The source.
            silent: It is not counted and not remembered, and its value is not shown.
            launcher: It only runs something else; its own frame is left out of tracebacks.

        Returns:
            The result; None if the kernel died, or cannot be reached any more.
        """
        self._screen.hide_first_frame = launcher
        self._screen.begin_cell()
        try:
            result = self._link.execute(
                code, silent=silent, on_output=self._show, on_input=self._answer
            )
        except KernelDied as death:
            self._after_death(death)
            return None
        except TransportClosed as lost:
            self._after_loss(lost)
            return None
        finally:
            self._screen.hide_first_frame = False
            self._screen.end_cell()
        if not silent and result.execution_count is not None and result.status != "aborted":
            self.number = result.execution_count + 1
        for payload in result.payload:
            self._honor(payload)
        return result

    # -- output

    def recall(self, cells: Iterable[tuple[int, str, str]]) -> None:
        """Show cells that ran before this shell came, and number on from there.

        Args:
            cells: Number, source, and the text of the value.
        """
        for number, source, output in cells:
            self._show_input(number, source)
            if output:
                self._reader.show_result_prompt(number)
                self._screen.write(("\n" if "\n" in output else "") + shortened(output) + "\n")
            self._screen.write(self._options.separate_in)
            self.number = number + 1

    def show_again(self, again: Again) -> None:
        """Show what the kernel has put out before this shell came, and number on from there."""
        if again.lines:
            self._screen.write(f"... {again.lines:,} lines of output are not shown\n")
        begun = ended = False
        for message in again.messages:
            if message.msg_type == "execute_input":
                if begun:
                    self._screen.write(("" if ended else "\n") + self._options.separate_in)
                content = message.content
                self._show_input(content.get("execution_count"), str(content.get("code", "")))
            else:
                self._show(message)
            begun = True
            ended = str(message.content.get("text", "\n")).endswith("\n")
        if begun:
            self._screen.write(("" if ended else "\n") + self._options.separate_in)
        self.number = again.number or self.number

    def _show_input(self, number: object, source: str) -> None:
        before = f"In [{number}]: "
        lines = source.rstrip().replace("\n", f"\n{'...: '.rjust(len(before))}")
        self._screen.write(f"{before}{lines}\n")

    def _show(self, message: Message) -> None:
        self._screen.show(message)

    def _show_other(self, message: Message) -> None:
        if self._options.include_other_output:
            self._reader.above(lambda: self._write_other(message))

    def _write_other(self, message: Message) -> None:
        if message.msg_type == "execute_input":
            count = message.content.get("execution_count")
            self._reader.show_other_prompt(count or 0)
            self._screen.write(f"{message.content.get('code', '')}\n")
            if isinstance(count, int):
                self.number = count + 1
                self._reader.renumber(self.number)
        else:
            self._show(message)

    # -- questions and payloads

    def _answer(self, question: Input) -> str:
        # What is typed moves the cursor.
        self._screen.forget_places()
        metadata = question.message.metadata
        if metadata.get("kind") == "program":
            return self._run_program(question)
        if metadata.get("kind") == "stdin":
            return read_input(self._reader.take_answer(), everything=bool(metadata.get("all")))
        if is_debugger(metadata, question.prompt):
            return self._debugger.ask(question.prompt)
        read = ask_secret if question.password else ask
        return read(question.prompt, self._reader.take_answer())

    def _run_program(self, question: Input) -> str:
        """Run a program for the kernel; without an exit code for one that we have not started."""
        if not self._link.lends_terminal:
            return ""
        from nuncius.terminal.external import lend_terminal

        return str(lend_terminal(question.prompt, question.message.metadata))

    def _honor(self, payload: Mapping[str, Any]) -> None:
        self._screen.forget_places()
        match payload.get("source"):
            case "page":
                from nuncius.terminal.pager import page

                page(self._screen.text_of(payload.get("data", {})))
            case "set_next_input":
                self._next_input = str(payload.get("text", ""))
            case "ask_exit":
                self.keep_kernel = bool(payload.get("keepkernel", False))
                self.exit_code = int(payload.get("exit_code") or 0)
            case "nuncius.terminal":
                from nuncius.terminal.teaching import command_of

                self._command(*command_of(payload))
            case "edit_magic":
                from nuncius.terminal.external import edit

                filename = str(payload.get("filename", ""))
                edit(filename, payload.get("line_number"))
                if payload.get("execute"):
                    run = f"get_ipython().safe_execfile({filename!r}, get_ipython().user_ns)"
                    self.run_cell(run, silent=True)

    def _view(self, argument: str) -> bool:
        """Show a table in the whole terminal: ``%view``, ``%view 3`` for ``Out[3]``, or ``%view EXPRESSION``."""
        from nuncius.terminal.viewer import explain, view
        from nuncius.terminal.viewing import NotATable

        value = f"Out[{argument}]" if argument.isdecimal() else argument or "_"
        try:
            view(value, self._link.evaluate)
        except NotATable as error:
            self._screen.write(explain(error) + "\n", "stderr")
        except KernelDied as death:
            self._after_death(death)
        except KernelError as error:
            self._screen.write(f"{error}\n", "stderr")
        except KeyboardInterrupt:
            self._screen.write("\n")
        return False

    # -- leaving

    def _leave(self) -> bool:
        if not sys.stdin.isatty():
            return True
        if self._options.confirm_exit and not self._confirmed(
            "Do you really want to exit ([y]/n)? "
            if self._link.owned
            else "Leave the shell and let the kernel run on ([y]/n)? "
        ):
            return False
        if self._options.confirm_exit and self._link.can_outlive_shell:
            self.keep_kernel = not self._confirmed("Stop the kernel ([y]/n)? ")
        return True

    def _confirmed(self, question: str) -> bool:
        try:
            return ask(question, self._reader.take_answer()).strip().lower() in {"", "y", "yes"}
        except (EOFError, KeyboardInterrupt):
            self._screen.write("\n")
            return True

    def _after_death(self, death: KernelDied) -> None:
        self._screen.write(f"\n{death}\n", "stderr")
        if not self._link.owned or not self._link.can_restart or not self.starts_again:
            self.exit_code = 1
            return
        if not self._restart():
            self.exit_code = 1
            self.keep_kernel = True

    def _after_loss(self, lost: TransportClosed) -> None:
        self._screen.write(f"\n{lost}\n", "stderr")
        self.exit_code = 1
        self.keep_kernel = True

    def restart(self, argument: str = "") -> bool:
        """Start the kernel anew: ``%restart_kernel``. The shell goes on."""
        self._restart()
        return False

    def _restart(self) -> bool:
        from nuncius.terminal.external import undisturbed

        try:
            # Half a kernel is of no use to somebody who pressed Ctrl-C once more than needed.
            with undisturbed():
                self._link.restart()
        except KernelError as error:
            self._screen.write(f"The kernel could not be restarted: {error}\n", "stderr")
            return False
        self.number = 1
        self._taught.clear()
        self._screen.write("The kernel was restarted; its variables are gone.\n", "stderr")
        return True
