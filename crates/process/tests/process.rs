//! Children without a loop: starting them, talking to them, and how they end.
#![cfg(unix)]

use std::io;

use asyncio_process::{
    DEVNULL, PIPE, ProcessLookupError, STDOUT, Signal, create_subprocess_exec, create_subprocess_shell,
};
use futures_lite::future::block_on;

/// SUB-01, SUB-03, SUB-09, SUB-17.
#[test]
fn a_program_gets_its_arguments_and_its_input_and_tells_how_it_ended() {
    block_on(async {
        let mut child = create_subprocess_exec("sh", ["-c", "cat; echo \"$0 $1\" >&2; exit 7", "a", "b c"])
            .stdin(PIPE)
            .stdout(PIPE)
            .stderr(PIPE)
            .await
            .unwrap();
        assert_eq!(child.returncode(), None);
        let (out, err) = child.communicate("some input").await.unwrap();
        assert_eq!(out.unwrap(), b"some input");
        assert_eq!(err.unwrap(), b"a b c\n");
        assert_eq!(child.wait().await.unwrap(), 7);
        assert_eq!(child.returncode(), Some(7));
        assert_eq!(child.exit_status().unwrap().code(), Some(7));
    });
}

/// SUB-04, SUB-05, SUB-15.
#[test]
fn stderr_can_join_stdout_in_one_pipe() {
    block_on(async {
        let line = "echo 1; echo 2 >&2; echo 3; echo 4 >&2";
        let mut child = create_subprocess_shell(line)
            .stdin(DEVNULL)
            .stdout(PIPE)
            .stderr(STDOUT)
            .await
            .unwrap();
        assert!(child.stderr.is_none());
        let (out, err) = child.communicate(None).await.unwrap();
        assert_eq!((out.unwrap().as_slice(), err), (&b"1\n2\n3\n4\n"[..], None));
        let mut child = create_subprocess_shell(line)
            .stdout(DEVNULL)
            .stderr(STDOUT)
            .await
            .unwrap();
        assert_eq!(child.communicate(None).await.unwrap(), (None, None));
    });
}

/// SUB-10 to SUB-12, SUB-17.
#[test]
fn a_signal_ends_a_child_and_is_told_by_a_negative_number() {
    block_on(async {
        for (signal, number) in [(Signal::TERM, -15), (Signal::KILL, -9), (Signal::INT, -2)] {
            let child = create_subprocess_exec("sleep", ["1000"]).await.unwrap();
            child.send_signal(signal).unwrap();
            assert_eq!(child.wait().await.unwrap(), number);
            let error = child.send_signal(signal).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            let inner = error
                .into_inner()
                .unwrap()
                .downcast::<ProcessLookupError>()
                .unwrap();
            assert_eq!(inner.pid, child.pid());
        }
        let child = create_subprocess_exec("sleep", ["1000"]).await.unwrap();
        child.terminate().unwrap();
        assert_eq!(child.wait().await.unwrap(), -15);
        let child = create_subprocess_exec("sleep", ["1000"]).await.unwrap();
        child.kill().unwrap();
        assert_eq!(child.wait().await.unwrap(), -9);
        assert!(child.kill().is_err());
    });
}
