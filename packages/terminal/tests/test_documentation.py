"""What is shown of the completion that is selected."""

from __future__ import annotations

import asyncio
from typing import Any

from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import Completion
from prompt_toolkit.document import Document

from nuncius.terminal.documentation import Documentation, laid_out
from nuncius.terminal.hints import signature_and_documentation

INSPECTED = "Signature: f(x, *, y=1)\nDocstring:\nDo it.\n\nIn detail.\nFile:      f.py\nType:      function"  # fmt: skip


def reply(text: str) -> dict[str, Any]:
    return {"found": True, "data": {"text/plain": text}}


def test_signature_and_documentation_are_found_in_what_a_kernel_says() -> None:
    assert signature_and_documentation(reply(INSPECTED)) == (
        "f(x, *, y=1)",
        "Do it.\n\nIn detail.",
    )
    assert signature_and_documentation(reply("words of another language")) == (
        "",
        "words of another language",
    )
    bare = "Signature: f(x)\nDocstring: <no docstring>\nType:      function"
    assert signature_and_documentation(reply(bare)) == ("f(x)", "")
    assert signature_and_documentation({"found": False}) == ("", "")
    assert signature_and_documentation({}) == ("", "")


def test_the_panel_wraps_words_and_ends_in_an_ellipsis() -> None:
    assert laid_out(("f(x)", "one two three\n    four five six"), 11) == [
        ("signature", "f(x)"),
        ("text", "one two"),
        ("text", "three"),
        ("text", "    four"),
        ("text", "    five"),
        ("text", "    six"),
    ]
    assert laid_out(("f(x)", "1\n2\n3"), 11, 3) == [
        ("signature", "f(x)"),
        ("text", "1"),
        ("text", "…"),
    ]
    assert laid_out(("", ""), 11) == []


def select(buffer: Buffer, *texts: str, at: int = 0) -> None:
    """Open the menu, and select one of its rows; each lacks the first letter, as if all had it."""
    rows = [Completion(text[1:], display=text, display_meta="function") for text in texts]
    buffer.document = Document(texts[at])
    buffer.complete_state = CompletionState(Document(""), rows, at)


def test_one_question_at_a_time_and_late_answers_are_dropped() -> None:
    asyncio.run(_one_at_a_time())


async def _one_at_a_time() -> None:
    buffer = Buffer()
    asked: list[str] = []
    drawn, arrived, go_on = (asyncio.Semaphore(0) for _ in range(3))

    async def inspect(code: str, position: int) -> dict[str, Any]:
        asked.append(code[:position])
        arrived.release()
        await go_on.acquire()
        return reply(f"of {code}")

    shown = Documentation(buffer, inspect, 60, drawn.release)
    select(buffer, "one", "two", "three")
    shown.look()
    assert shown.described == ("one: function", "")
    await arrived.acquire()
    for at in (1, 2):
        select(buffer, "one", "two", "three", at=at)
        shown.look()
    go_on.release()
    await arrived.acquire()
    assert shown.described == ("three: function", "")
    assert asked == ["one", "three"]
    go_on.release()
    await drawn.acquire()
    assert shown.described == ("", "of three")
    buffer.complete_state = None
    shown.look()
    assert shown.described == ("", "")


def test_a_kernel_that_does_not_answer_leaves_the_type() -> None:
    asyncio.run(_no_answer())


async def _no_answer() -> None:
    buffer = Buffer()
    given_up = asyncio.Event()

    async def inspect(code: str, position: int) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        return {}

    shown = Documentation(buffer, inspect, 0.01, lambda: None)
    select(buffer, "one")
    shown.look()
    await given_up.wait()
    assert shown.described == ("one: function", "")
    shown.forget()
