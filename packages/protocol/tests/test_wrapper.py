"""A kernel written for ipykernel's base class, after the change of its import line."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import ConnectionInfo, new_key, write_connection_file
from nuncius.protocol.handshake import Registrar
from nuncius.protocol.session import Session
from nuncius.protocol.transport.zmq import ZmqChannels

SCRIPT = Path(__file__).with_name("wrapped_kernel.py")


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    path = tmp_path_factory.mktemp("kernel") / "kernel.json"
    with zmq.Context() as context:
        registrar = Registrar(context)
        invited = registrar.invite(ConnectionInfo(key=new_key()), "test")
        write_connection_file(invited, path)
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), "-f", str(path), "--WrappedKernel.greeting=hey"]
        )
        assert registrar.socket.poll(60_000)
        info = registrar.receive(invited, Session(invited.key))
        registrar.close()
    yield info
    with Client(ZmqChannels(info)) as client:
        client.shutdown(timeout=60)
    assert process.wait(60) == 0


@pytest.fixture
def client(info):
    with Client(ZmqChannels(info)) as client:
        client.wait_until_ready(timeout=60)
        yield client


def text(execution):
    return "".join(m.content["text"] for m in execution if m.msg_type == "stream")


def test_it_says_who_it_is(client):
    content = client.kernel_info(timeout=60).content
    assert (content["implementation"], content["language_info"]["name"], content["banner"]) == (
        "wrapped",
        "upper",
        "Upper",
    )


def test_a_cell_is_told_in_order(client):
    execution = client.execute("abc")
    told = [(m.msg_type, m.content) for m in execution]
    count = execution.result().reply.content["execution_count"]
    assert told == [
        ("execute_input", {"code": "abc", "execution_count": count}),
        ("stream", {"name": "stdout", "text": "ABC"}),
        ("display_data", {"data": {"text/plain": "abc"}, "metadata": {}}),
    ]
    assert execution.result().reply.content == {
        "status": "ok",
        "execution_count": count,
        "payload": [],
        "user_expressions": {},
    }


def test_a_failed_cell_is_answered_as_the_kernel_says(client):
    assert client.execute("fail").result().reply.content["ename"] == "E"


def test_input_is_asked(client):
    assert text(client.execute("ask", on_input=lambda asked: "typed")) == "TYPED"


def test_the_parent_is_the_request(client):
    assert text(client.execute("parent")) == "EXECUTE_REQUEST"


def test_hooks_surround_each_request_whatever_happens_in_it(client):
    assert client.execute("raise").result(timeout=60).error.ename == "RuntimeError"
    client.complete("ab", 2, timeout=60)
    client.request("shout_request", {"text": "hey"}, timeout=60)
    *pairs, last = text(client.execute("hooks")).split(",")
    assert (pairs, last) == (["PRE", "POST"] * (len(pairs) // 2), "PRE")
    assert len(pairs) >= 6


def test_methods_may_be_coroutines_or_take_fewer_arguments(client):
    assert client.complete("ab", 2, timeout=60).content["matches"] == ["ab!"]
    assert client.inspect("ab", 2, 1, timeout=60).content["data"] == {"text/plain": "ab 1"}
    assert client.is_complete("ab", timeout=60).content == {"status": "complete"}


def test_a_handler_of_its_own_answers_by_itself(client):
    reply = client.request("shout_request", {"text": "hey"}, timeout=60)
    assert reply.content == {"status": "ok", "shout": "HEY"}


def test_a_reply_has_the_metadata_that_the_kernel_gives_it(client):
    reply = client.execute("abc").result().reply
    assert reply.metadata == {"began": "execute_request", "ended": "ok"}


def test_traits_are_set_from_the_command_line(client):
    assert text(client.execute("greet")) == "HEY"


def test_what_the_command_line_has_besides():
    """Options of ipykernel's programs are known, ignored or named in a warning."""
    from nuncius.protocol.wrapper import IPKernelApp, Kernel

    said = []

    class Listener(logging.Handler):
        def emit(self, record):
            said.append(record.getMessage())

    app = IPKernelApp(kernel_class=Kernel)
    app.log = logging.getLogger("nuncius.test.wrapper")
    listener = Listener()
    app.log.addHandler(listener)
    app.initialize(
        ["--debug", "-f", "k.json", "--ip=0.0.0.0", "--matplotlib=inline", "--Nope.x=1", "file"]
    )
    assert (app.connection_file, app.extra_args, app.log.level) == (
        "k.json",
        ["file"],
        logging.DEBUG,
    )
    assert said == ["the option --Nope.x=1 is not known to this kernel; it is ignored"]
    app.initialize(["--quiet"])
    assert app.log.level == logging.CRITICAL
    app.log.removeHandler(listener)


def test_the_session_face_has_what_kernels_look_at():
    from nuncius.protocol.wrapper import SessionFace

    session = Session("secret", session_id="me", username="ada")
    face = SessionFace(session)
    assert (face.key, face.session, face.username) == (b"secret", "me", "ada")
    message = face.msg("stream", {"name": "stdout", "text": "x"}, parent={}, header={"date": "d"})
    assert (message["header"]["session"], message["header"]["date"]) == ("me", "d")


def test_the_session_of_a_kernel_is_that_of_its_connection(client, info):
    info_reply = client.kernel_info(timeout=60)
    session = text(client.execute("session"))
    assert session == f"{info_reply.header.session} {info.key}".upper()
