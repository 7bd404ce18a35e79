"""End a kernel's process: ask by message, then by SIGTERM, then end it by SIGKILL."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Any

from nuncius.protocol.manager.provisioner import Considerate

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from nuncius.protocol.manager.provisioner import Exit, Provisioner

__all__ = ["end", "kill"]

_log = logging.getLogger(__name__)


async def end(
    provisioner: Provisioner,
    request: Coroutine[Any, Any, object],
    timeout: float,
    *,
    interrupt: bool,
    restart: bool = False,
) -> Exit:
    """End the process in good order, if it can be.

    Args:
        provisioner: Runs it.
        request: Asks the kernel to end, and waits for the answer.
        timeout: Seconds until it is killed; at half of that it gets SIGTERM.
        interrupt: It may be busy, and reads the request only when the cell has ended: send SIGINT first.
        restart: It will be started again.

    Returns:
        How it ended.
    """
    asking = asyncio.ensure_future(request)
    try:
        if isinstance(provisioner, Considerate):
            await provisioner.shutdown_requested(restart=restart)
            timeout = provisioner.shutdown_timeout(timeout)
        if interrupt:
            await provisioner.signal(signal.SIGINT)
        if (ended := await _ended(provisioner, timeout / 2)) is not None:
            return ended
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    _log.info("%r did not end when asked; it is terminated", provisioner)
    await provisioner.terminate()
    if (ended := await _ended(provisioner, timeout / 2)) is not None:
        return ended
    _log.warning("%r did not end by SIGTERM; it is killed", provisioner)
    return await kill(provisioner)


async def kill(provisioner: Provisioner) -> Exit:
    """End the process at once, and return how it ended."""
    await provisioner.kill()
    return await provisioner.wait()


async def _ended(provisioner: Provisioner, timeout: float) -> Exit | None:
    """Wait for the end of the process; None if it takes longer."""
    try:
        async with asyncio.timeout(timeout):
            return await provisioner.wait()
    except TimeoutError:
        return None
