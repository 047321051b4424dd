//! Where there are no Unix signals Ctrl-C keeps the system's own action.

use asyncio_reactor::Handle;

/// Never there.
pub(crate) struct Sigint(std::convert::Infallible);

impl Sigint {
    pub(crate) fn install(_reactor: &Handle) -> Option<Sigint> {
        None
    }

    pub(crate) fn came(&self) -> bool {
        match self.0 {}
    }
}

/// Ends the process as an unhandled Ctrl-C would.
pub(crate) fn die() -> ! {
    std::process::exit(130)
}
