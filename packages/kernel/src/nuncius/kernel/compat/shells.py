"""The shell under the class names by which libraries recognize what they run in.

Many ask ``type(get_ipython()).__name__``: ``ZMQInteractiveShell`` is a notebook or a console, ``TerminalInteractiveShell`` is a terminal.
"""

from __future__ import annotations

import sys
from abc import ABC
from typing import TYPE_CHECKING, Any, ClassVar

from nuncius.kernel.builtin_names import open_of_cells
from nuncius.kernel.compat.profiles import ProfileDir
from nuncius.kernel.compat.shell_attributes import ShellAttributes
from nuncius.kernel.compile import Compiler
from nuncius.kernel.current import get_shell
from nuncius.kernel.display.publish import SHOWN_MODULES
from nuncius.kernel.options import ShellOptions
from nuncius.kernel.shell import Shell
from nuncius.protocol.kernel import CURRENT_IO
from nuncius.protocol.session import parse_parent
from nuncius.protocol.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "InteractiveShell",
    "InteractiveShellABC",
    "InteractiveShellEmbed",
    "TerminalInteractiveShell",
    "ZMQInteractiveShell",
]


class InteractiveShellABC(ABC):  # noqa: B024 - shells are registered with it
    """What libraries ask shells of any kind to be; theirs may be registered with it."""


class _Instance:
    """The shell that runs, as an attribute of its class; None where there is none of that class."""

    def __get__(self, shell: Any, kind: type) -> Any:
        running = get_shell()
        return running if kind in type(running).__mro__ else None


class InteractiveShell(ShellAttributes, Shell):
    """The shell, with what IPython's has beyond ours: singletons, traits, configuration."""

    #: Names of sections that ``config`` has from the start: libraries look for them.
    _sections: ClassVar[tuple[str, ...]] = ()
    #: Modules that are there from the start: libraries look for them in `sys.modules`.
    modules: ClassVar[tuple[str, ...]] = ("IPython",)
    _instance = _Instance()
    parent: Any = None
    mainloop: Callable[..., Any] | None = None

    def __init__(
        self,
        options: ShellOptions | None = None,
        *,
        config: Any = None,
        parent: Any = None,
        user_module: Any = None,
        user_ns: dict[str, Any] | None = None,
        kernel: Any = None,
        own_main: bool = False,
        profile_dir: Any = None,
        **traits: Any,
    ) -> None:
        self._config: Any = config
        self.configurables: list[Any] = [self]
        if parent is not None:
            self.parent = parent
        for name in ("banner1", "banner2"):
            if name in traits:
                setattr(self, name, traits[name])
        if user_module is None and user_ns is not None and "__name__" in user_ns:
            user_module = sys.modules.get(str(user_ns["__name__"]))
        super(InteractiveShell, self).__init__(  # noqa: UP008 - see __class__
            _configured(options, config, type(self), traits),
            user_module=user_module,
            user_ns=user_ns,
            kernel=kernel,
            own_main=own_main,
            profile_dir=profile_dir,
        )
        if user_module is None:
            self.namespace.preset({"open": open_of_cells})
        if kernel is None:
            self.compile = Compiler(in_folder=False)

    def _face(self) -> type:
        """Return our class; or, where traitlets is in use, one that also is a Configurable.

        Libraries give the shell to their Configurables as ``parent``, which traitlets checks by `isinstance`. Deriving from it would have each kernel import traitlets.
        """
        kind = type(self)
        if "traitlets.config.configurable" not in sys.modules:
            return kind
        face = _faces.get(kind)
        if face is None:
            face = _faces[kind] = _make_face(kind)
        return face

    __class__ = property(_face)

    @classmethod
    def instance(cls, *args: Any, **kwargs: Any) -> InteractiveShell:
        """Return the shell that runs, or a new one."""
        shell = get_shell()
        return shell if isinstance(shell, InteractiveShell) else cls(*args, **kwargs)

    @classmethod
    def initialized(cls) -> bool:
        """Tell whether a shell runs."""
        return isinstance(get_shell(), cls)

    @classmethod
    def clear_instance(cls) -> None:
        """Close the shell that runs."""
        shell = get_shell()
        if isinstance(shell, cls):
            shell.close()

    @property
    def profile_dir(self) -> Any:
        """The folder of the profile; None where there is none."""
        return self._profile_dir

    @profile_dir.setter
    def profile_dir(self, profile: Any) -> None:
        known = profile is None or isinstance(profile, ProfileDir)
        self._profile_dir = profile if known else ProfileDir(profile.location)

    @property
    def config(self) -> Any:
        """The configuration; libraries look whether it has certain sections."""
        if self._config is None:
            from traitlets.config import Config

            told = Config({name: self._told_of_start() for name in self._sections})
            told.merge(Config(self.sections))
            self._config = told
        return self._config

    @config.setter
    def config(self, config: Any) -> None:
        self._config = config

    def _told_of_start(self) -> dict[str, Any]:
        """Return what a section of the configuration says of how the program was started."""
        from nuncius.kernel.compat.connecting import connection_file

        path = connection_file()
        return {"connection_file": path} if path else {}

    @property
    def Completer(self) -> Any:  # noqa: N802 - the name that extensions use
        """Finds completions."""
        from nuncius.kernel.compat.completion import IPCompleter

        return IPCompleter(self)

    @property
    def colors(self) -> str:
        """The name of the colors."""
        return self.options.colors

    @colors.setter
    def colors(self, name: str) -> None:
        self.set_option("colors", name.lower())

    def has_trait(self, name: str) -> bool:
        """Tell whether there is an attribute or option of this name."""
        return hasattr(self, name) or hasattr(self.options, name)

    def _find_my_config(self, cfg: Any) -> Any:
        """Return what the configuration says of us, as traitlets asks a parent."""
        return type(cfg)(cfg.get(type(self).__name__, {}))

    def trait_names(self) -> list[str]:
        """Return the names of the options."""
        return list(type(self.options).__fields__)


def _configured(
    options: ShellOptions | None, config: Any, kind: type, traits: Mapping[str, Any]
) -> ShellOptions:
    """Return options, with what a configuration and keywords say under the names that ours have."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        found.update((config or {}).get(base.__name__, {}))
    found.update(traits)
    options = options or ShellOptions()
    known = {name: value for name, value in found.items() if name in ShellOptions.__fields__}
    if "colors" in known:
        known["colors"] = str(known["colors"]).lower()
    if not (config or {}).get("HistoryManager", {}).get("enabled", True):
        known["history"] = False
    return replace(options, **known)


_faces: dict[type, type] = {}


def _make_face(kind: type) -> type:
    from traitlets.config.configurable import Configurable

    namespace = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    metaclass: Any = type(Configurable)
    face: type = metaclass(kind.__name__, (kind, Configurable), namespace)
    return face


class ZMQInteractiveShell(InteractiveShell):
    """The shell of a kernel."""

    _sections = ("IPKernelApp",)
    modules = ("IPython", "ipykernel", "ipykernel.zmqshell")

    def get_parent(self, channel: str | None = None) -> dict[str, Any]:
        """Return the request that runs."""
        parent: dict[str, Any] = self.kernel.get_parent(channel)
        return parent

    @property
    def parent_header(self) -> dict[str, Any]:
        """The request that runs."""
        return self.get_parent()

    def set_parent(self, parent: Mapping[str, Any]) -> None:
        """Have what this thread or task puts out from now on belong to another request.

        Args:
            parent: The request, or its header, as a dictionary.
        """
        self.set_thread_parent(parent)

    def set_thread_parent(self, parent: Mapping[str, Any]) -> Any:
        """As `set_parent`; return what `reset_thread_parent` takes to undo it."""
        io: Any = self.io
        header = parse_parent(parent.get("header", parent))
        if header is None or io is None:
            return None
        return CURRENT_IO.set(io.with_parent(header))

    def reset_thread_parent(self, token: Any) -> None:
        """Undo `set_thread_parent`."""
        if token is not None:
            CURRENT_IO.reset(token)


class TerminalInteractiveShell(InteractiveShell):
    """The shell of a terminal."""

    _sections = ("TerminalIPythonApp",)
    modules = ("IPython", "IPython.terminal.interactiveshell")
    #: The prompts that were chosen here; None for the usual ones. The terminal that shows them looks here after each cell.
    chosen_prompts: Any = None
    _prompts_before: tuple[Any] | None = None

    @property
    def prompts(self) -> Any:
        """What stands before input and output; may be replaced."""
        if self.chosen_prompts is not None:
            return self.chosen_prompts
        from nuncius.kernel.compat.prompts import Prompts

        return Prompts(self)

    @prompts.setter
    def prompts(self, prompts: Any) -> None:
        self.chosen_prompts = prompts

    def switch_doctest_mode(self, mode: bool) -> None:
        """Show Python's own prompts, or those from before again."""
        if mode:
            from nuncius.kernel.compat.prompts import ClassicPrompts

            self._prompts_before = (self.chosen_prompts,)
            self.chosen_prompts = ClassicPrompts(self)
        elif self._prompts_before is not None:
            (self.chosen_prompts,) = self._prompts_before
            self._prompts_before = None


class InteractiveShellEmbed(TerminalInteractiveShell):
    """A shell within a program; calling it opens it in the caller's variables."""

    def __call__(
        self,
        header: str = "",
        local_ns: dict[str, Any] | None = None,
        module: Any = None,
        dummy: Any = None,
        stack_depth: int = 1,
        compile_flags: int | None = None,
    ) -> None:
        """Open the shell; the program stands still meanwhile.

        Args:
            header: Said at the start.
            local_ns: The variables; the caller's by default.
            module: The globals; the caller's by default.
            dummy: Ignored.
            stack_depth: So many frames up is the caller.
            compile_flags: Ignored.
        """
        from nuncius.kernel.compat.embedding import open_shell

        open_shell(
            header,
            local_ns=local_ns,
            module=module,
            stack_depth=stack_depth,
            banner1=self.banner1 or None,
        )


InteractiveShellABC.register(InteractiveShell)

# Libraries look at the module as well: plotly wants "ipykernel.", pandas looks for "zmq".
InteractiveShell.__module__ = "IPython.core.interactiveshell"
ZMQInteractiveShell.__module__ = "ipykernel.zmqshell"
TerminalInteractiveShell.__module__ = "IPython.terminal.interactiveshell"
InteractiveShellEmbed.__module__ = "IPython.terminal.embed"

# Notebooks hold such texts, and tools compare them.
SHOWN_MODULES["nuncius.kernel.display.objects"] = "IPython.core.display"
SHOWN_MODULES["nuncius.kernel.display.media"] = "IPython.lib.display"
