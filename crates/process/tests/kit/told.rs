//! A protocol that writes down what it is told of a child, and fails when it is told something out of its turn.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use asyncio_net::BaseProtocol;
use asyncio_process::{SubprocessProtocol, SubprocessTransport};
use event_listener::Event;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Made,
    Data(i32, Vec<u8>),
    PipeLost(i32, Option<io::ErrorKind>),
    Exited,
    Pause,
    Resume,
    Lost(Option<io::ErrorKind>),
}

type Hook = Box<dyn Fn(&Told, &SubprocessTransport)>;

#[derive(Default)]
pub(crate) struct Log {
    told: RefCell<Vec<Told>>,
    transport: RefCell<Option<SubprocessTransport>>,
    hook: RefCell<Option<Hook>>,
    inside: Cell<bool>,
    failed: Cell<bool>,
    changed: Event,
}

impl Log {
    pub(crate) fn new() -> Rc<Log> {
        Rc::default()
    }

    /// What is done inside of each call.
    pub(crate) fn hook(self: Rc<Log>, hook: impl Fn(&Told, &SubprocessTransport) + 'static) -> Rc<Log> {
        *self.hook.borrow_mut() = Some(Box::new(hook));
        self
    }

    pub(crate) fn factory(self: &Rc<Log>) -> impl FnOnce() -> Recorder + use<> {
        let log = self.clone();
        || Recorder(log)
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.borrow().clone()
    }

    pub(crate) fn has(&self, told: &Told) -> bool {
        self.told.borrow().contains(told)
    }

    /// All that came of a pipe.
    pub(crate) fn data(&self, of: i32) -> Vec<u8> {
        let mut all = Vec::new();
        for told in &*self.told.borrow() {
            match told {
                Told::Data(fd, data) if *fd == of => all.extend_from_slice(data),
                _ => {}
            }
        }
        all
    }

    pub(crate) async fn until(&self, wanted: impl Fn(&Log) -> bool) {
        while !wanted(self) {
            self.changed.listen().await;
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.told.borrow().last(), Some(Told::Lost(_)))
    }

    pub(crate) async fn until_lost(&self) {
        self.until(Log::is_lost).await;
        assert!(!self.failed.get(), "a call out of its turn: {:?}", self.told());
    }

    fn tell(&self, told: Told) {
        // The pump catches what panics here.
        let failed = self.failed.replace(true);
        assert!(!self.inside.replace(true), "{told:?} inside of another call");
        {
            let mut all = self.told.borrow_mut();
            assert_eq!(told == Told::Made, all.is_empty(), "{told:?} after {all:?}");
            assert!(
                !matches!(all.last(), Some(Told::Lost(_))),
                "{told:?} after the end"
            );
            let twice = matches!(told, Told::Exited) && all.contains(&told);
            assert!(!twice, "{told:?} twice");
            if let Told::Data(fd, _) | Told::PipeLost(fd, _) = &told {
                let lost = |told: &Told| matches!(told, Told::PipeLost(lost, _) if lost == fd);
                assert!(!all.iter().any(lost), "{told:?} after the end of the pipe");
            }
            all.push(told.clone());
        }
        self.failed.set(failed);
        self.changed.notify(usize::MAX);
        let hook = self.hook.borrow();
        let transport = self.transport.borrow().clone();
        self.inside.set(false);
        if let (Some(hook), Some(transport)) = (&*hook, transport) {
            self.inside.set(true);
            let _outside = Outside(&self.inside);
            hook(&told, &transport);
        }
    }
}

/// The call is over, also when it panics.
struct Outside<'a>(&'a Cell<bool>);

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

pub(crate) struct Recorder(Rc<Log>);

impl BaseProtocol<SubprocessTransport> for Recorder {
    fn connection_made(&mut self, transport: SubprocessTransport) {
        *self.0.transport.borrow_mut() = Some(transport);
        self.0.tell(Told::Made);
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.0.tell(Told::Lost(error.map(|error| error.kind())));
    }

    fn pause_writing(&mut self) {
        self.0.tell(Told::Pause);
    }

    fn resume_writing(&mut self) {
        self.0.tell(Told::Resume);
    }
}

impl SubprocessProtocol for Recorder {
    fn pipe_data_received(&mut self, fd: i32, data: &[u8]) {
        assert!(!data.is_empty());
        self.0.tell(Told::Data(fd, data.to_vec()));
    }

    fn pipe_connection_lost(&mut self, fd: i32, error: Option<io::Error>) {
        self.0.tell(Told::PipeLost(fd, error.map(|error| error.kind())));
    }

    fn process_exited(&mut self) {
        self.0.tell(Told::Exited);
    }
}
