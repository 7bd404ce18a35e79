"""Say which of our objects stands behind which name of ``IPython``, ``IPython.display`` and ``IPython.core``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.kernel.compat.places import IPYTHON_VERSION, at

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CORE"]

#: What both ``IPython.display`` and ``IPython.core.display`` have.
DISPLAY = {
    **at(
        ":display.functions",
        "DisplayHandle clear_output display display_html display_javascript display_jpeg display_json display_latex display_markdown display_pdf display_png display_pretty display_svg publish_display_data update_display",
    ),
    **at(
        ":display.objects",
        "DisplayObject GeoJSON HTML Image JSON Javascript Latex Markdown Math Pretty ProgressBar SVG TextDisplayObject Video",
    ),
    **at(
        ":display.media",
        "Audio Code FileLink FileLinks IFrame ScribdDocument VimeoVideo YouTubeVideo",
    ),
    **at(":gui.matplotlib", "set_matplotlib_close set_matplotlib_formats"),
}

#: Module -> name -> place; see `nuncius.kernel.compat.names`.
CORE: Mapping[str, Mapping[str, str]] = {
    "IPython": {
        **at(":compat.shells", "InteractiveShell"),
        **at(":embed", "embed_kernel extract_module_locals start_kernel"),
        **at(":compat.embedding", "embed start_ipython"),
        "get_ipython": ":current:get_shell",
        "display": "IPython.display",
        "sys_info": ":compat.machine:get_sys_info",
        "__version__": f"={IPYTHON_VERSION}",
        "version_info": "=(9, 18, 1, '')",
    },
    "IPython.core": {},
    "IPython.core.alias": {
        **at(":alias", "Alias AliasManager default_aliases"),
        "InvalidAliasError": ":errors:InvalidAlias",
        "AliasError": ":errors:InvalidAlias",
    },
    "IPython.core.application": {
        **at(":compat.apps", "BaseIPythonApplication"),
        "ProfileAwareConfigLoader": "traitlets.config.loader:PyFileConfigLoader",
    },
    "IPython.core.async_helpers": at(":compat.shell_tools", "get_asyncio_loop"),
    "IPython.core.autocall": {
        **at(":prefilter", "ExitAutocall"),
        "IPyAutocall": ":prefilter:Autocall",
        "ZMQExitAutocall": ":prefilter:ExitAutocall",
    },
    "IPython.core.builtin_trap": {
        "BuiltinTrap": ":compat.utilities:NoOpContext",
    },
    "IPython.core.compilerop": {
        "CachingCompiler": ":compile:Compiler",
    },
    "IPython.core.completer": {
        **at(
            ":compat.completion",
            "Completer Completion CompletionContext CompletionSplitter IPCompleter MatcherAPIv2 ProvisionalCompleterWarning SimpleCompletion SimpleMatcherResult completion_matcher completions_sorting_key compress_user context_matcher cursor_to_position expand_user get__all__entries has_any_completions has_open_quotes position_to_cursor protect_filename provisionalcompleter rectify_completions",
        ),
        **at(":complete.symbols", "latex_name_matcher"),
        "back_latex_name_matcher": ":complete.symbols:symbol_name_matcher",
    },
    "IPython.core.completerlib": at(
        ":compat.command_completers",
        "cd_completer get_root_modules is_importable magic_run_completer module_completer module_completion module_list quick_completer reset_completer try_import",
    ),
    "IPython.core.crashhandler": at(":compat.crashes", "CrashHandler crash_handler_lite"),
    "IPython.core.debugger": {
        **at(":compat.debuggers", "BdbQuit_excepthook InterruptiblePdb Pdb set_trace"),
        "CHAIN_EXCEPTIONS": "=(True)",
    },
    "IPython.core.display": {**DISPLAY, "display_webp": ":display.functions:display_webp"},
    "IPython.core.display_functions": at(
        ":display.functions",
        "DisplayHandle clear_output display display_html display_javascript display_jpeg display_json display_latex display_markdown display_pdf display_png display_pretty display_svg publish_display_data update_display",
    ),
    "IPython.core.display_trap": at(":compat.functions", "DisplayTrap"),
    "IPython.core.displayhook": {
        **at(":display.hook", "DisplayHook"),
        **at(":display.capture", "CapturingDisplayHook"),
    },
    "IPython.core.displaypub": {
        **at(":display.publish", "DisplayPublisher"),
        **at(":display.capture", "CapturingDisplayPublisher"),
        **at(":display.functions", "publish_display_data"),
    },
    "IPython.core.doctb": {
        "DocTB": ":compat.tracebacks:DocTB",
    },
    "IPython.core.error": {
        **at(":errors", "InputRejected TryNext UsageError"),
        "IPythonCoreError": ":errors:ShellError",
        "StdinNotImplementedError": "nuncius.protocol.errors:StdinNotSupported",
    },
    "IPython.core.events": {
        **at(":events", "EventManager"),
        "available_events": ":events:EVENTS",
    },
    "IPython.core.extensions": at(":extensions", "ExtensionManager"),
    "IPython.core.formatters": {
        **at(
            ":display.formatters",
            "BaseFormatter DisplayFormatter FormatterWarning HTMLFormatter IPythonDisplayFormatter JPEGFormatter JSONFormatter JavascriptFormatter LatexFormatter MarkdownFormatter MimeBundleFormatter PDFFormatter PNGFormatter PlainTextFormatter SVGFormatter",
        ),
        **at(":compat.shell_tools", "FormatterABC catch_format_error format_display_data"),
    },
    "IPython.core.getipython": {
        "get_ipython": ":current:get_shell",
    },
    "IPython.core.guarded_eval": {
        **at(":compat.shell_tools", "EvaluationContext guarded_eval"),
        "GuardRejection": ":guarded:Refused",
    },
    "IPython.core.history": {
        **at(":history.manager", "HistoryManager"),
        **at(":compat.histories", "HistoryAccessor HistoryOutput"),
        "extract_hist_ranges": ":past:ranges_of",
        "HistoryAccessorBase": ":compat.histories:HistoryAccessor",
    },
    "IPython.core.hooks": {
        **at(":compat.editors", "clipboard_get editor show_in_pager synchronize_with_editor"),
        "CommandChainDispatcher": ":hooks:CommandChain",
    },
    "IPython.core.inputtransformer2": {
        **at(
            "nuncius.protocol.text.inputs",
            "TransformerManager cell_magic classic_prompt ipython_prompt leading_empty_lines leading_indent",
        ),
        **at(
            ":compat.inputs",
            "PromptStripper TokenTransformBase assemble_continued_line find_end_of_continued_line find_last_indent",
        ),
        "make_tokens_by_line": "nuncius.protocol.text.inputs:tokens_by_line",
    },
    "IPython.core.interactiveshell": {
        **at(":compat.shells", "InteractiveShell InteractiveShellABC"),
        **at(":compat.utilities", "NoOpContext"),
        **at(":results", "ExecutionInfo ExecutionResult"),
        **at(
            ":compat.shell_tools",
            "ProvisionalWarning SpaceInInput is_integer_string make_main_module_type softspace sphinxify",
        ),
        **at(":compat.testing", "no_op"),
        "DummyMod": "types:ModuleType",
    },
    "IPython.core.latex_symbols": at(":compat.symbols", "latex_symbols reverse_latex_symbol"),
    "IPython.core.macro": at(":macro", "Macro"),
    "IPython.core.magic": {
        **at(":magics.traits", "Magics"),
        **at(
            ":magics.registry",
            "MAGIC_NO_VAR_EXPAND_ATTR MAGIC_OUTPUT_CAN_BE_SILENCED MagicAlias MagicsManager cell_magic line_cell_magic line_magic magics_class needs_local_scope no_var_expand output_can_be_silenced register_cell_magic register_line_cell_magic register_line_magic",
        ),
        **at(":errors", "UsageError"),
        **at(":compat.magic_tools", "Bunch compress_dhist record_magic validate_type"),
    },
    "IPython.core.magic_arguments": at(
        ":magics.arguments",
        "ArgDecorator ArgMethodWrapper MagicArgumentParser MagicHelpFormatter argument argument_group construct_parser defaults kwds magic_arguments parse_argstring real_name",
    ),
    "IPython.core.magics": {
        **at(":magics.basic", "BasicMagics"),
        **at(":magics.code", "CodeMagics"),
        **at(":magics.configuring", "ConfigMagics ExtensionMagics"),
        **at(":magics.showing", "DisplayMagics"),
        **at(":magics.timing", "TimingMagics"),
        **at(":magics.recalling", "HistoryMagics"),
        **at(":magics.logs", "LoggingMagics"),
        **at(":magics.namespaces", "NamespaceMagics"),
        **at(":magics.system", "OSMagics"),
        **at(":magics.packages", "PackagingMagics"),
        **at(":magics.figures", "PylabMagics"),
        **at(":magics.scripts", "ScriptMagics"),
        **at(":compat.magic_tools", "UserMagics"),
        **at(":magics.rewriting", "CodeWrapMagics"),
        "ExecutionMagics": ":magics.timing:TimingMagics",
        "AutoMagics": ":magics.basic:BasicMagics",
        "AsyncMagics": ":magics.basic:BasicMagics",
    },
    "IPython.core.magics._table": at(":compat.magic_tools", "default_script_magics"),
    "IPython.core.magics.ast_mod": {
        "ReplaceCodeTransformer": ":magics.rewriting:Wrapper",
    },
    "IPython.core.magics.auto": {
        "AutoMagics": ":magics.basic:BasicMagics",
    },
    "IPython.core.magics.basic": {
        **at(":magics.basic", "BasicMagics MagicsDisplay"),
        "AsyncMagics": ":magics.basic:BasicMagics",
    },
    "IPython.core.magics.code": {
        **at(":magics.code", "CodeMagics"),
        **at("urllib.request", "urlopen"),
        "extract_code_ranges": ":magics.code:line_ranges",
        "extract_symbols": ":magics.code:symbols",
    },
    "IPython.core.magics.config": at(":magics.configuring", "ConfigMagics"),
    "IPython.core.magics.display": at(":magics.showing", "DisplayMagics"),
    "IPython.core.magics.execution": {
        **at(":magics.timing", "TimeitResult"),
        **at(":compat.magic_tools", "parse_breakpoint"),
        **at("timeit", "Timer"),
        "ExecutionMagics": ":magics.timing:TimingMagics",
        "_format_time": ":magics.timing:format_time",
    },
    "IPython.core.magics.extension": at(":magics.configuring", "ExtensionMagics"),
    "IPython.core.magics.history": at(":magics.recalling", "HistoryMagics"),
    "IPython.core.magics.logging": at(":magics.logs", "LoggingMagics"),
    "IPython.core.magics.namespace": at(":magics.namespaces", "NamespaceMagics"),
    "IPython.core.magics.osm": at(":magics.system", "OSMagics"),
    "IPython.core.magics.packaging": at(":magics.packages", "PackagingMagics"),
    "IPython.core.magics.pylab": at(":magics.figures", "PylabMagics"),
    "IPython.core.magics.script": at(":magics.scripts", "ScriptMagics"),
    "IPython.core.oinspect": {
        **at(":inspect.inspector", "Inspector"),
        **at(":inspect.info", "object_info"),
        **at(
            ":compat.shell_tools",
            "InfoDict OInfo find_file find_source_lines get_encoding getdoc getsource",
        ),
        "pylight": ":themes:highlight_html",
        "is_simple_callable": ":inspect.source:is_plain_callable",
    },
    "IPython.core.page": {
        **at(":compat.functions", "display_page page pager_page"),
        **at(
            ":compat.pagers", "as_hook get_pager_cmd get_pager_start page_dumb page_file page_more"
        ),
    },
    "IPython.core.payload": at(":payload", "PayloadManager"),
    "IPython.core.payloadpage": at(":compat.functions", "page"),
    "IPython.core.prefilter": {
        **at(
            ":compat.prefiltering",
            "AssignmentChecker AutoHandler AutoMagicChecker AutocallChecker EmacsChecker EmacsHandler IPyAutocallChecker MacroChecker MacroHandler MagicHandler PrefilterChecker PrefilterHandler PrefilterManager PrefilterTransformer PythonOpsChecker is_shadowed",
        ),
        "PrefilterError": ":errors:ShellError",
    },
    "IPython.core.profiledir": at(":compat.profiles", "ProfileDir ProfileDirError"),
    "IPython.core.pylabtools": {
        **at(
            ":gui.matplotlib",
            "activate_matplotlib backend2gui backends configure_inline_support figsize find_gui_and_backend getfigs import_pylab print_figure retina_figure select_figure_formats",
        ),
        **at(":compat.functions", "mpl_runner"),
    },
    "IPython.core.release": {
        "version": f"={IPYTHON_VERSION}",
        "version_info": "=(9, 18, 1, '')",
        "codename": "=",
        "author": "=The Nuncius contributors",
    },
    "IPython.core.shellapp": at(":compat.apps", "InteractiveShellApp"),
    "IPython.core.splitinput": at(":compat.prefiltering", "LineInfo split_user_input"),
    "IPython.core.ultratb": at(
        ":compat.tracebacks",
        "AutoFormattedTB ColorTB FormattedTB ListTB SyntaxTB TBTools VerboseTB",
    ),
    "IPython.core.usage": {},
    "IPython.display": DISPLAY,
}
