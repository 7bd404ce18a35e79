"""A frontend with a debugger, for tests: it asks, hears events, and sets breakpoints."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import Any

__all__ = ["LIMIT", "Session"]

#: Seconds for anything.
LIMIT = 60


class Session:
    """One session, as JupyterLab has it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.events: deque[dict[str, Any]] = deque()
        self._seq = 0
        #: Expression of a value that a page has shown -> its number.
        self.inside: dict[str, int] = {}
        client.subscribe(self._hear)

    def _hear(self, event: Any) -> None:
        message = getattr(event, "message", event)
        if getattr(message, "msg_type", "") == "debug_event":
            self.events.append(message.content)

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self._seq += 1
        reply = self.client.debug(command, arguments, seq=self._seq, timeout=LIMIT).content
        assert reply["request_seq"] == self._seq
        return reply

    def body(self, command: str, **arguments: Any) -> dict[str, Any]:
        reply = self.ask(command, **arguments)
        assert reply["success"], reply
        return reply.get("body") or {}

    def until(self, name: str) -> dict[str, Any]:
        end = monotonic() + LIMIT
        while monotonic() < end:
            while self.events:
                event = self.events.popleft()
                if event["event"] == name:
                    return event["body"]
            self.client.poll(1)
        raise AssertionError(f"no {name} event came")

    def leave(self, cell: Any, thread: int) -> None:
        """Step until the cell has ended; it may stop at the line of each call on its way out."""
        for _ in range(4):
            self.body("next", threadId=thread)
            end = monotonic() + LIMIT
            while not cell.finished and not self._is_stopped() and monotonic() < end:
                self.client.poll(1)
            if cell.finished:
                return
        raise AssertionError("the cell has not ended")

    def _is_stopped(self) -> bool:
        stops = [event for event in self.events if event["event"] == "stopped"]
        self.events.clear()
        return bool(stops)

    def begin(self) -> None:
        self.body("initialize", clientID="jupyterlab", adapterID="", pathFormat="path")
        assert self.ask("attach")["success"]

    def break_in(self, code: str, *lines: int) -> str:
        path = self.body("dumpCell", code=code)["sourcePath"]
        asked = [{"line": line} for line in lines]
        found = self.body("setBreakpoints", source={"path": path}, breakpoints=asked)
        assert [b["verified"] for b in found["breakpoints"]] == [True] * len(lines)
        self.body("configurationDone")
        return path

    def breakpoints(self, code: str, *wanted: dict[str, Any]) -> str:
        """Set breakpoints with conditions and the like in a cell; returns its path."""
        path: str = self.body("dumpCell", code=code)["sourcePath"]
        self.set_breakpoints(path, *wanted)
        return path

    def set_breakpoints(self, path: str, *wanted: dict[str, Any]) -> None:
        found = self.body("setBreakpoints", source={"path": path}, breakpoints=list(wanted))
        assert [each["verified"] for each in found["breakpoints"]] == [True] * len(wanted)

    def stopped(self) -> tuple[int, list[tuple[str, int]]]:
        """Wait for a stop; returns the thread, and the functions and lines of its stack."""
        thread = self.until("stopped")["threadId"]
        self.frames = self.body("stackTrace", threadId=thread)["stackFrames"]
        return thread, [(frame["name"], frame["line"]) for frame in self.frames]

    def step(self, command: str, thread: int) -> list[tuple[str, int]]:
        """Step; returns where that leads."""
        self.body(command, threadId=thread)
        return self.stopped()[1]

    def evaluate(self, expression: str) -> str:
        """Return what an expression gives in the innermost frame."""
        frame = self.frames[0]["id"]
        found = self.body("evaluate", expression=expression, frameId=frame, context="watch")
        return str(found["result"])

    def variables(self, frame: int = 0) -> dict[str, dict[str, Any]]:
        """Return the local variables of a frame."""
        scopes = self.body("scopes", frameId=self.frames[frame]["id"])["scopes"]
        self.scope = scopes[0]["variablesReference"]
        found = self.body("variables", variablesReference=self.scope)["variables"]
        return {each["name"]: each for each in found}

    def page(self, number: int, start: int, count: int) -> list[tuple[str, str, str]]:
        """Return the names, the values and the expressions of some items of a container."""
        asked = {"filter": "indexed", "start": start, "count": count}
        items = self.body("variables", variablesReference=number, **asked)["variables"]
        self.inside.update({each["evaluateName"]: each["variablesReference"] for each in items})
        return [(each["name"], each["value"], each["evaluateName"]) for each in items]

    def put(self, number: int, name: str, value: str) -> str:
        """Set a variable of a scope, or an item of a container; returns what it is then."""
        changed = self.body("setVariable", variablesReference=number, name=name, value=value)
        return str(changed["value"])
