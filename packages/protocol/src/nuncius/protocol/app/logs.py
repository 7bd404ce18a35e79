"""Set up logging for a program: short lines for people on standard error, or full ones in a file."""

from __future__ import annotations

import logging
from pathlib import Path

from nuncius.protocol.errors import OptionError

__all__ = ["setup_logging"]

_FOR_PEOPLE = "%(name)s: %(levelname)s: %(message)s"
_FOR_FILES = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"

#: Bytes of a log file, and how many older ones are kept.
_LARGEST = 10_000_000
_KEPT = 3


def setup_logging(level: str = "warning", file: Path | None = None) -> None:
    """Send what the ``nuncius`` loggers say to standard error or to a file. A file that has grown to 10 MB is put aside, as ``FILE.1``; three of them are kept.

    Only loggers below ``nuncius`` are touched: the user's code may have its own idea of logging. Doing it again replaces what was set up before.

    Args:
        level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
        file: Where to write; None for standard error.

    Raises:
        OptionError: The file cannot be written.
    """
    try:
        handler = _file_handler(file) if file else logging.StreamHandler()
    except OSError as error:
        raise OptionError(f"cannot write the log to {file}: {error.strerror}") from error
    handler.setFormatter(logging.Formatter(_FOR_FILES if file else _FOR_PEOPLE))
    logger = logging.getLogger("nuncius")
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    logger.propagate = False


def _file_handler(file: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    return RotatingFileHandler(file, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8")
