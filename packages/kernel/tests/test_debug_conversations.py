"""What JupyterLab and VS Code send to debug a notebook, word for word, replayed against a kernel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.manager import KernelManager
from nuncius.protocol.messages import Channel

LIMIT = 60
CONVERSATIONS = sorted(Path(__file__).with_name("conversations").glob("*.json"))


def matches(expected: Any, found: Any) -> bool:
    """Whether all that is expected is there; a mapping may hold more, and so may a list at its end."""
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(
            key in found and matches(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, list) and expected:
        return (
            isinstance(found, Sequence)
            and len(found) >= len(expected)
            and all(map(matches, expected, found))
        )
    return bool(expected == found)


class Replay:
    """A frontend that reads its lines."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client: Any = None
        self.known: dict[str, Any] = {}
        self.cells: dict[str, Any] = {}
        self.sent: dict[str, asyncio.Task[Any]] = {}
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.seq = 0

    async def connect(self) -> None:
        self.client = await self.manager.client().open()
        self.client.subscribe(self._hear)
        await self.client.wait_until_ready(timeout=LIMIT)

    def _hear(self, event: Any) -> None:
        message = getattr(event, "message", event)
        if getattr(message, "msg_type", "") == "debug_event":
            self.events.put_nowait(message.content)

    def filled(self, value: Any) -> Any:
        """Return a step with what is known in place of ``$names``."""
        if isinstance(value, str) and value.startswith("$"):
            return self.known[value[1:]]
        if isinstance(value, Mapping):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        return value

    def keep(self, step: Mapping[str, Any], found: Any) -> None:
        for name, path in step.get("keep", {}).items():
            value = found
            for part in path.split("."):
                value = value[int(part) if part.isdigit() else part]
            self.known[name] = value

    async def ask(self, command: str, step: Mapping[str, Any]) -> dict[str, Any]:
        self.seq += 1
        request = {"type": "request", "seq": self.seq, "command": command}
        if not step.get("no_arguments"):
            request["arguments"] = self.filled(step["arguments"])
        reply = await self.client.request(
            "debug_request", request, channel=Channel.CONTROL, timeout=LIMIT
        )
        content: dict[str, Any] = reply.content
        assert (content["type"], content["command"]) == ("response", command)
        assert content["request_seq"] == request["seq"]
        assert content["success"] is step.get("success", True), content
        assert matches(self.filled(step.get("body", {})), content.get("body", {})), content
        self.keep(step, content)
        return content

    async def until(self, step: Mapping[str, Any]) -> None:
        async with asyncio.timeout(LIMIT):
            while (event := await self.events.get())["event"] != step["event"]:
                pass
        assert matches(self.filled(step.get("expect", {})), event.get("body", {})), event
        self.keep(step, event.get("body", {}))

    async def finished(self, step: Mapping[str, Any]) -> None:
        result = await self.cells.pop(step["finished"]).result(LIMIT)
        if "error" in step:
            assert result.error.ename == step["error"]
            return
        assert result.ok, result.error
        if "result" in step:
            assert result.data["text/plain"] == step["result"]

    async def take(self, step: Mapping[str, Any]) -> None:
        match step:
            case {"ask": command}:
                await self.ask(command, step)
            case {"send": command}:
                self.sent[command] = asyncio.create_task(self.ask(command, step))
            case {"answered": command}:
                await self.sent.pop(command)
            case {"event": _}:
                await self.until(step)
            case {"run": name, "code": code}:
                self.cells[name] = self.client.execute(code)
            case {"finished": _}:
                await self.finished(step)
            case {"restart": _}:
                await self.client.aclose()
                await self.manager.restart()
                await self.connect()
            case {"say": _}:
                pass
            case _:
                raise AssertionError(f"this is no step: {step}")


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_a_recorded_conversation(path: Path, tmp_path: Path) -> None:
    steps = json.loads(path.read_text())

    async def replay() -> None:
        spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
        async with KernelManager(spec) as manager:
            frontend = Replay(manager)
            await frontend.connect()
            for number, step in enumerate(steps):
                try:
                    await frontend.take(step)
                except Exception as error:
                    error.add_note(f"in step {number} of {path.name}: {step}")
                    raise
            await frontend.client.aclose()

    asyncio.run(replay())
