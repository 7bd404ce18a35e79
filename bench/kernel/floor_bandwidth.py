"""What this machine moves from one process to another: the physical limit of every figure about buffers.

floor.memcpy              copying a block within one process, MiB/s
floor.socketpair.PROTO    the same block through a socket between two processes: unix, tcp (default buffers), tcp+4M
floor.zmq.PROTO.COPY      the same block as one ZeroMQ message between two processes: a bare PAIR, nothing else; copy or zero

Each line gives the best of several rounds: what is slower is the load of the machine.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time

from wire import args, emit

a = args(__doc__, mb=50, rounds=7)
SIZE = a.mb << 20
now = time.perf_counter


def best(seconds: list[float]) -> float:
    return a.mb / min(seconds)


def memcpy() -> float:
    data = bytearray(os.urandom(1 << 20) * a.mb)
    target = bytearray(SIZE)
    times = []
    for _ in range(a.rounds):
        begin = now()
        target[:] = data
        times.append(now() - begin)
    return best(times)


def read_block(connection: socket.socket, view: memoryview) -> None:
    got = 0
    while got < SIZE:
        count = connection.recv_into(view[got:])
        if not count:
            sys.exit("the other end is gone")
        got += count


def through(connection: socket.socket, other: socket.socket) -> float:
    """Have a child send; each round begins with a byte of ours."""
    child = os.fork()
    if not child:
        connection.close()
        block = bytes(SIZE)
        for _ in range(a.rounds):
            other.recv(1)
            other.sendall(block)
        os._exit(0)
    other.close()
    view = memoryview(bytearray(SIZE))
    times = []
    for _ in range(a.rounds):
        begin = now()
        connection.send(b"x")
        read_block(connection, view)
        times.append(now() - begin)
    connection.close()
    os.waitpid(child, 0)
    return best(times)


def tcp_pair(buffer: int) -> tuple[socket.socket, socket.socket]:
    server = socket.socket()
    client = socket.socket()
    for each in (server, client) if buffer else ():
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    client.connect(server.getsockname())
    accepted, _ = server.accept()
    server.close()
    return client, accepted


ZMQ_CHILD = """
import sys, zmq
url, size, rounds, copy = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "copy"
buffers, threads = (int(each) for each in sys.argv[5:7])
context = zmq.Context(threads)
pair = context.socket(zmq.PAIR)
pair.set(zmq.LINGER, 0)
if buffers:
    pair.set(zmq.SNDBUF, buffers); pair.set(zmq.RCVBUF, buffers)
pair.connect(url)
block = bytes(size)
for _ in range(rounds):
    pair.recv()
    pair.send(block, copy=copy)
pair.recv()
"""


def through_zmq(url: str, copy: str, buffers: int = 0, threads: int = 1) -> float:
    import subprocess

    import zmq

    context = zmq.Context(threads)
    pair = context.socket(zmq.PAIR)
    if buffers:
        pair.set(zmq.SNDBUF, buffers)
        pair.set(zmq.RCVBUF, buffers)
    pair.bind(url)
    where = pair.last_endpoint.decode()
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            ZMQ_CHILD,
            where,
            *map(str, (SIZE, a.rounds, copy, buffers, threads)),
        ]
    ):
        times = []
        for _ in range(a.rounds):
            begin = now()
            pair.send(b"x")
            pair.recv(copy=False)
            times.append(now() - begin)
        pair.send(b"x")
    context.destroy()
    return best(times)


def main() -> None:
    emit("floor.memcpy", memcpy(), "MiB/s")
    emit("floor.socketpair.unix", through(*socket.socketpair()), "MiB/s")
    emit("floor.socketpair.tcp", through(*tcp_pair(0)), "MiB/s")
    emit("floor.socketpair.tcp4M", through(*tcp_pair(4 << 20)), "MiB/s")
    with tempfile.TemporaryDirectory() as folder:
        for name, url in (("tcp", "tcp://127.0.0.1:*"), ("ipc", f"ipc://{folder}/s")):
            for copy in ("copy", "zero"):
                emit(f"floor.zmq.{name}.{copy}", through_zmq(url, copy), "MiB/s")
            emit(f"floor.zmq.{name}.zero.4M", through_zmq(url, "zero", 4 << 20), "MiB/s")
            emit(f"floor.zmq.{name}.zero.2threads", through_zmq(url, "zero", 0, 2), "MiB/s")


main()
