//! What the tests and the comparison share: the programs that run on either side, and the peers that talk to them.

pub mod peer;
pub mod twins;
