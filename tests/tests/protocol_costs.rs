//! What protocols cost: no allocation for a message, and at most 600 bytes for a connection that rests.
//!
//! The clients are on a thread of their own, and the allocator counts what the thread of the loop does.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use asyncio::net::{BaseProtocol, BufferedProtocol, Protocol, Server, Transport, create_server};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

fn grown(by: isize) {
    BYTES.set(BYTES.get() + by);
}

// SAFETY: all is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        grown(layout.size() as isize);
        // SAFETY: passed on to the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        grown(-(layout.size() as isize));
        // SAFETY: passed on to the caller.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Default)]
struct Echo {
    transport: Option<Transport>,
}

impl BaseProtocol for Echo {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }
}

impl Protocol for Echo {
    fn data_received(&mut self, data: &[u8]) {
        let transport = self.transport.as_ref().expect("it is made");
        transport.write(data).expect("the peer reads");
    }
}

/// The same with memory of its own.
struct Buffered {
    transport: Option<Transport>,
    buffer: Vec<u8>,
}

impl BaseProtocol for Buffered {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }
}

impl BufferedProtocol for Buffered {
    fn get_buffer(&mut self, _: Option<usize>) -> &mut [u8] {
        &mut self.buffer
    }

    fn buffer_updated(&mut self, count: usize) {
        let transport = self.transport.as_ref().expect("it is made");
        transport.write(&self.buffer[..count]).expect("the peer reads");
    }
}

/// Clients on a thread of their own, which do a round of messages whenever they are told to.
struct Clients {
    rounds: Option<Sender<usize>>,
    done: Option<Receiver<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Clients {
    fn connect(address: SocketAddr, count: usize, size: usize) -> Clients {
        let (rounds, orders) = channel::<usize>();
        let (tell, done) = channel();
        let thread = std::thread::spawn(move || {
            let mut all: Vec<TcpStream> = (0..count)
                .map(|_| TcpStream::connect(address).expect("the server listens"))
                .collect();
            tell.send(()).expect("somebody waits");
            let (message, mut answer) = (vec![7; size], vec![0; size]);
            for messages in orders {
                for _ in 0..messages {
                    for client in &mut all {
                        client.write_all(&message).expect("the server reads");
                    }
                    for client in &mut all {
                        client.read_exact(&mut answer).expect("it is echoed");
                    }
                }
                tell.send(()).expect("somebody waits");
            }
        });
        Clients {
            rounds: Some(rounds),
            done: Some(done),
            thread: Some(thread),
        }
    }

    /// Waits until the clients are through with what they were told.
    async fn done(&mut self) {
        let done = self.done.take().expect("it lies here between two waits");
        let done = asyncio::to_thread(move || {
            done.recv().expect("the clients live");
            done
        });
        self.done = Some(done.await.expect("it ends"));
    }

    async fn round(&mut self, messages: usize) {
        let rounds = self.rounds.as_ref().expect("they live");
        rounds.send(messages).expect("the clients live");
        self.done().await;
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.rounds = None;
        let ended = self.thread.take().map(|thread| thread.join());
        assert!(std::thread::panicking() || ended.is_some_and(|ended| ended.is_ok()));
    }
}

/// What a number of messages makes the loop allocate, when all that grows has grown.
async fn allocations(server: &Server, size: usize, messages: usize) -> usize {
    let mut clients = Clients::connect(server.sockets()[0], 16, size);
    clients.done().await;
    clients.round(50).await;
    let before = COUNT.get();
    clients.round(messages).await;
    COUNT.get() - before
}

// TRP-33, TRP-09
#[test]
fn an_echo_by_a_protocol_allocates_nothing_for_a_message() {
    asyncio::run(async {
        for size in [64, 4096] {
            let server = create_server(Echo::default, "127.0.0.1:0").await.expect("a port");
            // What waiting for the clients itself costs is the same however many messages there are.
            let few = allocations(&server, size, 1).await;
            let many = allocations(&server, size, 200).await;
            assert!(
                many <= few,
                "{size} bytes: {many} for 3200 messages, {few} for 16"
            );
        }
    });
}

// TRP-36
#[test]
fn neither_does_one_with_a_buffer_of_its_own() {
    asyncio::run(async {
        let make = || Buffered {
            transport: None,
            buffer: vec![0; 4096],
        };
        let server = create_server(make, "127.0.0.1:0").await.expect("a port");
        let few = allocations(&server, 64, 1).await;
        let many = allocations(&server, 64, 200).await;
        assert!(many <= few, "{many} for 3200 messages, {few} for 16");
    });
}

// TRP-29: what a connection holds once it has answered and rests.
#[test]
fn a_connection_with_a_protocol_that_rests_holds_at_most_600_bytes() {
    // With their clients they stay below the usual limit of descriptors.
    const CONNECTIONS: usize = 430;
    asyncio::run(async {
        let server = create_server(Echo::default, "127.0.0.1:0").await.expect("a port");
        let mut first = Clients::connect(server.sockets()[0], 8, 64);
        first.done().await;
        first.round(10).await;
        let before = BYTES.get();
        let mut clients = Clients::connect(server.sockets()[0], CONNECTIONS, 64);
        clients.done().await;
        clients.round(3).await;
        assert_eq!(server.connections(), 8 + CONNECTIONS);
        let each = (BYTES.get() - before) / CONNECTIONS as isize;
        assert!(each <= 600, "{each} bytes");
        println!("{each} bytes for an idle connection");
    });
}
