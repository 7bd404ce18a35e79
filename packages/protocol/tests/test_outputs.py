"""What a kernel publishes becomes the outputs of a cell."""

from __future__ import annotations

import gc
import time

from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.core.outputs import (
    Appended,
    Cleared,
    Extended,
    OutputArea,
    OutputCollector,
    Replaced,
    WidgetChanged,
)
from nuncius.protocol.messages import Channel, Header, Message

CELL = Header("cell", "execute_request")
OTHER = Header("other", "execute_request")


def published(msg_type, content, parent=CELL):
    return Message(Channel.IOPUB, Header("m", msg_type), parent, content)


def stream(text, name="stdout", parent=CELL):
    return published("stream", {"name": name, "text": text}, parent)


def display(text, display_id=None, parent=CELL, msg_type="display_data"):
    transient = {} if display_id is None else {"display_id": display_id}
    data = {"text/plain": text}
    return published(msg_type, {"data": data, "metadata": {}, "transient": transient}, parent)


def stored(text):
    return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}


def written(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def collect(*messages):
    collector = OutputCollector()
    area = collector.open("cell")
    changes = [change for message in messages for change in collector.receive(message)]
    return area, changes


def test_outputs_have_the_form_of_a_notebook():
    result = {"data": {"text/plain": "42"}, "metadata": {"a": 1}, "execution_count": 7}
    error = {"ename": "E", "evalue": "no", "traceback": ["a", "b"]}
    area, _ = collect(
        stream("a"),
        stream("b", "stderr"),
        published("execute_input", {"code": "x", "execution_count": 7}),
        display("shown"),
        published("execute_result", result),
        published("error", error),
        published("unknown_thing", {}),
    )
    assert area.outputs == [
        written("a"),
        written("b", "stderr"),
        stored("shown"),
        {"output_type": "execute_result", **result},
        {"output_type": "error", **error},
    ]


def test_texts_of_one_stream_are_one_output_and_each_is_told():
    area, changes = collect(stream("a"), stream("b"), display("x"), stream("c"), stream("\r5%"))
    assert changes == [
        Appended(area, 0, written("a")),
        Extended(area, 0, "stdout", "b"),
        Appended(area, 1, stored("x")),
        Appended(area, 2, written("c")),
        Extended(area, 2, "stdout", "\r5%"),
    ]
    assert area.outputs == [written("ab"), stored("x"), written("c\r5%")]


def test_clearing_removes_the_outputs_at_once_or_with_the_next_one():
    clear = published("clear_output", {"wait": False})
    wait = published("clear_output", {"wait": True})
    area, changes = collect(stream("a"), clear, stream("b"), wait)
    assert (area.outputs, changes[1]) == ([written("b")], Cleared(area))
    area, changes = collect(stream("a"), stream("b"), wait, stream("c"))
    assert area.outputs == [written("c")]
    assert changes[2:] == [Cleared(area), Appended(area, 0, written("c"))]


def test_who_holds_the_outputs_keeps_them_when_they_are_cleared():
    """A frontend draws from the list; clearing must not empty it under its hands."""
    collector = OutputCollector()
    area = collector.open("cell")
    collector.receive(stream("a"))
    before = area.outputs
    collector.receive(published("clear_output", {}))
    assert (before, area.outputs) == ([written("a")], [])


def test_a_display_is_updated_wherever_it_is():
    """Shown in two cells, one of them closed; updated from a third."""
    collector = OutputCollector()
    first, second = collector.open("cell"), collector.open("other")
    collector.receive(display("old", "d"))
    collector.receive(display("old", "d", OTHER, "execute_result"))
    collector.receive(display("unnamed", None))
    collector.close("cell")
    changes = collector.receive(
        published(
            "update_display_data",
            {"data": {"text/plain": "new"}, "metadata": {}, "transient": {"display_id": "d"}},
            Header("third", "execute_request"),
        )
    )
    assert {(change.area, change.index, change.display_id) for change in changes} == {
        (first, 0, "d"),
        (second, 0, "d"),
    }
    assert all(isinstance(change, Replaced) for change in changes)
    assert first.outputs == [stored("new"), stored("unnamed")]
    assert second.outputs[0]["data"] == {"text/plain": "new"}


def test_an_update_of_what_was_cleared_changes_nothing():
    update = display("new", "d", msg_type="update_display_data")
    area, changes = collect(display("old", "d"), published("clear_output", {}), stream("a"), update)
    assert (area.outputs, len(changes)) == ([written("a")], 3)


def test_cells_that_are_forgotten_cost_no_memory():
    """A console runs for months, and every progress bar has a display id."""
    import weakref

    collector = OutputCollector()
    area = collector.open("cell")
    collector.receive(display("x", "d"))
    collector.close("cell")
    gone = weakref.ref(area)
    del area
    gc.collect()
    assert gone() is None
    assert collector.receive(display("y", "d", msg_type="update_display_data")) == []


def test_output_of_a_cell_that_is_not_ours_is_left_alone():
    area, changes = collect(stream("a", parent=OTHER), display("b", "d", None))
    assert (area.outputs, changes) == ([], [])


def test_an_output_widget_takes_the_outputs_of_the_cell_while_it_captures():
    def comm(msg_type, **state):
        return published(msg_type, {"comm_id": "w", "data": {"state": state}})

    area, changes = collect(
        comm("comm_open", _model_name="OutputModel", outputs=[], msg_id=""),
        stream("before"),
        comm("comm_msg", msg_id="cell"),
        stream("captured"),
        display("too"),
        comm("comm_msg", msg_id=""),
        stream(" after"),
    )
    assert area.outputs == [written("before after")]
    states = [change.state for change in changes if isinstance(change, WidgetChanged)]
    assert states[-1] == {
        "method": "update",
        "state": {"outputs": [written("captured"), stored("too")]},
        "buffer_paths": [],
    }


def test_an_output_widget_that_is_closed_takes_nothing():
    opened = {"state": {"_model_name": "OutputModel", "msg_id": "cell"}}
    area, _ = collect(
        published("comm_open", {"comm_id": "w", "data": opened}),
        published("comm_close", {"comm_id": "w"}),
        stream("mine"),
    )
    assert area.outputs == [written("mine")]


def test_a_progress_bar_is_stored_as_one_line_where_that_is_asked_for():
    collector = OutputCollector(settle=True)
    area = collector.open("cell")
    changes = [
        change
        for text in ("start\n", " 0%", "\r50%", "\r100", "%")
        for change in collector.receive(stream(text))
    ]
    assert area.outputs == [written("start\n100%")]
    assert [getattr(change, "text", None) for change in changes[1:]] == [
        " 0%",
        "\r50%",
        "\r100",
        "%",
    ]
    assert changes[0] == Appended(area, 0, written("start\n"))
    for message in (display("x"), stream("a\rb"), stream("\rc")):
        collector.receive(message)
    assert area.outputs == [written("start\n100%"), stored("x"), written("c")]
    collector.receive(published("clear_output", {"wait": False}))
    collector.receive(stream("new"))
    assert area.outputs == [written("new")]


def test_an_area_that_is_given_is_used_even_while_it_is_empty():
    collector, mine = OutputCollector(), OutputArea()
    assert collector.open("cell", mine) is mine
    collector.receive(stream("a"))
    assert mine.outputs == [written("a")]


def widget(msg_type, comm_id, state=None, paths=(), buffers=(), **data):
    content = {
        "comm_id": comm_id,
        "target_name": "jupyter.widget",
        "data": {"state": state or {}, "buffer_paths": [list(path) for path in paths], **data},
    }
    return Message(Channel.IOPUB, Header("m", msg_type), CELL, content, buffers=tuple(buffers))


SLIDER = {
    "_model_name": "IntSliderModel",
    "_model_module": "@jupyter-widgets/controls",
    "_model_module_version": "2.0.0",
    "value": 1,
}


def test_a_notebook_is_given_the_last_state_of_each_widget():
    collector = OutputCollector()
    image = {"_model_name": "ImageModel", "value": None, "format": "png"}
    for message in (
        widget("comm_open", "s", SLIDER),
        widget("comm_open", "i", image, [["value"], ["more", 0]], [b"old", b"png"]),
        widget("comm_open", "gone", SLIDER),
        widget("comm_msg", "s", {"value": 5}, method="update"),
        widget("comm_msg", "i", {"value": None}, [["value"]], [b"new"], method="update"),
        widget("comm_msg", "never-opened", {"value": 7}, method="update"),
        published("comm_msg", {"comm_id": "s", "data": {"method": "custom", "content": {}}}),
        published("comm_close", {"comm_id": "gone", "data": {}}),
        published("comm_open", {"comm_id": "other", "target_name": "mine", "data": {"state": {}}}),
    ):
        collector.receive(message)
    assert collector.widget_state() == {
        "application/vnd.jupyter.widget-state+json": {
            "version_major": 2,
            "version_minor": 0,
            "state": {
                "s": {
                    "model_name": "IntSliderModel",
                    "model_module": "@jupyter-widgets/controls",
                    "model_module_version": "2.0.0",
                    "state": {**SLIDER, "value": 5},
                },
                "i": {
                    "model_name": "ImageModel",
                    "model_module": None,
                    "model_module_version": None,
                    "state": image,
                    "buffers": [
                        {"path": ["more", 0], "encoding": "base64", "data": "cG5n"},
                        {"path": ["value"], "encoding": "base64", "data": "bmV3"},
                    ],
                },
            },
        }
    }
    assert OutputCollector().widget_state() == {}


def test_what_an_output_widget_took_is_part_of_its_state():
    collector = OutputCollector()
    collector.open("cell")
    opened = {"_model_name": "OutputModel", "outputs": [], "msg_id": "cell"}
    for message in (widget("comm_open", "w", opened), stream("captured")):
        collector.receive(message)
    stored_state = collector.widget_state()["application/vnd.jupyter.widget-state+json"]["state"]
    assert stored_state["w"]["state"] == {**opened, "outputs": [written("captured")]}


def test_a_hundred_thousand_lines_take_linear_time():
    def seconds(lines):
        collector = OutputCollector()
        area = collector.open("cell")
        message = stream("x" * 80 + "\n")
        start = time.process_time()
        for _ in range(lines):
            collector.receive(message)
        assert len(area.outputs[0]["text"]) == 81 * lines
        return time.process_time() - start

    few = min(seconds(5_000) for _ in range(3))
    assert min(seconds(100_000) for _ in range(2)) < 20 * few * 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        "stream",
        "display_data",
        "execute_result",
        "update_display_data",
        "clear_output",
        "error",
        "comm_open",
        "comm_msg",
        "comm_close",
    ]
)
NAMES = st.sampled_from(
    ["name", "text", "data", "metadata", "transient", "ename", "traceback", "wait", "comm_id"]
)
STATE = st.fixed_dictionaries(
    {
        "state": st.fixed_dictionaries(
            {"_model_name": st.just("OutputModel"), "msg_id": JSON, "outputs": JSON}
        )
    }
)


@given(st.lists(st.tuples(TYPES, st.dictionaries(NAMES, JSON | STATE, max_size=4)), max_size=8))
def test_no_content_breaks_the_collector(contents):
    collector = OutputCollector()
    area: OutputArea = collector.open("cell")
    for msg_type, content in contents:
        collector.receive(published(msg_type, content))
    assert all("output_type" in output for output in area.outputs)
    collector.widget_state()
