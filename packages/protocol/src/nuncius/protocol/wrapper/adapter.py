"""Translate between the kernel interface of this package and wrapper kernels."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from nuncius.protocol import kernel as interface
from nuncius.protocol.kernel import KernelInfo, KernelIO, Reply
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.wrapper.face import SessionFace

if TYPE_CHECKING:
    from nuncius.protocol.session import Session
    from nuncius.protocol.wrapper.base import Handler, Kernel

__all__ = ["Adapter"]


class _Info(KernelInfo):
    """A `KernelInfo` whose reply is what the wrapped kernel says."""

    __slots__ = ("_kernel",)

    def __init__(self, kernel: Kernel) -> None:
        super().__init__("kernel", "0", {})
        object.__setattr__(self, "_kernel", kernel)

    def reply(self) -> dict[str, Any]:
        kernel: Kernel = self._kernel  # type: ignore[attr-defined]
        reply = {"status": "ok", **kernel.kernel_info}
        reply["supported_features"] = list(reply.get("supported_features") or [])
        reply["help_links"] = list(reply.get("help_links") or [])
        reply["language_info"] = dict(reply.get("language_info") or {})
        return reply


class Adapter(interface.Kernel):
    """Face a wrapper kernel as a `nuncius.protocol.kernel.Kernel`.

    Args:
        kernel: The wrapper kernel.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.wrapped = kernel
        self.info = _Info(kernel)

    def use_session(self, session: Session) -> None:
        """Have the wrapped kernel's session be that of the connection; the server calls this."""
        face = self.wrapped.session
        if isinstance(face, SessionFace):
            face.use(session)

    def prepare(self) -> None:
        """Start the wrapped kernel."""
        self.wrapped.start()

    def execute(self, request: interface.ExecuteRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Run a cell."""
        kernel = self.wrapped
        self._enter(io)
        kernel._allow_stdin = request.allow_stdin  # noqa: SLF001 - the name that kernels know
        if not request.silent:
            kernel.execution_count += 1
            io.publish(
                "execute_input", {"code": request.code, "execution_count": kernel.execution_count}
            )
        arguments: dict[str, Any] = {
            "code": request.code,
            "silent": request.silent,
            "store_history": request.store_history,
            "user_expressions": dict(request.user_expressions),
            "allow_stdin": request.allow_stdin,
        }
        later = {"cell_meta": dict(request.metadata), "cell_id": request.cell_id}
        arguments |= _accepted(kernel.do_execute, later)
        metadata = kernel.init_metadata(io.request.to_dict())
        return self._outcome(
            partial(kernel.do_execute, **arguments), partial(self._executed, io, metadata)
        )

    def complete(
        self, request: interface.CompleteRequest, io: KernelIO
    ) -> Reply | Awaitable[Reply]:
        """Return completions."""
        self._enter(io)
        return self._outcome(partial(self.wrapped.do_complete, request.code, request.cursor_pos))

    def inspect(self, request: interface.InspectRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return what is known of the object at the cursor."""
        self._enter(io)
        method = self.wrapped.do_inspect
        later = _accepted(method, {"omit_sections": request.omit_sections})
        where = (request.code, request.cursor_pos, request.detail_level)
        return self._outcome(partial(method, *where, **later))

    def is_complete(self, code: str, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Tell whether ``code`` can be run."""
        self._enter(io)
        return self._outcome(partial(self.wrapped.do_is_complete, code))

    def history(self, request: interface.HistoryRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return a part of the history."""
        self._enter(io)
        arguments: dict[str, Any] = dict(io.request.content)
        arguments.setdefault("output", request.output)
        arguments.setdefault("raw", request.raw)
        method = self.wrapped.do_history
        return self._outcome(partial(method, **_accepted(method, arguments)))

    def comm_info(self, target_name: str | None, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return the open comms of the kernel's comm manager."""
        manager = getattr(self.wrapped, "comm_manager", None)
        comms = {} if manager is None else manager.comms
        return {
            "status": "ok",
            "comms": {
                comm_id: {"target_name": comm.target_name}
                for comm_id, comm in comms.items()
                if target_name is None or comm.target_name == target_name
            },
        }

    def comm_message(self, message: Message, io: KernelIO) -> Awaitable[None] | None:
        """Hand a message to the handler that the kernel has for it."""
        self._enter(io)
        manager = getattr(self.wrapped, "comm_manager", None)
        handler = self.wrapped.shell_handlers.get(message.msg_type) or getattr(
            manager, message.msg_type, None
        )
        return self._handled(handler, message)

    def handle(self, message: Message, io: KernelIO) -> Reply | Awaitable[Reply | None] | None:
        """Answer a message that only the wrapped kernel knows."""
        handlers = (
            self.wrapped.control_handlers
            if message.channel is Channel.CONTROL
            else self.wrapped.shell_handlers
        )
        handler = handlers.get(message.msg_type)
        if handler is None:
            return super().handle(message, io)
        self._enter(io)
        return self._handled(handler, message)

    def debug(self, request: Mapping[str, Any], io: KernelIO) -> Reply | Awaitable[Reply]:
        """Answer the debugger's frontend."""
        self._enter(io)
        return self._outcome(partial(self.wrapped.do_debug_request, request))

    def shutdown(self, *, restart: bool) -> Awaitable[None] | None:
        """Shut the wrapped kernel down."""
        outcome = self.wrapped.do_shutdown(restart)
        return _ignored(outcome) if inspect.isawaitable(outcome) else None

    def _handled(self, handler: Handler | None, message: Message) -> Awaitable[None] | None:
        if handler is None:
            self.wrapped.post_handler_hook()
            return None
        arguments = (self.wrapped.shell_stream, list(message.route), message.to_dict())
        outcome = self._outcome(partial(handler, *arguments))
        return _ignored(outcome) if inspect.isawaitable(outcome) else None

    def _enter(self, io: KernelIO) -> None:
        kernel = self.wrapped
        kernel._io = io  # noqa: SLF001 - ours
        kernel.set_parent(list(io.request.route), io.request.to_dict())
        kernel.pre_handler_hook()

    def _outcome(
        self, call: Callable[[], Any], finish: Callable[[Any], Reply] | None = None
    ) -> Reply | Awaitable[Reply]:
        """Return what ``call`` does, after `Kernel.post_handler_hook`, which is called whatever happens."""
        try:
            outcome = call()
        except BaseException:
            self.wrapped.post_handler_hook()
            raise
        if inspect.isawaitable(outcome):
            return self._awaited(outcome, finish)
        self.wrapped.post_handler_hook()
        reply: Reply = finish(outcome) if finish else outcome
        return reply

    async def _awaited(
        self, outcome: Awaitable[Any], finish: Callable[[Any], Reply] | None
    ) -> Reply:
        try:
            reply: Reply = await outcome
        finally:
            self.wrapped.post_handler_hook()
        return finish(reply) if finish else reply

    def _executed(self, io: KernelIO, metadata: dict[str, Any], outcome: Any) -> Reply:
        reply = self._with_count(outcome)
        finished = self.wrapped.finish_metadata(io.request.to_dict(), metadata, reply)
        # Hosts other than ours may have no place for it.
        if finished and hasattr(io, "reply_metadata"):
            io.reply_metadata = finished
        return reply

    def _with_count(self, reply: Any) -> Reply:
        content = dict(reply or {})
        content.setdefault("status", "ok")
        content.setdefault("execution_count", self.wrapped.execution_count)
        if content["status"] == "ok":
            content.setdefault("payload", [])
            content.setdefault("user_expressions", {})
        return content


def _accepted(method: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of ``arguments`` that ``method`` takes by name."""
    parameters = inspect.signature(method).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return dict(arguments)
    return {
        name: value
        for name, value in arguments.items()
        if name in parameters
        and parameters[name].kind
        in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    }


async def _ignored(outcome: Awaitable[Any]) -> None:
    await outcome
