"""Start the kernel that a notebook is run in, and end it afterwards: a process, or one in this process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import NoSuchKernel, NunciusError

if TYPE_CHECKING:
    from nuncius.protocol.client.aio import AsyncClient
    from nuncius.protocol.kernelspec import KernelSpec, KernelSpecs
    from nuncius.protocol.manager.manager import KernelManager
    from nuncius.protocol.manager.pool import KernelPool
    from nuncius.protocol.messages import Message

__all__ = ["KernelChoice", "LiveKernel", "end_kept", "kernel_for", "new_pool", "running"]

#: What notebooks that name no kernel are run in.
DEFAULT_KERNEL = "python3"


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelChoice:
    """Which kernel, and how it is started.

    Attributes:
        name: Of the kernelspec; of an in-process kernel with ``in_process``.
        cwd: The directory that it runs in.
        env: Further variables of its environment.
        extra_arguments: Appended to its command.
        startup_timeout: Seconds for its first answer.
        shutdown_now: Kill it at the end; by default it is asked, so that ``atexit`` functions run.
        in_process: Run it in this process.
        history_file: Where an IPython kernel keeps its history.
        keep: It can outlive this process: `LiveKernel.keep`.
    """

    name: str = DEFAULT_KERNEL
    cwd: str | None = None
    env: Mapping[str, str] | None = None
    extra_arguments: Sequence[str] = ()
    startup_timeout: float = 60.0
    shutdown_now: bool = False
    in_process: bool = False
    history_file: str = ":memory:"
    keep: bool = False


@dataclass(frozen=True, slots=True)
class LiveKernel:
    """A kernel that runs.

    Attributes:
        client: Talks to it; it is open.
        interrupt: Interrupts it.
        kill: Ends it at once.
        info: The content of its ``kernel_info_reply``.
        spec: What stands in a notebook's metadata as its kernelspec.
        adopted: It was there before.
        save: Returns what another process needs to take it over; None if it cannot be kept.
        keep: Do not end it afterwards.
    """

    client: AsyncClient
    interrupt: Callable[[], Awaitable[object]]
    kill: Callable[[], Awaitable[object]]
    info: Mapping[str, Any]
    spec: Mapping[str, str]
    adopted: bool = False
    save: Callable[[], Awaitable[dict[str, Any]]] | None = None
    keep: Callable[[], None] = lambda: None


def new_pool() -> KernelPool:
    """Return where the kernels of a run are kept; use it as an async context manager."""
    from nuncius.protocol.core.lifecycle import RestartPolicy
    from nuncius.protocol.manager.manager import ManagerOptions
    from nuncius.protocol.manager.pool import KernelPool

    # A kernel that was started again would lack what the cells before made.
    return KernelPool(ManagerOptions(restart=RestartPolicy(enabled=False)))


@contextlib.asynccontextmanager
async def running(
    choice: KernelChoice, pool: KernelPool, saved: Mapping[str, Any] | None = None
) -> AsyncIterator[LiveKernel]:
    """Start a kernel; end it afterwards.

    Args:
        choice: Which.
        pool: Starts it.
        saved: Take over this one instead, if it lives.

    Raises:
        NoSuchKernel: There is none of this name.
        LaunchFailed: It cannot be started.
        KernelTimeout: It does not answer in time.
    """
    if choice.in_process:
        async with _in_process(choice) as kernel:
            yield kernel
        return
    spec = _spec(choice.name, pool)
    found = None if saved is None else await _adopted(saved, choice, pool)
    manager = found or await _started(spec, choice, pool)
    kept = False

    def keep() -> None:
        nonlocal kept
        kept = True

    try:
        async with manager.client(heartbeat_interval=None) as client:
            reply = await _ready(client, manager, choice)

            async def kill() -> None:
                await manager.shutdown(now=True)
                client.kernel_died("the kernel was killed")

            yield LiveKernel(
                client,
                manager.interrupt,
                kill,
                reply.content,
                {"display_name": spec.display_name, "language": spec.language, "name": spec.name},
                found is not None,
                manager.save if choice.keep else None,
                keep,
            )
    finally:
        if kept:
            await pool.detach(manager.kernel_id)
        else:
            await pool.shutdown(manager.kernel_id, now=choice.shutdown_now)


async def end_kept(saved: Mapping[str, Any], pool: KernelPool) -> None:
    """End a kernel that was kept, if it lives."""
    choice = KernelChoice(name=str(saved.get("kernel_name")), keep=True)
    manager = await _adopted(saved, choice, pool)
    if manager is not None:
        await pool.shutdown(manager.kernel_id, now=True)


async def _started(spec: KernelSpec, choice: KernelChoice, pool: KernelPool) -> KernelManager:
    return await pool.start(
        spec,
        options=replace(
            pool.options, start_timeout=choice.startup_timeout, independent=choice.keep
        ),
        cwd=choice.cwd,
        env=_environment(choice.env),
        extra_arguments=arguments_for(spec, choice),
    )


async def _adopted(
    saved: Mapping[str, Any], choice: KernelChoice, pool: KernelPool
) -> KernelManager | None:
    """Take over a kernel; None if it has ended, or is of another kernelspec."""
    if saved.get("kernel_name") != choice.name:
        return None
    try:
        return await pool.adopt(saved, options=replace(pool.options, independent=choice.keep))
    except (NunciusError, OSError, ValueError, TypeError, KeyError):
        return None


async def _ready(client: AsyncClient, manager: KernelManager, choice: KernelChoice) -> Message:
    if manager.kernel_info is None:
        # The cell still runs that was cut off.
        await manager.interrupt()
    return await client.wait_until_ready(choice.startup_timeout)


def kernel_for(language: str, specs: KernelSpecs | None = None) -> str:
    """Return the name of a kernel for the language of a notebook that names none; Python's if nobody knows the language.

    Raises:
        NoSuchKernel: None is installed for it.
    """
    from nuncius.protocol.kernelspec import KernelSpec, KernelSpecs

    if language.lower() in ("", "python", "ipython"):
        return DEFAULT_KERNEL
    found = (specs or KernelSpecs()).all()
    for name, spec in found.items():
        if isinstance(spec, KernelSpec) and spec.language.lower() == language.lower():
            return name
    raise NoSuchKernel(language, sorted(found), f"the notebook names none, and none is for {language}; choose one with --kernel")  # fmt: skip


def _spec(name: str, pool: KernelPool) -> KernelSpec:
    from nuncius.protocol.kernelspec import KernelSpecs

    try:
        return (pool.specs or KernelSpecs()).get(name)
    except NoSuchKernel as error:
        raise NoSuchKernel(name, error.available, "choose one with --kernel") from None


def arguments_for(spec: KernelSpec, choice: KernelChoice) -> list[str]:
    """Return what is appended to the kernel's command: a run should not write into the history of its user."""
    arguments = list(choice.extra_arguments)
    words = ("--HistoryManager.hist_file", "--ShellOptions.history", "--no-history")
    if not choice.history_file or any(word.startswith(words) for word in arguments):
        return arguments
    if "ipykernel_launcher" in spec.argv or "ipykernel" in spec.argv:
        arguments.append(f"--HistoryManager.hist_file={choice.history_file}")
    elif "nuncius.kernel" in spec.argv and choice.history_file == ":memory:":
        arguments.append("--no-history")
    return arguments


def _environment(extra: Mapping[str, str] | None) -> dict[str, str] | None:
    import os

    return {**os.environ, **extra} if extra else None


@contextlib.asynccontextmanager
async def _in_process(choice: KernelChoice) -> AsyncIterator[LiveKernel]:
    from nuncius.protocol.client.aio import AsyncClient
    from nuncius.protocol.serving.host import ThreadHost, find_kernel
    from nuncius.protocol.transport.memory import MemoryTransport

    name = "python" if choice.name in (DEFAULT_KERNEL, "nuncius-python") else choice.name
    host = ThreadHost(find_kernel(name)())

    async def interrupt() -> None:
        host.interrupt()

    try:
        with contextlib.chdir(choice.cwd or "."):
            async with AsyncClient(MemoryTransport(host), heartbeat_interval=None) as client:
                reply = await client.wait_until_ready(choice.startup_timeout)

                async def kill() -> None:
                    client.kernel_died("the kernel was left to itself")

                yield LiveKernel(client, interrupt, kill, reply.content, {})
    finally:
        host.close()
