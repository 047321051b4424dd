//! A server that speaks Redis' protocol: `cargo run --example resp_server -- 127.0.0.1:6379`, and then `redis-cli` or
//! `redis-benchmark -t ping,set,get,incr`.
//!
//! It knows strings: PING, ECHO, SET, GET, DEL, EXISTS, INCR, EXPIRE, TTL, KEYS and a few more. Each connection is a
//! `BufferedProtocol`: requests are read into its memory, parsed there, and all that came with one read is answered by one
//! write. A client that does not read its answers is not read from. Ctrl-C ends it.

#[path = "resp_server/request.rs"]
mod request;
#[path = "resp_server/store.rs"]
mod store;

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::rc::Rc;

use asyncio::net::{BaseProtocol, BufferedProtocol, Transport, create_server};

use request::{Parsed, parse};
use store::{Reply, Store};

/// So much room there is for the next read, at least.
const ROOM: usize = 16 * 1024;

struct Client {
    store: Rc<RefCell<Store>>,
    transport: Option<Transport>,
    /// What came and was not answered yet is the first `filled` bytes.
    input: Vec<u8>,
    filled: usize,
    /// Where the words of a request are.
    words: Vec<Range<usize>>,
    output: Vec<u8>,
}

impl Client {
    fn new(store: Rc<RefCell<Store>>) -> Client {
        Client {
            store,
            transport: None,
            input: Vec::new(),
            filled: 0,
            words: Vec::new(),
            output: Vec::new(),
        }
    }

    /// Answers the requests that are whole. `false`: the client has said goodbye, or what nobody can understand.
    fn answer(&mut self) -> bool {
        let mut store = self.store.borrow_mut();
        let mut done = 0;
        let goes_on = loop {
            let rest = &self.input[done..self.filled];
            match parse(rest, &mut self.words) {
                Ok(Parsed::Incomplete) => break true,
                Ok(Parsed::Request(length)) => {
                    let words: Vec<&[u8]> = self.words.iter().map(|word| &rest[word.clone()]).collect();
                    done += length;
                    let reply = store.call(&words);
                    reply.write(&mut self.output);
                    if reply == Reply::Bye {
                        break false;
                    }
                }
                Err(message) => {
                    Reply::Error(message.to_owned()).write(&mut self.output);
                    break false;
                }
            }
        };
        self.input.copy_within(done..self.filled, 0);
        self.filled -= done;
        goes_on
    }
}

impl BaseProtocol for Client {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }

    fn pause_writing(&mut self) {
        if let Some(transport) = &self.transport {
            transport.pause_reading();
        }
    }

    fn resume_writing(&mut self) {
        if let Some(transport) = &self.transport {
            transport.resume_reading();
        }
    }
}

impl BufferedProtocol for Client {
    fn get_buffer(&mut self, _: Option<usize>) -> &mut [u8] {
        if self.input.len() - self.filled < ROOM / 2 {
            self.input.resize((self.filled * 2).max(ROOM), 0);
        }
        &mut self.input[self.filled..]
    }

    fn buffer_updated(&mut self, count: usize) {
        self.filled += count;
        let goes_on = self.answer();
        if let Some(transport) = &self.transport {
            // A client that has gone needs no answer.
            let _ = transport.write(&self.output);
            if !goes_on {
                transport.close();
            }
        }
        self.output.clear();
        self.output.shrink_to(ROOM);
        if self.filled == 0 && self.input.len() > ROOM {
            self.input = Vec::new();
        }
    }
}

async fn serve(address: &str) -> io::Result<()> {
    let store = Rc::new(RefCell::new(Store::default()));
    let server = create_server(move || Client::new(store.clone()), address).await?;
    println!("serving on {}", server.sockets()[0]);
    server.serve_forever().await
}

fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:6379".to_owned());
    asyncio::run(serve(&address))
}
