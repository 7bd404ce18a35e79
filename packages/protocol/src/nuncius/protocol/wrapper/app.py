"""Be the main program of a wrapper kernel, with ipykernel's names and options."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import List, Unicode, default
from traitlets.config.configurable import SingletonConfigurable

from nuncius.protocol.wrapper.adapter import Adapter
from nuncius.protocol.wrapper.base import Kernel
from nuncius.protocol.wrapper.face import SessionFace

__all__ = ["IPKernelApp", "KernelApp", "launch_new_instance"]

#: Options that are followed by their value, and read by `nuncius.protocol.serving.app.serve`.
_VALUES = frozenset(
    {"-f", "--f", "--connection-file", "--IPKernelApp.connection_file", "--ip", "--IPKernelApp.ip"}
)

#: Options that say how much is logged.
_LEVELS = {"--debug": logging.DEBUG, "--quiet": logging.CRITICAL}

#: Options of ipykernel that mean nothing to a kernel of another language.
_IGNORED = frozenset(
    {
        "--matplotlib",
        "--pylab",
        "--no-stdout",
        "--no-stderr",
        "--no-secure",
        "--secure",
        "--automagic",
        "--no-automagic",
    }
)


class IPKernelApp(SingletonConfigurable):
    """The main program of a wrapper kernel, with the names that ipykernel gave it."""

    name = "nuncius-kernel"
    kernel_class: Any = AnyTrait(Kernel)
    connection_file: Any = Unicode()
    kernel: Any = AnyTrait(None, allow_none=True)
    log: Any = AnyTrait()
    extra_args: Any = List()

    @default("log")
    def _default_log(self) -> logging.Logger:
        log = logging.getLogger("nuncius.protocol.wrapper")
        if not log.handlers:
            # The process' own standard error, not the frontend's.
            log.addHandler(logging.StreamHandler(sys.__stderr__))
            log.propagate = False
        return log

    def initialize(self, argv: Sequence[str] | None = None) -> None:
        """Read the command line.

        Args:
            argv: Without the program's name; by default that of the process.
        """
        from nuncius.protocol.serving.app import connection_file_of

        self._argv = list(sys.argv[1:] if argv is None else argv)
        self.connection_file = connection_file_of(self._argv) or ""
        self.extra_args = []
        arguments = iter(self._argv)
        for argument in arguments:
            name, given, value = argument.partition("=")
            if name in _VALUES:
                if not given:
                    next(arguments, None)
            elif not argument.startswith("-"):
                self.extra_args.append(argument)
            elif name in _LEVELS:
                self.log.setLevel(_LEVELS[name])
            elif name not in _IGNORED:
                self._set_trait(argument, name.removeprefix("--"), value)

    def _set_trait(self, argument: str, name: str, value: str) -> None:
        """Take ``--Class.trait=value``; say what is not known."""
        from traitlets.config.loader import Config, DeferredConfigString

        class_name, _, trait = name.rpartition(".")
        for owner in (type(self), self.kernel_class):
            names = {c.__name__ for c in owner.__mro__}
            if class_name in names and trait in owner.class_traits(config=True):
                section = {trait: DeferredConfigString(value)}
                self.update_config(Config({class_name: section}))
                return
        self.log.warning("the option %s is not known to this kernel; it is ignored", argument)

    def start(self) -> None:
        """Serve the kernel until it is shut down."""
        from nuncius.protocol.serving.app import serve

        code = serve(self._make_kernel, self._argv)
        if code:
            raise SystemExit(code)

    def _make_kernel(self) -> Adapter:
        self.kernel = self.kernel_class.instance(parent=self, session=SessionFace())
        return Adapter(self.kernel)

    @classmethod
    def launch_instance(cls, argv: Sequence[str] | None = None, **kwargs: Any) -> None:
        """Make the program, and run it.

        Args:
            argv: The command line without the program's name.
            **kwargs: ``kernel_class``, mainly.
        """
        app = cls.instance(**kwargs)
        app.initialize(argv)
        app.start()

    launch_new_instance = launch_instance


KernelApp = IPKernelApp


def launch_new_instance(argv: Sequence[str] | None = None, **kwargs: Any) -> None:
    """Make the main program of a kernel, and run it: see `IPKernelApp.launch_instance`."""
    IPKernelApp.launch_instance(argv, **kwargs)
