//! `add_reader`, `add_writer` and `add_signal_handler`, of the owner of a loop and of a handle on the loop's thread.

use std::io;
use std::rc::Rc;

use asyncio_core::CallRefusal;
use asyncio_reactor::signals::Signal;
use asyncio_reactor::{AsSource, Direction};

use crate::watches::{Watches, raw_of};
use crate::{EventLoop, LoopHandle};

/// What they have in common: what is watched, if this is the place to say so.
trait Watching {
    fn watches(&self) -> io::Result<Rc<Watches>>;
}

impl Watching for EventLoop {
    fn watches(&self) -> io::Result<Rc<Watches>> {
        if self.is_closed() {
            return Err(io::Error::other(CallRefusal::Closed.to_string()));
        }
        Ok(self.watches.clone())
    }
}

impl Watching for LoopHandle {
    fn watches(&self) -> io::Result<Rc<Watches>> {
        let here = Watches::current(self.queue()).filter(|_| !self.is_closed());
        here.ok_or_else(|| {
            let reason = if self.is_closed() {
                CallRefusal::Closed
            } else {
                CallRefusal::WrongThread
            };
            io::Error::other(reason.to_string())
        })
    }
}

macro_rules! watching {
    ($owner:ty) => {
        impl $owner {
            /// Calls `function` in each turn in which `io` has something to read or is at its end, until it is
            /// [removed](Self::remove_reader). It takes the place of an earlier one for the same descriptor.
            ///
            /// The loop keeps `io`, and leaves its mode (blocking or not) as it is; give it an `Rc` or `Arc` of what is
            /// used elsewhere too. One descriptor may have a reader and a writer. If the function panics, the exception
            /// handler is told, and it is called again.
            ///
            /// # Errors
            ///
            /// The operating system's; `InvalidInput` for a regular file, which is always ready; `AlreadyExists` where
            /// a socket or transport of the loop watches the descriptor; and one when the loop was closed, or is not
            /// that of this thread.
            ///
            /// # Python
            ///
            /// `loop.add_reader(fd, callback)`.
            pub fn add_reader<T: AsSource + 'static>(
                &self,
                io: T,
                function: impl FnMut() + 'static,
            ) -> io::Result<()> {
                self.watches()?.add(io, Direction::Read, Box::new(function))
            }

            /// Takes the reader of a descriptor away. `false`: there was none.
            ///
            /// # Python
            ///
            /// `loop.remove_reader(fd)`.
            pub fn remove_reader(&self, io: &impl AsSource) -> bool {
                let watches = self.watches();
                watches.is_ok_and(|watches| watches.remove(raw_of(io), Direction::Read))
            }

            /// Calls `function` in each turn in which `io` can be written to; otherwise as
            /// [`add_reader`](Self::add_reader).
            ///
            /// # Errors
            ///
            /// As for [`add_reader`](Self::add_reader).
            ///
            /// # Python
            ///
            /// `loop.add_writer(fd, callback)`.
            pub fn add_writer<T: AsSource + 'static>(
                &self,
                io: T,
                function: impl FnMut() + 'static,
            ) -> io::Result<()> {
                self.watches()?
                    .add(io, Direction::Write, Box::new(function))
            }

            /// Takes the writer of a descriptor away. `false`: there was none.
            ///
            /// # Python
            ///
            /// `loop.remove_writer(fd)`.
            pub fn remove_writer(&self, io: &impl AsSource) -> bool {
                let watches = self.watches();
                watches.is_ok_and(|watches| watches.remove(raw_of(io), Direction::Write))
            }

            /// Calls `function` in turn with the tasks when the signal comes, instead of what the process does with it
            /// otherwise. It takes the place of an earlier one of this loop. Signals that come while the loop is busy
            /// are one.
            ///
            /// # Errors
            ///
            /// The operating system's; `Unsupported` where there are no signals; and one when the loop was closed, or is
            /// not that of this thread.
            ///
            /// # Python
            ///
            /// `loop.add_signal_handler`, on any thread, for signals that can be caught.
            pub fn add_signal_handler(
                &self,
                signal: Signal,
                function: impl FnMut() + 'static,
            ) -> io::Result<()> {
                self.watches()?.add_signal(signal, Box::new(function))
            }

            /// Takes the handler of a signal away; what the process did with it before holds again. `false`: there was
            /// none.
            ///
            /// # Python
            ///
            /// `loop.remove_signal_handler`.
            pub fn remove_signal_handler(&self, signal: Signal) -> bool {
                self.watches()
                    .is_ok_and(|watches| watches.remove_signal(signal))
            }
        }
    };
}

watching!(EventLoop);
watching!(LoopHandle);
