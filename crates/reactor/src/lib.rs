//! Readiness of file descriptors.
