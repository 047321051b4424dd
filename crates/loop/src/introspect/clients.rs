//! The connections to the introspection socket: one request each, bounded in size, in time and in number.
//!
//! One thread waits for all of them at once, so whoever connects and says nothing holds up nobody else, nor the end of the
//! loop. Whoever makes no progress for a while is dropped.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::request::{LONGEST, Request};
use super::{answer, sys};

/// So long the other side may take to ask, and as long to take more of the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many are served at a time; others wait.
const MOST: usize = 64;
/// So long it waits with the next when the system has no descriptor for it.
const PAUSE: Duration = Duration::from_millis(50);

struct Client {
    stream: UnixStream,
    /// What came of the request.
    line: Vec<u8>,
    /// What goes back, once the request is there, and how much of it has gone.
    answer: Option<(Vec<u8>, usize)>,
    until: Instant,
}

/// Answers until the other side of `ends` is gone.
pub(super) fn serve(listener: &UnixListener, ends: &UnixStream) {
    let mut clients: Vec<Client> = Vec::new();
    let mut pause: Option<Instant> = None;
    loop {
        let now = Instant::now();
        clients.retain(|client| client.until > now);
        pause = pause.filter(|until| *until > now);
        let accepts = clients.len() < MOST && pause.is_none();
        let next = clients.iter().map(|client| client.until).chain(pause).min();
        let ready = wait(listener, ends, &clients, accepts, next.map(|next| next - now));
        let mut ready = ready.into_iter();
        if ready.next().unwrap_or(true) {
            return;
        }
        let is_next = ready.next().unwrap_or(false);
        clients.retain_mut(|client| !ready.next().unwrap_or(false) || client.goes_on().unwrap_or(false));
        if is_next && accepts {
            match listener.accept() {
                // What one client does wrong is its own affair.
                Ok((stream, _)) => clients.extend(Client::begin(stream).ok()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Out of descriptors, for one: better late than never.
                Err(_) => pause = Some(Instant::now() + PAUSE),
            }
        }
    }
}

/// Waits for something to do: at the end, at the listener, at each client.
fn wait(
    listener: &UnixListener,
    ends: &UnixStream,
    clients: &[Client],
    accepts: bool,
    limit: Option<Duration>,
) -> Vec<bool> {
    let of_listener = if accepts {
        PollFlags::IN
    } else {
        PollFlags::empty()
    };
    let mut all = vec![
        PollFd::new(ends, PollFlags::IN),
        PollFd::new(listener, of_listener),
    ];
    all.extend(
        clients
            .iter()
            .map(|client| PollFd::new(&client.stream, client.interest())),
    );
    // Rounded up, lest it comes back before the time.
    let limit = limit.map(|limit| Timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(1),
        tv_nsec: (limit.subsec_nanos() + 1).min(999_999_999).into(),
    });
    if poll(&mut all, limit.as_ref()).is_err() {
        // Interrupted, or out of memory: nothing is known to be ready.
        return vec![false; all.len()];
    }
    all.iter().map(|one| !one.revents().is_empty()).collect()
}

impl Client {
    fn begin(stream: UnixStream) -> io::Result<Client> {
        stream.set_nonblocking(true)?;
        let (peer, own) = (sys::user_of(&stream)?, sys::own_user());
        let refusal = (!sys::may_look(peer, own)).then(|| {
            let message = format!("user {peer} may not look into a process of user {own}");
            (answer::refusal(&message).into_bytes(), 0)
        });
        Ok(Client {
            stream,
            line: Vec::new(),
            answer: refusal,
            until: Instant::now() + PATIENCE,
        })
    }

    fn interest(&self) -> PollFlags {
        match self.answer {
            None => PollFlags::IN,
            Some(_) => PollFlags::OUT,
        }
    }

    /// Reads or writes as far as it goes; `false` at the end.
    fn goes_on(&mut self) -> io::Result<bool> {
        loop {
            let done = match &mut self.answer {
                None => self.read(),
                Some((bytes, sent)) => match self.stream.write(&bytes[*sent..]) {
                    Ok(count) => {
                        *sent += count;
                        self.until = Instant::now() + PATIENCE;
                        Ok(*sent == bytes.len() || count == 0)
                    }
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(true) => return Ok(false),
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads some of the request. It is complete at the end of the line or of the stream, or when it is too long. `true`: nothing
    /// came at all.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 512];
        let count = self.stream.read(&mut buffer)?;
        let read = &buffer[..count];
        let end = read.iter().position(|byte| *byte == b'\n');
        self.line.extend_from_slice(&read[..end.unwrap_or(count)]);
        if count == 0 && self.line.is_empty() {
            return Ok(true);
        }
        if end.is_some() || count == 0 || self.line.len() > LONGEST {
            let answer = match Request::parse(&self.line) {
                _ if self.line.len() > LONGEST => {
                    answer::refusal(&format!("the request is longer than {LONGEST} bytes"))
                }
                Ok(request) => answer::answer(request),
                Err(message) => answer::refusal(&message),
            };
            self.answer = Some((answer.into_bytes(), 0));
            self.until = Instant::now() + PATIENCE;
        }
        Ok(false)
    }
}
