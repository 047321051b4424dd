//! The cancel explorer over sockets: no byte, no datagram and no connection is lost at any suspension point.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::net::{TcpListener, TcpStream, UdpSocket};
use asyncio::testing::{Case, Ended, explore_cancel};
use asyncio::{create_task, join, sleep, yield_now};

/// Waits until no task but this one is left.
async fn alone() {
    while asyncio::all_tasks().len() > 1 {
        sleep(Duration::from_millis(1)).await;
    }
}

/// A read that is cancelled has taken no byte.
#[test]
fn no_byte_and_no_connection_is_lost_on_a_socket() {
    asyncio::run(async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        explore_cancel(|| {
            let accepted = listener.clone();
            let future = async move {
                let connecting = create_task(async move {
                    yield_now().await;
                    TcpStream::connect(address).await.unwrap()
                });
                let accepted = accepted.accept().await.unwrap();
                (accepted, connecting.await.unwrap())
            };
            let listener = listener.clone();
            Case::new(future, async move |outcome| {
                alone().await;
                if let Ended::Cancelled { .. } = outcome {
                    // Whatever is in the backlog is still there, and the next connection is accepted too.
                    let client = TcpStream::connect(address).await.unwrap();
                    let own = client.local_addr().unwrap();
                    while listener.accept().await.unwrap().1 != own {}
                }
            })
        })
        .await;
        let pair = async || {
            let (client, server) = join!(TcpStream::connect(address), listener.accept()).await;
            (client.unwrap(), server.unwrap().0)
        };
        let (writer, reader) = pair().await;
        let (writer, reader) = (Rc::new(RefCell::new(writer)), Rc::new(RefCell::new(reader)));
        #[expect(clippy::await_holding_refcell_ref, reason = "one borrows it at a time")]
        explore_cancel(|| {
            let (to, from) = (writer.clone(), reader.clone());
            let future = async move {
                drop(create_task(async move {
                    yield_now().await;
                    to.borrow_mut().write_all(b"hello").await.unwrap();
                }));
                let mut buffer = [0; 16];
                from.borrow_mut().read(&mut buffer).await.unwrap()
            };
            let from = reader.clone();
            Case::new(future, async move |outcome| {
                alone().await;
                if let Ended::Cancelled { at: 1.., .. } = outcome {
                    let mut buffer = [0; 5];
                    from.borrow_mut().read_exact(&mut buffer).await.unwrap();
                    assert_eq!(&buffer, b"hello");
                }
            })
        })
        .await;
        let (a, b) = (
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        );
        let to = b.local_addr().unwrap();
        let (a, b) = (Rc::new(a), Rc::new(b));
        explore_cancel(|| {
            let (a, b_in) = (a.clone(), b.clone());
            let future = async move {
                drop(create_task(async move {
                    yield_now().await;
                    a.send_to(b"datagram", to).await.unwrap();
                }));
                let mut buffer = [0; 16];
                b_in.recv_from(&mut buffer).await.unwrap().0
            };
            let b = b.clone();
            Case::new(future, async move |outcome| {
                alone().await;
                if let Ended::Cancelled { at: 1.., .. } = outcome {
                    let mut buffer = [0; 16];
                    assert_eq!(b.recv_from(&mut buffer).await.unwrap().0, 8);
                }
            })
        })
        .await;
    });
}
