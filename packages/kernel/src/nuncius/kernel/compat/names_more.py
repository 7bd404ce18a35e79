"""The part of `nuncius.kernel.compat.names` that few libraries ask for: utilities, testing, the terminal's corners, ipykernel's corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MORE", "at"]


def at(home: str, names: str | Iterable[str]) -> dict[str, str]:
    """Return the places of names that a module has under the same names."""
    words = names.split() if isinstance(names, str) else names
    return {name: f"{home}:{name}" for name in words}


_UTILITIES = ":compat.utilities"
_TESTING = ":compat.testing"
_KERNELS = ":compat.kernels"

#: Module -> name -> place.
MORE: Mapping[str, Mapping[str, str]] = {
    # -- IPython.core
    "IPython.core.payloadpage": {"page": ":compat.functions:page"},
    # -- IPython.lib
    "IPython.lib.lexers": {
        **at(
            ":compat.lexers",
            "IPython3Lexer IPythonConsoleLexer IPythonLexer IPythonTracebackLexer",
        ),
        "IPython3TracebackLexer": ":compat.lexers:IPythonTracebackLexer",
        "IPythonPartialTracebackLexer": ":compat.lexers:IPythonTracebackLexer",
    },
    # -- IPython.testing
    "IPython.testing.decorators": {
        **at(_TESTING, "onlyif_cmds_exist skip_if_not_win32 skip_win32 skipif"),
        "skip_doctest": f"{_TESTING}:skip_doctest",
    },
    "IPython.testing.globalipapp": at(_TESTING, "get_ipython start_ipython"),
    "IPython.testing.skipdoctest": at(_TESTING, "skip_doctest"),
    "IPython.testing.tools": at(
        _TESTING,
        "AssertNotPrints AssertPrints TempFileMixin default_argv default_config fake_input full_path make_tempfile monkeypatch mute_warn no_op",
    ),
    # -- IPython.utils
    "IPython.utils.contexts": at(_UTILITIES, "preserve_keys"),
    "IPython.utils.data": at(_UTILITIES, "chop uniq_stable"),
    "IPython.utils.decorators": at(_UTILITIES, "undoc"),
    "IPython.utils.dir2": at(_UTILITIES, "dir2 get_real_method safe_hasattr"),
    "IPython.utils.encoding": at(_UTILITIES, "DEFAULT_ENCODING"),
    "IPython.utils.frame": {
        "extract_module_locals": ":embed:extract_module_locals",
        "extract_vars": f"{_UTILITIES}:extract_vars",
    },
    "IPython.utils.generics": at(_UTILITIES, "complete_object inspect_object"),
    "IPython.utils.importstring": at(_UTILITIES, "import_item"),
    "IPython.utils.io": {
        "capture_output": ":display.capture:capture_output",
        **at(_UTILITIES, "Tee ask_yes_no temp_pyfile"),
    },
    "IPython.utils.module_paths": at(_UTILITIES, "find_mod"),
    "IPython.utils.openpy": at(_UTILITIES, "source_to_unicode"),
    "IPython.utils.sentinel": at(_UTILITIES, "Sentinel"),
    "IPython.utils.sysinfo": at(_UTILITIES, "get_sys_info sys_info"),
    "IPython.utils.syspathcontext": at(_UTILITIES, "prepended_to_syspath"),
    "IPython.utils.terminal": at(_UTILITIES, "get_terminal_size set_term_title"),
    "IPython.utils.timing": at(_UTILITIES, "clock clock2 timings timings_out"),
    "IPython.utils.wildcard": at(_UTILITIES, "list_namespace"),
    # -- IPython.terminal
    "IPython.terminal.prompts": at(":compat.prompts", "ClassicPrompts Prompts Token"),
    "IPython.terminal.pt_inputhooks": {
        "UnknownBackend": ":errors:GuiUnavailable",
    },
    # -- ipykernel
    "ipykernel._version": {"__version__": "=7.4.0", "version_info": "=(7, 4, 0)"},
    "ipykernel.comm.comm": at(":compat.comms", "BaseComm Comm"),
    "ipykernel.comm.manager": at(":compat.comms", "CommManager"),
    "ipykernel.compiler": {
        "XCachingCompiler": ":compile:Compiler",
        "murmur2_x86": ":compile:murmur2",
        **at(_KERNELS, "get_file_name get_tmp_directory get_tmp_hash_seed"),
    },
    "ipykernel.connect": at(
        _KERNELS, "connect_qtconsole get_connection_file get_connection_info write_connection_file"
    ),
    "ipykernel.pylab": {},
    "ipykernel.pylab.backend_inline": {"": "matplotlib_inline.backend_inline"},
    "ipykernel.pylab.config": {"": "matplotlib_inline.config"},
}  # fmt: skip
