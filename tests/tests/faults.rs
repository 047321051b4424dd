//! What happens when things are many, or go wrong: no hang, no lost task, no abort.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use asyncio::net::{TcpListener, TcpStream};
use asyncio::{Runner, create_task, sleep, to_thread};

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

/// Serves echoes on a task; gives the address.
async fn echo_server() -> io::Result<std::net::SocketAddr> {
    let listener = TcpListener::builder().backlog(4096).bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    drop(create_task(async move {
        while let Ok((stream, _)) = listener.accept_retrying(|_| {}).await {
            drop(create_task(echo(stream)));
        }
    }));
    Ok(address)
}

async fn one_echo(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"ping").await?;
    let mut buffer = [0; 4];
    stream.read_exact(&mut buffer).await?;
    assert_eq!(&buffer, b"ping");
    Ok(())
}

#[test]
fn a_million_timers_are_pending_and_fire_in_order() {
    let seen = Runner::new()
        .mock_clock(true)
        .run(async {
            let last = std::rc::Rc::new(std::cell::Cell::new((0, 0_u32)));
            let tasks: Vec<_> = (0..1_000_000_u64)
                .map(|n| {
                    let last = last.clone();
                    let seconds = n * 7919 % 86_400;
                    create_task(async move {
                        sleep(Duration::from_secs(seconds)).await;
                        let (before, count) = last.get();
                        assert!(before <= seconds, "{before} fired before {seconds}");
                        last.set((seconds, count + 1));
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            last.get()
        })
        .unwrap();
    assert_eq!(seen, (86_399, 1_000_000));
}

#[test]
fn the_longest_duration_never_fires_and_harms_nobody() {
    asyncio::run(async {
        let forever = create_task(sleep(Duration::MAX));
        sleep(Duration::from_millis(1)).await;
        assert!(!forever.is_finished());
        assert!(forever.cancel());
        assert!(forever.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_task_that_wakes_itself_for_ever_does_not_starve_an_echo() {
    asyncio::run(async {
        drop(create_task(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })));
        let mut client = TcpStream::connect(echo_server().await?).await?;
        for _ in 0..100 {
            one_echo(&mut client).await?;
        }
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn panics_on_other_threads_reach_their_awaiters_and_leave_the_threads_alone() {
    asyncio::run(async {
        for _ in 0..100 {
            let error = to_thread(|| panic!("on purpose, in a call"))
                .await
                .map(|(): ()| ())
                .unwrap_err();
            assert!(error.is_panic());
            let task: asyncio::Task<()> = asyncio::spawn(async { panic!("on purpose, on the pool") });
            assert!(task.await.unwrap_err().is_panic());
        }
        assert_eq!(to_thread(|| 8).await.unwrap(), 8);
        assert_eq!(asyncio::spawn(async { 9 }).await.unwrap(), 9);
    });
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;

    fn set_descriptor_limit(limit: u64) -> u64 {
        let mut old = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: both calls get valid pointers to whole structures.
        #[expect(unsafe_code, reason = "the limit of descriptors has no safe binding here")]
        unsafe {
            assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut old), 0);
            let new = libc::rlimit {
                rlim_cur: limit.min(old.rlim_max),
                rlim_max: old.rlim_max,
            };
            assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &new), 0);
            new.rlim_cur
        }
    }

    /// Runs one test of this program in a process of its own; `true` in that process.
    fn in_child(name: &str) -> bool {
        if std::env::var_os("ASYNCIO_TEST_CHILD").is_some() {
            return true;
        }
        let program = std::env::current_exe().expect("a test knows its program");
        let output = std::process::Command::new(program)
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env("ASYNCIO_TEST_CHILD", "1")
            .output()
            .expect("the test's program can be started");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}{output:?}"
        );
        false
    }

    #[test]
    fn twenty_thousand_sockets_are_served() {
        if !in_child("linux::twenty_thousand_sockets_are_served") {
            return;
        }
        // Both ends are in this process. Where the system allows fewer, as many as it does.
        let pairs = (set_descriptor_limit(20_200).saturating_sub(200) / 2).min(10_000);
        asyncio::run(async {
            let address = echo_server().await?;
            let mut clients = Vec::new();
            for _ in 0..pairs {
                clients.push(TcpStream::connect(address).await?);
            }
            for client in &mut clients {
                client.write_all(b"ping").await?;
            }
            for client in &mut clients {
                let mut buffer = [0; 4];
                client.read_exact(&mut buffer).await?;
                assert_eq!(&buffer, b"ping");
            }
            io::Result::Ok(())
        })
        .unwrap();
        assert!(pairs >= 500, "the system allows {pairs} pairs only");
    }

    #[test]
    fn an_accept_loop_survives_a_shortage_of_descriptors() {
        if !in_child("linux::an_accept_loop_survives_a_shortage_of_descriptors") {
            return;
        }
        asyncio::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let reported = std::rc::Rc::new(std::cell::Cell::new(0));
            let count = reported.clone();
            drop(create_task(async move {
                loop {
                    let accepted = listener.accept_retrying(|_| count.set(count.get() + 1)).await;
                    drop(create_task(echo(accepted?.0)));
                }
                #[expect(unreachable_code, reason = "it gives the block its type")]
                io::Result::Ok(())
            }));
            let mut first = TcpStream::connect(address).await?;
            one_echo(&mut first).await?;
            set_descriptor_limit(64);
            let mut clients = Vec::new();
            while let Ok(client) = TcpStream::connect(address).await {
                clients.push(client);
                assert!(clients.len() < 64);
            }
            while reported.get() == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            // Those that were accepted go on; when some leave, those that wait are served.
            one_echo(&mut first).await?;
            let mut last = clients.pop().expect("some could connect");
            clients.clear();
            one_echo(&mut last).await
        })
        .unwrap();
    }

    #[test]
    fn a_forked_child_gets_an_error_from_the_old_loop_and_can_make_a_new_one() {
        let mut runner = Runner::new().worker_threads(1);
        runner
            .run(async { asyncio::spawn(async {}).await.unwrap() })
            .unwrap();
        // SAFETY: the child touches its own copies only and leaves by `_exit`.
        #[expect(unsafe_code, reason = "fork is what is tested")]
        unsafe {
            match libc::fork() {
                0 => {
                    let refused = runner
                        .run(async {})
                        .is_err_and(|error| error.to_string().contains("fork"));
                    let fresh = std::panic::catch_unwind(|| {
                        Runner::new().handle_sigint(false).run(async {
                            sleep(Duration::from_millis(1)).await;
                            to_thread(|| 7).await.is_ok_and(|value| value == 7)
                        })
                    });
                    let works = matches!(fresh, Ok(Ok(true)));
                    libc::_exit(i32::from(!refused) + 2 * i32::from(!works));
                }
                child => {
                    assert!(child > 0, "{}", io::Error::last_os_error());
                    let mut status = -1;
                    assert_eq!(libc::waitpid(child, &mut status, 0), child);
                    assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 0));
                }
            }
        }
        // The parent's loop and its pool are as they were.
        assert_eq!(
            runner
                .run(async { asyncio::spawn(async { 3 }).await.unwrap() })
                .unwrap(),
            3
        );
    }
}
