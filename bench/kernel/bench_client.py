"""What a client library adds to a kernel's start, and to one cell.

client.start.*   launch -> the client can run cells and sees all output; the same kernel through the raw client of wire.py is the floor
client.added.*   that, less the raw client's time in the same round
client.cell.*    `pass` through the library's blocking client, until reply and idle are there

--kernels names kernelspecs; every kernel is measured through each library, interleaved.
"""

from wire import *

a = args(__doc__, n=7, cells=200)
start: dict[str, list[float]] = {}
cell: dict[str, list[float]] = {}


def raw(name):
    k = Kernel(name).launch().connect()
    try:
        k.wait_info()
        ready = k.ready_s
        k.wait_iopub()
        for _ in range(a.cells):
            t = now()
            mid = k.execute("pass")
            k.reply(mid)
            k.until_idle(mid)
            cell.setdefault(f"raw.{k.name}", []).append(now() - t)
        return ready
    finally:
        k.shutdown()


def ours(name):
    from nuncius.protocol.manager.blocking import BlockingKernelManager

    t = now()
    with BlockingKernelManager(name) as manager, manager.client() as client:
        client.wait_until_ready(60)
        ready = now() - t
        for _ in range(a.cells):
            t = now()
            client.execute("pass").result(60)
            cell.setdefault(f"nuncius.{name}", []).append(now() - t)
    return ready


def theirs(name):
    from jupyter_client.manager import KernelManager

    t = now()
    km = KernelManager(kernel_name=name)
    km.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kc = km.client()
    kc.start_channels()
    try:
        kc.wait_for_ready(timeout=60)
        ready = now() - t
        for _ in range(a.cells):
            t = now()
            kc.execute("pass", reply=True, timeout=60)
            while kc.get_iopub_msg(timeout=60)["content"].get("execution_state") != "idle":
                pass
            cell.setdefault(f"jupyter_client.{name}", []).append(now() - t)
        return ready
    finally:
        kc.stop_channels()
        km.shutdown_kernel(now=True)


added: dict[str, list[float]] = {}
tmp = tempfile.mkdtemp()
os.environ.update(
    {k: v for k, v in clean_env(tmp).items() if k in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "PATH")}
)
os.makedirs(f"{tmp}/runtime", exist_ok=True)
for i in range(a.n + 1):
    for name in a.kernels:
        times = {"raw": raw(name), "nuncius": ours(name), "jupyter_client": theirs(name)}
        if i == 0:
            continue
        for library, seconds in times.items():
            start.setdefault(f"{library}.{name}", []).append(seconds)
            if library != "raw":
                added.setdefault(f"{library}.{name}", []).append(seconds - times["raw"])
for what, d in (("client.start", start), ("client.added", added), ("client.cell", cell)):
    for n, v in d.items():
        emit_dist(f"{what}.{n}", v)
shutil.rmtree(tmp, ignore_errors=True)
