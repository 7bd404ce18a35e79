"""Hand a request to the method of the kernel that answers it.

Rule 1: whatever a request holds and whatever the kernel raises, the outcome is the content of a reply.
Rule 2: an exception that leaves `Kernel.execute` is published as an ``error`` as well: somebody is looking at the cell.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.protocol.core.dispatch import reply_type
from nuncius.protocol.errors import Malformed
from nuncius.protocol.kernel import (
    CompleteRequest,
    ExecuteRequest,
    HistoryRequest,
    InspectRequest,
    Kernel,
    KernelIO,
    Reply,
    VariablesRequest,
    error_reply,
)

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message

__all__ = ["Outcome", "answer", "failure", "finish", "wants_abort"]

#: What a kernel's method returns.
Outcome = Reply | Awaitable[Reply | None] | None


def answer(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    """Have ``kernel`` answer ``message``.

    Returns:
        The content of the reply, something to await for it, or None if there is no reply. It never raises.
    """
    try:
        handler = _HANDLERS.get(message.header.msg_type)
        if handler is None:
            return kernel.handle(message, io)
        return handler(kernel, message, io)
    except BaseException as error:  # noqa: BLE001 - a kernel that raises must not end the server
        return failure(message, error, io)


async def finish(outcome: Awaitable[Reply | None], message: Message, io: KernelIO) -> Reply | None:
    """Await an `Outcome`; it never raises, except when the task itself is canceled."""
    try:
        return await outcome
    except BaseException as error:  # noqa: BLE001 - as in `answer`
        return failure(message, error, io)


def failure(message: Message, error: BaseException, io: KernelIO) -> dict[str, Any] | None:
    """Return the content of the reply that says that ``message`` failed, and publish it if it is a cell."""
    content = error_reply(error, _traceback(error))
    if message.msg_type == "execute_request":
        if not message.content.get("silent"):
            shown = {name: content[name] for name in ("ename", "evalue", "traceback")}
            io.publish("error", shown)
        content |= {"execution_count": 0, "payload": [], "user_expressions": {}}
    elif reply_type(message.msg_type) is None:
        # Nobody waits for an answer: say it where a person can see it.
        io.stream("stderr", f"{message.msg_type} failed: {content['ename']}: {content['evalue']}\n")
        return None
    return content


def wants_abort(message: Message, reply: Mapping[str, Any] | None) -> bool:
    """Tell whether the cells that wait behind ``message`` are to be aborted."""
    return (
        reply is not None
        and reply.get("status") != "ok"
        and message.msg_type == "execute_request"
        and bool(message.content.get("stop_on_error", True))
    )


def _traceback(error: BaseException) -> list[str]:
    if isinstance(error, (Malformed, NotImplementedError)):
        return []
    import traceback

    # What the server does around the kernel is of no interest to who wrote the cell.
    here = __file__.rpartition("answer")[0]
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(here):
        frames = frames.tb_next
    lines = traceback.format_exception(type(error), error, frames)
    return [line.rstrip("\n") for line in lines]


def _execute(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    return kernel.execute(ExecuteRequest.parse(message), io)


def _complete(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    return kernel.complete(CompleteRequest.parse(message), io)


def _inspect(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    return kernel.inspect(InspectRequest.parse(message), io)


def _history(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    return kernel.history(HistoryRequest.parse(message), io)


def _is_complete(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    code = message.content.get("code")
    if not isinstance(code, str):
        raise Malformed(f"expected 'code' to be a string, got {type(code).__name__}")
    return kernel.is_complete(code, io)


def _comm_info(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    target = message.content.get("target_name")
    if target is not None and not isinstance(target, str):
        raise Malformed(f"expected 'target_name' to be a string, got {type(target).__name__}")
    return kernel.comm_info(target or None, io)


def _comm(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    if not isinstance(message.content.get("comm_id"), str):
        raise Malformed("expected 'comm_id' to be a string")
    return kernel.comm_message(message, io)


def _kernel_info(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    return kernel.info.reply()


def _debug(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    return kernel.debug(message.content, io)


def _usage(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    return kernel.usage(io)


def _variables(kernel: Kernel, message: Message, io: KernelIO) -> Outcome:
    return kernel.variables(VariablesRequest.parse(message), io)


_HANDLERS: Mapping[str, Callable[[Kernel, Message, KernelIO], Outcome]] = {
    "execute_request": _execute,
    "complete_request": _complete,
    "inspect_request": _inspect,
    "history_request": _history,
    "is_complete_request": _is_complete,
    "comm_info_request": _comm_info,
    "comm_open": _comm,
    "comm_msg": _comm,
    "comm_close": _comm,
    "kernel_info_request": _kernel_info,
    "debug_request": _debug,
    "usage_request": _usage,
    "variables_request": _variables,
}
