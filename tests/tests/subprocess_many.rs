//! Many children at once under a loop, on its thread and on its pool. Alone in its program, for it counts what that has.
#![cfg(target_os = "linux")]

use asyncio::subprocess::{Command, PIPE};
use asyncio::{Runner, gather_all, gather_all_spawn};

/// Feeds a child and reads what comes back.
async fn cat(number: usize) -> usize {
    let cat = Command::new("cat").stdin(PIPE).stdout(PIPE).await;
    let mut cat = cat.expect("there is a cat");
    let (out, _) = cat.communicate(number.to_string()).await.expect("it gives back");
    let code = cat.wait().await.expect("nobody took its status");
    let out = String::from_utf8(out.unwrap_or_default());
    out.ok()
        .and_then(|out| out.parse::<usize>().ok())
        .expect("a number")
        + usize::try_from(code).expect("0")
}

async fn truth() -> i32 {
    let child = Command::new("true").await.expect("it starts");
    child.wait().await.expect("nobody took its status")
}

fn children() -> String {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(thread.expect("an entry").path().join("children")).unwrap_or_default()
    };
    threads.map(of_thread).collect()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux has it").count()
}

#[test]
fn sixteen_times_sixty_four_children_leave_nothing_behind() {
    // What is made once, and stays: async-io's reactor.
    asyncio::run(truth());
    let before = descriptors();
    let mut runner = Runner::new();
    let ran = runner.run(async {
        for _ in 0..16 {
            let ended = gather_all((0..64).map(|_| truth())).await;
            assert!(ended.into_iter().all(|code| code.is_ok_and(|code| code == 0)));
        }
        let numbers = gather_all((0..64).map(cat)).await;
        assert!(
            numbers
                .into_iter()
                .enumerate()
                .all(|(at, number)| number.is_ok_and(|number| number == at))
        );
        let numbers = gather_all_spawn((0..64).map(cat)).await;
        assert!(
            numbers
                .into_iter()
                .enumerate()
                .all(|(at, number)| number.is_ok_and(|number| number == at))
        );
    });
    ran.expect("the loop ran");
    runner.close();
    assert_eq!(children(), "", "all were waited for");
    assert_eq!(descriptors(), before);
}
