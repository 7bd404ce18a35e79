"""What a manager was asked for, and what another one needs to know to take over its kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuncius.protocol.errors import KernelError

__all__ = ["LaunchArguments", "SavedKernel"]


@dataclass(slots=True)
class LaunchArguments:
    """What the kernel was started with: a restart uses it again.

    Attributes:
        env: The environment; None for ours.
        cwd: The directory to run in.
        extra_arguments: Appended to the command.
        values: For templates of the kernelspec's own.
    """

    env: dict[str, str] | None = None
    cwd: str | None = None
    extra_arguments: tuple[str, ...] = ()
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SavedKernel:
    """A kernel that outlives the program that started it.

    The environment is not kept: it holds secrets.

    Attributes:
        kernel_id: Of the kernel.
        kernel_name: Of its kernelspec.
        connection_file: Its path.
        session_name: The document or window that the kernel is for.
        arguments: What it was started with, without the environment.
        provisioner: What its provisioner said.
    """

    kernel_id: str
    kernel_name: str
    connection_file: str
    session_name: str
    arguments: LaunchArguments
    provisioner: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return it as values of JSON."""
        return {
            "kernel_id": self.kernel_id,
            "kernel_name": self.kernel_name,
            "connection_file": self.connection_file,
            "session_name": self.session_name,
            "cwd": self.arguments.cwd,
            "extra_arguments": list(self.arguments.extra_arguments),
            "values": dict(self.arguments.values),
            "provisioner": dict(self.provisioner),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SavedKernel:
        """Return what `to_dict` was called on.

        Raises:
            KernelError: It is something else.
        """
        return cls(
            _get(data, "kernel_id", str),
            _get(data, "kernel_name", str),
            _get(data, "connection_file", str),
            _get(data, "session_name", str, ""),
            LaunchArguments(
                None,
                _get(data, "cwd", str, None),
                tuple(map(str, _get(data, "extra_arguments", list, []))),
                dict(_get(data, "values", Mapping, {})),
            ),
            _get(data, "provisioner", Mapping),
        )


_REQUIRED = object()


def _get(data: Mapping[str, Any], name: str, kind: type, default: Any = _REQUIRED) -> Any:
    value = data.get(name)
    if value is None and default is not _REQUIRED:
        return default
    if not isinstance(value, kind):
        raise KernelError(
            f"what was saved of the kernel has {value!r} as {name}; expected what KernelManager.save() returned"
        )
    return value
