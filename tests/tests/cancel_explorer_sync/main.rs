//! The cancel explorer over locks, signals and channels: cancelled at each of its suspension points, softly and hard,
//! under `catch_cancelled`, in a group that is cancelled, and at the moment of a deadline, no operation loses a permit,
//! a guard, a wakeup or a value, and those who wait beside it get their turn.

mod channels;
mod conditions;
mod kit;
mod locks;
mod signals;
