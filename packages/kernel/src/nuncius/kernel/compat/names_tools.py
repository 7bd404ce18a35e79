"""Say which of our objects stands behind which name of IPython's modules around the core: ``lib``, ``utils``, ``extensions``, ``terminal``, ``testing``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.kernel.compat.places import at

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TOOLS"]

#: Module -> name -> place; see `nuncius.kernel.compat.names`.
TOOLS: Mapping[str, Mapping[str, str]] = {
    "IPython.extensions": {},
    "IPython.extensions.autoreload": {
        **at(":ext.autoreload", "AutoreloadMagics load_ipython_extension superreload"),
        "ModuleReloader": ":ext.autoreload:Reloader",
    },
    "IPython.extensions.storemagic": at(":ext.storemagic", "StoreMagics load_ipython_extension"),
    "IPython.lib": {},
    "IPython.lib.backgroundjobs": at(
        ":compat.backgroundjobs",
        "BackgroundJobBase BackgroundJobExpr BackgroundJobFunc BackgroundJobManager",
    ),
    "IPython.lib.clipboard": {
        **at(":compat.editors", "tkinter_clipboard_get"),
        "ClipboardEmpty": ":errors:UsageError",
        "win32_clipboard_get": ":compat.editors:clipboard_get",
        "osx_clipboard_get": ":compat.editors:clipboard_get",
        "wayland_clipboard_get": ":compat.editors:clipboard_get",
    },
    "IPython.lib.deepreload": at(":compat.deepreload", "reload"),
    "IPython.lib.demo": {
        **at(
            ":compat.demo",
            "ClearDemo ClearIPDemo ClearMixin Demo IPythonDemo IPythonLineDemo LineDemo re_mark slide",
        ),
        "DemoError": ":errors:ShellError",
    },
    "IPython.lib.display": at(
        ":display.media",
        "Audio Code FileLink FileLinks IFrame ScribdDocument VimeoVideo YouTubeVideo",
    ),
    "IPython.lib.editorhooks": at(":compat.editors", "install_editor"),
    "IPython.lib.guisupport": at(
        ":compat.guis",
        "get_app_qt4 get_app_wx is_event_loop_running_qt4 is_event_loop_running_wx start_event_loop_qt4 start_event_loop_wx",
    ),
    "IPython.lib.latextools": at(":compat.latex", "latex_to_html latex_to_png"),
    "IPython.lib.lexers": {
        **at(
            ":compat.lexers", "IPython3Lexer IPythonConsoleLexer IPythonLexer IPythonTracebackLexer"
        ),
        "IPython3TracebackLexer": ":compat.lexers:IPythonTracebackLexer",
        "IPythonPartialTracebackLexer": ":compat.lexers:IPythonTracebackLexer",
        "IPyLexer": ":compat.lexers:IPythonLexer",
    },
    "IPython.lib.pretty": {
        **at(
            ":display.pretty",
            "MAX_SEQ_LENGTH PrettyPrinter RepresentationPrinter for_type for_type_by_name pprint pretty",
        ),
        **at(":compat.printing", "CallExpression RawStringLiteral RawText"),
    },
    "IPython.paths": {
        **at(":compat.functions", "get_ipython_cache_dir get_ipython_dir locate_profile"),
        **at(":compat.files", "get_ipython_module_path get_ipython_package_dir"),
    },
    "IPython.terminal": {},
    "IPython.terminal.debugger": at(":compat.debuggers", "Pdb TerminalPdb set_trace"),
    "IPython.terminal.embed": {
        **at(":compat.shells", "InteractiveShellEmbed"),
        **at(":compat.embedding", "KillEmbedded embed"),
        "KillEmbeded": ":compat.embedding:KillEmbedded",
    },
    "IPython.terminal.interactiveshell": {
        **at(":compat.shells", "TerminalInteractiveShell"),
        **at(":compat.editors", "get_default_editor"),
    },
    "IPython.terminal.ipapp": at(":compat.apps", "TerminalIPythonApp"),
    "IPython.terminal.magics": at(":magics.pasting", "TerminalMagics"),
    "IPython.terminal.prompts": at(":compat.prompts", "ClassicPrompts Prompts Token"),
    "IPython.terminal.pt_inputhooks": {
        "UnknownBackend": ":errors:GuiUnavailable",
    },
    "IPython.testing": {"IPYTHON_TESTING_TIMEOUT_SCALE": "=(1)"},
    "IPython.testing.decorators": at(
        ":compat.testing",
        "module_not_available null_deco onlyif onlyif_cmds_exist onlyif_unicode_paths skip skip_doctest skip_if_no_x11 skip_if_not_osx skip_if_not_win32 skip_win32 skip_without skipif skipif_not_matplotlib skipif_not_numpy",
    ),
    "IPython.testing.globalipapp": at(":compat.testing", "get_ipython start_ipython"),
    "IPython.testing.skipdoctest": at(":compat.testing", "skip_doctest"),
    "IPython.testing.tools": at(
        ":compat.testing",
        "AssertNotPrints AssertPrints TempFileMixin default_argv default_config fake_input full_path make_tempfile monkeypatch mute_warn no_op",
    )
    | at(":compat.files", "temp_pyfile"),
    "IPython.utils": {},
    "IPython.utils.PyColorize": {
        **at(":compat.coloring", "Parser"),
        **at(":themes", "Theme"),
    },
    "IPython.utils._process_common": at(
        ":compat.functions", "arg_split get_output_error_code getoutput getoutputerror"
    ),
    "IPython.utils._process_posix": at(":compat.functions", "arg_split getoutput system"),
    "IPython.utils.capture": at(":display.capture", "CapturedIO RichOutput capture_output"),
    "IPython.utils.coloransi": at(":compat.coloring", "TermColors"),
    "IPython.utils.contexts": at(":compat.utilities", "preserve_keys"),
    "IPython.utils.data": at(":compat.texts", "chop uniq_stable"),
    "IPython.utils.decorators": at(":compat.utilities", "flag_calls undoc"),
    "IPython.utils.dir2": at(":compat.utilities", "dir2 get_real_method safe_hasattr"),
    "IPython.utils.encoding": {
        **at(":compat.texts", "DEFAULT_ENCODING get_stream_enc"),
        **at("sys", "getdefaultencoding"),
    },
    "IPython.utils.frame": {
        **at(":embed", "extract_module_locals"),
        **at(":compat.utilities", "extract_vars"),
    },
    "IPython.utils.generics": at(":compat.utilities", "complete_object inspect_object"),
    "IPython.utils.importstring": at(":compat.utilities", "import_item"),
    "IPython.utils.io": {
        **at(":display.capture", "capture_output"),
        **at(":compat.consoles", "Tee ask_yes_no"),
        **at(":compat.files", "temp_pyfile"),
    },
    "IPython.utils.ipstruct": at(":compat.structs", "Struct"),
    "IPython.utils.module_paths": at(":compat.utilities", "find_mod"),
    "IPython.utils.openpy": {
        **at(":compat.texts", "source_to_unicode"),
        **at("tokenize", "detect_encoding"),
        **at(":compat.files", "read_py_file read_py_url strip_encoding_cookie"),
    },
    "IPython.utils.path": {
        **at(":compat.functions", "ensure_dir_exists get_ipython_dir get_py_filename"),
        **at(
            ":compat.files",
            "HomeDirError compress_user expand_path filefind get_home_dir get_xdg_cache_dir get_xdg_dir shellglob unescape_glob",
        ),
        **at(":compat.files", "get_long_path_name link link_or_copy"),
    },
    "IPython.utils.process": {
        **at(
            ":compat.functions",
            "arg_split find_cmd get_output_error_code getoutput getoutputerror system",
        ),
        **at(":compat.files", "abbrev_cwd"),
        "FindCmdError": "builtins:OSError",
    },
    "IPython.utils.py3compat": {},
    "IPython.utils.sentinel": at(":compat.utilities", "Sentinel"),
    "IPython.utils.strdispatch": at(":hooks", "StrDispatch"),
    "IPython.utils.sysinfo": at(":compat.machine", "get_sys_info sys_info"),
    "IPython.utils.syspathcontext": at(":compat.utilities", "prepended_to_syspath"),
    "IPython.utils.tempdir": at(
        ":compat.functions",
        "NamedFileInTemporaryDirectory TemporaryDirectory TemporaryWorkingDirectory",
    ),
    "IPython.utils.terminal": at(
        ":compat.consoles",
        "get_terminal_size restore_term_title set_term_title toggle_set_term_title",
    ),
    "IPython.utils.text": {
        **at(":slist", "LSString SList"),
        **at(":expand", "DollarFormatter FullEvalFormatter"),
        **at(
            ":compat.texts",
            "EvalFormatter dedent format_screen get_text_list indent list_strings marquee strip_email_quotes",
        ),
    },
    "IPython.utils.timing": at(
        ":compat.machine", "clock clock2 clocks clocku timing timings timings_out"
    ),
    "IPython.utils.tokenutil": {
        **at(":compat.tokens", "line_at_cursor token_at_cursor"),
        **at("tokenize", "generate_tokens"),
        "Token": "tokenize:TokenInfo",
    },
    "IPython.utils.wildcard": at(":compat.utilities", "list_namespace"),
}
