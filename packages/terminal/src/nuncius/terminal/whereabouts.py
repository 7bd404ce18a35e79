"""Ask a Python kernel where its cell is at this moment, while it runs: Ctrl-Backslash in a console.

A subshell answers: a thread of the kernel that runs code beside the cell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import KernelError
from nuncius.protocol.messages import Channel

if TYPE_CHECKING:
    from nuncius.protocol.client.aio import AsyncClient

__all__ = ["whereabouts"]

#: Seconds that the kernel has to answer.
_PATIENT = 2.0

#: Prints the frames from the cell inwards, without those of the kernel that runs it.
_CODE = """exec('''
import sys, threading, traceback
frame = sys._current_frames().get(threading.main_thread().ident)
frames = []
while frame and not frame.f_globals.get("__name__", "").startswith(("nuncius.", "ipykernel", "IPython")):
    frames.insert(0, (frame, frame.f_lineno))
    frame = frame.f_back
if any(frame.f_globals.get("__name__") == "__main__" for frame, _ in frames):
    print("The cell is here (most recent call last):")
    print("".join(traceback.StackSummary.extract(frames[-12:]).format()), end="", flush=True)
else:
    print("No line of a cell runs at this moment.", flush=True)
''', {})"""


async def whereabouts(
    client: AsyncClient, info: Mapping[str, Any], tell: Callable[[str], None]
) -> None:
    """Tell where the kernel's main thread is, or that the kernel does not say.

    Args:
        client: The connection.
        info: The content of ``kernel_info_reply``.
        tell: Takes the text.
    """
    language = info.get("language_info", {}).get("name")
    if language != "python" or "kernel subshells" not in info.get("supported_features", ()):
        tell("This kernel does not tell where it is.")
        return
    try:
        async with asyncio.timeout(_PATIENT):
            tell(await _ask(client))
    except (TimeoutError, KernelError):
        tell("The kernel does not answer.")


async def _ask(client: AsyncClient) -> str:
    made = await client.request("create_subshell_request", channel=Channel.CONTROL)
    subshell = str(made.content.get("subshell_id", ""))
    said: list[str] = []
    try:
        await client.execute(
            _CODE,
            silent=True,
            collect=False,
            subshell_id=subshell,
            on_output=lambda message: said.append(str(message.content.get("text", ""))),
        )
    finally:
        await client.request(
            "delete_subshell_request", {"subshell_id": subshell}, channel=Channel.CONTROL
        )
    return "".join(said).rstrip()
