"""The process of the `nuncius` command, while a command is loaded and after."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def test_what_a_command_loads_is_left_alone_by_the_garbage_collector_and_what_it_makes_is_not(
    tmp_path,
):
    """A command of another package, found by its entry point as all are."""
    (tmp_path / "guest.py").write_text(
        textwrap.dedent("""
        import gc, signal
        loading = gc.isenabled(), signal.getsignal(signal.SIGINT) is signal.SIG_DFL

        def command(arguments):
            frozen = gc.get_freeze_count() > 1000
            here = gc.isenabled(), signal.getsignal(signal.SIGINT) is signal.default_int_handler
            garbage = []
            garbage.append(garbage)
            seen = any(each is garbage for each in gc.get_objects())
            print(arguments, loading, frozen, here, seen)
            return 3
        """)
    )
    info = tmp_path / "guest-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[nuncius.commands]\nguest = guest:command\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['nuncius', 'guest', 'x']; from nuncius.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        3,
        "['x'] (False, True) True (True, True) True\n",
        "",
    )


def test_who_calls_main_with_arguments_keeps_the_process_as_it_is():
    code = "import gc; before = gc.get_freeze_count(); from nuncius.__main__ import main; code = main(['--version']); print(code, gc.isenabled(), gc.get_freeze_count() - before)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 True 0"
