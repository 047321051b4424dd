//! Children without a loop: starting them, talking to them, and how they end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;

use asyncio_process::{
    Command, DEVNULL, PIPE, ProcessLookupError, STDOUT, Signal, create_subprocess_exec,
    create_subprocess_shell,
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

/// SUB-10, SUB-11, SUB-12, SUB-17.
#[test]
fn a_signal_ends_a_child_and_is_told_by_a_negative_number() {
    block_on(async {
        for (signal, number) in [(Signal::TERM, -15), (Signal::KILL, -9), (Signal::USR1, -10)] {
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

/// SUB-06.
#[test]
fn files_may_be_standard_streams() {
    block_on(async {
        let directory = std::env::temp_dir().join(format!("asyncio-process-files-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let (input, output) = (directory.join("in"), directory.join("out"));
        std::fs::write(&input, "from a file").unwrap();
        let child = create_subprocess_shell("cat; echo ' and more' >&2")
            .stdin(File::open(&input).unwrap())
            .stdout(File::create(&output).unwrap())
            .stderr(STDOUT)
            .await
            .unwrap();
        assert!(child.stdin.is_none() && child.stdout.is_none());
        assert_eq!(child.wait().await.unwrap(), 0);
        assert_eq!(
            std::fs::read_to_string(&output).unwrap(),
            "from a file and more\n"
        );
        std::fs::remove_dir_all(directory).unwrap();
    });
}

async fn says(command: Command) -> String {
    let mut child = command.stdout(PIPE).await.unwrap();
    let (out, _) = child.communicate(None).await.unwrap();
    assert_eq!(child.wait().await.unwrap(), 0);
    String::from_utf8(out.unwrap()).unwrap()
}

fn shell(line: &str) -> Command {
    create_subprocess_shell(line)
}

/// SUB-07.
#[test]
fn environment_directory_and_name_are_the_childs() {
    block_on(async {
        let line = "echo ${A-unset} ${HOME-unset}";
        assert_eq!(
            says(shell(line).env("A", "1").env_remove("HOME")).await,
            "1 unset\n"
        );
        assert_eq!(
            says(shell(line).env_clear().envs([("A", "2")])).await,
            "2 unset\n"
        );
        assert_eq!(says(shell("pwd").cwd("/")).await, "/\n");
        assert_eq!(says(shell("echo $0").arg0("other")).await, "other\n");
        let std = std::process::Command::new("pwd");
        assert_eq!(says(Command::from(std).cwd("/usr")).await, "/usr\n");
    });
}

/// SUB-07.
#[test]
fn sessions_groups_and_masks_are_as_asked_for() {
    block_on(async {
        let ids = "cut -d ' ' -f 1,5,6 /proc/$$/stat";
        let numbers = |said: String| -> Vec<u32> {
            said.split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect()
        };
        // The name of the shell has no blanks, so the fields are: number, group, session.
        let [pid, group, session] = numbers(says(shell(ids)).await)[..] else {
            panic!()
        };
        assert!(pid != group && pid != session);
        let [pid, own, same] = numbers(says(shell(ids).process_group(true)).await)[..] else {
            panic!()
        };
        assert_eq!((pid, same), (own, session));
        let [pid, own, new] = numbers(says(shell(ids).start_new_session(true)).await)[..] else {
            panic!()
        };
        assert_eq!((pid, pid), (own, new));
        let joined = shell(ids).join_process_group(i32::try_from(group).unwrap());
        assert_eq!(numbers(says(joined).await)[1], group);
        assert_eq!(says(shell("umask").umask(0o27)).await, "0027\n");
        let leader = shell("sleep 1000").process_group(true).await.unwrap();
        assert!(leader.leads_group());
        leader.kill_group().unwrap();
        assert_eq!(leader.wait().await.unwrap(), -9);
        let follower = shell("exit 0").await.unwrap();
        assert_eq!(
            follower.kill_group().unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    });
}

/// SUB-07.
#[test]
fn a_descriptor_can_be_passed_and_a_hook_runs_before_the_program() {
    block_on(async {
        let (ours, theirs) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        let mut ours = File::from(ours);
        let number = theirs.as_raw_fd();
        let said = says(shell(&format!("echo there; echo passed >/dev/fd/{number}")).pass_fd(theirs)).await;
        assert_eq!(said, "there\n");
        // Nobody else holds the other end: this ends.
        let mut passed = String::new();
        ours.read_to_string(&mut passed).unwrap();
        assert_eq!(passed, "passed\n");
        let command = shell("umask").umask(0o77);
        #[expect(unsafe_code, reason = "the hook makes one system call")]
        // SAFETY: umask is async-signal-safe.
        let command = unsafe {
            command.pre_exec(|| {
                rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o7));
                Ok(())
            })
        };
        assert_eq!(says(command).await, "0007\n", "hooks come last");
        #[expect(unsafe_code, reason = "the hook does nothing")]
        // SAFETY: it makes no call.
        let refuses = unsafe { shell("exit 0").pre_exec(|| Err(io::ErrorKind::PermissionDenied.into())) };
        assert!(refuses.await.is_err());
    });
}

/// SUB-07.
#[test]
fn the_user_is_set_where_that_is_allowed() {
    block_on(async {
        if rustix::process::geteuid().is_root() {
            let command = shell("id -u; id -g; id -G").uid(12345).gid(23456).groups([34567]);
            let said = says(command).await;
            assert_eq!(said, "12345\n23456\n23456 34567\n");
            assert_eq!(says(shell("id -u").uid(12345)).await, "12345\n");
        } else {
            let error = shell("exit 0").uid(0).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
    });
}

/// SUB-13, SUB-14, SUB-16, SUB-18.
#[test]
fn what_a_child_wrote_can_be_read_after_its_end() {
    block_on(async {
        let mut child = shell("read line; echo \"$line $$\"")
            .stdin(PIPE)
            .stdout(PIPE)
            .limit(NonZeroUsize::new(1000).unwrap())
            .await
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        stdin.write(b"hello\n").unwrap();
        assert_eq!(child.wait().await.unwrap(), 0);
        let stdout = child.stdout.as_mut().unwrap();
        assert_eq!(stdout.limit(), 1000);
        let line = stdout.readline().await.unwrap();
        assert_eq!(line, format!("hello {}\n", child.pid()));
        // The pipe is broken, and this program lives.
        while stdin.write(b"x").is_ok() {}
        assert_eq!(stdin.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    });
}
