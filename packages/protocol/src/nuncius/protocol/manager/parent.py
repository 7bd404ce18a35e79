"""Be the manager of jupyter_client that a provisioner written for it knows as its ``parent``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from traitlets.config.configurable import LoggingConfigurable

from nuncius.protocol.connection import ConnectionInfo, write_connection_file

if TYPE_CHECKING:
    from nuncius.protocol.kernelspec import KernelSpec
    from nuncius.protocol.manager.provisioner import LaunchRequest

__all__ = ["Parent"]


class Parent(LoggingConfigurable):
    """What provisioners ask of their manager.

    Args:
        spec: The kernelspec.
        kernel_spec: The same, as jupyter_client has it; a provisioner may change its command.
        kernel_id: Of the kernel.
    """

    #: Ports are chosen by us.
    cache_ports = False
    owns_kernel = True
    transport_encryption = "disabled"
    shutting_down = False
    ip: str
    transport: str

    def __init__(self, spec: KernelSpec, kernel_spec: Any, kernel_id: str) -> None:
        super().__init__()
        self._spec = spec
        self._command = list(kernel_spec.argv)
        self._request: LaunchRequest | None = None
        self._info = ConnectionInfo()
        self.kernel_spec = kernel_spec
        self.kernel_name = spec.name
        self.kernel_id = kernel_id
        self.connection_file = ""

    def use(self, request: LaunchRequest) -> None:
        """Be the manager of what is launched now."""
        self._request = request
        self.connection_file = request.connection_file
        self.load_connection_info(request.info.to_dict())

    def load_connection_info(self, info: Mapping[str, Any]) -> None:
        """Take over where the kernel listens."""
        plain = {k: v.decode() if isinstance(v, bytes) else v for k, v in info.items()}
        self._info = ConnectionInfo.from_dict(plain, "what the provisioner says")
        for name, value in self._info.to_dict().items():
            if name in ("ip", "transport") or name.endswith("_port"):
                setattr(self, name, value)

    def get_connection_info(self, session: bool = False) -> dict[str, Any]:
        """Return what stands in the connection file; the key as bytes, as in jupyter_client."""
        ports = {name: getattr(self, name) for name in self._info.ports}
        info = replace(self._info.with_ports(ports), ip=self.ip, transport=self.transport)
        return {**info.to_dict(), "key": info.key.encode()}

    def write_connection_file(self, **_: Any) -> None:
        """Write the connection file, with the ports that were chosen meanwhile."""
        self.load_connection_info(self.get_connection_info())
        write_connection_file(self._info, self.connection_file)

    def format_kernel_cmd(self, extra_arguments: Sequence[str] | None = None) -> list[str]:
        """Return the command."""
        assert self._request is not None
        extra = tuple(extra_arguments or ())
        if self.kernel_spec.argv == self._command:
            return [*self._request.command, *extra]
        changed = replace(self._spec, argv=tuple(self.kernel_spec.argv))
        return list(changed.command(self.connection_file, extra_arguments=extra))
