//! Linux: a thread's timeouts may be late by its timer slack, 50 µs unless told otherwise.

#![expect(unsafe_code, reason = "prctl has no safe binding in std")]

/// Asks for timeouts of this thread to be kept to the nanosecond. Failing leaves them as they were.
pub(crate) fn set_fine_timer_slack() {
    let nanos: libc::c_ulong = 1;
    // SAFETY: PR_SET_TIMERSLACK takes one integer, touches no memory of ours and concerns the calling thread only.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, nanos) };
}
