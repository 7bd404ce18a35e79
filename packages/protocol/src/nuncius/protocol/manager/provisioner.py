"""The interface between a manager and whatever runs the kernel's process: this machine, another one, a cluster.

A provisioner has one process at a time. The manager chooses the connection, the command and the environment; the provisioner starts it, tells when it ends and why, and ends it.
Others offer theirs by an entry point in ``nuncius.provisioners``; a kernelspec asks for one in ``metadata.kernel_provisioner``.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from nuncius.protocol.connection import ConnectionInfo
    from nuncius.protocol.kernelspec import KernelSpec

__all__ = [
    "Adoptable",
    "Considerate",
    "Exit",
    "LaunchRequest",
    "Provisioner",
    "ProvisionerFactory",
]


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """What to start.

    Attributes:
        kernel_id: Of the kernel, the same over restarts.
        spec: Its kernelspec.
        command: What to run, all templates filled in.
        env: The whole environment.
        info: Where it is to listen; ports that are 0 are its own choice.
        connection_file: Where ``info`` stands.
        cwd: The directory to run in; None for the present one.
        independent: The kernel outlives the process that starts it.
        inherit_output: What the process writes goes where ours goes, and is not kept.
    """

    kernel_id: str
    spec: KernelSpec
    command: Sequence[str]
    env: Mapping[str, str]
    info: ConnectionInfo
    connection_file: str
    cwd: str | None = None
    independent: bool = False
    inherit_output: bool = False


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended.

    Attributes:
        code: Its exit code; negative for a signal, None where nobody knows.
        out_of_memory: The system ended it because memory was used up, as far as can be seen.
        output: The last lines that it wrote to its real stdout and stderr.
    """

    code: int | None
    out_of_memory: bool = False
    output: str = ""

    def __str__(self) -> str:
        return self.reason

    @property
    def reason(self) -> str:
        """Why it ended, in words."""
        if self.code is None:
            return "it ended"
        if self.code >= 0:
            return f"it ended with exit code {self.code}"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            name = f"signal {-self.code}"
        if self.out_of_memory:
            return f"it used up the memory, and the system killed it ({name})"
        return f"it was killed by {name}" + _HINTS.get(name, "")

    def describe(self, lines: int = 20) -> str:
        """Return the reason and the last lines of output."""
        tail = self.output.strip().splitlines()[-lines:]
        if not tail:
            return self.reason
        return "\n".join((f"{self.reason}; the last that it wrote:", *(f"    {x}" for x in tail)))


_HINTS = {
    "SIGSEGV": " (a crash in compiled code)",
    "SIGBUS": " (a crash in compiled code, or a full disk under mapped memory)",
    "SIGABRT": " (compiled code gave up)",
    "SIGKILL": " (by a person, or by the system for want of memory)",
}


@runtime_checkable
class Provisioner(Protocol):
    """Runs the process of one kernel."""

    @property
    def has_process(self) -> bool:
        """Whether there is a process that has not been waited for."""
        ...

    async def launch(self, request: LaunchRequest) -> ConnectionInfo:
        """Start the process.

        Returns:
            Where it listens, as far as is known now: ``request.info`` unless this provisioner chooses for itself.

        Raises:
            LaunchFailed: It cannot be started.
        """
        ...

    async def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        ...

    async def wait(self) -> Exit:
        """Wait until the process has ended. May be awaited by several, and again."""
        ...

    async def signal(self, signum: int) -> None:
        """Send a signal to the process and those that it started; nothing if it has ended."""
        ...

    async def terminate(self) -> None:
        """Ask the process to end."""
        ...

    async def kill(self) -> None:
        """End the process and those that it started, whatever it does."""
        ...

    async def cleanup(self, *, restart: bool) -> None:
        """Give back what the process needed; it has ended.

        Args:
            restart: It will be started again.
        """
        ...

    def resolve_path(self, path: str) -> str | None:
        """Return ``path``, as code in the kernel would write it, as an absolute path; None if there is no such file."""
        ...


@runtime_checkable
class Adoptable(Protocol):
    """What a provisioner can do besides, if its kernels may outlive the program that started them."""

    async def save(self) -> dict[str, Any]:
        """Return what another program needs to take over the process, as values of JSON.

        Raises:
            KernelError: There is no process, or it cannot be taken over.
        """
        ...

    async def adopt(self, saved: Mapping[str, Any], request: LaunchRequest) -> None:
        """Take over the process that another program has started, instead of `Provisioner.launch`.

        Args:
            saved: What `save` returned there.
            request: What would be launched.

        Raises:
            KernelDied: It has ended.
            KernelError: It cannot be taken over.
        """
        ...

    def release(self) -> None:
        """Let go of the process: it lives on, without us."""
        ...


@runtime_checkable
class Considerate(Protocol):
    """What a provisioner can do besides, if the end of its kernels takes preparation or time."""

    async def shutdown_requested(self, *, restart: bool) -> None:
        """The kernel will be asked to end.

        Args:
            restart: It will be started again.
        """
        ...

    def shutdown_timeout(self, recommended: float) -> float:
        """Return how many seconds its end may take, where ``recommended`` are usual."""
        ...


class ProvisionerFactory(Protocol):
    """What an entry point in ``nuncius.provisioners`` refers to."""

    def __call__(self, **config: Any) -> Provisioner:
        """Return a new provisioner, with the settings that the kernelspec has for it."""
        ...
