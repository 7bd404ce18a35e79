"""Figures of matplotlib in the output of cells, in the formats that people choose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client

LIMIT = 120


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("nuncius")
    env = {"NUNCIUS_DIR": str(folder), "MPLCONFIGDIR": str(folder)}
    with BlockingKernelManager(kernel_spec(env=env)) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        yield client


def run(client: Client, code: str) -> Any:
    return client.execute(code).result(LIMIT)


def figures(result: Any) -> list[set[str]]:
    assert result.ok, result.error
    return [set(output["data"]) for output in result.outputs if "data" in output]


def test_a_figure_appears_at_the_end_of_its_cell(client):
    result = run(client, "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.title('t');")
    assert figures(result) == [{"text/plain", "image/png"}]
    assert result.outputs[-1]["data"]["image/png"].startswith("iVBORw0KGgo")
    assert figures(run(client, "1")) == [{"text/plain"}]  # it was closed


@pytest.mark.parametrize(
    ("formats", "mime"),
    [
        ("svg", "image/svg+xml"),
        ("retina", "image/png"),
        ("jpeg", "image/jpeg"),
        ("pdf", "application/pdf"),
    ],
)
def test_figures_have_the_format_that_was_chosen(client, formats, mime):
    run(
        client,
        f"from IPython.display import set_matplotlib_formats\nset_matplotlib_formats({formats!r})",
    )
    result = run(client, "plt.plot([1, 2]);")
    assert figures(result) == [{"text/plain", mime}]
    metadata = result.outputs[-1]["metadata"]
    assert (formats == "retina") == ("width" in metadata.get("image/png", {}))


def test_a_wrong_format_is_an_error_worth_reading(client):
    error = run(client, "set_matplotlib_formats('bmp')").error
    assert "supported formats are" in error.evalue


def test_pylab_fills_the_namespace(client):
    result = run(client, "get_ipython().enable_pylab('inline')[2]")
    assert result.ok, result.error
    assert run(client, "np.arange(3).sum() + linspace(0, 1, 3).sum()").data["text/plain"]
    assert run(client, "figsize(3, 2); plot([1, 2]);").ok


def text(client: Client, expression: str) -> str:
    result = run(client, expression)
    assert result.ok, result.error
    return str(result.data["text/plain"])


def test_the_inline_backend_takes_its_options(client):
    run(client, "%config InlineBackend.figure_formats = {'png', 'svg'}")
    both = {"text/plain", "image/png", "image/svg+xml"}
    assert figures(run(client, "plt.plot([1]);")) == [both]
    run(client, "%config InlineBackend.figure_formats = {'svg'}")
    run(client, "%config InlineBackend.print_figure_kwargs = {'facecolor': '#123456'}")
    drawn = run(client, "plt.plot([1, 2]);").outputs[-1]["data"]["image/svg+xml"]
    assert "#123456" in drawn
    run(client, "%config InlineBackend.close_figures = False")
    assert figures(run(client, "kept = plt.figure(); plt.plot([1]);"))
    assert text(client, "plt.gcf() is kept") == "True"
    run(client, "%config InlineBackend.close_figures = True\nplt.close('all')")
    run(client, "%config InlineBackend.rc = {'figure.figsize': (1, 2)}\n%matplotlib inline")
    assert text(client, "plt.rcParams['figure.figsize']") == "[1.0, 2.0]"


def test_without_a_name_the_backend_that_was_chosen_is_used(client):
    assert run(client, "%matplotlib").text() == "Using matplotlib backend: inline\n"
    run(client, "%matplotlib agg")
    assert figures(run(client, "plt.plot([1]);")) == []
    assert run(client, "%matplotlib").text() == "Using matplotlib backend: inline\n"
    run(client, "plt.close('all')")
    assert len(figures(run(client, "plt.plot([1, 2]);"))) == 1


def test_a_figure_is_shown_by_name_and_from_a_thread(client):
    shown = run(
        client,
        "h = display(plt.figure(), display_id='fig')\nplt.plot([1]); h.update(plt.gcf()); plt.close()",
    )
    assert shown.ok, shown.error
    code = (
        "import threading\ndef draw():\n    plt.plot([1, 2])\n    plt.show()\n"
        "thread = threading.Thread(target=draw)\nthread.start()\nthread.join()"
    )
    assert len(figures(run(client, code))) == 1


def test_a_cell_that_fails_shows_what_was_drawn(client):
    result = run(client, "plt.plot([1, 2])\n1/0")
    assert result.error.ename == "ZeroDivisionError"
    assert [set(o["data"]) for o in result.outputs if "data" in o]
