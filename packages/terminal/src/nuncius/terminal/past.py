"""The command ``nuncius history``: search, export, trim and clear what was typed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nuncius.protocol.app.options import option
from nuncius.protocol.app.program import Alias, Flag, Group, Parsed, Program, ProgramOptions

if TYPE_CHECKING:
    from nuncius.terminal.inprocess import InProcessLink

__all__ = ["exported", "history"]

#: Session, number and source of an input, as ``history_reply`` has them.
Entry = Sequence[Any]

#: More inputs than anybody types.
_ALL = 10_000_000


@dataclass(frozen=True, kw_only=True)
class PastOptions:
    """What `nuncius history` does."""

    limit: int = option(50, help="Print at most so many inputs; 0 prints all.")
    keep: int = option(10_000, help="Keep so many inputs when trimming.")
    sure: bool = option(False, help="Do not ask before everything is removed.")
    session: int | None = option(
        None, help="Export this session: its number, or -1 for the last one, -2 for the one before."
    )
    format: Literal["script", "notebook", "cast"] = option(
        "script",
        help="What is exported: a script, a notebook, or a recording for asciinema players.",
    )


def exported(entries: Iterable[Entry], form: str, session: int | None = None) -> str:
    """Return inputs as a script, a notebook or a recording.

    Args:
        entries: The inputs, oldest first; each with the text of its value, if that is known.
        form: ``script``, ``notebook`` or ``cast``.
        session: Only those of this session; negative ones count from the last.
    """
    chosen = list(entries)
    sessions = sorted({entry[0] for entry in chosen})
    if session is not None:
        wanted = sessions[session] if session < 0 and -session <= len(sessions) else session
        chosen = [entry for entry in chosen if entry[0] == wanted]
    both = [_both(entry[2]) for entry in chosen]
    if form == "cast":
        from nuncius.terminal.cast import cast

        return cast(both)
    sources = [source for source, _ in both]
    if form == "script":
        return "".join(f"{source}\n\n" for source in sources).rstrip("\n") + "\n"
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{place}",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for place, source in enumerate(sources, 1)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1) + "\n"


def _both(entry: Any) -> tuple[str, str]:
    source, value = (entry, None) if isinstance(entry, str) else entry
    return str(source).rstrip(), str(value or "")


def _link(parsed: Parsed) -> InProcessLink:
    from nuncius.terminal.inprocess import InProcessLink

    profile = parsed[ProgramOptions].profile
    arguments = ["--no-startup", *([f"--profile={profile}"] if profile else [])]
    return InProcessLink(arguments=arguments)


def _entries(parsed: Parsed, most: int, *, output: bool = False) -> Sequence[Entry]:
    link = _link(parsed)
    try:
        pattern = "*".join(["", *parsed.arguments, ""]) if parsed.arguments else "*"
        return link.search(pattern, most or _ALL, output=output)
    finally:
        link.close()


def _search(parsed: Parsed) -> int:
    found = _entries(parsed, parsed[PastOptions].limit)
    for session, number, source, *_ in found:
        sys.stdout.write(f"{session}/{number}: {str(source).rstrip()}\n")
    return 0 if found else 1


def _export(parsed: Parsed) -> int:
    options = parsed[PastOptions]
    sys.stdout.write(exported(_entries(parsed, 0, output=True), options.format, options.session))
    return 0


def _trim(parsed: Parsed) -> int:
    return _keep(parsed, parsed[PastOptions].keep)


def _clear(parsed: Parsed) -> int:
    if not parsed[PastOptions].sure:
        if not sys.stdin.isatty():
            sys.stderr.write("nuncius history clear: say --yes where nobody can be asked\n")
            return 2
        if input("Remove everything that was ever typed ([n]/y)? ").strip().lower() not in ("y", "yes"):  # fmt: skip
            return 1
    return _keep(parsed, 0)


def _keep(parsed: Parsed, keep: int) -> int:
    link = _link(parsed)
    try:
        code = f"print('inputs removed:', get_ipython().history_manager.trim({keep}))"
        result = link.execute(
            code, silent=True, on_output=lambda message: None, on_input=lambda question: ""
        )
        return 0 if result.ok else 1
    finally:
        link.close()


_LIMIT = {"limit": Alias("PastOptions.limit"), "n": Alias("PastOptions.limit")}

history = Group(
    name="history",
    summary="Search, export, trim and clear what was typed.",
    programs=(
        Program(
            name="history search",
            summary="Print inputs that contain the words, one after another.",
            run=_search,
            options=(PastOptions,),
            aliases=_LIMIT,
            arguments="[WORD...]",
            count=(0, None),
        ),
        Program(
            name="history export",
            summary="Print a session as a script, a notebook, or a recording for asciinema players.",
            run=_export,
            options=(PastOptions,),
            aliases={
                "session": Alias("PastOptions.session"),
                "format": Alias("PastOptions.format"),
            },
        ),
        Program(
            name="history trim",
            summary="Remove all but the last inputs.",
            run=_trim,
            options=(PastOptions,),
            aliases={"keep": Alias("PastOptions.keep")},
        ),
        Program(
            name="history clear",
            summary="Remove all inputs.",
            run=_clear,
            options=(PastOptions,),
            flags={"yes": Flag("PastOptions.sure", "true", "Do not ask.")},
        ),
    ),
)
