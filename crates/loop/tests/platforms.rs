//! What the pages of platforms promise, as far as it runs on the system of the test: the portable backend is that of macOS, the
//! BSDs and Windows, and runs on Linux too.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio_loop::{EventLoop, get_running_loop};
use asyncio_reactor::Backend;
use asyncio_timers::sleep;

fn each_backend(test: impl Fn(EventLoop, Backend)) {
    for backend in [Backend::Auto, Backend::Polling, Backend::PollingOneshot] {
        let event_loop = EventLoop::builder().reactor_backend(backend).build();
        test(event_loop.expect("a loop"), backend);
    }
}

// LOP-86, LOP-87, PLA-05, PLA-08, PLA-09: sockets are watched, with callbacks, on each backend.
#[test]
fn sockets_are_watched_on_every_backend() {
    each_backend(|mut event_loop, backend| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Rc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let (server, _) = listener.accept().unwrap();
        let server = Rc::new(server);
        let (from, to) = (server.clone(), client.clone());
        // The writer begins, the reader ends it.
        event_loop
            .add_writer(client.clone(), move || {
                assert!(get_running_loop().remove_writer(&*to));
                (&*to).write_all(b"ping").unwrap();
            })
            .unwrap();
        let got = Rc::new(Cell::new(0));
        let count = got.clone();
        event_loop
            .add_reader(server.clone(), move || {
                (&*from).read_exact(&mut [0]).unwrap();
                count.set(count.get() + 1);
                if count.get() == 4 {
                    assert!(get_running_loop().remove_reader(&*from));
                    get_running_loop().stop();
                }
            })
            .unwrap();
        event_loop.run_forever().unwrap();
        assert_eq!(got.get(), 4, "{backend:?}");
    });
}

// PLA-06, LOP-17: how late a timer is depends on the system; it is never early.
#[test]
fn a_timer_is_never_early_on_any_backend() {
    each_backend(|mut event_loop, backend| {
        let waits = [1, 900, 1_100, 2_000, 15_700].map(Duration::from_micros);
        event_loop
            .run_until_complete(async {
                for wait in waits {
                    let start = Instant::now();
                    sleep(wait).await;
                    assert!(start.elapsed() >= wait, "{backend:?}");
                }
            })
            .unwrap();
    });
}

// PLA-03: Unix sockets do not exist there, so nothing is to be tried; signals do, and cannot be had.
#[cfg(not(unix))]
#[test]
fn signals_cannot_be_had() {
    use asyncio_reactor::signals::Signal;
    let event_loop = EventLoop::new().unwrap();
    let refused = event_loop.add_signal_handler(Signal::Int, || ()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::Unsupported);
}

// PLA-03
#[cfg(unix)]
#[test]
fn signals_can_be_had() {
    use asyncio_reactor::signals::Signal;
    let event_loop = EventLoop::new().unwrap();
    event_loop.add_signal_handler(Signal::User2, || ()).unwrap();
    assert!(event_loop.remove_signal_handler(Signal::User2));
}
