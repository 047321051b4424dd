//! What `create_server` and `create_connection` can be told, and what they refuse.

#[path = "kit/recorder.rs"]
mod recorder;
#[path = "kit/tls.rs"]
mod tls;

use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::Duration;

use asyncio_net::{
    Family, Keepalive, Server, TcpListener, TcpStream, Transport, connect_accepted_socket, create_connection,
    create_server,
};

use recorder::{Log, Told, run};

const LOCAL: &str = "127.0.0.1:0";

fn echo() -> Rc<Log> {
    Log::new().hook(|told, transport| {
        if let Told::Data(bytes) = told {
            drop(transport.write(bytes));
        }
    })
}

// LOP-25: `connection_made` was called, small pieces go out at once, the protocol is behind the transport.
#[test]
fn a_connection_is_made_with_its_protocol() {
    run(async {
        let there = echo();
        let server = create_server(there.factory(), LOCAL).await?;
        let here = Log::new();
        let transport = create_connection(here.factory(), server.sockets()[0]).await?;
        assert_eq!(here.told(), [Told::Made]);
        assert!(transport.tcp().unwrap().nodelay()?);
        assert!(
            transport.with_protocol(|protocol: &mut recorder::Recorder| Rc::ptr_eq(&protocol.0, &here))
                == Some(true)
        );
        transport.write(b"echo")?;
        here.until(|log| log.data() == b"echo").await;
        Ok(())
    });
}

/// What a connection to a server with these options has on the server's side.
async fn accepted(
    set: impl FnOnce(asyncio_net::StartServer) -> asyncio_net::StartServer,
) -> io::Result<(Server, Transport)> {
    let log = Log::new();
    let server = set(create_server(log.factory(), LOCAL)).await?;
    let client = TcpStream::connect(server.sockets()[0]).await?;
    log.until(|log| log.has(&Told::Made)).await;
    let transport = log.transport();
    drop(client);
    Ok((server, transport))
}

// LOP-34
#[test]
fn connections_have_the_options_that_their_server_was_given() {
    run(async {
        let (_server, plain) = accepted(|server| server).await?;
        assert!(plain.tcp().unwrap().nodelay()? && !plain.tcp().unwrap().keepalive()?);
        let probes = Keepalive::new().time(Duration::from_secs(60));
        let (_other, set) = accepted(|server| server.nodelay(false).keepalive(probes)).await?;
        assert!(!set.tcp().unwrap().nodelay()? && set.tcp().unwrap().keepalive()?);
        plain.abort();
        set.abort();
        Ok(())
    });
}

// LOP-34
#[test]
fn a_server_listens_on_all_of_several_hosts_and_once_on_each() {
    run(async {
        let log = Log::new();
        let server = create_server(log.factory(), ("localhost", 0))
            .also_on("127.0.0.2:0")
            .also_on(("127.0.0.2", 0))
            .family(Family::V4)
            .await?;
        let on: Vec<String> = server.sockets().iter().map(|at| at.ip().to_string()).collect();
        assert_eq!(on, ["127.0.0.1", "127.0.0.2"]);
        create_connection(Log::new().factory(), server.sockets()[1])
            .await?
            .close();
        let refused = create_server(Log::new().factory(), LOCAL)
            .family(Family::V6)
            .await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert!(refused.to_string().contains("127.0.0.1:0"), "{refused}");
        Ok(())
    });
}

// LOP-34
#[test]
fn a_server_takes_sockets_shares_ports_and_begins_when_it_is_told() {
    run(async {
        let log = Log::new();
        let listener = TcpListener::bind(LOCAL).await?;
        let address = listener.local_addr()?;
        let waits = create_server(log.factory(), LOCAL)
            .sock(listener)
            .start_serving(false)
            .await?;
        assert_eq!(waits.sockets(), [address]);
        let client = create_connection(Log::new().factory(), address).await?;
        assert!(!waits.is_serving() && log.told().is_empty());
        waits.start_serving();
        log.until(|log| log.has(&Told::Made)).await;
        client.close();
        #[cfg(unix)]
        {
            let one = create_server(Log::new().factory(), LOCAL)
                .reuse_port(true)
                .backlog(7)
                .await?;
            let shared = one.sockets()[0];
            let _two = create_server(Log::new().factory(), shared)
                .reuse_port(true)
                .await?;
            assert!(create_server(Log::new().factory(), shared).await.is_err());
        }
        Ok(())
    });
}

fn refused<T>(done: io::Result<T>, why: &str) {
    let error = done.err().expect("it is refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains(why), "{error}");
}

// LOP-26, LOP-30: before a connection is tried, and before anything is bound.
#[test]
fn limits_of_tls_must_be_more_than_nothing_and_mean_nothing_without_it() {
    run(async {
        let (client, server) = tls::configs();
        let none = Duration::ZERO;
        // Nobody is there: the options are judged first.
        let nobody = TcpListener::bind(LOCAL).await?.local_addr()?;
        let connecting = || create_connection(Log::new().factory(), nobody);
        let secure = || connecting().ssl(client.clone()).server_hostname("localhost");
        refused(
            secure().ssl_handshake_timeout(none).await,
            "ssl_handshake_timeout must be more than zero",
        );
        refused(
            secure().ssl_shutdown_timeout(none).await,
            "ssl_shutdown_timeout must be more than zero",
        );
        let some = Duration::from_secs(1);
        refused(
            connecting().ssl_handshake_timeout(some).await,
            "ssl_handshake_timeout means nothing without ssl",
        );
        refused(
            connecting().ssl_shutdown_timeout(some).await,
            "ssl_shutdown_timeout means nothing without ssl",
        );
        refused(
            connecting().server_hostname("localhost").await,
            "server_hostname means nothing without ssl",
        );
        let several = create_connection(Log::new().factory(), [nobody, nobody]);
        refused(several.ssl(client.clone()).await, "give server_hostname");
        let serving = || create_server(Log::new().factory(), LOCAL);
        let limited = serving().ssl(server.clone()).ssl_handshake_timeout(none);
        refused(limited.await, "ssl_handshake_timeout must be more than zero");
        refused(
            serving().ssl_shutdown_timeout(some).await,
            "means nothing without ssl",
        );
        Ok(())
    });
}

// LOP-36, LOP-38: the same for connections that are there, which nothing has happened to.
#[test]
fn a_limit_of_zero_leaves_a_connection_as_it_was() {
    run(async {
        let (client, server) = tls::configs();
        let listener = TcpListener::bind(LOCAL).await?;
        let socket = TcpStream::connect(listener.local_addr()?).await?;
        let log = Log::new();
        let accepted = connect_accepted_socket(log.factory(), socket).ssl(server);
        refused(
            accepted.ssl_handshake_timeout(Duration::ZERO).await,
            "more than zero",
        );
        assert!(log.told().is_empty());
        let there = echo();
        let echoing = create_server(there.factory(), LOCAL).await?;
        let here = Log::new();
        let transport = create_connection(here.factory(), echoing.sockets()[0]).await?;
        let begun = transport.start_tls(client).server_hostname("localhost");
        refused(begun.ssl_shutdown_timeout(Duration::ZERO).await, "more than zero");
        transport.write(b"plain")?;
        here.until(|log| log.data() == b"plain").await;
        Ok(())
    });
}

#[cfg(unix)]
mod unix {
    use std::any::Any;
    use std::cell::RefCell;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use asyncio_net::{UnixListener, create_unix_connection, create_unix_server};

    use super::*;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            Place(std::env::temp_dir().join(format!("asyncio-options-{name}-{}", std::process::id())))
        }

        fn path(&self) -> &Path {
            &self.0
        }

        fn is_there(&self) -> bool {
            self.0.symlink_metadata().is_ok()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    // LOP-35
    #[test]
    fn the_file_of_a_unix_server_goes_with_it() {
        thread_local! {
            static KEPT: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
        }
        run(async {
            let place = Place::new("goes");
            let there = echo();
            let server = create_unix_server(there.factory(), place.path())
                .mode(0o600)
                .await?;
            assert_eq!(place.path().metadata()?.permissions().mode() & 0o777, 0o600);
            let here = Log::new();
            let transport = create_unix_connection(here.factory(), place.path()).await?;
            there.until(|log| log.has(&Told::Made)).await;
            server.close();
            assert!(!place.is_there(), "it goes with the close");
            transport.write(b"the connection goes on")?;
            here.until(|log| log.data() == b"the connection goes on").await;
            transport.close();
            server.wait_closed().await;
            // Dropped, or together with its loop.
            drop(create_unix_server(there.factory(), place.path()).await?);
            assert!(!place.is_there());
            // The server outlives its loop.
            let listener = UnixListener::bind(place.path())?;
            let given = create_unix_server(there.factory(), "unused")
                .sock(listener)
                .await?;
            assert!(place.is_there() && given.is_serving());
            KEPT.set(Some(Box::new(given)));
            Ok(())
        });
        assert!(!Place::new("goes").is_there());
    }

    // LOP-35
    #[test]
    fn a_file_that_is_another_ones_by_now_stays_and_so_does_one_that_is_to() {
        run(async {
            let place = Place::new("stays");
            let first = create_unix_server(Log::new().factory(), place.path()).await?;
            // It replaces what it takes for a stale socket.
            let second = create_unix_server(Log::new().factory(), place.path()).await?;
            first.close();
            assert!(place.is_there());
            create_unix_connection(Log::new().factory(), place.path())
                .await?
                .close();
            second.close();
            assert!(!place.is_there());
            let kept = create_unix_server(Log::new().factory(), place.path())
                .cleanup_socket(false)
                .await?;
            kept.close();
            kept.wait_closed().await;
            assert!(place.is_there());
            Ok(())
        });
    }

    // LOP-33
    #[test]
    fn unix_sockets_speak_tls_when_the_name_is_given() {
        run(async {
            let (client, server) = tls::configs();
            let place = Place::new("tls");
            let there = echo();
            let _server = create_unix_server(there.factory(), place.path())
                .ssl(server)
                .await?;
            let here = Log::new();
            let connecting = || create_unix_connection(here.factory(), place.path()).ssl(client.clone());
            refused(connecting().await, "give server_hostname");
            let transport = connecting().server_hostname("localhost").await?;
            assert!(transport.unix().is_some() && transport.tls_info().is_some());
            transport.write(b"echo")?;
            here.until(|log| log.data() == b"echo").await;
            transport.close();
            there.until_lost().await;
            Ok(())
        });
    }
}
