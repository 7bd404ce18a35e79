"""Load what a dotted path leads to: preprocessors, filters, writers and exporters from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.errors import FilterError

if TYPE_CHECKING:
    from traitlets.config import Config

__all__ = ["config_of", "load", "make_preprocessor"]


def load(path: str) -> Any:
    """Return what a dotted path leads to; nbconvert's own paths lead to ours.

    Raises:
        FilterError: There is no such thing.
    """
    module, dot, name = path.rpartition(".")
    if not dot:
        raise FilterError(f"{path!r} is no dotted path like package.module.name")
    if module == "nbconvert" or module.startswith("nbconvert."):
        module = "nuncius.nbconvert." + ([*module.split("."), "api"])[1]
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise FilterError(f"{path!r} cannot be loaded: {error}") from error


def make_preprocessor(item: Any, parent: Any, enabled: bool = False) -> Callable[..., Any]:
    """Return what runs for a preprocessor: a function, an instance, a class or a dotted path.

    Raises:
        FilterError: It is none of these.
    """
    if isinstance(item, str):
        item = load(item)
        enabled = True
    if isinstance(item, type):
        made: Any = item(parent=parent) if _takes_parent(item) else item()
        if enabled and hasattr(made, "enabled"):
            made.enabled = True
        return made  # type: ignore[no-any-return]
    if not callable(item):
        raise FilterError(f"{item!r} is no preprocessor: expected a function, a class, an instance or a dotted path")  # fmt: skip
    if enabled and hasattr(item, "enabled"):
        item.enabled = True
    run: Callable[..., Any] = item
    return run


def _takes_parent(cls: type) -> bool:
    """Tell whether a class is configured through traitlets."""
    return any(base.__module__.startswith("traitlets.") for base in cls.__mro__)


def config_of(settings: Any) -> Config:
    """Return settings as a traitlets configuration, for classes from elsewhere."""
    from traitlets.config.loader import Config, DeferredConfigString

    config = Config()
    for setting in settings:
        value = DeferredConfigString(setting.value) if setting.is_text else setting.value
        config[setting.owner][setting.name] = value
    return config
