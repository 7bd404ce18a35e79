"""End a command in one line when what it prints does not arrive: a reader that has gone, a full disk, a terminal with few characters.

Rule 1: what was printed is written out here, where a failure can be told, and not while Python ends, which would show a traceback and exit with 120.
Rule 2: a reader that has gone (``nuncius paths | head -1``) has seen enough: that is no failure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

__all__ = ["delivered"]


def delivered(name: str, main: Callable[[], int]) -> int:
    """Run ``main`` and write out what it printed; return the exit code.

    Args:
        name: What was typed, for the message.
        main: Returns an exit code.

    Returns:
        What ``main`` returned; 0 if the reader has gone; 1 if it cannot be written, which is then said.
    """
    try:
        code = main()
        if sys.stdout is not None:  # as it is for a program without a terminal on Windows
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_the_rest()
        return 0
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        reason = f"{character!a} cannot be written in {error.encoding}; set PYTHONUTF8=1"
    except OSError as error:
        if not _is_a_failed_write(error):
            raise
        _drop_the_rest()
        reason = f"cannot write: {error.strerror}"
    else:
        return code
    print(f"{name}: {reason}", file=sys.stderr)  # noqa: T201
    return 1


def _is_a_failed_write(error: OSError) -> bool:
    import errno

    # Errors of opening a file have its name, and belong to whoever opened it.
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    return error.filename is None and error.errno in full


def _drop_the_rest() -> None:
    """Let what is still in the buffer go nowhere: Python would try once more at its end, and complain."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
