//! Sending files: what arrives, the file's position, and what is told when it fails.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod kit;
#[path = "kit/temporary.rs"]
mod temporary;

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::net::Shutdown;
use std::time::Duration;

use asyncio_net::{Sendfile, SendfileError, SendfileNotAvailableError, TcpStream, UnixStream, sendfile};
use futures_lite::{AsyncReadExt, future};
use static_assertions::assert_impl_all as has;

use kit::{everywhere, pair, poll_once};
use temporary::Temporary;

has!(Sendfile<'static, TcpStream>: Send, Unpin);
has!(SendfileError: Send, Sync, std::error::Error);
has!(SendfileNotAvailableError: Send, Sync, std::error::Error);

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n * 31 + n / 251) as u8).collect()
}

/// LOP-51.
#[test]
fn a_whole_file_arrives_and_the_position_is_its_end() {
    everywhere(|| async {
        let data = bytes(3_000_000);
        let mut file = Temporary::new(&data);
        file.0.seek(SeekFrom::Start(17))?;
        let (server, mut client) = pair().await?;
        let send = async {
            let sent = sendfile(&file.0, &server)
                .fallback(!cfg!(target_os = "linux"))
                .await?;
            server.shutdown(Shutdown::Write)?;
            Ok(sent)
        };
        let mut received = Vec::new();
        let receive = AsyncReadExt::read_to_end(&mut client, &mut received);
        let (sent, _): (u64, _) = future::try_zip(send, receive).await?;
        assert_eq!(sent, 3_000_000);
        assert!(received == data);
        assert_eq!(file.position(), 3_000_000);
        Ok(())
    });
}

/// LOP-51.
#[test]
fn a_part_is_sent_by_offset_and_count() {
    everywhere(|| async {
        let mut file = Temporary::new(b"0123456789");
        let (server, mut client) = UnixStream::pair()?;
        assert_eq!(sendfile(&file.0, &server).offset(2).count(3).await?, 3);
        assert_eq!(file.position(), 5);
        // At most: the file has only so much.
        assert_eq!(sendfile(&file.0, &server).offset(8).count(100).await?, 2);
        assert_eq!(file.position(), 10);
        // Nothing sent leaves the position alone.
        file.0.seek(SeekFrom::Start(4))?;
        assert_eq!(sendfile(&file.0, &server).count(0).await?, 0);
        assert_eq!(sendfile(&file.0, &server).offset(50).await?, 0);
        assert_eq!(file.position(), 4);
        drop(server);
        let mut received = Vec::new();
        AsyncReadExt::read_to_end(&mut client, &mut received).await?;
        assert_eq!(received, b"23489");
        Ok(())
    });
}

/// The system does not send this one. EXC-04.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_the_system_does_not_send_is_read_and_written_unless_that_is_declined() {
    everywhere(|| async {
        let file = File::open("/proc/self/cmdline")?;
        let content = std::fs::read("/proc/self/cmdline")?;
        let (server, mut client) = pair().await?;
        let error = sendfile(&file, &server).fallback(false).await.unwrap_err();
        assert!(matches!(error, SendfileError::NotAvailable(_)), "{error}");
        assert_eq!(error.sent(), 0);
        assert_eq!(io::Error::from(error).kind(), ErrorKind::Unsupported);

        let sent = sendfile(&file, &server).await?;
        assert_eq!(sent, content.len() as u64);
        assert_eq!((&file).stream_position()?, sent);
        let part = sendfile(&file, &server).offset(1).count(2).await?;
        assert_eq!(part, 2);
        drop(server);
        let mut received = Vec::new();
        AsyncReadExt::read_to_end(&mut client, &mut received).await?;
        assert_eq!(received[..content.len()], content);
        assert_eq!(received[content.len()..], content[1..3]);
        Ok(())
    });
}

/// LOP-51. The position is updated even on an error.
#[test]
fn a_reset_tells_how_much_was_sent_and_sets_the_position() {
    everywhere(|| async {
        let mut file = Temporary::new(b"");
        // More than a socket takes, and no place on the disk.
        file.0.set_len(64 << 20)?;
        let (server, client) = pair().await?;
        let mut sending = sendfile(&file.0, &server).offset(10);
        // Until the socket is full.
        let mut last = u64::MAX;
        while sending.sent() != last {
            last = sending.sent();
            assert!(poll_once(&mut sending).await.is_none());
        }
        client.set_linger(Some(Duration::ZERO))?;
        drop(client);
        let error = (&mut sending).await.unwrap_err();
        let sent = error.sent();
        assert!(sent > 0 && sent == sending.sent());
        let kind = io::Error::from(error).kind();
        assert!(
            matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
            "{kind}"
        );
        drop(sending);
        assert_eq!(file.position(), 10 + sent);
        Ok(())
    });
}

#[test]
fn a_send_that_is_dropped_has_set_the_position() {
    everywhere(|| async {
        let mut file = Temporary::new(b"");
        // More than a socket takes, and no place on the disk.
        file.0.set_len(64 << 20)?;
        let (server, _client) = pair().await?;
        let mut sending = sendfile(&file.0, &server);
        assert!(poll_once(&mut sending).await.is_none());
        let sent = sending.sent();
        assert!(sent > 0);
        drop(sending);
        assert_eq!(file.position(), sent);
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_is_the_error_of_the_system() {
    everywhere(|| async {
        let directory = File::open("/")?;
        let (server, _client) = pair().await?;
        let error = sendfile(&directory, &server).await.unwrap_err();
        assert!(matches!(&error, SendfileError::Io { sent: 0, error }
            if error.kind() == ErrorKind::IsADirectory));
        Ok(())
    });
}
