"""The same small programs on CPython's asyncio, and on uvloop: `workloads.py ROW python|uvloop [--quick]`.

Prints one line, `value unit`, as the children in Rust do. The amounts are smaller where a rate does not need more.
Servers use streams, the API that Python's users write; the load is the benchmark's own, named by $ASYNCIO_BENCH.
"""

import asyncio
import os
import random
import subprocess
import sys
import threading
import time

ROW, PEER = sys.argv[1], sys.argv[2]
QUICK = 5 if "--quick" in sys.argv else 1
MILLIS = 1000 // QUICK
BATCH = 1000


async def nothing(value):
    return value


async def spawn_join(total=100_000 // QUICK):
    start = time.perf_counter()
    for _ in range(total // BATCH):
        tasks = [asyncio.create_task(nothing(i)) for i in range(BATCH)]
        for task in tasks:
            await task
    return total / (time.perf_counter() - start)


async def call_soon(total=1_000_000 // QUICK):
    loop = asyncio.get_running_loop()
    called = 0

    def count(_):
        nonlocal called
        called += 1

    start = time.perf_counter()
    for goal in range(BATCH, total + 1, BATCH):
        for i in range(BATCH):
            loop.call_soon(count, i)
        while called < goal:
            await asyncio.sleep(0)
    return total / (time.perf_counter() - start)


async def yields(each=500 // QUICK):
    async def job():
        for _ in range(each):
            await asyncio.sleep(0)

    start = time.perf_counter()
    tasks = [asyncio.create_task(job()) for _ in range(BATCH)]
    for task in tasks:
        await task
    return each * BATCH / (time.perf_counter() - start)


async def create_cancel(live, total=200_000 // QUICK):
    loop = asyncio.get_running_loop()
    draw = random.Random(1)
    far = loop.time() + 10

    def make():
        return loop.call_at(far + draw.random() * 10, nothing, 0)

    timers = [make() for _ in range(live)]
    place = 0
    start = time.perf_counter()
    for _ in range(total // 64):
        for _ in range(64):
            place = (place + 617) % live
            timers[place].cancel()
            timers[place] = make()
        await asyncio.sleep(0)
    elapsed = time.perf_counter() - start
    for timer in timers:
        timer.cancel()
    return total // 64 * 64 / elapsed


async def fire(total=100_000):
    loop = asyncio.get_running_loop()
    draw = random.Random(1)
    armed, last = 0, 0.0

    async def job(deadline):
        nonlocal armed, last
        armed += 1
        if armed == total:
            last = loop.time()
        await asyncio.sleep(deadline - loop.time())

    start = loop.time()
    first = start + 3.0
    tasks = [asyncio.create_task(job(first + draw.random() * 0.002)) for _ in range(total)]
    for task in tasks:
        await task
    return total / (loop.time() - start - max(0.0, first - last))


async def burst(total=20_000 // QUICK):
    start = time.perf_counter()
    for _ in range(total // BATCH):
        calls = [asyncio.create_task(asyncio.to_thread(int)) for _ in range(BATCH)]
        for call in calls:
            await call
    return total / (time.perf_counter() - start)


async def single(total=5_000 // QUICK):
    start = time.perf_counter()
    for _ in range(total):
        await asyncio.to_thread(int)
    return total / (time.perf_counter() - start)


async def lock_uncontended(total=500_000 // QUICK):
    lock, count = asyncio.Lock(), 0
    start = time.perf_counter()
    for _ in range(total):
        async with lock:
            count += 1
    assert count == total
    return total / (time.perf_counter() - start)


async def lock_contended(each=2_000 // QUICK):
    lock, count = asyncio.Lock(), 0

    async def job():
        nonlocal count
        for _ in range(each):
            async with lock:
                before = count
                await asyncio.sleep(0)
                count = before + 1

    start = time.perf_counter()
    await asyncio.gather(*(job() for _ in range(64)))
    assert count == each * 64
    return count / (time.perf_counter() - start)


async def semaphore_uncontended(total=500_000 // QUICK):
    semaphore, count = asyncio.Semaphore(1), 0
    start = time.perf_counter()
    for _ in range(total):
        async with semaphore:
            count += 1
    assert count == total
    return total / (time.perf_counter() - start)


async def semaphore_contended(each=2_000 // QUICK):
    semaphore = asyncio.Semaphore(8)
    inside, most, count = 0, 0, 0

    async def job():
        nonlocal inside, most, count
        for _ in range(each):
            async with semaphore:
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1
                count += 1

    start = time.perf_counter()
    await asyncio.gather(*(job() for _ in range(64)))
    assert (most, count) == (8, each * 64)
    return count / (time.perf_counter() - start)


async def queue_uncontended(total=500_000 // QUICK):
    queue, items = asyncio.Queue(), 0
    start = time.perf_counter()
    for i in range(total):
        queue.put_nowait(i)
        items += queue.get_nowait()
    assert items == total * (total - 1) // 2
    return total / (time.perf_counter() - start)


async def queue_ping_pong(rounds=50_000 // QUICK):
    there, back = asyncio.Queue(1), asyncio.Queue(1)

    async def ping():
        number = 0
        for _ in range(rounds):
            await there.put(number)
            number = await back.get() + 1
        return number

    async def pong():
        for _ in range(rounds):
            await back.put(await there.get() + 1)

    start = time.perf_counter()
    number, _ = await asyncio.gather(ping(), pong())
    assert number == 2 * rounds
    return rounds / (time.perf_counter() - start)


async def queue_stream(producers, consumers, total=200_000 // QUICK):
    queue, out = asyncio.Queue(64), 0

    async def produce(first, last):
        for i in range(first, last):
            await queue.put(i)

    async def consume(count):
        nonlocal out
        for _ in range(count):
            item = await queue.get()
            out += item

    each = total // producers
    start = time.perf_counter()
    jobs = [produce(i * each, (i + 1) * each) for i in range(producers)]
    jobs += [consume(total // consumers) for _ in range(consumers)]
    await asyncio.gather(*jobs)
    assert out == total * (total - 1) // 2
    return total / (time.perf_counter() - start)


async def priority_queue(total=1_000_000):
    queue, draw = asyncio.PriorityQueue(), random.Random(1)
    numbers = [draw.getrandbits(64) for _ in range(total)]
    expected = sorted(numbers)
    start = time.perf_counter()
    for number in numbers:
        queue.put_nowait(number)
    for number in expected:
        assert queue.get_nowait() == number
    return total / (time.perf_counter() - start)


def load_beside(port, *arguments):
    """Runs the load on a plain thread, prints its number and ends the process."""

    def wait():
        command = [os.environ["ASYNCIO_BENCH"], "load", arguments[0], str(port), *map(str, arguments[1:])]
        value = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
        print(value, "ops/s", flush=True)
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


async def tcp(size, *load):
    async def echo(reader, writer):
        try:
            while data := await reader.read(max(size, 1024)):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1024)
    load_beside(server.sockets[0].getsockname()[1], *load)
    await server.serve_forever()


async def protocol(*load):
    class Echo(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport

        def data_received(self, data):
            self.transport.write(data)

    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=1024)
    load_beside(server.sockets[0].getsockname()[1], *load)
    await server.serve_forever()


async def streams(exactly, *load):
    """Every line, or every 64 bytes, sent back at once."""

    async def echo(reader, writer):
        try:
            while data := await (reader.readexactly(64) if exactly else reader.readline()):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1024)
    load_beside(server.sockets[0].getsockname()[1], *load)
    await server.serve_forever()


async def udp():
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, address):
            self.transport.sendto(data, address)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    load_beside(transport.get_extra_info("sockname")[1], "udp", 64, 64, MILLIS)
    await asyncio.Event().wait()


ROWS = {
    "spawn_join": spawn_join,
    "call_soon": call_soon,
    "yield": yields,
    "timer_create_cancel_1": lambda: create_cancel(1),
    "timer_create_cancel_1000": lambda: create_cancel(1000),
    "timer_fire_100k": fire,
    "to_thread_burst": burst,
    "to_thread_single": single,
    "lock_uncontended": lock_uncontended,
    "lock_contended": lock_contended,
    "semaphore_uncontended": semaphore_uncontended,
    "semaphore_contended": semaphore_contended,
    "queue_uncontended": queue_uncontended,
    "queue_ping_pong": queue_ping_pong,
    "queue_1x1": lambda: queue_stream(1, 1),
    "queue_4x1": lambda: queue_stream(4, 1),
    "queue_4x4": lambda: queue_stream(4, 4),
    "priority_queue_1m": priority_queue,
    "echo_1x64": lambda: tcp(64, "tcp", 1, 64, MILLIS),
    "echo_64x64": lambda: tcp(64, "tcp", 64, 64, MILLIS),
    "echo_64x4096": lambda: tcp(4096, "tcp", 64, 4096, MILLIS),
    "echo_1000x64": lambda: tcp(64, "tcp", 1000, 64, MILLIS),
    "echo_64x65536": lambda: tcp(65536, "tcp", 64, 65536, MILLIS),
    "protocol_echo_1x64": lambda: protocol("tcp", 1, 64, MILLIS),
    "protocol_echo_64x64": lambda: protocol("tcp", 64, 64, MILLIS),
    "protocol_echo_64x4096": lambda: protocol("tcp", 64, 4096, MILLIS),
    "protocol_echo_1000x64": lambda: protocol("tcp", 1000, 64, MILLIS),
    "connect_rate": lambda: tcp(64, "connect", 16, 64, MILLIS),
    "udp_echo_64": udp,
    "lines_1": lambda: streams(False, "lines", 1, 64, 1, MILLIS),
    "lines_64": lambda: streams(False, "lines", 64, 64, 1, MILLIS),
    "exactly_64": lambda: streams(True, "lines", 64, 64, 1, MILLIS),
    "lines_pipelined_64": lambda: streams(False, "lines", 64, 64, 16, MILLIS),
}


async def status():
    child = await asyncio.create_subprocess_exec("true")
    assert await child.wait() == 0


async def children(tasks, each):
    async def job():
        for _ in range(each):
            await status()

    start = time.perf_counter()
    await asyncio.gather(*(job() for _ in range(tasks)))
    return tasks * each / (time.perf_counter() - start)


async def cat(mib=256 // QUICK):
    data = b"x" * (mib << 20)
    start = time.perf_counter()
    child = await asyncio.create_subprocess_exec("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    output, _ = await child.communicate(data)
    assert len(output) == len(data)
    return mib / (time.perf_counter() - start)


async def lines_of_child(count=500_000 // QUICK):
    start = time.perf_counter()
    bench = os.environ["ASYNCIO_BENCH"]
    child = await asyncio.create_subprocess_exec(bench, "lines", str(count), stdout=subprocess.PIPE)
    lines = 0
    async for _ in child.stdout:
        lines += 1
    assert await child.wait() == 0 and lines == count
    return count / (time.perf_counter() - start)


ROWS.update(
    {
        "process_true": lambda: children(1, 200 // QUICK),
        "process_true_16": lambda: children(16, 32 // QUICK),
        "process_cat": cat,
        "process_lines": lines_of_child,
    }
)


def main():
    if PEER == "uvloop":
        import uvloop

        value = uvloop.run(ROWS[ROW]())
    else:
        value = asyncio.run(ROWS[ROW]())
    print(value, "ops/s")


if __name__ == "__main__":
    main()
