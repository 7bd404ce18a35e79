"""Run the cases against a kernel, and say what came of it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from nuncius.protocol.errors import KernelError, LaunchFailed, NunciusError
from nuncius.protocol.testing.conformance import execution, faults, lifecycle, requests, starting
from nuncius.protocol.testing.conformance.case import Case, NotApplicable, Owner, Subject
from nuncius.protocol.testing.conformance.languages import Snippets, snippets_for
from nuncius.protocol.testing.conformance.wire import Failure, Talk, Wire

if TYPE_CHECKING:
    from nuncius.protocol.connection import ConnectionInfo
    from nuncius.protocol.kernelspec import KernelSpec
    from nuncius.protocol.manager.blocking import BlockingKernelManager

__all__ = ["CASES", "KernelUnderTest", "Outcome", "Result", "report", "run"]

#: Every case; those that end the kernel stand last.
CASES: Sequence[Case] = (
    *requests.CASES,
    *execution.CASES,
    *faults.CASES,
    *starting.CASES,
    *lifecycle.CASES,
)

Outcome = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case.

    Attributes:
        case: The case.
        outcome: ``passed``, ``failed``, or ``not applicable``.
        text: Why it failed or does not apply.
        seconds: How long it took.
    """

    case: Case
    outcome: Outcome
    text: str = ""
    seconds: float = 0.0


class _Managed:
    """A kernel that a manager started, as an `Owner`."""

    def __init__(self, manager: BlockingKernelManager) -> None:
        self.manager = manager

    @property
    def spec(self) -> KernelSpec:
        return self.manager.manager.spec

    def interrupt(self) -> None:
        self.manager.interrupt()

    def restart(self) -> ConnectionInfo:
        return self.manager.restart()

    def is_alive(self) -> bool:
        return self.manager.is_alive()

    def wait(self, timeout: float) -> bool:
        end = time.monotonic() + timeout
        while self.manager.is_alive():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True


class KernelUnderTest:
    """A kernel to run cases against; it is started when the first needs it, and again after one that ended it.

    Args:
        kernel: The name of a kernelspec, or where a running kernel listens.
        snippets: Code to run; by default that of the kernel's language.
        replaced: Code that replaces single snippets, by their names.
        patience: Seconds to wait for anything.
        start_timeout: Seconds that it may take to start.
    """

    def __init__(
        self,
        kernel: str | ConnectionInfo,
        snippets: Snippets | None = None,
        *,
        replaced: Mapping[str, str] | None = None,
        patience: float = 10.0,
        start_timeout: float = 60.0,
    ) -> None:
        self.kernel = kernel
        self.patience = patience
        self.start_timeout = start_timeout
        self._given = snippets
        self._replaced = replaced or {}
        self._manager: BlockingKernelManager | None = None
        self._info: ConnectionInfo | None = None if isinstance(kernel, str) else kernel

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self, case: Case) -> None:
        """Run one case.

        Raises:
            Failure: The kernel does not do what it should.
            NotApplicable: The kernel does not claim to do it.
            KernelError: It cannot be started.
        """
        subject = self._subject()
        well = False
        try:
            self._run(case, subject)
            well = True
        except (Failure, NotApplicable):
            well = self._is_well(subject)
            raise
        finally:
            self._clean_up(subject, ended=case.ends or not well)

    def _run(self, case: Case, subject: Subject) -> None:
        case.run(subject)
        if refused := subject.talk.wire.refused:
            raise Failure(f"the kernel sent what is no message: {refused[0]}")
        if self._manager and not case.ends and not self._manager.is_alive():
            raise Failure("the kernel died")

    def _is_well(self, subject: Subject) -> bool:
        """Tell whether the kernel can be used for another case after one that failed."""
        try:
            talk = Talk(subject.talk.wire, 2.0)
            talk.settle()
        except Failure:
            return False
        return True

    def _subject(self) -> Subject:
        info = self._started()
        wire = Wire(info)
        try:
            talk = Talk(wire, self.patience)
            talk.wait_until_ready(self.start_timeout)
            kernel_info = dict(talk.ask("kernel_info_request").content)
            language = kernel_info.get("language_info", {}).get("name", "")
            snippets = self._given or snippets_for(str(language))
            owner: Owner | None = _Managed(self._manager) if self._manager else None
            return Subject(
                info,
                talk,
                owner,
                snippets.replaced(self._replaced),
                kernel_info,
                self.patience,
                [wire],
            )
        except BaseException:
            wire.close()
            raise

    def _started(self) -> ConnectionInfo:
        if self._info is not None:
            return self._info
        from nuncius.protocol.core.lifecycle import RestartPolicy
        from nuncius.protocol.manager.blocking import BlockingKernelManager
        from nuncius.protocol.manager.manager import ManagerOptions

        assert isinstance(self.kernel, str)
        options = ManagerOptions(
            start_timeout=self.start_timeout, restart=RestartPolicy(enabled=False)
        )
        self._manager = BlockingKernelManager(self.kernel, options)
        self._info = self._manager.start()
        return self._info

    def _clean_up(self, subject: Subject, *, ended: bool) -> None:
        for wire in subject.wires:
            wire.close()
        if ended and self._manager is not None:
            self.close()

    def close(self) -> None:
        """End the kernel, if it was started here."""
        manager, self._manager = self._manager, None
        if manager is None:
            return
        self._info = None
        try:
            manager.shutdown(now=True)
        finally:
            manager.close()


def run(kernel: KernelUnderTest, cases: Iterable[Case] = CASES) -> Iterator[Result]:
    """Yield the result of each case as it ends.

    Args:
        kernel: The kernel; one that a case has ended is started again.
        cases: What to run, in this order.

    Raises:
        NunciusError: There is no such kernel, or it cannot be started.
    """
    for each in cases:
        start = time.monotonic()
        outcome: Outcome = "passed"
        text = ""
        try:
            kernel.check(each)
        except NotApplicable as reason:
            outcome, text = "not applicable", str(reason)
        except Failure as failure:
            outcome, text = "failed", str(failure)
        except LaunchFailed:
            raise
        except KernelError as failure:
            outcome, text = "failed", str(failure)
            kernel.close()
        yield Result(each, outcome, text, time.monotonic() - start)


_MARKS = {"passed": "ok", "failed": "FAILED", "not applicable": "-"}


def report(kernel: KernelUnderTest, cases: Sequence[Case], write: Callable[[str], object]) -> bool:
    """Run cases and write a line for each.

    Args:
        kernel: The kernel.
        cases: What to run.
        write: Takes each line.

    Returns:
        Whether nothing failed that a kernel must do.
    """
    results = []
    for result in run(kernel, cases):
        results.append(result)
        write(_line(result))
    counts = Counter(_mark(result) for result in results)
    write(
        f"\n{counts['ok']} passed, {counts['FAILED']} failed, {counts['weak']} weak (should, but need not), {counts['-']} not applicable"
    )
    return not counts["FAILED"]


def _mark(result: Result) -> str:
    if result.outcome == "failed" and result.case.level == "should":
        return "weak"
    return _MARKS[result.outcome]


def _line(result: Result) -> str:
    line = f"{_mark(result):>7}  {result.case.name:<28} {result.seconds:6.2f} s  {result.text}"
    if result.outcome == "failed":
        line += f"\n{'':9}rule: {result.case.rule}"
    return line.rstrip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite from a command line.

    Returns:
        0 if nothing failed that a kernel must do, 1 if something did, 2 if there is no such kernel.
    """
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m nuncius.protocol.testing.conformance",
        description="Test whether a kernel, in whatever language, keeps to the Jupyter protocol.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--kernel", metavar="NAME", help="the kernelspec to start")
    which.add_argument(
        "--existing",
        metavar="FILE",
        help="the connection file of a running kernel; it is not restarted or ended",
    )
    parser.add_argument(
        "--cases", metavar="REGEX", default="", help="run only the cases whose names match"
    )
    parser.add_argument(
        "--snippet",
        metavar="NAME=CODE",
        action="append",
        default=[],
        help="code in the kernel's language, such as hello=\"print 'hello'\" (see the module languages)",
    )
    parser.add_argument("--patience", type=float, default=10.0, help="seconds to wait for anything")
    parser.add_argument("--list", action="store_true", help="list the cases and their rules")
    options = parser.parse_args(arguments)
    cases = [each for each in CASES if re.search(options.cases, each.name)]
    if options.list:
        for each in cases:
            print(f"{each.name:<28} {each.level:<7} {each.rule}")  # noqa: T201
        return 0
    try:
        return _main(options.kernel, options.existing, options.snippet, options.patience, cases)
    except NunciusError as error:
        print(f"{parser.prog}: {error}")  # noqa: T201
        return 2


def _main(
    kernel: str | None,
    existing: str | None,
    snippets: Sequence[str],
    patience: float,
    cases: Sequence[Case],
) -> int:
    subject: str | ConnectionInfo = kernel or "python3"
    if existing:
        from nuncius.protocol.connection import find_connection_file, load_connection_file

        subject = load_connection_file(find_connection_file(existing))
    texts = dict(text.partition("=")[::2] for text in snippets)
    with KernelUnderTest(subject, replaced=texts, patience=patience) as under_test:
        well = report(under_test, cases, lambda line: print(line, flush=True))  # noqa: T201
    return 0 if well else 1
