//! The rows: what is measured, on whom, and what the result must reach.

/// Whom a row's ratio is against, and what it must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// This many times the best peer.
    Best(f64),
    /// This many times that peer.
    Peer(&'static str, f64),
    /// This many times the best of these peers.
    BestOf(&'static [&'static str], f64),
    /// Our own value, at most.
    AtMost(f64),
    /// Reported only.
    None,
}

/// A workload and how its number is read.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    pub what: &'static str,
    pub unit: &'static str,
    pub higher_is_better: bool,
    pub bar: Bar,
    pub peers: &'static [&'static str],
}

/// Our names, in the order of a report. A pool row has names of its own.
pub const OURS: &str = "ours";
pub const OURS_POOL: &str = "ours_pool";

const ALL: &[&str] = &["ours", "tokio", "smol", "monoio", "compio", "python", "uvloop"];
const RUST: &[&str] = &["ours", "tokio", "smol", "monoio", "compio"];
/// monoio puts a task that wakes itself in front of its queue: not the same work.
const NO_MONOIO: &[&str] = &["ours", "tokio", "smol", "compio", "python", "uvloop"];
const POOL: &[&str] = &["ours_pool", "tokio_mt", "smol_pool"];

/// Those that have callbacks, and those whose tasks stand for them.
const CALLS: &[&str] = &["ours", "tokio", "smol", "python", "uvloop"];

const TOKIO: &[&str] = &["ours", "tokio"];
/// tokio once with tasks that must be `Send`, and once with a `LocalSet`.
const TOKIOS: &[&str] = &["ours", "tokio", "tokio_local"];

const fn rate(name: &'static str, what: &'static str, peers: &'static [&'static str]) -> Row {
    Row {
        name,
        what,
        unit: "ops/s",
        higher_is_better: true,
        bar: Bar::Best(1.0),
        peers,
    }
}

/// A row whose bar is against some of the peers only, as the others do not do the same work.
const fn rate_of(name: &'static str, what: &'static str, peers: &'static [&'static str], bar: Bar) -> Row {
    Row {
        bar,
        ..rate(name, what, peers)
    }
}

const fn less(name: &'static str, what: &'static str, unit: &'static str, bar: Bar) -> Row {
    Row {
        name,
        what,
        unit,
        higher_is_better: false,
        bar,
        peers: RUST,
    }
}

const SMOL: Bar = Bar::Peer("smol", 1.0);

const STREAMS: &[&str] = &["ours", "tokio", "smol", "python", "uvloop"];

const CHILDREN: &[&str] = &["ours", "tokio", "smol", "python", "uvloop"];

const PROTOCOLS: &[&str] = &["ours", "tokio", "monoio", "python", "uvloop"];

const LOCKS: &[&str] = &["ours", "tokio", "tokio_on_ours", "async_lock", "python"];
const LOCK_POOL: &[&str] = &["ours_pool", "tokio_mt", "tokio_on_ours_pool", "async_lock_pool"];
const QUEUES: &[&str] = &[
    "ours",
    "tokio",
    "tokio_on_ours",
    "async_channel",
    "flume",
    "python",
];
/// tokio's has one consumer.
const SHARED_QUEUES: &[&str] = &["ours", "async_channel", "flume", "python"];
/// async-lock lets a task that asks at the right moment pass those that wait: fewer switches, for no order.
const FAIR: Bar = Bar::BestOf(&["tokio", "tokio_on_ours", "python"], 1.0);

/// Every row, in the order of the report.
pub static ROWS: &[Row] = &[
    rate("spawn_join", "tasks spawned and joined, 1000 at a time", ALL),
    rate_of(
        "call_soon",
        "callbacks, 1000 at a time; tokio and smol start a task for each",
        CALLS,
        Bar::Peer("tokio", 2.0),
    ),
    rate("yield", "yields of 1000 tasks", NO_MONOIO),
    rate(
        "wake_ping_pong",
        "two tasks wake each other by raw wakers, round trips",
        RUST,
    ),
    rate("timeout_ready", "timeouts around a future that is ready", TOKIO),
    rate(
        "timeout_yield",
        "timeouts around a future that yields once",
        TOKIO,
    ),
    rate("timeout_pending", "yields inside one timeout", TOKIO),
    rate("group_ready", "children of groups of 1000, ready at once", TOKIOS),
    rate(
        "group_yield",
        "children of groups of 1000, with a yield each",
        TOKIOS,
    ),
    rate(
        "spawn_context",
        "spawn_join, ours from a context with one variable",
        TOKIO,
    ),
    rate(
        "spawn_name_context",
        "the same, ours with a name for each task too",
        TOKIO,
    ),
    rate(
        "timer_create_cancel_1",
        "a timer made, armed and dropped, alone",
        ALL,
    ),
    rate(
        "timer_create_cancel_1000",
        "the same among 1000 pending ones",
        ALL,
    ),
    rate("timer_fire_100k", "tasks with a timer each, set and fired", ALL),
    less(
        "timer_lateness_p50",
        "lateness of a lonely timer, median",
        "ns",
        SMOL,
    ),
    less(
        "timer_lateness_p99",
        "lateness of a lonely timer, 99th percentile",
        "ns",
        SMOL,
    ),
    rate(
        "to_thread_burst",
        "empty blocking calls, 1000 at a time",
        NO_MONOIO,
    ),
    rate(
        "to_thread_single",
        "empty blocking calls, one after the other",
        NO_MONOIO,
    ),
    rate("echo_1x64", "round trips, 1 connection, 64 bytes", ALL),
    rate("echo_64x64", "round trips, 64 connections, 64 bytes", ALL),
    rate("echo_64x4096", "round trips, 64 connections, 4 KiB", ALL),
    rate("echo_1000x64", "round trips, 1000 connections, 64 bytes", ALL),
    rate("echo_64x65536", "round trips, 64 connections, 64 KiB", ALL),
    rate(
        "protocol_echo_1x64",
        "echo_1x64, ours and Python's with a protocol",
        PROTOCOLS,
    ),
    rate(
        "protocol_echo_64x64",
        "echo_64x64, ours and Python's with a protocol",
        PROTOCOLS,
    ),
    rate(
        "protocol_echo_64x4096",
        "echo_64x4096, ours and Python's with a protocol",
        PROTOCOLS,
    ),
    rate(
        "protocol_echo_1000x64",
        "echo_1000x64, ours and Python's with a protocol",
        PROTOCOLS,
    ),
    rate("connect_rate", "connections with one round trip each", ALL),
    rate("udp_echo_64", "datagrams echoed, 64 clients, 64 bytes", ALL),
    rate(
        "lines_1",
        "lines of 64 bytes read and sent back, 1 connection",
        STREAMS,
    ),
    rate(
        "lines_64",
        "lines of 64 bytes read and sent back, 64 connections",
        STREAMS,
    ),
    rate(
        "exactly_64",
        "records of 64 bytes read and sent back, 64 connections",
        STREAMS,
    ),
    rate(
        "lines_pipelined_64",
        "lines_64, 16 lines under way on each connection, each sent back by itself",
        STREAMS,
    ),
    rate(
        "lines_batched_64",
        "the same, sent back when no other line was read yet",
        &["ours", "tokio", "smol"],
    ),
    rate(
        "tls_echo_64",
        "round trips over TLS, 64 connections, 64 bytes; tokio with tokio-rustls, smol with futures-rustls",
        &["ours", "tokio", "smol"],
    ),
    rate(
        "per_core_echo",
        "echo_64x64, ours on two loops with a listener each, tokio on two workers",
        &["ours", "tokio_mt"],
    ),
    rate(
        "process_true",
        "children that run `true`, one after the other",
        CHILDREN,
    ),
    rate("process_true_16", "the same, by 16 tasks at once", CHILDREN),
    rate(
        "process_cat",
        "MiB through `cat`, fed and collected at once, 256 MiB",
        CHILDREN,
    ),
    rate("process_lines", "lines of 64 bytes read from a child", CHILDREN),
    rate("pool_spawn_join", "tasks spawned and joined on two workers", POOL),
    rate("pool_yield", "yields of 1000 tasks on two workers", POOL),
    rate(
        "pool_ping_pong",
        "two tasks of a pool wake each other, round trips",
        POOL,
    ),
    Row {
        name: "pool_stuck",
        what: "99th percentile of an echo beside a task that blocks its worker 100 ms at a time",
        unit: "ns",
        higher_is_better: false,
        bar: Bar::Peer("tokio_mt", 10.0),
        peers: POOL,
    },
    rate(
        "lock_uncontended",
        "a lock acquired and released by one task",
        LOCKS,
    ),
    rate_of(
        "lock_contended",
        "the same by 64 tasks, each of which keeps it while it yields; async_lock is not fair and no part of the bar",
        LOCKS,
        FAIR,
    ),
    rate_of(
        "lock_pool",
        "the same by 16 tasks on two workers, around an increment; async_lock is no part of the bar",
        LOCK_POOL,
        Bar::Peer("tokio_mt", 1.0),
    ),
    rate(
        "semaphore_uncontended",
        "a permit taken and given back by one task",
        LOCKS,
    ),
    rate_of(
        "semaphore_contended",
        "the same by 64 tasks with 8 permits, each of which keeps its own while it yields; as lock_contended",
        LOCKS,
        FAIR,
    ),
    rate(
        "queue_uncontended",
        "items put and got by one task, without waiting",
        QUEUES,
    ),
    rate(
        "queue_ping_pong",
        "round trips of two tasks through two queues with room for one",
        QUEUES,
    ),
    rate(
        "queue_1x1",
        "items from one task to another through a queue with room for 64",
        QUEUES,
    ),
    rate("queue_4x1", "the same from 4 tasks to one", QUEUES),
    rate("queue_4x4", "the same from 4 tasks to 4", SHARED_QUEUES),
    rate(
        "queue_4x4_pool",
        "the same from 4 tasks to 4 on two workers",
        &["ours_pool", "async_channel_pool", "flume_pool"],
    ),
    rate_of(
        "priority_queue_1m",
        "a million random numbers put and then got in order; heap is a bare heap behind a mutex, for comparison",
        &["ours", "heap", "python"],
        Bar::Peer("python", 1.0),
    ),
    less(
        "bytes_per_parked_task",
        "heap of a task that waits",
        "bytes",
        Bar::AtMost(80.0),
    ),
    Row {
        peers: &["ours", "tokio", "tokio_on_ours", "async_lock"],
        ..less(
            "bytes_per_parked_lock",
            "heap of a task that waits for a lock",
            "bytes",
            Bar::Best(1.0),
        )
    },
    less(
        "bytes_per_idle_connection",
        "heap of an idle echo, 1 KiB of buffer included",
        "bytes",
        Bar::Peer("tokio", 1.0),
    ),
    Row {
        peers: &["ours", "tokio", "monoio"],
        ..less(
            "bytes_per_idle_protocol_connection",
            "the same, ours with a protocol, which has no buffer",
            "bytes",
            Bar::AtMost(600.0),
        )
    },
    Row {
        peers: &["ours", "tokio", "tokio_1k"],
        ..less(
            "bytes_per_idle_stream",
            "heap of a connection whose server waits for a line; tokio with a BufReader and a BufWriter, tokio_1k with a bare KiB",
            "bytes",
            Bar::Peer("tokio", 1.0),
        )
    },
    Row {
        peers: &["ours", "tokio"],
        ..less(
            "idle_10k_p99",
            "99th percentile of a line there and back, beside 10,000 idle connections or as many as may be open",
            "ns",
            Bar::Peer("tokio", 1.0),
        )
    },
    less(
        "allocs_per_spawn",
        "allocations of a task spawned and joined",
        "count",
        Bar::AtMost(1.0),
    ),
    Row {
        peers: &["ours", "tokio", "smol"],
        ..less(
            "allocs_per_call_soon",
            "allocations of a callback",
            "count",
            Bar::AtMost(0.0),
        )
    },
    less(
        "allocs_per_yield",
        "allocations of a yield",
        "count",
        Bar::AtMost(0.0),
    ),
    less(
        "syscalls_per_echo_1",
        "system calls of the server per echo, 1 connection",
        "count",
        Bar::AtMost(3.05),
    ),
    less(
        "syscalls_per_echo_64",
        "system calls of the server per echo, 64 connections",
        "count",
        Bar::None,
    ),
    less("startup", "start-up over an empty process", "ns", Bar::None),
];

impl Row {
    /// Which of the row's peers is us.
    pub fn ours(&self) -> &'static str {
        if self.peers.contains(&OURS_POOL) {
            OURS_POOL
        } else {
            OURS
        }
    }

    /// How many times better `ours` is than `theirs`.
    pub fn advantage(&self, ours: f64, theirs: f64) -> f64 {
        if self.higher_is_better {
            ours / theirs
        } else {
            theirs / ours
        }
    }
}
