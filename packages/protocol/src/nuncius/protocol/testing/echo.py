"""A kernel that says what it is told: small enough to foresee, and with everything that a kernel can do.

Each line of a cell is written to stdout, unless it is a command::

    !stderr TEXT     write TEXT to stderr
    !many N          write the numbers from 0 to N - 1, one a line
    !value TEXT      TEXT is the value of the cell
    !display TEXT    show TEXT
    !clear           take the output away
    !ask PROMPT      ask for a line, and write "got" and the line
    !password PROMPT the same, hidden
    !later TEXT      end, and write TEXT a moment later
    !sleep SECONDS   wait
    !set NAME        remember NAME
    !seen NAME       write "seen" if NAME is remembered
    !fail [TEXT]     end the cell with an error

It runs as a process of its own with ``python -m nuncius.protocol.testing.echo -f CONNECTION_FILE``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from threading import Timer
from typing import TYPE_CHECKING, Any

from nuncius.protocol.kernel import (
    CompleteRequest,
    ExecuteRequest,
    HistoryRequest,
    InspectRequest,
    Kernel,
    KernelInfo,
    KernelIO,
    Reply,
    error_reply,
)

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message

__all__ = ["COMMANDS", "EchoError", "EchoKernel"]


class EchoError(Exception):
    """What ``!fail`` raises."""


class EchoKernel(Kernel):
    """Write each line of a cell, and obey the commands of this module.

    Attributes:
        count: Of the cells that were stored.
        cells: Their sources.
        names: What ``!set`` remembered.
    """

    info = KernelInfo(
        "nuncius-echo",
        "1",
        {"name": "echo", "version": "1", "mimetype": "text/plain", "file_extension": ".txt"},
        banner="An echo.",
    )

    def __init__(self) -> None:
        self.count = 0
        self.cells: list[str] = []
        self.names: set[str] = set()

    def execute(self, request: ExecuteRequest, io: KernelIO) -> Reply:
        """Run the lines of the cell until one fails."""
        count = self.count + 1
        if not request.silent:
            io.publish("execute_input", {"code": request.code, "execution_count": count})
        if request.store_history:
            self.count = count
            self.cells.append(request.code)
        value: str | None = None
        try:
            for line in request.code.splitlines():
                value = self._run(line, io) or value
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever a line raises is the cell's error
            return self._failed(error, count, request, io)
        if value is not None and not request.silent:
            data = {"text/plain": value}
            io.publish("execute_result", {"execution_count": count, "data": data, "metadata": {}})
        return {
            "status": "ok",
            "execution_count": count,
            "payload": [],
            "user_expressions": {
                name: self._evaluated(code) for name, code in request.user_expressions.items()
            },
        }

    def _run(self, line: str, io: KernelIO) -> str | None:
        if not line.startswith("!"):
            io.stream("stdout", line + "\n")
            return None
        name, _, rest = line[1:].partition(" ")
        if name not in COMMANDS:
            raise EchoError(f"no command {name!r}; there are: {', '.join(COMMANDS)}")
        return COMMANDS[name](self, rest, io)

    def _failed(
        self, error: BaseException, count: int, request: ExecuteRequest, io: KernelIO
    ) -> Reply:
        reply = error_reply(error)
        if not request.silent:
            io.publish("error", {key: value for key, value in reply.items() if key != "status"})
        return {**reply, "execution_count": count}

    @staticmethod
    def _evaluated(code: str) -> Mapping[str, Any]:
        if not code.startswith("!value "):
            return error_reply(EchoError(f"{code!r} has no value"))
        return {"status": "ok", "data": {"text/plain": code[7:]}, "metadata": {}}

    def complete(self, request: CompleteRequest, io: KernelIO) -> Reply:
        """Complete the command before the cursor."""
        before = request.code[: request.cursor_pos]
        start = before.rfind("\n") + 1
        matches = [f"!{name}" for name in COMMANDS if f"!{name}".startswith(before[start:] or " ")]
        return {
            "status": "ok",
            "matches": matches,
            "cursor_start": start,
            "cursor_end": request.cursor_pos,
            "metadata": {},
        }

    def inspect(self, request: InspectRequest, io: KernelIO) -> Reply:
        """Say what the command at the cursor does."""
        start = request.code.rfind("\n", 0, request.cursor_pos) + 1
        name = request.code[start:].partition("\n")[0].partition(" ")[0].removeprefix("!")
        found = name in COMMANDS and request.code[start : start + 1] == "!"
        data = {"text/plain": f"!{name}: a command of the echo kernel"} if found else {}
        return {"status": "ok", "found": found, "data": data, "metadata": {}}

    def is_complete(self, code: str, io: KernelIO) -> Reply:
        """Code goes on after an opening parenthesis."""
        if code.count("(") > code.count(")"):
            return {"status": "incomplete", "indent": "  "}
        return {"status": "complete"}

    def comm_message(self, message: Message, io: KernelIO) -> None:
        """Close every comm at once: nobody is at home."""
        if message.msg_type == "comm_open":
            io.publish("comm_close", {"comm_id": message.content.get("comm_id", ""), "data": {}})

    def history(self, request: HistoryRequest, io: KernelIO) -> Reply:
        """Return the cells that were stored: the last ones, or those that match."""
        entries = [(1, number, cell) for number, cell in enumerate(self.cells, 1)]
        if request.access == "search":
            entries = [entry for entry in entries if fnmatchcase(entry[2], request.pattern)]
            if request.unique:
                entries = sorted({cell: (1, number, cell) for _, number, cell in entries}.values())
        return {"status": "ok", "history": entries[-request.n :] if request.n else entries}


def _say(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    io.stream("stderr", text + "\n")


def _many(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    for number in range(int(text)):
        io.stream("stdout", f"{number}\n")


def _value(kernel: EchoKernel, text: str, io: KernelIO) -> str:
    return text


def _display(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    io.publish("display_data", {"data": {"text/plain": text}, "metadata": {}, "transient": {}})


def _clear(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    io.publish("clear_output", {"wait": False})


def _ask(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    io.stream("stdout", f"got {io.input(text)}\n")


def _password(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    io.stream("stdout", f"got {io.input(text, password=True)}\n")


def _later(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    Timer(0.2, io.stream, ("stdout", text + "\n")).start()


def _sleep(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    time.sleep(float(text))


def _set(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    kernel.names.add(text)


def _seen(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    if text in kernel.names:
        io.stream("stdout", "seen\n")


def _fail(kernel: EchoKernel, text: str, io: KernelIO) -> None:
    raise EchoError(text or "as told")


#: What each command does; the text that it returns is the value of the cell.
COMMANDS: dict[str, Callable[[EchoKernel, str, KernelIO], str | None]] = {
    "ask": _ask,
    "clear": _clear,
    "display": _display,
    "fail": _fail,
    "later": _later,
    "many": _many,
    "password": _password,
    "seen": _seen,
    "set": _set,
    "sleep": _sleep,
    "stderr": _say,
    "value": _value,
}


if __name__ == "__main__":
    import sys

    from nuncius.protocol.serving import serve

    sys.exit(serve(EchoKernel))
