//! How often this process is the child of a `fork`.
//!
//! A child has the descriptors of its parent but none of its threads: a driver on a thread of its own is gone, and
//! an epoll instance is shared with the parent. A driver remembers the generation in which it was made and compares
//! it at each registration, so that a child gets an error or a driver of its own instead of a hang.

/// A number that differs between a process and each of its forked children. It never changes within a process.
///
/// # Examples
///
/// ```
/// let before = asyncio_core::fork_generation();
/// assert_eq!(before, asyncio_core::fork_generation());
/// ```
pub fn fork_generation() -> u32 {
    sys::generation()
}

#[cfg(unix)]
mod sys {
    #![expect(
        unsafe_code,
        reason = "pthread_atfork takes an extern fn, and std has no other way to see a fork"
    )]

    use std::sync::Once;
    use std::sync::atomic::{AtomicU32, Ordering};

    static GENERATION: AtomicU32 = AtomicU32::new(0);
    static HOOK: Once = Once::new();

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn generation() -> u32 {
        HOOK.call_once(|| {
            // SAFETY: `in_child` is async-signal-safe (one atomic addition) and lives as long as the program. An
            // error (ENOMEM) leaves the generation at 0: forks then go unseen, as in a program without this hook.
            let _ = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        });
        GENERATION.load(Ordering::Relaxed)
    }
}

#[cfg(not(unix))]
mod sys {
    pub(super) fn generation() -> u32 {
        0
    }
}
