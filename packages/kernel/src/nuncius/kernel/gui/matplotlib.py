"""Make figures of matplotlib appear: in the output (``inline``), or in windows of a toolkit.

Figures in the output are drawn by matplotlib-inline's backend; what it asks of IPython is here.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

from nuncius.kernel.display.functions import display
from nuncius.kernel.errors import GuiUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "activate_matplotlib",
    "backend2gui",
    "backends",
    "configure_inline_support",
    "enable",
    "enable_pylab",
    "figsize",
    "find_gui_and_backend",
    "getfigs",
    "import_pylab",
    "print_figure",
    "retina_figure",
    "select_figure_formats",
    "set_matplotlib_close",
    "set_matplotlib_formats",
]

#: Toolkit -> matplotlib's backend.
backends = {
    "tk": "TkAgg",
    "gtk": "GTKAgg",
    "gtk3": "GTK3Agg",
    "gtk4": "GTK4Agg",
    "wx": "WXAgg",
    "qt5": "Qt5Agg",
    "qt6": "QtAgg",
    "qt": "QtAgg",
    "osx": "MacOSX",
    "nbagg": "nbAgg",
    "webagg": "WebAgg",
    "notebook": "nbAgg",
    "agg": "agg",
    "svg": "svg",
    "pdf": "pdf",
    "ps": "ps",
    "inline": "module://matplotlib_inline.backend_inline",
    "ipympl": "module://ipympl.backend_nbagg",
    "widget": "module://ipympl.backend_nbagg",
}

#: matplotlib's backend -> toolkit.
backend2gui = {
    "TkAgg": "tk",
    "GTK3Agg": "gtk3",
    "GTK4Agg": "gtk4",
    "WXAgg": "wx",
    "Qt5Agg": "qt5",
    "QtAgg": "qt",
    "MacOSX": "osx",
    "GTK3Cairo": "gtk3",
    "GTK4Cairo": "gtk4",
    "WX": "wx",
}


def _module(name: str) -> Any:
    """Import a library that may not be installed, and whose types we do not know."""
    return import_module(name)


def getfigs(*fig_nums: int) -> list[Any]:
    """Return figures by their numbers; all of them without any."""
    gcf = _module("matplotlib._pylab_helpers").Gcf

    if not fig_nums:
        return [manager.canvas.figure for manager in gcf.get_all_fig_managers()]
    figures = []
    for number in fig_nums:
        manager = gcf.figs.get(number)
        if manager is None:
            sys.stderr.write(f"Warning: figure {number} not available.\n")
        else:
            figures.append(manager.canvas.figure)
    return figures


def figsize(sizex: float, sizey: float) -> None:
    """Set the size of figures, in inches."""
    matplotlib = _module("matplotlib")
    matplotlib.rcParams["figure.figsize"] = [sizex, sizey]


def print_figure(
    fig: Any,
    fmt: str = "png",
    bbox_inches: Any = "tight",
    base64: bool = False,
    **kwargs: Any,
) -> Any:
    """Return a figure as a picture.

    Args:
        fig: The figure.
        fmt: ``png``, ``retina``, ``jpg``, ``svg`` or ``pdf``.
        bbox_inches: Which part of the figure.
        base64: Return text rather than bytes.
        **kwargs: For the canvas.

    Returns:
        Bytes, or text for SVG; None for an empty figure.
    """
    if not fig.axes and not fig.lines:
        return None
    dpi = kwargs.pop("dpi", None) or fig.dpi
    if dpi == "figure":
        dpi = fig.dpi
    if fmt == "retina":
        dpi, fmt = dpi * 2, "png"
    options = {
        "format": fmt,
        "facecolor": fig.get_facecolor(),
        "edgecolor": fig.get_edgecolor(),
        "dpi": dpi,
        "bbox_inches": bbox_inches,
        **kwargs,
    }
    out = BytesIO()
    if fig.canvas is None:
        _module("matplotlib.backend_bases").FigureCanvasBase(fig)
    fig.canvas.print_figure(out, **options)
    data: Any = out.getvalue()
    if fmt == "svg":
        return data.decode("utf-8")
    if base64:
        from base64 import b64encode

        return b64encode(data).decode("ascii")
    return data


def retina_figure(fig: Any, base64: bool = False, **kwargs: Any) -> Any:
    """Return a figure as a PNG of twice the resolution, and the size to show it at."""
    from nuncius.kernel.display.objects import png_size

    data = print_figure(fig, fmt="retina", base64=False, **kwargs)
    if data is None:
        return None
    width, height = png_size(data)
    metadata = {"width": width // 2, "height": height // 2}
    if base64:
        from base64 import b64encode

        data = b64encode(data).decode("ascii")
    return data, metadata


def select_figure_formats(
    shell: Any, formats: str | Iterable[str], quality: int | None = None, **kwargs: Any
) -> None:
    """Choose the formats that figures in the output have.

    Args:
        shell: Whose output.
        formats: Of ``png``, ``retina`` (or ``png2x``), ``jpg``, ``svg`` and ``pdf``.
        quality: Of JPEG.
        **kwargs: For `print_figure`.

    Raises:
        ValueError: There is no such format.
    """
    figure_class = _module("matplotlib.figure").Figure
    wanted = {formats} if isinstance(formats, str) else set(formats)
    if quality is not None:
        kwargs["pil_kwargs"] = {"quality": quality}
    known = {"png", "png2x", "retina", "jpg", "jpeg", "svg", "pdf"}
    if wrong := wanted - known:
        raise ValueError(
            f"supported formats are: {', '.join(sorted(known))}; not {', '.join(sorted(wrong))}"
        )
    formatters = shell.display_formatter.formatters
    for mime in ("image/png", "image/jpeg", "image/svg+xml", "application/pdf"):
        formatters[mime].type_printers.pop(figure_class, None)

    def printer(fmt: str) -> Callable[[Any], Any]:
        return lambda fig: print_figure(fig, fmt=fmt, base64=fmt != "svg", **kwargs)

    if "png" in wanted:
        formatters["image/png"].for_type(figure_class, printer("png"))
    if {"png2x", "retina"} & wanted:
        formatters["image/png"].for_type(
            figure_class, lambda fig: retina_figure(fig, base64=True, **kwargs)
        )
    if {"jpg", "jpeg"} & wanted:
        formatters["image/jpeg"].for_type(figure_class, printer("jpg"))
    for fmt, mime in (("svg", "image/svg+xml"), ("pdf", "application/pdf")):
        if fmt in wanted:
            formatters[mime].for_type(figure_class, printer(fmt))


def find_gui_and_backend(
    gui: str | None = None, gui_select: str | None = None
) -> tuple[str | None, str]:
    """Return the toolkit and the backend for a name, or for what matplotlib is set to."""
    matplotlib = _module("matplotlib")
    if gui == "inline-terminal":
        gui = "inline"  # terminals show pictures, too
    if gui and gui != "auto":
        backend = backends.get(gui, gui)
        found = None if gui in ("agg", "inline") else backend2gui.get(backend)
        return (gui if found and gui in backend2gui.values() else found), backend
    backend = matplotlib.rcParamsOrig["backend"]
    if not isinstance(backend, str):  # nothing was chosen in its configuration
        backend = os.environ.get("MPLBACKEND") or matplotlib.rcParams["backend"]
        backend = backends.get(backend, backend)
    return backend2gui.get(str(backend)), str(backend)


def activate_matplotlib(backend: str) -> None:
    """Switch matplotlib to a backend, with figures that are drawn when they change."""
    matplotlib, pyplot = _module("matplotlib"), _module("matplotlib.pyplot")
    if backend == backends["inline"] and matplotlib.__version_info__ >= (3, 9, 1):
        backend = "inline"  # its registered name, which programs compare with
    matplotlib.interactive(True)
    matplotlib.rcParams["backend"] = backend
    pyplot.switch_backend(backend)
    pyplot.show._needmain = False  # noqa: SLF001 - matplotlib's own switch


def configure_inline_support(shell: Any, backend: str) -> None:
    """Have figures shown at the end of each cell, where the backend is the inline one."""
    _module("matplotlib_inline.backend_inline").configure_inline_support(shell, backend)


def enable(shell: Any, gui: str | None) -> tuple[str | None, str | None]:
    """Make figures appear; returns the toolkit and the backend.

    Raises:
        GuiUnavailable: matplotlib, or the toolkit, is not installed, or there is no such backend.
    """
    try:
        found, backend = find_gui_and_backend(gui)
        try:
            activate_matplotlib(backend)
        except ValueError as error:
            raise GuiUnavailable(
                f"matplotlib has no backend {gui!r}; %matplotlib --list names them"
            ) from error
        if backend == backends["inline"]:
            configure_inline_support(shell, backend)
    except ImportError as error:
        if error.name is None:
            # matplotlib's own, such as another toolkit that runs already
            raise GuiUnavailable(str(error)) from error
        raise GuiUnavailable(
            f"figures need a package that is not installed: pip install {error.name}"
        ) from error
    shell.enable_gui(found)
    return found, "inline" if backend == backends["inline"] else backend


def import_pylab(user_ns: dict[str, Any], import_all: bool = True) -> None:
    """Import numpy and matplotlib as people know them into a namespace."""
    exec(
        "import numpy\nimport matplotlib\nfrom matplotlib import pylab, mlab, pyplot\nnp = numpy\nplt = pyplot\n",
        user_ns,
    )
    if import_all:
        exec("from matplotlib.pylab import *\nfrom numpy import *\n", user_ns)


def enable_pylab(
    shell: Any, gui: str | None, import_all: bool = True
) -> tuple[str | None, str | None, list[str]]:
    """Make figures appear, and import numpy's and matplotlib's names.

    Returns:
        The toolkit, the backend, and the names of the person that were replaced.
    """
    found, backend = enable(shell, gui)
    names: dict[str, Any] = {}
    import_pylab(names, import_all)
    names["figsize"], names["getfigs"] = figsize, getfigs
    names["display"] = display
    own = set(shell.namespace.names())
    clobbered = sorted(own & set(names))
    shell.user_ns.update(names)
    shell.namespace.hidden.update(names)
    return found, backend, clobbered


def set_matplotlib_formats(*formats: str, **kwargs: Any) -> None:
    """Choose the formats that figures in the output have."""
    from nuncius.kernel.current import get_shell

    select_figure_formats(get_shell(), formats, **kwargs)


def set_matplotlib_close(close: bool = True) -> None:
    """Say whether figures are closed when they were shown."""
    _module("matplotlib_inline.config").InlineBackend.instance().close_figures = close
