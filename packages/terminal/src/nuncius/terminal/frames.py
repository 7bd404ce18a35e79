"""Let cells run in the variables of a frame: of a function that is running, or of a module.

Python compiles a cell as a module: functions, lambdas and comprehensions in it look names up in its globals only. So the mapping that stands for the frame is given as globals *and* locals, and they see the function's variables as the cell itself does.

Rule 1: the frame's own variables are read and written in the frame, at once. In a module that is every name.
Rule 2: what a cell defines beside them, in a function, exists for the shell only: a function cannot get new variables while it runs.
Rule 3: the names of the shell itself (``In``, ``_``, ``exit``...) never get into the program.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any

__all__ = ["FrameNamespace", "module_over"]

_SHELLS_OWN = re.compile(r"_{1,3}$|_i{1,3}$|_i?\d+$|_[iod]h$|In$|Out$|__builtins?__$|_exit_code$")

_MISSING: Any = object()

#: Of code whose variables are no dictionary while it runs: functions, lambdas, comprehensions.
_IN_SLOTS = 0x1  # inspect.CO_OPTIMIZED; inspect takes long to load


class FrameNamespace(dict[str, Any]):
    """The variables of a frame, as a dictionary.

    Its own items are the names that the frame cannot hold.

    Args:
        frame: The frame.
        extra: Variables that hide those of the frame.
    """

    def __init__(self, frame: FrameType, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(extra or {})
        self.look_at(frame)
        #: Names that the frame cannot hold, and that cells have set.
        self._shells: set[str] = set()
        #: Until the shell is there, every name that is set is one of the shell's.
        self.ready = False

    def look_at(self, frame: FrameType) -> None:
        """Stand for another frame from now on."""
        self._frame = frame
        self._globals = frame.f_globals
        #: Of a module or of the body of a class, whose variables are a dictionary; None for a function.
        self._open: dict[str, Any] | None = (
            None if frame.f_code.co_flags & _IN_SLOTS else frame.f_locals
        )

    def __getitem__(self, name: str) -> Any:
        """Return a variable of the shell, the function or the module.

        Raises:
            KeyError: There is none of that name.
        """
        value = super().get(name, _MISSING)
        if value is _MISSING:
            value = self._frame.f_locals.get(name, _MISSING)
        if value is _MISSING:
            value = self._globals.get(name, _MISSING)
        if value is _MISSING:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        """Set a variable: in the frame if it can hold it."""
        if not self.ready or _SHELLS_OWN.match(name) or super().__contains__(name):
            super().__setitem__(name, value)
        elif self._open is not None:
            self._open[name] = value
        elif name in self._variables:
            _set_local(self._frame, name, value)
        else:
            self._shells.add(name)
            super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        """Delete a variable.

        Raises:
            KeyError: There is none, or it belongs to a function.
        """
        if super().__contains__(name):
            super().__delitem__(name)
        elif self._open is not None and name in self._open:
            del self._open[name]
        else:
            raise KeyError(name)

    def adopt(self) -> None:
        """Move to the frame what ``global`` statements of a cell, and ``:=`` in a comprehension, have put past us."""
        for name in list(super().keys()):
            if name in self._own or name in self._shells or _SHELLS_OWN.match(name):
                continue
            if self._open is None and name in self._variables:
                _set_local(self._frame, name, super().pop(name))
            elif self._open is not None or name in self._globals:
                self._globals[name] = super().pop(name)

    def settle(self) -> None:
        """Say that the shell is there: names that are set from now on are the person's."""
        self._own = frozenset(super().keys())
        # The body of a class in a cell reads globals past us, but not builtins.
        super().__setitem__("__builtins__", _Builtins(self))
        self.ready = True

    _own: frozenset[str] = frozenset()

    @property
    def _variables(self) -> tuple[str, ...]:
        code = self._frame.f_code
        return code.co_varnames + code.co_cellvars + code.co_freevars

    def get(self, name: str, default: Any = None) -> Any:
        """Return a variable, or ``default``."""
        try:
            return self[name]
        except KeyError:
            return default

    def pop(self, name: str, *default: Any) -> Any:
        """Delete a variable and return its value."""
        value = self.get(name, _MISSING)
        if value is _MISSING:
            if default:
                return default[0]
            raise KeyError(name)
        del self[name]
        return value

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return a variable, set to ``default`` if there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, *others: Any, **names: Any) -> None:
        """Set several variables."""
        for name, value in dict(*others, **names).items():
            self[name] = value

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a variable."""
        return super().__contains__(name) or name in self._frame.f_locals or name in self._globals

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all variables that can be seen."""
        return iter(dict.fromkeys([*super().__iter__(), *self._frame.f_locals, *self._globals]))

    def __len__(self) -> int:
        """Count the variables that can be seen."""
        return sum(1 for _ in self)

    def keys(self) -> Any:
        """Return the names."""
        return list(self)

    def values(self) -> Any:
        """Return the values."""
        return [self[name] for name in self]

    def items(self) -> Any:
        """Return names and values."""
        return [(name, self[name]) for name in self]

    def copy(self) -> dict[str, Any]:
        """Return a plain dictionary of what can be seen now."""
        return dict(self.items())


class _Builtins(dict[str, Any]):
    """Python's builtins, behind the variables of a frame.

    The body of a class looks a name up in its own variables, in the bare dictionary of the globals, and then here.

    Args:
        namespace: The variables.
    """

    def __init__(self, namespace: FrameNamespace) -> None:
        # Python itself looks some of them up past us.
        super().__init__(vars(builtins))
        self._namespace = namespace

    def __getitem__(self, name: str) -> Any:
        """Return a variable of the frame, or a builtin.

        Raises:
            KeyError: There is none of that name.
        """
        value = self._namespace.get(name, _MISSING)
        return vars(builtins)[name] if value is _MISSING else value


class _Module:
    """Looks like a module whose dictionary is ours; a real one makes its own."""

    def __init__(self, namespace: FrameNamespace, name: str) -> None:
        namespace["__name__"] = name
        object.__setattr__(self, "__dict__", namespace)


def module_over(namespace: FrameNamespace, name: str) -> ModuleType:
    """Return what a kernel takes for the module in which its cells run."""
    module: Any = _Module(namespace, name)
    return module  # type: ignore[no-any-return]


def _set_local(frame: FrameType, name: str, value: Any) -> None:
    """Set a variable of a running function."""
    frame.f_locals[name] = value
    if sys.version_info < (3, 13):
        # Since 3.13 f_locals writes through (PEP 667). Before, the dictionary has to be carried back.
        import ctypes

        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
