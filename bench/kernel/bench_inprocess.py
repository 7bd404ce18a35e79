"""A cell in the caller's own process: what the protocol costs when nothing is sent.

inprocess.pass      `pass` through Client over the in-process transport, us
inprocess.code      exec(compile("pass")) alone, us
inprocess.overhead  the difference; .best is that of the quietest rounds
inprocess.ipython   InteractiveShell.run_cell("pass") of IPython, us (where IPython is installed)
"""

from wire import *

a = args(__doc__, n=400, rounds=25)


def each(f, n):
    t = now()
    for _ in range(n):
        f()
    return (now() - t) / n


def main():
    from nuncius.protocol.client.blocking import Client
    from nuncius.protocol.serving.host import CallHost, find_kernel
    from nuncius.protocol.transport.memory import MemoryChannels

    res: dict[str, list[float]] = {}
    namespace: dict = {}
    with CallHost(find_kernel("python")()) as host, Client(MemoryChannels(host)) as client:
        try:
            from IPython.core.interactiveshell import InteractiveShell

            shell = InteractiveShell.instance()

            def peer():
                return shell.run_cell("pass", store_history=False)
        except ImportError:
            peer = None

        def ours():
            return client.execute("pass", store_history=False).result()

        for r in range(a.rounds + 1):
            d = {
                "pass": each(ours, a.n),
                "code": each(lambda: exec(compile("pass", "<cell>", "exec"), namespace), a.n),
            }
            if peer:
                d["ipython"] = each(peer, a.n)
            if r:
                for k, v in d.items():
                    res.setdefault(k, []).append(v)
    for k, v in res.items():
        emit(f"inprocess.{k}", pct(v, 50) * 1e6, "us")
    emit("inprocess.overhead", (pct(res["pass"], 50) - pct(res["code"], 50)) * 1e6, "us")
    emit("inprocess.overhead.best", (min(res["pass"]) - min(res["code"])) * 1e6, "us")


main()
