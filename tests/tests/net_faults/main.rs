//! What goes wrong in a network, one fault after the other, under a loop: the documented error each time, as many
//! descriptors after it as before, and no task that is left. The table is in `docs/faults.md`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "../tls_peers/certificates.rs"]
mod certificates;
mod kit;

mod accept;
mod handshake;
mod names;
mod streams;
