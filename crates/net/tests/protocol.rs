//! Protocols: what they are told, in which order, and what their transports do.

#[path = "kit/recorder.rs"]
mod recorder;

use std::io::ErrorKind;
use std::rc::Rc;

use asyncio_net::{
    StreamReader, StreamWriter, TcpListener, Transport, connect_accepted_socket, create_connection,
    create_server, open_connection, stream,
};
use asyncio_tasks::{all_tasks, current_task, yield_now};
use futures_lite::future;

use recorder::{Log, Told, run};

fn data(bytes: &[u8]) -> Told {
    Told::Data(bytes.to_vec())
}

/// A protocol's transport, and streams at the other end.
async fn pair(log: &Rc<Log>) -> std::io::Result<(Transport, (StreamReader, StreamWriter))> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let transport = create_connection(log.factory(), listener.local_addr()?);
    let (transport, accepted) = future::zip(transport.into_future(), listener.accept()).await;
    Ok((transport?, stream(accepted?.0)))
}

// TRP-29, TRP-30, TRP-33, TRP-44, LOP-25
#[test]
fn the_order_is_made_then_data_then_eof_then_lost() {
    run(async {
        let log = Log::new();
        let (transport, (_reader, writer)) = pair(&log).await?;
        assert_eq!(log.told(), [Told::Made], "before the call returns");
        assert!(transport.tcp().is_some_and(|stream| stream.nodelay().unwrap()));
        writer.write(b"one")?;
        log.until(|log| log.data() == b"one").await;
        writer.write(b"two")?;
        writer.close();
        log.until_lost().await;
        assert_eq!(
            log.told(),
            [Told::Made, data(b"onetwo"), Told::Eof, Told::Lost(None)]
        );
        assert!(transport.is_closing());
        assert_eq!(Rc::strong_count(&log), 1, "the protocol is dropped");
        Ok(())
    });
}

// TRP-01, TRP-02, TRP-06
#[test]
fn close_sends_what_was_written_and_gives_nothing_more() {
    run(async {
        let log = Log::new();
        let (transport, (mut reader, writer)) = pair(&log).await?;
        let bytes = vec![7; 4 << 20];
        transport.write(&bytes)?;
        assert!(transport.get_write_buffer_size() > 0);
        assert!(!transport.is_closing() && transport.is_reading());
        transport.close();
        transport.close();
        assert!(transport.is_closing() && !transport.is_reading());
        writer.write(b"nobody hears this")?;
        assert_eq!(reader.read_to_end().await?.len(), bytes.len());
        log.until_lost().await;
        assert_eq!(log.told().first(), Some(&Told::Made));
        assert!(log.data().is_empty());
        assert_eq!(log.told().last(), Some(&Told::Lost(None)));
        Ok(())
    });
}

// TRP-13
#[test]
fn abort_loses_what_waits_and_tells_in_its_turn() {
    run(async {
        let log = Log::new();
        let (transport, (mut reader, _writer)) = pair(&log).await?;
        let bytes = vec![7; 64 << 20];
        transport.write(&bytes)?;
        transport.abort();
        assert!(!log.is_lost(), "not inside of the call");
        assert_eq!(transport.get_write_buffer_size(), 0);
        log.until_lost().await;
        assert!(log.has(&Told::Lost(None)));
        let came = reader.read_to_end().await.map_or(0, |bytes| bytes.len());
        assert!(came < bytes.len());
        assert_eq!(
            transport.write(b"x").unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
        Ok(())
    });
}

// TRP-06, TRP-07, TRP-08
#[test]
fn a_paused_protocol_is_given_nothing_until_it_resumes() {
    run(async {
        let log = Log::new().hook(|told, transport| {
            if *told == Told::Made {
                transport.pause_reading();
                transport.pause_reading();
            }
        });
        let (transport, (_reader, writer)) = pair(&log).await?;
        assert!(!transport.is_reading());
        writer.write(b"later")?;
        writer.write_eof()?;
        for _ in 0..100 {
            yield_now().await;
        }
        assert_eq!(log.told(), [Told::Made]);
        transport.resume_reading();
        transport.resume_reading();
        log.until_lost().await;
        assert_eq!(log.data(), b"later");
        transport.resume_reading();
        assert!(!transport.is_reading(), "it is closed");
        writer.close();
        Ok(())
    });
}

// TRP-11, TRP-12, TRP-34
#[test]
fn either_direction_may_end_alone() {
    run(async {
        let log = Log::new().keep_open();
        let (transport, (mut reader, writer)) = pair(&log).await?;
        writer.write_eof()?;
        log.until(|log| log.has(&Told::Eof)).await;
        assert!(transport.at_eof() && !transport.is_closing());
        assert!(transport.can_write_eof());
        transport.write(b"still here")?;
        transport.write_eof()?;
        transport.write_eof()?;
        assert_eq!(transport.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(reader.read_to_end().await?, "still here");
        transport.close();
        log.until_lost().await;
        writer.close();
        Ok(())
    });
}

// TRP-04, TRP-05
#[test]
fn another_protocol_of_any_kind_goes_on_in_the_middle() {
    run(async {
        let (first, second, third) = (Log::new(), Log::new().successor(), Log::new().successor());
        let successor = second.buffered(3);
        let mut successor = Some(successor());
        let first = first.hook(move |told, transport| {
            if matches!(told, Told::Data(_)) {
                let set = transport.set_protocol(successor.take().unwrap());
                assert!(set.is_ok());
                let visited = transport.with_protocol(|protocol: &mut recorder::Recorder| {
                    drop(protocol.0.told());
                });
                assert!(visited.is_none(), "not while its callback runs");
            }
        });
        let (transport, (_reader, writer)) = pair(&first).await?;
        writer.write(b"one")?;
        first.until(|log| log.data() == b"one").await;
        writer.write(b"sixsix")?;
        second.until(|log| log.data() == b"sixsix").await;
        let room = transport.with_protocol(|protocol: &mut recorder::Buffered| protocol.1.len());
        assert_eq!(room, Some(3));
        assert!(transport.with_protocol(|_: &mut recorder::Recorder| ()).is_none());
        assert!(transport.set_protocol(third.factory()()).is_ok());
        writer.close();
        third.until(|log| log.has(&Told::Lost(None))).await;
        assert_eq!(first.told(), [Told::Made, data(b"one")]);
        assert!(transport.set_protocol(third.factory()()).is_err(), "it has ended");
        Ok(())
    });
}

// TRP-35, TRP-36, TRP-37
#[test]
fn a_buffered_protocol_is_read_into_its_own_memory() {
    run(async {
        let log = Log::new();
        let server = create_server(log.buffered(5), "127.0.0.1:0").await?;
        let (_reader, writer) = open_connection(server.sockets()[0]).await?;
        writer.write(b"more than five bytes")?;
        log.until(|log| log.data() == b"more than five bytes").await;
        writer.close();
        log.until_lost().await;
        assert_eq!(log.told().last_chunk(), Some(&[Told::Eof, Told::Lost(None)]));
        Ok(())
    });
}

// TRP-08
#[test]
fn inside_a_protocol_there_is_no_current_task_and_none_is_listed() {
    run(async {
        let log = Log::new().hook(|_, _| assert!(current_task().is_none()));
        let (_transport, (_reader, writer)) = pair(&log).await?;
        assert_eq!(all_tasks().len(), 1, "the one of this test");
        writer.write(b"x")?;
        writer.close();
        log.until_lost().await;
        Ok(())
    });
}

// LOP-36
#[test]
fn an_accepted_socket_can_be_given_a_protocol() {
    run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let (mut reader, writer) = open_connection(listener.local_addr()?).await?;
        let (socket, _) = listener.accept()?;
        let log = Log::new();
        let socket = asyncio_net::TcpStream::from_std(socket)?;
        let transport = connect_accepted_socket(log.factory(), socket).await?;
        transport.write(b"welcome")?;
        assert_eq!(reader.readexactly(7).await.unwrap(), "welcome");
        writer.close();
        log.until_lost().await;
        Ok(())
    });
}
