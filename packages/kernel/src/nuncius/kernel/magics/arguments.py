"""Declare the arguments of magics with `argparse`: ``@magic_arguments()``, ``@argument(...)``, ``parse_argstring``.

::

    @magic_arguments()
    @argument("-n", type=int, default=1, help="Say it so many times.")
    @argument("who", nargs="*")
    @line_magic
    def greet(self, line):
        args = parse_argstring(self.greet, line)
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, NoReturn

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import split_words

__all__ = [
    "ArgDecorator",
    "ArgMethodWrapper",
    "MagicArgumentParser",
    "MagicHelpFormatter",
    "argument",
    "argument_group",
    "construct_parser",
    "defaults",
    "kwds",
    "magic_arguments",
    "parse_argstring",
    "real_name",
]

_NAME = re.compile(r"^(?:do_|magic_)(.*)$")


class MagicHelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Shows the usage of a magic as code, so that it can stand in a docstring."""

    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = "::\n\n  %"
    ) -> None:
        """Begin with the line that calls the magic."""
        super().add_usage(usage, actions, groups, prefix)


class MagicArgumentParser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process."""

    def __init__(
        self,
        prog: str | None = None,
        usage: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
        parents: Any = (),
        formatter_class: Any = MagicHelpFormatter,
        prefix_chars: str = "-",
        argument_default: Any = None,
        conflict_handler: str = "error",
        add_help: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            parents=list(parents),
            formatter_class=formatter_class,
            prefix_chars=prefix_chars,
            argument_default=argument_default,
            conflict_handler=conflict_handler,
            add_help=add_help,
            **kwargs,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong.

        Raises:
            UsageError: Always.
        """
        raise UsageError(message)

    def parse_argstring(self, argstring: str, *, partial: bool = False) -> Any:
        """Parse a line; with ``partial``, what is not known comes back as a list beside the rest."""
        words = split_words(argstring)
        return self.parse_known_args(words) if partial else self.parse_args(words)


def real_name(magic_func: Callable[..., Any]) -> str:
    """Return the name that a magic is called by."""
    name: str = getattr(magic_func, "argcmd_name", None) or magic_func.__name__
    match = _NAME.match(name)
    return match.group(1) if match else name


def construct_parser(magic_func: Any) -> MagicArgumentParser:
    """Return the parser that the decorators of a magic describe."""
    kwargs = dict(getattr(magic_func, "argcmd_kwds", {}))
    if kwargs.get("description") is None:
        import inspect

        kwargs["description"] = inspect.getdoc(magic_func)
    parser = MagicArgumentParser(prog=real_name(magic_func), **kwargs)
    group: Any = None
    # decorators are applied from the bottom up
    for decorator in reversed(magic_func.decorators):
        added = decorator.add_to_parser(parser, group)
        if added is not None:
            group = added
    text = parser.format_help()
    # in the usage of argparse, the words of a synopsis wrap; a docstring has them on lines of their own
    magic_func.__doc__ = text
    return parser


def parse_argstring(magic_func: Any, argstring: str, *, partial: bool = False) -> Any:
    """Return the arguments of a magic's line.

    Args:
        magic_func: A function decorated with `magic_arguments`.
        argstring: What follows its name.
        partial: Return what is not known as a list, too.

    Raises:
        UsageError: The line does not fit.
    """
    return magic_func.parser.parse_argstring(argstring, partial=partial)


class ArgDecorator:
    """The base of decorators that add something to the parser of a magic."""

    def __call__(self, func: Any) -> Any:
        """Note the decorator on the function."""
        self.prepare(func)
        func.decorators.append(self)
        return func

    def prepare(self, func: Any) -> None:
        """Have the function ready for decorators."""
        if not getattr(func, "has_arguments", False):
            func.has_arguments = True
            func.decorators = []

    def add_to_parser(self, parser: Any, group: Any) -> Any:
        """Add to the parser, or to the group; may return a new group for what follows."""
        return None


class magic_arguments(ArgDecorator):  # noqa: N801 - the name that people use
    """Mark a magic as one that parses its arguments; the topmost decorator.

    Args:
        name: What it is called in its help, if not as the function.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def __call__(self, func: Any) -> Any:
        """Make the parser, and write the docstring from it."""
        self.prepare(func)  # libraries look for arguments in ``decorators``: this is none
        if self.name is not None:
            func.argcmd_name = self.name
        func.parser = construct_parser(func)
        return func


class ArgMethodWrapper(ArgDecorator):
    """Calls a method of the parser with the decorator's arguments."""

    _method_name = ""

    def __init__(self, *args: Any, **kwds: Any) -> None:
        self.args = args
        self.kwds = kwds

    def add_to_parser(self, parser: Any, group: Any) -> Any:
        """Call the method."""
        getattr(parser if group is None else group, self._method_name)(*self.args, **self.kwds)
        return None


class argument(ArgMethodWrapper):  # noqa: N801 - the name that people use
    """Add an argument, as `argparse.ArgumentParser.add_argument` does."""

    _method_name = "add_argument"


class defaults(ArgMethodWrapper):  # noqa: N801 - the name that people use
    """Set defaults, as `argparse.ArgumentParser.set_defaults` does."""

    _method_name = "set_defaults"


class argument_group(ArgMethodWrapper):  # noqa: N801 - the name that people use
    """Begin a group of arguments: those below it, up to the next one."""

    def add_to_parser(self, parser: Any, group: Any) -> Any:
        """Add the group."""
        return parser.add_argument_group(*self.args, **self.kwds)


class kwds(ArgDecorator):  # noqa: N801 - the name that people use
    """Give keyword arguments to the parser itself."""

    def __init__(self, **kwds: Any) -> None:
        self.kwds = kwds

    def __call__(self, func: Any) -> Any:
        """Note them on the function."""
        func = super().__call__(func)
        func.argcmd_kwds = self.kwds
        return func
