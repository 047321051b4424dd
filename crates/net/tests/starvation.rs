//! A listener in a process that has run out of descriptors. Alone in its file, and so in its process: the limit would
//! hit every other test.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use asyncio_net::{TcpListener, TcpStream};
use futures_lite::future::{block_on, poll_once};
use futures_lite::{StreamExt, future};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Takes every descriptor that the process may still have.
fn take_all() -> Vec<File> {
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                assert_eq!(Errno::from_io_error(&error), Some(Errno::MFILE));
                return taken;
            }
        }
    }
}

#[test]
fn a_listener_outlives_a_shortage_of_descriptors() {
    block_on(async {
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = Some(128);
        setrlimit(Resource::Nofile, limit)?;

        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        // The background threads have their descriptors before the shortage begins.
        future::try_zip(TcpStream::connect(address), listener.accept()).await?;
        asyncio_timers::sleep(Duration::from_millis(1)).await;

        let first = TcpStream::connect(address).await?;
        let second = TcpStream::connect(address).await?;
        let third = TcpStream::connect(address).await?;
        let taken = RefCell::new(take_all());

        // The plain form reports it, as often as it is asked, and loses nothing.
        for _ in 0..2 {
            let error = listener.accept().await.unwrap_err();
            assert_eq!(Errno::from_io_error(&error), Some(Errno::MFILE));
        }
        taken.borrow_mut().clear();
        let (_server, peer) = listener.accept().await?;
        assert_eq!(peer, first.local_addr()?);

        // The retrying form reports it and pauses: it does not turn at full speed.
        *taken.borrow_mut() = take_all();
        let start = Instant::now();
        let mut reports = 0;
        let report = |error: &io::Error| {
            assert_eq!(Errno::from_io_error(error), Some(Errno::MFILE));
            reports += 1;
            if reports == 3 {
                taken.borrow_mut().clear();
            }
        };
        let (_server, peer) = listener.accept_retrying(report).await?;
        assert_eq!(peer, second.local_addr()?);
        assert_eq!(reports, 3);
        assert!(start.elapsed() >= Duration::from_millis(300));

        // So does the stream, between one item and the next.
        *taken.borrow_mut() = take_all();
        let mut incoming = listener.incoming();
        let error = incoming.next().await.unwrap().unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::MFILE));
        let start = Instant::now();
        assert!(poll_once(incoming.next()).await.is_none());
        taken.borrow_mut().clear();
        let server = incoming.next().await.unwrap()?;
        assert_eq!(server.peer_addr()?, third.local_addr()?);
        assert!(start.elapsed() >= Duration::from_millis(90));

        // A new connection that finds no descriptor is an error that names its address.
        let _taken = take_all();
        let error = TcpStream::connect(address).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("cannot connect to {address}: ")),
            "{error}"
        );
        io::Result::Ok(())
    })
    .unwrap();
}
