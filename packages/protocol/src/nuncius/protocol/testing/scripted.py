"""A kernel that plays a part: a test says what happens when which code is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nuncius.protocol.kernel import ExecuteRequest, Kernel, KernelInfo, KernelIO, Reply, error_reply

__all__ = ["Reaction", "ScriptedKernel"]

#: What happens when some code runs: publish through the `KernelIO`, and return what the reply has besides ``status`` ok and the count, or None. An exception becomes an error reply.
Reaction = Callable[[ExecuteRequest, KernelIO], Mapping[str, Any] | None]


class ScriptedKernel(Kernel):
    """React to code as told.

    Args:
        reactions: Code -> what happens; other code fails.
        info: What the kernel says of itself.

    Attributes:
        requests: All cells that were run, oldest first.
    """

    def __init__(
        self, reactions: Mapping[str, Reaction] | None = None, info: KernelInfo | None = None
    ) -> None:
        self.info = info or KernelInfo("nuncius-scripted", "1", {"name": "script", "version": "1"})
        self.reactions = dict(reactions or {})
        self.requests: list[ExecuteRequest] = []

    def execute(self, request: ExecuteRequest, io: KernelIO) -> Reply:
        """Do what the script says for this code."""
        self.requests.append(request)
        count = len(self.requests)
        io.publish("execute_input", {"code": request.code, "execution_count": count})
        try:
            reaction = self.reactions.get(request.code)
            if reaction is None:
                raise LookupError(
                    f"the script has nothing for {request.code!r}; it has: {', '.join(map(repr, self.reactions))}"
                )
            extra = reaction(request, io) or {}
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever the script raises is the cell's error
            reply = error_reply(error)
            io.publish("error", {key: value for key, value in reply.items() if key != "status"})
            return {**reply, "execution_count": count}
        return {
            "status": "ok",
            "execution_count": count,
            "payload": [],
            "user_expressions": {},
            **extra,
        }
