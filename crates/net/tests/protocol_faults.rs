//! Protocols in trouble: queues that are full, panics, other threads, and the end of a loop or a server.

#[path = "kit/recorder.rs"]
mod recorder;

use std::io::{self, ErrorKind};
use std::rc::Rc;

use asyncio_loop::Runner;
use asyncio_net::{
    BaseProtocol, Protocol, StreamReader, StreamWriter, TcpListener, Transport, create_connection,
    create_server, open_connection, stream,
};
use asyncio_tasks::{spawn, yield_now};
use futures_lite::future;

use recorder::{Log, Told, run, run_reported};

static_assertions::assert_impl_all!(Transport: Send, Sync, Unpin, Clone);

async fn pair(log: &Rc<Log>) -> io::Result<(Transport, (StreamReader, StreamWriter))> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let transport = create_connection(log.factory(), listener.local_addr()?);
    let (transport, accepted) = future::zip(transport.into_future(), listener.accept()).await;
    Ok((transport?, stream(accepted?.0)))
}

/// More than a socket takes.
const MUCH: usize = 32 << 20;

// TRP-10, TRP-14, TRP-15, TRP-16, TRP-31, TRP-32
#[test]
fn a_write_that_fills_the_queue_tells_to_pause_before_it_returns() {
    run(async {
        let log = Log::new();
        let (transport, (mut reader, _writer)) = pair(&log).await?;
        assert_eq!(transport.get_write_buffer_limits(), (16 << 10, 64 << 10));
        transport.set_write_buffer_limits(Some(1000), None).unwrap();
        assert_eq!(transport.get_write_buffer_limits(), (250, 1000));
        assert!(transport.set_write_buffer_limits(Some(1), Some(2)).is_err());
        let half = vec![7; MUCH / 2];
        transport.writelines([&half[..], &half[..]])?;
        assert_eq!(
            log.told(),
            [Told::Made, Told::Pause],
            "a program may look at once"
        );
        transport.write(b"more")?;
        assert_eq!(log.told(), [Told::Made, Told::Pause], "told once");
        assert!(transport.get_write_buffer_size() > 1000);
        assert_eq!(reader.readexactly(MUCH + 4).await.unwrap().len(), MUCH + 4);
        log.until(|log| log.has(&Told::Resume)).await;
        assert_eq!(log.told(), [Told::Made, Told::Pause, Told::Resume]);
        transport.set_write_buffer_limits(Some(0), None).unwrap();
        transport.close();
        log.until_lost().await;
        Ok(())
    });
}

// TRP-31
#[test]
fn a_write_inside_of_a_callback_tells_to_pause_when_that_has_returned() {
    run(async {
        let log = Log::new().hook(|told, transport| {
            if matches!(told, Told::Data(_)) {
                transport.write(&vec![7; MUCH]).unwrap();
            }
        });
        let (_transport, (mut reader, writer)) = pair(&log).await?;
        writer.write(b"go")?;
        reader.readexactly(MUCH).await.unwrap();
        log.until(|log| log.has(&Told::Resume)).await;
        assert_eq!(
            log.told(),
            [Told::Made, Told::Data(b"go".to_vec()), Told::Pause, Told::Resume]
        );
        Ok(())
    });
}

/// A protocol that panics in its `at`-th callback.
fn panics_at(at: usize) -> Rc<Log> {
    let mut calls = 0;
    Log::new().hook(move |told, _| {
        calls += 1;
        assert!(calls != at, "on purpose, in {told:?}");
    })
}

// TRP-30, TRP-33
#[test]
fn a_panic_is_reported_and_ends_the_connection() {
    let names = ["connection_made", "data_received", "eof_received"];
    for (at, name) in names.iter().enumerate() {
        let ((), reports) = run_reported(async {
            let log = panics_at(at + 1);
            let server = create_server(log.factory(), "127.0.0.1:0").await?;
            let (mut reader, writer) = open_connection(server.sockets()[0]).await?;
            writer.write(b"x")?;
            log.until(|log| log.told().len() > at.min(1)).await;
            let _ = writer.write_eof();
            log.until_lost().await;
            assert!(log.has(&Told::Lost(Some(ErrorKind::Other))), "{:?}", log.told());
            let _ = reader.read_to_end().await;
            let (_reader, writer) = open_connection(server.sockets()[0]).await?;
            writer.close();
            Ok(())
        });
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(
            reports[0].starts_with(&format!("Fatal error: protocol.{name}() call failed.")),
            "{reports:?}"
        );
    }
}

#[test]
fn a_panic_in_connection_lost_is_reported_and_that_is_all() {
    let ((), reports) = run_reported(async {
        let log = panics_at(2);
        let (transport, _streams) = pair(&log).await?;
        transport.abort();
        log.until_lost().await;
        yield_now().await;
        assert_eq!(Rc::strong_count(&log), 1, "the protocol is dropped");
        Ok(())
    });
    assert!(reports[0].contains("connection_lost"), "{reports:?}");
}

// TRP-35
#[test]
fn an_empty_buffer_ends_the_connection() {
    let ((), reports) = run_reported(async {
        let log = Log::new();
        let server = create_server(log.buffered(0), "127.0.0.1:0").await?;
        let (_reader, writer) = open_connection(server.sockets()[0]).await?;
        writer.write(b"x")?;
        log.until_lost().await;
        assert_eq!(log.told(), [Told::Made, Told::Lost(Some(ErrorKind::Other))]);
        Ok(())
    });
    assert!(reports[0].contains("get_buffer"), "{reports:?}");
}

// TRP-30: once and last, whatever ends it.
#[test]
fn a_loop_that_closes_tells_its_connections() {
    let log = Log::new();
    let (mut reader, _writer) = {
        let mut runner = Runner::new();
        let streams = runner.run(async { pair(&log).await }).unwrap().unwrap();
        assert_eq!(
            log.told(),
            [Told::Made],
            "the end of a run is not that of a connection"
        );
        runner.close();
        streams.1
    };
    assert_eq!(
        log.told(),
        [Told::Made, Told::Lost(Some(ErrorKind::ConnectionAborted))]
    );
    drop(future::block_on(reader.read(1)));
}

// TRP-28
#[test]
fn a_transport_may_be_used_from_any_thread() {
    run(async {
        let log = Log::new();
        let (transport, (mut reader, _writer)) = pair(&log).await?;
        let elsewhere = transport.clone();
        std::thread::spawn(move || {
            elsewhere.pause_reading();
            elsewhere.write(&vec![7; MUCH]).unwrap();
            assert!(elsewhere.with_protocol(|_: &mut recorder::Recorder| ()).is_none());
            elsewhere.resume_reading();
        })
        .join()
        .unwrap();
        log.until(|log| log.has(&Told::Pause)).await;
        reader.readexactly(MUCH).await.unwrap();
        log.until(|log| log.has(&Told::Resume)).await;
        let elsewhere = transport.clone();
        spawn(async move { elsewhere.close() }).await.unwrap();
        log.until_lost().await;
        Ok(())
    });
}

#[test]
fn a_worker_of_the_pool_cannot_have_protocols() {
    struct Plain;
    impl BaseProtocol for Plain {}
    impl Protocol for Plain {
        fn data_received(&mut self, _: &[u8]) {}
    }
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let said = spawn(async move {
            // The future is not Send, so it is made and polled inside of one step.
            let mut connecting = create_connection(|| Plain, address).into_future();
            loop {
                if let Some(done) = future::block_on(future::poll_once(&mut connecting)) {
                    return done.map(drop).unwrap_err().to_string();
                }
                std::thread::yield_now();
            }
        });
        let said = said.await.unwrap();
        assert!(said.contains("not on a worker of the pool"), "{said}");
        Ok(())
    });
}

// LOP-34, LOP-76, LOP-77, LOP-78, LOP-83
#[test]
fn a_server_waits_for_its_protocols_and_can_close_or_abort_them() {
    run(async {
        for abort in [false, true] {
            let log = Log::new();
            let server = create_server(log.factory(), "127.0.0.1:0").await?;
            let (mut reader, _writer) = open_connection(server.sockets()[0]).await?;
            log.until(|log| log.has(&Told::Made)).await;
            assert_eq!(server.connections(), 1);
            server.close();
            let mut closed = Box::pin(server.wait_closed());
            assert!(future::poll_once(&mut closed).await.is_none());
            if abort {
                server.abort_clients();
            } else {
                server.close_clients();
            }
            closed.await;
            assert!(log.is_lost() && server.connections() == 0);
            assert_eq!(reader.read_to_end().await?, "");
        }
        Ok(())
    });
}

#[test]
fn a_server_that_is_dropped_aborts_its_protocols() {
    run(async {
        let log = Log::new();
        let server = create_server(log.factory(), "127.0.0.1:0").await?;
        let _streams = open_connection(server.sockets()[0]).await?;
        log.until(|log| log.has(&Told::Made)).await;
        drop(server);
        log.until_lost().await;
        Ok(())
    });
}

#[test]
fn a_factory_that_panics_harms_one_connection() {
    let ((), reports) = run_reported(async {
        let (log, first) = (Log::new(), std::cell::Cell::new(true));
        let make = log.factory();
        let factory = move || {
            assert!(!first.replace(false), "on purpose");
            make()
        };
        let server = create_server(factory, "127.0.0.1:0").await?;
        let (mut reader, _writer) = open_connection(server.sockets()[0]).await?;
        let _ = reader.read_to_end().await;
        let (_reader, writer) = open_connection(server.sockets()[0]).await?;
        log.until(|log| log.has(&Told::Made)).await;
        writer.close();
        log.until_lost().await;
        Ok(())
    });
    assert!(reports[0].contains("transport creation"), "{reports:?}");
}
