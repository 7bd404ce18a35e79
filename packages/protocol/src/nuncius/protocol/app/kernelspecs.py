"""The command ``nuncius kernelspec``: list, install and remove kernels."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from nuncius.protocol.app.options import option
from nuncius.protocol.app.program import Alias, Flag, Group, Parsed, Program
from nuncius.protocol.errors import KernelSpecError
from nuncius.protocol.kernelspec import (
    KernelSpec,
    install_kernelspec,
    kernelspec_folders,
    list_kernelspecs,
    list_provisioners,
    remove_kernelspecs,
)

__all__ = ["command"]


@dataclass(frozen=True, kw_only=True)
class ListKernelSpecs:
    """How kernels are listed."""

    json: bool = option(False, help="Print JSON, for programs.")
    missing: bool = option(False, help="Print only those whose program is not there.")


@dataclass(frozen=True, kw_only=True)
class InstallKernelSpec:
    """Where a kernel is installed."""

    name: str | None = option(None, help="Its name; that of the folder by default.")
    user: bool = option(False, help="For this user only.")
    sys_prefix: bool = option(False, help="Into this Python's environment.")
    prefix: str | None = option(None, help="Into another environment, such as /opt/env.")
    replace: bool = option(False, help="Replace a kernel of that name.")


@dataclass(frozen=True, kw_only=True)
class RemoveKernelSpecs:
    """How kernels are removed."""

    force: bool = option(False, help="Do not ask.")


def _list(parsed: Parsed) -> int:
    specs = list_kernelspecs()
    if parsed[ListKernelSpecs].missing:
        specs = {name: spec for name, spec in specs.items() if not _program_is_there(spec)}
    if parsed[ListKernelSpecs].json:
        found = {
            name: {"resource_dir": spec.resource_dir, "spec": spec.to_dict()}
            for name, spec in specs.items()
            if isinstance(spec, KernelSpec)
        }
        print(json.dumps({"kernelspecs": found}, indent=2))  # noqa: T201
        return 0
    if not specs:
        print("no kernels (pip install nuncius-kernel brings one for Python)")  # noqa: T201
    width = max((len(name) for name in specs), default=0)
    for name, spec in specs.items():
        said = f"broken: {spec}" if isinstance(spec, KernelSpecError) else _described(spec)
        print(f"{name:<{width}}  {said}")  # noqa: T201
    return 0


def _install(parsed: Parsed) -> int:
    chosen = parsed[InstallKernelSpec]
    folder = install_kernelspec(
        parsed.arguments[0],
        chosen.name,
        user=chosen.user,
        sys_prefix=chosen.sys_prefix,
        prefix=chosen.prefix,
        replace=chosen.replace,
    )
    print(f"installed in {folder}")  # noqa: T201
    return 0


def _remove(parsed: Parsed) -> int:
    names = parsed.arguments
    folders = kernelspec_folders(names).values()
    if not parsed[RemoveKernelSpecs].force and not _agrees(f"Remove {', '.join(folders)}?"):
        print("nothing removed", file=sys.stderr)  # noqa: T201
        return 1
    for name, folder in remove_kernelspecs(names).items():
        print(f"removed {name} ({folder})")  # noqa: T201
    return 0


def _provisioners(parsed: Parsed) -> int:
    found = list_provisioners()
    width = max((len(name) for name in found), default=0)
    for name, value in found.items():
        print(f"{name:<{width}}  {value}")  # noqa: T201
    return 0


def _agrees(question: str) -> bool:
    """Ask; nobody there to answer is a no."""
    print(f"{question} [y/N] ", end="", flush=True, file=sys.stderr)  # noqa: T201
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _described(spec: KernelSpec) -> str:
    note = "" if _program_is_there(spec) else f"  (no program {spec.argv[0]!r})"
    return f"{spec.display_name}  {spec.resource_dir or '(not installed, but there)'}{note}"


def _program_is_there(spec: KernelSpec | KernelSpecError) -> bool:
    import shutil

    if isinstance(spec, KernelSpecError):
        return False
    # The kernel of "python" is that of whatever Python starts it: of ours, which is there.
    program = spec.argv[0] if spec.argv else ""
    return program.startswith("python") or shutil.which(program) is not None


_ASSUME_YES = Flag("RemoveKernelSpecs.force", "true", "Do not ask.")

_REMOVE = Program(
    name="kernelspec remove",
    summary="Remove kernels.",
    run=_remove,
    options=(RemoveKernelSpecs,),
    flags={"f": _ASSUME_YES, "y": _ASSUME_YES, "force": _ASSUME_YES},
    arguments="NAME...",
    count=(1, None),
)

command = Group(
    name="kernelspec",
    summary="The kernels that can be started here, Jupyter's and ours.",
    programs=(
        Program(
            name="kernelspec list",
            summary="List them.",
            run=_list,
            options=(ListKernelSpecs,),
            flags={
                "json": Flag("ListKernelSpecs.json", "true", "Print JSON, for programs."),
                "missing": Flag("ListKernelSpecs.missing", "true", "Only those that cannot start."),
            },
        ),
        Program(
            name="kernelspec install",
            summary="Install a kernel from a folder with a kernel.json.",
            run=_install,
            options=(InstallKernelSpec,),
            aliases={
                "name": Alias("InstallKernelSpec.name"),
                "prefix": Alias("InstallKernelSpec.prefix"),
            },
            flags={
                "user": Flag("InstallKernelSpec.user", "true", "For this user only."),
                "sys-prefix": Flag(
                    "InstallKernelSpec.sys_prefix", "true", "Into this Python's environment."
                ),
                "replace": Flag("InstallKernelSpec.replace", "true", "Replace one of that name."),
            },
            arguments="FOLDER",
            count=(1, 1),
        ),
        _REMOVE,
        Program(
            name="kernelspec provisioners",
            summary="List the ways to start kernels that kernelspecs can ask for.",
            run=_provisioners,
        ),
    ),
)
