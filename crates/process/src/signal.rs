//! `Signal`: what can be sent to a child.

use std::fmt;

/// A signal to be sent, by its number.
///
/// Systems other than Unix know the two that end a process, which are the same there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(i32);

macro_rules! signals {
    ($($name:ident = $unix:ident / $other:literal: $doc:literal;)*) => {
        impl Signal {
            $(
                #[doc = $doc]
                #[cfg(unix)]
                pub const $name: Signal = Signal(libc::$unix);
                #[doc = $doc]
                #[cfg(not(unix))]
                pub const $name: Signal = Signal($other);
            )*
        }

        const NAMES: &[(Signal, &str)] = &[$((Signal::$name, stringify!($unix))),*];
    };
}

signals! {
    HUP = SIGHUP / 1: "The terminal is gone; by custom, \"read your configuration again\".";
    INT = SIGINT / 2: "Ctrl-C.";
    QUIT = SIGQUIT / 3: "Ctrl-\\: end, and leave a core file.";
    KILL = SIGKILL / 9: "The end, which cannot be refused.";
    USR1 = SIGUSR1 / 10: "Free for the application.";
    USR2 = SIGUSR2 / 12: "Free for the application.";
    TERM = SIGTERM / 15: "A polite request to end.";
    CONT = SIGCONT / 18: "Go on after a stop.";
    STOP = SIGSTOP / 19: "Stop, which cannot be refused.";
}

impl Signal {
    /// The signal of that number; whether there is one is found when it is sent.
    pub const fn new(number: i32) -> Signal {
        Signal(number)
    }

    /// The number.
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl From<i32> for Signal {
    fn from(number: i32) -> Signal {
        Signal(number)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(signal, _)| signal == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Signal;

    #[test]
    fn signals_tell_their_names() {
        assert_eq!(
            format!("{:?} {:?}", Signal::TERM, Signal::new(99)),
            "SIGTERM signal 99"
        );
        assert_eq!(Signal::from(9), Signal::KILL);
    }
}
