"""``ipykernel.ipkernel.IPythonKernel``: our kernel under the names of ipykernel's, for extensions that ask the kernel, and for kernels that derive from it."""

from __future__ import annotations

import inspect
from typing import Any

from nuncius.kernel.compat.shells import ZMQInteractiveShell
from nuncius.kernel.python_kernel import PythonKernel, kernel_info
from nuncius.protocol.kernel import (
    CompleteRequest,
    ExecuteRequest,
    HistoryRequest,
    InspectRequest,
)
from nuncius.protocol.wrapper import Kernel

__all__ = ["IPythonKernel"]

_INFO = kernel_info()


class IPythonKernel(Kernel):
    """The Python kernel; kernels that derive from it override its ``do_*`` methods.

    Args:
        python: The kernel that it is the face of; a new one by default.
        **kwargs: Of traits.
    """

    implementation = _INFO.implementation
    implementation_version = _INFO.implementation_version
    language_info: Any = dict(_INFO.language_info)  # noqa: RUF012 - as its base has it
    banner = _INFO.banner
    help_links: Any = list(_INFO.help_links)  # noqa: RUF012 - as its base has it
    shell_class: Any = ZMQInteractiveShell

    def __init__(self, python: PythonKernel | None = None, **kwargs: Any) -> None:
        user_module, user_ns = kwargs.get("user_module"), kwargs.get("user_ns")
        super().__init__(**kwargs)
        self._python = python or PythonKernel(
            lambda kernel: self.shell_class(
                kernel=self, user_module=user_module, user_ns=user_ns, own_main=user_ns is None
            )
        )
        if python is None:
            return
        kinds: Any = type(self)._walk_mro()  # noqa: SLF001 - as its base has them
        for kind in kinds:  # as instance() does: this is the one
            kind._instance = self  # noqa: SLF001 - its name there
        if python.connection_session is not None:
            self.session.use(python.connection_session)

    @property
    def shell(self) -> Any:
        """The shell that runs the cells."""
        return self._python.shell

    @property
    def comm_manager(self) -> Any:
        """The manager of comms, as the `comm` package defines it."""
        return self._python.comm_manager

    @property
    def connection_file(self) -> str:
        """Where frontends read how to connect."""
        return self._python.connection_file

    @property
    def execution_count(self) -> int:
        """The number of the cell that runs, or will run next; the shell counts."""
        number: int = self.shell.execution_count
        return number

    @execution_count.setter
    def execution_count(self, number: int) -> None:
        """Do nothing: the shell counts."""

    @property
    def _parent_ident(self) -> dict[str, list[bytes]]:  # type: ignore[override]
        route = [] if self._current is None else list(self._current.request.route)
        return {"shell": route, "control": route}

    @property
    def _current(self) -> Any:
        return self.shell.io or self._io

    def start(self) -> None:
        """Make the shell."""
        assert self.shell is not None

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: Any = None,
        allow_stdin: bool = False,
        *,
        cell_meta: Any = None,
        cell_id: Any = None,
    ) -> Any:
        """Run a cell; return the content of the reply."""
        request = ExecuteRequest(
            code,
            silent=silent,
            store_history=store_history,
            user_expressions=user_expressions or {},
            allow_stdin=allow_stdin,
            metadata=cell_meta or {},
            cell_id=cell_id,
        )
        outcome: Any = self._python.run(request)
        return dict(await outcome if inspect.isawaitable(outcome) else outcome)

    def do_complete(self, code: str, cursor_pos: int | None = None) -> Any:
        """Return completions at the cursor."""
        position = len(code) if cursor_pos is None else cursor_pos
        return self._python.complete(CompleteRequest(code, position), self._current)

    def do_inspect(
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()
    ) -> Any:
        """Return what is known of the object at the cursor."""
        request = InspectRequest(code, cursor_pos, detail_level, tuple(omit_sections))
        return self._python.inspect(request, self._current)

    def do_history(
        self,
        hist_access_type: str,
        output: bool,
        raw: bool,
        session: Any = None,
        start: Any = None,
        stop: Any = None,
        n: Any = None,
        pattern: Any = None,
        unique: bool = False,
    ) -> Any:
        """Return a part of the history."""
        request = HistoryRequest(
            hist_access_type,
            raw=raw,
            output=output,
            session=session or 0,
            start=start or 1,
            stop=stop,
            n=n,
            pattern=pattern or "*",
            unique=unique,
        )
        return self._python.history(request, self._current)

    def do_is_complete(self, code: str) -> Any:
        """Tell whether ``code`` can be run."""
        return self._python.is_complete(code, self._current)

    def do_shutdown(self, restart: bool) -> Any:
        """Close the shell."""
        self._python.shutdown(restart=restart)
        return {"status": "ok", "restart": restart}

    def do_one_iteration(self) -> None:
        """Do nothing: the server sees to requests while a toolkit's loop runs."""

    def do_apply(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse; functions are applied by the engines of nuncius-parallel.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("apply_request is for parallel engines: see nuncius-parallel")
