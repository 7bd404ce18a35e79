"""The commands ``nuncius profile`` and ``nuncius locate``."""

from __future__ import annotations

from dataclasses import dataclass

from nuncius.protocol.app.options import option
from nuncius.protocol.app.profile import Profile, create_profile, find_profile, list_profiles
from nuncius.protocol.app.program import Flag, Group, Parsed, Program

__all__ = ["locate", "option_classes", "profile"]


@dataclass(frozen=True, kw_only=True)
class Locate:
    """What `nuncius locate` prints."""

    existing: bool = option(
        False, help="Print only what exists, and fail where that is not the case."
    )


def option_classes() -> list[type]:
    """Return the options classes of everything that is installed (entry points ``nuncius.options``), by name.

    A package that cannot be imported is left out, with a warning: its options are not the concern of whoever asks.
    """
    import logging

    from nuncius.protocol.entrypoints import entry_points

    classes: dict[str, type] = {}
    for entry in entry_points("nuncius.options").values():
        try:
            found = entry.load()
        except (ImportError, AttributeError) as error:
            logging.getLogger(__name__).warning("no options of %s: %s", entry.distribution, error)
            continue
        classes[found.__name__] = found
    return [classes[name] for name in sorted(classes)]


def _create(parsed: Parsed) -> int:
    from nuncius.protocol.app.config import template

    text = template(option_classes())
    for name in parsed.arguments or ("default",):
        print(_with_folder(create_profile(name, text)))  # noqa: T201
    return 0


def _list(parsed: Parsed) -> int:
    for found in list_profiles():
        mark = "*" if found.name == parsed.profile.name else " "
        print(f"{mark} {_with_folder(found)}")  # noqa: T201
    return 0


def _locate(parsed: Parsed) -> int:
    name = parsed.arguments[0] if parsed.arguments else parsed.profile.name
    print(find_profile(name).folder)  # noqa: T201
    return 0


def _locate_home(parsed: Parsed) -> int:
    from pathlib import Path

    from nuncius.protocol.paths import nuncius_dir

    path = Path(nuncius_dir())
    if parsed[Locate].existing and not path.is_dir():
        return 1
    print(path)  # noqa: T201
    return 0


def _with_folder(found: Profile) -> str:
    return f"{found.name:<20} {found.folder}" + ("" if found.folder.is_dir() else "  (no folder)")


profile = Group(
    name="profile",
    summary="Profiles: settings, startup files and logs of their own, chosen with --profile NAME.",
    programs=(
        Program(
            name="profile create",
            summary="Make profiles, each with a configuration file that shows every option.",
            run=_create,
            arguments="[NAME...]",
            count=(0, None),
        ),
        Program(
            name="profile list",
            summary="List the profiles; a star stands before the one in use.",
            run=_list,
        ),
        Program(
            name="profile locate",
            summary="Print the folder of a profile.",
            run=_locate,
            arguments="[NAME]",
            count=(0, 1),
        ),
    ),
)

locate = Program(
    name="locate",
    summary="Print the folder of our configuration and profiles (NUNCIUS_DIR).",
    run=_locate_home,
    options=(Locate,),
    flags={"existing": Flag("Locate.existing", "true", "Fail if there is no such folder.")},
)
