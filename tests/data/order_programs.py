"""Random programs for the order test: their language and the generator.

A program is a list of procedures: callbacks, which run from the ready queue at once, and tasks, which may wait. Task 0 is the
main one. A callback only ever starts callbacks with higher numbers, and a task is started once, so every program comes to
its end. A procedure is a list of operations; an operation is a list of words, of which those that are lists are blocks.

Operations of callbacks and tasks:

    soon C H            call_soon of callback C; the handle goes to place H
    later D C H         call_later
    hcancel H           cancel the handle at place H, if there is one
    set P V, fail P     set the promise P
    pcancel P, pstate P
    addcb P C A         add_done_callback; what takes it back goes to place A
    rmcb A              remove_done_callback
    new T               create_task, unless there is one of that number
    tcancel T, tstate T
    addtcb T C A        add_done_callback of a task
    rmtcb A
    evset E, evclear E
    put Q V             put_nowait
    send S              a byte for the socket S
    addrd S, rmrd S     add_reader, whose callback reads one byte, and remove_reader

Operations of tasks only:

    awaitp P, awaitt T  a task is awaited in one place of a program at most
    shield T            an await of a task behind a shield; counts as the one place
    sleep D             0 lets others go first
    evwait E
    get Q
    lock L (...)
    sem S (...)
    timeout D (...)
    finally (...) (...)
    catch (...) (...) resume|swallow|uncancel
"""

KINDS = ("promises", "events", "locks", "semaphores", "queues", "sockets")


class Program:
    """A program, and how many there are of each kind of thing that it uses."""

    def __init__(self, counts, callbacks, tasks):
        self.counts = counts
        self.callbacks = callbacks
        self.tasks = tasks

    def lines(self):
        """The program as lines of words."""
        yield "counts " + " ".join(str(self.counts[kind]) for kind in KINDS)
        for ops in self.callbacks:
            yield "callback " + words(ops)
        for ops in self.tasks:
            yield "task " + words(ops)

    def ops(self):
        """All operations, with the blocks' own."""
        pending = [op for proc in self.callbacks + self.tasks for op in proc]
        while pending:
            op = pending.pop()
            yield op
            pending.extend(inner for word in op if isinstance(word, list) for inner in word)


def words(ops):
    """Operations as words, blocks in parentheses, without those that were taken out."""
    out = []
    for op in ops:
        if op[0] == "nop":
            continue
        for word in op:
            out.append("( %s )" % words(word) if isinstance(word, list) else str(word))
    return " ".join(out)


class Generator:
    """Makes one program from a source of random numbers, with sockets or without."""

    def __init__(self, rng, sockets=0):
        self.rng = rng
        self.counts = {
            "promises": rng.randint(1, 4),
            "events": rng.choice((0, 1, 1, 2)),
            "locks": rng.choice((0, 0, 1, 1, 2)),
            "semaphores": rng.choice((0, 0, 1)),
            "queues": rng.choice((0, 0, 1)),
            "sockets": sockets,
        }
        self.n_callbacks = rng.randint(2, 8)
        self.n_tasks = rng.randint(2, 7)
        self.places = 0
        self.unawaited = list(range(1, self.n_tasks))
        rng.shuffle(self.unawaited)

    def program(self):
        callbacks = [self.block(("callback", n), 1, 4, 0) for n in range(self.n_callbacks)]
        tasks = [self.block(("task", n), 2, 7, 0) for n in range(self.n_tasks)]
        # The main task starts some of it, so that most programs do something.
        first = [["new", n] for n in range(1, self.n_tasks) if self.rng.random() < 0.8]
        # Callbacks in the course of time find tasks that wait.
        later = [["later", self.delay(), n, self.place()] for n in range(self.n_callbacks) if self.rng.random() < 0.6]
        readers = [["addrd", n] for n in range(self.counts["sockets"]) if self.rng.random() < 0.7]
        tasks[0] = first + readers + later + tasks[0]
        return Program(self.counts, callbacks, tasks)

    def block(self, owner, least, most, depth):
        ops = (self.op(owner, depth) for _ in range(self.rng.randint(least, most)))
        return [op for op in ops if op]

    def place(self):
        self.places += 1
        return self.places - 1

    def some(self, kind):
        count = self.counts[kind]
        return self.rng.randrange(count) if count else None

    def callback(self, owner):
        """A callback that this procedure may start."""
        lowest = owner[1] + 1 if owner[0] == "callback" else 0
        return self.rng.randrange(lowest, self.n_callbacks) if lowest < self.n_callbacks else None

    def delay(self):
        return self.rng.choice((self.rng.randint(1, 9), self.rng.randint(1, 99), self.rng.randint(1, 999)))

    def op(self, owner, depth):
        """One operation, or None where what it needs is not there."""
        rng = self.rng
        in_task = owner[0] == "task"
        makers = [self.call_op] * 4 + [self.promise_op] * 5 + [self.task_op] * 4 + [self.thing_op] * 2
        if self.counts["sockets"]:
            makers += [self.thing_op] * 4
        if in_task:
            makers += [self.await_op] * 9
            if depth < 2:
                makers += [self.block_op] * 4
        return rng.choice(makers)(owner, depth)

    def call_op(self, owner, _depth):
        rng = self.rng
        callback = self.callback(owner)
        if self.places and rng.random() < 0.3:
            return ["hcancel", rng.randrange(self.places)]
        if callback is None:
            return None
        if rng.random() < 0.55:
            return ["soon", callback, self.place()]
        delay = 0 if rng.random() < 0.1 else self.delay()
        return ["later", delay, callback, self.place()]

    def promise_op(self, owner, _depth):
        rng = self.rng
        promise = self.some("promises")
        kind = rng.choice(("set", "set", "set", "fail", "pcancel", "pstate", "addcb", "addcb", "rmcb"))
        if kind == "set":
            return ["set", promise, rng.randint(0, 9)]
        if kind == "addcb":
            callback = self.callback(owner)
            return None if callback is None else ["addcb", promise, callback, self.place()]
        if kind == "rmcb":
            return ["rmcb", rng.randrange(self.places)] if self.places else None
        return [kind, promise]

    def task_op(self, owner, _depth):
        rng = self.rng
        task = rng.randrange(1, self.n_tasks)
        kind = rng.choice(("new", "tcancel", "tcancel", "tcancel", "tstate", "addtcb", "rmtcb"))
        if kind == "addtcb":
            callback = self.callback(owner)
            return None if callback is None else ["addtcb", task, callback, self.place()]
        if kind == "rmtcb":
            return ["rmtcb", rng.randrange(self.places)] if self.places else None
        return [kind, task]

    def thing_op(self, _owner, _depth):
        rng = self.rng
        socket = self.some("sockets")
        if socket is not None and rng.random() < 0.8:
            return [rng.choice(("send", "send", "send", "addrd", "addrd", "rmrd")), socket]
        if rng.random() < 0.6:
            event = self.some("events")
            return None if event is None else [rng.choice(("evset", "evset", "evclear")), event]
        queue = self.some("queues")
        return None if queue is None else ["put", queue, rng.randint(0, 9)]

    def await_op(self, owner, _depth):
        rng = self.rng
        kind = rng.choice(("awaitp", "awaitp", "awaitt", "awaitt", "shield", "sleep", "sleep", "nap", "evwait", "get"))
        if kind == "awaitp":
            return ["awaitp", self.some("promises")]
        if kind in ("awaitt", "shield"):
            others = [task for task in self.unawaited if task != owner[1]]
            if not others:
                return None
            self.unawaited.remove(others[0])
            return [kind, others[0]]
        if kind == "sleep":
            return ["sleep", self.delay()]
        if kind == "nap":
            return ["sleep", 0]
        thing = self.some("events" if kind == "evwait" else "queues")
        return None if thing is None else [kind, thing]

    def block_op(self, owner, depth):
        rng = self.rng
        body = self.block(owner, 1, 4, depth + 1)
        kind = rng.choice(("timeout", "timeout", "finally", "catch", "catch", "lock", "lock", "sem"))
        if kind == "timeout":
            return ["timeout", self.delay(), body]
        if kind == "finally":
            return ["finally", body, self.block(owner, 1, 3, depth + 1)]
        if kind == "catch":
            end = rng.choice(("resume", "swallow", "uncancel"))
            return ["catch", body, self.block(owner, 1, 3, depth + 1), end]
        thing = self.some("locks" if kind == "lock" else "semaphores")
        return None if thing is None else [kind, thing, body]
