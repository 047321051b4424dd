//! The lists alone.
