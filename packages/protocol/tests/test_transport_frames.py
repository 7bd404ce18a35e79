"""The frames of a message arrive as they were sent, at the price of the frames."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import zmq

from nuncius.protocol.session import DELIMITER
from nuncius.protocol.transport.frames import ZERO_COPY, is_readable, receive_frames, send_frames

if TYPE_CHECKING:
    from collections.abc import Iterator

Pair = tuple["zmq.Socket[bytes]", "zmq.Socket[bytes]"]

PARTS = [b"signature", b"header", b"parent", b"metadata", b"content"]


@pytest.fixture
def pair() -> Iterator[Pair]:
    context: zmq.Context[Any] = zmq.Context()
    left, right = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    port = left.bind_to_random_port("tcp://127.0.0.1")
    right.connect(f"tcp://127.0.0.1:{port}")
    yield left, right
    left.close(0)
    right.close(0)
    context.term()


def test_a_message_arrives_as_it_was_sent(pair: Pair) -> None:
    left, right = pair
    large = bytes(range(256)) * (ZERO_COPY // 256)
    sent: list[bytes | bytearray | memoryview] = [
        b"identity",
        b"topic",
        DELIMITER,
        *PARTS,
        b"small",
        bytearray(large),
        memoryview(b""),
    ]
    send_frames(left, sent)

    assert right.poll(60_000)
    received = receive_frames(right)

    assert [bytes(frame) for frame in received] == [bytes(frame) for frame in sent]
    assert [type(frame) for frame in received] == [bytes] * 8 + [memoryview] * 3


def test_what_is_no_message_of_ours_arrives_too(pair: Pair) -> None:
    left, right = pair
    send_frames(left, [b"", b"ping"])
    send_frames(left, [DELIMITER])

    assert right.poll(60_000)
    assert receive_frames(right) == [b"", b"ping"]
    assert right.poll(60_000)
    assert receive_frames(right) == [DELIMITER]


def test_where_there_is_nothing_nothing_is_received(pair: Pair) -> None:
    left, right = pair

    assert receive_frames(right) == []
    assert not is_readable(right)

    send_frames(left, [b"x"])
    assert right.poll(60_000)
    assert is_readable(right)


def test_a_full_socket_takes_nothing_at_all() -> None:
    context: zmq.Context[Any] = zmq.Context()
    lonely = context.socket(zmq.DEALER)
    try:
        with pytest.raises(zmq.Again):
            send_frames(lonely, [b"a", b"b"], wait=False)
    finally:
        lonely.close(0)
        context.term()


_RECEIVER = """
import resource, sys, zmq
from nuncius.protocol.session import DELIMITER
from nuncius.protocol.transport.frames import receive_frames, send_frames

context = zmq.Context()
left, right = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
right.connect(f"tcp://127.0.0.1:{left.bind_to_random_port('tcp://127.0.0.1')}")
block = bytes(40 << 20)
faults = []
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    send_frames(left, [DELIMITER, b"", b"", b"", b"", b"", block])
    assert right.poll(30_000)
    assert receive_frames(right)[6].nbytes == len(block)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
left.close(0), right.close(0)
context.term()
print(*faults)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_the_memory_of_a_large_message_serves_the_next_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _RECEIVER], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stderr == ""
    first, *_, last = [int(word) for word in done.stdout.split()]
    pages = (40 << 20) // 4096
    assert first > pages * 0.9, "the first message should have been put into fresh memory"
    assert last < pages * 0.1, done.stdout
