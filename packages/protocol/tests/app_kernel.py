"""A kernel for the tests of the commands: each line of a cell is an order, such as ``print hello``.

``print``, ``warn`` and ``value`` publish their text, ``ask`` asks for a line, ``wait`` waits for an interrupt, ``raise`` fails, ``pid`` tells the process, ``die`` ends the process.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import zmq

from nuncius.protocol.connection import load_connection_file
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.session import Session


class Kernel:
    def __init__(self, path: str) -> None:
        info = load_connection_file(path)
        self.session = Session(info.key)
        self.context = zmq.Context()
        self.sockets = {}
        for channel in Channel:
            kind = zmq.PUB if channel is Channel.IOPUB else zmq.ROUTER
            self.sockets[channel] = self.context.socket(kind)
            self.sockets[channel].bind(info.url(channel))

    def send(self, channel: Channel, msg_type: str, content: dict, request: Message) -> None:
        route = () if channel is Channel.IOPUB else request.route
        message = self.session.message(
            channel, msg_type, content, parent=request.header, route=route
        )
        self.sockets[channel].send_multipart(self.session.encode(message))

    def publish(self, request: Message, msg_type: str, **content: object) -> None:
        self.send(Channel.IOPUB, msg_type, content, request)

    def run(self) -> None:
        poller = zmq.Poller()
        for channel in (Channel.SHELL, Channel.CONTROL):
            poller.register(self.sockets[channel], zmq.POLLIN)
        names = {found: channel for channel, found in self.sockets.items()}
        while True:
            for ready, _ in poller.poll():
                channel = names[ready]
                request = self.session.decode(ready.recv_multipart(), channel)
                self.publish(request, "status", execution_state="busy")
                content = {"status": "ok"}
                if request.msg_type == "execute_request":
                    content = self.execute(request)
                reply = request.msg_type.replace("request", "reply")
                self.send(channel, reply, content, request)
                self.publish(request, "status", execution_state="idle")
                if request.msg_type == "shutdown_request":
                    self.context.destroy(linger=500)
                    return

    def execute(self, request: Message) -> dict:
        try:
            for line in request.content["code"].splitlines():
                order, _, text = line.partition(" ")
                getattr(self, f"do_{order}")(request, text)
        except (KeyboardInterrupt, SystemExit, ValueError) as error:
            content = {
                "ename": type(error).__name__,
                "evalue": str(error),
                "traceback": [f"\x1b[31m{type(error).__name__}\x1b[0m: {error}"],
            }
            self.publish(request, "error", **content)
            return {"status": "error", "execution_count": 1, **content}
        return {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}

    def do_print(self, request: Message, text: str) -> None:
        self.publish(request, "stream", name="stdout", text=f"{text}\n")

    def do_warn(self, request: Message, text: str) -> None:
        self.publish(request, "stream", name="stderr", text=f"{text}\n")

    def do_value(self, request: Message, text: str) -> None:
        data = {"text/plain": text, "text/html": f"<b>{text}</b>"}
        self.publish(request, "execute_result", data=data, metadata={}, execution_count=1)

    def do_show(self, request: Message, text: str) -> None:
        data = json.loads(text)
        self.publish(request, "display_data", data=data, metadata={}, transient={})

    def do_exit(self, request: Message, text: str) -> None:
        raise SystemExit(text)

    def do_raise(self, request: Message, text: str) -> None:
        raise ValueError(text)

    def do_ask(self, request: Message, text: str) -> None:
        question = {"prompt": text, "password": False}
        self.send(Channel.STDIN, "input_request", question, request)
        frames = self.sockets[Channel.STDIN].recv_multipart()
        answer = self.session.decode(frames, Channel.STDIN).content["value"]
        self.do_print(request, f"got {answer!r}")

    def do_wait(self, request: Message, text: str) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.do_print(request, "waiting")
        try:
            while True:
                signal.pause()
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def do_pid(self, request: Message, text: str) -> None:
        self.do_print(request, str(os.getpid()))

    def do_die(self, request: Message, text: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


signal.signal(signal.SIGINT, signal.SIG_IGN)  # an idle kernel does not mind
Kernel(sys.argv[sys.argv.index("-f") + 1]).run()
