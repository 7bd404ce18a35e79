"""Comms of a kernel, without a kernel."""

from __future__ import annotations

import pytest

from nuncius.protocol.core.comms import CommManager
from nuncius.protocol.session import Session


class Wire:
    """A manager, what it published, and a frontend that writes to it."""

    def __init__(self):
        self.sent = []
        self.reports = []
        self.manager = CommManager(lambda *message: self.sent.append(message), self.reports.append)
        self.session = Session()

    def receive(self, msg_type, **content):
        self.manager.receive(self.session.message("shell", msg_type, content))


@pytest.fixture
def wire():
    return Wire()


def test_a_comm_from_the_kernel_says_open_message_and_close(wire):
    comm = wire.manager.create_comm("widget", comm_id="1", data={"a": 1}, metadata={"v": 2})
    assert wire.manager.info() == {"1": {"target_name": "widget"}}
    comm.send({"b": 2}, buffers=[b"x"])
    comm.close()
    comm.close()
    assert wire.sent == [
        ("comm_open", {"data": {"a": 1}, "comm_id": "1", "target_name": "widget"}, {"v": 2}, ()),
        ("comm_msg", {"data": {"b": 2}, "comm_id": "1"}, {}, (b"x",)),
        ("comm_close", {"data": {}, "comm_id": "1"}, {}, ()),
    ]
    assert wire.manager.info() == {}


def test_a_comm_from_a_frontend_reaches_its_target(wire):
    got = []

    def target(comm, msg):
        comm.on_msg(lambda m: got.append(m["content"]["data"]))
        comm.on_close(lambda m: got.append("closed"))

    wire.manager.register_target("t", target)
    wire.receive("comm_open", comm_id="7", target_name="t", data={})
    wire.receive("comm_msg", comm_id="7", data={"n": 1})
    assert wire.manager.info("t") == {"7": {"target_name": "t"}}
    assert wire.manager.info("other") == {}
    wire.receive("comm_close", comm_id="7", data={})
    assert got == [{"n": 1}, "closed"]
    assert wire.manager.comms == {}
    assert wire.sent == []


def test_an_unwanted_comm_is_closed_again(wire):
    wire.receive("comm_open", comm_id="7", target_name="nobody", data={})
    assert wire.sent == [("comm_close", {"data": {}, "comm_id": "7"}, {}, ())]
    assert wire.reports == ["a frontend opened a comm for 'nobody', which is not registered"]


def test_a_target_that_fails_closes_the_comm_and_is_told(wire):
    def target(comm, msg):
        raise ValueError("broken widget")

    wire.manager.register_target("t", target)
    with pytest.raises(ValueError, match="broken widget"):
        wire.receive("comm_open", comm_id="7", target_name="t", data={})
    assert [message[0] for message in wire.sent] == ["comm_close"]
    assert wire.manager.comms == {}


def test_messages_for_closed_comms_are_reported_and_dropped(wire):
    wire.receive("comm_msg", comm_id="9", data={})
    wire.receive("comm_close", comm_id="9", data={})
    assert len(wire.reports) == 2


def test_a_target_may_be_named(wire):
    wire.manager.register_target("t", "json.dumps")
    import json

    assert wire.manager.unregister_target("t") is json.dumps
