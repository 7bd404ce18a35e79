"""Find templates: folders with a conf.json that may name the template they build on.

Looked in are the folders that the options name, the user's and Jupyter's data directories, and ours. The current folder is looked in only for the very template that was asked for: a notebook that came in an archive must not bring templates for others.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.errors import TemplateError
from nuncius.protocol.paths import data_path

if TYPE_CHECKING:
    from nuncius.nbconvert.options import TemplateExporter

__all__ = ["BUILT_IN", "chain", "configuration", "template_paths"]

BUILT_IN = Path(__file__).parent.parent / "templates"


def roots(options: TemplateExporter) -> list[Path]:
    """Return the folders that hold template folders, the most important first."""
    data = [Path(folder) for folder in data_path("nbconvert", "templates")]
    # Ours come before those that an installed nbconvert has under the same names, after the user's own.
    return [*(Path(d) for d in options.extra_template_basedirs), *data[:1], BUILT_IN, *data[1:]]


def chain(name: str, options: TemplateExporter) -> list[Path]:
    """Return the folders of a template and of those it builds on.

    Raises:
        TemplateError: There is no such template, or one builds on itself.
    """
    places = roots(options)
    folders: list[Path] = []
    seen: set[str] = set()
    while name:
        if name in seen:
            raise TemplateError(f"the template {name!r} builds on itself", name)
        here = [Path.cwd()] if not seen else []
        found = [place / name for place in (*here, *places) if (place / name).is_dir()]
        if not found:
            raise TemplateError(f"there is no template {name!r}", name, [str(p) for p in places])
        seen.add(name)
        folders += found
        name = _conf(found).get("base_template") or ""
    return folders


def _conf(folders: list[Path]) -> dict[str, Any]:
    for folder in folders:
        path = folder / "conf.json"
        if path.is_file():
            try:
                conf = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise TemplateError(f"{path} is not JSON: {error}", folder.name) from None
            return conf if isinstance(conf, dict) else {}
    return {}


def configuration(folders: list[Path]) -> dict[str, Any]:
    """Return what the conf.json of the folders say together, the first having the last word."""
    merged: dict[str, Any] = {}
    for folder in reversed(folders):
        _merge(merged, _conf([folder]))
    return merged


def _merge(target: dict[str, Any], other: dict[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        elif value is None:
            target.pop(key, None)
        else:
            target[key] = value


def template_paths(options: TemplateExporter) -> list[str]:
    """Return the folders in which the files of a template are looked for."""
    folders = chain(options.template_name, options) if options.template_name else []
    places = [place for place in roots(options) if place.is_dir()]
    paths = [*(Path(p) for p in options.extra_template_paths), *folders, *places, BUILT_IN / "base"]
    return [str(path) for path in dict.fromkeys(paths)]
