"""Change single lines that mean something only because of what is defined: ``cd ..``, ``exit``, ``f 1``, a macro's name.

This is the part of the input language that depends on the namespace. The other part, which depends on the text alone, is `nuncius.protocol.text.inputs`.
"""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING, Any

from nuncius.kernel.macro import Macro

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Autocall", "ExitAutocall", "Prefilter"]

_LINE = re.compile(r"^(\s*)([^\W\d][\w.]*)(.*)$", re.DOTALL)
_OPERATOR = re.compile(r"^\s*([=!<>*/%^&|()+\-,:@]|\.(?!\d)|(is|not|in|and|or|if|for)\b)")


class Autocall:
    """An object that is called when its name is typed alone.

    Attributes:
        rewrite: Show the call that it becomes.
    """

    rewrite = True

    def __init__(self, ip: Any = None) -> None:
        self._ip = ip

    def set_ip(self, ip: Any) -> None:
        """Tell the object which shell it is typed in."""
        self._ip = ip


class ExitAutocall(Autocall):
    """Ends the session: ``exit`` and ``quit``."""

    rewrite = False

    def __call__(self, keep_kernel: bool = False) -> None:
        """Ask the frontend to end the session.

        Args:
            keep_kernel: Let the kernel run on.
        """
        self._ip.keepkernel_on_exit = keep_kernel
        self._ip.ask_exit()

    def __repr__(self) -> str:
        return "<type exit to leave; exit(True) leaves the kernel running>"


class Prefilter:
    """Change single lines.

    Args:
        names: Tells what is defined: the namespace.
        has_magic: Tells whether there is a line magic of a name.
        shell: Given to `Autocall` objects.

    Attributes:
        automagic: Run magics without their percent sign.
        autocall: 0: never call by itself; 1: when arguments follow; 2: always.
        rewritten: The call that the last line became by itself, to be shown; empty if it did not.
    """

    def __init__(
        self, names: Mapping[str, Any], has_magic: Callable[[str], bool], shell: Any = None
    ) -> None:
        self._names = names
        self._has_magic = has_magic
        self._shell = shell
        self.automagic = True
        self.autocall = 0
        self.rewritten = ""

    def line(self, line: str) -> str:
        """Return ``line`` as it is meant."""
        self.rewritten = ""
        match = _LINE.match(line)
        if match is None:
            return line
        indent, name, rest = match.groups()
        if rest[:1] == "(" or keyword.iskeyword(name):
            return line
        arguments = rest.strip()
        value = self._names.get(name)
        if value is not None:
            if isinstance(value, Macro):
                return (
                    indent + f"\n{indent}".join(value.value.splitlines()) if not arguments else line
                )
            if isinstance(value, Autocall):
                value.set_ip(self._shell)
                if not arguments:
                    return self._called(indent, name, "", show=value.rewrite)
                if not _OPERATOR.match(rest) and arguments[:1] != "[":
                    return self._called(indent, name, arguments, show=value.rewrite)
                return line
        if self.automagic and self._is_magic(name, rest):
            return f"{indent}get_ipython().run_line_magic({name!r}, {arguments!r})"
        if self.autocall and not _OPERATOR.match(rest):
            return self._call(line, indent, name, arguments)
        return line

    def _is_magic(self, name: str, rest: str) -> bool:
        if not self._has_magic(name):
            return False
        if rest.lstrip()[:1] in ("=", ",") and not rest.lstrip().startswith("=="):
            return False
        return not self._shadowed(name.partition(".")[0])

    def _shadowed(self, name: str) -> bool:
        return name in self._names or hasattr(builtins, name)

    def _call(self, line: str, indent: str, name: str, arguments: str) -> str:
        if not arguments and self.autocall < 2:
            return line
        try:
            value = eval(name, dict(self._names))
        except Exception:  # noqa: BLE001 - no such name
            return line
        if not callable(value) or (arguments[:1] == "[" and _has_items(value)):
            return line
        return self._called(indent, name, arguments, show=True)

    def _called(self, indent: str, name: str, arguments: str, *, show: bool) -> str:
        """Return the call of what is named; a semicolon at the end stays at the end."""
        bare = arguments.rstrip("; ")
        call = f"{name}({bare}){arguments[len(bare) :].replace(' ', '')}"
        self.rewritten = call if show else ""
        return indent + call


def _has_items(value: Any) -> bool:
    return hasattr(value, "__getitem__") or hasattr(value, "__class_getitem__")
