"""Find, install and remove kernelspecs: `KernelSpecManager` with the methods of ``jupyter_client.kernelspec.KernelSpecManager``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from nuncius.protocol.errors import KernelSpecError, NoSuchKernel
from nuncius.protocol.kernelspec import (
    KernelSpec as _Spec,
)
from nuncius.protocol.kernelspec import (
    KernelSpecs,
    default_kernel_dirs,
    install_kernelspec,
    remove_kernelspecs,
)

__all__ = [
    "NATIVE_KERNEL_NAME",
    "KernelSpec",
    "KernelSpecManager",
    "NoSuchKernel",
    "find_kernel_specs",
    "get_kernel_spec",
    "install_kernel_spec",
]

NATIVE_KERNEL_NAME = "python3"


class KernelSpec:
    """How to start a kernel, with lists and dictionaries that may be changed.

    Args:
        **fields: Of the file ``kernel.json``, and ``resource_dir``.
    """

    def __init__(self, **fields: Any) -> None:
        self.name: str = fields.get("name", "")
        self.argv: list[str] = list(fields.get("argv", ()))
        self.display_name: str = fields.get("display_name", "")
        self.language: str = fields.get("language", "")
        self.interrupt_mode: str = fields.get("interrupt_mode", "signal")
        self.env: dict[str, str] = dict(fields.get("env", {}))
        self.metadata: dict[str, Any] = dict(fields.get("metadata", {}))
        self.kernel_protocol_version: str = fields.get("kernel_protocol_version", "")
        self.resource_dir: str = fields.get("resource_dir", "")
        self.mimetype = ""

    @classmethod
    def from_resource_dir(cls, resource_dir: str) -> KernelSpec:
        """Return the kernelspec in a folder."""
        return cls.from_spec(_Spec.load(resource_dir))

    @classmethod
    def from_spec(cls, spec: _Spec) -> KernelSpec:
        """Return the same as ``spec``."""
        return cls(name=spec.name, resource_dir=spec.resource_dir, **spec.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in the file."""
        data: dict[str, Any] = {
            "argv": self.argv,
            "env": self.env,
            "display_name": self.display_name,
            "language": self.language,
            "interrupt_mode": self.interrupt_mode,
            "metadata": self.metadata,
        }
        if self.kernel_protocol_version:
            data["kernel_protocol_version"] = self.kernel_protocol_version
        return data

    def to_json(self) -> str:
        """Return the text of the file."""
        return json.dumps(self.to_dict())


class KernelSpecManager:
    """The kernels that can be started here.

    Args:
        kernel_dirs: Where kernelspecs are looked for; Jupyter's directories by default.
        allowed_kernelspecs: If given, other names do not exist.
        ensure_native_kernel: Offer the Python kernel of this Python even without a kernelspec.
        **ignored: Traits that have no meaning here (``parent``, ``config``...).
    """

    def __init__(
        self,
        *,
        kernel_dirs: Iterable[str] | None = None,
        allowed_kernelspecs: Iterable[str] = (),
        ensure_native_kernel: bool = True,
        **ignored: Any,
    ) -> None:
        self.kernel_dirs = default_kernel_dirs() if kernel_dirs is None else list(kernel_dirs)
        self.allowed_kernelspecs = set(allowed_kernelspecs)
        self.ensure_native_kernel = ensure_native_kernel

    @property
    def specs(self) -> KernelSpecs:
        """What is behind."""
        return KernelSpecs(
            self.kernel_dirs,
            allowed=self.allowed_kernelspecs or None,
            native=self.ensure_native_kernel,
        )

    @property
    def user_kernel_dir(self) -> str:
        """Where a user's own kernelspecs are."""
        from nuncius.protocol.paths import data_dir

        return os.path.join(data_dir(), "kernels")  # noqa: PTH118 - a string is what callers expect

    def find_kernel_specs(self) -> dict[str, str]:
        """Return name -> folder of every kernelspec."""
        specs = self.specs
        found = specs.find()
        for name in specs.names():
            found.setdefault(name, specs.get(name).resource_dir)
        return found

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return a kernelspec.

        Raises:
            NoSuchKernel: There is none of this name.
        """
        return KernelSpec.from_spec(self.specs.get(kernel_name))

    def get_all_specs(self) -> dict[str, dict[str, Any]]:
        """Return name -> ``resource_dir`` and ``spec`` of every kernelspec that can be read."""
        return {
            name: {
                "resource_dir": spec.resource_dir,
                "spec": KernelSpec.from_spec(spec).to_dict(),
            }
            for name, spec in self.specs.all().items()
            if not isinstance(spec, KernelSpecError)
        }

    def install_kernel_spec(
        self,
        source_dir: str,
        kernel_name: str | None = None,
        user: bool = False,
        replace: bool | None = None,
        prefix: str | None = None,
    ) -> str:
        """Install the kernelspec in a folder; return where it is now."""
        return install_kernelspec(source_dir, kernel_name, user=user, prefix=prefix)

    def remove_kernel_spec(self, name: str) -> str:
        """Remove a kernelspec; return the folder that is gone.

        Raises:
            KeyError: There is none of this name.
        """
        return remove_kernelspecs([name], self.specs)[name.lower()]


def find_kernel_specs() -> dict[str, str]:
    """Return name -> folder of every kernelspec."""
    return KernelSpecManager().find_kernel_specs()


def get_kernel_spec(kernel_name: str) -> KernelSpec:
    """Return a kernelspec."""
    return KernelSpecManager().get_kernel_spec(kernel_name)


def install_kernel_spec(
    source_dir: str,
    kernel_name: str | None = None,
    user: bool = False,
    replace: bool | None = False,
    prefix: str | None = None,
) -> str:
    """Install the kernelspec in a folder."""
    return KernelSpecManager().install_kernel_spec(source_dir, kernel_name, user, replace, prefix)
