"""A small Python kernel for the tests of running notebooks: ``python execute_kernel.py -f CONNECTION_FILE``.

Cells find ``show(text, id)``, ``update(text, id)``, ``result(text)``, ``clear(wait)`` and ``comm(kind, **content)`` beside what Python has.
"""

from __future__ import annotations

import ast
import sys
import traceback
from functools import partial

from nuncius.protocol.kernel import Kernel, KernelInfo


class PythonKernel(Kernel):
    info = KernelInfo("py", "1", {"name": "python", "version": "3", "file_extension": ".py"})

    def __init__(self):
        self.count = 0
        self.names = {"__name__": "__main__"}
        self.heard = []

    def execute(self, request, io):
        self.count += 1
        io.publish("execute_input", {"code": request.code, "execution_count": self.count})
        self.names.update(
            io=io,
            input=io.input,
            show=partial(self.show, io, "display_data"),
            update=partial(self.show, io, "update_display_data"),
            result=partial(self.result, io),
            clear=lambda wait: io.publish("clear_output", {"wait": wait}),
            comm=partial(self.comm, io),
            heard=self.heard,
        )
        reply = {
            "status": "ok",
            "execution_count": self.count,
            "payload": [],
            "user_expressions": {},
        }
        try:
            code = compile(request.code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            exec(code, self.names)
        except BaseException as error:  # noqa: BLE001 - exits, too
            content = {
                "ename": type(error).__name__,
                "evalue": str(error),
                "traceback": traceback.format_exception_only(error),
            }
            io.publish("error", content)
            return {**reply, **content, "status": "error"}
        return reply

    def show(self, io, kind, text, display_id=None):
        transient = {} if display_id is None else {"display_id": display_id}
        io.publish(kind, {"data": {"text/plain": text}, "metadata": {}, "transient": transient})

    def result(self, io, text):
        data = {"text/plain": text}
        io.publish("execute_result", {"data": data, "metadata": {}, "execution_count": self.count})

    def comm(self, io, kind, buffers=(), **content):
        io.publish(f"comm_{kind}", content, buffers=buffers)

    def comm_message(self, message, io):
        self.heard.append(dict(message.content))


if __name__ == "__main__":
    from nuncius.protocol.serving import serve

    sys.exit(serve(PythonKernel))
