//! A session that starts while the person at the prompt types, and is waited for by the first input.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::display::Display;
use super::engine::{Engine, Outcome};
use super::interrupts::Interrupts;
use super::library::Library;
use super::place;
use super::scratch::{self, Scratch};

/// Shown while the facade is compiled, at the first start.
const FIRST_START: &str = "compiling asyncio, once:";
const COMPILES: &str = "compiling";

pub(super) enum Session {
    Starting(JoinHandle<Result<Engine, String>>, Arc<Scratch>),
    Ready(Box<Engine>),
    Failed(String),
}

impl Session {
    /// Starts it, in a thread of its own. The second value says whether a long compilation comes first.
    pub(super) fn start(display: &Display, interactive: bool) -> (Session, bool) {
        let library = match place::facade().and_then(|facade| {
            let cache = place::cache();
            Library::prepare(facade, &cache).map_err(|error| format!("{}: {error}", cache.display()))
        }) {
            Ok(library) => library,
            Err(error) => return (Session::Failed(error), false),
        };
        let scratch = match Scratch::make() {
            Ok(scratch) => Arc::new(scratch),
            Err(error) => {
                let error = format!("a folder for the session cannot be made: {error}");
                return (Session::Failed(error), false);
            }
        };
        let long = !library.is_compiled();
        let display = display.clone();
        let own = scratch.clone();
        let started = std::thread::Builder::new()
            .name("asyncio-start".to_owned())
            .spawn(move || {
                let engine = Engine::start(library, own, &display, interactive);
                // Whoever waits for the session does not wait for that.
                let _ = std::thread::Builder::new()
                    .name("asyncio-sweep".to_owned())
                    .spawn(scratch::sweep);
                engine
            });
        match started {
            Ok(thread) => (Session::Starting(thread, scratch), long),
            Err(error) => (Session::Failed(error.to_string()), false),
        }
    }

    /// Waits until it has started.
    pub(super) fn ready(&mut self) -> Result<&mut Engine, &str> {
        self.join();
        match self {
            Session::Ready(engine) => Ok(engine),
            Session::Failed(error) => Err(error),
            Session::Starting(..) => Err("the session did not start"),
        }
    }

    /// Calls `f` if it has started.
    pub(super) fn if_ready<R>(&mut self, f: impl FnOnce(&mut Engine) -> R) -> Option<R> {
        if let Session::Starting(thread, _) = self
            && !thread.is_finished()
        {
            return None;
        }
        self.ready().ok().map(f)
    }

    fn join(&mut self) {
        if let Session::Starting(..) = self {
            let nothing = Session::Failed("the session's thread panicked".to_owned());
            let Session::Starting(thread, _) = std::mem::replace(self, nothing) else {
                return;
            };
            match thread.join() {
                Ok(Ok(engine)) => *self = Session::Ready(Box::new(engine)),
                Ok(Err(error)) => *self = Session::Failed(error),
                Err(_) => {}
            }
        }
    }
}

/// A session and what is needed to evaluate an input in it.
pub(super) struct Desk {
    pub(super) session: Rc<RefCell<Session>>,
    display: Display,
    interrupts: Interrupts,
    long: bool,
}

impl Desk {
    pub(super) fn new(display: Display, interactive: bool) -> Desk {
        let interrupts = Interrupts::handle(display.clone());
        let (session, long) = Session::start(&display, interactive);
        Desk {
            session: Rc::new(RefCell::new(session)),
            display,
            interrupts,
            long,
        }
    }

    /// The first start compiles the library: a prompt before that would be a promise that is not kept.
    pub(super) fn wait_if_long(&self) -> Result<(), String> {
        if self.long { self.wait() } else { Ok(()) }
    }

    /// Waits until the session has started.
    ///
    /// # Errors
    /// Why it did not.
    pub(super) fn wait(&self) -> Result<(), String> {
        self.display
            .compiles(if self.long { FIRST_START } else { "starting" });
        let mut session = self.session.borrow_mut();
        let started = session.ready().map(|engine| (engine.link(), engine.process()));
        let started = started.map_err(str::to_owned);
        self.display.settle();
        let (link, process) = started?;
        self.interrupts.engine(link, process);
        Ok(())
    }

    /// Evaluates an input. The second value says whether Ctrl-C came meanwhile.
    pub(super) fn evaluate(&self, input: &str) -> (Outcome, bool) {
        self.with_engine(|engine| engine.evaluate(input))
    }

    /// Forgets all that was defined.
    pub(super) fn clear(&self) -> (Outcome, bool) {
        self.with_engine(|engine| match engine.clear() {
            Ok(()) => Outcome::Done(None),
            Err(error) => Outcome::Failed(error),
        })
    }

    fn with_engine(&self, f: impl FnOnce(&mut Engine) -> Outcome) -> (Outcome, bool) {
        if let Err(error) = self.wait() {
            return (Outcome::Failed(error), false);
        }
        self.display.compiles(COMPILES);
        let outcome = self
            .interrupts
            .during(|| match self.session.borrow_mut().ready() {
                Ok(engine) => f(engine),
                Err(error) => Outcome::Failed(error.to_owned()),
            });
        self.display.settle();
        outcome
    }

    /// Ends the session: its tasks clean up.
    pub(super) fn end(self) {
        let ended = Session::Failed("the session has ended".to_owned());
        let session = self.session.replace(ended);
        // Nobody waits for a start that nobody needs any more, but it leaves no files.
        if let Session::Starting(_, scratch) = &session {
            scratch.remove();
        }
        drop(session);
        self.display.settle();
    }
}
