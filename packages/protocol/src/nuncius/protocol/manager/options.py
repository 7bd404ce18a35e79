"""How kernels are started and ended: the settings of a manager."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nuncius.protocol.core.lifecycle import RestartPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nuncius.protocol.curve import Encryption

__all__ = ["ManagerOptions"]


@dataclass(frozen=True, slots=True)
class ManagerOptions:
    """How kernels are started and ended.

    Attributes:
        transport: ``tcp`` or ``ipc``.
        ip: The address that the kernel listens on; with ipc, the beginning of the sockets' paths (by default in a new private directory).
        ports: ``shell_port`` and its like, for ports that must be these; the others are chosen. If one is taken, the start fails.
        encryption: See `nuncius.protocol.curve.decide`; None is right nearly always.
        start_timeout: Seconds for the first answer.
        shutdown_timeout: Seconds for an orderly end. After half of it the process is asked to terminate, after all of it it is killed.
        interrupt_timeout: Seconds for the answer to an interrupt by message.
        restart: When a crashed kernel is started again.
        inherit_output: What the process writes goes where ours goes, instead of into the explanation of its death.
        independent: Kernels outlive this process.
    """

    transport: str = "tcp"
    ip: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    encryption: Encryption | str | None = None
    start_timeout: float = 60.0
    shutdown_timeout: float = 5.0
    interrupt_timeout: float = 5.0
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    inherit_output: bool = False
    independent: bool = False
