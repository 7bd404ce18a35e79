"""What nbclient has, by the same names: code moves here by changing its import.

`NotebookClient` has nbclient's traits, hooks, methods and errors; cells are run by `nuncius.nbconvert.execute`. A subclass may replace any of the methods that nbclient documents: messages then come as dicts, as they do there.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from traitlets import All, Callable, Dict, observe
from traitlets import Any as AnyTrait
from traitlets.config import LoggingConfigurable

from nuncius.nbconvert import options
from nuncius.nbconvert.compat.traits import gather, traits_of
from nuncius.nbconvert.execute.blocking import Loop, blocking
from nuncius.nbconvert.execute.cell import CellResult, CellRunner
from nuncius.nbconvert.execute.errors import (
    CellControlSignal,
    CellExecutionComplete,
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nuncius.nbconvert.execute.kernels import arguments_for
from nuncius.nbconvert.execute.options import kernel_choice, settings
from nuncius.nbconvert.execute.recorder import Recorder
from nuncius.nbconvert.execute.settings import Settings, is_run
from nuncius.protocol.core.outputs import WidgetChanged
from nuncius.protocol.errors import NunciusError

if TYPE_CHECKING:
    from nuncius.protocol.client.aio import AsyncClient
    from nuncius.protocol.core.outputs import Change
    from nuncius.protocol.messages import Message

__all__ = [
    "CellControlSignal",
    "CellExecutionComplete",
    "CellExecutionError",
    "CellTimeoutError",
    "DeadKernelError",
    "NotebookClient",
    "execute",
]

_HOOKS = (
    "on_notebook_start",
    "on_notebook_complete",
    "on_notebook_error",
    "on_cell_start",
    "on_cell_execute",
    "on_cell_complete",
    "on_cell_executed",
    "on_cell_error",
)

#: The methods that take a message; where one is replaced, messages go through all of them.
_MESSAGE_METHODS = ("process_message", "output", "clear_output", "handle_comm_msg")


_HOOKED = ("stream", "display_data", "execute_result", "error", "clear_output")


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


class _KernelSide:
    """Starts, interrupts and ends a kernel through whatever manager there is.

    Args:
        manager: One of ours, or anything with the methods of jupyter_client's managers.
    """

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    def _method(self, name: str) -> Any:
        return getattr(self.manager, f"{name}_kernel", None) or getattr(self.manager, name)

    async def start(self, **arguments: Any) -> None:
        await _settled(self._method("start")(**arguments))

    async def interrupt(self) -> None:
        await _settled(self._method("interrupt")())

    async def shutdown(self, now: bool) -> None:
        if self.manager.has_kernel:
            await _settled(self._method("shutdown")(now=now))
        if hasattr(self.manager, "cleanup_resources"):
            await _settled(self.manager.cleanup_resources())

    def client(self) -> AsyncClient:
        """Return a client that learns of the kernel's death."""
        inner = self._watching_manager()
        if inner is not None:
            client: AsyncClient = inner.client(heartbeat_interval=None)
            return client
        from nuncius.protocol.client.aio import AsyncClient
        from nuncius.protocol.connection import ConnectionInfo
        from nuncius.protocol.transport.zmq import ZmqTransport

        said = self.manager.get_connection_info()
        key = said.get("key", b"")
        plain = {**said, "key": key.decode() if isinstance(key, bytes) else key}
        return AsyncClient(ZmqTransport(ConnectionInfo.from_dict(plain)))

    def _watching_manager(self) -> Any:
        """Return the manager of ours that watches the kernel in this event loop; None if there is none."""
        from nuncius.protocol.compat.manager import AsyncKernelManager
        from nuncius.protocol.manager.manager import KernelManager

        if isinstance(self.manager, AsyncKernelManager):
            return self.manager._manager  # noqa: SLF001 - ours
        return self.manager if isinstance(self.manager, KernelManager) else None


class _HookedRecorder(Recorder):
    """Takes outputs, unless a hook takes them.

    Attributes:
        hooks: By the id of the request; the last one has them.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.hooks: dict[str, list[Any]] = {}

    def receive(self, message: Message) -> list[Change]:
        """Take a message, or have a hook take it."""
        hooks = self.hooks.get(message.parent_id or "")
        if not hooks or message.msg_type not in _HOOKED:
            return super().receive(message)
        self.changes = []
        index, cell = self._cells.get(self.area, (0, {}))
        outs, said = cell.get("outputs", []), message.to_dict()
        if message.msg_type == "clear_output":
            hooks[-1].clear_output(outs, said, index)
        else:
            transient = message.content.get("transient") or {}
            hooks[-1].output(outs, said, transient.get("display_id"), index)
        return []


class NotebookClient(LoggingConfigurable):
    """Runs a notebook in a kernel.

    Args:
        nb: The notebook; changed in place.
        km: A kernel manager; by default one is made.
        **kw: The traits.
    """

    locals().update(traits_of(options.NotebookClient))
    nb: Any
    store_widget_state: Any
    kernel_name: Any
    allow_error_names: Any
    startup_timeout: Any
    shutdown_kernel: Any
    extra_arguments: Any
    coalesce_streams: Any
    on_cell_executed: Any
    on_cell_error: Any
    kernel_manager_class = AnyTrait(None, allow_none=True, help="The class of kernel managers; None: ours.").tag(config=True)  # fmt: skip
    resources: Any = Dict(help="What is known about the notebook: metadata.path is where it runs.").tag(config=True)  # fmt: skip
    on_input: Any = Callable(None, allow_none=True, help="Answers input(): gets the question, returns a line.").tag(config=True)  # fmt: skip
    locals().update(
        {
            name: Callable(None, allow_none=True, help=f"Called at {name[3:].replace('_', ' ')}.").tag(config=True)
            for name in _HOOKS
        }
    )  # fmt: skip

    def __init__(self, nb: Any, km: Any = None, **kw: Any) -> None:
        super().__init__(**kw)
        self._use(nb, km)

    def _use(self, nb: Any, km: Any) -> None:
        self.nb = nb
        self.km = km
        self.owns_km = km is None
        self.kc: AsyncClient | None = None
        self.reset_execution_trackers()

    def reset_execution_trackers(self) -> None:
        """Forget what was executed."""
        self._settings = None
        self.code_cells_executed = 0
        self._recorder = _HookedRecorder(convert=self._converted)
        self._runner: CellRunner | None = None
        replaced = [
            name
            for name in _MESSAGE_METHODS
            if getattr(type(self), name) is not getattr(NotebookClient, name)
        ]
        self._as_dicts = bool(replaced)

    #: What `_chosen` returns, until a trait changes: to read them all costs more than to receive a message.
    _settings: Settings | None = None

    def _chosen(self) -> Settings:
        """Return how cells are run now; hooks may change the traits."""
        names = frozenset(self.allow_error_names)
        if self._settings is None or self._settings.allow_error_names != names:
            self._settings = settings(gather(options.NotebookClient, self))
        return self._settings

    @observe(All)
    def _changed(self, change: Any) -> None:
        self._settings = None

    @property
    def widget_state(self) -> dict[str, dict[str, Any]]:
        """The state of widgets, by comm id."""
        return {name: model["state"] for name, model in self._models().items()}

    @property
    def widget_buffers(self) -> dict[str, Any]:
        """The buffers of widgets, by comm id and path."""
        return {
            name: {tuple(buffer["path"]): buffer for buffer in model["buffers"]}
            for name, model in self._models().items()
            if "buffers" in model
        }

    def _models(self) -> dict[str, dict[str, Any]]:
        found: dict[str, Any] = next(iter(self._recorder.widget_state().values()), {"state": {}})
        models: dict[str, dict[str, Any]] = found["state"]
        return models

    def _converted(self, outputs: list[dict[str, Any]]) -> list[Any]:
        """Return outputs in the form that the notebook's other parts have."""
        if type(self.nb) is dict:
            return outputs
        if type(self.nb).__module__.startswith("nbformat"):
            nbformat: Any = import_module("nbformat")
            return [nbformat.from_dict(output) for output in outputs]
        from nuncius.nbconvert.nodes import nodes

        made: list[Any] = nodes(outputs)
        return made

    # -- the kernel

    def create_kernel_manager(self) -> Any:
        """Make a kernel manager, and return it."""
        name = self.kernel_name or self.nb["metadata"].get("kernelspec", {}).get("name") or ""
        self.kernel_name = name
        make = self.kernel_manager_class
        if make is None:
            from nuncius.protocol.compat.manager import AsyncKernelManager

            make = AsyncKernelManager
        self.km = make(kernel_name=name) if name else make()
        return self.km

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel; the arguments are those of the manager's ``start_kernel``."""
        path = self.resources.get("metadata", {}).get("path") or None
        if path:
            kwargs.setdefault("cwd", path)
        choice = kernel_choice(gather(options.NotebookClient, self), cwd=None)
        spec = getattr(self.km, "kernel_spec", None)
        arguments = list(self.extra_arguments)
        if spec is not None and hasattr(spec, "argv"):
            arguments = arguments_for(spec, choice)
        await _KernelSide(self.km).start(extra_arguments=arguments, **kwargs)

    async def async_start_new_kernel_client(self) -> AsyncClient:
        """Connect to the kernel, and return the client.

        Raises:
            KernelTimeout: It does not answer.
        """
        client = _KernelSide(self.km).client()
        try:
            await client.open()
            self._info = (await client.wait_until_ready(self.startup_timeout)).content
        except BaseException:
            await client.aclose()
            await self._async_cleanup_kernel()
            raise
        self.kc = client
        await self._hook("on_notebook_start", notebook=self.nb)
        return client

    async def _async_cleanup_kernel(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()
        client, self.kc = self.kc, None
        try:
            if client is not None:
                await client.aclose()
        finally:
            if self.km is not None:
                await _KernelSide(self.km).shutdown(self.shutdown_kernel == "immediate")
                self.km = None

    @asynccontextmanager
    async def async_setup_kernel(self, **kwargs: Any) -> AsyncIterator[None]:
        """Start kernel and client; end them afterwards if they are ours.

        Args:
            **kwargs: ``cleanup_kc=False`` lets them run on; the rest is for `async_start_new_kernel`.
        """
        cleanup = kwargs.pop("cleanup_kc", self.owns_km)
        if self.km is None:
            self.km = self.create_kernel_manager()
        if not self.km.has_kernel:
            await self.async_start_new_kernel(**kwargs)
        if self.kc is None:
            await self.async_start_new_kernel_client()
        try:
            yield
        except CellControlSignal:
            # As with nbclient: what a cell does wrong is told by on_cell_error.
            raise
        except (RuntimeError, NunciusError):
            await self._hook("on_notebook_error", notebook=self.nb)
            raise
        finally:
            if cleanup:
                await self._async_cleanup_kernel()
            await self._hook("on_notebook_complete", notebook=self.nb)

    @contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Start kernel and client, for code that does not await; end them afterwards."""
        outer, self._loop = self._loop, self._loop or Loop()
        context = self.async_setup_kernel(**kwargs)
        try:
            self._loop.run(_enter(context))
            try:
                yield
            except BaseException as error:
                if not self._loop.run(_leave(context, error)):
                    raise
            else:
                self._loop.run(_leave(context, None))
        finally:
            if outer is None:
                self._loop.close()
            self._loop = outer

    #: The loop of `setup_kernel` or `start_new_kernel`, while it is open.
    _loop: Loop | None = None

    def start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel, for code that does not await; call `_cleanup_kernel` at last."""
        self._loop = self._loop or Loop()
        self._loop.run(self.async_start_new_kernel(**kwargs))

    def start_new_kernel_client(self) -> AsyncClient:
        """Connect to the kernel, for code that does not await."""
        self._loop = self._loop or Loop()
        return self._loop.run(self.async_start_new_kernel_client())

    def _cleanup_kernel(self) -> None:
        self._block(self._async_cleanup_kernel())
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def _block(self, coroutine: Any) -> Any:
        return blocking(coroutine) if self._loop is None else self._loop.run(coroutine)

    # -- running

    async def async_execute(self, reset_kc: bool = False, **kwargs: Any) -> Any:
        """Run the notebook, and return it.

        Args:
            reset_kc: End the kernel first, if there is one of ours.
            **kwargs: For `async_start_new_kernel`.

        Raises:
            CellExecutionError: A cell raised.
            CellTimeoutError: A cell took too long.
            DeadKernelError: The kernel died.
        """
        if reset_kc and self.owns_km:
            await self._async_cleanup_kernel()
        self.reset_execution_trackers()
        async with self.async_setup_kernel(**kwargs):
            self._describe()
            try:
                for index, cell in enumerate(self.nb["cells"]):
                    await self.async_execute_cell(cell, index)
            finally:
                self.set_widgets_metadata()
        return self.nb

    def execute(self, reset_kc: bool = False, **kwargs: Any) -> Any:
        """Run the notebook, and return it; see `async_execute`."""
        return self._block(self.async_execute(reset_kc=reset_kc, **kwargs))

    def _describe(self) -> None:
        language = self._info.get("language_info")
        if language is None:
            raise RuntimeError(f"the kernel does not say what its language is: {self._info}")
        self.nb["metadata"]["language_info"] = self._node(dict(language))

    def _node(self, tree: Any) -> Any:
        return tree if type(self.nb) is dict else self._converted([tree])[0]

    def set_widgets_metadata(self) -> None:
        """Write the widgets' state into the notebook."""
        if self.store_widget_state:
            self._recorder.finish(self.nb)

    async def async_execute_cell(
        self,
        cell: Any,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> Any:
        """Run one cell, and return it.

        Args:
            cell: The cell; changed in place.
            cell_index: Its index.
            execution_count: Its number; by default what the kernel says.
            store_history: Whether the kernel counts it.

        Raises:
            CellExecutionError: It raised.
            CellTimeoutError: It took too long.
            DeadKernelError: The kernel died.
        """
        about = {"cell": cell, "cell_index": cell_index}
        await self._hook("on_cell_start", **about)
        if not is_run(cell, self._chosen()):
            return cell
        await self._hook("on_cell_execute", **about)
        runner = self._cell_runner()
        runner.settings = self._chosen()
        self.code_cells_executed += 1
        try:
            result = await runner.run(cell, cell_index, store_history=store_history)
        finally:
            await self._hook("on_cell_complete", **about)
        if execution_count:
            cell["execution_count"] = execution_count
        await self._after(cell, cell_index, result)
        return cell

    def execute_cell(self, *arguments: Any, **kwargs: Any) -> Any:
        """Run one cell, and return it; see `async_execute_cell`."""
        return self._block(self.async_execute_cell(*arguments, **kwargs))

    async def _after(self, cell: Any, index: int, result: CellResult) -> None:
        about = {"cell": cell, "cell_index": index}
        if self.on_cell_executed is not None or self.on_cell_error is not None:
            about["execute_reply"] = _reply(result)
        await self._hook("on_cell_executed", **about)
        if self.coalesce_streams and cell["outputs"]:
            from nuncius.nbconvert.preprocess.coalesce import coalesce_streams

            coalesce_streams({"cells": [cell]}, {}, options.CoalesceStreamsPreprocessor())
        if result.status == "error":
            await self._hook("on_cell_error", **about)
        if result.error is not None:
            raise result.error
        self.nb["cells"][index] = cell

    def _cell_runner(self) -> CellRunner:
        if self._runner is None or self._runner.client is not self.kc:
            if self.kc is None:
                raise RuntimeError("there is no kernel; run cells within setup_kernel()")
            self._runner = CellRunner(
                self.kc,
                self._recorder,
                self._chosen(),
                interrupt=_KernelSide(self.km).interrupt,
                on_input=self.on_input,
                observe=self._observe,
            )
        return self._runner

    async def _hook(self, name: str, **arguments: Any) -> None:
        hook = getattr(self, name)
        if hook is not None:
            await _settled(hook(**arguments))

    # -- messages, for those who want to see them

    def _observe(self, index: int, message: Message, changes: Any) -> None:
        if self._as_dicts:
            self._recorder.store()
            self.process_message(message.to_dict(), self.nb["cells"][index], index)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take a message of the kernel's; the cell has its outputs already.

        Returns:
            The output that it made; None if none.

        Raises:
            CellExecutionComplete: It says that the cell is finished.
        """
        kind, content = msg["msg_type"], msg["content"]
        outs = cell.get("outputs", [])
        if kind == "status" and content.get("execution_state") == "idle":
            raise CellExecutionComplete
        if kind == "clear_output":
            self.clear_output(outs, msg, cell_index)
        elif kind.startswith("comm"):
            self.handle_comm_msg(outs, msg, cell_index)
        elif kind not in ("execute_input", "update_display_data", "status"):
            transient = content.get("transient") or {}
            return self.output(outs, msg, transient.get("display_id"), cell_index)
        return None

    def output(
        self, outs: Any, msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> Any:
        """Return the output that a message makes; it is among ``outs`` already."""
        for change in self._recorder.changes:
            if not isinstance(change, WidgetChanged) and hasattr(change, "output"):
                return self._node(dict(change.output))
        content = msg["content"]
        if msg["msg_type"] != "stream" or not self._recorder.changes:
            return None
        return self._node({"output_type": "stream", "name": content["name"], "text": content["text"]})  # fmt: skip

    def clear_output(self, outs: Any, msg: dict[str, Any], cell_index: int) -> None:
        """Take a message that clears the outputs; they are gone already."""

    def register_output_hook(self, msg_id: str, hook: Any) -> None:
        """Have ``hook.output`` and ``hook.clear_output`` take what a request publishes, instead of its cell."""
        self._recorder.hooks.setdefault(msg_id, []).append(hook)

    def remove_output_hook(self, msg_id: str, hook: Any) -> None:
        """End what `register_output_hook` began."""
        self._recorder.hooks[msg_id].remove(hook)

    def handle_comm_msg(self, outs: Any, msg: dict[str, Any], cell_index: int) -> None:
        """Take a message of a widget; its state is known already."""


def _reply(result: CellResult) -> dict[str, Any]:
    """Return a cell's reply as hooks get it."""
    content = dict(result.reply)
    if result.message is None:
        return {"content": content, "header": {}, "parent_header": {}, "metadata": {}}
    return {**result.message.to_dict(), "content": content}


async def _enter(context: Any) -> None:
    await context.__aenter__()


async def _leave(context: Any, error: BaseException | None) -> bool:
    kind = None if error is None else type(error)
    return bool(
        await context.__aexit__(kind, error, None if error is None else error.__traceback__)
    )


def execute(nb: Any, cwd: str | None = None, km: Any = None, **kwargs: Any) -> Any:
    """Run a notebook, and return it.

    Args:
        nb: The notebook; changed in place.
        cwd: The folder that it runs in.
        km: A kernel manager; by default one is made.
        **kwargs: The traits of `NotebookClient`.
    """
    resources = {} if cwd is None else {"metadata": {"path": cwd}}
    return NotebookClient(nb=nb, resources=resources, km=km, **kwargs).execute()
