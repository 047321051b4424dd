//! A child that there is on every system: this program, which lists its tests.

use asyncio_process::{Command, PIPE};

// PLA-07, SUB-01: written for all systems, run on Linux.
#[test]
fn a_child_is_started_read_and_waited_for_on_every_system() {
    asyncio_loop::run(async {
        let this = std::env::current_exe().unwrap();
        let mut child = Command::new(this).arg("--list").stdout(PIPE).await.unwrap();
        let (stdout, _) = child.communicate(None).await.unwrap();
        assert_eq!(child.wait().await.unwrap(), 0);
        let listed = String::from_utf8(stdout.unwrap().to_vec()).unwrap();
        assert!(listed.contains("a_child_is_started"), "{listed}");
    });
}
