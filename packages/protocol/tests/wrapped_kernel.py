"""A kernel written for the classic base class: ``python wrapped_kernel.py -f CONNECTION_FILE``."""

from __future__ import annotations

import os
import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from traitlets import Unicode

from nuncius.protocol.wrapper import IPKernelApp, Kernel


class WrappedKernel(Kernel):
    implementation = "wrapped"
    implementation_version = "2"
    language_info = {"name": "upper", "mimetype": "text/plain", "file_extension": ".up"}  # noqa: RUF012
    banner = "Upper"
    greeting = Unicode("hi").tag(config=True)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.shell_handlers["shout_request"] = self.shout
        self.hooks = []

    def init_metadata(self, parent):
        return {"began": parent["header"]["msg_type"]}

    def finish_metadata(self, parent, metadata, reply_content):
        return {**metadata, "ended": reply_content["status"]}

    def pre_handler_hook(self):
        self.hooks.append("pre")

    def post_handler_hook(self):
        self.hooks.append("post")

    def do_execute(
        self, code, silent, store_history=True, user_expressions=None, allow_stdin=False
    ):
        if code == "fail":
            return {"status": "error", "ename": "E", "evalue": "v", "traceback": []}
        if code == "raise":
            raise RuntimeError("a mistake in the kernel")
        if code == "ask":
            code = self.raw_input("? ")
        if code == "hooks":
            code = ",".join(self.hooks)
        if code == "session":
            code = f"{self.session.session} {self.session.key.decode()}"
        if code == "greet":
            code = self.greeting
        if code == "parent":
            code = self.get_parent()["header"]["msg_type"]
        self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": code.upper()})
        content = {"data": {"text/plain": code}, "metadata": {}}
        self.send_response(self.iopub_socket, "display_data", content)
        return {"status": "ok", "execution_count": self.execution_count}

    async def do_complete(self, code, cursor_pos):
        return {
            "status": "ok",
            "matches": [code + "!"],
            "cursor_start": 0,
            "cursor_end": cursor_pos,
            "metadata": {},
        }

    def do_inspect(self, code, cursor_pos, detail_level=0):
        return {
            "status": "ok",
            "found": True,
            "data": {"text/plain": f"{code} {detail_level}"},
            "metadata": {},
        }

    def do_is_complete(self, code):
        return {"status": "complete"}

    def shout(self, stream, ident, parent):
        content = {"status": "ok", "shout": parent["content"]["text"].upper()}
        self.session.send(stream, "shout_reply", content, parent, ident)

    async def do_shutdown(self, restart):
        return {"status": "ok", "restart": restart}


if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=WrappedKernel)
