"""Make traits from declared options, so that everything that can be configured is declared once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Enum, Int, List, TraitType, Unicode
from traitlets.config import Config

from nuncius.nbconvert.loading import config_of
from nuncius.protocol.app.config import Setting
from nuncius.protocol.app.options import Option, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["config_of", "gather", "settings_of", "traits_of"]

T = TypeVar("T")


def traits_of(cls: type) -> dict[str, TraitType[Any, Any]]:
    """Return a trait for each option that a class itself declares."""
    own = cls.__annotations__
    return {item.name: _trait(item) for item in describe(cls) if item.name in own}


def _trait(item: Option) -> TraitType[Any, Any]:
    kind: Any = item.type
    arguments = get_args(kind)
    optional = type(None) in arguments
    if optional:
        kind = next((a for a in arguments if a is not type(None)), Any)
    origin = get_origin(kind) or kind
    settings: dict[str, Any] = {"help": item.help, "allow_none": optional}
    if origin is Literal:
        made: TraitType[Any, Any] = Enum(list(get_args(kind)), item.default, **settings)
    elif origin in (list, dict):
        made = (List if origin is list else Dict)(default_value=item.default, **settings)
    elif origin in (bool, int, str):
        made = {bool: Bool, int: Int, str: Unicode}[origin](item.default, **settings)
    else:
        made = AnyTrait(item.default, help=item.help)
    return made.tag(config=True)


def gather(cls: type[T], owner: Any) -> T:
    """Return an options object with the values that the traits of ``owner`` have."""
    values = {}
    for name in _names(cls):  # type: ignore[arg-type]  # a class has a hash
        if owner.has_trait(name):
            value = getattr(owner, name)
            values[name] = list(value) if isinstance(value, (list, tuple)) else value
    return cls(**values)


@lru_cache(maxsize=64)
def _names(cls: type) -> tuple[str, ...]:
    return tuple(item.name for item in describe(cls))


def settings_of(config: Config) -> list[Setting]:
    """Return what a traitlets configuration says."""
    return list(_settings(config))


def _settings(config: Config) -> Iterator[Setting]:
    for owner, section in config.items():
        if isinstance(section, Config):
            for name, value in section.items():
                yield Setting(owner, name, value, f"the configuration of {owner}", from_file=True)
