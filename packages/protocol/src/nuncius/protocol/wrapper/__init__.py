"""The base class for kernels that wrap another language, with the names that ipykernel's ``Kernel`` gave them.

A kernel written for ``ipykernel.kernelbase.Kernel`` runs after its import line is changed::

    from nuncius.protocol.wrapper import IPKernelApp, Kernel

    class MyKernel(Kernel):
        implementation = "my"
        implementation_version = "1.0"
        language_info = {"name": "my", "mimetype": "text/plain", "file_extension": ".my"}
        banner = "My language"

        def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False):
            self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": code})
            return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

    IPKernelApp.launch_instance(kernel_class=MyKernel)

Each ``do_*`` method may be a plain function or a coroutine function. Arguments that came later to that interface (``cell_id``, ``cell_meta``, ``omit_sections``) are passed only to methods that take them.

A new kernel is simpler with `nuncius.protocol.kernel.Kernel`, to which `Adapter` translates.
"""

from __future__ import annotations

from nuncius.protocol.wrapper.adapter import Adapter
from nuncius.protocol.wrapper.app import IPKernelApp, KernelApp, launch_new_instance
from nuncius.protocol.wrapper.base import Kernel
from nuncius.protocol.wrapper.face import SessionFace, Way

__all__ = [
    "Adapter",
    "IPKernelApp",
    "Kernel",
    "KernelApp",
    "SessionFace",
    "Way",
    "launch_new_instance",
]
