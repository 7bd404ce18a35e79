"""Say which of our objects stands behind which name of IPython and ipykernel: a table, and nothing else.

Each module has a mapping of names to places, ``module:attribute``; a place that begins with a colon is below `nuncius.kernel`. A place without attribute is a module. What begins with ``=`` is a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["IPYKERNEL_VERSION", "IPYTHON_VERSION", "MODULES"]

#: The versions whose interface we offer: libraries choose by them.
IPYTHON_VERSION = "9.18.1"
IPYKERNEL_VERSION = "7.4.0"


def _all(home: str, names: str | Iterable[str]) -> dict[str, str]:
    words = names.split() if isinstance(names, str) else names
    return {name: f"{home}:{name}" for name in words}


_GET = {"get_ipython": ":current:get_shell"}
_FUNCTIONS = _all(
    ":display.functions",
    "DisplayHandle clear_output display display_html display_javascript display_jpeg display_json display_latex display_markdown display_pdf display_png "
    "display_pretty display_svg publish_display_data update_display",
)
_OBJECTS = _all(
    ":display.objects",
    "DisplayObject GeoJSON HTML Image JSON Javascript Latex Markdown Math Pretty ProgressBar SVG TextDisplayObject Video",
)
_MEDIA = _all(
    ":display.media",
    "Audio Code FileLink FileLinks IFrame ScribdDocument VimeoVideo YouTubeVideo",
)
_MATPLOTLIB = _all(":gui.matplotlib", "set_matplotlib_close set_matplotlib_formats")
_MAGIC = {
    "Magics": ":magics.traits:Magics",
    "MagicAlias": ":magics.registry:MagicAlias",
    **_all(
        ":magics.registry",
        "MagicsManager cell_magic line_cell_magic line_magic magics_class needs_local_scope no_var_expand output_can_be_silenced MAGIC_NO_VAR_EXPAND_ATTR "
        "MAGIC_OUTPUT_CAN_BE_SILENCED",
    ),
    **_all(":magics.registry", "register_line_magic register_cell_magic register_line_cell_magic"),
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
_PRETTY = _all(
    ":display.pretty",
    "MAX_SEQ_LENGTH PrettyPrinter RepresentationPrinter for_type for_type_by_name pprint pretty",
)
_FORMATTERS = {
    **_all(
        ":display.formatters",
        "BaseFormatter DisplayFormatter FormatterWarning HTMLFormatter IPythonDisplayFormatter JPEGFormatter JSONFormatter JavascriptFormatter LatexFormatter "
        "MarkdownFormatter MimeBundleFormatter PDFFormatter PNGFormatter PlainTextFormatter SVGFormatter",
    ),
}
_CAPTURE = _all(":display.capture", "CapturedIO RichOutput capture_output")
_PATHS = _all(
    ":compat.functions",
    "get_ipython_cache_dir get_ipython_dir locate_profile",
)
_BACKENDS = _all(
    ":gui.matplotlib",
    "activate_matplotlib backend2gui backends configure_inline_support figsize find_gui_and_backend getfigs import_pylab print_figure retina_figure "
    "select_figure_formats",
)

#: Module -> name -> place.
MODULES: Mapping[str, Mapping[str, str]] = {
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
    "IPython.core.alias": _all(":alias", "Alias AliasManager default_aliases")
    | {"InvalidAliasError": ":errors:InvalidAlias", "AliasError": ":errors:InvalidAlias"},
    "IPython.core.application": {"BaseIPythonApplication": ":compat.apps:BaseIPythonApplication"},
    "IPython.core.autocall": {
        "IPyAutocall": ":prefilter:Autocall",
        "ExitAutocall": ":prefilter:ExitAutocall",
        "ZMQExitAutocall": ":prefilter:ExitAutocall",
    },
    "IPython.core.compilerop": {"CachingCompiler": ":compile:Compiler"},
    "IPython.core.completer": _all(
        ":compat.completion",
        "Completer Completion CompletionContext IPCompleter SimpleCompletion context_matcher provisionalcompleter rectify_completions",
    ),
    "IPython.core.completerlib": {},
    "IPython.core.crashhandler": {},
    "IPython.core.debugger": _all(
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
        **_all(
            "nuncius.protocol.text.inputs",
            "TransformerManager leading_empty_lines leading_indent cell_magic classic_prompt ipython_prompt",
        ),
        "make_tokens_by_line": "nuncius.protocol.text.inputs:tokens_by_line",
    },
    "IPython.core.interactiveshell": {
        "InteractiveShell": f"{_SHELLS}:InteractiveShell",
        "InteractiveShellABC": f"{_SHELLS}:InteractiveShell",
        "ExecutionResult": ":results:ExecutionResult",
        "ExecutionInfo": ":results:ExecutionInfo",
        "DummyMod": "types:ModuleType",
    },
    "IPython.core.macro": {"Macro": ":macro:Macro"},
    "IPython.core.magic": _MAGIC,
    "IPython.core.magic_arguments": _all(
        ":magics.arguments",
        "ArgDecorator ArgMethodWrapper MagicArgumentParser MagicHelpFormatter argument argument_group construct_parser defaults kwds magic_arguments parse_argstring "
        "real_name",
    ),
    "IPython.core.magics": {
        **_all(":magics.basic", "BasicMagics"),
        **_all(":magics.code", "CodeMagics"),
        **_all(":magics.configuring", "ConfigMagics ExtensionMagics"),
        **_all(":magics.showing", "DisplayMagics"),
        **_all(":magics.timing", "TimingMagics"),
        "ExecutionMagics": ":magics.timing:TimingMagics",
        **_all(":magics.recalling", "HistoryMagics"),
        **_all(":magics.logs", "LoggingMagics"),
        **_all(":magics.namespaces", "NamespaceMagics"),
        **_all(":magics.system", "OSMagics"),
        **_all(":magics.packages", "PackagingMagics"),
        **_all(":magics.figures", "PylabMagics"),
        **_all(":magics.scripts", "ScriptMagics"),
    },
    "IPython.core.magics.basic": {
        **_all(":magics.basic", "BasicMagics MagicsDisplay"),
    },
    "IPython.core.magics.code": {
        **_all(":magics.code", "CodeMagics"),
        "extract_code_ranges": ":magics.code:line_ranges",
        "extract_symbols": ":magics.code:symbols",
    },
    "IPython.core.magics.execution": {
        "ExecutionMagics": ":magics.timing:TimingMagics",
        "TimeitResult": ":magics.timing:TimeitResult",
        "_format_time": ":magics.timing:format_time",
    },
    "IPython.core.magics.config": _all(":magics.configuring", "ConfigMagics"),
    "IPython.core.magics.display": _all(":magics.showing", "DisplayMagics"),
    "IPython.core.magics.extension": _all(":magics.configuring", "ExtensionMagics"),
    "IPython.core.magics.history": _all(":magics.recalling", "HistoryMagics"),
    "IPython.core.magics.logging": _all(":magics.logs", "LoggingMagics"),
    "IPython.core.magics.packaging": _all(":magics.packages", "PackagingMagics"),
    "IPython.core.magics.pylab": _all(":magics.figures", "PylabMagics"),
    "IPython.core.magics.namespace": _all(":magics.namespaces", "NamespaceMagics"),
    "IPython.core.magics.osm": _all(":magics.system", "OSMagics"),
    "IPython.core.magics.script": _all(":magics.scripts", "ScriptMagics"),
    "IPython.core.oinspect": {
        "Inspector": ":inspect.inspector:Inspector",
        "OInfo": ":inspect.model:Found",
        "object_info": ":inspect.info:object_info",
    },
    "IPython.core.page": _all(":compat.functions", "page display_page pager_page"),
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
    "IPython.core.ultratb": _all(
        ":compat.tracebacks",
        "AutoFormattedTB ColorTB FormattedTB ListTB SyntaxTB TBTools VerboseTB",
    ),
    "IPython.core.usage": {},
    "IPython.extensions": {},
    "IPython.extensions.autoreload": _all(
        ":ext.autoreload", "AutoreloadMagics load_ipython_extension"
    ),
    "IPython.extensions.storemagic": _all(":ext.storemagic", "StoreMagics load_ipython_extension"),
    "IPython.lib": {},
    "IPython.lib.display": _MEDIA,
    "IPython.lib.latextools": _all(":compat.latex", "latex_to_html latex_to_png"),
    "IPython.lib.pretty": _PRETTY,
    "IPython.paths": _PATHS,
    "IPython.terminal": {},
    "IPython.terminal.debugger": _all(":compat.debuggers", "Pdb TerminalPdb set_trace"),
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
    "IPython.utils.io": {"capture_output": ":display.capture:capture_output"},
    "IPython.utils.ipstruct": {"Struct": ":compat.functions:Struct"},
    "IPython.utils.path": _all(
        ":compat.functions", "get_ipython_dir ensure_dir_exists get_py_filename"
    ),
    "IPython.utils.process": _all(":compat.functions", "getoutput system arg_split find_cmd"),
    "IPython.utils.py3compat": {},
    "IPython.utils.strdispatch": {"StrDispatch": ":hooks:StrDispatch"},
    "IPython.utils.tempdir": _all(
        ":compat.functions",
        "TemporaryDirectory NamedFileInTemporaryDirectory TemporaryWorkingDirectory",
    ),
    "IPython.utils.text": {
        "LSString": ":slist:LSString",
        "SList": ":slist:SList",
        "DollarFormatter": ":expand:DollarFormatter",
        "FullEvalFormatter": ":expand:FullEvalFormatter",
        "dedent": "textwrap:dedent",
        "indent": "textwrap:indent",
    },
    "IPython.utils.tokenutil": _all(":compat.functions", "line_at_cursor token_at_cursor"),
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
    "ipykernel.eventloops": _all(":gui.loops", "enable_gui register_integration loop_map"),
    "ipykernel.inprocess": {},
    "ipykernel.iostream": {"OutStream": "nuncius.protocol.serving.streams:OutStream"},
    "ipykernel.ipkernel": {
        "IPythonKernel": ":python_kernel:PythonKernel",
        "Kernel": ":python_kernel:PythonKernel",
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
