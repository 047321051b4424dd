//! Other platforms: timeouts are as fine as they are. Never run by us.

/// Nothing to set.
pub(crate) fn set_fine_timer_slack() {}
