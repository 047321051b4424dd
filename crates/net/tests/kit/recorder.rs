//! A protocol that writes down what it is told, and fails when it is told something out of its turn.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio_loop::Runner;
use asyncio_net::{BaseProtocol, BufferedProtocol, Protocol, Transport};
use asyncio_sync::Event;
use futures_lite::future;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Made,
    Data(Vec<u8>),
    Eof,
    Pause,
    Resume,
    Lost(Option<io::ErrorKind>),
}

/// What is done inside of a callback.
type Hook = Box<dyn FnMut(&Told, &Transport)>;

#[derive(Default)]
pub(crate) struct Log {
    told: RefCell<Vec<Told>>,
    transport: RefCell<Option<Transport>>,
    inside: Cell<bool>,
    changed: Event,
    keeps_open: Cell<bool>,
    successor: Cell<bool>,
    hook: RefCell<Option<Hook>>,
}

impl Log {
    pub(crate) fn new() -> Rc<Log> {
        Rc::default()
    }

    /// For a protocol that is set in mid-stream.
    pub(crate) fn successor(self: Rc<Log>) -> Rc<Log> {
        self.successor.set(true);
        self
    }

    pub(crate) fn keep_open(self: Rc<Log>) -> Rc<Log> {
        self.keeps_open.set(true);
        self
    }

    pub(crate) fn hook(self: Rc<Log>, hook: impl FnMut(&Told, &Transport) + 'static) -> Rc<Log> {
        *self.hook.borrow_mut() = Some(Box::new(hook));
        self
    }

    /// A factory of this log's one protocol.
    pub(crate) fn factory(self: &Rc<Log>) -> impl Fn() -> Recorder + 'static {
        let log = self.clone();
        move || Recorder(log.clone())
    }

    pub(crate) fn buffered(self: &Rc<Log>, room: usize) -> impl Fn() -> Buffered + 'static {
        let log = self.clone();
        move || Buffered(log.clone(), vec![0; room])
    }

    /// What was told, data put together.
    pub(crate) fn told(&self) -> Vec<Told> {
        let mut all: Vec<Told> = Vec::new();
        for told in self.told.borrow().iter() {
            match (all.last_mut(), told) {
                (Some(Told::Data(bytes)), Told::Data(more)) => bytes.extend(more),
                _ => all.push(told.clone()),
            }
        }
        all
    }

    pub(crate) fn data(&self) -> Vec<u8> {
        let told = self.told.borrow();
        let bytes = told.iter().filter_map(|told| match told {
            Told::Data(bytes) => Some(&bytes[..]),
            _ => None,
        });
        bytes.flatten().copied().collect()
    }

    pub(crate) fn has(&self, wanted: &Told) -> bool {
        self.told.borrow().contains(wanted)
    }

    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.told.borrow().last(), Some(Told::Lost(_)))
    }

    pub(crate) fn transport(&self) -> Transport {
        self.transport.borrow().clone().unwrap()
    }

    /// Waits until the log is so.
    pub(crate) async fn until(&self, done: impl Fn(&Log) -> bool) {
        loop {
            self.changed.clear();
            if done(self) {
                return;
            }
            self.changed.wait().await;
        }
    }

    pub(crate) async fn until_lost(&self) {
        self.until(Log::is_lost).await;
    }

    fn tell(&self, told: Told) {
        assert!(!self.inside.replace(true), "{told:?} inside of another call");
        self.check(&told);
        self.told.borrow_mut().push(told.clone());
        self.changed.set();
        let hook = self.hook.borrow_mut().take();
        let inside = Inside(self);
        if let Some(mut hook) = hook {
            let transport = self.transport();
            hook(&told, &transport);
            *self.hook.borrow_mut() = Some(hook);
        }
        drop(inside);
    }

    /// The grammar: made, then data and at most one eof, pauses and resumptions by turns, at last lost.
    fn check(&self, next: &Told) {
        let told = self.told.borrow();
        let paused = told
            .iter()
            .rev()
            .find(|told| matches!(told, Told::Pause | Told::Resume))
            == Some(&Told::Pause);
        let lost = told.iter().any(|told| matches!(told, Told::Lost(_)));
        let allowed = match next {
            Told::Made => told.is_empty() && !self.successor.get(),
            Told::Data(bytes) => !bytes.is_empty() && !told.contains(&Told::Eof),
            Told::Eof => !told.contains(&Told::Eof),
            Told::Pause => !paused,
            Told::Resume => paused,
            Told::Lost(_) => true,
        };
        assert!(
            allowed && !lost && (*next == Told::Made || !told.is_empty() || self.successor.get()),
            "{next:?} after {told:?}"
        );
    }
}

struct Inside<'a>(&'a Log);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.set(false);
    }
}

pub(crate) struct Recorder(pub(crate) Rc<Log>);
pub(crate) struct Buffered(pub(crate) Rc<Log>, pub(crate) Vec<u8>);

macro_rules! base {
    ($kind:ty) => {
        impl BaseProtocol for $kind {
            fn connection_made(&mut self, transport: Transport) {
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
    };
}

base!(Recorder);
base!(Buffered);

impl Protocol for Recorder {
    fn data_received(&mut self, data: &[u8]) {
        self.0.tell(Told::Data(data.to_vec()));
    }

    fn eof_received(&mut self) -> bool {
        self.0.tell(Told::Eof);
        self.0.keeps_open.get()
    }
}

impl BufferedProtocol for Buffered {
    fn get_buffer(&mut self, _: Option<usize>) -> &mut [u8] {
        &mut self.1
    }

    fn buffer_updated(&mut self, count: usize) {
        self.0.tell(Told::Data(self.1[..count].to_vec()));
    }

    fn eof_received(&mut self) -> bool {
        self.0.tell(Told::Eof);
        self.0.keeps_open.get()
    }
}

/// Runs a test on a loop, and gives what the exception handler was told.
pub(crate) fn run_reported<T>(main: impl Future<Output = io::Result<T>>) -> (T, Vec<String>) {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let sink = reports.clone();
    let mut runner = Runner::new().exception_handler(move |context| {
        sink.lock().unwrap().push(context.to_string());
    });
    let late = async {
        asyncio_timers::sleep(Duration::from_secs(30)).await;
        panic!("not done after 30 s")
    };
    let done = runner.run(future::or(main, late));
    runner.close();
    let done = done.expect("the loop runs").expect("no error of the system");
    let reports = std::mem::take(&mut *reports.lock().unwrap());
    (done, reports)
}

/// The same for tests after which nothing was reported.
pub(crate) fn run<T>(main: impl Future<Output = io::Result<T>>) -> T {
    let (done, reports) = run_reported(main);
    assert!(reports.is_empty(), "{reports:?}");
    done
}
