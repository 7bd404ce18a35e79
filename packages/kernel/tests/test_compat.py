"""Libraries that ask for IPython and ipykernel find our shell, by the names they look for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from nuncius.kernel.compat.names import MODULES

DETECTION = """
import sys
ip = get_ipython()
checks = {
    "class": type(ip).__name__ == ip.__class__.__name__ == "ZMQInteractiveShell",
    "module": type(ip).__module__.startswith("ipykernel."),
    "zmq": "zmq" in str(type(ip)).lower(),
    "config": "IPKernelApp" in ip.config,
    "present": {"IPython", "ipykernel", "ipykernel.zmqshell"} <= set(sys.modules),
    "parent": not hasattr(ip.parent, "interact"),
}
import IPython, ipykernel
from IPython import get_ipython as other
from IPython.core.interactiveshell import InteractiveShell
from ipykernel.zmqshell import ZMQInteractiveShell
checks |= {
    "same": other() is ip,
    "version": IPython.version_info[:2] >= (8, 24),
    "ipykernel": ipykernel.version_info >= (7,),
    "isinstance": isinstance(ip, InteractiveShell) and isinstance(ip, ZMQInteractiveShell),
    "instance": InteractiveShell.instance() is ip and InteractiveShell.initialized(),
    "trait": ip.has_trait("xmode") and not ip.has_trait("nothing"),
    "modules": "IPython" in sys.modules and "ipykernel" in sys.modules,
}
wrong = [name for name, right in checks.items() if not right]
"""


def test_libraries_recognize_a_notebook_kernel(kernel):
    reply = kernel.execute(DETECTION)
    assert reply["status"] == "ok", reply
    assert kernel.shell.user_ns["wrong"] == []


def test_libraries_recognize_a_terminal(frontend):
    from nuncius.kernel.app import build

    kernel = build(shell_class="TerminalInteractiveShell", startup=False)
    assert type(kernel.shell).__name__ == "TerminalInteractiveShell"
    assert type(kernel.shell).__module__ == "IPython.terminal.interactiveshell"
    kernel.shutdown(restart=False)


def test_the_objects_are_ours_under_both_names(kernel):
    kernel.execute(
        "from IPython.display import HTML as a, display as d\n"
        "from IPython.core.display import HTML as b\n"
        "from nuncius.kernel.display import HTML as c, display as e\n"
        "from IPython.display import *"
    )
    ns = kernel.shell.user_ns
    assert ns["a"] is ns["b"] is ns["c"]
    assert ns["d"] is ns["e"]
    assert ns["Markdown"]("x").data == "x"


def test_magics_are_written_as_for_ipython(kernel):
    reply = kernel.execute(
        "from IPython.core.magic import (Magics, magics_class, line_magic, cell_magic, line_cell_magic,\n"
        "    register_line_magic, register_cell_magic, needs_local_scope, no_var_expand)\n"
        "@magics_class\n"
        "class Mine(Magics):\n"
        "    @line_magic\n"
        "    def one(self, line):\n"
        "        return ('one', line, self.shell is get_ipython())\n"
        "    @cell_magic('renamed')\n"
        "    def two(self, line, cell):\n"
        "        return (line, cell)\n"
        "    @no_var_expand\n"
        "    @needs_local_scope\n"
        "    @line_cell_magic\n"
        "    def three(self, line, cell=None, local_ns=None):\n"
        "        return (line, cell, 'Mine' in local_ns)\n"
        "get_ipython().register_magics(Mine)\n"
        "@register_line_magic\n"
        "def four(line): return line.upper()\n"
        "x = 5\n"
        "r = %one a $x\n"
        "s = %three $x\n"
        "t = %four abc\n"
    )
    assert reply["status"] == "ok", reply
    ns = kernel.shell.user_ns
    assert ns["r"] == ("one", "a 5", True)
    assert ns["s"] == ("$x", None, True)
    assert ns["t"] == "ABC"
    assert kernel.execute("%%renamed l\nbody")["status"] == "ok"
    assert ns["_"] == ("l", "body\n")
    reply = kernel.execute(
        "class NotDecorated(Magics): pass\nget_ipython().register_magics(NotDecorated)"
    )
    assert "@magics_class" in reply["evalue"]


def test_what_is_not_provided_says_so(kernel):
    reply = kernel.execute("import IPython.no_such_module")
    assert reply["ename"] == "ModuleNotFoundError"
    assert "IPython.no_such_module" in reply["evalue"]
    reply = kernel.execute("from IPython.display import Nothing")
    assert reply["ename"] == "ImportError"


def test_the_layer_goes_with_the_kernel(kernel):
    kernel.execute("import IPython.display, ipykernel")
    kernel.kernel.shutdown(restart=False)
    assert not [n for n in sys.modules if n.partition(".")[0] in ("IPython", "ipykernel")]


def test_a_real_package_that_was_imported_before_stays(tmp_path):
    (tmp_path / "IPython.py").write_text("mine = True", encoding="utf-8")
    code = (
        "import IPython\n"
        "from nuncius.kernel.app import build\n"
        "shell = build(startup=False).shell\n"
        "r = shell.run_cell('import IPython; IPython.mine').result\n"
        "shell.close()\n"
        "assert r is True\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path)}, check=False, timeout=60
    )
    assert done.returncode == 0


#: Modules that are a library's own, which may not be installed.
BORROWED = {module for module, names in MODULES.items() if not names.get("", ":").startswith(":")}


@pytest.mark.parametrize("module", sorted(MODULES.keys() - BORROWED))
def test_every_name_of_the_table_leads_somewhere(kernel, module):
    assert kernel.shell is not None
    provided = import_module(module)
    for name in MODULES[module]:
        if name:
            getattr(provided, name)


def test_configurables_take_the_shell_as_parent(kernel):
    reply = kernel.execute(
        "from traitlets.config import Configurable\n"
        "from traitlets import Int\n"
        "class Mine(Configurable):\n    number = Int(3).tag(config=True)\n"
        "mine = Mine(parent=get_ipython())\n"
        "assert isinstance(get_ipython(), Configurable) and mine.number == 3\n"
        "assert type(get_ipython()).__name__ == get_ipython().__class__.__name__"
    )
    assert reply["status"] == "ok", reply


def test_programs_show_their_tracebacks_by_ours(kernel, capsys):
    reply = kernel.execute(
        "import io\n"
        "from IPython.core.ultratb import FormattedTB, ListTB, VerboseTB, ColorTB\n"
        "out = io.StringIO()\n"
        "def f(argument):\n    return 1 / argument\n"
        "for show in (FormattedTB(ostream=out), VerboseTB(ostream=out, color_scheme='Linux'), ListTB(ostream=out), ColorTB(ostream=out)):\n"
        "    try:\n        f(0)\n    except ZeroDivisionError:\n        show()\n"
    )
    assert reply["status"] == "ok", reply
    text = kernel.shell.user_ns["out"].getvalue()
    assert text.count("ZeroDivisionError") >= 4
    assert "argument" in text
    assert "\x1b[" in text


def test_extensions_may_show_tracebacks_their_own_way(kernel, frontend):
    """As rich's traceback extension does it."""
    kernel.execute(
        "shown = []\n"
        "ip = get_ipython()\n"
        "plain = ip.showtraceback\n"
        "def mine(*args, **kwargs):\n    shown.append(kwargs)\n    plain(*args, **kwargs)\n"
        "ip.showtraceback = mine\n"
        "ip._showtraceback = lambda etype, evalue, stb: shown.append(etype.__name__)\n"
        "ip.showsyntaxerror = lambda *args, **kwargs: shown.append(type(ip._get_exc_info()[1]).__name__)\n"
    )
    frontend.take()
    kernel.execute("1/0")
    kernel.execute("def f(:")
    assert frontend.of("error") == []
    assert kernel.shell.user_ns["shown"] == [
        {"running_compiled_code": True},
        "ZeroDivisionError",
        "SyntaxError",
    ]
