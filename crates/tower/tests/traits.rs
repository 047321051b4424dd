//! What may go where: `Send`, `Sync` and `Unpin`.

use asyncio_tower::*;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::future::Ready;
use std::marker::PhantomPinned;
use std::rc::Rc;

assert_impl_all!(TimeoutLayer: Send, Sync, Unpin, Copy);
assert_impl_all!(ConcurrencyLimitLayer: Send, Sync, Unpin, Clone);
assert_impl_all!(RateLimitLayer: Send, Sync, Unpin, Clone);
assert_impl_all!(Timeout<()>: Send, Sync, Unpin);
assert_impl_all!(ConcurrencyLimit<()>: Send, Sync, Unpin, Clone);
assert_impl_all!(RateLimit<()>: Send, Sync, Unpin, Clone);
assert_not_impl_any!(ConcurrencyLimit<Rc<()>>: Send);
assert_impl_all!(TimeoutFuture<Ready<()>>: Send);
assert_impl_all!(ConcurrencyLimitFuture<Ready<()>>: Send, Unpin);
assert_not_impl_any!(ConcurrencyLimitFuture<PhantomPinned>: Unpin);
