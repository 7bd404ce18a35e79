"""What comes of running a cell: the values that both clients return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import ExecutionError
from nuncius.protocol.values import Value

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Pending
    from nuncius.protocol.messages import Message

__all__ = [
    "ExecutionBase",
    "ExecutionResult",
    "execute_content",
    "execute_metadata",
    "reply_of",
    "result_of",
]


class ExecutionResult(Value):
    """The end of an execution.

    Attributes:
        reply: The ``execute_reply``.
        outputs: What the cell published, in the form of nbformat 4.5.
    """

    reply: Message
    outputs: Sequence[dict[str, Any]]

    @property
    def status(self) -> str:
        """``ok``, ``error`` or ``aborted``."""
        return str(self.reply.content.get("status", "ok"))

    @property
    def ok(self) -> bool:
        """Whether the code ran to its end."""
        return self.status == "ok"

    @property
    def execution_count(self) -> int | None:
        """The number of the cell."""
        count = self.reply.content.get("execution_count")
        return count if isinstance(count, int) else None

    @property
    def error(self) -> ExecutionError | None:
        """What the code raised; None if nothing."""
        if self.ok:
            return None
        content = self.reply.content
        if self.status == "aborted":
            return ExecutionError("Aborted", "the cell was not run, because one before it failed")
        return ExecutionError(
            str(content.get("ename", "Error")),
            str(content.get("evalue", "")),
            [str(line) for line in content.get("traceback") or ()],
        )

    @property
    def data(self) -> Mapping[str, Any]:
        """The value of the last expression: MIME type -> representation; empty if it has none."""
        for output in reversed(self.outputs):
            if output["output_type"] == "execute_result":
                data: Mapping[str, Any] = output["data"]
                return data
        return {}

    @property
    def payload(self) -> Sequence[Mapping[str, Any]]:
        """What the kernel asks the frontend to do, such as showing a page."""
        return list(self.reply.content.get("payload") or ())

    @property
    def user_expressions(self) -> Mapping[str, Any]:
        """The values of the expressions that were asked for."""
        return dict(self.reply.content.get("user_expressions") or {})

    def text(self, name: str = "stdout") -> str:
        """Return all that the cell wrote to a stream."""
        return "".join(
            output["text"]
            for output in self.outputs
            if output["output_type"] == "stream" and output["name"] == name
        )

    def check(self) -> ExecutionResult:
        """Return this result.

        Raises:
            ExecutionError: The code raised, or was not run.
        """
        if (error := self.error) is not None:
            raise error
        return self


class ExecutionBase:
    """A cell that runs: what both clients' executions tell without waiting."""

    def __init__(self, pending: Pending) -> None:
        self._pending = pending

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.msg_id} {'finished' if self.finished else 'running'}>"

    @property
    def request(self) -> Message:
        """The ``execute_request``."""
        return self._pending.request

    @property
    def msg_id(self) -> str:
        """Its id."""
        return self._pending.request.msg_id

    @property
    def reply(self) -> Message | None:
        """The ``execute_reply``, once it is there; output may follow it."""
        return self._pending.reply

    @property
    def finished(self) -> bool:
        """Whether everything has arrived, or nothing will come any more."""
        return self._pending.ended

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """What was published until now, in the form of nbformat 4.5."""
        return self._pending.area.outputs if self._pending.area is not None else []


def result_of(pending: Pending, check: bool) -> ExecutionResult:
    """Return the result of a finished execution.

    Raises:
        KernelError: It failed; `ExecutionError` only with ``check``.
    """
    result = ExecutionResult(reply_of(pending), pending.area.outputs if pending.area else ())
    return result.check() if check else result


def reply_of(pending: Pending) -> Message:
    """Return the reply to a request that is not waited for any more.

    Raises:
        KernelError: It failed.
    """
    if pending.failure is not None:
        raise pending.failure
    assert pending.reply is not None
    return pending.reply


def execute_content(
    code: str,
    *,
    silent: bool,
    store_history: bool,
    user_expressions: Mapping[str, str] | None,
    allow_stdin: bool,
    stop_on_error: bool,
) -> dict[str, Any]:
    """Return the content of an execute request."""
    return {
        "code": code,
        "silent": silent,
        "store_history": store_history and not silent,
        "user_expressions": user_expressions or {},
        "allow_stdin": allow_stdin,
        "stop_on_error": stop_on_error,
    }


def execute_metadata(metadata: Mapping[str, Any] | None, cell_id: str | None) -> dict[str, Any]:
    """Return the metadata of an execute request."""
    merged = dict(metadata or {})
    if cell_id is not None:
        merged["cellId"] = cell_id
    return merged
