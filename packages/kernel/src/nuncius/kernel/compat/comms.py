"""``ipykernel.comm``: comms under the name that older widgets use."""

from __future__ import annotations

import comm
from comm.base_comm import BaseComm, CommManager

__all__ = ["BaseComm", "Comm", "CommManager"]


class _Comm(type):
    """Makes comms by `comm.create_comm`, whichever shell they belong to."""

    def __call__(cls, *args: object, **kwargs: object) -> object:
        return comm.create_comm(*args, **kwargs)

    def __dir__(cls) -> list[str]:
        return sorted({*dir(BaseComm), "comm_id", "kernel", "primary", "target_name"})

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, BaseComm)


class Comm(metaclass=_Comm):
    """A comm; see the `comm` package."""
