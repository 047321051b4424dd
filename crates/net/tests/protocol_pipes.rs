//! Protocols over pipes and Unix sockets. Unix only.
#![cfg(unix)]

#[path = "kit/recorder.rs"]
mod recorder;

use std::io::{ErrorKind, Read, Write, pipe};

use asyncio_net::{connect_read_pipe, connect_write_pipe, create_unix_connection, create_unix_server};
use asyncio_tasks::{to_thread, yield_now};

use recorder::{Log, Told, run};

// LOP-54
#[test]
fn a_reading_end_gives_what_comes_and_then_the_end() {
    run(async {
        let (reader, mut writer) = pipe()?;
        let log = Log::new().keep_open();
        let transport = connect_read_pipe(log.factory(), reader).await?;
        assert_eq!(transport.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert!(!transport.can_write_eof());
        writer.write_all(b"one")?;
        log.until(|log| log.data() == b"one").await;
        transport.pause_reading();
        writer.write_all(b"two")?;
        drop(writer);
        for _ in 0..50 {
            yield_now().await;
        }
        assert_eq!(log.data(), b"one");
        transport.resume_reading();
        log.until_lost().await;
        let told = [
            Told::Made,
            Told::Data(b"onetwo".to_vec()),
            Told::Eof,
            Told::Lost(None),
        ];
        assert_eq!(log.told(), told);
        Ok(())
    });
}

// LOP-55
#[test]
fn a_writing_end_sends_and_is_told_of_a_reader_that_goes() {
    run(async {
        let (mut reader, writer) = pipe()?;
        let log = Log::new();
        let transport = connect_write_pipe(log.factory(), writer).await?;
        transport.write(&vec![7; 1 << 20])?;
        assert!(log.has(&Told::Pause));
        let read = to_thread(move || {
            let mut all = vec![0; 1 << 20];
            reader.read_exact(&mut all).map(|()| reader)
        });
        let reader = read.await?;
        log.until(|log| log.has(&Told::Resume)).await;
        assert!(!log.is_lost());
        drop(reader);
        log.until_lost().await;
        assert_eq!(
            log.told(),
            [Told::Made, Told::Pause, Told::Resume, Told::Lost(None)]
        );
        Ok(())
    });
}

// LOP-55
#[test]
fn a_reader_that_goes_while_something_waits_is_an_error() {
    run(async {
        let (reader, writer) = pipe()?;
        let log = Log::new();
        let transport = connect_write_pipe(log.factory(), writer).await?;
        transport.write(&vec![7; 1 << 20])?;
        drop(reader);
        log.until_lost().await;
        assert!(log.has(&Told::Lost(Some(ErrorKind::BrokenPipe))));
        Ok(())
    });
}

#[test]
fn the_other_side_sees_the_end_while_the_transport_is_held() {
    run(async {
        for eof in [false, true] {
            let (mut reader, writer) = pipe()?;
            let log = Log::new();
            let transport = connect_write_pipe(log.factory(), writer).await?;
            transport.write(b"bye")?;
            if eof {
                transport.write_eof()?;
            } else {
                transport.close();
            }
            let mut all = String::new();
            reader.read_to_string(&mut all)?;
            assert_eq!(all, "bye");
            log.until_lost().await;
            assert!(log.has(&Told::Lost(None)));
        }
        Ok(())
    });
}

// LOP-54, LOP-55, PLA-02
#[test]
fn a_file_is_no_pipe() {
    run(async {
        let file = std::fs::File::open("Cargo.toml")?;
        let refused = connect_read_pipe(Log::new().factory(), file).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
        Ok(())
    });
}

// LOP-33, LOP-35
#[test]
fn unix_sockets_have_protocols_too() {
    run(async {
        let path = std::env::temp_dir().join(format!("asyncio-protocol-{}", std::process::id()));
        let there = Log::new().hook(|told, transport| {
            if let Told::Data(bytes) = told {
                drop(transport.write(bytes));
            }
        });
        let _server = create_unix_server(there.factory(), &path).mode(0o600).await?;
        let here = Log::new();
        let transport = create_unix_connection(here.factory(), &path).await?;
        assert!(transport.unix().is_some());
        transport.write(b"echo")?;
        here.until(|log| log.data() == b"echo").await;
        transport.close();
        there.until_lost().await;
        std::fs::remove_file(&path)
    });
}
