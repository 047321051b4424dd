//! `ExceptionGroup`: the errors of several tasks, together.

use std::error::Error;
use std::fmt;

/// The errors of several tasks, in the order in which they happened.
///
/// A group inside a group keeps its shape: the error of the outer one is then itself a group, or holds one.
///
/// # Python
///
/// `ExceptionGroup`. `except*` is [`split`](ExceptionGroup::split).
///
/// # Examples
///
/// ```
/// use asyncio_tasks::ExceptionGroup;
///
/// let group = ExceptionGroup::new("two of three", vec!["timed out", "refused"]);
/// let (late, rest) = group.split(|error| error.contains("timed"));
/// assert_eq!(late.unwrap().errors(), ["timed out"]);
/// assert_eq!(rest.unwrap().into_errors(), ["refused"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ExceptionGroup<E> {
    message: String,
    errors: Vec<E>,
    cancelled: bool,
}

impl<E> ExceptionGroup<E> {
    /// A group with a message of its own.
    pub fn new(message: impl Into<String>, errors: Vec<E>) -> ExceptionGroup<E> {
        ExceptionGroup {
            message: message.into(),
            errors,
            cancelled: false,
        }
    }

    /// What a group of tasks says that cancelled itself and has no value to return.
    pub(crate) fn cancelled() -> ExceptionGroup<E> {
        ExceptionGroup {
            message: "the task group was cancelled by itself, and has no value".to_owned(),
            errors: Vec::new(),
            cancelled: true,
        }
    }

    /// What happened, in a few words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The errors, in the order in which they happened.
    #[doc(alias = "exceptions")]
    pub fn errors(&self) -> &[E] {
        &self.errors
    }

    /// The errors, moved out.
    pub fn into_errors(self) -> Vec<E> {
        self.errors
    }

    /// Did the group of tasks cancel itself? It has no errors then; see
    /// [`TaskGroup::cancel`](crate::TaskGroup::cancel).
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Two groups: the errors that `pick` says yes to, and the rest. A side without errors is `None`.
    pub fn split(self, mut pick: impl FnMut(&E) -> bool) -> (Option<Self>, Option<Self>) {
        let (picked, rest): (Vec<E>, Vec<E>) = self.errors.into_iter().partition(|error| pick(error));
        let message = self.message;
        let group =
            |errors: Vec<E>| (!errors.is_empty()).then(|| ExceptionGroup::new(message.clone(), errors));
        (group(picked), group(rest))
    }

    /// The errors that `pick` says yes to, as a group; `None` if there are none.
    pub fn subgroup(self, pick: impl FnMut(&E) -> bool) -> Option<Self> {
        self.split(pick).0
    }

    /// The same group with other errors.
    pub fn map<F>(self, change: impl FnMut(E) -> F) -> ExceptionGroup<F> {
        ExceptionGroup {
            message: self.message,
            errors: self.errors.into_iter().map(change).collect(),
            cancelled: self.cancelled,
        }
    }
}

impl<E> ExceptionGroup<ExceptionGroup<E>> {
    /// One group with the errors of all the groups in this one, in order.
    pub fn flatten(self) -> ExceptionGroup<E> {
        let errors = self
            .errors
            .into_iter()
            .flat_map(ExceptionGroup::into_errors)
            .collect();
        ExceptionGroup {
            message: self.message,
            errors,
            cancelled: self.cancelled,
        }
    }
}

impl<E> IntoIterator for ExceptionGroup<E> {
    type Item = E;
    type IntoIter = std::vec::IntoIter<E>;

    fn into_iter(self) -> Self::IntoIter {
        self.errors.into_iter()
    }
}

impl<E> fmt::Display for ExceptionGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.errors.len() {
            0 => Ok(()),
            1 => f.write_str(" (1 sub-exception)"),
            n => write!(f, " ({n} sub-exceptions)"),
        }
    }
}

impl<E> fmt::Debug for ExceptionGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExceptionGroup")
            .field("message", &self.message)
            .field("errors", &self.errors.len())
            .finish_non_exhaustive()
    }
}

impl<E: Error + 'static> Error for ExceptionGroup<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors.first().map(|error| error as _)
    }
}
