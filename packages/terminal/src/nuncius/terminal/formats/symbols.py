"""What LaTeX calls the characters of formulas.

Greek letters and letters of special alphabets are found by the names that Unicode gives them; the rest is a table.
"""

# ruff: noqa: RUF001 - characters that look like others are what this module is about

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = [
    "ACCENTS",
    "LIMITS",
    "NAMED",
    "RELATIONS",
    "SUBSCRIPTS",
    "SUPERSCRIPTS",
    "letters",
    "symbol",
]

_TABLE = """
infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ iiint ∭ oint ∮ bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂
pm ± mp ∓ times × div ÷ cdot · ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ ominus ⊖ otimes ⊗ odot ⊙ wedge ∧ land ∧ vee ∨ lor ∨
cap ∩ cup ∪ setminus ∖ dagger † ddagger ‡ neg ¬ lnot ¬ forall ∀ exists ∃ nexists ∄ emptyset ∅ varnothing ∅ top ⊤ bot ⊥
leq ≤ le ≤ leqslant ≤ geq ≥ ge ≥ geqslant ≥ neq ≠ ne ≠ equiv ≡ approx ≈ sim ∼ simeq ≃ cong ≅ propto ∝ ll ≪ gg ≫ prec ≺ succ ≻
subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ in ∈ notin ∉ ni ∋ mid | nmid ∤ parallel ∥ perp ⟂ vdash ⊢ models ⊨ asymp ≍
to → rightarrow → leftarrow ← gets ← leftrightarrow ↔ uparrow ↑ downarrow ↓ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔
implies ⟹ iff ⟺ mapsto ↦ longrightarrow ⟶ longleftarrow ⟵ Longrightarrow ⟹ hookrightarrow ↪ rightharpoonup ⇀
ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ dotsc … dotsb ⋯ hbar ℏ ell ℓ Re ℜ Im ℑ aleph ℵ wp ℘ imath ı jmath ȷ
angle ∠ degree ° prime ′ backslash \\ lbrace { rbrace } langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ vert | Vert ‖
lvert | rvert | lVert ‖ rVert ‖ therefore ∴ because ∵ square □ Box □ diamond ⋄ triangle △ surd √ S § P ¶ pounds £ AA Å
varepsilon ε epsilon ϵ vartheta ϑ varphi φ phi ϕ varrho ϱ varsigma ς varpi ϖ omicron ο lt < gt > colon : And &
"""

_SYMBOLS = dict(zip(_TABLE.split()[::2], _TABLE.split()[1::2], strict=True))

#: Stand with room on both sides.
RELATIONS = frozenset("=<>≤≥≠≡≈∼≃≅∝≪≫≺≻⊂⊃⊆⊇∈∉∋∤∥⟂⊢⊨≍→←↔⇒⇐⇔⟹⟺↦⟶⟵↪⇀∴∵:")

#: Upright names of functions.
NAMED = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "coth",
        "log",
        "ln",
        "lg",
        "exp",
        "lim",
        "max",
        "min",
        "sup",
        "inf",
        "det",
        "dim",
        "ker",
        "deg",
        "gcd",
        "arg",
        "hom",
        "Pr",
        "limsup",
        "liminf",
        "argmax",
        "argmin",
        "sgn",
        "tr",
    ]
)

#: Have what is below and above them under and over them.
LIMITS = frozenset("∑∏∐⋃⋂⨁⨂") | {
    "lim",
    "max",
    "min",
    "sup",
    "inf",
    "limsup",
    "liminf",
    "argmax",
    "argmin",
}

#: Combining characters.
ACCENTS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "bar": "\u0304",
    "overline": "\u0305",
    "underline": "\u0332",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "check": "\u030c",
    "acute": "\u0301",
    "grave": "\u0300",
    "breve": "\u0306",
    "overrightarrow": "\u20d7",
}

SUPERSCRIPTS = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW∗*′αβγδεθφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ**′ᵅᵝᵞᵟᵋᶿᵠᵡ",
        strict=True,
    )
)

SUBSCRIPTS = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)

_ALPHABETS = {
    "mathbb": "DOUBLE-STRUCK",
    "mathcal": "SCRIPT",
    "mathscr": "SCRIPT",
    "mathfrak": "FRAKTUR",
}


@lru_cache(maxsize=512)
def symbol(name: str) -> str | None:
    r"""Return the character that a command stands for, such as the Greek letter for ``alpha``; None if it is none."""
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    if not name.isalpha():
        return None
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {name.upper()}")
    except KeyError:
        return None


def letters(text: str, alphabet: str) -> str:
    """Return letters of an alphabet such as ``mathbb``; those that it lacks stay."""
    kind = _ALPHABETS.get(alphabet)
    return text if kind is None else "".join(_letter(char, kind) for char in text)


def _letter(char: str, kind: str) -> str:
    size = "CAPITAL" if char.isupper() else "SMALL"
    older = {"FRAKTUR": "BLACK-LETTER"}.get(kind, kind)
    for name in (f"{older} {size} {char.upper()}", f"MATHEMATICAL {kind} {size} {char.upper()}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return char
