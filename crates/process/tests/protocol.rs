//! Children with protocols: what is told, in which order, and how it ends.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/told.rs"]
mod told;

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio_core::ExceptionContext;
use asyncio_loop::{Runner, get_running_loop};
use asyncio_process::{
    DEVNULL, ProcessHandle, STDOUT, Signal, StartError, SubprocessTransport, subprocess_exec,
    subprocess_shell,
};
use asyncio_tasks::{timeout, yield_now};

use told::{Log, Told};

/// On a loop, within a bound.
fn run(main: impl Future<Output = io::Result<()>>) {
    let bounded = async { timeout(Duration::from_secs(60), main).await.unwrap() };
    Runner::new().run(bounded).unwrap().unwrap();
}

/// LOP-68, TRP-20, TRP-21, TRP-22, TRP-40, TRP-41, TRP-42, TRP-43.
#[test]
fn a_child_is_fed_and_read_and_its_end_is_told_in_order() {
    run(async {
        let log = Log::new();
        let child = subprocess_exec(log.factory(), "cat", ["-"])
            .stderr(DEVNULL)
            .await?;
        assert_eq!(log.told(), [Told::Made]);
        assert_eq!(child.get_pid(), child.handle().pid());
        assert_eq!(child.get_returncode(), None);
        assert!(child.get_pipe_transport(2).is_none(), "not piped");
        assert!(child.get_pipe_transport(3).is_none(), "no such stream");
        let out = child.get_pipe_transport(1).unwrap();
        assert_eq!(out.write(b"x").unwrap_err().kind(), ErrorKind::Unsupported);
        let stdin = child.get_pipe_transport(0).unwrap();
        stdin.write(b"one")?;
        log.until(|log| log.data(1) == b"one").await;
        stdin.write(b"two")?;
        stdin.write_eof()?;
        log.until_lost().await;
        assert_eq!(log.data(1), b"onetwo");
        assert_eq!(child.get_returncode(), Some(0));
        for told in [
            Told::PipeLost(0, None),
            Told::PipeLost(1, None),
            Told::Exited,
            Told::Lost(None),
        ] {
            assert!(log.has(&told), "{told:?}");
        }
        assert!(stdin.is_closing() && out.is_closing());
        Ok(())
    });
}

/// SUB-22, LOP-69, TRP-40.
#[test]
fn a_line_of_the_shell_writes_to_two_pipes_or_to_one() {
    run(async {
        let line = "echo out; echo err >&2; exit 3";
        let log = Log::new();
        let child = subprocess_shell(log.factory(), line).await?;
        log.until_lost().await;
        assert_eq!((log.data(1), log.data(2)), (b"out\n".into(), b"err\n".into()));
        assert_eq!(child.get_returncode(), Some(3));
        let log = Log::new();
        drop(subprocess_shell(log.factory(), line).stderr(STDOUT).await?);
        log.until_lost().await;
        assert_eq!(log.data(1), b"out\nerr\n");
        Ok(())
    });
}

/// TRP-23, TRP-24, TRP-25.
#[test]
fn signals_reach_the_child_and_none_is_sent_when_it_is_gone() {
    type Send = fn(&SubprocessTransport) -> io::Result<()>;
    let ways: [(Send, i32); 3] = [
        (|child| child.kill(), -9),
        (|child| child.terminate(), -15),
        (|child| child.send_signal(Signal::USR1), -10),
    ];
    run(async move {
        for (send, code) in ways {
            let log = Log::new();
            let child = subprocess_exec(log.factory(), "sleep", ["1000"]).await?;
            send(&child)?;
            log.until_lost().await;
            assert_eq!(child.get_returncode(), Some(code));
            assert!(!child.is_closing());
            assert_eq!(send(&child).unwrap_err().kind(), ErrorKind::NotFound);
        }
        Ok(())
    });
}

/// TRP-26, TRP-43.
#[test]
fn close_kills_a_child_that_runs_and_tells_all_of_it_once() {
    run(async {
        let log = Log::new();
        let child = subprocess_exec(log.factory(), "sleep", ["1000"]).await?;
        child.close();
        child.close();
        assert!(child.is_closing());
        log.until_lost().await;
        assert_eq!(child.get_returncode(), Some(-9));
        let lost = |told: &&Told| matches!(told, Told::PipeLost(_, None));
        assert_eq!(log.told().iter().filter(lost).count(), 3);
        assert_eq!(log.told().len(), 6);
        Ok(())
    });
}

/// TRP-26.
#[test]
fn close_does_not_kill_a_child_that_has_ended_by_itself() {
    run(async {
        let log = Log::new();
        let child = subprocess_shell(log.factory(), "exit 4").await?;
        child.handle().wait().await?;
        child.close();
        log.until_lost().await;
        assert_eq!(child.get_returncode(), Some(4));
        assert_eq!(log.told().last(), Some(&Told::Lost(None)));
        Ok(())
    });
}

/// TRP-41.
#[test]
fn a_child_that_closes_its_input_is_noticed_while_it_runs() {
    run(async {
        let log = Log::new();
        let child = subprocess_shell(log.factory(), "exec <&-; exec sleep 1000").await?;
        log.until(|log| log.has(&Told::PipeLost(0, None))).await;
        assert_eq!(child.get_returncode(), None);
        let write = child.get_pipe_transport(0).unwrap().write(b"x");
        assert!(write.is_err());
        child.close();
        log.until_lost().await;
        Ok(())
    });
}

/// TRP-41.
#[test]
fn input_that_is_never_read_is_an_error_of_its_pipe() {
    run(async {
        let log = Log::new();
        let child = subprocess_shell(log.factory(), "read line").await?;
        let stdin = child.get_pipe_transport(0).unwrap();
        stdin.write(&vec![b'x'; 1 << 20])?;
        stdin.write(b"\n")?;
        child.kill()?;
        log.until_lost().await;
        assert!(log.has(&Told::PipeLost(0, Some(ErrorKind::BrokenPipe))));
        assert_eq!(log.told().last(), Some(&Told::Lost(None)));
        Ok(())
    });
}

/// TRP-22, TRP-43.
#[test]
fn writing_is_paused_and_resumed_and_so_is_reading() {
    run(async {
        let log = Log::new();
        let child = subprocess_exec(log.factory(), "cat", ["-"]).await?;
        let (stdin, out) = (
            child.get_pipe_transport(0).unwrap(),
            child.get_pipe_transport(1).unwrap(),
        );
        out.pause_reading();
        assert!(!out.is_reading());
        stdin.write(&vec![7; 2 << 20])?;
        log.until(|log| log.has(&Told::Pause)).await;
        for _ in 0..50 {
            yield_now().await;
        }
        assert!(log.data(1).is_empty() && !log.has(&Told::Resume));
        out.resume_reading();
        log.until(|log| log.has(&Told::Resume)).await;
        stdin.write_eof()?;
        log.until_lost().await;
        assert_eq!(log.data(1), vec![7; 2 << 20]);
        Ok(())
    });
}

/// TRP-40, TRP-43.
#[test]
fn a_panic_is_reported_and_ends_the_child() {
    run(async {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let to = reports.clone();
        get_running_loop().set_exception_handler(Some(Arc::new(move |context: &ExceptionContext| {
            to.lock().unwrap().push(context.message().to_owned());
        })));
        let log = Log::new().hook(|told, _| assert!(!matches!(told, Told::Data(..)), "on purpose"));
        let child = subprocess_shell(log.factory(), "echo x; exec sleep 1000").await?;
        log.until_lost().await;
        assert_eq!(child.get_returncode(), Some(-9));
        assert_eq!(log.told().last(), Some(&Told::Lost(Some(ErrorKind::Other))));
        let log = Log::new().hook(|told, _| assert_ne!(*told, Told::Made, "on purpose"));
        let refused = subprocess_exec(log.factory(), "sleep", ["1000"]).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Other);
        log.until_lost().await;
        let message = |name| format!("Fatal error: protocol.{name}() call failed.");
        assert_eq!(
            *reports.lock().unwrap(),
            [message("pipe_data_received"), message("connection_made")]
        );
        Ok(())
    });
}

/// TRP-26, TRP-43.
#[test]
fn the_end_of_the_loop_kills_the_child_and_is_told() {
    let log = Log::new();
    let mut handle: Option<ProcessHandle> = None;
    run(async {
        let child = subprocess_exec(log.factory(), "sleep", ["1000"]).await?;
        handle = Some(child.handle());
        Ok(())
    });
    assert_eq!(
        log.told(),
        [Told::Made, Told::Lost(Some(ErrorKind::ConnectionAborted))]
    );
    let ended = futures_lite::future::block_on(handle.unwrap().wait());
    assert_eq!(ended.unwrap(), -9);
}

/// LOP-68.
#[test]
fn what_cannot_be_started_is_an_error_and_tells_nobody() {
    let log = Log::new();
    let nowhere =
        futures_lite::future::block_on(subprocess_exec(log.factory(), "true", [""; 0]).into_future());
    assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::Other);
    let told = log.clone();
    run(async move {
        let missing = subprocess_exec(told.factory(), "/no/such/program", [""; 0]).await;
        let error = missing.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.get_ref().is_some_and(|inner| inner.is::<StartError>()));
        Ok(())
    });
    assert!(log.told().is_empty());
}
