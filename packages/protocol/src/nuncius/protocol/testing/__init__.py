"""Public helpers for tests of kernels and frontends: small kernels, recorded conversations, and a conformance suite.

* `EchoKernel` and `ScriptedKernel`: kernels whose behavior a test can foresee.
* `Recording`, `RecordingChannels`, `ReplayChannels`: keep a conversation with a real kernel, and play it again without one.
* `nuncius.protocol.testing.conformance`: test whether a kernel, in whatever language, keeps to the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.protocol.testing.echo import EchoKernel
    from nuncius.protocol.testing.recording import (
        Recording,
        RecordingChannels,
        ReplayChannels,
    )
    from nuncius.protocol.testing.scripted import ScriptedKernel

__all__ = ["EchoKernel", "Recording", "RecordingChannels", "ReplayChannels", "ScriptedKernel"]

_HOMES = {
    "EchoKernel": "echo",
    "Recording": "recording",
    "RecordingChannels": "recording",
    "ReplayChannels": "recording",
    "ScriptedKernel": "scripted",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"nuncius.protocol.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
