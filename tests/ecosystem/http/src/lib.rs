//! What the tests and the comparison share: the programs that run on either side, and the peers that talk to them.

pub mod peer;
pub mod twins;

/// The pages of the book whose snippets need what this package has.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../../docs/how-to/http.md")]
    mod http {}
}
