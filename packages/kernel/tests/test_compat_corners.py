"""Corners of IPython that extensions and their test suites use: utilities, testing tools, lexers, the kernel's connection."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nuncius.kernel.compat import consoles, files, machine, testing, texts, utilities
from nuncius.kernel.compat.completion import IPCompleter
from nuncius.kernel.compat.profiles import ProfileDir, ProfileDirError
from nuncius.kernel.compat.shells import InteractiveShell
from nuncius.kernel.compat.structs import Struct
from nuncius.kernel.compat.tokens import token_at_cursor


@pytest.fixture
def layer(kernel: Any) -> Any:
    """A kernel whose cells import from IPython; returns the value of a name after some code."""

    def value(code: str) -> Any:
        reply = kernel.execute(code)
        assert reply["status"] == "ok", reply
        return kernel.shell.user_ns["x"]

    return value


def test_the_modules_can_be_had_in_any_program():
    code = (
        "import nuncius.kernel.compat.provide_ipython\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from IPython.testing.globalipapp import get_ipython\n"
        "shell = get_ipython()\n"
        "assert shell is get_ipython() and isinstance(shell, InteractiveShell)\n"
        "print(shell.run_cell('1 + 1').result)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("Out[1]: 2\n2\n", "")


def test_a_shell_is_made_with_ipythons_arguments():
    from traitlets.config import Config

    config = Config()
    config.InteractiveShell.ast_node_interactivity = "all"
    config.InteractiveShell.unknown = 5
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config, colors="Linux", cache_size=50, parent=None)
    try:
        assert shell.ast_node_interactivity == "all"
        assert (shell.options.history, shell.options.colors, shell.options.cache_size) == (
            False,
            "linux",
            50,
        )
        assert shell.config is config
        shell.run_cell("def f():\n    pass")
        filename = shell.user_ns["f"].__code__.co_filename
        assert re.fullmatch(r"<ipython-input-1-[0-9a-f]{12}>", filename)
    finally:
        shell.close()


def test_completions_are_asked_for_as_of_ipython(layer):
    code = (
        "from IPython.core.completer import provisionalcompleter\n"
        "import math\n"
        "with provisionalcompleter('ignore'):\n"
        "    x = {c.text for c in get_ipython().Completer.completions('math.fac', 8)}"
    )
    assert "factorial" in layer(code)
    assert layer("x = type(get_ipython().Completer)") is IPCompleter
    assert "factorial" in layer("x = get_ipython().Completer.all_completions('math.fac')")
    layer("get_ipython().Completer.use_jedi = False; x = get_ipython().Completer.use_jedi")


def test_values_are_shown_under_the_names_that_notebooks_have(layer):
    code = "from IPython.display import Audio, HTML, Markdown\nx = [repr(HTML('')), repr(Markdown(''))]"
    assert layer(code) == [
        "<IPython.core.display.HTML object>",
        "<IPython.core.display.Markdown object>",
    ]


def test_the_kernels_connection_is_known(layer, kernel, tmp_path):
    told = {"key": "secret", "shell_port": 5}
    path = tmp_path / "kernel.json"
    path.write_text(json.dumps(told))
    kernel.kernel.connection_file = str(path)
    assert layer("from ipykernel.connect import *\nx = get_connection_file()") == str(path)
    assert layer("x = get_connection_info(unpack=True)") == told | {"key": b"secret"}
    assert layer(
        "from ipykernel.kernelapp import IPKernelApp as A\nx = A.instance().connection_file"
    ) == str(path)
    kernel.kernel.connection_file = ""
    reply = kernel.execute("get_connection_file()")
    assert (reply["ename"], reply["evalue"]) == (
        "RuntimeError",
        "no kernel runs here that could be connected to",
    )


# -- utilities -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (texts.get_text_list(["a", "b", "c"]), "a, b and c"),
        (texts.get_text_list(["a"], wrap_item_with="'"), "'a'"),
        (texts.list_strings("a"), ["a"]),
        (texts.marquee("hi", 10), "*** hi ***"),
        (texts.marquee(width=3), "***"),
        (texts.format_screen("a\\\nb"), "a\nb"),
        (texts.EvalFormatter().format("{n + 1}", n=2), "3"),
        (texts.indent("a\n b\n", 2), "  a\n   b\n"),
        (texts.indent("a\n b", 1, 1, flatten=True), "\t a\n\t b"),
        (texts.dedent("a\n  b\n    c"), "a\nb\n  c"),
        (texts.dedent("  a\n    b"), "a\n  b"),
        (texts.uniq_stable([2, 1, 2]), [2, 1]),
        (texts.chop([1, 2, 3], 2), [[1, 2], [3]]),
        (texts.ensure_str(b"a"), "a"),
        (files.unescape_glob(r"\*\[a\]"), "*[a]"),
        (utilities.import_item("os.path.join"), __import__("os").path.join),
        (utilities.import_item("json"), json),
        (utilities.find_mod("nothing.at_all"), None),
        (utilities.find_mod("json"), json.__file__),
        (texts.source_to_unicode(b"# coding: latin-1\nx = '\xe9'\n"), "x = 'é'\n"),
        (texts.source_to_unicode("x"), "x"),
        (repr(utilities.Sentinel("A", "m", "doc")), "m.A"),
        (utilities.list_namespace({"ab": 1, "b": 2}, "all", "a*"), {"ab": 1}),
        (machine.timings(2, len, [])[0] >= 0, True),
        (machine.get_sys_info()["sys_platform"], sys.platform),
    ],
)
def test_utilities(value, expected):
    assert value == expected


class Nasty:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __dir__(self) -> Any:
        raise RuntimeError


class Anything:
    def __getattr__(self, name: str) -> Any:
        return lambda: name


def test_attributes_of_nasty_objects():
    assert not utilities.safe_hasattr(Nasty(), "a")
    assert utilities.safe_hasattr([], "append")
    assert "__getattr__" in utilities.dir2(Nasty())
    assert utilities.get_real_method(Anything(), "_repr_html_") is None
    assert utilities.get_real_method(list, "append") is None
    assert utilities.get_real_method([], "append") is not None


def test_files_and_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.txt").write_text("")
    assert files.compress_user(str(tmp_path / "a.txt")) == "~/a.txt"
    assert files.expand_path("~/a.txt") == str(tmp_path / "a.txt")
    assert files.filefind("a.txt", ["/nowhere", str(tmp_path)]) == str(tmp_path / "a.txt")
    with pytest.raises(OSError, match="does not exist in any of the search paths"):
        files.filefind("b.txt", str(tmp_path))
    assert files.shellglob([f"{tmp_path}/*.txt", "none*"]) == [str(tmp_path / "a.txt"), "none*"]
    name = Path(files.temp_pyfile("x = 1"))
    assert (name.read_text(), name.suffix) == ("x = 1", ".py")
    name.unlink()
    with utilities.prepended_to_syspath(str(tmp_path)):
        assert sys.path[0] == str(tmp_path)
    assert str(tmp_path) not in sys.path


def test_output_goes_to_a_file_too(capsys):
    file = io.StringIO()
    file.close = lambda: None  # type: ignore[method-assign]
    tee = consoles.Tee(file)
    print("both")
    tee.close()
    print("one")
    assert (file.getvalue(), capsys.readouterr().out) == ("both\n", "both\none\n")


@pytest.mark.parametrize(("answers", "answer"), [(["x", "Yes"], True), (["n"], False), ([], True)])
def test_questions_are_asked_until_they_are_answered(answers, answer):
    with testing.fake_input(answers):
        assert consoles.ask_yes_no("sure?", "y") is answer


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("f|oo", "foo"),
        ("foo|(a, b)", "foo"),
        ("foo(|a=5)", "foo"),
        ("foo(|a, b)", "a"),
        ("foo(a|, b)", "foo"),
        ("foo(bar(x, y|))", "bar"),
        ("foo(bar(x, y)|)", "foo"),
        ("x |+ foo(a)", "x"),
        ("a.b|c.d(1)", "a.bc"),
        ("s = 'f(x' + g(|", "g"),
        ('"""f(\n""" ; h(1)[|', "h"),
        ("|", ""),
    ],
)
def test_the_name_at_a_cursor(cell, name):
    assert token_at_cursor(cell.replace("|", ""), cell.index("|")) == name


def test_structs():
    struct = Struct(a=1)
    struct.b = 2
    assert (struct.a, struct["b"], struct.hasattr("c"), struct.dict()) == (1, 2, False, struct)
    assert (struct + {"a": 9, "c": 3}, struct - {"a": 0}) == ({"a": 1, "b": 2, "c": 3}, {"b": 2})
    struct.merge({"a": 9, "b": 8}, {"update": "a", "add": ["b"]})
    assert struct.copy() == {"a": 9, "b": 10}
    struct.allow_new_attr(False)
    with pytest.raises(AttributeError, match="can't create new attribute c"):
        struct.c = 1
    with pytest.raises(AttributeError, match="protected member"):
        struct.keys = 1


def test_folders_of_profiles(tmp_path):
    with pytest.raises(ProfileDirError, match="profile_mine"):
        ProfileDir.find_profile_dir_by_name(tmp_path, "mine")
    made = ProfileDir.create_profile_dir_by_name(tmp_path, "mine")
    assert Path(made.security_dir).stat().st_mode & 0o777 == 0o700
    found = ProfileDir.find_profile_dir_by_name(tmp_path, "mine")
    assert found.startup_dir == str(tmp_path / "profile_mine" / "startup")
    (tmp_path / "c.py").write_text("x")
    assert found.copy_config_file("c.py", tmp_path)
    assert not found.copy_config_file("c.py", tmp_path)
    with pytest.raises(ProfileDirError, match="Directory not found"):
        ProfileDir.create_profile_dir_by_name(tmp_path / "none", "mine")


def test_a_handler_of_exceptions_may_show_them_in_the_plain_way(layer, frontend):
    layer(
        "def handler(shell, etype, value, tb, tb_offset=None):\n"
        "    x.append(etype.__name__)\n"
        "    shell.showtraceback((etype, value, tb), tb_offset=tb_offset)\n"
        "x = []\n"
        "get_ipython().set_custom_exc((KeyError,), handler)"
    )
    with pytest.raises(AssertionError, match="KeyError"):
        layer("{}[1]")
    assert layer("1") == ["KeyError"]
    assert [error["ename"] for error in frontend.of("error")] == ["KeyError"]


# -- testing ---------------------------------------------------------------------------------------


def test_what_is_printed_is_checked():
    with testing.AssertPrints(["a", re.compile("b+")]):
        print("a bb")
    with testing.AssertNotPrints("z", channel="stderr"):
        print("a", file=sys.stderr)
    with (
        pytest.raises(AssertionError, match="expected 'missing' in stdout, which is:\nhere"),
        testing.AssertPrints("missing"),
    ):
        print("here")
    with pytest.raises(ZeroDivisionError), testing.AssertPrints("missing"):
        raise ZeroDivisionError
    with testing.mute_warn():
        warnings.warn("not shown", stacklevel=1)


def test_things_are_put_in_place_for_a_test(tmp_path):
    with testing.make_tempfile(str(tmp_path / "f")):
        assert (tmp_path / "f").exists()
    assert not (tmp_path / "f").exists()
    with testing.monkeypatch(texts, "DEFAULT_ENCODING", "other"):
        assert texts.DEFAULT_ENCODING == "other"
    assert texts.DEFAULT_ENCODING == "utf-8"
    with testing.TempFileMixin() as case:
        case.mktmp("x = 1")
        assert Path(case.fname).read_text() == "x = 1"
    assert not Path(case.fname).exists()


# -- lexers ----------------------------------------------------------------------------------------


def tokens(lexer: Any, text: str) -> Iterator[tuple[str, str]]:
    for kind, value in lexer.get_tokens(text):
        if value.strip():
            yield str(kind).removeprefix("Token."), value


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%%timeit -n 3\nx = 1", [("Operator", "%%"), ("Keyword", "timeit"), ("Text", " -n 3")]),
        ("%cd /", [("Operator", "%"), ("Keyword", "cd")]),
        ("x = !ls", [("Name", "x"), ("Operator", "="), ("Operator", "!"), ("Text", "ls")]),
        ("len?", [("Text", "len"), ("Operator", "?")]),
        ("??x", [("Operator", "??"), ("Text", "x")]),
        ("5 % 2", [("Literal.Number.Integer", "5"), ("Operator", "%")]),
    ],
)
def test_cells_are_colored(code, expected):
    from nuncius.kernel.compat.lexers import IPythonLexer

    assert list(tokens(IPythonLexer(), code))[: len(expected)] == expected


def test_no_text_is_lost_by_the_lexers():
    from nuncius.kernel.compat import lexers

    text = (
        "In [1]: for i in x:\n   ...:     %time i\n   ...:\nOut[1]: 5\n\nIn [2]: 1/0\n"
        "---------------------------------------------------------------------------\n"
        "ZeroDivisionError                         Traceback (most recent call last)\n"
        "Cell In[2], line 1\n----> 1 1/0\n\nZeroDivisionError: division by zero\n"
    )
    for lexer in (
        lexers.IPythonLexer(),
        lexers.IPythonConsoleLexer(),
        lexers.IPythonTracebackLexer(),
    ):
        assert "".join(value for _, value in lexer.get_tokens(text)) == text
    console = list(tokens(lexers.IPythonConsoleLexer(), text))
    assert console[:3] == [("Generic.Prompt", "In [1]: "), ("Keyword", "for"), ("Name", "i")]
    assert ("Generic.Heading", "Out[1]: ") in console


# -- the shell and the kernel under their other names ----------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ip.check_complete('for i in x:')", ("incomplete", "    ")),
        ("ip.run_code(compile('y = 4', 'f', 'exec')), y", (False, 4)),
        ("ip.run_code(compile('1/0', 'f', 'exec'))", True),
        ("[ip.call_pdb, setattr(ip, 'call_pdb', True), ip.pdb, setattr(ip, 'pdb', False)][::2]", [False, True]),
        ("ip.new_main_mod('f.py', 'm').__file__", "f.py"),
        ("__import__('pathlib').Path(ip.mktempfile('text')).read_text()", "text"),
        ("ip._ofind('len').obj is len", True),
        ("ip.object_inspect_text('len').count('number of items') > 0", True),
        ("ip.starting_dir == __import__('os').getcwd()", True),
        ("ip.prefilter_manager is ip.prefilter", True),
        ("ip.trait_values()['autocall']", 0),
        ("[ip.set_autoindent(), ip.autoindent, ip.set_autoindent(True), ip.autoindent][1::2]", [False, True]),
    ],
)  # fmt: skip
def test_extensions_find_what_they_know_of_a_shell(layer, code, expected):
    assert layer(f"ip = get_ipython()\nx = {code}") == expected


def test_extensions_find_what_they_know_of_a_kernel(layer, frontend):
    code = (
        "k = get_ipython().kernel\n"
        "k.session.send(k.iopub_socket, 'display_data', {'data': {'a/b': 1}})\n"
        "k.send_response(k.iopub_socket, 'stream', {'name': 'stdout', 'text': 'hi'})\n"
        "x = [k.shell is get_ipython(), k.execution_count, k.implementation, k.comm_manager.comms,"
        " k.get_parent()['header']['msg_type'], k.language_info['name'], bool(k.session.session)]"
    )
    assert layer(code) == [True, 1, "nuncius", {}, "execute_request", "python", True]
    kinds = [kind for kind, _ in frontend.take()]
    assert kinds == ["execute_input", "display_data", "stream"]
    reply = layer("x = await k.do_execute('1 + 1', False)")
    assert (reply["status"], reply["execution_count"]) == ("ok", 3)  # one of its own
    assert layer("x = k.do_complete('k.comm_man')")["matches"] == ["comm_manager"]
    assert layer("x = k.do_is_complete('if 1:')")["status"] == "incomplete"
    assert layer("x = k.do_inspect('len', 3)")["found"] is True
    assert layer("x = k.do_history('range', False, True, start=1, stop=2)")["history"][0][1] == 1


def test_a_name_that_a_kernel_has_not_says_so(kernel):
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        kernel.kernel.missing  # noqa: B018


DERIVED = """
from ipykernel.ipkernel import IPythonKernel

class Shouting(IPythonKernel):
    implementation = "shouting"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.heard = []
        self.comm_manager.register_target("ear", self.opened)
        self.shell.user_ns["kernel"] = self

    def opened(self, comm, message):
        self.heard.append(message["content"]["data"])
        comm.on_msg(lambda told: self.heard.append(told["content"]["data"]))

    async def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False, **later):
        return await super().do_execute(code.replace("say", "print"), silent, store_history, user_expressions, allow_stdin)

from ipykernel.kernelapp import IPKernelApp
IPKernelApp.launch_instance(kernel_class=Shouting)
"""


def test_a_kernel_that_derives_from_the_python_kernel(tmp_path):
    from dataclasses import replace

    from nuncius.kernel.install import kernel_spec
    from nuncius.protocol.manager.blocking import BlockingKernelManager

    program = tmp_path / "shouting.py"
    program.write_text(f"import nuncius.kernel.compat.provide_ipython\n{DERIVED}")
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    spec = replace(spec, argv=(sys.executable, str(program), "-f", "{connection_file}"))
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=60)
        result = client.execute("say('hello')\n%time 1 + 1").result(30)
        assert result.text().startswith("hello\n")
        assert result.data["text/plain"] == "2"
        assert client.execute("import asyncio\nawait asyncio.sleep(0, 3)").result(30).data == {
            "text/plain": "3"
        }
        assert client.execute("1/0").result(30).error.ename == "ZeroDivisionError"
        assert client.kernel_info(timeout=60).content["implementation"] == "shouting"
        ids = {"comm_id": "c", "target_name": "ear"}
        client.notify("comm_open", {**ids, "data": {"n": 1}})
        client.notify("comm_msg", {"comm_id": "c", "data": {"n": 2}})
        heard = client.execute("kernel.heard, kernel.shell is get_ipython()").result(30)
        assert heard.data["text/plain"] == "([{'n': 1}, {'n': 2}], True)"


def test_a_kernelspec_is_written_as_ipykernel_does(layer, tmp_path: Path):
    code = (
        "from ipykernel.kernelspec import write_kernel_spec\n"
        f"x = write_kernel_spec({str(tmp_path / 'mine')!r}, {{'display_name': 'Mine'}}, ['--pdb'])"
    )
    written = json.loads(Path(layer(code), "kernel.json").read_text())
    assert (written["display_name"], written["argv"][1:]) == (
        "Mine",
        ["-m", "nuncius.kernel", "-f", "{connection_file}", "--pdb"],
    )
