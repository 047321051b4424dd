//! Servers whose connections have protocols instead of handlers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(unix)]
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use asyncio_core::{ExceptionContext, TaskRef, Unclosed, report_for};
use asyncio_tasks::{TaskSet, create_task};

#[cfg(unix)]
use super::StartUnixServer;
use super::acceptor::{report, run};
use super::start::Launch;
use super::{Shared, StartServer};
use crate::accept::Listener;
use crate::addr::Named;
use crate::protocol::{Engine, connected, start};
use crate::transport::Transport;
use crate::wire::Wire;

/// Makes the protocols of a server's connections.
pub(crate) type MakeEach = Rc<dyn Fn() -> Box<dyn Engine>>;

impl StartServer {
    /// A server whose connections have protocols.
    #[track_caller]
    pub(crate) fn with_protocols(address: Named, make: MakeEach) -> StartServer {
        StartServer::new(address, protocols(make))
    }
}

#[cfg(unix)]
impl StartUnixServer {
    /// As for [`StartServer`].
    #[track_caller]
    pub(crate) fn with_protocols(path: &Path, make: MakeEach) -> StartUnixServer {
        StartUnixServer::new(path, protocols(make))
    }
}

/// The accepting task of this loop, which gives each connection a protocol.
fn protocols<L>(make: MakeEach) -> Launch<L>
where
    L: Listener + 'static,
    L::Stream: Wire,
{
    Box::new(move |shared, listeners, welcome| {
        shared.keeps_clients.store(true, Ordering::Relaxed);
        let clients = shared.clone();
        create_task(run(
            shared,
            listeners,
            move |connections: &mut TaskSet<()>, stream| {
                let transport = match connected(stream) {
                    Ok(transport) => transport,
                    Err(error) => return failed(error),
                };
                if welcome.is_simple() {
                    return begin(&transport, &make, &clients);
                }
                // A task for the time of the handshake.
                let (make, clients, welcome) = (make.clone(), clients.clone(), welcome.clone());
                connections.create_task(async move {
                    if welcome.secure(&transport).await {
                        begin(&transport, &make, &clients);
                    }
                });
            },
        ))
    })
}

fn begin(transport: &Transport, make: &MakeEach, clients: &Arc<Shared>) {
    match catch_unwind(AssertUnwindSafe(|| make())) {
        Ok(protocol) => {
            let client = clients.enter(transport.clone());
            let unclosed = Unclosed::opened_at(clients.location);
            if let Err(error) = start(transport, protocol, Some(client), unclosed) {
                failed(error);
            }
        }
        Err(panic) => {
            if let Some(task) = TaskRef::current() {
                let context = ExceptionContext::new(FAILED).with_panic(panic);
                report_for(&task, &context);
            }
        }
    }
}

fn failed(error: io::Error) {
    report(FAILED, error);
}

const FAILED: &str = "Error on transport creation for incoming connection";
