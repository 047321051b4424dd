#!/usr/bin/env python3.11
"""Records in which order CPython's event loop runs random programs: the data of the order test.

    python3.11 tests/data/record_order.py                     writes order.txt.z and order_io.txt.z beside this file
    python3.11 tests/data/record_order.py --show 17           prints a program and its trace
    python3.11 tests/data/record_order.py --more N SEED FILE  records N others, for a search

The loop is CPython's own, with a clock that stands still while anything is ready and jumps to the next timer when nothing
is. What a program does is told by `order_programs.py`. The trace is a line of words:

    @T    the time has become T
    cN    callback N runs
    rN    the reader of socket N reads a byte; readers of one turn may come in any order
    tN    task N takes its first step
    tN:R  what a task awaited came to: v and a value, e an error, x cancelled by somebody else, . nothing to tell,
          ! a caught cancellation, > a timeout that expired
    tN$R  task N ends: v with its number, or x
    =R    what an operation gave: a truth value, a count, or how something stands

Operations whose order differs by design are taken out of a program before it is recorded; `REASONS` lists them, and the
architecture page too. Anything that is left must come out the same in Rust.
"""

import asyncio
import collections
import random
import selectors
import socket
import sys
import warnings
import zlib
from pathlib import Path

from order_programs import Generator

PROGRAMS = 1000
PROGRAMS_WITH_SOCKETS = 100
END = 80_000
LONGEST = 400

REASONS = {
    "delegate": "a request that goes through an awaited task takes a step of each task on the way",
    "shared promise": "a request cancels the awaited promise in the step of the task, not inside cancel()",
    "shield": "the await of a shielded task needs no future in between, and ends a turn earlier",
    "overtaking": "newcomers never overtake those who wait: a lock, a permit or an item is handed over",
    "hand-over": "what is handed to one who is being cancelled is passed on in the step in which that sees it",
    "circle": "tasks that await each other can be cancelled here, and end; CPython recurses until it fails",
    "unseen request": "a request that was not delivered yet changes nothing for a timeout that begins or has expired",
    "identity": "a timeout answers for its own request alone, however many there were",
    "equal deadlines": "timers with equal deadlines fire in the order of insertion",
}


class Failure(Exception):
    pass


class TakenOut(BaseException):
    """An operation is not comparable; it is taken out of the program."""


class Jumping(selectors.DefaultSelector):
    """Waits for nothing: moves the loop's clock instead."""

    now = 0

    def select(self, timeout=None):
        events = super().select(0)
        if not events and timeout:
            self.now += timeout
        return events


class Queue(asyncio.Queue):
    """Knows which of those who wait for an item were woken."""

    def __init__(self):
        super().__init__()
        self.woken = set()

    def _wakeup_next(self, waiters):
        before = list(waiters)
        super()._wakeup_next(waiters)
        self.woken.update(before[: len(before) - len(waiters)])


class World:
    def __init__(self, program):
        self.program = program
        self.selector = Jumping()
        self.loop = loop = asyncio.SelectorEventLoop(self.selector)
        loop.time = lambda: self.selector.now
        loop._clock_resolution = 1e-9
        loop.set_exception_handler(self.failed)
        counts = program.counts
        self.promises = [loop.create_future() for _ in range(counts["promises"])]
        self.events = [asyncio.Event() for _ in range(counts["events"])]
        self.locks = [asyncio.Lock() for _ in range(counts["locks"])]
        self.semaphores = [asyncio.Semaphore(2) for _ in range(counts["semaphores"])]
        self.queues = [Queue() for _ in range(counts["queues"])]
        self.sockets = [socket.socketpair() for _ in range(counts["sockets"])]
        for pair in self.sockets:
            pair[0].setblocking(False)
        self.tasks = {}
        self.handles = {}
        self.removers = {}
        self.task_removers = {}
        # Tasks that somebody awaited: the Rust side has no handle of them any more.
        self.awaited = set()
        # The timeouts around what each task does.
        self.timeouts = collections.defaultdict(list)
        # Promises whose one waiter was cancelled and has not stepped since.
        self.asked = {}
        self.trace = []
        self.told = 0
        self.bad = None
        self.over = False

    def log(self, word):
        if self.over:
            return
        if self.selector.now != self.told:
            self.told = self.selector.now
            self.trace.append("@%d" % self.told)
        self.trace.append(word)
        if len(self.trace) > LONGEST:
            self.over = True
            self.loop.stop()

    def take_out(self, op, reason):
        assert reason in REASONS
        self.bad = self.bad or (op, reason)
        self.over = True
        self.loop.stop()
        raise TakenOut

    def failed(self, _loop, context):
        if not self.over and not isinstance(context.get("exception"), (TakenOut, Failure)):
            raise RuntimeError(context)

    # What is looked at so that differences by design are found.

    def busy(self):
        """Is something ready, or due?"""
        due = any(handle._when <= self.loop.time() for handle in self.loop._scheduled)
        return self.loop._ready or due or self.selector.select(0)

    def touch(self, op, promise):
        if promise in self.asked:
            self.take_out(op, "shared promise")

    def check_cancel(self, op, task, alone):
        """Is a request to this task delivered as ours is? `alone`: nothing else is ready, and nothing follows."""
        waiter = task._fut_waiter
        if waiter is None or waiter.done():
            return
        if isinstance(waiter, asyncio.Task):
            if not alone:
                self.take_out(op, "delegate")
            self.check_cancel(op, waiter, alone)
        elif waiter in self.promises:
            self.check_promise(op, self.promises.index(waiter), 1)

    def check_promise(self, op, promise, waiters):
        if len(self.promises[promise]._callbacks or ()) > waiters:
            self.take_out(op, "shared promise")
        self.asked[promise] = True

    def check_circle(self, op, task):
        while isinstance(task, asyncio.Task):
            if task is asyncio.current_task():
                self.take_out(op, "circle")
            task = task._fut_waiter

    def check_deadline(self, op, when):
        if any(handle._when == when for handle in self.loop._scheduled):
            self.take_out(op, "equal deadlines")

    # Procedures.

    def callback(self, number):
        self.log("c%d" % number)
        ops = self.program.callbacks[number]
        for op in ops:
            self.sync(op, last=op is ops[-1])

    async def task(self, number):
        self.log("t%d" % number)
        try:
            await self.block(number, self.program.tasks[number])
        except asyncio.CancelledError:
            self.log("t%d$x" % number)
            raise
        self.log("t%d$v" % number)
        return number

    async def main(self):
        self.tasks[0] = self.loop.create_task(self.task(0))
        await asyncio.sleep(END)
        self.log("end")
        self.over = True

    async def block(self, me, ops):
        for op in ops:
            if not self.sync(op):
                await getattr(self, "do_" + op[0])(me, op)

    def sync(self, op, last=False):
        """Does an operation that does not wait; False if it is one that does."""
        do = getattr(self, "op_" + op[0], None)
        if do is None:
            return False
        if op[0] == "tcancel":
            do(op, last)
        else:
            do(op)
        return True

    def op_nop(self, op):
        pass

    def op_soon(self, op):
        self.handles[op[2]] = self.loop.call_soon(self.callback, op[1])

    def op_later(self, op):
        self.check_deadline(op, self.loop.time() + op[1])
        self.handles[op[3]] = self.loop.call_later(op[1], self.callback, op[2])

    def op_hcancel(self, op):
        handle = self.handles.get(op[1])
        if handle is not None:
            handle.cancel()

    def settle(self, op, how):
        self.touch(op, op[1])
        try:
            how(self.promises[op[1]])
            self.log("=1")
        except asyncio.InvalidStateError:
            self.log("=0")

    def op_set(self, op):
        self.settle(op, lambda promise: promise.set_result(op[2]))

    def op_fail(self, op):
        self.settle(op, lambda promise: promise.set_exception(Failure()))

    def op_pcancel(self, op):
        self.touch(op, op[1])
        self.log("=%d" % self.promises[op[1]].cancel())

    def op_pstate(self, op):
        self.touch(op, op[1])
        promise = self.promises[op[1]]
        if not promise.done():
            self.log("=p")
        elif promise.cancelled():
            self.log("=x")
        else:
            self.log("=e" if promise.exception() else "=v%d" % promise.result())

    def add_callback(self, to, number):
        def called(_):
            self.callback(number)

        to.add_done_callback(called)
        return lambda: to.remove_done_callback(called)

    def op_addcb(self, op):
        self.touch(op, op[1])
        self.removers[op[3]] = op[1], self.add_callback(self.promises[op[1]], op[2])

    def op_rmcb(self, op):
        if op[1] in self.removers:
            promise, remove = self.removers[op[1]]
            self.touch(op, promise)
            self.log("=%d" % remove())

    def op_new(self, op):
        if op[1] not in self.tasks:
            self.tasks[op[1]] = self.loop.create_task(self.task(op[1]))

    def op_tcancel(self, op, last):
        task = self.tasks.get(op[1])
        if task is not None:
            self.check_cancel(op, task, last and not self.busy())
            self.log("=%d" % task.cancel())

    def op_tstate(self, op):
        task = self.tasks.get(op[1])
        if task is not None:
            if not task.done():
                self.log("=p")
            elif op[1] in self.awaited:
                self.log("=d")
            else:
                self.log("=x" if task.cancelled() else "=v")

    def op_addtcb(self, op):
        if op[1] in self.tasks:
            self.task_removers[op[3]] = self.add_callback(self.tasks[op[1]], op[2])

    def op_rmtcb(self, op):
        if op[1] in self.task_removers:
            self.log("=%d" % self.task_removers[op[1]]())

    def op_evset(self, op):
        self.events[op[1]].set()

    def op_evclear(self, op):
        self.events[op[1]].clear()

    def op_put(self, op):
        queue = self.queues[op[1]]
        if queue._getters and queue._getters[0].done():
            self.take_out(op, "hand-over")
        queue.put_nowait(op[2])

    def op_send(self, op):
        self.sockets[op[1]][1].send(b"x")

    def op_addrd(self, op):
        self.loop.add_reader(self.sockets[op[1]][0], self.readable, op[1])

    def op_rmrd(self, op):
        self.log("=%d" % self.loop.remove_reader(self.sockets[op[1]][0]))

    def readable(self, number):
        self.log("r%d" % number)
        self.sockets[number][0].recv(1)

    # Operations that wait.

    async def outcome(self, me, what):
        """What an await comes to, where that may be the cancellation of somebody else."""
        task = asyncio.current_task()
        before = task.cancelling() - task._must_cancel
        try:
            value = await what
            return "v%d" % value
        except Failure:
            return "e"
        except asyncio.CancelledError:
            # A request that is still to be delivered is not what ended this await.
            if task.cancelling() - task._must_cancel > before:
                raise
            return "x"

    async def do_awaitp(self, me, op):
        promise = op[1]
        self.touch(op, promise)
        if asyncio.current_task()._must_cancel and not self.promises[promise].done():
            self.check_promise(op, promise, 0)
        try:
            result = await self.outcome(me, self.promises[promise])
        finally:
            self.asked.pop(promise, None)
        self.log("t%d:%s" % (me, result))

    async def do_awaitt(self, me, op):
        task = self.tasks.get(op[1])
        if task is not None:
            if asyncio.current_task()._must_cancel and not task.done():
                self.take_out(op, "delegate")
            self.check_circle(op, task)
            self.awaited.add(op[1])
            self.log("t%d:%s" % (me, await self.outcome(me, task)))

    async def do_shield(self, me, op):
        task = self.tasks.get(op[1])
        if task is not None:
            done = task.done()
            self.check_circle(op, task)
            self.awaited.add(op[1])
            try:
                result = await self.outcome(me, asyncio.shield(task))
            finally:
                if task.done() and not done:
                    self.take_out(op, "shield")
            self.log("t%d:%s" % (me, result))

    async def do_sleep(self, me, op):
        if op[1]:
            self.check_deadline(op, self.loop.time() + op[1])
        await asyncio.sleep(op[1])
        self.log("t%d:." % me)

    async def do_evwait(self, me, op):
        await self.events[op[1]].wait()
        self.log("t%d:." % me)

    async def do_get(self, me, op):
        queue = self.queues[op[1]]
        # Those who were woken and have not run.
        promised = sum(task._fut_waiter in queue.woken for task in self.tasks.values())
        if 0 < queue.qsize() <= promised:
            self.take_out(op, "overtaking")
        self.log("t%d:v%d" % (me, await queue.get()))

    async def do_lock(self, me, op):
        lock = self.locks[op[1]]
        if not lock._locked and lock._waiters and all(w.cancelled() for w in lock._waiters):
            self.take_out(op, "overtaking")
        async with lock:
            self.log("t%d:." % me)
            await self.block(me, op[2])

    async def do_sem(self, me, op):
        semaphore = self.semaphores[op[1]]
        if semaphore._value > 0 and semaphore._waiters:
            self.take_out(op, "overtaking")
        await semaphore.acquire()
        try:
            self.log("t%d:." % me)
            await self.block(me, op[2])
        finally:
            if semaphore._waiters and semaphore._waiters[0].cancelled():
                self.take_out(op, "hand-over")
            semaphore.release()

    async def do_timeout(self, me, op):
        world = self

        class Timeout(asyncio.Timeout):
            # A request was caught inside, and turned down or swallowed.
            answered = False

            def _on_timeout(self):
                world.check_cancel(op, self._task, not world.busy())
                super()._on_timeout()

            async def __aexit__(self, *raised):
                if self.expired() and self._task._must_cancel:
                    world.take_out(op, "unseen request")
                if self.expired() and self.answered and raised[0] is asyncio.CancelledError:
                    world.take_out(op, "identity")
                return await super().__aexit__(*raised)

        when = self.loop.time() + op[1]
        self.check_deadline(op, when)
        if asyncio.current_task()._must_cancel:
            self.take_out(op, "unseen request")
        timeout = Timeout(when)
        self.timeouts[me].append(timeout)
        try:
            async with timeout:
                await self.block(me, op[2])
            self.log("t%d:." % me)
        except TimeoutError:
            self.log("t%d:>" % me)
        finally:
            self.timeouts[me].remove(timeout)

    async def do_finally(self, me, op):
        try:
            await self.block(me, op[1])
        finally:
            await self.block(me, op[2])

    async def do_catch(self, me, op):
        try:
            await self.block(me, op[1])
        except asyncio.CancelledError:
            self.log("t%d:!" % me)
            await self.block(me, op[2])
            if op[3] == "resume":
                raise
            for timeout in self.timeouts[me]:
                timeout.answered = True
            if op[3] == "uncancel":
                asyncio.current_task().uncancel()

    # The run.

    def run(self):
        asyncio.set_event_loop(self.loop)
        main = self.loop.create_task(self.main())
        main.add_done_callback(lambda _: self.loop.stop())
        try:
            self.loop.run_forever()
        except TakenOut:
            pass
        self.over = True
        for task in asyncio.all_tasks(self.loop):
            task._log_destroy_pending = False
        # What the loop's end does to the rest is not compared.
        self.loop._ready.clear()
        self.loop._scheduled.clear()
        self.loop.close()
        for pair in self.sockets:
            pair[0].close()
            pair[1].close()
        asyncio.set_event_loop(None)


def record(program):
    """The trace of a program, without the operations whose order differs by design; None if it is too long."""
    reasons = collections.Counter()
    while True:
        world = World(program)
        world.run()
        if world.bad is None:
            return (world.trace if world.trace[-1] == "end" else None), reasons
        op, reason = world.bad
        reasons[reason] += 1
        op[:] = ["nop"]


def make(seed, sockets=0):
    program = Generator(random.Random(seed), sockets).program()
    trace, reasons = record(program)
    return program, trace, reasons


def main():
    # The coroutines of tasks that never end are closed while they clean up, or never begin.
    sys.unraisablehook = lambda _: None
    warnings.simplefilter("ignore", RuntimeWarning)
    if sys.argv[1:2] == ["--show"]:
        program, trace, reasons = make(int(sys.argv[2]))
        print("\n".join(program.lines()))
        print("trace " + " ".join(trace or ["too long"]))
        print(dict(reasons), file=sys.stderr)
        return
    if sys.argv[1:2] == ["--more"]:
        write(Path(sys.argv[4]), int(sys.argv[2]), int(sys.argv[3]))
        return
    write(Path(__file__).with_name("order.txt.z"), PROGRAMS, 0)
    write(Path(__file__).with_name("order_io.txt.z"), PROGRAMS_WITH_SOCKETS, 0, sockets=3)


def write(path, programs, seed, sockets=0):
    """Records programs with the seeds from `seed` on."""
    lines, reasons, made, words = [], collections.Counter(), 0, 0
    while made < programs:
        program, trace, taken_out = make(seed, sockets)
        if trace and len(trace) > 25:
            lines.append("program %d" % seed)
            lines.extend(program.lines())
            lines.append("trace " + " ".join(trace))
            reasons += taken_out
            made += 1
            words += len(trace)
        seed += 1
    data = zlib.compress(("\n".join(lines) + "\n").encode(), 9)
    path.write_bytes(data)
    print("%s: %d programs, %d words of traces, %d bytes" % (path.name, made, words, len(data)))
    for reason, count in reasons.most_common():
        print("%6d taken out: %s" % (count, reason))


if __name__ == "__main__":
    main()
