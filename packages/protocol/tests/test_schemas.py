"""What contents must look like: said once, checked and published from there."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, get_args

import pytest

from nuncius.protocol import content
from nuncius.protocol.content import MESSAGES
from nuncius.protocol.core.dispatch import reply_type
from nuncius.protocol.errors import Malformed
from nuncius.protocol.kernel import KernelInfo, error_reply
from nuncius.protocol.messages import Channel, Header
from nuncius.protocol.schemas import (
    all_schemas,
    check,
    content_schema,
    fields_of,
    problems,
    problems_of,
    referenced,
    schema_of,
)
from nuncius.protocol.session import Session

MINIMAL: dict[str, dict[str, Any]] = {
    "execute_request": {"code": "1"},
    "execute_reply": {"status": "ok", "execution_count": 1},
    "inspect_request": {"code": "x", "cursor_pos": 1},
    "inspect_reply": {"status": "ok", "found": False, "data": {}},
    "complete_request": {"code": "x", "cursor_pos": None},
    "complete_reply": {"status": "ok", "matches": ["x"], "cursor_start": 0, "cursor_end": 1},
    "history_request": {"hist_access_type": "tail", "n": 3},
    "history_reply": {"status": "ok", "history": [(1, 2, "x"), [1, 3, ["x", "1"]]]},
    "is_complete_request": {"code": "x"},
    "is_complete_reply": {"status": "incomplete", "indent": "    "},
    "kernel_info_request": {},
    "kernel_info_reply": {
        "status": "ok",
        "protocol_version": "5.5",
        "implementation": "echo",
        "language_info": {"name": "echo"},
        "banner": "",
    },
    "connect_request": {},
    "connect_reply": {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "hb_port": 4},
    "comm_info_request": {},
    "comm_info_reply": {"comms": {"1": {"target_name": "t"}}},
    "shutdown_request": {"restart": False},
    "shutdown_reply": {"restart": False},
    "interrupt_request": {},
    "interrupt_reply": {"status": "ok"},
    "debug_request": {"type": "request", "seq": 1, "command": "debugInfo"},
    "debug_reply": {"type": "response", "request_seq": 1, "success": True},
    "usage_request": {},
    "usage_reply": {"kernel_cpu": 0, "kernel_memory": 1.5},
    "variables_request": {},
    "variables_reply": {
        "status": "ok",
        "variables": [{"name": "x", "position": 0, "type": "int", "value": "1", "parts": 0}],
        "offset": 0,
        "total": 1,
    },
    "create_subshell_request": {},
    "create_subshell_reply": {"status": "ok", "subshell_id": "s"},
    "delete_subshell_request": {"subshell_id": "s"},
    "delete_subshell_reply": {"status": "ok"},
    "list_subshell_request": {},
    "list_subshell_reply": {"status": "ok", "subshell_id": ["s"]},
    "replay_request": {},
    "replay_reply": {
        "status": "ok",
        "messages": [{"header": {}, "parent_header": {}, "metadata": {}, "content": {}}],
        "forgotten": 0,
    },
    "status": {"execution_state": "busy"},
    "execute_input": {"code": "1", "execution_count": 1},
    "stream": {"name": "stdout", "text": "1"},
    "display_data": {"data": {"text/plain": "1"}, "metadata": {}},
    "update_display_data": {"data": {}, "metadata": {}, "transient": {"display_id": "d"}},
    "execute_result": {"execution_count": 1, "data": {}, "metadata": {}},
    "error": {"ename": "E", "evalue": "v", "traceback": []},
    "clear_output": {"wait": True},
    "debug_event": {"type": "event", "event": "stopped"},
    "iopub_welcome": {"subscription": ""},
    "comm_open": {"comm_id": "1", "target_name": "t", "data": {}},
    "comm_msg": {"comm_id": "1", "data": {}},
    "comm_close": {"comm_id": "1"},
    "input_request": {"prompt": ">", "password": False},
    "input_reply": {"value": "x"},
}


def test_every_type_has_an_example_here() -> None:
    assert MINIMAL.keys() == MESSAGES.keys()


@pytest.mark.parametrize("msg_type", MINIMAL)
def test_the_least_that_is_right(msg_type: str) -> None:
    assert problems_of(msg_type, MINIMAL[msg_type]) == []
    assert problems_of(msg_type, {**MINIMAL[msg_type], "more": object()}) == []


@pytest.mark.parametrize("msg_type", MINIMAL)
def test_each_required_field_is_missed_and_each_known_field_has_a_type(msg_type: str) -> None:
    example = MINIMAL[msg_type]
    [first, *_] = MESSAGES[msg_type].contents
    for field in fields_of(first):
        if field.required:
            less = {name: value for name, value in example.items() if name != field.name}
            assert problems_of(msg_type, less) != []
        if field.kind is not Any:
            assert problems_of(msg_type, {**example, field.name: object()}) != []


def test_replies_may_fail() -> None:
    failed = error_reply(ValueError("no"))
    for name, kind in MESSAGES.items():
        if kind.request and name != "input_reply":
            assert problems_of(name, failed) == [], name
    assert problems_of("execute_reply", {"status": "aborted"}) == []
    assert problems_of("inspect_reply", {"status": "aborted"}) == [
        "content.status is 'aborted', expected 'ok'",
        "content has no found",
        "content has no data",
    ]


def test_what_is_wrong_is_said_with_its_place() -> None:
    assert problems_of("execute_request", {"code": None, "silent": 1}) == [
        "content.code is None, expected a string",
        "content.silent is 1, expected a boolean",
    ]
    assert problems_of("stream", {"name": "out", "text": "x"}) == [
        "content.name is 'out', expected 'stdout' or 'stderr'"
    ]
    assert problems_of("history_reply", {"status": "ok", "history": [(1, 2)]}) == [
        "content.history[0] has 2 items, expected 3"
    ]
    assert problems_of("comm_info_reply", {"comms": {"1": {}}}) == [
        "content.comms['1'] has no target_name"
    ]
    assert problems_of("complete_request", {"code": "", "cursor_pos": "1"}) == [
        "content.cursor_pos is '1', expected an integer or null"
    ]
    assert problems_of("display_data", {"data": [], "metadata": {}}) == [
        "content.data is list, expected an object"
    ]


def test_channels_and_parents_are_checked() -> None:
    new = Session().message
    request = new(Channel.SHELL, "execute_request", {"code": "1"})
    reply = {"status": "ok", "execution_count": 1}
    assert problems(new(Channel.SHELL, "execute_reply", reply, parent=request.header)) == []
    assert problems(new(Channel.IOPUB, "execute_reply", reply)) == [
        "it belongs on control or shell, not on iopub",
        "a reply needs the header of its request as parent",
    ]
    other = Header("1", "inspect_request")
    wrong = new(Channel.SHELL, "execute_reply", reply, parent=other)
    assert problems(wrong) == ["it answers a execute_request, not a inspect_request"]
    with pytest.raises(Malformed, match="execute_reply on shell is wrong: it answers"):
        check(wrong)
    assert problems(new(Channel.SHELL, "x_request", {"any": "thing"})) == []


def test_our_own_contents_are_right() -> None:
    info = KernelInfo("echo", "1", {"name": "echo"}).reply()
    assert problems_of("kernel_info_reply", info) == []


def test_requests_and_replies_belong_together() -> None:
    for name, kind in MESSAGES.items():
        if kind.reply:
            assert kind.reply == reply_type(name)
            assert MESSAGES[kind.reply].request == name
        if kind.request:
            assert MESSAGES[kind.request].reply == name


def test_every_field_says_what_it_means() -> None:
    kinds = {
        kind for message in MESSAGES.values() for c in message.contents for kind in referenced(c)
    }
    kinds |= {content.Handshake, content.ExecuteMetadata}
    for kind in kinds:
        assert (kind.__doc__ or "").endswith("."), kind
        for field in fields_of(kind):
            assert field.text.endswith("."), (kind, field.name)


def test_all_content_types_are_exported() -> None:
    kinds = {c for message in MESSAGES.values() for c in message.contents}
    assert {kind.__name__ for kind in kinds} <= set(content.__all__)


def test_schemas_are_json() -> None:
    schemas = all_schemas()
    assert json.loads(json.dumps(schemas)) == schemas
    assert schemas.keys() == MESSAGES.keys()


def test_a_schema_says_what_the_type_says() -> None:
    assert content_schema("stream") == {
        "title": "Stream",
        "description": "Text of a running cell.",
        "type": "object",
        "properties": {
            "name": {
                "enum": ["stdout", "stderr"],
                "description": "The file that it was written to.",
            },
            "text": {
                "type": "string",
                "description": "What was written; terminals' control characters count.",
            },
        },
        "required": ["name", "text"],
    }
    assert schema_of(list[tuple[int, str | None]]) == {
        "type": "array",
        "items": {
            "type": "array",
            "prefixItems": [
                {"type": "integer"},
                {"anyOf": [{"type": "string"}, {"type": "null"}]},
            ],
            "minItems": 2,
            "maxItems": 2,
        },
    }
    reply = content_schema("execute_reply")
    assert [each["title"] for each in reply["anyOf"]] == ["ExecuteOk", "Aborted", "Failed"]
    with pytest.raises(TypeError, match="a content cannot hold a <class 'bytes'>"):
        schema_of(bytes)


def test_execution_states_cover_those_of_a_kernel() -> None:
    [state] = fields_of(content.Status)
    assert {"busy", "idle", "starting"} < set(get_args(state.kind))


def test_schemas_are_not_loaded_without_the_switch() -> None:
    code = "import nuncius.protocol.session, sys; print('nuncius.protocol.schemas' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"
