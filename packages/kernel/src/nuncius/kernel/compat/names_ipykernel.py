"""Say which of our objects stands behind which name of ``ipykernel``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.kernel.compat.places import IPYKERNEL_VERSION, at

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["IPYKERNEL"]

#: Module -> name -> place; see `nuncius.kernel.compat.names`.
IPYKERNEL: Mapping[str, Mapping[str, str]] = {
    "ipykernel": {
        "__version__": f"={IPYKERNEL_VERSION}",
        "version_info": "=(7, 4, 0)",
    },
    "ipykernel._version": {
        "__version__": f"={IPYKERNEL_VERSION}",
        "version_info": "=(7, 4, 0)",
    },
    "ipykernel.comm": at(":compat.comms", "Comm CommManager"),
    "ipykernel.comm.comm": at(":compat.comms", "BaseComm Comm"),
    "ipykernel.comm.manager": at(":compat.comms", "CommManager"),
    "ipykernel.compiler": {
        **at(":compat.kernels", "get_file_name get_tmp_directory get_tmp_hash_seed"),
        "XCachingCompiler": ":compile:Compiler",
        "murmur2_x86": ":compile:murmur2",
    },
    "ipykernel.connect": at(
        ":compat.kernels",
        "connect_qtconsole get_connection_file get_connection_info write_connection_file",
    ),
    "ipykernel.datapub": {},
    "ipykernel.displayhook": {
        "ZMQShellDisplayHook": ":display.hook:DisplayHook",
    },
    "ipykernel.embed": at(":embed", "embed_kernel"),
    "ipykernel.eventloops": at(":gui.loops", "enable_gui loop_map register_integration"),
    "ipykernel.inprocess": {},
    "ipykernel.iostream": at("nuncius.protocol.serving.streams", "OutStream"),
    "ipykernel.ipkernel": {
        **at(":compat.ipkernel", "IPythonKernel"),
        "Kernel": ":compat.ipkernel:IPythonKernel",
    },
    "ipykernel.jsonutil": {
        "encode_images": ":display.publish:encode_binary",
        "json_clean": "nuncius.protocol.packing:clean",
    },
    "ipykernel.kernelapp": {
        **at(":compat.apps", "IPKernelApp launch_new_instance"),
        "main": ":compat.apps:launch_new_instance",
    },
    "ipykernel.kernelbase": at("nuncius.protocol.wrapper", "Kernel"),
    "ipykernel.kernelspec": {
        **at(":compat.kernels", "KERNEL_NAME get_kernel_dict make_ipkernel_cmd write_kernel_spec"),
        "install": ":compat.apps:install_spec",
    },
    "ipykernel.pylab": {},
    "ipykernel.pylab.backend_inline": {"": "matplotlib_inline.backend_inline"},
    "ipykernel.pylab.config": {"": "matplotlib_inline.config"},
    "ipykernel.zmqshell": {
        **at(":compat.shells", "ZMQInteractiveShell"),
        "KernelMagics": ":magics.kernels:KernelMagics",
        "ZMQDisplayPublisher": ":display.publish:DisplayPublisher",
    },
}
