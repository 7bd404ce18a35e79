"""What people see while notebooks run."""

from __future__ import annotations

from io import StringIO
from typing import Any

from execute_help import notebook

from nuncius.nbconvert.execute.events import (
    CellFinished,
    CellStarted,
    Published,
    RunFinished,
    RunStarted,
)
from nuncius.nbconvert.execute.progress import Progress, copy_stream, plain
from nuncius.protocol.core.outputs import Appended, Extended, OutputArea
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session

NB = notebook("# about\nfirst()\nmore()", "second()")
AREA = OutputArea()


def wrote(text: str, name: str = "stdout", *, more: bool = False) -> Published:
    message = Session().message(Channel.IOPUB, "stream", {"name": name, "text": text})
    output = {"output_type": "stream", "name": name, "text": text}
    change = Extended(AREA, 0, name, text) if more else Appended(AREA, 0, output)
    return Published(0, message, [(0, change)])


def play(progress: Progress, *names: str, texts: Any = ("one\n",)) -> None:
    for name in names:
        listener = progress.listener(name)
        listener(RunStarted(NB, 2))
        for index, cell in enumerate(NB["cells"]):
            listener(CellStarted(index, cell))
            for text in texts:
                listener(wrote(text))
            listener(CellFinished(index, cell, "ok", 0.5, allowed=bool(index)))
        listener(RunFinished(NB, "ok"))
    progress.close()


def test_a_line_for_each_cell() -> None:
    out = StringIO()
    play(Progress(out, "lines"), "nb.ipynb")
    assert out.getvalue() == (
        "[1/2] ok 0.50 s  first()\n[2/2] ok (raised, as allowed) 0.50 s  second()\n"
    )


def test_what_cells_write_and_of_which_notebook() -> None:
    out = StringIO()
    play(Progress(out, "none", output=True, notebooks=2), "a", "b", texts=["x", "y\n"])
    assert out.getvalue() == "-- a\nxy\nxy\n-- b\nxy\nxy\n"


def test_a_line_that_is_open_is_ended_first() -> None:
    out = StringIO()
    progress = Progress(out, "lines", output=True)
    listener = progress.listener("a")
    listener(RunStarted(NB, 1))
    listener(CellStarted(0, NB["cells"][0]))
    listener(wrote("no end"))
    listener(CellFinished(0, NB["cells"][0], "error", 1))
    progress.say("told")
    progress.close()
    assert out.getvalue() == "no end\n[1/1] error 1.00 s  first()\ntold\n"


def test_the_bar_stays_in_its_line_and_goes_away() -> None:
    out, now = StringIO(), [0.0]
    progress = Progress(out, "bar", output=True, columns=lambda: 50, clock=lambda: now[0])
    listener = progress.listener("a")
    now[0] = 61
    listener(RunStarted(NB, 2))
    listener(CellStarted(0, NB["cells"][0]))  # too soon to be drawn
    assert out.getvalue() == "\r[....................] 0/2 cells 1:01 \x1b[K"
    out.truncate(0)
    out.seek(0)
    listener(wrote("text\n"))
    now[0] = 62
    listener(CellFinished(0, NB["cells"][0], "ok", 1))
    assert out.getvalue() == ("\r\x1b[Ktext\n\r[##########..........] 1/2 cells 1:02 first()\x1b[K")
    out.truncate(0)
    out.seek(0)
    progress.tick()
    assert out.getvalue() == ""
    progress.close()
    assert out.getvalue() == "\r\x1b[K"


def test_a_stream_is_copied() -> None:
    out = StringIO()
    listener = copy_stream("stderr", out)
    for event in (wrote("a"), wrote("b", "stderr"), wrote("c", "stderr", more=True)):
        listener(event)
    assert out.getvalue() == "bc"


def test_plain_text() -> None:
    assert plain("\x1b[31;1mred\x1b[0m\x1b]0;title\x07 \x1b[2Kx") == "red x"
