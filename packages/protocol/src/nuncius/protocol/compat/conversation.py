"""What a client of single messages needs for whole conversations: to know that a kernel is ready, and a person at a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from nuncius.protocol.messages import Channel

__all__ = ["Readiness", "ask_terminal", "print_output"]


class Readiness:
    """Tell from answers to ``kernel_info_request`` when a kernel answers and its output reaches us.

    A subscription takes effect some time after it was made, so the first answers may come without their ``idle``: then it is asked again.

    Rule: it is complete with the answer to the last request, not to any. Else that answer would be what the caller's next `get_shell_msg` returns.

    Args:
        msg_id: Of the first request.
    """

    def __init__(self, msg_id: str) -> None:
        self._asked = [msg_id]
        self._answered = self._idle = ""

    def ask(self, msg_id: str) -> None:
        """Note another request."""
        self._asked.append(msg_id)

    def hear(self, channel: Channel, message: Mapping[str, Any]) -> None:
        """Take a message, as a dictionary; others than the answers are passed over."""
        parent = message["parent_header"].get("msg_id", "")
        if parent not in self._asked:
            return
        if channel == Channel.SHELL:
            self._answered = parent
        elif message["content"].get("execution_state") == "idle":
            self._idle = parent

    @property
    def is_complete(self) -> bool:
        """Whether the last request was answered on both channels."""
        return self._answered == self._idle == self._asked[-1]

    @property
    def is_unheard(self) -> bool:
        """Whether every request was answered, and nothing was published that reached us: it is time to ask again."""
        return self._answered == self._asked[-1] and not self._idle


def ask_terminal(content: Mapping[str, Any]) -> str:
    """Ask a kernel's question at the terminal; return the answer, or what stands for its end (Ctrl-D).

    Args:
        content: Of the ``input_request``.
    """
    from getpass import getpass

    ask = getpass if content.get("password") else input
    try:
        return ask(content["prompt"])
    except EOFError:
        return "\x04"


def print_output(msg: Mapping[str, Any]) -> None:
    """Print what a cell publishes, as a script would."""
    content = msg["content"]
    match msg["header"]["msg_type"]:
        case "stream":
            stream = sys.stderr if content["name"] == "stderr" else sys.stdout
            stream.write(content["text"])
        case "display_data" | "execute_result":
            sys.stdout.write(content["data"].get("text/plain", ""))
        case "error":
            sys.stderr.write(os.linesep.join(content["traceback"]))
