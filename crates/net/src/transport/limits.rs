//! How much may wait to be sent: the marks of the flow control.

use asyncio_core::WakeList;
use asyncio_sync::ValueError;

use super::sending::resume;
use super::{HIGH, Transport};

impl Transport {
    /// How many bytes lie in the queue.
    pub fn get_write_buffer_size(&self) -> usize {
        self.shared.sending.lock().queue.len()
    }

    /// The low-water and the high-water mark, in bytes; at first 16 and 64 KiB.
    pub fn get_write_buffer_limits(&self) -> (usize, usize) {
        let sending = self.shared.sending.lock();
        (sending.low, sending.high)
    }

    /// Sets the marks, in bytes: above `high` the transport is paused, until it is at `low` or below. Without
    /// `low`, a quarter of `high`; without `high`, 64 KiB or four times `low`.
    ///
    /// # Errors
    ///
    /// When `low` is above `high`.
    pub fn set_write_buffer_limits(&self, high: Option<usize>, low: Option<usize>) -> Result<(), ValueError> {
        let high = high.unwrap_or_else(|| low.map_or(HIGH, |low| low.saturating_mul(4)));
        let low = low.unwrap_or(high / 4);
        if low > high {
            return Err(ValueError::new(format!(
                "the low-water mark, {low}, must not be above the high-water mark, {high}"
            )));
        }
        let mut wake = WakeList::new();
        let mut sending = self.shared.sending.lock();
        (sending.low, sending.high) = (low, high);
        sending.paused |= sending.queue.len() > high;
        resume(&mut sending, &mut wake);
        self.shared.let_go(sending, wake);
        Ok(())
    }

    /// Sets the most bytes that may lie in the queue, or none: a write that would bring more is refused with
    /// `StorageFull`, and nothing of it is sent, also where the system could have taken it at once. It is for those who
    /// cannot `drain`. Who writes by `AsyncWrite` waits instead.
    pub fn set_hard_limit(&self, most: Option<usize>) {
        let mut wake = WakeList::new();
        let mut sending = self.shared.sending.lock();
        sending.hard = most;
        resume(&mut sending, &mut wake);
        self.shared.let_go(sending, wake);
    }
}
