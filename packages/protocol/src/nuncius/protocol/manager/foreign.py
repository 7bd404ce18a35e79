"""Run kernels by a provisioner that was written for jupyter_client.

Such a provisioner is a subclass of a class of jupyter_client, so that package is there whenever one is; it is reached through the provisioner's own class, and never imported here by name.

What it does not get is a ``parent`` (the manager of jupyter_client): provisioners that need one are not usable.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nuncius.protocol.connection import ConnectionInfo, write_connection_file
from nuncius.protocol.errors import KernelDied, KernelError, LaunchFailed
from nuncius.protocol.manager.provisioner import Exit, LaunchRequest

if TYPE_CHECKING:
    from nuncius.protocol.kernelspec import KernelSpec

__all__ = ["ForeignProvisioner"]


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
        try:
            theirs = _spec_class(kind)(resource_dir=spec.resource_dir, **spec.to_dict())
            self.inner: Any = kind(
                kernel_id=kernel_id, kernel_spec=theirs, parent=None, **dict(config)
            )
        except Exception as error:
            raise LaunchFailed(
                f"the provisioner {kind.__name__} of the kernel {spec.name!r} cannot be made: {error}"
            ) from error
        self._exit: Exit | None = None

    def __repr__(self) -> str:
        return f"<ForeignProvisioner {type(self.inner).__name__}>"

    @property
    def has_process(self) -> bool:
        """See `Provisioner.has_process`."""
        return bool(self.inner.has_process)

    async def launch(self, request: LaunchRequest) -> ConnectionInfo:
        """See `Provisioner.launch`."""
        inner = self.inner
        self._exit = None
        inner.connection_info = request.info.to_dict()
        try:
            settings = dict(
                await inner.pre_launch(
                    env=dict(request.env), cwd=request.cwd, kernel_id=request.kernel_id
                )
            )
            # Without a parent it cannot fill in the templates: the command is ours.
            settings.pop("cmd", None)
            settings.pop("kernel_id", None)
            info = await inner.launch_kernel(list(request.command), **settings)
            await inner.post_launch(**settings)
        except Exception as error:
            raise LaunchFailed(
                f"the provisioner {type(inner).__name__} cannot start the kernel {request.spec.name!r}: {error}"
            ) from error
        return self._changed(request, info)

    async def save(self) -> dict[str, Any]:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""
        return dict(await self.inner.get_provisioner_info())

    async def adopt(self, saved: Mapping[str, Any], request: LaunchRequest) -> None:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""
        name = type(self.inner).__name__
        self._exit = None
        try:
            await self.inner.load_provisioner_info(dict(saved))
        except Exception as error:
            raise KernelError(
                f"the provisioner {name} cannot take over the kernel: {error}"
            ) from error
        if not self.inner.has_process or await self.inner.poll() is not None:
            raise KernelDied(f"the provisioner {name} finds no process of the kernel any more")

    def release(self) -> None:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""

    def _changed(self, request: LaunchRequest, info: Mapping[str, Any]) -> ConnectionInfo:
        if not info:
            return request.info
        found = ConnectionInfo.from_dict(info, f"the answer of {type(self.inner).__name__}")
        if found != request.info:
            write_connection_file(found, request.connection_file)
        return found

    async def poll(self) -> int | None:
        """See `Provisioner.poll`."""
        code: int | None = await self.inner.poll()
        return code

    async def wait(self) -> Exit:
        """See `Provisioner.wait`."""
        if self._exit is None:
            code = await self.inner.wait()
            if self._exit is None:
                self._exit = Exit(code if isinstance(code, int) else None)
        return self._exit

    async def signal(self, signum: int) -> None:
        """See `Provisioner.signal`."""
        await self.inner.send_signal(signum)

    async def terminate(self) -> None:
        """See `Provisioner.terminate`."""
        await self.inner.terminate()

    async def kill(self) -> None:
        """See `Provisioner.kill`."""
        await self.inner.kill()

    async def cleanup(self, *, restart: bool) -> None:
        """See `Provisioner.cleanup`."""
        await self.inner.cleanup(restart=restart)

    def resolve_path(self, path: str) -> str | None:
        """See `Provisioner.resolve_path`."""
        if not hasattr(self.inner, "resolve_path"):
            return None
        found = self.inner.resolve_path(path)
        return found if isinstance(found, str) else None


def _spec_class(kind: Any) -> Any:
    """The class of kernelspecs that ``kind`` expects, from the declaration of its trait."""
    trait = inspect.getattr_static(kind, "kernel_spec")
    klass = trait.klass
    if isinstance(klass, str):
        from importlib import import_module

        module, _, name = klass.rpartition(".")
        klass = getattr(import_module(module), name)
    return klass
