"""The conformance suite: the echo kernel keeps every rule, and a kernel that breaks one is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuncius.protocol.testing.conformance.languages import LANGUAGES, Snippets, snippets_for
from nuncius.protocol.testing.conformance.runner import CASES, KernelUnderTest, main, report
from nuncius.protocol.testing.conformance.suite import KernelConformance

LIAR = '''
import sys
from nuncius.protocol.serving import serve
from nuncius.protocol.testing.echo import EchoKernel


class Liar(EchoKernel):
    """Has no results, shows errors that it does not reply, and forgets its language."""

    def execute(self, request, io):
        reply = dict(super().execute(request, io))
        if reply["status"] == "error":
            reply = {"status": "ok", "execution_count": "1"}
        return reply


sys.exit(serve(Liar))
'''


@pytest.fixture(scope="module", autouse=True)
def kernelspecs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install two kernels where only these tests find them."""
    folder = tmp_path_factory.mktemp("jupyter")
    (folder / "liar.py").write_text(LIAR)
    for name, arguments in (
        ("echo", ["-m", "nuncius.protocol.testing.echo"]),
        ("liar", [str(folder / "liar.py")]),
    ):
        spec = folder / "kernels" / name / "kernel.json"
        spec.parent.mkdir(parents=True)
        argv = [sys.executable, *arguments, "-f", "{connection_file}"]
        spec.write_text(
            json.dumps(
                {
                    "argv": argv,
                    "display_name": name,
                    "language": "echo",
                    "kernel_protocol_version": "5.5",
                    "metadata": {"supported_encryption": ["curve"]},
                }
            )
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
        yield folder


class TestEcho(KernelConformance):
    kernel_name = "echo"
    not_applicable = frozenset({"usage", "debugger"})


def test_a_kernel_that_lies_is_found_out() -> None:
    lines: list[str] = []
    chosen = [case for case in CASES if case.name in {"execute", "error", "heartbeat", "usage"}]
    with KernelUnderTest("liar", patience=10) as kernel:
        well = report(kernel, chosen, lines.append)
    assert not well
    by_name = {line.split()[1]: line for line in lines if line.strip()}
    assert by_name["execute"].split()[0] == by_name["heartbeat"].split()[0] == "ok"
    assert by_name["error"].splitlines()[0].endswith("expected status error, got ok")
    assert "rule: an error is published, and the reply says the same" in by_name["error"]
    assert by_name["usage"].split()[0] == "-"
    assert (
        lines[-1].strip() == "2 passed, 1 failed, 0 weak (should, but need not), 1 not applicable"
    )


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nuncius.protocol.testing.conformance", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=dict(os.environ),
    )


def test_the_command_reports_and_tells_by_its_exit_code() -> None:
    done = run("--kernel", "echo", "--cases", "^(kernel_info|execute)$", "--snippet", "hello=hello")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("2 passed, 0 failed")
    assert run("--kernel", "liar", "--cases", "^error$").returncode == 1
    done = run("--kernel", "no-such-kernel")
    assert done.returncode == 2
    assert "no kernel named 'no-such-kernel'" in done.stdout


def test_the_command_tests_a_kernel_that_runs_already(kernelspecs: Path) -> None:
    from nuncius.protocol.manager.blocking import BlockingKernelManager

    with BlockingKernelManager("echo") as manager:
        assert manager.connection_file
        done = run("--existing", manager.connection_file, "--cases", "^(execute|shutdown)$")
        assert done.stdout.splitlines()[-1].startswith("1 passed, 0 failed, 0 weak")
        assert manager.is_alive()


def test_the_command_lists_its_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CASES)


def test_an_unknown_snippet_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kernel", "echo", "--snippet", "nosuch=1", "--cases", "heartbeat"]) == 2
    assert "no snippet is named 'nosuch'; there are: hello" in capsys.readouterr().out


def test_languages_have_aliases() -> None:
    assert snippets_for("Python3") == LANGUAGES["python"]
    assert snippets_for("IR") == LANGUAGES["R"]
    assert snippets_for("klingon") == Snippets()


def test_every_case_has_a_name_and_a_rule_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len({case.rule for case in CASES}) == len(CASES)
