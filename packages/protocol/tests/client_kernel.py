"""A kernel for the tests of the clients: a process with real sockets that does what the code says.

It prints its connection as JSON and then serves; with ``-f FILE`` it listens where the connection file says. Codes: ``say TEXT``, ``value TEXT``, ``ask PROMPT``, ``fail``, ``hang``, ``flood N``, ``buffer``, ``reborn`` (it goes on as another process would), ``die``, ``mute`` (nothing is answered any more).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

import zmq

from nuncius.protocol.connection import ConnectionInfo, load_connection_file
from nuncius.protocol.core.dispatch import Dispatcher, Send
from nuncius.protocol.errors import MessageError
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session

KEY = "0123456789abcdef"


class ClientKernel:
    def __init__(self, welcome: bool, info: ConnectionInfo | None) -> None:
        self.session = Session(info.key if info else KEY)
        self.context = zmq.Context()
        self.sockets = {
            channel: self.context.socket(zmq.XPUB if channel is Channel.IOPUB else zmq.ROUTER)
            for channel in Channel
        }
        self.welcome = welcome
        for socket in self.sockets.values():
            socket.set(zmq.SNDHWM, 0)
        self.sockets[Channel.IOPUB].set(zmq.XPUB_VERBOSE, 1)
        for channel in (Channel.SHELL, Channel.CONTROL, Channel.STDIN):
            # A client that reconnects is the same one, even before the end of its old connection is seen.
            self.sockets[channel].set(zmq.ROUTER_HANDOVER, 1)
        ports = {}
        for channel, socket in self.sockets.items():
            if info is None:
                port = socket.bind_to_random_port("tcp://127.0.0.1")
                ports[f"{channel}_port"] = port
            else:
                socket.bind(info.url(channel))
        if info is None:
            print(json.dumps({**ports, "key": KEY, "ip": "127.0.0.1"}), flush=True)
        self.lanes = {
            channel: Dispatcher(self.session.message)
            for channel in (Channel.SHELL, Channel.CONTROL)
        }
        self.asked = ""
        self.mute = False
        #: The cell that runs fails as soon as another one waits behind it.
        self.fails = False

    def serve(self) -> None:
        poller = zmq.Poller()
        by_socket = {socket: channel for channel, socket in self.sockets.items()}
        for socket in by_socket:
            poller.register(socket, zmq.POLLIN)
        while True:
            for socket, _ in poller.poll():
                with contextlib.suppress(MessageError):
                    self.receive(by_socket[socket], socket.recv_multipart())

    def receive(self, channel: Channel, frames: list[bytes]) -> None:
        if self.mute:
            return
        if channel is Channel.HB:
            self.sockets[channel].send_multipart(frames)
        elif channel is Channel.IOPUB:
            if self.welcome and frames[0][:1] == b"\1":
                self.publish("iopub_welcome", {"subscription": ""}, None)
        elif channel is Channel.STDIN:
            reply = self.session.decode(frames, channel)
            self.stream(self.lanes[Channel.SHELL].running, str(reply.content["value"]))
            self.finish(Channel.SHELL, {"status": "ok", "execution_count": 1})
        else:
            self.carry_out(
                channel, self.lanes[channel].receive(self.session.decode(frames, channel))
            )
            if self.fails and channel is Channel.SHELL and self.lanes[channel].queue:
                self.fails = False
                self.execute(self.lanes[channel].running)

    def carry_out(self, channel: Channel, effects) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.send(effect.message)
            else:
                self.run(channel, effect.request)

    def finish(self, channel: Channel, content, abort: bool = False) -> None:
        self.carry_out(channel, self.lanes[channel].finished(content, abort=abort))

    def send(self, message) -> None:
        self.sockets[message.channel].send_multipart(self.session.encode(message))

    def publish(self, msg_type, content, parent, buffers=()) -> None:
        header = parent.header if parent is not None else None
        self.send(
            self.session.message(
                Channel.IOPUB,
                msg_type,
                content,
                parent=header,
                route=(msg_type.encode(),),
                buffers=buffers,
            )
        )

    def stream(self, request, text: str) -> None:
        self.publish("stream", {"name": "stdout", "text": text}, request)

    def run(self, channel: Channel, request) -> None:
        content = {"status": "ok"}
        match request.msg_type:
            case "execute_request":
                self.execute(request)
                return
            case "kernel_info_request":
                content |= {"implementation": "client_kernel", "protocol_version": "5.5"}
            case "complete_request":
                content |= {"matches": [request.content["code"] + "!"]}
            case "shutdown_request":
                self.finish(channel, content)
                self.context.destroy(linger=1000)
                raise SystemExit
            case "interrupt_request":
                self.finish(channel, content)
                if self.lanes[Channel.SHELL].running:
                    error = {"ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
                    self.finish(Channel.SHELL, {"status": "error", **error})
                return
            case "comm_open":
                self.publish("comm_close", {"comm_id": request.content["comm_id"]}, request)
        self.finish(channel, content)

    def execute(self, request) -> None:
        word, _, rest = request.content["code"].partition(" ")
        reply = {"status": "ok", "execution_count": 1}
        abort = False
        match word:
            case "say":
                self.stream(request, rest)
            case "value":
                value = {"data": {"text/plain": rest}, "metadata": {}, "execution_count": 1}
                self.publish("execute_result", value, request)
            case "ask":
                self.send(
                    self.session.message(
                        Channel.STDIN,
                        "input_request",
                        {"prompt": rest, "password": False},
                        parent=request.header,
                        route=request.route,
                    )
                )
                return
            case "fail" if rest == "followed" and not self.lanes[Channel.SHELL].queue:
                self.fails = True
                return
            case "fail":
                error = {"ename": "ValueError", "evalue": "no", "traceback": ["line"]}
                self.publish("error", error, request)
                reply = {"status": "error", "execution_count": 1, **error}
                abort = True
            case "flood":
                for number in range(int(rest)):
                    self.stream(request, f"{number}\n")
            case "buffer":
                self.publish(
                    "display_data", {"data": {}, "metadata": {}}, request, (b"x" * 100_000,)
                )
            case _:
                self.misbehave(word)
                return
        self.finish(Channel.SHELL, reply, abort)

    def misbehave(self, word: str) -> None:
        match word:
            case "reborn":
                self.session = Session(KEY)
                self.lanes = {channel: Dispatcher(self.session.message) for channel in self.lanes}
                self.send(self.lanes[Channel.SHELL].starting().message)
            case "die":
                os._exit(1)
            case "mute":
                self.mute = True


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    file = load_connection_file(sys.argv[sys.argv.index("-f") + 1]) if "-f" in sys.argv else None
    ClientKernel(welcome="--welcome" in sys.argv, info=file).serve()
