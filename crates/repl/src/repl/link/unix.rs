//! The link by a Unix socket in the session's folder. A new evaluator, after a crash of the old one, connects again.

use std::io::{self, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;

/// The end of the program at the terminal.
#[derive(Clone, Default)]
pub(crate) struct Link {
    evaluator: Arc<Mutex<Option<UnixStream>>>,
}

impl Link {
    /// Listens at `path`, and sends on the lines that come.
    pub(crate) fn listen(path: &Path, lines: Sender<String>) -> io::Result<Link> {
        let listener = UnixListener::bind(path)?;
        let link = Link::default();
        let evaluator = link.evaluator.clone();
        std::thread::Builder::new()
            .name("asyncio-link".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    *evaluator.lock().unwrap_or_else(PoisonError::into_inner) = stream.try_clone().ok();
                    pass_on(stream, &lines);
                }
            })?;
        Ok(link)
    }

    /// Asks the input that runs to stop.
    pub(crate) fn interrupt(&self) {
        if let Some(evaluator) = &mut *self.evaluator.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = evaluator.write_all(b"!");
        }
    }
}

/// Until the evaluator is gone.
fn pass_on(stream: UnixStream, lines: &Sender<String>) {
    let mut reader = io::BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(io::BufRead::read_until(&mut reader, b'\n', &mut line), Ok(read) if read > 0) {
        let text = String::from_utf8_lossy(&line);
        if lines.send(text.trim_end_matches('\n').to_owned()).is_err() {
            return;
        }
        line.clear();
    }
}

/// The end of the process that evaluates, where there is one.
pub(crate) fn connect() -> Option<UnixStream> {
    UnixStream::connect(std::env::var_os(super::VARIABLE)?).ok()
}
