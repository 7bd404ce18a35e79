"""A kernel for the tests of the manager: it answers and ends, and misbehaves as it is told.

It says what happens to it by datagrams to the Unix socket in TELL.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("-f", dest="file")
parser.add_argument("--ports", choices=["register", "file", "given"], default="given")
parser.add_argument("--die", help="write this to stderr and end")
parser.add_argument("--deaf", action="store_true", help="bind nothing, answer nothing")
parser.add_argument("--stubborn", action="store_true", help="ignore requests to end, and SIGTERM")
parser.add_argument("--child", action="store_true", help="start a process that does not end")
options = parser.parse_args()


def tell(*words: object) -> None:
    if path := os.environ.get("TELL"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(" ".join(map(str, words)).encode(), path)


signal.signal(signal.SIGINT, lambda *_: tell("interrupted"))
if options.stubborn:
    signal.signal(signal.SIGTERM, lambda *_: tell("terminated"))
if options.die:
    sys.exit(options.die)
if options.deaf:
    tell("deaf", os.getpid())
    while True:
        signal.pause()

import zmq  # noqa: E402

from nuncius.protocol.connection import (  # noqa: E402
    load_connection_file,
    write_connection_file,
)
from nuncius.protocol.curve import apply_server  # noqa: E402
from nuncius.protocol.handshake import register, without_registration  # noqa: E402
from nuncius.protocol.messages import Channel  # noqa: E402
from nuncius.protocol.session import Session  # noqa: E402

info = load_connection_file(options.file)
context = zmq.Context()
session = Session(info.key)
sockets = {}
for channel in Channel:
    bound = sockets[channel] = context.socket(zmq.PUB if channel is Channel.IOPUB else zmq.ROUTER)
    bound.linger = 500
    apply_server(bound, info)
    try:
        bound.bind(info.url(channel))
    except zmq.ZMQError as error:
        sys.exit(f"cannot bind {info.url(channel)}: {error}")
    if info.transport == "tcp":
        endpoint = bound.getsockopt_string(zmq.LAST_ENDPOINT)
        info = info.with_ports({f"{channel}_port": int(endpoint.rpartition(":")[2])})
if options.ports == "register":
    register(info, session, context)
elif options.ports == "file":
    write_connection_file(without_registration(info), options.file)
if options.child:
    import subprocess

    child = subprocess.Popen([sys.executable, "-S", "-c", "import signal\nsignal.pause()"])
    tell("child", child.pid)
tell("started", os.getpid(), os.environ.get("JPY_PARENT_PID"), Path.cwd(), os.environ.get("COLOR"))
print("hello from the kernel", file=sys.stderr, flush=True)

# Else a signal that comes just before poll() would be handled only after the next message.
wake, woken = os.pipe()
os.set_blocking(woken, False)
signal.set_wakeup_fd(woken)
poller = zmq.Poller()
poller.register(wake, zmq.POLLIN)
for channel in (Channel.SHELL, Channel.CONTROL):
    poller.register(sockets[channel], zmq.POLLIN)
names = {sockets[channel]: channel for channel in sockets}
replies = {"kernel_info_request", "interrupt_request", "shutdown_request"}
running = True
while running:
    for ready, _ in poller.poll():
        if ready == wake:
            os.read(wake, 1)
            continue
        channel = names[ready]
        request = session.decode(ready.recv_multipart(), channel)
        tell(request.msg_type, *request.content.values())
        if request.msg_type not in replies:
            continue
        content = {"status": "ok", **request.content}
        reply = session.message(
            channel,
            request.msg_type.replace("request", "reply"),
            content,
            parent=request.header,
            route=request.route,
        )
        ready.send_multipart(session.encode(reply))
        running = request.msg_type != "shutdown_request" or options.stubborn
for bound in sockets.values():
    bound.close()
context.term()
assert threading.active_count() == 1
assert replace(info, key="") != info
