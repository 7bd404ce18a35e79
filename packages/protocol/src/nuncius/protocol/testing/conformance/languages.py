"""What the suite has a kernel run: a few lines in its language.

Without them only what needs no code is tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from nuncius.protocol.errors import OptionError

__all__ = ["LANGUAGES", "Snippets", "snippets_for"]


@dataclass(frozen=True, slots=True)
class Snippets:
    """Code in one language; what is empty is not tested.

    Attributes:
        hello: Writes ``hello`` to the standard output.
        stderr: Writes ``oops`` to the standard error.
        many: Writes 1000 lines ``0`` to ``999``.
        value: An expression that has a value.
        fails: Raises an error.
        sleep: Runs for a minute, and can be interrupted.
        pause: Runs for half a second.
        asks: Asks for a line with the prompt ``name? `` and writes ``got`` and the line.
        password: Asks for a password.
        display: Shows something rich.
        late: Ends, and writes ``late`` to the standard output a moment later.
        partial: Code that goes on in a next line.
        complete: Code whose last name can be completed.
        inspect: A name that is documented.
        leaves: Sets ``nuncius_x`` to 1.
        reads: Writes ``seen`` if ``nuncius_x`` is set.
    """

    hello: str = ""
    stderr: str = ""
    many: str = ""
    value: str = ""
    fails: str = ""
    sleep: str = ""
    pause: str = ""
    asks: str = ""
    password: str = ""
    display: str = ""
    late: str = ""
    partial: str = ""
    complete: str = ""
    inspect: str = ""
    leaves: str = ""
    reads: str = ""

    def replaced(self, texts: Mapping[str, str]) -> Snippets:
        """Return the same with some snippets replaced.

        Raises:
            OptionError: There is no snippet of a name.
        """
        names = [each.name for each in fields(self)]
        for name in texts:
            if name not in names:
                raise OptionError(f"no snippet is named {name!r}; there are: {', '.join(names)}")
        return Snippets(**{name: texts.get(name, getattr(self, name)) for name in names})


LANGUAGES: dict[str, Snippets] = {
    "python": Snippets(
        hello="print('hello')",
        stderr="import sys; print('oops', file=sys.stderr)",
        many="for i in range(1000): print(i)",
        value="6 * 7",
        fails="1 / 0",
        sleep="import time\nfor _ in range(600): time.sleep(0.1)",
        pause="import time; time.sleep(0.5)",
        asks="print('got', input('name? '))",
        password="import getpass; print('got', getpass.getpass('name? '))",
        display="from IPython.display import display; display({'text/plain': 'shown'}, raw=True)",
        late="import threading; threading.Timer(0.2, print, ['late']).start()",
        partial="for i in range(3):",
        complete="impor",
        inspect="len",
        leaves="nuncius_x = 1",
        reads="if 'nuncius_x' in globals(): print('seen')",
    ),
    "bash": Snippets(
        hello="echo hello",
        many="seq 0 999",
        fails="nuncius-no-such-command",
        sleep="sleep 60",
        pause="sleep 0.5",
        complete="ech",
        leaves="nuncius_x=1",
        reads='if [ -n "$nuncius_x" ]; then echo seen; fi',
    ),
    "echo": Snippets(
        hello="hello",
        stderr="!stderr oops",
        many="!many 1000",
        value="!value 42",
        fails="!fail",
        sleep="!sleep 60",
        pause="!sleep 0.5",
        asks="!ask name? ",
        password="!password name? ",
        display="!display shown",
        late="!later late",
        partial="open (",
        complete="!val",
        inspect="!value",
        leaves="!set nuncius_x",
        reads="!seen nuncius_x",
    ),
    "R": Snippets(
        hello="cat('hello\\n')",
        stderr="message('oops')",
        many="for (i in 0:999) cat(i, '\\n', sep='')",
        value="6 * 7",
        fails="stop('no')",
        sleep="Sys.sleep(60)",
        pause="Sys.sleep(0.5)",
        asks="cat('got', readline('name? '), '\\n')",
        partial="for (i in 1:3) {",
        complete="prin",
        inspect="print",
        leaves="nuncius_x <- 1",
        reads="if (exists('nuncius_x')) cat('seen\\n')",
    ),
    "julia": Snippets(
        hello='println("hello")',
        stderr='println(stderr, "oops")',
        many="for i in 0:999 println(i) end",
        value="6 * 7",
        fails='error("no")',
        sleep="sleep(60)",
        pause="sleep(0.5)",
        asks='print("name? "); println("got ", readline())',
        partial="for i in 1:3",
        complete="printl",
        inspect="println",
        leaves="nuncius_x = 1",
        reads='if @isdefined(nuncius_x) println("seen") end',
    ),
}


def snippets_for(language: str) -> Snippets:
    """Return the snippets of a language; empty ones where it is not known."""
    aliases = {"ir": "R", "r": "R", "python3": "python", "sh": "bash", "zsh": "bash"}
    return LANGUAGES.get(aliases.get(language.lower(), language.lower()), Snippets())
