"""How published messages leave: joined text, order, slow and deaf subscribers, and encoding faults."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket as socket_module
import sys
import threading
from time import monotonic

import pytest
import zmq

from nuncius.protocol.messages import Channel
from nuncius.protocol.serving.deaf import end_deaf, has_moved, progress
from nuncius.protocol.serving.interrupts import Interrupts, ShieldedLock
from nuncius.protocol.serving.notes import Notes
from nuncius.protocol.serving.outlet import Outlet
from nuncius.protocol.serving.publisher import MOST_MESSAGES, Publisher
from nuncius.protocol.serving.unraisable import LostInterrupts
from nuncius.protocol.session import Session

on_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the system does not tell who reads nothing"
)


class Tray:
    """An outlet over a list; what it wants scheduled is listed as well."""

    def __init__(self, timer=True):
        self.session = Session()
        self.sent = []
        self.scheduled = []
        self.outlet = Outlet(
            self.session.message,
            self.sent.append,
            schedule=self.scheduled.append if timer else None,
            interval=60,
        )
        self.cell = self.session.message(Channel.SHELL, "execute_request").header
        self.other = self.session.message(Channel.SHELL, "execute_request").header

    @property
    def told(self):
        return [(m.parent.msg_id, m.content["name"], m.content["text"]) for m in self.sent]


def test_the_first_line_goes_out_at_once_and_the_rest_is_joined():
    tray = Tray()
    tray.outlet.stream(tray.cell, "stdout", "first\n")
    assert [m.content["text"] for m in tray.sent] == ["first\n"]
    for n in range(100):
        tray.outlet.stream(tray.cell, "stdout", f"{n}\n")
    assert (len(tray.sent), tray.scheduled) == (1, [60])
    tray.outlet.flush_due()
    assert tray.sent[1].content["text"] == "".join(f"{n}\n" for n in range(100))


def test_the_first_line_waits_for_its_newline_only():
    """print() writes its text and its newline separately; both go together, and at once."""
    tray = Tray()
    tray.outlet.stream(tray.cell, "stdout", "print")
    assert (tray.sent, tray.scheduled) == ([], [0.005])
    tray.outlet.stream(tray.cell, "stdout", "\n")
    assert [m.content["text"] for m in tray.sent] == ["print\n"]
    tray.outlet.stream(tray.cell, "stdout", "more\n")
    assert len(tray.sent) == 1


def test_the_beginning_of_a_line_goes_out_after_a_moment():
    tray = Tray()
    tray.outlet.stream(tray.cell, "stdout", "50 % ")
    tray.outlet.flush_due()
    tray.outlet.stream(tray.cell, "stdout", "100 %\n")
    assert ([m.content["text"] for m in tray.sent], tray.scheduled) == (["50 % "], [0.005, 60])


def test_threads_that_write_at_once_lose_nothing():
    tray = Tray()
    threads = [
        threading.Thread(
            target=lambda n=n: [
                tray.outlet.stream(tray.cell, f"stream{n}", f"{i}\n") for i in range(5000)
            ]
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        tray.outlet.flush_due()
    for thread in threads:
        thread.join()
    tray.outlet.flush()
    for n in range(4):
        text = "".join(t for _, name, t in tray.told if name == f"stream{n}")
        assert text.split() == [str(i) for i in range(5000)]


def test_text_is_joined_per_request_and_stream():
    tray = Tray()
    tray.outlet.stream(tray.cell, "stdout", "quiet no more\n")
    for parent, name in [(tray.cell, "stdout"), (tray.other, "stdout"), (tray.cell, "stderr")] * 2:
        tray.outlet.stream(parent, name, "x")
    tray.outlet.flush()
    assert tray.told[1:] == [
        (tray.cell.msg_id, "stdout", "xx"),
        (tray.other.msg_id, "stdout", "xx"),
        (tray.cell.msg_id, "stderr", "xx"),
    ]


def test_another_message_sends_the_text_before_itself():
    tray = Tray()
    tray.outlet.stream(tray.cell, "stdout", "before")
    tray.outlet.publish("display_data", {}, parent=tray.cell)
    assert [m.msg_type for m in tray.sent] == ["stream", "display_data"]


def test_a_loop_that_flushes_each_line_is_joined_all_the_same():
    tray = Tray()
    for n in range(1000):
        tray.outlet.stream(tray.cell, "stdout", f"{n}\n")
        tray.outlet.flush_hint()
    tray.outlet.flush()
    assert len(tray.sent) < 20
    assert "".join(m.content["text"] for m in tray.sent) == "".join(f"{n}\n" for n in range(1000))


def test_without_a_timer_each_line_goes_out():
    tray = Tray(timer=False)
    for text in ["a", "b\n", "50%\r", "rest"]:
        tray.outlet.stream(tray.cell, "stdout", text)
    assert [m.content["text"] for m in tray.sent] == ["ab\n", "50%\r"]


def test_much_text_does_not_wait():
    tray = Tray()
    tray.outlet.stream(tray.cell, "stdout", "x" * (1 << 20))
    assert len(tray.sent) == 1


# -- the socket


@pytest.fixture
def log():
    reading, writing = os.pipe()
    notes = Notes(writing)
    yield notes, lambda: os.read(reading, 65536).decode()
    notes.close()
    os.close(reading)


@pytest.fixture
def context():
    with zmq.Context() as context:
        yield context


def publisher(context, notes, *, patience, **options):
    """A publisher on a loopback port."""
    socket = context.socket(zmq.XPUB)
    socket.linger = 0
    socket.set(zmq.SNDHWM, MOST_MESSAGES)
    session = Session("key")
    made = Publisher(socket, session, notes, patience=patience, **options)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    return made, session, socket, f"tcp://127.0.0.1:{port}"


def put(made, session, text, lock=None):
    """Publish as an outlet does: wait without its lock, send with it."""
    if made.full:
        made.wait()
    content = {"name": "stdout", "text": text}
    with lock or contextlib.nullcontext():
        made.send(session.message(Channel.IOPUB, "stream", content, route=(b"stream",)))


def subscriber(context, address, hwm):
    socket = context.socket(zmq.SUB)
    socket.linger = 0
    socket.set(zmq.RCVHWM, hwm)
    # Little, but more than a segment of TCP: else each would wait for a timer.
    socket.set(zmq.RCVBUF, 256 << 10)
    socket.set(zmq.SUBSCRIBE, b"")
    socket.connect(address)
    return socket


def test_a_slow_subscriber_loses_nothing_and_takes_no_more_memory_than_there_is_room(context, log):
    """It reads one message at a time, far behind the kernel: the kernel waits, within bounds."""
    notes, _ = log
    room = 1 << 20
    made, session, socket, address = publisher(context, notes, patience=60, room=room)
    got, ahead = [], []

    def read(slow):
        while not got or got[-1] != "1999":
            message = session_of_reader.decode(slow.recv_multipart(), Channel.IOPUB)
            if message.msg_type == "stream":
                got.append(message.content["text"][:-5000])

    session_of_reader = Session("key")
    with socket, subscriber(context, address, 1) as slow:
        assert socket.poll(60_000)
        made.welcome()
        reader = threading.Thread(target=read, args=(slow,))
        reader.start()
        for n in range(2000):
            put(made, session, str(n) + "x" * 5000)
            ahead.append((n - len(got)) * 5000)
        reader.join(60)
    assert got == [str(n) for n in range(2000)]
    # What the system keeps for a connection is not ours to count.
    assert max(ahead) < room + (4 << 20)


def test_one_who_is_behind_costs_the_others_nothing_as_long_as_there_is_room(context, log):
    notes, _ = log
    made, session, socket, address = publisher(context, notes, patience=60, room=64 << 20)
    hearing_session = Session("key")
    with (
        socket,
        subscriber(context, address, 1) as behind,
        subscriber(context, address, 0) as hearing,
    ):
        while not (behind.poll(1) and hearing.poll(1)):
            made.welcome()
        for n in range(1000):
            put(made, session, f"{n} " + "x" * 10_000)
            assert not made.full
        got = read_streams(hearing, hearing_session, 1000)
        late = read_streams(behind, Session("key"), 1000)
    assert got == late == [str(n) for n in range(1000)]


def read_streams(socket, session, count):
    """Return the first words of so many messages of text."""
    words = []
    while len(words) < count:
        assert socket.poll(60_000)
        message = session.decode(socket.recv_multipart(), Channel.IOPUB)
        if message.msg_type == "stream":
            words.append(message.content["text"].split()[0])
    return words


@on_linux
def test_a_deaf_subscriber_holds_the_kernel_up_once_and_costs_the_others_nothing(context, log):
    notes, said = log
    made, session, socket, address = publisher(context, notes, patience=0.6, room=1 << 20)
    hearing_session = Session("key")
    with (
        socket,
        subscriber(context, address, 1) as deaf,
        subscriber(context, address, 0) as hearing,
    ):
        while not (deaf.poll(1) and hearing.poll(1)):
            made.welcome()
        got = []
        for n in range(2000):
            put(made, session, f"{n} " + "x" * 20_000)
            # It keeps up.
            got += read_streams(hearing, hearing_session, 1)
        told = said()
        # It reads again: it connects by itself, and is welcomed a second time.
        late, types, until = Session("key"), [], monotonic() + 60
        while types.count("iopub_welcome") < 2 and monotonic() < until:
            made.welcome()
            while deaf.poll(10):
                types.append(late.decode(deaf.recv_multipart(), Channel.IOPUB).msg_type)
    assert types.count("iopub_welcome") == 2
    assert types.count("stream") < 2000
    assert got == [str(n) for n in range(2000)]
    assert told.count("has taken next to nothing of iopub for 0.6 s; it was cut off") == 1


@on_linux
def test_one_who_takes_a_byte_now_and_then_does_not_hold_the_kernel_up_for_ever(context, log):
    """It reads, but less than the pace below which the kernel would stand still."""
    notes, said = log
    made, session, socket, address = publisher(context, notes, patience=0.6, room=1 << 20)
    host, port = address.removeprefix("tcp://").split(":")
    done = threading.Event()

    def trickle(connection):
        while not done.wait(0.05):
            connection.recv(512)

    with socket, socket_module.socket() as crawling:
        crawling.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, 4096)
        crawling.connect((host, int(port)))
        subscribe_by_hand(crawling)
        assert socket.poll(60_000)
        made.welcome()
        reader = threading.Thread(target=trickle, args=(crawling,))
        reader.start()
        began = monotonic()
        for n in range(1000):
            put(made, session, f"{n} " + "x" * 10_000)
        took = monotonic() - began
        done.set()
        reader.join(60)
    assert "it was cut off" in said()
    assert took < 60


def subscribe_by_hand(connection):
    """Speak ZMTP 3.0 as a SUB socket that wants everything."""
    connection.sendall(b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL" + bytes(48))
    ready = b"\x05READY\x0bSocket-Type\0\0\0\x03SUB"
    connection.sendall(bytes([4, len(ready)]) + ready)
    answer = b""
    while b"READY" not in answer:
        answer += connection.recv(64)
    connection.sendall(b"\0\1\1")


@on_linux
def test_an_interrupt_reaches_who_waits_for_a_subscriber(context, log):
    notes, _ = log
    interrupts = Interrupts()
    lock = ShieldedLock(interrupts)
    made, session, socket, address = publisher(context, notes, patience=60, room=1 << 20, lock=lock)
    done, woken = threading.Event(), []

    def interrupt():
        while not done.is_set():
            if made.full:
                interrupts_sent.append(1)
                signal.raise_signal(signal.SIGINT)
                return

    interrupts_sent = []
    lost = LostInterrupts(interrupts.again)
    with socket, subscriber(context, address, 1):
        assert socket.poll(60_000)
        made.welcome()
        interrupts.install()
        lost.install()
        thread = threading.Thread(target=interrupt)
        thread.start()
        try:
            interrupts.armed = True
            for n in range(1000):
                put(made, session, f"{n} " + "x" * 10_000, lock)
        except KeyboardInterrupt:
            woken.append(True)
        finally:
            interrupts.armed = False
            done.set()
            thread.join(60)
            lost.restore()
            interrupts.restore()
        # States and replies go out all the same, and so does all output when the kernel ends.
        made.send(session.message(Channel.IOPUB, "status", {"execution_state": "idle"}))
        made.hurry()
        put(made, session, "the end")
    assert woken == interrupts_sent


@on_linux
def test_large_buffers_that_nobody_reads_take_no_more_than_their_room(context, log):
    notes, said = log
    made, session, socket, address = publisher(context, notes, patience=0.6, room=8 << 20)
    buffer, got = bytes(2 << 20), 0
    with (
        socket,
        subscriber(context, address, 1) as deaf,
        subscriber(context, address, 0) as hearing,
    ):
        while not (deaf.poll(1) and hearing.poll(1)):
            made.welcome()
        for _ in range(15):
            if made.full:
                made.wait()
            made.send(
                session.message(
                    Channel.IOPUB, "comm_msg", {}, buffers=(buffer,), route=(b"comm_msg",)
                )
            )
        while got < 15 and hearing.poll(10_000):
            got += len(hearing.recv_multipart()[-1]) == len(buffer)
        assert not deaf.closed
    assert got == 15
    assert said().count("it was cut off") == 1


@on_linux
def test_who_reads_slowly_is_not_taken_for_deaf():
    """Both are full when it is looked first; one has taken a little when it is looked again."""
    with socket_module.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ends = []
        for _ in range(3):
            reader = socket_module.create_connection(("127.0.0.1", port))
            writer, _ = server.accept()
            writer.setblocking(False)
            ends.append((reader, writer))
        (_, deaf_writer), (slow, slow_writer), (_, idle_writer) = ends
        for _, writer in ends[:2]:
            fill(writer)
        before = {}
        while before != (now := progress(f"tcp://127.0.0.1:{port}")):
            # The last bytes may still move.
            before = now
            fill(deaf_writer)
        while not select.select([], [slow_writer], [], 0)[1]:
            assert slow.recv(1 << 20)
        fill(slow_writer)
        assert has_moved(before, progress(f"tcp://127.0.0.1:{port}"))
        assert not has_moved(before, before)

        assert end_deaf(f"tcp://127.0.0.1:{port + 1}", before) == 0
        assert end_deaf(f"tcp://127.0.0.1:{port}", before) == 1
        with pytest.raises(BrokenPipeError):
            deaf_writer.send(b"x")
        assert idle_writer.send(b"x") == 1
        while not select.select([], [slow_writer], [], 0)[1]:
            assert slow.recv(1 << 20)
        assert slow_writer.send(b"x") == 1
        for reader, writer in ends:
            reader.close()
            writer.close()


def fill(writer):
    """Write until the system takes no more for a tenth of a second."""
    while select.select([], [writer], [], 0.1)[1]:
        with contextlib.suppress(BlockingIOError):
            while True:
                writer.send(bytes(1 << 16))


def test_what_cannot_be_sent_is_noted_and_does_not_raise(context, log):
    notes, said = log
    made, session, socket, _ = publisher(context, notes, patience=1)
    endless: list = []
    endless.append(endless)
    with socket:
        made.send(session.message(Channel.IOPUB, "display_data", {"x": endless}))
    assert "a display_data was not sent" in said()


# -- interrupts


def test_an_interrupt_in_a_shielded_section_comes_when_it_is_left():
    interrupts = Interrupts()
    lock = ShieldedLock(interrupts)
    interrupts.armed = True
    done = []

    def work():
        with lock:
            interrupts.handle()
            with lock:
                done.append("inner")
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert (done, interrupts.pending, interrupts.depth) == (["inner", "outer"], False, 0)


def test_an_interrupt_of_an_idle_kernel_is_nothing():
    interrupts = Interrupts()
    with ShieldedLock(interrupts):
        interrupts.handle()
    interrupts.handle()
    assert interrupts.count == 2
