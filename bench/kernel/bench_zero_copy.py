"""50 MiB buffers between a kernel and our own client, which copies nothing: MiB/s each way.

zerocopy.k2c.*    a comm message with a buffer, from the call in the kernel until the client has it
zerocopy.c2k.*    a comm_msg with a buffer, until the kernel has answered that it has it
zerocopy.floor    the same bytes through a bare DEALER/ROUTER pair of pyzmq in two processes, no copies: what this machine can do
"""

from wire import *

a = args(__doc__, mb=50, n=5)
SIZE = a.mb << 20


def floor():
    code = f"""
import sys, zmq
c = zmq.Context(); s = c.socket(zmq.DEALER); s.connect(sys.argv[1]); blob = bytes({SIZE})
s.send(b'up')
while s.recv() == b'go': s.send(blob, copy=False)
"""
    router = zmq.Context.instance().socket(zmq.ROUTER)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    child = subprocess.Popen([sys.executable, "-c", code, f"tcp://127.0.0.1:{port}"])
    peer, _ = router.recv_multipart()
    best = []
    for _ in range(a.n):
        t = now()
        router.send_multipart([peer, b"go"])
        router.recv_multipart(copy=False)
        best.append(now() - t)
    router.send_multipart([peer, b"end"])
    child.wait(5)
    router.close(0)
    return best


def kernel(name):
    from nuncius.protocol.client.blocking import Client
    from nuncius.protocol.manager.blocking import BlockingKernelManager
    from nuncius.protocol.transport.zmq import ZmqChannels

    k2c, c2k = [], []
    with BlockingKernelManager(name) as manager, Client(ZmqChannels(manager.info)) as client:
        client.wait_until_ready(60)
        setup = f"""
import comm
blob = bytes({SIZE})
kept = []
def target(c, message):
    kept.append(c)
    c.on_msg(lambda m: c.send({{"n": len(m["buffers"][0])}}))
comm.get_comm_manager().register_target("bench", target)
out = comm.create_comm(target_name="bench_out", data={{}})
"""
        client.execute(setup).result(60, check=True)
        opened = client.comm_open("bench")
        payload = bytes(SIZE)
        got = []
        client.subscribe(
            lambda event: (
                got.append(event.message)
                if getattr(event, "message", None) is not None
                and event.message.msg_type == "comm_msg"
                else None
            )
        )
        for _ in range(a.n):
            got.clear()
            t = now()
            client.execute("out.send({}, buffers=[blob])")
            while not got:
                client.poll(30)
            k2c.append(now() - t)
            assert memoryview(got[0].buffers[0]).nbytes == SIZE
            got.clear()
            t = now()
            client.comm_msg(opened.content["comm_id"], {}, buffers=(payload,))
            while not got:
                client.poll(30)
            c2k.append(now() - t)
            assert got[0].content["data"] == {"n": SIZE}
    return k2c, c2k


for name in a.kernels:
    k2c, c2k = kernel(name)
    for what, seconds in (("k2c", k2c), ("c2k", c2k)):
        emit(f"zerocopy.{what}.{name}.p50", a.mb / pct(seconds, 50), "MiB/s")
        emit(f"zerocopy.{what}.{name}.best", a.mb / min(seconds), "MiB/s")
f = floor()
emit("zerocopy.floor.p50", a.mb / pct(f, 50), "MiB/s")
emit("zerocopy.floor.best", a.mb / min(f), "MiB/s")
