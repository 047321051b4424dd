//! `Outcome`: how a task ended.

use std::any::Any;
use std::fmt;

use crate::Request;

/// How a task ended.
pub enum Outcome<T> {
    /// With a value.
    Value(T),
    /// It was cancelled: by the request, or because its loop closed.
    Cancelled(Option<Request>),
    /// It panicked with this.
    Panicked(Box<dyn Any + Send>),
}

impl<T> fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Value(_) => f.write_str("Value(..)"),
            Outcome::Cancelled(request) => f.debug_tuple("Cancelled").field(request).finish(),
            Outcome::Panicked(_) => f.write_str("Panicked(..)"),
        }
    }
}
