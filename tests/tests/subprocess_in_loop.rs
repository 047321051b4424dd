//! Children under a loop: on its thread, on its pool, and as members of groups.
#![cfg(unix)]

use std::time::Duration;

use asyncio::subprocess::{Command, DEVNULL, PIPE, TaskGroupExt};
use asyncio::{Runner, create_subprocess_exec, create_subprocess_shell, spawn, task_group};

#[test]
fn a_child_of_a_loop_talks_and_ends() {
    asyncio::run(async {
        let mut child = create_subprocess_exec("cat", [""; 0])
            .stdin(PIPE)
            .stdout(PIPE)
            .await
            .unwrap();
        let (out, _) = child.communicate("hello").await.unwrap();
        assert_eq!(out.unwrap(), b"hello");
        assert_eq!(child.wait().await.unwrap(), 0);
    });
}

/// SUB-20.
#[test]
fn a_child_may_be_made_on_the_pool_and_awaited_on_the_loop() {
    asyncio::run(async {
        let child = spawn(async { create_subprocess_shell("exit 3").stdin(DEVNULL).await.unwrap() });
        assert_eq!(child.await.unwrap().wait().await.unwrap(), 3);
        let child = create_subprocess_shell("exit 4").await.unwrap();
        assert_eq!(
            spawn(async move { child.wait().await.unwrap() }).await.unwrap(),
            4
        );
    });
}

#[test]
fn a_group_that_fails_ends_its_children_and_reaps_them() {
    let mut runner = Runner::new();
    runner
        .run(async {
            let mut handle = None;
            let failed = task_group(async |tg| {
                let child = tg.subprocess(Command::new("sleep").arg("1000")).await?;
                handle = Some(child.handle());
                Err::<(), _>(std::io::Error::other("no"))
            })
            .await;
            assert_eq!(failed.unwrap_err().errors().len(), 1);
            let handle = handle.unwrap();
            assert_eq!(handle.returncode(), Some(-15));
            assert!(!std::path::Path::new(&format!("/proc/{}", handle.pid())).exists());
            asyncio::sleep(Duration::ZERO).await;
        })
        .unwrap();
}
