//! A status that somebody else took. Alone in its program, for it takes that of every child.
#![cfg(unix)]

use asyncio_process::{PIPE, create_subprocess_shell};
use futures_lite::future::block_on;
use rustix::process::{WaitOptions, wait};

/// Reaps whatever ends, as a program with a handler of its own does.
fn steal() {
    wait(WaitOptions::empty())
        .expect("there is a child")
        .expect("it has ended");
}

#[test]
fn a_status_that_somebody_else_took_is_an_error_for_all_who_wait() {
    block_on(async {
        let child = create_subprocess_shell("exit 3").await.unwrap();
        steal();
        for _ in 0..2 {
            let error = child.wait().await.unwrap_err().to_string();
            assert!(
                error.contains(&child.pid().to_string()) && error.contains("somebody else"),
                "{error}"
            );
        }
        assert_eq!((child.returncode(), child.exit_status()), (None, None));
        assert!(child.kill().is_err(), "the number may be another's");

        // What it wrote is there.
        let mut child = create_subprocess_shell("echo text").stdout(PIPE).await.unwrap();
        steal();
        assert_eq!(child.communicate(None).await.unwrap().0.unwrap(), b"text\n");

        // While one waits.
        let child = create_subprocess_shell("read x").stdin(PIPE).await.unwrap();
        let handle = child.handle();
        let waiter = std::thread::spawn(move || block_on(handle.wait()));
        drop(child);
        // Whoever is first has it; the other is told.
        let stolen = wait(WaitOptions::empty());
        assert_eq!(stolen.is_ok(), waiter.join().unwrap().is_err());
    });
}
