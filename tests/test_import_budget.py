"""Starting must stay cheap: what may not be loaded as a side effect of an import or of a small command."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "asyncio", "email", "importlib.metadata", "jsonschema", "nbformat", "numpy", "pygments",
    "sqlite3", "tornado", "traitlets", "zmq",
}  # fmt: skip

#: What a person may wait for: an import, and modules that it may not load.
IMPORTS = {
    "nuncius.protocol": HEAVY | {"typing", "dataclasses", "nuncius.protocol.messages"},
    "nuncius.protocol.messages": HEAVY,
    "nuncius.protocol.session": HEAVY,
    "nuncius.protocol.kernel": HEAVY,
    "nuncius.protocol.connection": HEAVY,
    "nuncius.protocol.entrypoints": HEAVY | {"typing", "dataclasses"},
    "nuncius.protocol.app.cli": HEAVY | {"argparse", "dataclasses", "pathlib", "logging"},
    "nuncius.kernel": HEAVY,
    "nuncius.terminal": HEAVY | {"prompt_toolkit", "nuncius.kernel"},
}

#: Commands that only print: nothing may be loaded for them that they do not print.
COMMANDS = {
    ("--version",): HEAVY | {"typing", "dataclasses", "argparse", "nuncius.protocol.messages"},
    ("--help",): HEAVY | {"dataclasses", "nuncius.protocol.messages"},
    ("completion", "bash"): HEAVY,
    ("paths",): HEAVY,
    ("profile", "list"): HEAVY,
    ("run", "--help"): HEAVY,
    ("kernel", "--help"): HEAVY,
}


def loaded_by(code: str) -> set[str]:
    """The modules loaded by ``code`` in a new interpreter."""
    program = f"import sys\n{code}\nprint('\\n' + ' '.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_an_import_loads_nothing_heavy(module: str):
    already = loaded_by("")
    assert not IMPORTS[module] & (loaded_by(f"import {module}") - already)


@pytest.mark.parametrize("arguments", sorted(COMMANDS), ids=" ".join)
def test_a_small_command_loads_nothing_heavy(arguments: tuple[str, ...]):
    code = f"from nuncius.__main__ import main\ntry: main({list(arguments)!r})\nexcept SystemExit: pass"
    assert not COMMANDS[arguments] & (loaded_by(code) - loaded_by(""))


def test_a_few_messages_are_signed_without_openssl():
    """It takes 3 MiB and a fifth of a kernel's start."""
    code = "from nuncius.protocol.session import Session\nSession(b'key').sign([b'a' * 1000])"
    assert "_hashlib" not in loaded_by(code)
    assert "_hashlib" in loaded_by(code.replace("1000", "100_000"))
