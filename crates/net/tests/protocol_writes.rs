//! Writes to a transport that has a protocol, and the socket below it.

#[path = "kit/recorder.rs"]
mod recorder;

use std::io::{self, ErrorKind, Write};
use std::rc::Rc;

use asyncio_net::{
    SocketRef, StreamReader, StreamWriter, TcpListener, Transport, connect_accepted_socket,
    create_connection, stream,
};
use asyncio_tasks::create_task;
use bytes::Bytes;
use futures_lite::future;
use socket2::SockRef;

use recorder::{Log, Told, run};

static_assertions::assert_impl_all!(SocketRef<'_>: Send, Sync, Unpin);

const MUCH: usize = 4 << 20;

/// A connection with a protocol, and its peer.
async fn pair(log: &Rc<Log>) -> io::Result<(Transport, (StreamReader, StreamWriter))> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let connecting = create_connection(log.factory(), listener.local_addr()?);
    let (transport, (peer, _)) = future::try_zip(connecting.into_future(), listener.accept()).await?;
    Ok((transport, stream(peer)))
}

fn refused(transport: &Transport, kind: ErrorKind) {
    for written in [
        transport.write(b"x"),
        transport.writelines([&b"x"[..], b"y"]),
        transport.write_owned(Bytes::from_static(b"x")),
    ] {
        assert_eq!(written.map_err(|error| error.kind()), Err(kind));
    }
}

// TRP-09
#[test]
fn what_the_system_takes_goes_at_once_and_the_rest_in_order_behind_it() {
    run(async {
        let log = Log::new();
        let (transport, (mut reader, _writer)) = pair(&log).await?;
        transport.write(b"at once")?;
        assert_eq!(transport.get_write_buffer_size(), 0);
        assert_eq!(reader.readexactly(7).await.unwrap(), "at once");
        let mut sent = Vec::new();
        for round in 0..40_u8 {
            let piece = vec![round; MUCH / 32];
            match round % 3 {
                0 => transport.write(&piece)?,
                1 => transport.write_owned(piece.clone().into())?,
                _ => transport.writelines([&piece[..9], &piece[9..]])?,
            }
            sent.extend(piece);
        }
        assert!(
            transport.get_write_buffer_size() > 0,
            "more than the system takes"
        );
        transport.write(b"")?;
        transport.write_eof()?;
        refused(&transport, ErrorKind::BrokenPipe);
        assert!(reader.read_to_end().await.unwrap() == sent);
        assert!(log.has(&Told::Pause) && log.has(&Told::Resume));
        transport.write_eof()?;
        Ok(())
    });
}

// TRP-09, TRP-13: it is told, and changes nothing.
#[test]
fn a_write_after_the_end_is_an_error_that_can_be_ignored() {
    run(async {
        for abort in [false, true] {
            let log = Log::new();
            let (transport, (mut reader, _writer)) = pair(&log).await?;
            transport.write(b"last")?;
            if abort {
                transport.abort()
            } else {
                transport.close()
            }
            refused(&transport, ErrorKind::ConnectionReset);
            log.until_lost().await;
            refused(&transport, ErrorKind::ConnectionReset);
            assert_eq!(log.told(), [Told::Made, Told::Lost(None)]);
            assert_eq!(reader.read_to_end().await.unwrap(), "last");
        }
        Ok(())
    });
}

// TRP-09, LOP-37
#[test]
fn a_file_on_its_way_keeps_writes_out() {
    run(async {
        let log = Log::new();
        let (transport, (mut reader, _writer)) = pair(&log).await?;
        let path = std::env::temp_dir().join(format!("asyncio-writes-{}", std::process::id()));
        let mut file = std::fs::File::create(&path)?;
        file.write_all(&vec![7; MUCH])?;
        let file = std::fs::File::open(&path)?;
        std::fs::remove_file(&path)?;
        let sending = transport.clone();
        let task = create_task(async move { sending.sendfile(&file).await });
        reader.readexactly(1).await.unwrap();
        refused(&transport, ErrorKind::ResourceBusy);
        reader.readexactly(MUCH - 1).await.unwrap();
        assert_eq!(task.await.unwrap().unwrap(), MUCH as u64);
        transport.write(b"free again")?;
        assert_eq!(reader.readexactly(10).await.unwrap(), "free again");
        Ok(())
    });
}

// TRP-27, TRP-03
#[test]
fn the_socket_below_can_be_looked_at() {
    run(async {
        let log = Log::new();
        let (transport, (_reader, writer)) = pair(&log).await?;
        let socket = transport.socket().unwrap();
        let peer = writer.transport().socket().unwrap();
        assert_eq!(socket.local_addr()?.as_socket(), peer.peer_addr()?.as_socket());
        assert_eq!(socket.peer_addr()?.as_socket(), peer.local_addr()?.as_socket());
        assert_eq!(socket.domain()?, socket2::Domain::IPV4);
        assert_eq!(socket.kind()?, socket2::Type::STREAM);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.protocol()?, Some(socket2::Protocol::TCP));
        SockRef::from(&socket).set_keepalive(true)?;
        assert!(transport.tcp().unwrap().keepalive()?);
        let own = socket.try_clone()?;
        drop(log);
        transport.abort();
        drop(transport);
        // It is the caller's, and outlives the transport.
        assert_eq!(own.r#type()?, socket2::Type::STREAM);
        Ok(())
    });
}

// TRP-27
#[cfg(unix)]
#[test]
fn a_unix_socket_is_one_too_and_a_pipe_is_none() {
    use std::os::fd::{AsFd, AsRawFd};

    run(async {
        let (one, _other) = asyncio_net::UnixStream::pair()?;
        let raw = one.as_raw_fd();
        let transport = connect_accepted_socket(Log::new().factory(), one).await?;
        let socket = transport.socket().unwrap();
        assert_eq!((socket.as_raw_fd(), socket.as_fd().as_raw_fd()), (raw, raw));
        assert_eq!(socket.domain()?, socket2::Domain::UNIX);
        let (reader, _writer) = io::pipe()?;
        let pipe = asyncio_net::connect_read_pipe(Log::new().factory(), reader).await?;
        assert!(pipe.socket().is_none());
        Ok(())
    });
}
