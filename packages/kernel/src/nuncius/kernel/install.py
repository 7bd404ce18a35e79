"""Make the kernel known to frontends: write its kernelspec."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nuncius.protocol.errors import NunciusError
from nuncius.protocol.kernelspec import KernelSpec, install_kernelspec
from nuncius.protocol.messages import PROTOCOL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["kernel_spec", "main"]

NAME = "nuncius-python"
_USAGE = """usage: python -m nuncius.kernel install [options]

Make this Python's kernel known to frontends.

  --name NAME            the name of the kernelspec (default: nuncius-python)
  --display-name TEXT    what people see (default: Nuncius Python 3)
  --profile NAME         start the kernel with this profile
  --user                 for you alone (the default)
  --sys-prefix           for this environment
  --prefix PATH          below PATH/share/jupyter
  --env NAME VALUE       set a variable in the kernel's environment; may be given again
"""


def kernel_spec(
    name: str = NAME,
    display_name: str = "",
    profile: str = "",
    env: Mapping[str, str] | None = None,
) -> KernelSpec:
    """Return the kernelspec for the Python that runs this."""
    argv = [sys.executable, "-P", "-m", "nuncius.kernel", "-f", "{connection_file}"]
    if profile:
        argv += ["--profile", profile]
    from importlib.machinery import PathFinder

    debugger = PathFinder.find_spec("debugpy") is not None
    return KernelSpec(
        name=name,
        argv=tuple(argv),
        display_name=display_name or f"Nuncius Python {sys.version_info[0]}",
        language="python",
        interrupt_mode="signal",
        env=dict(env or {}),
        metadata={"debugger": debugger, "supported_encryption": ["curve"]},
        kernel_protocol_version=PROTOCOL_VERSION,
    )


def main(arguments: Sequence[str]) -> int:
    """Run ``install``; returns the exit code."""
    options: dict[str, str] = {}
    env: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            sys.stdout.write(_USAGE)
            return 0
        word, equals, value = word.partition("=")
        if equals:
            rest.insert(0, value)
        if word in ("--user", "--sys-prefix") and not equals:
            options[word] = ""
        elif word == "--env" and len(rest) >= 2:
            name, env_value = rest.pop(0), rest.pop(0)
            env[name] = env_value
        elif word in ("--name", "--display-name", "--profile", "--prefix") and rest:
            options[word] = rest.pop(0)
        else:
            sys.stderr.write(
                f"python -m nuncius.kernel install: {word!r} is not understood\n\n{_USAGE}"
            )
            return 2
    return _install(options, env)


def _install(options: Mapping[str, str], env: Mapping[str, str]) -> int:
    name = options.get("--name", NAME)
    display_name = options.get("--display-name", "")
    if not display_name and "--profile" in options:
        display_name = f"Nuncius Python {sys.version_info[0]} [profile={options['--profile']}]"
    prefix = options.get("--prefix")
    sys_prefix = "--sys-prefix" in options
    try:
        folder = install_kernelspec(
            kernel_spec(name, display_name, options.get("--profile", ""), env),
            name,
            user=prefix is None and not sys_prefix,
            sys_prefix=sys_prefix,
            prefix=prefix,
        )
    except NunciusError as error:
        sys.stderr.write(f"python -m nuncius.kernel install: {error}\n")
        return 1
    sys.stdout.write(f"Installed kernelspec {name} in {folder}\n")
    return 0
