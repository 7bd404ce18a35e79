"""Run kernels by a provisioner that was written for jupyter_client.

Such a provisioner is a subclass of a class of jupyter_client, so that package is there whenever one is; it is reached through the provisioner's own class, and never imported here by name.

Rule 1: its ``parent``, the manager of jupyter_client, is a `Parent`: what provisioners ask of it, and no more.
Rule 2: the end of the process is what ``poll`` says. Some have a ``wait`` that returns at once, as they have no process to wait for.
Rule 3: a kernel that it cannot take over itself, as jupyter_client's own provisioner, is taken over by its process id, if it runs on this machine.
"""

from __future__ import annotations

import asyncio
import inspect
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nuncius.protocol.connection import ConnectionInfo, write_connection_file
from nuncius.protocol.errors import KernelDied, KernelError, LaunchFailed
from nuncius.protocol.manager.process import AdoptedProcess, start_time
from nuncius.protocol.manager.provisioner import Exit, LaunchRequest

if TYPE_CHECKING:
    from nuncius.protocol.kernelspec import KernelSpec

__all__ = ["ForeignProvisioner"]

#: Seconds between two looks at a process that cannot be waited for.
_INTERVAL = 0.1

#: Our entry in what is saved of a kernel.
_STARTED = "nuncius_started"


class ForeignProvisioner:
    """Wraps a provisioner of jupyter_client's kind.

    Args:
        kind: Its class.
        spec: The kernelspec.
        kernel_id: Of the kernel.
        config: Its settings.
    """

    def __init__(
        self, kind: Any, spec: KernelSpec, kernel_id: str, config: Mapping[str, Any]
    ) -> None:
        from nuncius.protocol.manager.parent import Parent

        try:
            theirs = _spec_class(kind)(resource_dir=spec.resource_dir, **spec.to_dict())
            self._parent = Parent(spec, theirs, kernel_id)
            self.inner: Any = kind(
                kernel_id=kernel_id, kernel_spec=theirs, parent=self._parent, **dict(config)
            )
        except Exception as error:
            raise LaunchFailed(
                f"the provisioner {kind.__name__} of the kernel {spec.name!r} cannot be made: {error}"
            ) from error
        self._exit: Exit | None = None
        #: The process that it could not take over itself.
        self._adopted: AdoptedProcess | None = None
        self._killed = False

    def __repr__(self) -> str:
        return f"<ForeignProvisioner {type(self.inner).__name__}>"

    @property
    def has_process(self) -> bool:
        """See `Provisioner.has_process`."""
        return self._exit is None and (self._adopted is not None or self._has_inner())

    def _has_inner(self) -> bool:
        found = self.inner.has_process
        return bool(found() if callable(found) else found)

    async def launch(self, request: LaunchRequest) -> ConnectionInfo:
        """See `Provisioner.launch`."""
        inner = self.inner
        self._exit, self._adopted, self._killed = None, None, False
        self._parent.use(request)
        inner.connection_info = request.info.to_dict()
        try:
            settings = dict(await inner.pre_launch(**_wishes(request)))
            command = settings.pop("cmd", None) or request.command
            settings.pop("kernel_id", None)
            info = await inner.launch_kernel(list(command), **settings)
            await inner.post_launch(**settings)
        except Exception as error:
            raise LaunchFailed(
                f"the provisioner {type(inner).__name__} cannot start the kernel {request.spec.name!r}: {error}"
            ) from error
        return self._changed(request, info)

    async def save(self) -> dict[str, Any]:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""
        saved = dict(await self.inner.get_provisioner_info())
        if isinstance(pid := saved.get("pid"), int):
            saved[_STARTED] = start_time(pid)
        return {name: _plain(value) for name, value in saved.items()}

    async def adopt(self, saved: Mapping[str, Any], request: LaunchRequest) -> None:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""
        name = type(self.inner).__name__
        self._exit, self._adopted, self._killed = None, None, False
        self._parent.use(request)
        started = saved.get(_STARTED)
        try:
            await self.inner.load_provisioner_info(
                {name: value for name, value in saved.items() if name != _STARTED}
            )
        except Exception as error:
            raise KernelError(
                f"the provisioner {name} cannot take over the kernel: {error}"
            ) from error
        if self._has_inner() and await self.inner.poll() is None:
            return
        pid = getattr(self.inner, "pid", None)
        if not isinstance(pid, int) or not isinstance(started, str) or not started:
            raise KernelDied(f"the provisioner {name} finds no process of the kernel any more")
        self._adopted = AdoptedProcess(pid, started)

    def release(self) -> None:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""

    def _changed(self, request: LaunchRequest, info: Mapping[str, Any]) -> ConnectionInfo:
        if not info:
            return request.info
        plain = {name: _plain(value) for name, value in info.items()}
        found = ConnectionInfo.from_dict(plain, f"the answer of {type(self.inner).__name__}")
        if found != request.info:
            write_connection_file(found, request.connection_file)
        return found

    async def poll(self) -> int | None:
        """See `Provisioner.poll`."""
        if self._adopted is not None:
            return 0 if self._adopted.ended else None
        code: int | None = await self.inner.poll()
        return code

    async def wait(self) -> Exit:
        """See `Provisioner.wait`."""
        if self._adopted is not None:
            await self._adopted.wait()
            self._exit = self._exit or Exit(None)
        while self._exit is None:
            code = await self.inner.wait()
            if self._killed or (code := await self._code(code)) is not None:
                self._exit = self._exit or Exit(code if isinstance(code, int) else None)
            else:
                await asyncio.sleep(_INTERVAL)
        return self._exit

    async def _code(self, code: Any) -> Any:
        """Return how the process ended, None if it runs."""
        polled = await self.inner.poll()
        return polled if polled is None or code is None else code

    async def signal(self, signum: int) -> None:
        """See `Provisioner.signal`."""
        if self._adopted is not None:
            self._adopted.signal(signum)
        else:
            await self.inner.send_signal(signum)

    async def terminate(self) -> None:
        """See `Provisioner.terminate`."""
        if self._adopted is not None:
            self._adopted.signal(signal.SIGTERM)
        else:
            await self.inner.terminate()

    async def kill(self) -> None:
        """See `Provisioner.kill`."""
        self._killed = True
        if self._adopted is not None:
            self._adopted.signal(signal.SIGKILL)
        else:
            await self.inner.kill()

    async def cleanup(self, *, restart: bool) -> None:
        """See `Provisioner.cleanup`."""
        await self.inner.cleanup(restart=restart)

    async def shutdown_requested(self, *, restart: bool) -> None:
        """See `nuncius.protocol.manager.provisioner.Considerate`."""
        await self.inner.shutdown_requested(restart=restart)

    def shutdown_timeout(self, recommended: float) -> float:
        """See `nuncius.protocol.manager.provisioner.Considerate`."""
        return float(self.inner.get_shutdown_wait_time(recommended))

    def resolve_path(self, path: str) -> str | None:
        """See `Provisioner.resolve_path`."""
        if not hasattr(self.inner, "resolve_path"):
            return None
        found = self.inner.resolve_path(path)
        return found if isinstance(found, str) else None


def _wishes(request: LaunchRequest) -> dict[str, Any]:
    """Return what jupyter_client's manager hands to a provisioner."""
    wishes: dict[str, Any] = {
        "env": dict(request.env),
        "cwd": request.cwd,
        "kernel_id": request.kernel_id,
    }
    if request.independent:
        wishes["independent"] = True
    return wishes


def _plain(value: Any) -> Any:
    """Return a value of JSON: jupyter_client keeps keys as bytes."""
    return value.decode() if isinstance(value, bytes) else value


def _spec_class(kind: Any) -> Any:
    """The class of kernelspecs that ``kind`` expects, from the declaration of its trait."""
    trait = inspect.getattr_static(kind, "kernel_spec")
    klass = trait.klass
    if isinstance(klass, str):
        from importlib import import_module

        module, _, name = klass.rpartition(".")
        klass = getattr(import_module(module), name)
    return klass
