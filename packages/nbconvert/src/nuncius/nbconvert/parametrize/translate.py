r"""Write parameters in the language of a notebook.

A `Language` is a table of spellings; what none of them covers (R's names, MATLAB's maps) is a function in it. The spellings are those of papermill, whose notebooks should give the same cells; texts differ from it in one point: what is not ASCII stays as it is, since ``\\xe9`` means something else in R and nothing in C#.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nuncius.nbconvert.parametrize.errors import ParameterError

__all__ = ["LANGUAGES", "Language", "Writer", "language_for", "register", "translate"]

_NAME = re.compile(r"[^\W\d]\w*(\.\w+)*\Z")
_CONTROL = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_INT32 = 2**31


def _backslash(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_escape_control(escaped)}"'


def _escape_control(text: str) -> str:
    return "".join(
        _CONTROL.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c) for c in text
    )


def _python_text(text: str) -> str:
    # What cannot be encoded stands alone in a str: Python can spell it.
    quoted = _backslash(text)
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in quoted)


def _r_text(text: str) -> str:
    if "\0" in text:
        raise ParameterError("R has no texts with a null character in them")
    return _backslash(text)


def _dollar_text(text: str) -> str:
    """Quote for Scala and Julia, where only Julia reads ``$`` in texts."""
    return _backslash(text).replace("$", "\\$")


def _matlab_text(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if not _has_control(text) else _matlab_composed(text)


def _matlab_composed(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '""')
    return f'compose("{_escape_control(escaped).replace("%", "%%")}")'


def _has_control(text: str) -> bool:
    return any(ord(c) < 32 for c in text)


def _powershell_text(text: str) -> str:
    special = {"`": "``", '"': '`"', "$": "`$", "\n": "`n", "\r": "`r", "\t": "`t", "\0": "`0"}
    return '"' + "".join(special.get(c, c) for c in text) + '"'


def _whole(value: int) -> str:
    return str(value)


def _long(value: int) -> str:
    return str(value) if -_INT32 <= value < _INT32 else f"{value}L"


class Writer(Protocol):
    """Writes parameters in one language: a `Language`, or anything with a name and this method."""

    @property
    def name(self) -> str:
        """The language."""
        ...

    def cell(self, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
        """Return the code that sets parameters."""
        ...


@dataclass(frozen=True, slots=True)
class Language:
    """How one language spells values.

    Attributes:
        name: The language.
        comment: A template with ``{}``.
        assign: A template with ``{name}`` and ``{value}``.
        none: No value; None where the language has none.
        true: True.
        false: False.
        nan: Not a number.
        inf: Infinity; what it begins with for minus infinity is ``minus``.
        minus_inf: Minus infinity.
        text: Quotes a text.
        whole: Spells a whole number.
        sequence: A template with ``{}``, None where there are no sequences.
        between: Stands between items.
        mapping: A template with ``{}``, None where there are no mappings.
        pair: A template with ``{key}`` and ``{value}``.
        pairs_between: Stands between pairs.
        rename: Changes a name that would not be one.
    """

    name: str
    comment: str = "# {}"
    assign: str = "{name} = {value}"
    none: str | None = "None"
    true: str = "true"
    false: str = "false"
    nan: str = "nan"
    inf: str = "inf"
    minus_inf: str = "-inf"
    text: Callable[[str], str] = _backslash
    whole: Callable[[int], str] = _whole
    sequence: str | None = "[{}]"
    between: str = ", "
    mapping: str | None = None
    pair: str = ""
    pairs_between: str = ", "
    rename: Callable[[str], str] = str

    def value(self, value: Any) -> str:
        """Spell a value; what is neither JSON nor YAML is spelt as a text.

        Raises:
            ParameterError: The language cannot spell it.
        """
        if value is None:
            return self._given(self.none, "an empty value")
        if isinstance(value, bool):
            return self.true if value else self.false
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int):
            return self.whole(value)
        if isinstance(value, float):
            return self._float(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, (list, tuple)):
            template = self._given(self.sequence, "a list")
            return template.replace("{}", self.between.join(self.value(item) for item in value))
        return self.text(str(value))

    def _float(self, value: float) -> str:
        if math.isfinite(value):
            return repr(value)
        return self.nan if math.isnan(value) else self.inf if value > 0 else self.minus_inf

    def _mapping(self, value: Mapping[Any, Any]) -> str:
        template = self._given(self.mapping, "a mapping")
        if self.name == "matlab":
            keys = ", ".join("'" + str(key).replace("'", "''") + "'" for key in value)
            items = ", ".join(self.value(item) for item in value.values())
            return template.replace("{}", f"{{{keys}}}, {{{items}}}")
        # Not one after the other: a key may contain what stands for the value.
        before, _, rest = self.pair.partition("{key}")
        middle, _, after = rest.partition("{value}")
        pairs = (
            f"{before}{self.text(str(key))}{middle}{self.value(item)}{after}"
            for key, item in value.items()
        )
        return template.replace("{}", self.pairs_between.join(pairs))

    def _given(self, spelling: str | None, what: str) -> str:
        if spelling is None:
            raise ParameterError(f"{what} cannot be written in {self.name}; pass it as a text (-r), and read it there")  # fmt: skip
        return spelling

    def cell(self, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
        """Return the code that sets parameters.

        Raises:
            ParameterError: A name is no name, or a value cannot be spelt.
        """
        lines = [self.comment.replace("{}", comment).strip()]
        for name, value in parameters.items():
            if not _NAME.match(name):
                raise ParameterError(f"{name!r} cannot be the name of a parameter: expected letters, digits and underscores")  # fmt: skip
            spelt = self.value(value)
            lines.append(
                self.assign.replace("{name}", self.rename(name), 1).replace("{value}", spelt)
            )
        return "\n".join(lines) + "\n"


_DOT_NET = {"comment": "// {}", "none": None, "whole": _long, "nan": "Double.NaN", "inf": "Double.PositiveInfinity", "minus_inf": "Double.NegativeInfinity"}  # fmt: skip

PYTHON = Language("python", none="None", true="True", false="False", nan="float('nan')", inf="float('inf')", minus_inf="float('-inf')", text=_python_text, mapping="{{}}", pair="{key}: {value}")  # fmt: skip
R = Language("R", none="NULL", true="TRUE", false="FALSE", nan="NaN", inf="Inf", minus_inf="-Inf", text=_r_text, sequence="list({})", mapping="list({})", pair="{key} = {value}", rename=lambda name: name.lstrip("_"))  # fmt: skip
SCALA = Language("scala", comment="// {}", assign="val {name} = {value}", whole=_long, nan="Double.NaN", inf="Double.PositiveInfinity", minus_inf="Double.NegativeInfinity", sequence="Seq({})", mapping="Map({})", pair="{key} -> {value}")  # fmt: skip
JULIA = Language("julia", none="nothing", nan="NaN", inf="Inf", minus_inf="-Inf", text=_dollar_text, mapping="Dict({})", pair="{key} => {value}")  # fmt: skip
MATLAB = Language("matlab", comment="% {}", assign="{name} = {value};", none="NaN", nan="NaN", inf="Inf", minus_inf="-Inf", text=_matlab_text, sequence="{{}}", mapping="containers.Map({})")  # fmt: skip
CSHARP = Language("C#", assign="var {name} = {value};", sequence="new [] { {} }", mapping="new Dictionary<string,Object>{ {} }", pair="{ {key} , {value} }", **_DOT_NET)  # type: ignore[arg-type]  # fmt: skip
FSHARP = Language("F#", comment="(* {} *)", assign="let {name} = {value}", none="None", whole=_long, nan="nan", inf="infinity", minus_inf="-infinity", sequence="[ {} ]", between="; ", mapping="[ {} ] |> Map.ofList", pair="({key}, {value} :> IComparable)", pairs_between="; ")  # fmt: skip
POWERSHELL = Language("PowerShell", assign="${name} = {value}", none="$Null", true="$True", false="$False", nan="[double]::NaN", inf="[double]::PositiveInfinity", minus_inf="[double]::NegativeInfinity", text=_powershell_text, sequence="@({})", mapping="@{{}}", pair="{key} = {value}", pairs_between="\n ")  # fmt: skip
BASH = Language("bash", assign="{name}={value}", none="", text=shlex.quote, sequence="({})", between=" ")  # fmt: skip

#: By the name of a language or of a kernel, in lower case.
LANGUAGES: dict[str, Writer] = {
    "python": PYTHON,
    "ipython": PYTHON,
    "pysparkkernel": PYTHON,
    "r": R,
    "ir": R,
    "sparkrkernel": R,
    "scala": SCALA,
    "sparkkernel": SCALA,
    "julia": JULIA,
    "matlab": MATLAB,
    "c#": CSHARP,
    "csharp": CSHARP,
    ".net-csharp": CSHARP,
    "f#": FSHARP,
    "fsharp": FSHARP,
    ".net-fsharp": FSHARP,
    "powershell": POWERSHELL,
    "pwsh": POWERSHELL,
    ".net-powershell": POWERSHELL,
    "bash": BASH,
    "sh": BASH,
}


def register(name: str, language: Writer) -> None:
    """Add a language, or a kernel whose language is spelt like that."""
    LANGUAGES[name.lower()] = language


def language_for(kernel_name: str, language: str) -> Writer:
    """Return how a kernel's language is spelt.

    Raises:
        ParameterError: Nobody knows.
    """
    found = LANGUAGES.get(kernel_name.lower()) or LANGUAGES.get(language.lower())
    if found is None:
        known = ", ".join(sorted({item.name for item in LANGUAGES.values()}))
        raise ParameterError(f"parameters cannot be written in {language or 'an unknown language'!r} (kernel {kernel_name!r}); known are {known}; name one with --language")  # fmt: skip
    return found


def translate(
    kernel_name: str, language: str, parameters: Mapping[str, Any], comment: str = "Parameters"
) -> str:
    """Return the code that sets parameters.

    Raises:
        ParameterError: The language is unknown, or a name or value does not fit it.
    """
    return language_for(kernel_name, language).cell(parameters, comment)
