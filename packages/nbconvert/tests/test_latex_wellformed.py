"""LaTeX that is made from anything has its groups and environments closed: otherwise TeX reads to the end of the file and stops."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from nuncius.nbconvert.markdown.latex import latex

_PIECES = [
    "# ", "*", "**", "_", "`", "```\n", "\n", "\n\n", "- ", "1. ", "   - ", "> ", "[a](b)", "[a](#b)", "<b>", "</b>", "<em>", "</em>", "<i>",
    "<div>", "|", "|-|-|\n", "a", "#", "%", "&", "\\", "[", "]", "{", "}", "<", "~~", "~", "^", "[^1]", "[^1]: n\n", "http://x.y/_%",
    "&amp;", '"', "$5", "    ", "<br>", "<table><tr><td>{</td></tr></table>", "😀", "---\n", "中",
]  # fmt: skip
_VERBATIM = re.compile(r"\\begin\{Verbatim\}.*?\\end\{Verbatim\}", re.DOTALL)
_MARK = re.compile(r"\\(begin|end)\{(\w+)\}|(?<!\\)((?:\\\\)*)([{}])")


def unclosed(source: str) -> list[str]:
    """Return the groups and environments that are open at the end, or end what was not begun."""
    stack: list[str] = []
    for match in _MARK.finditer(_VERBATIM.sub("", source)):
        kind, name, _, brace = match.groups()
        if kind == "begin":
            stack.append(name)
        elif brace == "{":
            stack.append("{")
        elif not stack or stack.pop() != (name or "{"):
            return ["ends what was not begun: " + match.group()]
    return stack


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
@settings(max_examples=150, deadline=None)
def test_whatever_the_markdown_everything_is_closed(source: str) -> None:
    assert unclosed(latex(source)) == []


def test_tags_without_an_end_reach_to_the_end_of_their_block() -> None:
    assert latex("a <em>b\n\nc </em> d\n") == "a \\emph{b}\n\nc  d\n\n"
    assert latex("- <b>x\n  - y\n").count("}") == latex("- <b>x\n  - y\n").count("{")
