"""Cases: how a kernel is started, when its kernelspec says that it can do more than listen where it is told."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from nuncius.protocol.connection import ConnectionInfo, new_key, write_connection_file
from nuncius.protocol.handshake import Registrar
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session
from nuncius.protocol.testing.conformance.case import (
    Case,
    NotApplicable,
    Subject,
    case,
    expect,
    well_formed,
)
from nuncius.protocol.testing.conformance.wire import Talk, Wire

if TYPE_CHECKING:
    from nuncius.protocol.kernelspec import KernelSpec

__all__ = ["CASES"]

CASES: list[Case] = []

#: Seconds that a kernel may take to start.
_START = 60

#: Seconds in which one that should not answer has not.
_SILENCE = 1.0


@contextlib.contextmanager
def _process(spec: KernelSpec, info: ConnectionInfo) -> Iterator[subprocess.Popen[bytes]]:
    """Start another kernel with a connection file of its own, and kill it at the end."""
    with tempfile.TemporaryDirectory(prefix="nuncius-") as folder:
        path = write_connection_file(info, Path(folder) / "kernel-conformance.json")
        with subprocess.Popen(
            list(spec.command(path)),
            env=spec.environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def _answers(subject: Subject, info: ConnectionInfo) -> None:
    wire = Wire(info)
    subject.wires.append(wire)
    talk = Talk(wire, subject.patience)
    talk.wait_until_ready(_START)
    well_formed(talk.ask("kernel_info_request", channel=Channel.CONTROL))


@case(
    CASES,
    "a kernel that can register chooses its ports, and tells them to who started it",
    "should",
)
def handshake(subject: Subject) -> None:
    spec = subject.owned().spec
    if not spec.registers:
        raise NotApplicable("the kernelspec's kernel_protocol_version is less than 5.5")
    with zmq.Context() as context, contextlib.closing(Registrar(context)) as registrar:
        info = registrar.invite(ConnectionInfo(key=new_key()), "nuncius-conformance")
        session = Session(info.key)
        with _process(spec, info):
            found = None
            while found is None:
                came = registrar.socket.poll(int(2000 * subject.patience))
                expect(came, "it did not register")
                found = registrar.receive(info, session)
            ports = set(found.ports.values())
            expect(len(ports) == 5, f"it registered the ports {found.ports}")
            _answers(subject, found)


@case(CASES, "a kernel that can encrypt answers those who have its keys, and nobody else")
def encryption(subject: Subject) -> None:
    spec = subject.owned().spec
    if "curve" not in spec.encryption:
        raise NotApplicable("the kernelspec's metadata.supported_encryption has no 'curve'")
    from nuncius.protocol.manager.blocking import BlockingKernelManager
    from nuncius.protocol.manager.manager import ManagerOptions

    options = ManagerOptions(start_timeout=_START, encryption="required")
    with BlockingKernelManager(spec, options) as manager:
        info = manager.info
        assert info is not None
        _answers(subject, info)
        wire = Wire(replace(info, curve_publickey="", curve_secretkey=""))
        subject.wires.append(wire)
        wire.send(wire.session.message(Channel.SHELL, "kernel_info_request"))
        expect(not wire.receive(_SILENCE), "it answered somebody without its keys")
