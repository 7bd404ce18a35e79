"""Declare what the words after the kernel's own magics are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from nuncius.kernel.magics.operands import (
    COMMAND,
    CONFIG,
    EXTENSION,
    FOLDER,
    MAGIC,
    MODULE,
    NOTHING,
    PATH,
    PROGRAM,
    PYTHON,
    Asked,
    Operand,
    Operands,
    one_of,
    variables,
)

__all__ = ["FILES", "OPERANDS"]


def _any(words: str) -> Operand:
    return one_of(*words.split())


_ON_OFF = one_of("on", "off", "0", "1")
_ON_ENVIRONMENT = "clean create env info install list remove run search update"

_ON_PACKAGES = "check compile freeze install list show sync tree uninstall"


def _env(asked: Asked) -> list[str]:
    return sorted(os.environ)


def _types(asked: Asked) -> list[str]:
    user_ns = asked.shell.user_ns
    return sorted({type(user_ns[name]).__name__ for name in asked.shell.namespace.names()})


def _macros(asked: Asked) -> list[str]:
    from nuncius.kernel.macro import Macro

    items = list(asked.shell.user_ns.items())
    return sorted(name for name, value in items if isinstance(value, Macro))


def _texts(asked: Asked) -> list[str]:
    """Return the variables that hold texts, and the macros."""
    from nuncius.kernel.macro import Macro

    names, user_ns = asked.shell.namespace.names(), asked.shell.user_ns
    return [name for name in names if isinstance(user_ns[name], str | Macro)]


def _aliases(asked: Asked) -> list[str]:
    return sorted(name for name, _ in asked.shell.alias_manager.aliases)


def _tasks(asked: Asked) -> list[str]:
    running = {task.name for task in asked.shell.tasks if not task.done()}
    return sorted(running | {"all"})


def _bookmarks(asked: Asked) -> list[str]:
    from nuncius.kernel.magics.store import database

    return sorted(database(asked.shell).get("bookmarks", {}))


def _to_keep(asked: Asked) -> list[str]:
    return [*variables.give(asked), *_aliases(asked)]


def _stored(asked: Asked) -> list[str]:
    from nuncius.kernel.magics.store import STORED_ALIASES, STORED_VARIABLES, database

    store = database(asked.shell)
    return sorted({*store.under(STORED_VARIABLES), *store.get(STORED_ALIASES, {})})


def _backends(asked: Asked) -> list[str]:
    from nuncius.kernel.gui.matplotlib import backends

    return sorted({*backends, "auto"})


def _guis(asked: Asked) -> list[str]:
    from nuncius.kernel.gui.loops import GUIS

    return sorted(GUIS)


def _themes(asked: Asked) -> list[str]:
    from nuncius.kernel.themes import THEMES

    return list(THEMES)


def _modes(asked: Asked) -> tuple[str, ...]:
    from nuncius.kernel.traceback.render import MODES

    return MODES


def _wrappers(asked: Asked) -> list[str]:
    magics = asked.shell.magics_manager.registry.get("CodeWrapMagics")
    return [] if magics is None else sorted(magics.wrappers)


def _installed(asked: Asked) -> list[str]:
    """Return the names of the installed packages; the names of folders tell them without reading any."""
    names: set[str] = set()
    for folder in sys.path:
        with suppress(OSError):
            names.update(
                each.name.partition("-")[0]
                for each in Path(folder).iterdir()
                if each.suffix in (".dist-info", ".egg-info")
            )
    # pip takes both; people type what they have seen
    return sorted(names if "_" in asked.typed else {name.replace("_", "-") for name in names})


def _of_uv(asked: Asked) -> Iterable[str]:
    return _ON_PACKAGES.split() if asked.words[:1] == ("pip",) else ()


def _of_pip(asked: Asked) -> Iterable[str]:
    words = [word for word in asked.words if word != "pip"]
    return _installed(asked) if words[:1] in (["uninstall"], ["show"]) else ()


_PIP = _any(
    "cache check config debug download freeze hash help index inspect install list search show uninstall wheel"
)
_UV = _any("add cache lock pip python remove run self sync tool tree venv version")
_UV_PIP = Operand("value", _of_uv)
_CONDA = Operands((_any(_ON_ENVIRONMENT), Operand("value", _installed)))
_TO_FOLDER = Operands((FOLDER,), {"b": Operand("value", _bookmarks)})
_SORT = _any("calls cumulative file line module name nfl pcalls stdname time")
_KEPT = Operand("value", _stored)
_CHOSEN = Operands((one_of("asyncio", "trio", "curio", "sync", "on", "off"),))
_SCRIPT = Operands((COMMAND, PATH))
_BACKENDS = Operands((Operand("value", _backends), NOTHING))
_ENVIRONMENT = Operands((Operand("variable", _env), NOTHING))
_CODE = Operands((PYTHON,))
_SOURCE = Operands((Operand("source"),))

#: What follows an alias.
FILES = Operands((PATH,))
#: Name -> what follows it; of the others nothing is known, and files are offered.
OPERANDS: Mapping[str, Operands] = {
    "aimport": Operands((MODULE,)),
    "alias": Operands((Operand("magic", _aliases), COMMAND, PATH)),
    "alias_magic": Operands((NOTHING, MAGIC, NOTHING)),
    "autoawait": _CHOSEN,
    "autocall": Operands((one_of("0", "1", "2"), NOTHING)),
    "autoindent": Operands((_ON_OFF, NOTHING)),
    "automagic": Operands((_ON_OFF, NOTHING)),
    "autoreload": Operands(
        (one_of("now", "off", "explicit", "all", "complete", "0", "1", "2", "3"), NOTHING)
    ),
    "bookmark": Operands((NOTHING, FOLDER), {"d": Operand("value", _bookmarks), "l": NOTHING}),
    "cancel": Operands((Operand("value", _tasks), NOTHING)),
    "capture": Operands((variables, NOTHING)),
    "cd": _TO_FOLDER,
    "code_wrap": Operands((), {"remove": Operand("value", _wrappers)}),
    "colors": Operands((Operand("value", _themes), NOTHING)),
    "conda": _CONDA,
    "config": Operands((CONFIG,)),
    "ed": _SOURCE,
    "edit": _SOURCE,
    "env": _ENVIRONMENT,
    "gui": Operands((Operand("value", _guis), NOTHING)),
    "hist": Operands((NOTHING,)),
    "history": Operands((NOTHING,)),
    "load": Operands((Operand("program", _macros),)),
    "load_ext": Operands((EXTENSION,)),
    "loadpy": Operands((Operand("program", _macros),)),
    "logstart": Operands((PATH, one_of("append", "backup", "global", "over", "rotate"), NOTHING)),
    "macro": Operands((Operand("value", _macros), Operand("value", _macros))),
    "magic": Operands((MAGIC,)),
    "mamba": _CONDA,
    "man": Operands((COMMAND,)),
    "matplotlib": _BACKENDS,
    "micromamba": _CONDA,
    "mkdir": Operands((FOLDER,)),
    "pdb": Operands((_ON_OFF, NOTHING)),
    "pip": Operands((_PIP, Operand("path", _of_pip))),
    "pprint": Operands((_ON_OFF, NOTHING)),
    "prun": Operands((PYTHON,), values={"s": _SORT}),
    "pushd": _TO_FOLDER,
    "pylab": _BACKENDS,
    "recall": Operands((Operand("value", _texts),)),
    "reload_ext": Operands((EXTENSION,)),
    "rep": Operands((Operand("value", _texts),)),
    "rerun": Operands((NOTHING,)),
    "reset": Operands((one_of("array", "dhist", "in", "out"),)),
    "reset_selective": Operands((variables, NOTHING)),
    "rmdir": Operands((FOLDER,)),
    "run": Operands((PROGRAM, PATH), values={"s": _SORT}),
    "save": Operands((PATH, Operand("value", _macros))),
    "script": _SCRIPT,
    "set_env": _ENVIRONMENT,
    "store": Operands(
        (Operand("instance", _to_keep),), {"d": _KEPT, "r": _KEPT, "z": NOTHING, ">": PATH}
    ),
    "sx": _SCRIPT,
    "system": _SCRIPT,
    "tb": Operands((Operand("value", _modes), NOTHING)),
    "time": _CODE,
    "timeit": _CODE,
    "unalias": Operands((Operand("magic", _aliases), NOTHING)),
    "unload_ext": Operands((EXTENSION,)),
    "uv": Operands((_UV, _UV_PIP, Operand("path", _of_pip))),
    "who": Operands((Operand("class", _types),)),
    "who_ls": Operands((Operand("class", _types),)),
    "whos": Operands((Operand("class", _types),)),
    "xdel": Operands((variables, NOTHING)),
    "xmode": Operands((Operand("value", _modes), NOTHING)),
}
