//! What evcxr calls to run an input that awaits, under the name by which it calls it.

/// The loop of the session in the place of another runtime.
pub mod runtime {
    pub use asyncio::__session::Runtime;
}
