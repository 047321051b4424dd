//! Child processes: how fast they are started and reaped, fed and read.

use std::io::{BufWriter, Write};
use std::time::Instant;

use crate::peers::Children;

const MIB: usize = 1 << 20;

/// Children per second that run `true`, one after the other.
pub fn sequential<P: Children>(count: usize) -> f64 {
    P::run(|peer: P| async move {
        let start = Instant::now();
        for _ in 0..count {
            peer.status("true").await;
        }
        count as f64 / start.elapsed().as_secs_f64()
    })
}

/// The same, by 16 tasks at once.
pub fn concurrent<P: Children>(each: usize) -> f64 {
    P::run(|peer: P| async move {
        let start = Instant::now();
        let job = move || async move {
            for _ in 0..each {
                peer.status("true").await;
            }
        };
        let tasks: Vec<_> = (0..16).map(|_| peer.spawn(job())).collect();
        for task in tasks {
            task.await;
        }
        (16 * each) as f64 / start.elapsed().as_secs_f64()
    })
}

/// MiB per second through `cat`, fed and collected at once.
pub fn cat<P: Children>(mib: usize) -> f64 {
    P::run(|peer: P| async move {
        let input = vec![b'x'; mib * MIB];
        let start = Instant::now();
        let output = peer.cat(input).await;
        assert_eq!(output.len(), mib * MIB);
        mib as f64 / start.elapsed().as_secs_f64()
    })
}

/// Lines of 64 bytes per second that are read from a child.
pub fn lines<P: Children>(count: usize) -> f64 {
    P::run(|peer: P| async move {
        let program = std::env::current_exe().unwrap();
        let start = Instant::now();
        let lines = peer.lines(program, ["lines".to_owned(), count.to_string()]).await;
        assert_eq!(lines, count);
        count as f64 / start.elapsed().as_secs_f64()
    })
}

/// `asyncio-bench lines COUNT`: prints them.
pub fn print(count: &str) {
    let count: usize = count.parse().unwrap_or(0);
    let mut out = BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
    let line = [&[b'x'; 63][..], b"\n"].concat();
    for _ in 0..count {
        if out.write_all(&line).is_err() {
            return;
        }
    }
}
