"""The command ``nuncius nbconvert``, also called ``nuncius convert``."""

from __future__ import annotations

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Run the command; return its exit code: 0, 1 if something could not be converted, 255 if there was nothing to do."""
    # Answered before anything is loaded: these are what scripts call most.
    if argv == ["--version"]:
        from importlib.metadata import version

        print(version("nuncius-nbconvert"))  # noqa: T201
        return 0
    from nuncius.nbconvert.cli.command import run

    return run(argv)
