"""Hold the person's variables, and the caches of what went in and came out: ``In``, ``Out``, ``_``, ``__``, ``_i1``, ``_1``.

The values of cells are kept in ``Out`` up to a limit; then the oldest fifth is dropped together with its ``_N`` names. Inputs are kept up to a limit as well, a higher one; those before it are read from the history when somebody asks for them.
"""

from __future__ import annotations

import atexit
import builtins
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Inputs", "Namespace", "OutputCache"]

_MISSING = object()
_NAMES = ("_", "__", "___")


class OutputCache:
    """Remember the values of cells under ``Out[N]``, ``_N``, ``_``, ``__`` and ``___``.

    Args:
        user_ns: Where the names are set.
        size: At most so many values; less than 3 keeps none but the last three.
    """

    def __init__(self, user_ns: dict[str, Any], size: int = 1000) -> None:
        self._user_ns = user_ns
        self.size = size
        #: ``Out``, by execution count.
        self.values: dict[int, Any] = {}
        #: What we last set ``_``, ``__`` and ``___`` to: names that the person took over are left alone.
        self._last: list[Any] = ["", "", ""]

    def store(self, number: int, value: Any) -> None:
        """Remember the ``value`` of cell ``number``."""
        if value is self.values:  # ``Out`` must not contain itself
            return
        self._rotate(value)
        if self.size < 3:
            return
        if len(self.values) >= self.size:
            self._cull()
        self.values[number] = value
        self._user_ns[f"_{number}"] = value

    def _rotate(self, value: Any) -> None:
        user_ns = self._user_ns
        # ``_`` that the person assigned (gettext's, a loop's) is theirs, as in Python's own shell
        # it is when builtins has another one.
        a, b, c = self._last
        if (
            hasattr(builtins, "_")
            or user_ns.get("_", a) is not a
            or user_ns.get("__", b) is not b
            or user_ns.get("___", c) is not c
        ):
            return
        self._last = [value, *self._last[:2]]
        user_ns["_"], user_ns["__"], user_ns["___"] = self._last

    def give_way(self) -> None:
        """Drop our ``_`` where builtins has another one: gettext's is meant."""
        if hasattr(builtins, "_") and self._user_ns.get("_", _MISSING) is self._last[0]:
            del self._user_ns["_"]

    def _cull(self) -> None:
        for number in list(self.values)[: max(self.size // 5, 2)]:
            self.forget(number)

    def forget(self, number: int) -> None:
        """Drop the value of cell ``number``."""
        value = self.values.pop(number, _MISSING)
        name = f"_{number}"
        if self._user_ns.get(name, _MISSING) is value:
            del self._user_ns[name]

    def flush(self) -> None:
        """Drop all values, and ``_``, ``__`` and ``___``."""
        for number in list(self.values):
            self.forget(number)
        for name, last in zip(_NAMES, self._last, strict=True):
            if self._user_ns.get(name, _MISSING) is last:
                self._user_ns[name] = ""
        self._last = ["", "", ""]

    def forget_last(self, value: Any) -> None:
        """Drop ``value`` from ``_``, ``__`` and ``___``."""
        for position, name in enumerate(_NAMES):
            if self._last[position] is value:
                self._last[position] = ""
                self._user_ns[name] = ""


class Inputs(list[str]):
    """``In``: the cells of this session by their numbers; only the last ones are in memory.

    Attributes:
        first: The number of the first cell that is in memory.
        recall: Returns a cell that is not, an empty text where it cannot be had.
    """

    def __init__(self) -> None:
        super().__init__([""])  # index 0 is not used, so that ``In[1]`` is the first
        self.first = 1
        self.recall: Callable[[int], str] = _nothing

    def __getitem__(self, index: Any) -> Any:
        value = super().__getitem__(index)
        if value == "":
            number = index + len(self) if index < 0 else index
            if 0 < number < self.first:
                return self.recall(number)
        return value

    def keep(self, size: int) -> None:
        """Drop all but the last ``size`` cells; the numbers stay what they are."""
        first = max(len(self) - size, self.first)
        for number in range(self.first, first):
            self[number] = ""
        self.first = first

    def __reduce__(self) -> Any:
        return list, (list(self),)


def _nothing(number: int) -> str:
    return ""


class Namespace:
    """The module that cells run in.

    Args:
        user_module: Use this module rather than a new ``__main__``.
        user_ns: Use this dictionary: the locals of the frame that a shell is embedded in.
        cache_size: Of `OutputCache`.
        input_size: So many inputs are kept in memory.
    """

    def __init__(
        self,
        user_module: ModuleType | None = None,
        user_ns: dict[str, Any] | None = None,
        cache_size: int = 1000,
        input_size: int = 10_000,
    ) -> None:
        if user_ns is not None and not hasattr(user_ns, "pop"):
            from nuncius.kernel.live import LiveVariables

            user_ns = cast("dict[str, Any]", LiveVariables(user_ns))
        if user_module is None and user_ns is not None:
            user_ns.setdefault("__name__", "__main__")
            user_module = ModuleType(
                "__main__", "The module of this session, over a given dictionary."
            )
        if user_module is None:
            user_module = ModuleType(
                "__main__", "Automatically created module for the interactive environment."
            )
            # What the person has registered by then is called before.
            atexit.register(_let_go, ref(self))
        user_module.__dict__.setdefault("__builtin__", builtins)
        user_module.__dict__.setdefault("__builtins__", builtins)
        self.user_module = user_module
        self.user_ns: dict[str, Any] = user_module.__dict__ if user_ns is None else user_ns
        self.hidden: dict[str, Any] = {}
        self.output = OutputCache(self.user_ns, cache_size)
        #: So many cells are kept in ``In``.
        self.input_size = input_size
        #: ``In``: the cells as Python.
        self.inputs = Inputs()
        #: The cells as typed.
        self.inputs_raw = Inputs()
        #: ``_dh``: the folders that were visited.
        self.directories: list[str] = []
        #: The next ``_i``, ``_ii`` and ``_iii``: the cells before the one that comes.
        self._previous: tuple[str, ...] = ("", "", "")
        #: What a fresh session holds besides the caches: get_ipython, exit…
        self._presets: dict[str, Any] = {}

    def let_go(self) -> None:
        """Drop the variables one by one, as Python does with those of ``__main__`` at its end.

        Left to the garbage collector, a file may be closed before the text that was written to it is handed over, and lose it.
        """
        names = self.user_ns
        for name in [name for name in names if name != "__builtins__"]:
            names[name] = None
        self.output.flush()

    @property
    def user_global_ns(self) -> dict[str, Any]:
        """The globals: the module's own dictionary, which differs from `user_ns` when embedded."""
        return self.user_module.__dict__

    def preset(self, names: Mapping[str, Any]) -> None:
        """Add names that are there in each fresh session, hidden from ``%who``."""
        self._presets.update(names)
        self.user_ns.update(names)
        self.hidden.update(names)

    def fill(self) -> None:
        """Set up the caches' names."""
        ns = self.user_ns
        caches = {
            "In": self.inputs,
            "_ih": self.inputs,
            "Out": self.output.values,
            "_oh": self.output.values,
            "_dh": self.directories,
            "_": "",
            "__": "",
            "___": "",
            "_i": "",
            "_ii": "",
            "_iii": "",
        }
        if not self.directories:
            import os

            try:
                self.directories.append(os.getcwd())  # noqa: PTH109 - a str, as users know it
            except OSError:  # the folder was removed meanwhile
                self.directories.append("")
        caches.update(self._presets)
        ns.update(caches)
        self.hidden.update(ns)
        self.hidden.update(caches)

    def store_input(self, number: int, source: str, raw: str) -> None:
        """Remember cell ``number`` before it runs: ``In``, ``_i``, ``_ii``, ``_iii``, and ``_iN`` for as many cells as there may be values in ``Out``."""
        missing = number - len(self.inputs)
        if missing > 0:  # the counter was moved by a frontend
            self.inputs.extend([""] * missing)
            self.inputs_raw.extend([""] * missing)
        raw = raw.rstrip("\n")
        if missing < 0:  # a cell that was announced later has begun before this one
            self.inputs[number], self.inputs_raw[number] = source.rstrip("\n"), raw
        else:
            self.inputs.append(source.rstrip("\n"))
            self.inputs_raw.append(raw)
        if number - self.inputs.first >= self.input_size:
            size = max(self.input_size, 1)
            self.inputs.keep(size)
            self.inputs_raw.keep(size)
        ns = self.user_ns
        self.output.give_way()
        ns["_i"], ns["_ii"], ns["_iii"] = self._previous
        ns[f"_i{number}"] = raw
        # as with values: ``In`` has the older ones still
        ns.pop(f"_i{number - max(self.output.size, 3)}", None)
        self._previous = (raw, *self._previous[:2])

    def forget_inputs(self) -> None:
        """Empty the inputs that are remembered; their number stays, and the counting goes on."""
        for number in range(len(self.inputs)):
            self.inputs[number] = self.inputs_raw[number] = ""
            self.user_ns.pop(f"_i{number}", None)
        self.inputs.first = self.inputs_raw.first = 1
        self._previous = ("", "", "")
        self.user_ns.update(_i="", _ii="", _iii="")

    def names(self) -> list[str]:
        """Return the names that the person made, sorted."""
        hidden = self.hidden
        return sorted(
            name
            for name, value in list(self.user_ns.items())  # other threads ask while a cell runs
            if not name.startswith("_") and hidden.get(name, _MISSING) is not value
        )

    def push(self, variables: Mapping[str, Any], interactive: bool = True) -> None:
        """Add ``variables``; hidden ones unless ``interactive``."""
        self.user_ns.update(variables)
        if interactive:
            for name in variables:
                self.hidden.pop(name, None)
        else:
            self.hidden.update(variables)

    def drop_by_id(self, variables: Mapping[str, Any]) -> None:
        """Remove ``variables``, where they still have these values."""
        for name, value in variables.items():
            if self.user_ns.get(name, _MISSING) is value:
                del self.user_ns[name]
                self.hidden.pop(name, None)

    def delete(self, name: str, by_name: bool = False) -> None:
        """Delete ``name``, and unless ``by_name`` what the caches hold of its value.

        Raises:
            ValueError: The name belongs to the shell.
            NameError: There is no such name.
        """
        if name in {"__builtin__", "__builtins__"}:
            raise ValueError(f"{name!r} belongs to Python itself; it cannot be deleted")
        namespaces = [self.user_ns]
        if self.user_global_ns is not self.user_ns:
            namespaces.append(self.user_global_ns)
        value = next((ns[name] for ns in namespaces if name in ns), _MISSING)
        if value is _MISSING:
            raise NameError(f"name {name!r} is not defined")
        for ns in namespaces:
            ns.pop(name, None)
        if by_name:
            return
        for ns in namespaces:
            for other in [n for n, v in ns.items() if v is value]:
                del ns[other]
        self._forget_value(value)

    def _forget_value(self, value: Any) -> None:
        output = self.output
        for number in [n for n, v in output.values.items() if v is value]:
            output.forget(number)
        output.forget_last(value)

    def reset(self, keep: Callable[[str], bool] | None = None) -> None:
        """Remove all variables, and empty the caches.

        Args:
            keep: Tells which names stay.
        """
        self.output.flush()
        for inputs in (self.inputs, self.inputs_raw):
            del inputs[1:]
            inputs.first = 1
        self._previous = ("", "", "")
        for ns in (self.user_ns, self.user_global_ns):
            for name in list(ns):
                if name in {"__builtin__", "__builtins__", "__name__", "__doc__", "__spec__"}:
                    continue
                if keep is None or not keep(name):
                    del ns[name]
        self.hidden.clear()
        self.fill()


def _let_go(namespace: ref[Namespace]) -> None:
    if (found := namespace()) is not None:
        found.let_go()
