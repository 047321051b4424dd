//! Programs of the order test, as `tests/data/order_programs.py` makes and describes them.

use std::rc::Rc;

/// A list of operations.
pub(crate) type Block = Rc<[Op]>;

/// Where something is kept: the number of a promise, a task, a handle.
pub(crate) type At = usize;

/// What one step of a procedure does.
#[derive(Debug)]
pub(crate) enum Op {
    Soon { callback: At, handle: At },
    Later { delay: u64, callback: At, handle: At },
    CancelHandle(At),
    Set(At, u32),
    Fail(At),
    CancelPromise(At),
    StateOfPromise(At),
    AddCallback { promise: At, callback: At, id: At },
    RemoveCallback(At),
    New(At),
    CancelTask(At),
    StateOfTask(At),
    AddTaskCallback { task: At, callback: At, id: At },
    RemoveTaskCallback(At),
    SetEvent(At),
    ClearEvent(At),
    Put(At, u32),
    Send(At),
    AddReader(At),
    RemoveReader(At),
    AwaitPromise(At),
    AwaitTask(At),
    Shield(At),
    Sleep(u64),
    WaitEvent(At),
    Get(At),
    Lock(At, Block),
    Semaphore(At, Block),
    Timeout(u64, Block),
    Finally(Block, Block),
    Catch(Block, Block, How),
}

/// What a handler does with the cancellation that it caught.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    Resume,
    Swallow,
    Uncancel,
}

/// One program, and the trace that CPython's loop left.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    /// Promises, events, locks, semaphores, queues, sockets.
    pub(crate) counts: [usize; 6],
    pub(crate) callbacks: Vec<Block>,
    pub(crate) tasks: Vec<Block>,
    pub(crate) trace: Vec<String>,
}

/// Words of a line, one after the other.
struct Words<'a>(std::iter::Peekable<std::str::SplitAsciiWhitespace<'a>>);

impl Words<'_> {
    fn word(&mut self) -> &str {
        self.0.next().expect("an operation has all its words")
    }

    fn number<N: std::str::FromStr>(&mut self) -> N {
        let word = self.word();
        word.parse()
            .unwrap_or_else(|_| panic!("{word} where a number belongs"))
    }

    fn block(&mut self) -> Block {
        assert_eq!(self.word(), "(");
        let ops = self.ops();
        assert_eq!(self.word(), ")");
        ops
    }

    /// Operations up to the end of the line or of the block.
    fn ops(&mut self) -> Block {
        let mut ops = Vec::new();
        while self.0.peek().is_some_and(|word| *word != ")") {
            ops.push(self.op());
        }
        ops.into()
    }

    fn op(&mut self) -> Op {
        let name = self.word().to_owned();
        match &*name {
            "soon" => Op::Soon {
                callback: self.number(),
                handle: self.number(),
            },
            "later" => Op::Later {
                delay: self.number(),
                callback: self.number(),
                handle: self.number(),
            },
            "hcancel" => Op::CancelHandle(self.number()),
            "set" => Op::Set(self.number(), self.number()),
            "fail" => Op::Fail(self.number()),
            "pcancel" => Op::CancelPromise(self.number()),
            "pstate" => Op::StateOfPromise(self.number()),
            "addcb" => Op::AddCallback {
                promise: self.number(),
                callback: self.number(),
                id: self.number(),
            },
            "rmcb" => Op::RemoveCallback(self.number()),
            "new" => Op::New(self.number()),
            "tcancel" => Op::CancelTask(self.number()),
            "tstate" => Op::StateOfTask(self.number()),
            "addtcb" => Op::AddTaskCallback {
                task: self.number(),
                callback: self.number(),
                id: self.number(),
            },
            "rmtcb" => Op::RemoveTaskCallback(self.number()),
            "evset" => Op::SetEvent(self.number()),
            "evclear" => Op::ClearEvent(self.number()),
            "put" => Op::Put(self.number(), self.number()),
            "send" => Op::Send(self.number()),
            "addrd" => Op::AddReader(self.number()),
            "rmrd" => Op::RemoveReader(self.number()),
            "awaitp" => Op::AwaitPromise(self.number()),
            "awaitt" => Op::AwaitTask(self.number()),
            "shield" => Op::Shield(self.number()),
            "sleep" => Op::Sleep(self.number()),
            "evwait" => Op::WaitEvent(self.number()),
            "get" => Op::Get(self.number()),
            "lock" => Op::Lock(self.number(), self.block()),
            "sem" => Op::Semaphore(self.number(), self.block()),
            "timeout" => Op::Timeout(self.number(), self.block()),
            "finally" => Op::Finally(self.block(), self.block()),
            "catch" => Op::Catch(self.block(), self.block(), self.how()),
            other => panic!("{other} is no operation"),
        }
    }

    fn how(&mut self) -> How {
        match self.word() {
            "resume" => How::Resume,
            "swallow" => How::Swallow,
            "uncancel" => How::Uncancel,
            other => panic!("{other} is no end of a handler"),
        }
    }
}

fn words(line: &str) -> Words<'_> {
    Words(line.split_ascii_whitespace().peekable())
}

/// The programs in a text of the recorder.
pub(crate) fn parse(text: &str) -> Vec<Program> {
    let mut programs: Vec<Program> = Vec::new();
    for line in text.lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        if kind == "program" {
            programs.push(Program {
                name: rest.to_owned(),
                counts: [0; 6],
                callbacks: Vec::new(),
                tasks: Vec::new(),
                trace: Vec::new(),
            });
            continue;
        }
        let program = programs.last_mut().expect("a program begins with its name");
        let mut rest = words(rest);
        match kind {
            "counts" => program.counts = std::array::from_fn(|_| rest.number()),
            "callback" => program.callbacks.push(rest.ops()),
            "task" => program.tasks.push(rest.ops()),
            "trace" => program.trace = rest.0.map(str::to_owned).collect(),
            other => panic!("{other} is no part of a program"),
        }
    }
    programs
}
