r"""Complete the names of characters: ``\alpha`` gives α, ``\GREEK SMALL`` lists names, and ``\α`` gives the name back.

The LaTeX names of letters are derived from the names that Unicode gives them, for the Greek and the mathematical alphabets, superscripts and subscripts; only the symbols have a table.
"""

# ruff: noqa: RUF001, RUF002 - characters that look like others are what this module is about

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)

__all__ = [
    "latex_name_matcher",
    "latex_symbols",
    "symbol_name_matcher",
    "unicode_name_matcher",
]

_LATEX = re.compile(r"\\[\w^+\-=()]*$")
_UNICODE = re.compile(r"\\(?P<name>[A-Za-z][A-Za-z0-9 \-]*)$")
_BACK = re.compile(r"\\(?P<char>[^\x00-\x7f])$")
_MAX_NAMES = 500

_SYMBOLS = """
infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ iiint ∭ oint ∮ sqrt √ cbrt ∛ pm ± mp ∓ times × div ÷
cdot ⋅ ast ∗ star ⋆ circ ∘ bullet ∙ oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙ dagger † ddagger ‡ wedge ∧ vee ∨
cap ∩ cup ∪ sqcap ⊓ sqcup ⊔ uplus ⊎ setminus ∖ amalg ⨿ wr ≀ leq ≤ le ≤ geq ≥ ge ≥ neq ≠ ne ≠ equiv ≡ approx ≈
sim ∼ simeq ≃ cong ≅ propto ∝ ll ≪ gg ≫ prec ≺ succ ≻ preceq ⪯ succeq ⪰ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇
subsetneq ⊊ supsetneq ⊋ in ∈ notin ∉ ni ∋ mid ∣ nmid ∤ parallel ∥ perp ⟂ vdash ⊢ dashv ⊣ models ⊧ bowtie ⋈
asymp ≍ doteq ≐ coloneq ≔ leftarrow ← rightarrow → to → gets ← leftrightarrow ↔ uparrow ↑ downarrow ↓ updownarrow ↕
Leftarrow ⇐ Rightarrow ⇒ Leftrightarrow ⇔ Uparrow ⇑ Downarrow ⇓ implies ⟹ impliedby ⟸ iff ⟺ mapsto ↦ hookleftarrow ↩
hookrightarrow ↪ nearrow ↗ searrow ↘ swarrow ↙ nwarrow ↖ longleftarrow ⟵ longrightarrow ⟶ longmapsto ⟼ rightharpoonup ⇀
leftharpoonup ↼ rightleftharpoons ⇌ forall ∀ exists ∃ nexists ∄ neg ¬ lnot ¬ land ∧ lor ∨ top ⊤ bot ⊥ emptyset ∅
varnothing ∅ angle ∠ measuredangle ∡ triangle △ square □ blacksquare ■ lozenge ◊ diamond ⋄ bigstar ★ clubsuit ♣
diamondsuit ♢ heartsuit ♡ spadesuit ♠ sharp ♯ flat ♭ natural ♮ hbar ℏ ell ℓ Re ℜ Im ℑ wp ℘ aleph ℵ beth ℶ gimel ℷ
daleth ℸ prime ′ dprime ″ degree ° celsius ℃ angstrom Å ohm Ω mho ℧ euro € pounds £ yen ¥ cent ¢ S § P ¶ copyright ©
registered ® trademark ™ checkmark ✓ maltese ✠ ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ langle ⟨ rangle ⟩ lceil ⌈ rceil ⌉
lfloor ⌊ rfloor ⌋ llbracket ⟦ rrbracket ⟧ therefore ∴ because ∵ qed ∎ complement ∁ Finv Ⅎ hslash ℏ imath ı jmath ȷ
lessgtr ≶ gtrless ≷ lesssim ≲ gtrsim ≳ nless ≮ ngtr ≯ nleq ≰ ngeq ≱ subsetplus ⪿ ltimes ⋉ rtimes ⋊ boxplus ⊞
boxminus ⊟ boxtimes ⊠ boxdot ⊡ bigcap ⋂ bigcup ⋃ bigwedge ⋀ bigvee ⋁ bigoplus ⨁ bigotimes ⨂ ss ß ae æ AE Æ oe œ OE Œ
aa å AA Å o ø O Ø l ł L Ł dh ð DH Ð th þ TH Þ
hat \u0302 tilde \u0303 bar \u0304 overbar \u0305 breve \u0306 dot \u0307 ddot \u0308 ring \u030a check \u030c vec \u20d7
underbar \u0332 acute \u0301 grave \u0300
"""
_GREEK = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "omicron",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
_ALPHABETS = {
    "bf": "BOLD",
    "it": "ITALIC",
    "bi": "BOLD ITALIC",
    "scr": "SCRIPT",
    "bscr": "BOLD SCRIPT",
    "frak": "FRAKTUR",
    "bfrak": "BOLD FRAKTUR",
    "bb": "DOUBLE-STRUCK",
    "sans": "SANS-SERIF",
    "bsans": "SANS-SERIF BOLD",
    "isans": "SANS-SERIF ITALIC",
    "bisans": "SANS-SERIF BOLD ITALIC",
    "tt": "MONOSPACE",
}
#: Letters that had a place in Unicode before the mathematical alphabets got theirs.
_EARLY = {"SCRIPT": "SCRIPT", "FRAKTUR": "BLACK-LETTER", "DOUBLE-STRUCK": "DOUBLE-STRUCK"}
_VARIANTS = {
    "varepsilon": "ε",
    "varphi": "φ",
    "vartheta": "ϑ",
    "varpi": "ϖ",
    "varrho": "ϱ",
    "varsigma": "ς",
    "varkappa": "ϰ",
}
_DIGITS = ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"]
_SIGNS = {
    "+": "PLUS SIGN",
    "-": "MINUS",
    "=": "EQUALS SIGN",
    "(": "LEFT PARENTHESIS",
    ")": "RIGHT PARENTHESIS",
}


@lru_cache(maxsize=1)
def latex_symbols() -> dict[str, str]:
    r"""Return all names with their characters: ``\alpha`` -> ``α``."""
    words = _SYMBOLS.split()
    table = dict(zip(words[::2], words[1::2], strict=True))
    table.update(_greek())
    table.update(_VARIANTS)
    table.update(_mathematical())
    table.update(_scripts())
    return {f"\\{name}": char for name, char in table.items()}


def _named(name: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return ""


def _greek() -> Iterator[tuple[str, str]]:
    for name in _GREEK:
        upper = "LAMDA" if name == "lambda" else name.upper()
        yield name, _named(f"GREEK SMALL LETTER {upper}")
        yield name.capitalize(), _named(f"GREEK CAPITAL LETTER {upper}")


def _mathematical() -> Iterator[tuple[str, str]]:
    for prefix, style in _ALPHABETS.items():
        for code in (*range(65, 91), *range(97, 123)):
            letter = chr(code)
            case = "CAPITAL" if letter.isupper() else "SMALL"
            char = _named(f"MATHEMATICAL {style} {case} {letter.upper()}")
            if not char and style in _EARLY:
                char = _named(f"{_EARLY[style]} {case} {letter.upper()}")
            if char:
                yield f"{prefix}{letter}", char
        for digit, word in enumerate(_DIGITS):
            char = _named(f"MATHEMATICAL {style} DIGIT {word}")
            if char:
                yield f"{prefix}{digit}", char
        for name in _GREEK:
            upper = "LAMDA" if name == "lambda" else name.upper()
            for spelled, case in ((name, "SMALL"), (name.capitalize(), "CAPITAL")):
                char = _named(f"MATHEMATICAL {style} {case} {upper}")
                if char:
                    yield f"{prefix}{spelled}", char


def _scripts() -> Iterator[tuple[str, str]]:
    for mark, kind, letters in (
        ("^", "SUPERSCRIPT", "MODIFIER LETTER {} {}"),
        ("_", "SUBSCRIPT", "LATIN SUBSCRIPT {} LETTER {}"),
    ):
        for digit, word in enumerate(_DIGITS):
            yield f"{mark}{digit}", _named(f"{kind} {word}")
        for sign, word in _SIGNS.items():
            yield f"{mark}{sign}", _named(f"{kind} {word}")
        for code in (*range(65, 91), *range(97, 123)):
            letter = chr(code)
            case = "CAPITAL" if letter.isupper() else "SMALL"
            char = _named(letters.format(case, letter.upper()))
            if char:
                yield f"{mark}{letter}", char


@completion_matcher(identifier="IPCompleter.latex_name_matcher", priority=100, api_version=2)
def latex_name_matcher(context: CompletionContext) -> MatcherResult:
    r"""Complete ``\alph`` to ``\alpha``, and ``\alpha`` to the character."""
    found = _LATEX.search(context.text_until_cursor)
    if found is None or (context.code.string and len(found.group()) < 2):
        return MatcherResult()
    typed, symbols = found.group(), latex_symbols()
    start = context.line_start + found.start()
    if typed in symbols:
        return MatcherResult([SimpleCompletion(symbols[typed], "symbol")], start, suppress=True)
    names = sorted(name for name in symbols if name.startswith(typed))
    return MatcherResult(
        [SimpleCompletion(name, "latex") for name in names], start, suppress=bool(names)
    )


@completion_matcher(identifier="IPCompleter.unicode_name_matcher", priority=99, api_version=2)
def unicode_name_matcher(context: CompletionContext) -> MatcherResult:
    r"""Complete ``\GREEK SMALL`` to names of Unicode, and a whole name to its character."""
    found = _UNICODE.search(context.text_until_cursor)
    if found is None or len(found["name"]) < 3:
        return MatcherResult()
    start, typed = context.line_start + found.start(), found["name"].upper()
    char = _named(typed)
    if char:
        return MatcherResult([SimpleCompletion(char, "symbol")], start, suppress=True)
    names = [n for n in _unicode_names() if n.startswith(typed)][:_MAX_NAMES]
    return MatcherResult(
        [SimpleCompletion(f"\\{name}", "unicode") for name in names], start, suppress=bool(names)
    )


@lru_cache(maxsize=1)
def _unicode_names() -> tuple[str, ...]:
    # the planes of letters and symbols; ideographs have names that nobody types
    codes = (
        *range(0xA0, 0x3400),
        *range(0xA000, 0xAC00),
        *range(0xF900, 0x18800),
        *range(0x1B000, 0x1FB00),
    )
    names = (unicodedata.name(chr(code), "") for code in codes)
    return tuple(
        sorted(name for name in names if name and not name.startswith(("CJK", "HANGUL SYL")))
    )


@completion_matcher(identifier="IPCompleter.back_latex_name_matcher", priority=98, api_version=2)
def symbol_name_matcher(context: CompletionContext) -> MatcherResult:
    r"""Complete ``\α`` back to ``\alpha``, or to the name that Unicode gives it."""
    found = _BACK.search(context.text_until_cursor)
    if found is None:
        return MatcherResult()
    char = found["char"]
    names = [name for name, symbol in latex_symbols().items() if symbol == char]
    names += [f"\\{unicodedata.name(char)}"] if unicodedata.name(char, "") else []
    start = context.line_start + found.start()
    return MatcherResult(
        [SimpleCompletion(n, "latex") for n in names], start, suppress=bool(names), ordered=True
    )
