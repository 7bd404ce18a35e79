"""Encryption: when there is any, and that it is real."""

from __future__ import annotations

from dataclasses import replace

import pytest
import zmq

from nuncius.protocol.connection import ConnectionInfo
from nuncius.protocol.curve import apply_client, apply_server, decide, new_keys, with_new_keys
from nuncius.protocol.errors import ConnectionFileError, LaunchFailed

HERE = ConnectionInfo()
THERE = ConnectionInfo(ip="192.168.0.2")
CAN, CANNOT = ("curve",), ()


@pytest.mark.parametrize(
    ("info", "supported", "policy", "encrypted"),
    [
        (HERE, CAN, None, False),
        (HERE, CANNOT, None, False),
        (HERE, CAN, "auto", True),
        (HERE, CANNOT, "auto", False),
        (HERE, CAN, "required", True),
        (THERE, CAN, None, True),
        (THERE, CAN, "auto", True),
        (THERE, CAN, "disabled", False),
        (THERE, CANNOT, "disabled", False),
        (replace(THERE, transport="ipc"), CANNOT, None, False),
    ],
)
def test_what_leaves_the_machine_is_encrypted(info, supported, policy, encrypted):
    assert decide(info, supported, policy) is encrypted


@pytest.mark.parametrize(
    ("info", "policy", "why"),
    [
        (HERE, "required", "encryption was required"),
        (THERE, None, "192.168.0.2 can be reached over a network"),
        (THERE, "auto", "192.168.0.2 can be reached over a network"),
        (THERE, "required", "192.168.0.2 can be reached over a network"),
    ],
)
def test_a_kernel_that_cannot_encrypt_is_refused_with_the_reason(info, policy, why):
    with pytest.raises(LaunchFailed, match=why):
        decide(info, CANNOT, policy)


def test_a_policy_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="perhaps"):
        decide(HERE, CAN, "perhaps")


def test_keys_are_kept_over_restarts():
    info = with_new_keys(HERE)
    assert with_new_keys(info) is info
    assert new_keys() != new_keys()


def _talk(server_info, client_info, seconds=60.0):
    """Return what a server hears of a client."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as server:
        server.linger = 0
        apply_server(server, server_info)
        port = server.bind_to_random_port("tcp://127.0.0.1")
        with context.socket(zmq.DEALER) as client:
            client.linger = 0
            apply_client(client, client_info)
            client.connect(f"tcp://127.0.0.1:{port}")
            client.send(b"hello")
            return server.recv_multipart()[1] if server.poll(int(seconds * 1000)) else None


def test_only_those_who_have_the_keys_are_heard():
    info = with_new_keys(HERE)
    assert _talk(info, info) == b"hello"
    assert _talk(HERE, HERE) == b"hello"
    assert _talk(info, HERE, 0.1) is None
    assert _talk(info, with_new_keys(HERE), 0.1) is None


def test_a_key_that_is_none_is_refused_by_name():
    bad = replace(HERE, curve_publickey="short", curve_secretkey="x" * 40)
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        with pytest.raises(ConnectionFileError, match=r"curve_publickey .* has 5 characters"):
            apply_server(socket, bad)
        with pytest.raises(ConnectionFileError, match="expected the 40 of a CurveZMQ key"):
            apply_client(socket, replace(bad, curve_publickey="x" * 40, curve_secretkey="y"))
