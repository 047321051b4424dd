//! Threads that stay on one core.
//!
//! The process may be confined to some of the machine's cores, by a container or by `taskset`; only those count.

use std::io;

/// The cores that the process may use, in order.
pub(super) struct Cpus(Vec<usize>);

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::*;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    impl Cpus {
        pub(crate) fn allowed() -> io::Result<Cpus> {
            let set = sched_getaffinity(None)?;
            let cpus: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect();
            if cpus.is_empty() {
                return Err(io::Error::other("the system names no core that may be used"));
            }
            Ok(Cpus(cpus))
        }

        /// Pins the calling thread. With more threads than cores, they share.
        pub(crate) fn pin_this_thread(&self, core: usize) -> io::Result<()> {
            let mut set = CpuSet::new();
            set.set(self.0[core % self.0.len()]);
            Ok(sched_setaffinity(None, &set)?)
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Cpus {
    pub(super) fn allowed() -> io::Result<Cpus> {
        let message = "threads can be pinned on Linux and Android only: leave out `pin`";
        Err(io::Error::new(io::ErrorKind::Unsupported, message))
    }

    pub(super) fn pin_this_thread(&self, core: usize) -> io::Result<()> {
        debug_assert!(core < self.0.len(), "there is no way to get here");
        Ok(())
    }
}
