"""Constructors for value classes, compiled with this module instead of for each class: see `nuncius.protocol.values`.

Each function below makes a constructor for so many fields; what is called ``a`` to ``h`` here gets the names of the fields, as a copy of its code. So a constructor costs 5 µs to make, Python itself checks the arguments, and it runs faster than one of `dataclasses`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["MOST_FIELDS", "constructor"]

#: Sets one slot of an object.
Put = Callable[[Any, Any], None]


def constructor(
    name: str, puts: Mapping[str, Put], defaults: Mapping[str, Any], *, kw_only: bool
) -> Callable[..., None]:
    """Return the ``__init__`` of a class.

    Args:
        name: Of the class, for errors.
        puts: For each field what sets it: at least one, and at most `MOST_FIELDS`.
        defaults: Of the fields that have one: the last ones, unless ``kw_only``.
        kw_only: Take no argument without its name.
    """
    made: Any = _MAKERS[len(puts) - 1](*puts.values())
    code = made.__code__.replace(
        co_varnames=("self", *puts), co_name="__init__", co_qualname=f"{name}.__init__"
    )
    made.__qualname__ = code.co_qualname
    if kw_only:
        code = code.replace(co_argcount=1, co_kwonlyargcount=len(puts))
        made.__kwdefaults__ = dict(defaults)
    else:
        made.__defaults__ = tuple(defaults.values())
    made.__code__ = code
    return made  # type: ignore[no-any-return]


def _one(put_a: Put) -> Any:
    def init(self: Any, a: Any) -> None:
        put_a(self, a)

    return init


def _two(put_a: Put, put_b: Put) -> Any:
    def init(self: Any, a: Any, b: Any) -> None:
        put_a(self, a)
        put_b(self, b)

    return init


def _three(put_a: Put, put_b: Put, put_c: Put) -> Any:
    def init(self: Any, a: Any, b: Any, c: Any) -> None:
        put_a(self, a)
        put_b(self, b)
        put_c(self, c)

    return init


def _four(put_a: Put, put_b: Put, put_c: Put, put_d: Put) -> Any:
    def init(self: Any, a: Any, b: Any, c: Any, d: Any) -> None:
        put_a(self, a)
        put_b(self, b)
        put_c(self, c)
        put_d(self, d)

    return init


def _five(put_a: Put, put_b: Put, put_c: Put, put_d: Put, put_e: Put) -> Any:
    def init(self: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> None:
        put_a(self, a)
        put_b(self, b)
        put_c(self, c)
        put_d(self, d)
        put_e(self, e)

    return init


def _six(put_a: Put, put_b: Put, put_c: Put, put_d: Put, put_e: Put, put_f: Put) -> Any:
    def init(self: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> None:
        put_a(self, a)
        put_b(self, b)
        put_c(self, c)
        put_d(self, d)
        put_e(self, e)
        put_f(self, f)

    return init


def _seven(
    put_a: Put, put_b: Put, put_c: Put, put_d: Put, put_e: Put, put_f: Put, put_g: Put
) -> Any:
    def init(self: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any) -> None:
        put_a(self, a)
        put_b(self, b)
        put_c(self, c)
        put_d(self, d)
        put_e(self, e)
        put_f(self, f)
        put_g(self, g)

    return init


def _eight(
    put_a: Put, put_b: Put, put_c: Put, put_d: Put, put_e: Put, put_f: Put, put_g: Put, put_h: Put
) -> Any:
    def init(self: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> None:
        put_a(self, a)
        put_b(self, b)
        put_c(self, c)
        put_d(self, d)
        put_e(self, e)
        put_f(self, f)
        put_g(self, g)
        put_h(self, h)

    return init


_MAKERS: tuple[Callable[..., Any], ...] = (_one, _two, _three, _four, _five, _six, _seven, _eight)

#: More fields than these need another way.
MOST_FIELDS = len(_MAKERS)
