//! What a descriptor is, in words: how to find out is told by those who know the system, once for the process.
//!
//! It is asked when a text is made, never before.

use std::sync::OnceLock;

/// The words for a descriptor.
pub type DescriptorNames = fn(usize) -> Option<String>;

static NAMES: OnceLock<DescriptorNames> = OnceLock::new();

/// Texts of graphs call a file descriptor what `names` says, unless [`TaskGraph::name_descriptors`](crate::TaskGraph::name_descriptors)
/// has said something else. The first call counts; the loops of `asyncio-loop` make it.
pub fn name_descriptors_by(names: DescriptorNames) {
    NAMES.get_or_init(|| names);
}

pub(super) fn name(descriptor: usize) -> Option<String> {
    NAMES.get().and_then(|names| names(descriptor))
}
