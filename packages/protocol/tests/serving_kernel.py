"""A small Python kernel for the tests of the server: ``python serving_kernel.py -f CONNECTION_FILE``."""

from __future__ import annotations

import os
import signal
import sys

if __name__ == "__main__":
    # Ctrl-C while the imports below run.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

import ast

from nuncius.protocol.kernel import Kernel, KernelInfo


class SmallKernel(Kernel):
    info = KernelInfo("small", "1", {"name": "python", "version": "3", "file_extension": ".py"})

    def __init__(self):
        self.count = 0
        self.names = {"__name__": "__main__"}
        self.ended = []

    def execute(self, request, io):
        self.count += 1
        if not request.silent:
            io.publish("execute_input", {"code": request.code, "execution_count": self.count})
        self.names.update(io=io, input=io.input)
        reply = {
            "status": "ok",
            "execution_count": self.count,
            "payload": [],
            "user_expressions": {},
        }
        code = compile(request.code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        value = eval(code, self.names)
        return reply if value is None else self.finish(value, reply)

    async def finish(self, value, reply):
        await value
        return reply

    def comm_message(self, message, io):
        if "on_comm" in self.names:
            self.names["on_comm"]()
        io.publish("comm_msg", {"comm_id": "c", "data": {}}, buffers=message.buffers)

    def shutdown(self, *, restart):
        self.ended.append(restart)
        if "at_end" in self.names:
            self.names["at_end"]()


if __name__ == "__main__":
    from nuncius.protocol.serving import serve

    sys.exit(serve(SmallKernel))
