"""Read configuration files and make options objects from what they and the command line say.

Files are traitlets' own kinds: Python (``c.TerminalShell.indent = 2``, with ``load_subconfig``, ``.append()`` and the like) and JSON (``{"TerminalShell": {"indent": 2}}``). traitlets is imported only when there is a file to read.

Rule 1: what comes later wins; a command line comes last.
Rule 2: an option that no class has is an error which names the nearest one and where it was written. A *class* that this program does not know is not: the file may be meant for several programs. But a class that is nearly one of ours is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from nuncius.protocol.app.options import (
    Option,
    check_value,
    describe,
    families,
    nearest,
    parse_text,
)
from nuncius.protocol.errors import OptionError
from nuncius.protocol.values import Value

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Setting", "build", "read_file", "template", "unknown"]

T = TypeVar("T")


class Setting(Value):
    """What someone said about an option.

    Attributes:
        owner: The class, as written.
        name: The option, as written.
        value: The value; text that is still to be read if ``is_text``.
        origin: Where it was said, in words.
        is_text: It comes from a command line.
        from_file: It comes from a file, which may speak to other programs as well.
    """

    owner: str
    name: str
    value: Any
    origin: str
    is_text: bool = False
    from_file: bool = False


def read_file(path: Path) -> list[Setting]:
    """Return what a configuration file says.

    Args:
        path: A ``.py`` or ``.json`` file.

    Raises:
        OptionError: It cannot be read, or is wrong; names the file and the line.
    """
    from traitlets.config.loader import Config, JSONFileConfigLoader, PyFileConfigLoader

    kind = JSONFileConfigLoader if path.suffix == ".json" else PyFileConfigLoader
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OptionError(f"cannot read the configuration {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise OptionError(
            f"cannot read the configuration {path}: it is not text in UTF-8"
        ) from error
    try:
        config = kind(path.name, path=str(path.parent)).load_config()
    except Exception as error:
        raise OptionError(f"{_where(path, error)}: {type(error).__name__}: {error}") from error
    for owner, section in config.items():
        if owner[:1].isupper() and not isinstance(section, Config):
            raise OptionError(
                f"{path}: {owner} is {section!r:.80}; expected options and their values"
            )
    lines = _lines_of_json(text) if path.suffix == ".json" else _lines_of_python(text)
    return [
        Setting(owner, name, value, _at(path, lines.get((owner, name))), from_file=True)
        for owner, section in config.items()
        if isinstance(section, Config)
        for name, value in section.items()
    ]


def build(classes: Sequence[type[T]], settings: Iterable[Setting]) -> dict[type[T], T]:
    """Make one object of each options class.

    Args:
        classes: What the program understands.
        settings: What was said, the least important first.

    Raises:
        OptionError: Someone named an option that does not exist, or a value does not fit.
    """
    settings = list(settings)
    known = {name for cls in classes for name in families(cls)}
    for setting in settings:
        _check_owner(setting, known)
    return {cls: _build_one(cls, settings) for cls in classes}


def unknown(classes: Iterable[type], settings: Iterable[Setting]) -> dict[str, dict[str, Any]]:
    """Return what was said of other classes than these: class -> option -> value."""
    known = {name for cls in classes for name in families(cls)}
    found: dict[str, dict[str, Any]] = {}
    for setting in settings:
        if setting.owner not in known:
            found.setdefault(setting.owner, {})[setting.name] = setting.value
    return found


def template(classes: Iterable[type]) -> str:
    """Return a configuration file in which every option stands with its help and its default, commented out."""
    parts = ["# Configuration of Nuncius.\n#\n# Take the # from a line to change an option.\n\nc = get_config()  # noqa: F821\n"]  # fmt: skip
    for cls in classes:
        title = f"{cls.__name__}: {_summary(cls)}"
        parts.append(f"\n# {'-' * min(len(title), 78)}\n# {title}\n# {'-' * min(len(title), 78)}\n")
        parts.extend(_template_entry(item) for item in describe(cls))
    return "".join(parts)


def _build_one(cls: type[T], settings: Sequence[Setting]) -> T:
    kin = families(cls)
    if not any(setting.owner in kin for setting in settings):
        return cls()
    declared = {item.name: item for item in describe(cls)}
    values: dict[str, Any] = {}
    typed: set[str] = set()  # what the command line has set so far
    for family in kin:
        for setting in settings:
            if setting.owner != family:
                continue
            item = declared.get(setting.name)
            if item is None:
                raise OptionError(
                    f"{setting.origin}: {setting.owner} has no option {setting.name!r}"
                    f"{nearest(setting.name, declared)}"
                )
            value = _value(setting, item, values.get(item.name, item.default))
            values[item.name] = _joined(values[item.name], value) if item.name in typed else value
            if setting.is_text:
                typed.add(item.name)
    return cls(**values)


def _value(setting: Setting, item: Option, before: Any) -> Any:
    try:
        if setting.is_text:
            return parse_text(setting.value, item.type)
        value = setting.value
        if hasattr(value, "get_value"):  # traitlets' LazyConfigValue: c.X.names.append(...)
            value = value.get_value(list(before) if isinstance(before, tuple) else before)
        return check_value(value, item.type)
    except (ValueError, TypeError) as error:
        where = setting.origin
        where = where if where.endswith(item.key) else f"{where}: {item.key}"
        raise OptionError(f"{where}: {error}") from None


def _joined(before: Any, value: Any) -> Any:
    """``--X.names=a --X.names=b`` on one command line: lists and dicts add up."""
    if isinstance(value, list | tuple):
        return before + value
    return {**before, **value} if isinstance(value, dict) else value


def _check_owner(setting: Setting, known: set[str]) -> None:
    if setting.owner in known:
        return
    hint = nearest(setting.owner, known, cutoff=0.85 if setting.from_file else 0.6)
    if hint or not setting.from_file:
        raise OptionError(f"{setting.origin}: nothing here is called {setting.owner!r}{hint}")


def _template_entry(item: Option) -> str:
    import textwrap

    help_lines = textwrap.fill(
        item.help, 78, initial_indent="# ", subsequent_indent="# ", break_long_words=False
    )
    return f"\n{help_lines}\n# c.{item.key} = {_literal(item.default)}\n"


def _literal(value: Any) -> str:
    from pathlib import Path

    return repr(str(value)) if isinstance(value, Path) else repr(value)


def _summary(cls: type) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]


def _at(path: Path, line: int | None) -> str:
    return f"{path}, line {line}" if line else str(path)


def _where(path: Path, error: Exception) -> str:
    """The file and the line in it where reading it failed."""
    import json

    if isinstance(error, SyntaxError | json.JSONDecodeError):
        return _at(path, error.lineno)
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(path):
            line = step.tb_lineno
        step = step.tb_next
    return _at(path, line)


def _lines_of_python(text: str) -> dict[tuple[str, str], int]:
    """Where ``c.Owner.name`` stands in a file; the last place, as that is the one in force."""
    import ast

    return {
        (node.value.attr, node.attr): node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and isinstance(node.value.value, ast.Name)
    }


def _lines_of_json(text: str) -> dict[tuple[str, str], int]:
    return dict(_walk_json(text))


def _walk_json(text: str) -> Iterator[tuple[tuple[str, str], int]]:
    import json

    # The shape is known to be right here: {"Owner": {"name": value}}. Search each name after its owner.
    for owner, section in json.loads(text).items():
        start = text.find(json.dumps(owner))
        for name in section if isinstance(section, dict) else ():
            found = text.find(json.dumps(name), start)
            yield (owner, name), text.count("\n", 0, found) + 1
