"""The suite as a class for pytest: a subclass is a kernel's own conformance test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import pytest

from nuncius.protocol.testing.conformance.runner import CASES, KernelUnderTest, run

if TYPE_CHECKING:
    from nuncius.protocol.testing.conformance.case import Case
    from nuncius.protocol.testing.conformance.languages import Snippets

__all__ = ["KernelConformance"]


class KernelConformance:
    """Tests of one kernel; name it in a subclass.

    Attributes:
        kernel_name: Of the kernelspec.
        snippets: Code in its language; None where the suite has some.
        known_failures: Case -> why the kernel fails it: it must still fail.
        not_applicable: Cases that do not apply to the kernel: no other may say that it does not.
        patience: Seconds to wait for anything.
    """

    kernel_name: ClassVar[str]
    snippets: ClassVar[Snippets | None] = None
    known_failures: ClassVar[dict[str, str]] = {}
    not_applicable: ClassVar[frozenset[str]] = frozenset()
    patience: ClassVar[float] = 20.0

    @pytest.fixture(scope="class")
    @classmethod
    def kernel_under_test(cls) -> Iterator[KernelUnderTest]:
        """Return the kernel; it is ended after the last test."""
        with KernelUnderTest(cls.kernel_name, cls.snippets, patience=cls.patience) as kernel:
            yield kernel

    @pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
    def test_conformance(self, kernel_under_test: KernelUnderTest, case: Case) -> None:
        """Check one rule."""
        [result] = run(kernel_under_test, [case])
        said = f"{case.rule}: {result.text}"
        if case.name in self.known_failures:
            assert result.outcome == "failed", f"no longer: {self.known_failures[case.name]}"
        elif case.name in self.not_applicable:
            assert result.outcome == "not applicable", said or "it applies now"
        else:
            assert result.outcome == "passed", said
