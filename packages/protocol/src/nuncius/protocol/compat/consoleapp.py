"""What frontends that are programs of traitlets share: `JupyterConsoleApp`, its flags and its aliases, as jupyter_client has them.

Mix `JupyterConsoleApp` into an application: after ``initialize`` there are a ``kernel_client`` and, unless it was told to use a kernel that runs already, a ``kernel_manager``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Bool, CBool, Dict, Integer, Unicode
from traitlets.config import Configurable, boolean_flag

from nuncius.protocol.compat.client import BlockingKernelClient
from nuncius.protocol.compat.manager import KernelManager
from nuncius.protocol.connection import find_connection_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["JupyterConsoleApp", "app_aliases", "app_flags"]

app_flags: dict[str, Any] = {
    "existing": (
        {"JupyterConsoleApp": {"existing": "kernel*.json"}},
        "Connect to a kernel that runs already: the one that was started last.",
    ),
    **boolean_flag(
        "confirm-exit",
        "JupyterConsoleApp.confirm_exit",
        "Ask before the program ends, as it ends the kernel too.",
        "End without a question.",
    ),
}

app_aliases: dict[str, str] = {
    name: f"JupyterConsoleApp.{trait}"
    for name, trait in (
        ("ip", "ip"),
        ("transport", "transport"),
        ("hb", "hb_port"),
        ("shell", "shell_port"),
        ("iopub", "iopub_port"),
        ("stdin", "stdin_port"),
        ("control", "control_port"),
        ("existing", "existing"),
        ("f", "connection_file"),
        ("kernel", "kernel_name"),
        ("ssh", "sshserver"),
        ("sshkey", "sshkey"),
    )
}


class JupyterConsoleApp(Configurable):
    """A program that talks to one kernel."""

    name = "jupyter-console-mixin"
    flags = Dict(app_flags)
    aliases = Dict(app_aliases)
    kernel_manager_class: Any = KernelManager
    kernel_client_class: Any = BlockingKernelClient

    kernel_name = Unicode("python3", help="The kernelspec to start.").tag(config=True)
    existing = Unicode("", help="The connection file of a kernel that runs.").tag(config=True)
    connection_file = Unicode("", help="Where the connection is written.").tag(config=True)
    transport = Unicode("tcp", help="tcp or ipc.").tag(config=True)
    ip = Unicode("127.0.0.1", help="The address that the kernel listens on.").tag(config=True)
    hb_port = Integer(0, help="The port of the heartbeat; 0 for any.").tag(config=True)
    shell_port = Integer(0, help="The port of the shell socket.").tag(config=True)
    iopub_port = Integer(0, help="The port of the iopub socket.").tag(config=True)
    stdin_port = Integer(0, help="The port of the stdin socket.").tag(config=True)
    control_port = Integer(0, help="The port of the control socket.").tag(config=True)
    sshserver = Unicode("", help="The server through which the kernel is reached.").tag(config=True)
    sshkey = Unicode("", help="The key for it.").tag(config=True)
    confirm_exit = CBool(True, help="Ask before the kernel is ended.").tag(config=True)
    kernel_argv = Dict(help="Arguments for the kernel.")
    owns_kernel = Bool(False)

    #: The way to a kernel behind ssh; close it at last.
    tunnel: Any = None
    kernel_manager: Any = None
    kernel_client: Any = None

    def initialize(self, argv: Sequence[str] | None = None) -> None:
        """Find or start the kernel, and make the client; its channels are not started yet."""
        if self.existing:
            self.init_connection_file()
        else:
            self.init_kernel_manager()
        self.init_kernel_client()

    def init_connection_file(self) -> None:
        """Find the connection file of the kernel that runs, through ssh if asked."""
        self.connection_file = find_connection_file(self.existing)
        if self.sshserver:
            self.init_ssh()

    def init_ssh(self) -> None:
        """Open the tunnel to it. The file that leads through it is removed when this process ends."""
        import atexit

        from nuncius.protocol.connection import load_connection_file, remove_connection_file
        from nuncius.protocol.connection import write_connection_file as write
        from nuncius.protocol.tunnel import open_tunnel

        info = load_connection_file(self.connection_file)
        options = ("-i", self.sshkey) if self.sshkey else ()
        self.tunnel = open_tunnel(info, self.sshserver, options=options)
        self.connection_file = write(
            self.tunnel.info, f"{self.connection_file.removesuffix('.json')}-ssh.json"
        )
        atexit.register(remove_connection_file, self.connection_file, self.tunnel.info)

    def init_kernel_manager(self) -> None:
        """Start the kernel."""
        self.kernel_manager = self.kernel_manager_class(
            kernel_name=self.kernel_name,
            transport=self.transport,
            ip=self.ip,
            connection_file=self.connection_file,
            hb_port=self.hb_port,
            shell_port=self.shell_port,
            iopub_port=self.iopub_port,
            stdin_port=self.stdin_port,
            control_port=self.control_port,
            parent=self,
        )
        self.kernel_manager.start_kernel()
        self.connection_file = self.kernel_manager.connection_file
        self.owns_kernel = True

    def init_kernel_client(self) -> None:
        """Make the client, and connect it."""
        if self.kernel_manager is not None:
            self.kernel_client = self.kernel_manager.client()
        else:
            self.kernel_client = self.kernel_client_class(connection_file=self.connection_file)
            self.kernel_client.load_connection_file()
        self.kernel_client.start_channels()
