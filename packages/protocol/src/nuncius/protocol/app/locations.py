"""The command ``nuncius paths``: where everything is looked for, and what is there."""

from __future__ import annotations

import os
from dataclasses import dataclass

from nuncius.protocol.app.options import option
from nuncius.protocol.app.profile import shared_config_files
from nuncius.protocol.app.program import Flag, Parsed, Program

__all__ = ["command", "locations"]


@dataclass(frozen=True, kw_only=True)
class Paths:
    """How `nuncius paths` prints."""

    json: bool = option(False, help="Print JSON, for programs.")


def locations(parsed: Parsed) -> dict[str, list[str]]:
    """Return the folders and files that Nuncius uses, the first of each list winning."""
    from nuncius.protocol import paths

    files = [*shared_config_files(), *parsed.profile.config_files()]
    return {
        "nuncius": [paths.nuncius_dir()],
        "profile": [str(parsed.profile.folder)],
        "config": [str(path) for path in reversed(files)],
        "kernels": paths.data_path("kernels"),
        "runtime": [paths.runtime_dir()],
    }


def _run(parsed: Parsed) -> int:
    found = locations(parsed)
    if parsed[Paths].json:
        import json

        print(json.dumps(found, indent=2))  # noqa: T201
        return 0
    for name, entries in found.items():
        print(f"{name}:")  # noqa: T201
        for path in entries or ["(none)"]:
            missing = "" if not entries or os.path.exists(path) else "  (not there)"  # noqa: PTH110
            print(f"    {path}{missing}")  # noqa: T201
    return 0


command = Program(
    name="paths",
    summary="Print where configuration, kernels and connection files are.",
    run=_run,
    options=(Paths,),
    flags={"json": Flag("Paths.json", "true", "Print JSON, for programs.")},
)
