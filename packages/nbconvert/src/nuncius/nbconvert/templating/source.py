"""Say where templates come from, beyond what the options say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TemplateSource"]


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """What a program adds to the template system.

    Attributes:
        paths: Folders to look in, instead of those that follow from the options; empty: those.
        loaders: Jinja loaders that are asked first.
        filters: Further filters.
    """

    paths: tuple[str, ...] = ()
    loaders: tuple[Any, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.paths or self.loaders or self.filters)
