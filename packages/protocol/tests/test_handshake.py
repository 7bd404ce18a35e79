"""A kernel tells which ports it has bound: the frames, and both ends over real sockets."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nuncius.protocol.connection import ConnectionInfo
from nuncius.protocol.errors import ConnectionFileError, InvalidSignature, Malformed
from nuncius.protocol.handshake import ACK, Registrar, frames, is_registration, parse, register
from nuncius.protocol.session import Session

PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5}
INFO = ConnectionInfo(key="secret", extra={"hub": 1})
SESSION = Session("secret")


@pytest.fixture
def context():
    with zmq.Context() as context:
        yield context


@pytest.fixture
def registrar(context):
    registrar = Registrar(context)
    yield registrar
    registrar.close()


def answer(registrar, info):
    """Wait until something comes, and return what the registrar makes of it."""
    assert registrar.socket.poll(60_000)
    return registrar.receive(info, SESSION)


def test_a_kernel_registers_and_both_ends_know_the_ports(context, registrar):
    invited = registrar.invite(INFO, "kernel-1")
    assert is_registration(invited)
    assert not is_registration(INFO)
    written = []

    def kernel():
        written.append(register(invited.with_ports(PORTS), SESSION, context))

    thread = threading.Thread(target=kernel)
    thread.start()
    assert answer(registrar, invited) == INFO.with_ports(PORTS)
    thread.join(60)
    assert written == [INFO.with_ports(PORTS)]
    assert registrar.receive(invited, SESSION) is None


def test_a_kernel_is_told_when_nobody_answers(context):
    lonely = replace(INFO, extra={"registration_ip": "127.0.0.1", "registration_port": "9"})
    with pytest.raises(
        ConnectionFileError, match=r"did not answer at tcp://127.0.0.1:9 within 0.05 s"
    ):
        register(lonely, SESSION, context, timeout=0.05)


def test_a_kernel_whose_file_has_no_such_address_tells_nobody(context):
    assert register(INFO, SESSION, context) is INFO


def test_a_kernel_does_not_believe_an_answer_with_another_key(context):
    with context.socket(zmq.ROUTER) as impostor:
        impostor.linger = 0
        port = impostor.bind_to_random_port("tcp://127.0.0.1")
        info = replace(INFO, extra={"registration_ip": "127.0.0.1", "registration_port": port})

        def answer_wrongly():
            identity = impostor.recv_multipart()[0]
            impostor.send_multipart([identity, *frames(Session("other"), ACK)])

        thread = threading.Thread(target=answer_wrongly)
        thread.start()
        with pytest.raises(ConnectionFileError, match="was not for us"):
            register(info, SESSION, context)
        thread.join(60)


@pytest.mark.parametrize(
    "content",
    [
        {**PORTS, "kernel_id": "another"},
        {**PORTS, "kernel_id": "kernel-1", "hb_port": 0},
        {**PORTS, "kernel_id": "kernel-1", "hb_port": "many"},
        {"kernel_id": "kernel-1"},
        {},
        [],
        7,
    ],
)
def test_a_registration_that_is_not_our_kernels_is_dropped(context, registrar, content):
    invited = registrar.invite(INFO, "kernel-1")
    with context.socket(zmq.DEALER) as stranger:
        stranger.linger = 0
        stranger.connect(f"tcp://127.0.0.1:{registrar.port}")
        stranger.send_multipart(frames(SESSION, json.dumps(content).encode()))
        assert answer(registrar, invited) is None


def test_a_registration_that_is_not_signed_with_our_key_is_dropped(context, registrar):
    """Any process of this machine can connect to the port."""
    invited = registrar.invite(INFO, "kernel-1")
    content = json.dumps({**PORTS, "kernel_id": "kernel-1"}).encode()
    with context.socket(zmq.DEALER) as stranger:
        stranger.linger = 0
        stranger.connect(f"tcp://127.0.0.1:{registrar.port}")
        for parts in (frames(Session("other"), content), [b"x"], [b"", b"", content]):
            stranger.send_multipart(parts)
            assert answer(registrar, invited) is None


def test_the_form_of_xeus_is_understood(context, registrar):
    """Ports as strings; this is what xeus-zmq 3 sends."""
    invited = registrar.invite(INFO, "kernel-1")
    ports = {name: str(port) for name, port in PORTS.items()}
    with context.socket(zmq.DEALER) as xeus:
        xeus.connect(f"tcp://127.0.0.1:{registrar.port}")
        xeus.send_multipart(
            frames(SESSION, json.dumps({"kernel_id": "kernel-1", **ports}).encode())
        )
        assert answer(registrar, invited) == INFO.with_ports(PORTS)
        assert xeus.poll(60_000)
        assert parse(SESSION, xeus.recv_multipart()) == b"ACK"


def test_what_is_sent_is_what_comes():
    assert parse(SESSION, [b"identity", *frames(SESSION, b"content")]) == b"content"
    with pytest.raises(InvalidSignature):
        parse(Session("other"), frames(SESSION, b"content"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary()))
def test_no_frames_crash_it(parts):
    with pytest.raises((Malformed, InvalidSignature)):
        parse(SESSION, parts)
