"""Say which of our objects stands behind which name of IPython and ipykernel: a table, and nothing else.

Each module has a mapping of names to places, ``module:attribute``; a place that begins with a colon is below `nuncius.kernel`. A place without attribute is a module. What begins with ``=`` is a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.kernel.compat.names_more import MORE, at

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["IPYKERNEL_VERSION", "IPYTHON_VERSION", "MODULES"]

#: The versions whose interface we offer: libraries choose by them.
IPYTHON_VERSION = "9.18.1"
IPYKERNEL_VERSION = "7.4.0"


_GET = {"get_ipython": ":current:get_shell"}
_FUNCTIONS = at(
    ":display.functions",
    "DisplayHandle clear_output display display_html display_javascript display_jpeg display_json display_latex display_markdown display_pdf display_png "
    "display_pretty display_svg publish_display_data update_display",
)
_OBJECTS = at(
    ":display.objects",
    "DisplayObject GeoJSON HTML Image JSON Javascript Latex Markdown Math Pretty ProgressBar SVG TextDisplayObject Video",
)
_MEDIA = at(
    ":display.media",
    "Audio Code FileLink FileLinks IFrame ScribdDocument VimeoVideo YouTubeVideo",
)
_MATPLOTLIB = at(":gui.matplotlib", "set_matplotlib_close set_matplotlib_formats")
_MAGIC = {
    "Magics": ":magics.traits:Magics",
    "MagicAlias": ":magics.registry:MagicAlias",
    **at(
        ":magics.registry",
        "MagicsManager cell_magic line_cell_magic line_magic magics_class needs_local_scope no_var_expand output_can_be_silenced MAGIC_NO_VAR_EXPAND_ATTR "
        "MAGIC_OUTPUT_CAN_BE_SILENCED",
    ),
    **at(":magics.registry", "register_line_magic register_cell_magic register_line_cell_magic"),
    "UsageError": ":errors:UsageError",
}
_SHELLS = ":compat.shells"
_ERRORS = {
    "UsageError": ":errors:UsageError",
    "TryNext": ":errors:TryNext",
    "IPythonCoreError": ":errors:ShellError",
    "InputRejected": ":errors:InputRejected",
    "StdinNotImplementedError": "nuncius.protocol.errors:StdinNotSupported",
}
_PRETTY = at(
    ":display.pretty",
    "MAX_SEQ_LENGTH PrettyPrinter RepresentationPrinter for_type for_type_by_name pprint pretty",
)
_FORMATTERS = {
    **at(
        ":display.formatters",
        "BaseFormatter DisplayFormatter FormatterWarning HTMLFormatter IPythonDisplayFormatter JPEGFormatter JSONFormatter JavascriptFormatter LatexFormatter "
        "MarkdownFormatter MimeBundleFormatter PDFFormatter PNGFormatter PlainTextFormatter SVGFormatter",
    ),
}
_CAPTURE = at(":display.capture", "CapturedIO RichOutput capture_output")
_PATHS = at(
    ":compat.functions",
    "get_ipython_cache_dir get_ipython_dir locate_profile",
)
_BACKENDS = at(
    ":gui.matplotlib",
    "activate_matplotlib backend2gui backends configure_inline_support figsize find_gui_and_backend getfigs import_pylab print_figure retina_figure "
    "select_figure_formats",
)

#: Module -> name -> place.
MODULES: Mapping[str, Mapping[str, str]] = {
    **MORE,
    "IPython": {
        **_GET,
        "display": "IPython.display",
        "__version__": f"={IPYTHON_VERSION}",
        "version_info": "=(9, 18, 1, '')",
        "InteractiveShell": f"{_SHELLS}:InteractiveShell",
        "embed_kernel": ":embed:embed_kernel",
        "start_kernel": ":embed:start_kernel",
        "extract_module_locals": ":embed:extract_module_locals",
    },
    "IPython.display": {**_FUNCTIONS, **_OBJECTS, **_MEDIA, **_MATPLOTLIB},
    "IPython.core": {},
    "IPython.core.alias": at(":alias", "Alias AliasManager default_aliases")
    | {"InvalidAliasError": ":errors:InvalidAlias", "AliasError": ":errors:InvalidAlias"},
    "IPython.core.application": {"BaseIPythonApplication": ":compat.apps:BaseIPythonApplication"},
    "IPython.core.autocall": {
        "IPyAutocall": ":prefilter:Autocall",
        "ExitAutocall": ":prefilter:ExitAutocall",
        "ZMQExitAutocall": ":prefilter:ExitAutocall",
    },
    "IPython.core.compilerop": {"CachingCompiler": ":compile:Compiler"},
    "IPython.core.completer": at(
        ":compat.completion",
        "Completer Completion CompletionContext IPCompleter SimpleCompletion context_matcher provisionalcompleter rectify_completions",
    ),
    "IPython.core.completerlib": {},
    "IPython.core.crashhandler": {},
    "IPython.core.debugger": at(
        ":compat.debuggers", "BdbQuit_excepthook InterruptiblePdb Pdb set_trace"
    ),
    "IPython.core.display": {**_FUNCTIONS, **_OBJECTS, **_MEDIA, **_MATPLOTLIB},
    "IPython.core.display_functions": _FUNCTIONS,
    "IPython.core.display_trap": {"DisplayTrap": ":compat.functions:DisplayTrap"},
    "IPython.core.displayhook": {
        "DisplayHook": ":display.hook:DisplayHook",
        "CapturingDisplayHook": ":display.capture:CapturingDisplayHook",
    },
    "IPython.core.displaypub": {
        "DisplayPublisher": ":display.publish:DisplayPublisher",
        "CapturingDisplayPublisher": ":display.capture:CapturingDisplayPublisher",
        "publish_display_data": ":display.functions:publish_display_data",
    },
    "IPython.core.error": _ERRORS,
    "IPython.core.events": {
        "EventManager": ":events:EventManager",
        "available_events": ":events:EVENTS",
    },
    "IPython.core.extensions": {"ExtensionManager": ":extensions:ExtensionManager"},
    "IPython.core.formatters": _FORMATTERS,
    "IPython.core.getipython": _GET,
    "IPython.core.guarded_eval": {},
    "IPython.core.history": {"HistoryManager": ":history.manager:HistoryManager"},
    "IPython.core.hooks": {"CommandChainDispatcher": ":hooks:CommandChain"},
    "IPython.core.inputtransformer2": {
        **at(
            "nuncius.protocol.text.inputs",
            "TransformerManager leading_empty_lines leading_indent cell_magic classic_prompt ipython_prompt",
        ),
        "make_tokens_by_line": "nuncius.protocol.text.inputs:tokens_by_line",
    },
    "IPython.core.interactiveshell": {
        "InteractiveShell": f"{_SHELLS}:InteractiveShell",
        "NoOpContext": ":compat.utilities:NoOpContext",
        "InteractiveShellABC": f"{_SHELLS}:InteractiveShell",
        "ExecutionResult": ":results:ExecutionResult",
        "ExecutionInfo": ":results:ExecutionInfo",
        "DummyMod": "types:ModuleType",
    },
    "IPython.core.macro": {"Macro": ":macro:Macro"},
    "IPython.core.magic": _MAGIC,
    "IPython.core.magic_arguments": at(
        ":magics.arguments",
        "ArgDecorator ArgMethodWrapper MagicArgumentParser MagicHelpFormatter argument argument_group construct_parser defaults kwds magic_arguments parse_argstring "
        "real_name",
    ),
    "IPython.core.magics": {
        **at(":magics.basic", "BasicMagics"),
        **at(":magics.code", "CodeMagics"),
        **at(":magics.configuring", "ConfigMagics ExtensionMagics"),
        **at(":magics.showing", "DisplayMagics"),
        **at(":magics.timing", "TimingMagics"),
        "ExecutionMagics": ":magics.timing:TimingMagics",
        **at(":magics.recalling", "HistoryMagics"),
        **at(":magics.logs", "LoggingMagics"),
        **at(":magics.namespaces", "NamespaceMagics"),
        **at(":magics.system", "OSMagics"),
        **at(":magics.packages", "PackagingMagics"),
        **at(":magics.figures", "PylabMagics"),
        **at(":magics.scripts", "ScriptMagics"),
    },
    "IPython.core.magics.basic": {
        **at(":magics.basic", "BasicMagics MagicsDisplay"),
    },
    "IPython.core.magics.code": {
        **at(":magics.code", "CodeMagics"),
        "extract_code_ranges": ":magics.code:line_ranges",
        "extract_symbols": ":magics.code:symbols",
    },
    "IPython.core.magics.execution": {
        "ExecutionMagics": ":magics.timing:TimingMagics",
        "TimeitResult": ":magics.timing:TimeitResult",
        "_format_time": ":magics.timing:format_time",
    },
    "IPython.core.magics.config": at(":magics.configuring", "ConfigMagics"),
    "IPython.core.magics.display": at(":magics.showing", "DisplayMagics"),
    "IPython.core.magics.extension": at(":magics.configuring", "ExtensionMagics"),
    "IPython.core.magics.history": at(":magics.recalling", "HistoryMagics"),
    "IPython.core.magics.logging": at(":magics.logs", "LoggingMagics"),
    "IPython.core.magics.packaging": at(":magics.packages", "PackagingMagics"),
    "IPython.core.magics.pylab": at(":magics.figures", "PylabMagics"),
    "IPython.core.magics.namespace": at(":magics.namespaces", "NamespaceMagics"),
    "IPython.core.magics.osm": at(":magics.system", "OSMagics"),
    "IPython.core.magics.script": at(":magics.scripts", "ScriptMagics"),
    "IPython.core.oinspect": {
        "Inspector": ":inspect.inspector:Inspector",
        "OInfo": ":inspect.model:Found",
        "object_info": ":inspect.info:object_info",
    },
    "IPython.core.page": at(":compat.functions", "page display_page pager_page"),
    "IPython.core.payload": {"PayloadManager": ":payload:PayloadManager"},
    "IPython.core.prefilter": {"PrefilterManager": ":prefilter:Prefilter"},
    "IPython.core.profiledir": {
        "ProfileDir": ":compat.apps:ProfileDir",
        "ProfileDirError": ":errors:ShellError",
    },
    "IPython.core.pylabtools": _BACKENDS,
    "IPython.core.release": {
        "version": f"={IPYTHON_VERSION}",
        "version_info": "=(9, 18, 1, '')",
        "codename": "=",
        "author": "=The Nuncius contributors",
    },
    "IPython.core.shellapp": {"InteractiveShellApp": ":compat.apps:InteractiveShellApp"},
    "IPython.core.splitinput": {},
    "IPython.core.ultratb": at(
        ":compat.tracebacks",
        "AutoFormattedTB ColorTB FormattedTB ListTB SyntaxTB TBTools VerboseTB",
    ),
    "IPython.core.usage": {},
    "IPython.extensions": {},
    "IPython.extensions.autoreload": at(
        ":ext.autoreload", "AutoreloadMagics load_ipython_extension"
    ),
    "IPython.extensions.storemagic": at(":ext.storemagic", "StoreMagics load_ipython_extension"),
    "IPython.lib": {},
    "IPython.lib.display": _MEDIA,
    "IPython.lib.latextools": at(":compat.latex", "latex_to_html latex_to_png"),
    "IPython.lib.pretty": _PRETTY,
    "IPython.paths": _PATHS,
    "IPython.terminal": {},
    "IPython.terminal.debugger": at(":compat.debuggers", "Pdb TerminalPdb set_trace"),
    "IPython.terminal.embed": {
        "InteractiveShellEmbed": f"{_SHELLS}:InteractiveShellEmbed",
    },
    "IPython.terminal.interactiveshell": {
        "TerminalInteractiveShell": f"{_SHELLS}:TerminalInteractiveShell"
    },
    "IPython.terminal.ipapp": {"TerminalIPythonApp": ":compat.apps:TerminalIPythonApp"},
    "IPython.testing": {},
    "IPython.utils": {},
    "IPython.utils.capture": _CAPTURE,
    "IPython.utils.ipstruct": {"Struct": ":compat.functions:Struct"},
    "IPython.utils.path": {
        **at(":compat.functions", "get_ipython_dir ensure_dir_exists get_py_filename"),
        **at(
            ":compat.utilities",
            "HomeDirError compress_user expand_path filefind get_home_dir get_xdg_cache_dir get_xdg_dir shellglob unescape_glob",
        ),
    },
    "IPython.utils.process": at(":compat.functions", "getoutput system arg_split find_cmd"),
    "IPython.utils.py3compat": {},
    "IPython.utils.strdispatch": {"StrDispatch": ":hooks:StrDispatch"},
    "IPython.utils.tempdir": at(
        ":compat.functions",
        "TemporaryDirectory NamedFileInTemporaryDirectory TemporaryWorkingDirectory",
    ),
    "IPython.utils.text": {
        "LSString": ":slist:LSString",
        "SList": ":slist:SList",
        "DollarFormatter": ":expand:DollarFormatter",
        "FullEvalFormatter": ":expand:FullEvalFormatter",
        **at(":compat.utilities", "EvalFormatter format_screen get_text_list list_strings marquee"),
        "dedent": "textwrap:dedent",
        "indent": "textwrap:indent",
    },
    "IPython.utils.tokenutil": at(":compat.functions", "line_at_cursor token_at_cursor"),
    "ipykernel": {
        "__version__": f"={IPYKERNEL_VERSION}",
        "version_info": "=(7, 4, 0)",
    },
    "ipykernel.comm": {
        "Comm": ":compat.comms:Comm",
        "CommManager": ":compat.comms:CommManager",
    },
    "ipykernel.datapub": {},
    "ipykernel.displayhook": {"ZMQShellDisplayHook": ":display.hook:DisplayHook"},
    "ipykernel.embed": {"embed_kernel": ":embed:embed_kernel"},
    "ipykernel.eventloops": at(":gui.loops", "enable_gui register_integration loop_map"),
    "ipykernel.inprocess": {},
    "ipykernel.iostream": {"OutStream": "nuncius.protocol.serving.streams:OutStream"},
    "ipykernel.ipkernel": {
        "IPythonKernel": ":compat.ipkernel:IPythonKernel",
        "Kernel": ":compat.ipkernel:IPythonKernel",
    },
    "ipykernel.jsonutil": {"json_clean": "nuncius.protocol.packing:clean"},
    "ipykernel.kernelapp": {
        "IPKernelApp": ":compat.apps:IPKernelApp",
        "launch_new_instance": ":compat.apps:launch_new_instance",
    },
    "ipykernel.kernelbase": {"Kernel": "nuncius.protocol.wrapper:Kernel"},
    "ipykernel.kernelspec": {"install": ":compat.apps:install_spec"},
    "ipykernel.zmqshell": {
        "ZMQInteractiveShell": f"{_SHELLS}:ZMQInteractiveShell",
        "ZMQDisplayPublisher": ":display.publish:DisplayPublisher",
    },
}
