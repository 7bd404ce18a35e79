"""Find, check, install and remove kernelspecs: the descriptions of kernels that any frontend of Jupyter can start.

A kernelspec is a folder with a ``kernel.json`` in one of Jupyter's data directories. The folder's name is the kernel's name. Where two have the same name, the one in the directory that comes first wins (`nuncius.protocol.paths.data_path`).

Everything here is done by hand, without jsonschema, which takes longer to load than a kernel takes to start.

Source: "Kernel specs" in the Jupyter documentation; kernelspec JSON Schema (JEP 105).
"""

# ruff: noqa: PTH100, PTH102, PTH107, PTH111, PTH113, PTH114, PTH118, PTH119, PTH123, PTH208
# os.path, not pathlib: finding a kernel is a part of starting one, and pathlib takes 3 ms to load.

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nuncius.protocol.errors import InvalidKernelSpec, KernelSpecError, NoSuchKernel
from nuncius.protocol.paths import data_dir, data_path

__all__ = [
    "NATIVE_KERNELS",
    "KernelSpec",
    "KernelSpecs",
    "check_name",
    "default_kernel_dirs",
    "find_kernelspec",
    "install_kernelspec",
    "kernelspec_folders",
    "list_kernelspecs",
    "list_provisioners",
    "remove_kernelspecs",
]

_NAME = re.compile(r"[a-z0-9._-]+", re.IGNORECASE | re.ASCII)
_TEMPLATE = re.compile(r"\{([A-Za-z0-9_]+)\}")
_FIELDS = frozenset(
    {
        "argv",
        "display_name",
        "language",
        "interrupt_mode",
        "env",
        "metadata",
        "kernel_protocol_version",
    }
)
_FILE = "kernel.json"

#: Kernels for this very Python, in the order in which they are offered where no ``python3`` is installed: the module that must be there, the one that is run, and what a person reads.
NATIVE_KERNELS = (
    ("nuncius.kernel", "nuncius.kernel", "Python 3 (Nuncius)"),
    ("ipykernel", "ipykernel_launcher", "Python 3 (ipykernel)"),
)

StrPath = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """How to start a kernel, and what to show for it.

    Attributes:
        name: Of the kernel, in lower case.
        argv: The command, with templates such as ``{connection_file}``.
        display_name: What a person reads.
        language: Of the code that it runs.
        interrupt_mode: ``signal``, or ``message`` for an interrupt_request.
        env: Variables to add to the environment; ``${VAR}`` stands for one of it.
        metadata: What else tools have to say.
        kernel_protocol_version: Of the messages that it speaks; empty where the kernelspec does not tell.
        resource_dir: The folder, with logos and more; empty for a kernel that is not installed.
        extra: Fields that are unknown to the specification, kept as they came.
    """

    name: str
    argv: tuple[str, ...]
    display_name: str = ""
    language: str = ""
    interrupt_mode: str = "signal"
    env: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    kernel_protocol_version: str = ""
    resource_dir: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def registers(self) -> bool:
        """Whether the kernel may be given a registration address instead of ports (protocol 5.5, JEP 66)."""
        parts = self.kernel_protocol_version.split(".")
        if len(parts) < 2 or not all(part.isdecimal() for part in parts[:2]):
            return False
        return (int(parts[0]), int(parts[1])) >= (5, 5)

    @property
    def encryption(self) -> tuple[str, ...]:
        """The ways of encryption that the kernel supports, in lower case: ``curve`` or none."""
        value = self.metadata.get("supported_encryption")
        items = (
            [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        )
        return tuple(str(item).strip().lower() for item in items)

    @property
    def provisioner(self) -> tuple[str, Mapping[str, Any]]:
        """The name of the provisioner that the kernel asks for (empty: the default), and its settings."""
        stanza = self.metadata.get("kernel_provisioner")
        if not isinstance(stanza, Mapping):
            return "", {}
        config = stanza.get("config")
        return str(stanza.get("provisioner_name") or ""), (
            config if isinstance(config, Mapping) else {}
        )

    def command(
        self,
        connection_file: str,
        *,
        extra_arguments: Sequence[str] = (),
        **values: object,
    ) -> list[str]:
        """Return the command that starts the kernel.

        ``python``, ``python3`` and ``python3.N`` of this very version stand for this Python. A template that nobody knows stays as it is.

        Args:
            connection_file: Its path.
            extra_arguments: Appended.
            **values: For templates of the kernelspec's own, such as ``{cpus}``.
        """
        known: dict[str, object] = {
            "connection_file": os.path.realpath(connection_file),
            "prefix": sys.prefix,
            "resource_dir": self.resource_dir,
            **values,
        }
        command = [
            os.path.expanduser(_TEMPLATE.sub(lambda m: str(known.get(m[1], m[0])), argument))
            for argument in (*self.argv, *extra_arguments)
        ]
        ours = {"python", "python3", f"python3.{sys.version_info.minor}"}
        if command and command[0] in ours and sys.executable:
            command[0] = sys.executable
        return command

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return ``base`` with the variables of the kernelspec added."""
        from string import Template

        env = dict(base)
        env.update({name: Template(text).safe_substitute(base) for name, text in self.env.items()})
        if self.language.lower().startswith("python"):
            # A kernel of another Python would take our executable for its own.
            env.pop("PYTHONEXECUTABLE", None)
        return env

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in ``kernel.json``."""
        data: dict[str, Any] = {
            "argv": list(self.argv),
            "env": dict(self.env),
            "display_name": self.display_name,
            "language": self.language,
            "interrupt_mode": self.interrupt_mode,
            "metadata": dict(self.metadata),
        }
        if self.kernel_protocol_version:
            data["kernel_protocol_version"] = self.kernel_protocol_version
        data.update(self.extra)
        return data

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], name: str, *, resource_dir: str = "", source: str = ""
    ) -> KernelSpec:
        """Return the kernelspec that ``data`` holds.

        Args:
            data: As in the file.
            name: Of the kernel.
            resource_dir: Its folder.
            source: Names ``data`` in errors.

        Raises:
            InvalidKernelSpec: A field is not what it should be.
        """
        check = _Checker(data, source or f"the kernelspec {name!r}")
        metadata = check.mapping("metadata")
        argv = check.strings("argv")
        if not argv and "kernel_provisioner" not in metadata:
            raise InvalidKernelSpec(
                f"{check.source}: argv is empty; expected the command that starts the kernel"
            )
        mode = check.text("interrupt_mode", "signal").lower()
        if mode not in ("signal", "message"):
            raise InvalidKernelSpec(
                f"{check.source}: interrupt_mode is {mode!r}; expected 'signal' or 'message'"
            )
        env = check.mapping("env")
        for key, value in env.items():
            if not isinstance(value, str):
                raise InvalidKernelSpec(
                    f"{check.source}: env.{key} is {value!r:.80}; expected a string"
                )
        return cls(
            name.lower(),
            tuple(argv),
            check.text("display_name", name),
            check.text("language", ""),
            mode,
            env,
            metadata,
            check.text("kernel_protocol_version", ""),
            resource_dir,
            {key: value for key, value in data.items() if key not in _FIELDS},
        )

    @classmethod
    def load(cls, folder: StrPath, name: str | None = None) -> KernelSpec:
        """Return the kernelspec in ``folder``.

        Args:
            folder: Holds ``kernel.json``.
            name: Of the kernel, by default the folder's.

        Raises:
            InvalidKernelSpec: The file is missing, unreadable, or not what it should be.
        """
        path = os.fspath(folder)
        file = os.path.join(path, _FILE)
        return cls.from_dict(
            _read_json(file),
            name or os.path.basename(os.path.abspath(path)),
            resource_dir=path,
            source=file,
        )


class KernelSpecs:
    """The kernels that can be started here.

    Args:
        directories: Where kernelspecs are looked for, the first one winning; Jupyter's by default.
        allowed: If given, other names do not exist.
        native: Offer a Python kernel that is installed in this Python but has no kernelspec as ``python3``.
    """

    def __init__(
        self,
        directories: Iterable[StrPath] | None = None,
        *,
        allowed: Collection[str] | None = None,
        native: bool = True,
    ) -> None:
        self.directories = (
            default_kernel_dirs()
            if directories is None
            else [os.fspath(path) for path in directories]
        )
        self.allowed = None if not allowed else {name.lower() for name in allowed}
        self.native = native

    def __repr__(self) -> str:
        return f"<KernelSpecs {', '.join(self.find())}>"

    def find(self) -> dict[str, str]:
        """Return name -> folder of every kernelspec, sorted by name; the files are not read.

        A native kernel that has no kernelspec is not among them.
        """
        found: dict[str, str] = {}
        for directory in self.directories:
            for name, folder in _specs_in(directory).items():
                found.setdefault(name, folder)
        return {name: found[name] for name in sorted(found) if self._allows(name)}

    def names(self) -> list[str]:
        """Return the names that `get` knows, sorted."""
        names = set(self.find())
        if self.native and "python3" not in names and self._allows("python3") and _native():
            names.add("python3")
        return sorted(names)

    def get(self, name: str) -> KernelSpec:
        """Return the kernelspec named ``name``, in whatever case; ``python`` means ``python3``.

        Raises:
            NoSuchKernel: There is none.
            InvalidKernelSpec: Its file is not what it should be.
        """
        wanted = name.lower()
        for candidate in (wanted, "python3") if wanted == "python" else (wanted,):
            if not self._allows(candidate):
                continue
            for directory in self.directories:
                if folder := _specs_in(directory, candidate).get(candidate):
                    return KernelSpec.load(folder, candidate)
            if candidate == "python3" and self.native and (spec := _native()):
                return spec
        raise self._missing(name)

    def all(self) -> dict[str, KernelSpec | KernelSpecError]:
        """Return every kernelspec by name; for one that cannot be read, the error."""
        found: dict[str, KernelSpec | KernelSpecError] = {}
        for name in self.names():
            try:
                found[name] = self.get(name)
            except KernelSpecError as error:
                found[name] = error
        return found

    def _allows(self, name: str) -> bool:
        return self.allowed is None or name in self.allowed

    def _missing(self, name: str) -> NoSuchKernel:
        names = self.names()
        if not names:
            hint = "install one: pip install nuncius-kernel"
        else:
            from difflib import get_close_matches

            close = get_close_matches(name.lower(), names, 1)
            hint = f"did you mean {close[0]!r}?" if close else ""
        return NoSuchKernel(name, names, hint)


def default_kernel_dirs() -> list[str]:
    """Return the directories that kernelspecs are looked for in, as Jupyter has them; the first one wins."""
    ipython = os.environ.get("IPYTHONDIR") or os.path.join(os.path.expanduser("~"), ".ipython")
    return [*data_path("kernels"), os.path.join(ipython, "kernels")]


def find_kernelspec(name: str) -> KernelSpec:
    """Return the kernelspec named ``name``; see `KernelSpecs.get`."""
    return KernelSpecs().get(name)


def check_name(name: str) -> str:
    """Return ``name`` in lower case if a kernel can be called so.

    Raises:
        InvalidKernelSpec: It cannot.
    """
    if not _NAME.fullmatch(name):
        raise InvalidKernelSpec(
            f"a kernel cannot be named {name!r}; use letters, digits, '-', '.' and '_', as in 'my-kernel'"
        )
    return name.lower()


# -- what the commands do


def list_kernelspecs(specs: KernelSpecs | None = None) -> dict[str, KernelSpec | KernelSpecError]:
    """Return every kernelspec by name, or why it cannot be used: ``nuncius kernelspec list``."""
    return (specs or KernelSpecs()).all()


def install_kernelspec(
    source: StrPath | KernelSpec,
    name: str | None = None,
    *,
    user: bool = False,
    sys_prefix: bool = False,
    prefix: str | None = None,
    replace: bool = True,
) -> str:
    """Install a kernelspec: ``nuncius kernelspec install``.

    It is checked, copied beside its place and then moved into it: nobody sees half of one. Without any of the three places it goes where the system's are (``/usr/local/share``).

    Args:
        source: A folder with a ``kernel.json``, or a kernelspec whose resource_dir, if any, is copied.
        name: By default that of the source.
        user: For this user only.
        sys_prefix: Into this Python's environment.
        prefix: Into another one, such as ``/opt/env``.
        replace: Replace one that exists.

    Returns:
        The folder.

    Raises:
        InvalidKernelSpec: The source is none, or the name cannot be used.
        KernelSpecError: It cannot be written, or exists.
    """
    spec = source if isinstance(source, KernelSpec) else KernelSpec.load(source)
    target_name = check_name(name or spec.name)
    if sum((user, sys_prefix, prefix is not None)) > 1:
        raise KernelSpecError(
            "a kernelspec has one place: give only one of user, sys_prefix and prefix"
        )
    directory = _install_dir(user, sys.prefix if sys_prefix else prefix)
    target = os.path.join(directory, target_name)
    if not replace and os.path.lexists(target):
        raise KernelSpecError(f"there is a kernelspec at {target}; replace it with --replace")
    try:
        _copy_spec(spec, directory, target)
    except OSError as error:
        elsewhere = "--sys-prefix, into this environment" if user else "--user, for yourself"
        raise KernelSpecError(
            f"cannot install the kernelspec at {target}: {_reason(error)}; another place is {elsewhere}"
        ) from error
    return target


def kernelspec_folders(names: Iterable[str], specs: KernelSpecs | None = None) -> dict[str, str]:
    """Return name -> folder of the kernelspecs that are named.

    Args:
        names: In whatever case.
        specs: Where they are looked up; by default where Jupyter's are.

    Raises:
        NoSuchKernel: One does not exist.
    """
    found = (specs or KernelSpecs()).find()
    folders: dict[str, str] = {}
    for name in names:
        if name.lower() not in found:
            raise NoSuchKernel(name, list(found))
        folders[name.lower()] = found[name.lower()]
    return folders


def remove_kernelspecs(names: Iterable[str], specs: KernelSpecs | None = None) -> dict[str, str]:
    """Remove kernelspecs: ``nuncius kernelspec remove``. Either all are there, or none is touched.

    Args:
        names: In whatever case.
        specs: Where they are looked up; by default where Jupyter's are.

    Returns:
        Name -> the folder that was removed.

    Raises:
        NoSuchKernel: One does not exist.
        KernelSpecError: One cannot be removed.
    """
    import shutil

    folders = kernelspec_folders(names, specs)
    for name, folder in folders.items():
        try:
            if os.path.islink(folder):
                os.remove(folder)
            else:
                shutil.rmtree(folder)
        except OSError as error:
            raise KernelSpecError(
                f"cannot remove the kernelspec {name!r} at {folder}: {error.strerror}"
            ) from error
    return folders


def list_provisioners() -> dict[str, str]:
    """Return name -> ``module:object`` of the provisioners that kernelspecs can ask for: ``nuncius kernelspec provisioners``."""
    from nuncius.protocol.entrypoints import entry_points

    found = {"local-provisioner": "nuncius.protocol.manager.local:LocalProvisioner"}
    for group in ("nuncius.provisioners", "jupyter_client.kernel_provisioners"):
        for name, entry in entry_points(group).items():
            found.setdefault(name, entry.value)
    return dict(sorted(found.items()))


# -- helpers


class _Checker:
    """Get fields of a mapping, or say which one is wrong."""

    def __init__(self, data: object, source: str) -> None:
        self.source = source
        if not isinstance(data, Mapping):
            raise InvalidKernelSpec(f"{source}: expected a JSON object, got {type(data).__name__}")
        self.data: Mapping[str, Any] = data

    def text(self, name: str, default: str) -> str:
        value = self.data.get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, value, "a string")
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self.data.get(name, {})
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self._wrong(name, value, "an object")
        return value

    def strings(self, name: str) -> list[str]:
        value = self.data.get(name)
        if value is None:
            raise InvalidKernelSpec(
                f"{self.source}: {name} is missing; expected the command that starts the kernel, as a list of strings"
            )
        if not isinstance(value, list | tuple):
            raise self._wrong(name, value, "a list of strings")
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise self._wrong(f"{name}[{index}]", item, "a string")
        return list(value)

    def _wrong(self, name: str, value: object, expected: str) -> InvalidKernelSpec:
        return InvalidKernelSpec(f"{self.source}: {name} is {value!r:.80}; expected {expected}")


def _read_json(path: str) -> Any:
    from json import loads

    try:
        with open(path, encoding="utf-8") as file:
            return loads(file.read())
    except FileNotFoundError as error:
        raise InvalidKernelSpec(
            f"there is no {path}; a kernelspec is a folder with a kernel.json"
        ) from error
    except OSError as error:
        raise InvalidKernelSpec(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidKernelSpec(f"{path} is not JSON: {error}") from error


def _specs_in(directory: str, only: str | None = None) -> dict[str, str]:
    """Name -> folder of the kernelspecs in ``directory``, whatever the case of the folder's name."""
    try:
        entries = sorted(os.listdir(directory))
    except OSError:
        return {}
    return {
        entry.lower(): os.path.join(directory, entry)
        for entry in entries
        if (only is None or entry.lower() == only)
        and _NAME.fullmatch(entry)
        and os.path.isfile(os.path.join(directory, entry, _FILE))
    }


def _native() -> KernelSpec | None:
    from importlib.util import find_spec

    for package, module, display_name in NATIVE_KERNELS:
        runs = f"{module}.__main__" if module == package else module
        try:
            if find_spec(package) is None or find_spec(runs) is None:
                continue
        except ImportError:
            continue
        return KernelSpec(
            "python3",
            ("python", "-m", module, "-f", "{connection_file}"),
            display_name,
            "python",
            metadata={"supported_encryption": ["curve"]},
            kernel_protocol_version="5.5",
        )
    return None


def _install_dir(user: bool, prefix: str | None) -> str:
    if user:
        return os.path.join(data_dir(), "kernels")
    if prefix is not None:
        return os.path.join(os.path.expanduser(prefix), "share", "jupyter", "kernels")
    from nuncius.protocol.paths import system_data_path

    return os.path.join(system_data_path()[0], "kernels")


def _copy_spec(spec: KernelSpec, directory: str, target: str) -> None:
    import shutil
    import tempfile
    from json import dumps

    os.makedirs(directory, exist_ok=True)  # noqa: PTH103 - see above
    # A name that is no kernel's, as it has a "~": nobody who lists the directory sees it.
    with tempfile.TemporaryDirectory(prefix="~", dir=directory, ignore_cleanup_errors=True) as work:
        new = os.path.join(work, "new")
        if spec.resource_dir:
            shutil.copytree(spec.resource_dir, new)
        else:
            os.mkdir(new)
        if not spec.resource_dir or spec != _loaded(spec):
            with open(os.path.join(new, _FILE), "w", encoding="utf-8") as file:
                file.write(dumps(spec.to_dict(), indent=1, ensure_ascii=False) + "\n")
        if os.path.lexists(target):
            os.rename(target, os.path.join(work, "old"))  # noqa: PTH104 - see above
        os.rename(new, target)  # noqa: PTH104 - see above


def _reason(error: OSError) -> str:
    """Why a folder could not be copied: `shutil.copytree` gathers what failed in one list."""
    from shutil import Error

    failed = error.args[0] if isinstance(error, Error) else ()
    return failed[0][2] if isinstance(failed, list) and failed else error.strerror or str(error)


def _loaded(spec: KernelSpec) -> KernelSpec | None:
    try:
        return KernelSpec.load(spec.resource_dir, spec.name)
    except InvalidKernelSpec:
        return None
