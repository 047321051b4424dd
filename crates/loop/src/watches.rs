//! `add_reader` and `add_writer`: callbacks for as long as a descriptor is ready; and signal handlers, which wait the same
//! way.
//!
//! A watch is told of an edge by its waker, which queues a look on the loop. The look asks the operating system whether
//! the descriptor is ready, and calls the function if so. What was called is asked about again when the next turn looks
//! for events, and queued then if it is still ready: one call in a turn, for as long as it is ready, however little the
//! function takes; and it comes after what was ready before it and before the timers, as in CPython.
//!
//! Invariants: a function lies in its place unless it is being called, and whatever it does to its own watch meanwhile
//! holds. One that stands at `Asked` is in the list `again`, one at `Due` has a look in the loop's queue.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use asyncio_core::{Entered, ExceptionContext, QueueId, Slot, call_soon_threadsafe, report};
use asyncio_reactor::signals::{Signal, Signals};
use asyncio_reactor::{AsSource, Direction, Handle as ReactorHandle, Level};

#[cfg(unix)]
pub(crate) type Raw = std::os::fd::RawFd;
#[cfg(windows)]
pub(crate) type Raw = std::os::windows::io::RawSocket;

/// Something that is looked at.
trait Source {
    fn poll(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl<T: AsSource> Source for Level<T> {
    fn poll(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ready(direction, cx)
    }
}

/// What is watched on one loop; it belongs to the loop's thread.
pub(crate) struct Watches {
    queue: QueueId,
    reactor: ReactorHandle,
    descriptors: RefCell<HashMap<Raw, Watch>>,
    signals: RefCell<HashMap<Signal, SignalWatch>>,
    /// Which to ask about when the next turn looks for events.
    again: RefCell<Vec<Arc<Look>>>,
    /// The number of the next function: a look for an older one finds that it is gone.
    next: Cell<u64>,
}

struct Watch {
    source: Rc<dyn Source>,
    functions: [Option<Function>; 2],
}

struct Function {
    number: u64,
    /// Not there while it is called.
    call: Option<Box<dyn FnMut()>>,
    waker: Waker,
    stands: Stands,
}

/// What a function waits for. Those of signals wait for their wakers alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// The waker.
    Waiting,
    /// The next turn, which asks whether it is ready.
    Asked,
    /// Its call: it was ready when the turn began.
    Due,
}

struct SignalWatch {
    signals: Option<Signals>,
    function: Function,
}

/// What a look looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Descriptor(Raw, Direction),
    Signal(Signal),
}

/// Queues a look on the loop.
struct Look {
    queue: QueueId,
    place: Place,
    number: u64,
}

impl Wake for Look {
    fn wake(self: Arc<Look>) {
        let queue = self.queue;
        drop(call_soon_threadsafe(queue, move || look(&self)));
    }
}

thread_local! {
    static CURRENT: Slot<Rc<Watches>> = const { Slot::empty() };
}

fn look(at: &Arc<Look>) {
    if let Some(watches) = Watches::current(at.queue) {
        watches.look(at);
    }
}

impl Watches {
    pub(crate) fn new(queue: QueueId, reactor: ReactorHandle) -> Rc<Watches> {
        Rc::new(Watches {
            queue,
            reactor,
            descriptors: RefCell::default(),
            signals: RefCell::default(),
            again: RefCell::default(),
            next: Cell::new(0),
        })
    }

    pub(crate) fn enter(self: &Rc<Watches>) -> Entered<Rc<Watches>> {
        Slot::enter(&CURRENT, self.clone())
    }

    /// Drops all watches.
    pub(crate) fn close(&self) {
        let descriptors = self.descriptors.take();
        let signals = self.signals.take();
        drop((descriptors, signals, self.again.take()));
    }

    fn function(&self, place: Place, call: Box<dyn FnMut()>) -> (Function, Arc<Look>) {
        let number = self.next.get();
        self.next.set(number + 1);
        let look = Arc::new(Look {
            queue: self.queue,
            place,
            number,
        });
        let function = Function {
            number,
            call: Some(call),
            waker: Waker::from(look.clone()),
            stands: Stands::Asked,
        };
        (function, look)
    }

    /// What is watched on the loop that this thread runs, if that is `queue`.
    pub(crate) fn current(queue: QueueId) -> Option<Rc<Watches>> {
        Slot::current(&CURRENT).filter(|watches| watches.queue == queue)
    }

    pub(crate) fn add<T: AsSource + 'static>(
        &self,
        io: T,
        direction: Direction,
        call: Box<dyn FnMut()>,
    ) -> io::Result<()> {
        let raw = raw_of(&io);
        let known = self.descriptors.borrow().contains_key(&raw);
        let made = if known {
            None
        } else {
            let level = Level::new_with(&self.reactor, io).map_err(explain)?;
            Some(Rc::new(level) as Rc<dyn Source>)
        };
        let (function, look) = self.function(Place::Descriptor(raw, direction), call);
        let old = {
            let mut descriptors = self.descriptors.borrow_mut();
            let watch = match made {
                Some(source) => descriptors.entry(raw).or_insert(Watch {
                    source,
                    functions: [None, None],
                }),
                None => descriptors.get_mut(&raw).expect("it was there just now"),
            };
            watch.functions[at(direction)].replace(function)
        };
        drop(old);
        if self.ask(&look) {
            self.again.borrow_mut().push(look);
            // A host that waits for the loop must know that there is something to do.
            drop(call_soon_threadsafe(self.queue, || ()));
        }
        Ok(())
    }

    /// Is there something to ask about?
    pub(crate) fn is_asking(&self) -> bool {
        !self.again.borrow().is_empty()
    }

    /// Queues those that are ready of the ones that were called in the turn before. The loop does so when it looks for events.
    pub(crate) fn ask_again(&self) {
        let mut looks = self.again.take();
        for look in looks.drain(..) {
            if self.ask(&look) {
                self.stand(&look, Stands::Due);
                Waker::from(look).wake();
            }
        }
        let mut again = self.again.borrow_mut();
        if again.is_empty() {
            // Its room is used again.
            *again = looks;
        }
    }

    /// Whether a descriptor is ready. If it is not, its waker has been registered.
    fn ask(&self, look: &Look) -> bool {
        let Place::Descriptor(raw, direction) = look.place else {
            return false;
        };
        let (source, waker) = {
            let mut descriptors = self.descriptors.borrow_mut();
            let Some(watch) = descriptors.get_mut(&raw) else {
                return false;
            };
            let function = watch.functions[at(direction)].as_mut();
            let Some(function) = function.filter(|function| function.number == look.number) else {
                return false;
            };
            function.stands = Stands::Waiting;
            (watch.source.clone(), function.waker.clone())
        };
        match source.poll(direction, &mut Context::from_waker(&waker)) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => {
                self.stand(look, Stands::Asked);
                true
            }
            Poll::Ready(Err(error)) => {
                self.remove(raw, direction);
                self.failed("a descriptor that was watched failed", error);
                false
            }
        }
    }

    fn stand(&self, look: &Look, stands: Stands) {
        if let Place::Descriptor(raw, direction) = look.place {
            let mut descriptors = self.descriptors.borrow_mut();
            let function = descriptors
                .get_mut(&raw)
                .and_then(|watch| watch.functions[at(direction)].as_mut());
            if let Some(function) = function {
                function.stands = stands;
            }
        }
    }

    pub(crate) fn remove(&self, raw: Raw, direction: Direction) -> bool {
        let (function, watch) = {
            let mut descriptors = self.descriptors.borrow_mut();
            let Some(watch) = descriptors.get_mut(&raw) else {
                return false;
            };
            let function = watch.functions[at(direction)].take();
            let unused = watch.functions.iter().all(Option::is_none);
            (function, if unused { descriptors.remove(&raw) } else { None })
        };
        drop(watch);
        function.is_some()
    }

    fn look(&self, look: &Arc<Look>) {
        let ready = match look.place {
            Place::Descriptor(raw, direction) => self.take_descriptor(raw, direction, look),
            Place::Signal(signal) => self.poll_signal(signal, look.number),
        };
        let Some(mut call) = ready else {
            return;
        };
        let called = catch_unwind(AssertUnwindSafe(&mut call));
        if self.put_back(look, call) {
            match look.place {
                Place::Descriptor(..) => self.again.borrow_mut().push(look.clone()),
                Place::Signal(_) => Waker::from(look.clone()).wake(),
            }
        }
        if let Err(panic) = called {
            resume_unwind(panic);
        }
    }

    /// The function of a descriptor that is ready, taken out.
    fn take_descriptor(&self, raw: Raw, direction: Direction, look: &Look) -> Option<Box<dyn FnMut()>> {
        let stands = {
            let descriptors = self.descriptors.borrow();
            let function = descriptors.get(&raw)?.functions[at(direction)].as_ref()?;
            if function.number != look.number {
                return None;
            }
            function.stands
        };
        match stands {
            Stands::Due => {}
            Stands::Waiting if self.ask(look) => {}
            Stands::Waiting | Stands::Asked => return None,
        }
        let mut descriptors = self.descriptors.borrow_mut();
        let function = descriptors.get_mut(&raw)?.functions[at(direction)].as_mut()?;
        function.stands = Stands::Asked;
        function.call.take()
    }

    fn poll_signal(&self, signal: Signal, number: u64) -> Option<Box<dyn FnMut()>> {
        let (mut signals, waker) = {
            let mut watches = self.signals.borrow_mut();
            let watch = watches.get_mut(&signal)?;
            if watch.function.number != number {
                return None;
            }
            (watch.signals.take()?, watch.function.waker.clone())
        };
        let polled = signals.poll_recv(&mut Context::from_waker(&waker));
        let mut watches = self.signals.borrow_mut();
        let watch = watches.get_mut(&signal)?;
        watch.signals = Some(signals);
        match polled {
            Poll::Pending => None,
            Poll::Ready(Ok(_)) => watch.function.call.take(),
            Poll::Ready(Err(error)) => {
                let watch = watches.remove(&signal);
                drop(watches);
                drop(watch);
                self.failed("the wait for a signal failed", error);
                None
            }
        }
    }

    /// Is the function still wanted?
    fn put_back(&self, look: &Look, call: Box<dyn FnMut()>) -> bool {
        let left = match look.place {
            Place::Descriptor(raw, direction) => {
                let mut descriptors = self.descriptors.borrow_mut();
                let watch = descriptors.get_mut(&raw);
                put(
                    watch.and_then(|watch| watch.functions[at(direction)].as_mut()),
                    look,
                    call,
                )
            }
            Place::Signal(signal) => {
                let mut signals = self.signals.borrow_mut();
                put(
                    signals.get_mut(&signal).map(|watch| &mut watch.function),
                    look,
                    call,
                )
            }
        };
        // What is not wanted any more is dropped outside of the borrow.
        left.is_none()
    }

    pub(crate) fn add_signal(&self, signal: Signal, call: Box<dyn FnMut()>) -> io::Result<()> {
        let signals = {
            let _reactor = self.reactor.enter();
            Signals::new([signal])?
        };
        let (function, look) = self.function(Place::Signal(signal), call);
        let watch = SignalWatch {
            signals: Some(signals),
            function,
        };
        let old = self.signals.borrow_mut().insert(signal, watch);
        drop(old);
        Waker::from(look).wake();
        Ok(())
    }

    pub(crate) fn remove_signal(&self, signal: Signal) -> bool {
        let old = self.signals.borrow_mut().remove(&signal);
        old.is_some()
    }

    fn failed(&self, message: &str, error: io::Error) {
        report(
            Some(self.queue),
            &ExceptionContext::new(message).with_error(error),
        );
    }
}

/// Puts the function into its place, or gives it back if the place is another's.
fn put(place: Option<&mut Function>, look: &Look, call: Box<dyn FnMut()>) -> Option<Box<dyn FnMut()>> {
    match place.filter(|function| function.number == look.number) {
        Some(function) => {
            function.call = Some(call);
            None
        }
        None => Some(call),
    }
}

fn at(direction: Direction) -> usize {
    match direction {
        Direction::Read => 0,
        Direction::Write => 1,
    }
}

#[cfg(unix)]
pub(crate) fn raw_of(io: &impl AsSource) -> Raw {
    use std::os::fd::AsRawFd;
    io.as_fd().as_raw_fd()
}

#[cfg(windows)]
pub(crate) fn raw_of(io: &impl AsSource) -> Raw {
    use std::os::windows::io::AsRawSocket;
    io.as_socket().as_raw_socket()
}

/// What epoll says of a file is worth a sentence.
fn explain(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => io::Error::new(
            io::ErrorKind::InvalidInput,
            "a regular file cannot be watched, as it is always ready: read it with to_thread",
        ),
        io::ErrorKind::AlreadyExists => io::Error::new(
            io::ErrorKind::AlreadyExists,
            "the descriptor is watched by a socket or a transport of this loop already",
        ),
        _ => error,
    }
}
