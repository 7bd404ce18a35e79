"""The application classes of IPython and ipykernel, as far as libraries use them: to ask whether a kernel runs, and where."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from nuncius.kernel.compat.connecting import connection_file
from nuncius.kernel.compat.profiles import ProfileDir
from nuncius.kernel.current import get_shell

__all__ = [
    "BaseIPythonApplication",
    "IPKernelApp",
    "InteractiveShellApp",
    "TerminalIPythonApp",
    "install_spec",
    "launch_new_instance",
]


class BaseIPythonApplication:
    """What the running program looks like to libraries that ask for IPython's application."""

    name = "ipython"

    def __init__(self, **traits: Any) -> None:
        for name, value in traits.items():
            if not hasattr(type(self), name):
                setattr(self, name, value)

    @classmethod
    def initialized(cls) -> bool:
        """Tell whether a kernel runs in this process."""
        return get_shell() is not None

    @classmethod
    def instance(cls, *args: Any, **kwargs: Any) -> BaseIPythonApplication:
        """Return the application."""
        return cls()

    @classmethod
    def launch_instance(cls, argv: list[str] | None = None, **kwargs: Any) -> None:
        """Run a Python kernel, or one of another class by the wrapper's own means."""
        kernel_class = kwargs.pop("kernel_class", None)
        if kernel_class is not None:
            from nuncius.protocol.wrapper import KernelApp

            KernelApp.launch_instance(argv=argv, kernel_class=kernel_class, **kwargs)
            return
        # by name: the application stands above this layer
        sys.exit(import_module("nuncius.kernel.app").main(argv))

    def initialize(self, argv: list[str] | None = None) -> None:
        """Have a shell; one that runs already, or a new one."""
        from nuncius.kernel.compat.shells import TerminalInteractiveShell

        TerminalInteractiveShell.instance()

    @property
    def shell(self) -> Any:
        """The shell that runs."""
        return get_shell()

    @property
    def config(self) -> Any:
        """Its configuration."""
        shell: Any = get_shell()
        return shell.config

    @property
    def profile_dir(self) -> ProfileDir:
        """Its profile."""
        profile = getattr(get_shell(), "profile_dir", None)
        return ProfileDir(getattr(profile, "location", ""))


class IPKernelApp(BaseIPythonApplication):
    """The application of a kernel."""

    name = "ipython-kernel"

    @property
    def kernel(self) -> Any:
        """The kernel that runs."""
        return getattr(get_shell(), "kernel", None)

    @property
    def connection_file(self) -> str:
        """The name of the connection file."""
        return connection_file()

    @property
    def abs_connection_file(self) -> str:
        """The connection file."""
        return str(Path(self.connection_file).absolute()) if self.connection_file else ""


class TerminalIPythonApp(BaseIPythonApplication):
    """The application of a terminal."""


class InteractiveShellApp(BaseIPythonApplication):
    """What both have in common."""


launch_new_instance = IPKernelApp.launch_instance


def install_spec(
    kernel_spec_manager: Any = None,
    user: bool = False,
    kernel_name: str = "nuncius-python",
    display_name: str | None = None,
    prefix: str | None = None,
    profile: str | None = None,
    env: dict[str, str] | None = None,
    frozen_modules: bool = False,
) -> str:
    """Install the kernelspec; returns its folder."""
    from nuncius.kernel.install import kernel_spec
    from nuncius.protocol.kernelspec import install_kernelspec

    spec = kernel_spec(kernel_name, display_name or "", profile or "", env)
    return install_kernelspec(spec, kernel_name, user=user, prefix=prefix)
