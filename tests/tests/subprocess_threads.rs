//! Which threads children cost. Alone in its program, for it counts those that this has.
#![cfg(target_os = "linux")]

use asyncio::subprocess::{Command, PIPE};

fn names() -> Vec<String> {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let name = |thread: std::io::Result<std::fs::DirEntry>| {
        let path = thread.expect("an entry").path().join("comm");
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    threads.map(name).collect()
}

// POL-16
#[test]
fn under_a_loop_children_cost_the_one_thread_of_async_io() {
    let before = names();
    asyncio::run(async {
        for _ in 0..3 {
            let mut child = Command::new("cat").stdin(PIPE).stdout(PIPE).await.unwrap();
            assert_eq!(child.communicate("x").await.unwrap().0.unwrap(), b"x");
            // One that nobody waits for.
            drop(Command::new("true").await.unwrap());
        }
        let mut new = names();
        for known in &before {
            new.remove(
                new.iter()
                    .position(|name| name == known)
                    .expect("no thread has ended"),
            );
        }
        assert_eq!(new, ["async-io"]);
    });
}
