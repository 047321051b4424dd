//! Which types may go where.

use asyncio_process::{
    CalledProcessError, Command, Communicate, CreateSubprocess, GroupStart, IntoInput, PipeTransport,
    Process, ProcessHandle, ProcessLookupError, Run, Signal, StartError, Starting, StderrTo, Stdio,
    SubprocessError, SubprocessTransport, TimeoutExpired, ToStdout,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};

// SUB-20
assert_impl_all!(Process: Send, Sync, Unpin);
assert_impl_all!(ProcessHandle: Send, Sync, Unpin, Clone);
assert_impl_all!(Command: Send, Sync, Unpin, IntoFuture);
assert_impl_all!(Starting: Send, Sync, Unpin, Future);
assert_impl_all!(Communicate<'_>: Send, Sync, Unpin, IntoFuture);
assert_impl_all!(<Communicate<'static> as IntoFuture>::IntoFuture: Send, Unpin);
assert_impl_all!(Run: Send, Sync, Unpin, IntoFuture);
assert_impl_all!(<Run as IntoFuture>::IntoFuture: Send, Unpin);
assert_impl_all!(GroupStart: Send, Sync, Unpin, Future);
assert_impl_all!(Stdio: Send, Sync, Unpin);
// SUB-04: only stderr can join stdout.
assert_not_impl_any!(ToStdout: Into<Stdio>);
assert_impl_all!(ToStdout: Into<StderrTo>, Copy);
assert_impl_all!(Signal: Send, Sync, Unpin, Copy);
assert_impl_all!(StartError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(ProcessLookupError: Send, Sync, Unpin, Copy, std::error::Error);
assert_impl_all!(SubprocessError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(CalledProcessError: Send, Sync, Unpin, Clone, std::error::Error);
assert_impl_all!(TimeoutExpired: Send, Sync, Unpin, Clone, std::error::Error);
assert_impl_all!(&'static str: IntoInput);
assert_impl_all!(SubprocessTransport: Send, Sync, Unpin, Clone);
assert_impl_all!(PipeTransport: Send, Sync, Unpin, Clone);
assert_impl_all!(CreateSubprocess<fn()>: Send, Sync, Unpin);

#[cfg(unix)]
mod unix {
    use asyncio_process::{Pipeline, PipelineError, PipelineOutput, PipelineProcess, RunPipeline};
    use static_assertions::assert_impl_all;

    assert_impl_all!(Pipeline: Send, Sync, Unpin);
    assert_impl_all!(PipelineProcess: Send, Sync, Unpin);
    assert_impl_all!(PipelineOutput: Send, Sync, Unpin, Clone);
    assert_impl_all!(PipelineError: Send, Sync, Unpin, std::error::Error);
    assert_impl_all!(RunPipeline: Send, Sync, Unpin, IntoFuture);
    assert_impl_all!(<RunPipeline as IntoFuture>::IntoFuture: Send, Unpin);
}

/// The futures of the handle's async functions may go to other threads.
const _: fn(&ProcessHandle) = |handle| {
    fn sends<T: Send>(_: &T) {}
    sends(&handle.wait());
    sends(&handle.status());
    sends(&handle.shutdown(std::time::Duration::ZERO));
};
