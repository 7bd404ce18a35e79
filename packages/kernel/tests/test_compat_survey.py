"""What eighty-two published packages import from IPython and ipykernel, use of the shell, and ask to learn where they run: from inside a kernel that is served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client

LIMIT = 60

#: Module -> the names that packages import from it, the most wanted modules first.
IMPORTED = {
    "IPython.display": "display HTML Javascript publish_display_data clear_output IFrame Latex Markdown SVG Image Audio Video Code JSON Math Pretty DisplayHandle update_display",
    "IPython": "get_ipython __version__ version_info display InteractiveShell embed start_ipython",
    "IPython.core.magic": "Magics magics_class line_magic cell_magic line_cell_magic needs_local_scope no_var_expand register_line_magic register_cell_magic register_line_cell_magic",
    "IPython.core.interactiveshell": "InteractiveShell",
    "IPython.core.getipython": "get_ipython",
    "IPython.core.magic_arguments": "argument magic_arguments parse_argstring kwds argument_group defaults",
    "IPython.core.error": "UsageError TryNext InputRejected StdinNotImplementedError IPythonCoreError",
    "IPython.core.display": "HTML display Javascript",
    "IPython.core.release": "version version_info",
    "IPython.core.inputtransformer2": "TransformerManager TokenTransformBase PromptStripper",
    "IPython.core.formatters": "BaseFormatter DisplayFormatter PlainTextFormatter HTMLFormatter",
    "IPython.core.completer": "IPCompleter provisionalcompleter rectify_completions Completion",
    "IPython.core.debugger": "Pdb set_trace",
    "IPython.core.history": "HistoryManager HistoryAccessor",
    "IPython.core.page": "page",
    "IPython.core.pylabtools": "activate_matplotlib select_figure_formats backend2gui print_figure",
    "IPython.core.ultratb": "VerboseTB FormattedTB ListTB AutoFormattedTB ColorTB",
    "IPython.core.application": "BaseIPythonApplication",
    "IPython.core.shellapp": "InteractiveShellApp",
    "IPython.core.profiledir": "ProfileDir",
    "IPython.core.oinspect": "Inspector getdoc getsource",
    "IPython.lib.display": "IFrame YouTubeVideo FileLink",
    "IPython.lib.latextools": "latex_to_png",
    "IPython.lib.lexers": "IPython3Lexer IPythonLexer IPythonConsoleLexer",
    "IPython.lib.pretty": "pretty pprint for_type RepresentationPrinter PrettyPrinter",
    "IPython.paths": "get_ipython_dir get_ipython_cache_dir",
    "IPython.terminal.interactiveshell": "TerminalInteractiveShell",
    "IPython.terminal.embed": "InteractiveShellEmbed embed",
    "IPython.terminal.ipapp": "TerminalIPythonApp",
    "IPython.testing.globalipapp": "start_ipython get_ipython",
    "IPython.utils.ipstruct": "Struct",
    "IPython.utils.tempdir": "TemporaryDirectory NamedFileInTemporaryDirectory",
    "IPython.utils.tokenutil": "token_at_cursor line_at_cursor",
    "IPython.utils.capture": "capture_output CapturedIO",
    "IPython.utils.io": "capture_output",
    "IPython.utils.process": "arg_split",
    "ipykernel": "version_info __version__",
    "ipykernel.comm": "Comm CommManager",
    "comm": "create_comm get_comm_manager",
    "ipykernel.connect": "get_connection_file get_connection_info",
    "ipykernel.kernelapp": "IPKernelApp launch_new_instance",
    "ipykernel.kernelbase": "Kernel",
    "ipykernel.ipkernel": "IPythonKernel",
    "ipykernel.iostream": "OutStream",
    "ipykernel.zmqshell": "ZMQInteractiveShell",
    "ipykernel.kernelspec": "install",
    "IPython.core.autocall": "ZMQExitAutocall",
}

#: What packages do with the shell, and what it gives.
USED = {
    "ip.user_ns['x'], ip.user_global_ns['x']": "(20, 20)",
    "ip.__class__.__name__": "'ZMQInteractiveShell'",
    "[ip.register_magics(Mine), ip.run_line_magic('mine', 'a')][1]": "'mine a'",
    "[ip.register_magic_function(lambda line: line * 2, 'line', 'twice'), ip.run_line_magic('twice', 'b')][1]": "'bb'",
    "ip.run_cell_magic('capture', 'out', 'print(1)'), out.stdout": "(None, '1\\n')",
    "ip.find_line_magic('mine')('b'), ip.find_cell_magic('mine')": "('mine b', None)",
    "ip.find_magic('time', 'cell') is not None": "True",
    "sorted(ip.magics_manager.magics)": "['cell', 'line']",
    "'mine' in ip.magics_manager.magics['line'], 'Mine' in ip.magics_manager.registry": "(True, True)",
    "[ip.events.register('post_run_cell', heard.append), ip.events.trigger('post_run_cell', 'told'), ip.events.unregister('post_run_cell', heard.append), heard][3]": "['told']",
    "ip.kernel.comm_manager is comm.get_comm_manager()": "True",
    "ip.kernel.session.session == ip.get_parent()['header']['session']": "False",
    "ip.kernel.get_parent()['header']['msg_type']": "'execute_request'",
    "ip.kernel.set_parent([], ip.get_parent())": "None",
    "ip.kernel.iopub_socket is not None, ip.kernel.shell is ip, ip.kernel.language_info['name']": "(True, True, 'python')",
    "(await ip.kernel.do_execute('y = 5', True))['status'], y": "('ok', 5)",
    "ip.run_cell('z = 6', silent=True).success, z": "(True, 6)",
    "(await ip.run_cell_async('7', store_history=False)).result": "7",
    "ip.history_manager.session_number > 0, ip.history_manager.hist_file != ''": "(True, True)",
    "list(ip.history_manager.get_range(start=1, stop=2))[0][2][:6]": "'import'",
    "'IPKernelApp' in ip.config, ip.config.get('Nothing', {})": "(True, {})",
    "'text/html' in ip.display_formatter.formatters": "True",
    "[ip.display_formatter.formatters['text/html'].for_type(Mine, lambda m: '<b>'), ip.display_formatter.format(Mine(ip))[0]['text/html']][1]": "'<b>'",
    "ip.configurables[0] is ip": "True",
    "len(ip.ns_table) > 1, ip.ns_table['user_global'] is ip.user_global_ns": "(True, True)",
    "[ip.set_custom_exc((KeyError,), shown), ip.run_cell('{}[1]', silent=True).success, heard.pop()][1:]": "[False, 'KeyError']",
    "ip.set_custom_exc((), None)": "None",
    "ip.colors in ('neutral', 'linux', 'lightbg', 'nocolor')": "True",
    "ip.extension_manager.loaded == set(ip.extension_manager.loaded)": "True",
    "ip.has_trait('colors'), ip.has_trait('nothing_at_all')": "(True, False)",
    "ip.mainloop": "None",
    "hasattr(ip.parent, 'interact')": "False",
    "ip.profile_dir is None or ip.profile_dir.startup_dir != ''": "True",
    "[ip.ast_transformers.append(ast.NodeTransformer()), ip.run_cell('1').success, ip.ast_transformers.pop() is not None][1:]": "[True, True]",
    "[ip.input_transformers_post.append(lambda lines: lines), ip.transform_cell('%pwd'), ip.input_transformers_post.pop()][1]": "\"get_ipython().run_line_magic('pwd', '')\\n\"",
    "[ip.push({'pushed': 8}), pushed, ip.user_ns_hidden.get('pushed')][1:]": "[8, None]",
    "ip.enable_gui(None)": "None",
    "ip.display_pub.publish({'text/plain': 'published'})": "None",
    "ip.execution_count > 1": "True",
    "ip.var_expand('$x and {x + 1}')": "'20 and 21'",
    "issubclass(ip.debugger_cls, __import__('pdb').Pdb)": "True",
    "[ip.set_hook('complete_command', lambda self, event: ['ready'], str_key='mycommand'), ip.complete('mycommand r')[1]][1]": "['ready']",
    "ip.set_completer_frame()": "None",
    "'ipykernel_' in ip.compile.get_filename('x', 1)": "True",
    "ip.system('true'), ip.user_ns['_exit_code']": "(None, 0)",
    "ip.getoutput('echo hi')": "['hi']",
    "ip.set_next_input('typed', replace=False)": "None",
    "[ip.db.__setitem__('survey/a', 1), ip.db['survey/a'], ip.db.pop('survey/a')][1:]": "[1, 1]",
    "ip.ev('x + 2'), ip.ex('w = 3'), w": "(22, None, 3)",
    "ip.complete('x.bit_len')[1]": "['bit_length']",
    "ip.object_inspect('len')['found'], ip.inspector is not None": "(True, True)",
    "ip._ofind('nothing_at_all').found, ip._ofind('x').obj": "(False, 20)",
    "ip.get_exception_only((KeyError, KeyError(1), None)).endswith('1\\n')": "True",
    "ip.showtraceback((ValueError, ValueError('shown'), None), exception_only=True)": "None",
    "[ip.set_thread_parent(ip.get_parent()) is not None, ip.get_parent()['header']['msg_type']]": "[True, 'execute_request']",
    "ip.user_module is __import__('__main__')": "True",
    "ip.active_eventloop, ip.loop_runner is not None": "(None, True)",
    "(lambda shell: [shell.reset(new_session=False), 'x' in shell.user_ns][1])(ip)": "False",
}  # fmt: skip

#: Code by which packages learn where they run, and what it has to give for a notebook's kernel.
ASKED = {
    # rich, mlflow, ray, arviz, watermark, huggingface_hub, tqdm, itables, great_tables
    "get_ipython().__class__.__name__ == 'ZMQInteractiveShell'": True,
    "type(get_ipython()).__name__ == 'ZMQInteractiveShell'": True,
    # plotly
    "type(get_ipython()).__module__.startswith('ipykernel.')": True,
    "get_ipython().__module__.startswith('ipykernel.')": True,
    # pandas
    "'zmq' in str(type(get_ipython())).lower()": True,
    # polars, transformers, snakeviz, tqdm
    "'IPKernelApp' in get_ipython().config": True,
    # wandb
    "'connection_file' in get_ipython().config['IPKernelApp']": True,
    # ipywidgets, scalene, keras, qiskit, nbclient
    "'ipykernel' in __import__('sys').modules": True,
    "'ipykernel.zmqshell' in __import__('sys').modules": True,
    # pandas, matplotlib, astropy, distributed
    "'IPython' in __import__('sys').modules": True,
    # numba, line_profiler, datasets
    "'ipykernel_' in (lambda: 0).__code__.co_filename": True,
    "(lambda: 0).__code__.co_filename.split('/')[-2].startswith('ipykernel_')": True,
    # matplotlib
    "hasattr(get_ipython().parent, 'interact')": False,
    "__import__('IPython').version_info[:2] >= (8, 24)": True,
    # panel
    "get_ipython().kernel.iopub_socket and __import__('ipykernel.kernelbase').kernelbase.Kernel._instance is None": False,
    # many
    "'get_ipython' in dir(__import__('builtins'))": True,
    "__IPYTHON__": True,
    "hasattr(get_ipython(), 'kernel')": True,
    "getattr(get_ipython(), 'kernel', None) is not None": True,
    "isinstance(get_ipython(), __import__('ipykernel.zmqshell').zmqshell.ZMQInteractiveShell)": True,
    "__import__('ipykernel.kernelapp').kernelapp.IPKernelApp.initialized()": True,
    "hasattr(__import__('__main__'), '__file__')": False,
    "'JPY_PARENT_PID' in __import__('os').environ": True,
}

BEGINNING = """\
import ast, comm, sys
from IPython.core.magic import Magics, line_magic, magics_class
ip, x, heard = get_ipython(), 20, []
def shown(shell, etype, value, tb, tb_offset=None):
    heard.append(etype.__name__)
@magics_class
class Mine(Magics):
    @line_magic
    def mine(self, line):
        return "mine " + line
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("survey")
    spec = kernel_spec(env={"NUNCIUS_DIR": str(folder)})
    with BlockingKernelManager(spec) as manager, manager.client() as found:
        found.wait_until_ready(timeout=LIMIT)
        assert found.execute(BEGINNING).result(LIMIT).ok
        yield found


@pytest.mark.parametrize("module", IMPORTED)
def test_what_packages_import(client, module):
    names = IMPORTED[module].split()
    result = client.execute(f"from {module} import {', '.join(names)}").result(LIMIT)
    assert result.ok, result.error
    client.execute(f"del {', '.join(names)}").result(LIMIT)


@pytest.mark.parametrize("code", USED)
def test_what_packages_use_of_the_shell(client, code):
    result = client.execute(f"_told = repr(({code}))", user_expressions={"told": "_told"}).result(
        LIMIT
    )
    assert result.ok, result.error
    told = result.reply.content["user_expressions"]["told"]["data"]["text/plain"]
    assert eval(told) == USED[code]


@pytest.mark.parametrize("code", ASKED)
def test_what_packages_ask_to_learn_where_they_run(client, code):
    result = client.execute(code).result(LIMIT)
    assert result.ok, result.error
    assert result.data["text/plain"] == repr(ASKED[code])


def test_output_belongs_to_the_cell_that_a_thread_names(client):
    """As extensions do it for output of threads that outlive their cell."""
    earlier = client.execute("first = get_ipython().get_parent()")
    assert earlier.result(LIMIT).ok
    code = (
        "shell = get_ipython()\n"
        "token = shell.set_thread_parent(first)\n"
        "print('there', shell.get_parent() == first)\n"
        "shell.reset_thread_parent(token)\n"
        "print('here', shell.get_parent() == first)"
    )
    assert client.execute(code).result(LIMIT).text() == "here False\n"
