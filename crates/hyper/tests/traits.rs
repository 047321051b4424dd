//! What may go where: `Send`, `Sync` and `Unpin`.

use asyncio_hyper::*;
use asyncio_net::TcpStream;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::rc::Rc;

assert_impl_all!(Io<TcpStream>: Send, Sync, Unpin, hyper::rt::Read, hyper::rt::Write);
assert_impl_all!(Timer: Send, Sync, Unpin, Copy);
assert_impl_all!(TaskOwner: Send, Sync, Unpin);
assert_impl_all!(LoopExecutor: Send, Sync, Unpin, Clone);
assert_impl_all!(PoolExecutor: Send, Sync, Unpin, Clone);
assert_impl_all!(HereExecutor: Send, Sync, Unpin, Clone);
assert_impl_all!(LoopExecutor: hyper::rt::Executor<std::future::Ready<Rc<()>>>);
assert_not_impl_any!(PoolExecutor: hyper::rt::Executor<std::future::Ready<Rc<()>>>);
assert_impl_all!(HttpServer: Send, Sync, Unpin);
assert_impl_all!(Connection<String>: Send, Sync, Unpin);
assert_impl_all!(Connect<String>: Send, Unpin);
#[cfg(feature = "pool")]
assert_impl_all!(Client<String>: Send, Sync, Unpin, Clone);
#[cfg(feature = "pool")]
assert_impl_all!(Connector: Send, Sync, Unpin, Clone);
#[cfg(feature = "tls")]
assert_impl_all!(Io<Secure>: Send, Sync, Unpin);
