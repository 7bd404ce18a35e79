"""Answer questions about the command itself: its options, its configuration, its version."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nuncius.nbconvert import options
from nuncius.nbconvert.cli.arguments import HELP, Arguments
from nuncius.nbconvert.cli.configuration import config_dir
from nuncius.protocol.app.config import Setting, template
from nuncius.protocol.app.options import describe, type_name

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["generate", "help_all", "show", "version"]


def version() -> str:
    """Return the version."""
    from importlib.metadata import version as installed

    return installed("nuncius-nbconvert") + "\n"


def help_all() -> str:
    """Return every option with its type and default."""
    parts = [HELP, "\nall options\n"]
    for cls in options.all_classes():
        own = [item for item in describe(cls) if item.name in cls.__annotations__]
        if own:
            parts.append(f"\n{cls.__name__}: {(cls.__doc__ or '').strip()}\n")
        parts += [
            f"  --{item.key}=... {type_name(item.type)}; default {item.default!r}\n      {item.help}\n"
            for item in own
        ]
    return "".join(parts)


def generate(arguments: Arguments) -> str:
    """Write a configuration file with every option commented out; return what was done."""
    path = Path(config_dir(), "jupyter_nbconvert_config.py")
    yes = any(setting.name == "answer_yes" for setting in arguments.settings)
    if path.exists() and not yes:
        sys.stderr.write(f"{path} exists; delete it first, or add -y\n")
        raise SystemExit(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(template(options.all_classes()), encoding="utf-8")
    return f"wrote {path}\n"


def show(settings: Sequence[Setting], as_json: bool) -> str:
    """Return what was configured."""
    tree: dict[str, dict[str, object]] = {}
    for setting in settings:
        tree.setdefault(setting.owner, {})[setting.name] = setting.value
    if as_json:
        return json.dumps(tree, indent=2, default=str) + "\n"
    return "".join(f"{owner}\n" + "".join(f"  .{n} = {v!r}\n" for n, v in section.items()) for owner, section in tree.items())  # fmt: skip
