//! A file for one test.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs::File;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file with `content`, which goes with the value.
pub(crate) struct Temporary(pub(crate) File, PathBuf);

impl Temporary {
    pub(crate) fn new(content: &[u8]) -> Temporary {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "asyncio-sendfile-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .unwrap();
        file.write_all(content).unwrap();
        Temporary(file, path)
    }

    pub(crate) fn position(&mut self) -> u64 {
        self.0.stream_position().unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.1);
    }
}
