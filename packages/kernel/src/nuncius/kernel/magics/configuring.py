"""Change options, and load extensions: ``%config``, ``%load_ext``."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.completion_options import COMPLETION, CompletionOption
from nuncius.kernel.magics.foreign import COMPLETERS, FOREIGN, PARTS, SHELL
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say, warn

__all__ = ["ConfigMagics", "ExtensionMagics"]

#: Options of IPython that change nothing here: who sets them is told so, and the cell goes on.
_WITHOUT_EFFECT = {
    "HistoryManager": "connection_options db_cache_size",
    "IPCompleter": "auto_close_dict_keys backslash_combining_completions debug dict_keys_only merge_completions policy_overrides profile_completions profiler_output_dir suppress_competing_matchers use_jedi_for_dict_keys",
    "InteractiveShell": "banner1 banner2 color_info debug disable_failing_post_execute display_page enable_html_pager enable_tip history_length history_load_length ipython_dir object_info_string_level prompt_in1 prompt_in2 prompt_out prompts_pad_left quiet separate_in separate_out separate_out2 show_rewritten_input sphinxify_docstring warn_venv xmode_traceback",
    "PrefilterManager": "multi_line_specials",
    "TerminalInteractiveShell": "auto_match autoformatter autosuggestions_provider confirm_exit editing_mode editor emacs_bindings_in_vi_insert_mode enable_history_search extra_open_editor_shortcuts handle_return highlight_matching_brackets highlighting_style highlighting_style_overrides mime_renderers modal_cursor mouse_support prompt_includes_vi_mode prompt_line_number_format prompts_class simple_prompt space_for_menu term_title term_title_format timeoutlen true_color ttimeoutlen",
}
_SETTING = re.compile(r"([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*)\s*(?:=(?!=)\s*(.*))?)?$", re.DOTALL)


@magics_class
class ConfigMagics(Magics):
    """Options."""

    @line_magic
    def config(self, s: str) -> Any:
        """Show or set options while the shell runs.

        ::

            %config                              the classes that have options
            %config ShellOptions                 its options, with their values
            %config ShellOptions.autocall        return one
            %config ShellOptions.autocall = 1    set one: the value is a Python expression
            %config InlineBackend.figure_format = "retina"
        """
        line = s.strip()
        if not line:
            say("Available objects for config:")
            for name in self._classes():
                say(f"    {name}")
            return None
        match = _SETTING.match(line)
        if match is None:
            raise UsageError(f"Invalid config statement: {line!r}, should be `Class.trait = value`")
        owner, name, value = match.groups()
        if value is not None and self._has_no_effect(owner, name):
            warn(f"{owner}.{name} changes nothing here")
            return None
        target = self._target(owner)
        if name is None:
            say(target.describe())
            return None
        if value is None:
            return target.get(name)
        try:
            new = self.shell.ev(value)
        except (NameError, SyntaxError):
            new = value.strip()  # a bare word is text
        target.set(name, new)
        return None

    def _has_no_effect(self, owner: str, name: str) -> bool:
        """Tell whether an option is one of IPython's that change nothing here."""
        owners = {owner}
        if owner in SHELL:
            owners |= {"InteractiveShell", "TerminalInteractiveShell"}
        if owner in COMPLETERS:
            owners.add("IPCompleter")
        if any(type(each).__name__ == owner for each in self._configurables()):
            return False
        return any(name in _WITHOUT_EFFECT.get(each, "").split() for each in owners)

    def names(self) -> dict[str, list[str]]:
        """Return the options of each class, for completion."""
        shell = list(self.shell.options.__dataclass_fields__)
        found = {
            owner: [*PARTS.get(owner, ()), *FOREIGN.get(owner, ())] for owner in (*PARTS, *FOREIGN)
        }
        found |= {"ShellOptions": shell, "InteractiveShell": shell + found["InteractiveShell"]}
        found |= {owner: list(COMPLETION) for owner in COMPLETERS}
        for each in self._configurables():
            found[type(each).__name__] = sorted(each.class_trait_names(config=True))
        return found

    def _classes(self) -> list[str]:
        found = {"ShellOptions", *PARTS, *FOREIGN, *COMPLETERS}
        found |= {type(each).__name__ for each in self._configurables()}
        if "matplotlib" in sys.modules:
            found.add("InlineBackend")
        return sorted(found)

    def _configurables(self) -> list[Any]:
        every: list[Any] = getattr(self.shell, "configurables", [])
        return [each for each in every if each is not self.shell and hasattr(each, "traits")]

    def _target(self, owner: str) -> _Options | _Traits:
        if owner in SHELL:
            ours = {name: name for name in self.shell.options.__dataclass_fields__}
            theirs = {} if owner == "ShellOptions" else FOREIGN["InteractiveShell"]
            return _Options(self.shell, owner, ours, theirs)
        if owner in COMPLETERS:
            return _Options(self.shell, owner, {}, COMPLETION)
        if owner in PARTS or owner in FOREIGN:
            return _Options(self.shell, owner, PARTS.get(owner, {}), FOREIGN.get(owner, {}))
        if owner == "InlineBackend":
            self._make_inline_backend()
        for each in self._configurables():
            if type(each).__name__ == owner:
                return _Traits(each)
        from nuncius.protocol.app.options import nearest

        raise UsageError(
            f"Invalid configurable: {owner!r}{nearest(owner, self._classes()) or '; %config lists them'}"
        )

    def _make_inline_backend(self) -> None:
        configurables = getattr(self.shell, "configurables", None)
        if configurables is None:
            return
        try:
            from matplotlib_inline.config import InlineBackend
        except ImportError:
            raise UsageError(
                "%config: figures need matplotlib: pip install matplotlib-inline"
            ) from None
        backend = InlineBackend.instance(parent=self.shell)
        if backend not in configurables:
            backend.shell = self.shell
            configurables.append(backend)


class _Options:
    """Options of the shell, and of what belongs to it.

    Args:
        shell: The shell.
        owner: The class, as people know it.
        names: Options of the shell: the name that people know, and ours.
        named: Others, by name.
    """

    def __init__(
        self,
        shell: Any,
        owner: str,
        names: Mapping[str, str],
        named: Mapping[str, CompletionOption],
    ) -> None:
        self._shell = shell
        self._owner = owner
        self._names = names
        self._named = named

    def _check(self, name: str) -> None:
        from nuncius.protocol.app.options import nearest

        known = [*self._names, *self._named]
        if name not in known:
            raise UsageError(
                f"{self._owner} has no option {name!r}{nearest(name, known) or f'; there are {chr(44).join(known)}'}"
            )

    def get(self, name: str) -> Any:
        """Return the value of an option."""
        self._check(name)
        if name in self._names:
            return getattr(self._shell.options, self._names[name])
        return self._named[name].get(self._shell)

    def set(self, name: str, value: Any) -> None:
        """Set an option."""
        from nuncius.protocol.errors import OptionError

        self._check(name)
        try:
            if name in self._names:
                self._shell.set_option(self._names[name], value)
            else:
                self._named[name].set(self._shell, value)
        except (OptionError, ValueError, TypeError) as error:
            what = "%config" if name in self._names else f"{self._owner}.{name}"
            raise UsageError(f"{what}: {error}") from None

    def describe(self) -> str:
        """Return the options with their values and what they do."""
        from nuncius.protocol.app.options import describe, type_name

        options = {option.name: option for option in describe(type(self._shell.options))}
        lines = [f"{self._owner} options", "-" * (len(self._owner) + 8)]
        for name, real in self._names.items():
            option = options[real]
            lines.append(f"{self._owner}.{name}: {type_name(option.type)}")
            lines.append(f"    {option.help}")
            lines.append(f"    Current: {self.get(name)!r}")
        for name, named in self._named.items():
            lines.append(f"{self._owner}.{name}")
            lines.append(f"    {named.help}")
            lines.append(f"    Current: {self.get(name)!r}")
        return "\n".join(lines)


class _Traits:
    """The traits of a configurable of some library."""

    def __init__(self, configurable: Any) -> None:
        self._object = configurable

    def _check(self, name: str) -> None:
        known = self._object.class_trait_names(config=True)
        if name not in known:
            from nuncius.protocol.app.options import nearest

            owner = type(self._object).__name__
            raise UsageError(f"{owner} has no option {name!r}{nearest(name, known)}")

    def get(self, name: str) -> Any:
        """Return the value of a trait."""
        self._check(name)
        return getattr(self._object, name)

    def set(self, name: str, value: Any) -> None:
        """Set a trait."""
        self._check(name)
        from traitlets import TraitError

        try:
            setattr(self._object, name, value)
        except TraitError as error:
            raise UsageError(f"%config: {error}") from None

    def describe(self) -> str:
        """Return what the class says of its traits, with their values."""
        text: str = type(self._object).class_get_help(self._object)
        return text


_LOADED = {
    "already loaded": "The {0} extension is already loaded. To reload it, use:\n  %reload_ext {0}",
    "no load function": "The {0} module is not an extension: it has no function load_ipython_extension.",
    "not loaded": "The {0} extension is not loaded.",
    "no unload function": "The {0} extension doesn't define how to unload it.",
}


@magics_class
class ExtensionMagics(Magics):
    """Extensions."""

    @line_magic
    def load_ext(self, module_str: str) -> None:
        """Load an extension: a module with a function ``load_ipython_extension``.

        ::

            %load_ext autoreload
        """
        __tracebackhide__ = True
        self._do("load_ext", module_str)

    @line_magic
    def unload_ext(self, module_str: str) -> None:
        """Unload an extension, if it can be."""
        __tracebackhide__ = True
        self._do("unload_ext", module_str)

    @line_magic
    def reload_ext(self, module_str: str) -> None:
        """Unload an extension, read its module again, and load it."""
        __tracebackhide__ = True
        self._do("reload_ext", module_str)

    def _do(self, what: str, module_str: str) -> None:
        __tracebackhide__ = True
        name = module_str.strip()
        if not name:
            raise UsageError(f"%{what}: Missing module name.")
        method = getattr(self.shell.extension_manager, what.replace("_ext", "_extension"))
        outcome = method(name)
        if outcome is not None:
            say(_LOADED[outcome].format(name))
