//! `run` and pipelines.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/census.rs"]
mod census;

use std::num::NonZeroUsize;
use std::time::Duration;

use asyncio_process::{
    Command, DEVNULL, PIPE, Pipeline, PipelineError, SubprocessError, create_subprocess_shell, run,
};
use futures_lite::future::{block_on, poll_once};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_run_gives_what_was_written_and_how_it_ended() {
    block_on(async {
        let output = run("sh", ["-c", "cat; echo err >&2; exit 2"])
            .input("in")
            .timeout(LONG)
            .await
            .unwrap();
        assert_eq!(
            (output.stdout.as_slice(), output.stderr.as_slice()),
            (&b"in"[..], &b"err\n"[..])
        );
        assert_eq!(output.status.code(), Some(2));
        // Nobody reads from the terminal by accident.
        assert_eq!(run("cat", ["-"]).await.unwrap().stdout, b"");
        let quiet = Command::new("echo").arg("x").stdout(DEVNULL).run().await.unwrap();
        assert_eq!(quiet.stdout, b"");
        assert_eq!(
            run("pwd", [""; 0])
                .with(|command| command.cwd("/usr"))
                .await
                .unwrap()
                .stdout,
            b"/usr\n"
        );
    });
}

#[test]
fn a_run_that_must_not_fail_says_how_it_failed() {
    block_on(async {
        let checked = create_subprocess_shell("echo why >&2; kill -9 $$")
            .run()
            .check(true)
            .await;
        let Err(SubprocessError::CalledProcess(error)) = checked else {
            panic!("{checked:?}")
        };
        assert_eq!(
            (error.returncode(), error.output.stderr.as_slice()),
            (-9, &b"why\n"[..])
        );
        let missing = run("no-such-program-here", [""; 0]).await;
        let Err(SubprocessError::Io(error)) = missing else {
            panic!("{missing:?}")
        };
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        assert!(run("true", [""; 0]).check(true).await.is_ok());
    });
}

#[test]
fn a_run_that_takes_too_long_is_ended_with_all_that_it_has_started() {
    block_on(async {
        let line = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1000; done";
        let late = create_subprocess_shell(line)
            .process_group(true)
            .grace(Duration::from_millis(10))
            .run()
            // Time to say it, on a busy machine.
            .timeout(Duration::from_secs(1))
            .await;
        let Err(SubprocessError::TimeoutExpired(error)) = late else {
            panic!("{late:?}")
        };
        let grandchild = String::from_utf8(error.output.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        census::eventually("the grandchild is gone", || !census::runs(grandchild));
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&error.output.status),
            Some(9)
        );
        assert_eq!(error.timeout, Duration::from_secs(1));
    });
}

#[test]
fn a_run_that_writes_too_much_is_ended() {
    block_on(async {
        let much = run("cat", ["/dev/zero"])
            .limit(NonZeroUsize::new(1000).unwrap())
            .await;
        let Err(SubprocessError::Io(error)) = much else {
            panic!("{much:?}")
        };
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    });
}

#[test]
fn a_run_that_is_dropped_kills_its_program() {
    block_on(async {
        let flags = PipeFlags::CLOEXEC | PipeFlags::NONBLOCK;
        let (ours, theirs) = pipe_with(flags).unwrap();
        let command = Command::new("sleep").arg("1000").stdin(ours).run();
        assert!(poll_once(command.into_future()).await.is_none());
        // The last that could read from the pipe is gone: the write fails, in the end.
        census::eventually("the program is gone", || {
            rustix::io::write(&theirs, b"x") == Err(Errno::PIPE)
        });
    });
}

#[test]
fn each_program_of_a_pipeline_reads_what_the_one_before_writes() {
    block_on(async {
        let words = Command::new("printf").arg(r"b\na\nb\n") | Command::new("sort") | Command::new("uniq");
        let output = words.run().timeout(LONG).check(true).await.unwrap();
        assert_eq!(output.stdout, b"a\nb\n");
        assert_eq!((output.statuses.len(), output.stderr.len()), (3, 3));

        let fed = Command::new("cat").pipe(Command::new("wc").arg("-c"));
        let output = fed.run().input(vec![1; 1_000_000]).await.unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "1000000");

        // One that ends early ends those before it, as in a shell.
        let output = (Command::new("yes") | Command::new("head").arg("-n1"))
            .run()
            .await
            .unwrap();
        assert_eq!(output.stdout, b"y\n");
        assert!(!output.statuses[0].success() && output.statuses[1].success());

        let failed = (create_subprocess_shell("echo bad >&2; exit 3") | Command::new("cat"))
            .run()
            .check(true);
        let Err(PipelineError::Failed(program, output)) = failed.await else {
            panic!()
        };
        assert_eq!(
            (program.to_str(), output.stderr[0].as_slice()),
            (Some("/bin/sh"), &b"bad\n"[..])
        );
    });
}

#[test]
fn a_pipeline_ends_as_a_whole() {
    block_on(async {
        let sleepers = Pipeline::new((0..3).map(|_| create_subprocess_shell("sleep 1000 & wait")));
        let late = sleepers
            .process_group(true)
            .run()
            .timeout(Duration::from_millis(20))
            .await;
        let Err(PipelineError::TimeoutExpired(_, output)) = late else {
            panic!("{late:?}")
        };
        assert!(output.statuses.iter().all(|status| status.code().is_none()));

        let running = (Command::new("cat").stdin(PIPE) | Command::new("cat").stdout(PIPE))
            .spawn()
            .unwrap();
        running.stdin.as_ref().unwrap().write(b"line\n").unwrap();
        let mut running = running;
        assert_eq!(
            running.stdout.as_mut().unwrap().readline().await.unwrap(),
            "line\n"
        );
        running.kill();
        assert_eq!(running.wait().await.unwrap(), [-9, -9]);
    });
}

#[test]
fn a_pipeline_that_cannot_be_started_leaves_nothing() {
    let broken = Command::new("sleep").arg("1000") | Command::new("no-such-program-here");
    assert_eq!(broken.spawn().unwrap_err().kind(), std::io::ErrorKind::NotFound);
    let odd = Command::new("cat").stdout(DEVNULL) | Command::new("cat");
    assert_eq!(odd.spawn().unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(
        Pipeline::new([]).spawn().unwrap_err().kind(),
        std::io::ErrorKind::InvalidInput
    );
}
