"""Write what a kernel publishes to the terminal: the one place that does."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from nuncius.protocol.values import replace
from nuncius.terminal.render import PLAIN, Rich, best_text, describe_error, shortened
from nuncius.terminal.window import window_size

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message
    from nuncius.terminal.images import Picture
    from nuncius.terminal.updating import Tracker

__all__ = ["Screen"]

#: Columns of a window in which tracebacks need help.
_NARROW = 75


class Screen:
    """The terminal as a place for output.

    Args:
        show_result_prompt: Prints what stands before the result of that number.
        picture: Returns the picture of a mime bundle, if it has one and the terminal can show it.
        colors: Whether ANSI codes that a kernel sends are kept.
        rich: Which results are laid out for the terminal.
        links: The address of links to files of tracebacks, see `nuncius.terminal.links`; empty for none.
        updates: Displays that have an id are updated where they stand.
        plain: Nothing that is written is changed again, as people want it who listen to their screen.
    """

    def __init__(
        self,
        show_result_prompt: Callable[[int], None],
        picture: Callable[[Mapping[str, Any]], Picture | None] | None = None,
        *,
        colors: bool = True,
        rich: Rich = PLAIN,
        links: str = "",
        updates: bool = True,
        plain: bool = False,
    ) -> None:
        self._show_result_prompt = show_result_prompt
        self._picture = picture
        self._colors = colors
        self._rich = rich
        self._links = links
        self._updates = updates
        self._is_plain = plain
        #: Output is to be cleared when the next one comes.
        self._clear_pending = False
        #: The first frame of a traceback is the shell's doing.
        self.hide_first_frame = False
        #: The text of the newest result.
        self.last_result = ""
        self._in_cell = False
        #: Where output stands, once somebody wants to change it.
        self._tracker: Tracker | None = None
        self._watched: list[tuple[str, TextIO]] = []
        #: The last streams of our own that stood in for those of the program.
        self._used: deque[_Watched] = deque(maxlen=16)
        #: What programs that have ended had used when the tracker was made.
        self._children: object = None

    def show(self, message: Message) -> None:
        """Show one message of the iopub channel; those that are not for people do nothing."""
        content = message.content
        match message.msg_type:
            case "stream":
                self.write(content.get("text", ""), content.get("name", "stdout"))
            case "execute_result":
                self._show_result(content)
            case "display_data" | "update_display_data":
                self._display(content, update=message.msg_type == "update_display_data")
            case "error":
                self._show_error(content)
            case "clear_output":
                self._clear(wait=bool(content.get("wait")))

    def begin_cell(self) -> None:
        """Say that a cell runs: no prompt stands below its output, so that it can be changed."""
        self._in_cell = True
        if self._tracker is not None:
            self._watch(self._tracker)

    def end_cell(self) -> None:
        """Say that a cell has ended: its output stays as it is, but for displays that have an id."""
        self._in_cell = False
        self._clear_pending = False
        if self._tracker is not None and not self._tracker.has_names:
            self._tracker = None
        self._stop_watching()

    def begin_prompt(self) -> None:
        """Say that a prompt stands, above which tasks and threads may print: then nobody knows any more where output stands."""
        if self._tracker is None:
            return
        for name in ("stdout", "stderr"):
            self._tell(name, self._others_wrote)

    def _others_wrote(self, text: str) -> None:
        if text and not self._in_cell:
            self._tracker = None

    def prompt_stood(self, rows: int | None) -> None:
        """Say that a prompt has stood below the output.

        Args:
            rows: That it has taken; None where nobody knows.
        """
        if self._tracker is None:
            return
        if rows is None:
            self.forget_places()
        else:
            self._tracker.skip(rows)

    def forget_places(self) -> None:
        """Say that nobody knows any more where output stands: it stays as it is."""
        self._tracker = None
        self._stop_watching()

    def _stop_watching(self) -> None:
        while self._watched:
            name, stream = self._watched.pop()
            if isinstance(getattr(sys, name), _Watched):
                setattr(sys, name, stream)

    def text_of(self, data: Mapping[str, Any]) -> str:
        """Return a mime bundle as text for this terminal."""
        rich = replace(self._rich, columns=window_size().columns)
        return self._plain(best_text(data, rich)).removesuffix("\n")

    def _show_result(self, content: Mapping[str, Any]) -> None:
        data = content.get("data", {})
        self.last_result = str(data.get("text/plain", ""))
        picture = self._picture(data) if self._picture is not None else None
        self._show_result_prompt(content.get("execution_count") or 0)
        if picture is not None:
            self._write_picture(picture, "\n")
            return
        text = self.text_of(data)
        # Several lines start below the prompt, so that columns stay aligned.
        self.write(("\n" if "\n" in text else "") + shortened(text) + "\n")

    def _display(self, content: Mapping[str, Any], *, update: bool) -> None:
        data = content.get("data", {})
        name = str(content.get("transient", {}).get("display_id") or "")
        picture = self._picture(data) if self._picture is not None else None
        text = picture.text if picture is not None else shortened(self.text_of(data))
        rows = None if picture is None else picture.rows
        self._obey_clear()
        if update and self._tracker is not None and self._is_as_it_was(self._tracker):
            code = self._tracker.update(name, text + "\n", rows)
            if code is not None:
                self._put(code)
                return
        if name and not update:
            self._track()
        self._put(text + "\n")
        if self._tracker is not None:
            self._tracker.wrote(text + "\n", name, rows)

    def _write_picture(self, picture: Picture, before: str = "") -> None:
        self._put(before + picture.text + "\n")
        if self._tracker is not None:
            self._tracker.wrote(before)
            self._tracker.wrote(picture.text + "\n", rows=picture.rows)

    def write(self, text: str, name: str = "stdout") -> None:
        """Write text to ``stdout`` or ``stderr``."""
        self._obey_clear()
        stream: Any = sys.stderr if name == "stderr" else sys.stdout
        if isinstance(stream, _Watched) and not self._in_cell:
            stream = stream.stream  # the tracker is told below
        stream.write(text)
        stream.flush()
        if self._tracker is not None and not isinstance(stream, _Watched):
            self._tracker.wrote(text)

    def _put(self, text: str) -> None:
        """Write what the tracker knows already, or need not know."""
        stream = sys.stdout
        if isinstance(stream, _Watched):
            stream = stream.stream
        stream.write(text)
        stream.flush()

    def _show_error(self, content: Mapping[str, Any]) -> None:
        name = content.get("ename", "Error")
        if name == "KeyboardInterrupt" and sys.stdout.isatty():
            # Over the terminal's own ^C.
            sys.stdout.write("\n" if self._is_plain else "\r\x1b[K")
        text = describe_error(
            name,
            content.get("evalue", ""),
            content.get("traceback", ()),
            skip_first_frame=self.hide_first_frame,
        )
        self.write(self._linked(_fitted(self._plain(text))) + "\n", "stderr")

    def _linked(self, text: str) -> str:
        if not self._links or "File " not in text:
            return text
        import socket

        from nuncius.terminal.links import linked

        return linked(text, self._links, socket.gethostname())

    def _plain(self, text: str) -> str:
        if self._colors or "\x1b" not in text:
            return text
        from nuncius.protocol.text.ansi import strip

        return strip(text)

    def _clear(self, *, wait: bool) -> None:
        if not self._in_cell or self._is_plain or not sys.stdout.isatty():
            return
        self._clear_pending = True
        if not wait:
            self._obey_clear()
        self._track()

    def _obey_clear(self) -> None:
        if not self._clear_pending:
            return
        self._clear_pending = False
        self._put("\r\x1b[K" if self._tracker is None else self._tracker.clear())

    def _track(self) -> None:
        """Know from now on, until the cell ends, where its output stands."""
        if self._tracker is not None or not self._updates or not self._in_cell:
            return
        if not sys.stdout.isatty():
            return
        from nuncius.terminal.updating import Tracker

        self._tracker = Tracker(*window_size())
        self._children = _children_so_far()
        self._watch(self._tracker)

    def _is_as_it_was(self, tracker: Tracker) -> bool:
        """Tell whether the tracker knows of everything: the window has its size, and no program that wrote to it has come and gone."""
        return tracker.size == tuple(window_size()) and self._children == _children_so_far()

    def _watch(self, tracker: Tracker) -> None:
        # In this process cells write to the terminal themselves.
        for name in ("stdout", "stderr"):
            self._watched.append((name, getattr(sys, name)))
            self._tell(name, tracker.wrote)

    def _tell(self, name: str, wrote: Callable[[str], None]) -> None:
        """Have ``wrote`` told what is written to a stream from now on."""
        watched = _Watched(getattr(sys, name), wrote, self._obey_clear)
        # print() in a thread goes on to use a stream that was taken away meanwhile, and does not keep it alive
        self._used.append(watched)
        setattr(sys, name, watched)


def _children_so_far() -> object:
    """Return something that is another when a program that this process has started has ended."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    return resource.getrusage(resource.RUSAGE_CHILDREN)


def _fitted(text: str) -> str:
    """Return a traceback for the window that there is, if it is a narrow one."""
    columns = window_size().columns
    if columns >= _NARROW or not sys.stdout.isatty():
        return text
    from nuncius.terminal.formats.narrow import narrowed

    return narrowed(text, columns)


class _Watched:
    """A stream that tells what is written to it.

    Args:
        stream: Where it goes.
        wrote: Is told.
        before: Is called before anything is written.
    """

    def __init__(
        self, stream: Any, wrote: Callable[[str], None], before: Callable[[], None]
    ) -> None:
        self.stream = stream
        self._wrote = wrote
        self._before = before

    def write(self, text: str) -> int:
        """Write, and tell."""
        self._before()
        self._wrote(text)
        return int(self.stream.write(text))

    def writelines(self, lines: Any) -> None:
        """Write several texts, and tell."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's."""
        return getattr(self.stream, name)

    def __iter__(self) -> Any:
        return iter(self.stream)
