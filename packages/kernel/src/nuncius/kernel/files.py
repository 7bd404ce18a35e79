"""Run code that is in files, and find code that a person names: for ``%run``, ``%load``, start-up files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.kernel import saying
from nuncius.kernel.macro import Macro

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_code", "run_cells_file", "run_module", "run_python_file"]


def run_python_file(
    shell: Any,
    fname: str,
    *where: dict[str, Any],
    exit_ignore: bool = False,
    raise_exceptions: bool = False,
    shell_futures: bool = False,
) -> None:
    """Run a Python file.

    Args:
        shell: Shows what it raises.
        fname: The file.
        *where: Globals, and locals if they differ; the person's namespace if not given.
        exit_ignore: ``sys.exit()`` is not shown, whatever its status; status 0 never is.
        raise_exceptions: Let exceptions out instead of showing them.
        shell_futures: It shares the ``__future__`` imports of cells.
    """
    path = Path(fname).expanduser().absolute()
    try:
        source = path.read_bytes()
    except OSError as error:
        saying.complain(f"Could not open file <{path}> for safe execution: {error.strerror}\n")
        return
    scopes = where or (shell.user_ns,)
    sys.path.insert(0, str(path.parent))
    try:
        if shell_futures:
            code = shell.compile(source, str(path), "exec")
        else:
            code = compile(source, str(path), "exec", dont_inherit=True)
        exec(code, *scopes[:2])
    except SystemExit as status:
        if raise_exceptions:
            raise
        if status.code not in (None, 0) and not exit_ignore:
            shell.showtraceback(exception_only=True)
    except Exception:
        if raise_exceptions:
            raise
        shell.showtraceback(tb_offset=0)
    finally:
        if str(path.parent) in sys.path:
            sys.path.remove(str(path.parent))


def run_cells_file(
    shell: Any, fname: str, shell_futures: bool = False, raise_exceptions: bool = False
) -> None:
    """Run a file of cells with magics: an ``.ipynb`` notebook, or an ``.ipy`` file as one cell."""
    path = Path(fname).expanduser().absolute()
    try:
        cells = list(_cells(path))
    except OSError as error:
        saying.complain(f"Could not open file <{path}> for safe execution: {error.strerror}\n")
        return
    for cell in cells:
        result = shell.run_cell(cell, silent=True, shell_futures=shell_futures)
        if raise_exceptions:
            result.raise_error()
        elif not result.success:
            break


def _cells(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        yield text
        return
    import json

    notebook = json.loads(text)
    for cell in notebook.get("cells", ()):
        if cell.get("cell_type") == "code":
            source = cell.get("source", "")
            yield source if isinstance(source, str) else "".join(source)


def run_module(shell: Any, mod_name: str, where: dict[str, Any]) -> None:
    """Run a module as ``python -m`` does, and put its names into ``where``."""
    from runpy import run_module as run

    try:
        where.update(run(mod_name, run_name="__main__", alter_sys=True))
    except SystemExit as status:
        if status.code not in (None, 0):
            shell.showtraceback(exception_only=True)
    except Exception:  # noqa: BLE001 - the person's code
        shell.showtraceback()


def find_code(shell: Any, target: str, raw: bool, py_only: bool, search_ns: bool) -> str:
    """Return source that a person names.

    Args:
        shell: Has the history and the namespace.
        target: A history range, a file, a URL, a module, or a variable with a macro or text.
        raw: History as typed.
        py_only: Only files that end in ``.py``.
        search_ns: Also any object whose source can be found.

    Raises:
        ValueError: Nothing of that name.
        TypeError: The variable holds neither.
    """
    code: str = shell.extract_input_lines(target, raw=raw)
    if code:
        return code
    if target.startswith(("http://", "https://")):
        from urllib.request import urlopen

        with urlopen(target) as response:
            text: str = response.read().decode("utf-8", "replace")
            return text
    for path in _paths(target, py_only):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    try:
        value = shell.ev(target)
    except Exception as error:
        raise ValueError(
            f"'{target}' was not found in history, as a file, url, nor in the user namespace."
        ) from error
    if isinstance(value, str):
        return value
    if isinstance(value, Macro):
        return value.value
    if search_ns:
        import inspect

        return inspect.getsource(value)
    raise TypeError(f"{target} is neither a string nor a macro.")


def _paths(target: str, py_only: bool) -> Iterator[Path]:
    path = Path(os.path.expandvars(target)).expanduser()
    if not py_only or path.suffix == ".py":
        yield path
    yield path.with_name(f"{path.name}.py") if path.name else path
    if all(part.isidentifier() for part in target.split(".")):
        from importlib.util import find_spec

        try:
            spec = find_spec(target)
        except (ImportError, ValueError):
            return
        if spec is not None and spec.origin and spec.origin.endswith(".py"):
            yield Path(spec.origin)
