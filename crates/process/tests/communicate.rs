//! `communicate`: feeding and collecting at once, with limits, and with children that do not play along.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/census.rs"]
mod census;

use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use asyncio_process::{Command, PIPE, create_subprocess_exec, create_subprocess_shell};
use futures_lite::future::block_on;

fn piped(line: &str) -> Command {
    create_subprocess_shell(line)
        .stdin(PIPE)
        .stdout(PIPE)
        .stderr(PIPE)
}

fn size(bytes: usize) -> NonZeroUsize {
    NonZeroUsize::new(bytes).unwrap()
}

/// Polls once, as a wait that is given up at its first suspension.
async fn begin(talk: impl IntoFuture) {
    let mut talk = pin!(talk.into_future());
    poll_fn(|cx| {
        assert!(talk.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// SUB-09.
#[test]
fn more_than_the_pipes_hold_goes_all_ways_at_once() {
    block_on(async {
        let input: Vec<u8> = (0..5_000_000_u32).map(|byte| byte as u8).collect();
        let mut child = piped("tee /dev/stderr").await.unwrap();
        let (out, err) = child.communicate(input.clone()).await.unwrap();
        assert!(out.unwrap() == input && err.unwrap() == input);
        assert_eq!(child.returncode(), Some(0), "it was waited for");
    });
}

/// SUB-09.
#[test]
fn what_is_not_piped_is_none_and_no_input_closes_the_childs_stdin() {
    block_on(async {
        let mut child = create_subprocess_exec("cat", ["-"]).stdin(PIPE).await.unwrap();
        assert_eq!(child.communicate(None).await.unwrap(), (None, None));
        assert_eq!(child.returncode(), Some(0));
        let mut child = piped("cat").await.unwrap();
        let (out, err) = child.communicate("").await.unwrap();
        assert_eq!((out, err), (Some(vec![]), Some(vec![])));
        let mut child = create_subprocess_exec("cat", ["/dev/null"]).await.unwrap();
        let error = child.communicate("x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(child.wait().await.unwrap(), 0);
    });
}

/// SUB-09: no SIGPIPE, no error.
#[test]
fn a_child_that_does_not_read_its_input_does_no_harm() {
    block_on(async {
        let input = vec![7; 3_000_000];
        let mut closes = piped("exec <&-; echo closed; sleep 0.05; echo bye")
            .await
            .unwrap();
        let (out, _) = closes.communicate(input.clone()).await.unwrap();
        assert_eq!(out.unwrap(), b"closed\nbye\n");
        let mut ends = piped("exit 5").await.unwrap();
        assert_eq!(
            ends.communicate(input.clone()).await.unwrap(),
            (Some(vec![]), Some(vec![]))
        );
        assert_eq!(ends.wait().await.unwrap(), 5);
        let mut some = piped("head -c 3").await.unwrap();
        assert_eq!(some.communicate(input).await.unwrap().0.unwrap(), [7; 3]);
    });
}

#[test]
fn a_limit_stops_the_collection_and_loses_nothing() {
    block_on(async {
        let mut child = piped("head -c 3000000 /dev/zero; echo end >&2").await.unwrap();
        let error = child.communicate(None).limit(size(100_000)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("100000") && error.to_string().contains("stdout"));
        let come = child.stdout.as_ref().unwrap().buffered().len();
        // One read more than the limit, of at most what a pipe holds.
        assert!(come > 100_000 && come < 100_000 + 2 * 1024 * 1024, "{come}");
        assert_eq!(child.returncode(), None, "it is held up");
        let (out, err) = child.communicate(None).limit(size(3_000_000)).await.unwrap();
        assert_eq!(
            (out.unwrap().len(), err.unwrap().as_slice()),
            (3_000_000, &b"end\n"[..])
        );
    });
}

#[test]
fn a_timeout_keeps_what_came_and_leaves_the_child_alone() {
    block_on(async {
        let mut child = piped("echo early; cat").await.unwrap();
        // Until the word has come.
        while child.stdout.as_ref().unwrap().buffered().is_empty() {
            let stdout = child.stdout.as_mut().unwrap();
            poll_fn(|cx| stdout.poll_more(cx)).await.unwrap();
        }
        let stdin = child.stdin.take();
        let error = child
            .communicate(None)
            .timeout(Duration::from_millis(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(child.returncode(), None);
        child.stdin = stdin;
        let (out, _) = child
            .communicate("late\n")
            .timeout(Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(out.unwrap(), b"early\nlate\n");
    });
}

#[test]
fn a_talk_that_was_given_up_goes_on_in_the_next() {
    block_on(async {
        let input = vec![3; 2_000_000];
        let mut child = piped("cat").await.unwrap();
        begin(child.communicate(input.clone())).await;
        let (out, _) = child.communicate(None).await.unwrap();
        assert!(out.unwrap() == input);
    });
}

/// The child has ended, and what it has started holds its pipes.
#[test]
fn a_grandchild_that_holds_the_pipe_holds_up_nobody_for_long() {
    block_on(async {
        let line = "sleep 1000 & echo $!; exit 3";
        let mut child = piped(line)
            .process_group(true)
            .drain_timeout(Duration::from_millis(20))
            .await
            .unwrap();
        let (out, _) = child.communicate(None).await.unwrap();
        let grandchild: u32 = String::from_utf8(out.unwrap()).unwrap().trim().parse().unwrap();
        assert_eq!(child.returncode(), Some(3));
        // The child was reaped, and its group is still reached.
        child.kill_group().unwrap();
        census::eventually("the grandchild is killed", || !census::runs(grandchild));
    });
}

/// The last look is at the pipes themselves: what the child has written comes, however little time there is.
#[test]
fn no_time_at_all_is_enough_for_what_is_in_the_pipes() {
    block_on(async {
        for _ in 0..20 {
            let line = "exec 3>&1 4>&2; head -c 50000 /dev/zero; echo err >&2; sleep 1000 & echo $! >&2";
            let mut child = piped(line)
                .process_group(true)
                .kill_on_drop(true)
                .drain_timeout(Duration::ZERO)
                .await
                .unwrap();
            assert_eq!(child.wait().await.unwrap(), 0);
            let (out, err) = child.communicate(None).await.unwrap();
            assert_eq!(out.unwrap().len(), 50_000);
            assert!(err.unwrap().starts_with(b"err\n"));
        }
    });
}

/// As Python does it, on request.
#[test]
fn without_a_bound_the_pipe_is_read_to_its_end() {
    block_on(async {
        let line = "(sleep 0.1; echo late) & echo early";
        let mut child = piped(line).drain_timeout(None).await.unwrap();
        let (out, _) = child.communicate(None).await.unwrap();
        assert_eq!(out.unwrap(), b"early\nlate\n");
    });
}
