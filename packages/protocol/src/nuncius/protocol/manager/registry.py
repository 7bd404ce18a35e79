"""Find the provisioner that a kernelspec asks for, among ours, other people's, and those that were written for jupyter_client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nuncius.protocol.entrypoints import EntryPoint, entry_points
from nuncius.protocol.errors import LaunchFailed
from nuncius.protocol.manager.foreign import ForeignProvisioner
from nuncius.protocol.manager.local import LocalProvisioner
from nuncius.protocol.manager.provisioner import Provisioner

if TYPE_CHECKING:
    from nuncius.protocol.kernelspec import KernelSpec
    from nuncius.protocol.manager.guard import Guard

__all__ = ["DEFAULT", "create_provisioner"]

DEFAULT = "local-provisioner"


def create_provisioner(spec: KernelSpec, kernel_id: str, guard: Guard) -> Provisioner:
    """Return a new provisioner for a kernel.

    Args:
        spec: Its kernelspec; where that asks for none, ``JUPYTER_DEFAULT_PROVISIONER_NAME`` does, or it is the local one.
        kernel_id: Of the kernel.
        guard: For processes on this machine.

    Raises:
        LaunchFailed: It is not installed, or its settings are wrong.
    """
    asked, config = spec.provisioner
    name = asked or os.environ.get("JUPYTER_DEFAULT_PROVISIONER_NAME") or DEFAULT
    ours = entry_points("nuncius.provisioners")
    theirs = entry_points("jupyter_client.kernel_provisioners")
    if name in ours:
        return _create(name, ours[name], dict(config))
    if name == DEFAULT:
        return LocalProvisioner(guard, **config)
    if name in theirs:
        return ForeignProvisioner(_load(name, theirs[name]), spec, kernel_id, config)
    known = ", ".join(sorted({DEFAULT, *ours, *theirs}))
    raise LaunchFailed(
        f"the kernel {spec.name!r} asks for the provisioner {name!r}, which is not installed (there are: {known}); install the package that brings it"
    )


def _create(name: str, entry: EntryPoint, config: dict[str, Any]) -> Provisioner:
    factory = _load(name, entry)
    try:
        provisioner = factory(**config)
    except (TypeError, ValueError) as error:
        raise LaunchFailed(
            f"the provisioner {name!r} does not accept its settings in the kernelspec: {error}"
        ) from error
    if not isinstance(provisioner, Provisioner):
        raise LaunchFailed(
            f"the provisioner {name!r} ({entry.value}) lacks methods of nuncius.protocol.manager.Provisioner"
        )
    return provisioner


def _load(name: str, entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise LaunchFailed(
            f"the provisioner {name!r} of {entry.distribution} cannot be loaded: {error}"
        ) from error
