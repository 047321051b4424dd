//! What differs between platforms: how finely a thread's timeouts are kept.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod other;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::set_fine_timer_slack;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use other::set_fine_timer_slack;
