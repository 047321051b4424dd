//! A chat server for lines: `cargo run --example chat -- 127.0.0.1:8889`, then `nc 127.0.0.1 8889` a few times.
//!
//! The first line of a client is its name. What it says after that goes to all others. Whoever reads so slowly that
//! 256 KiB wait for it is cut off, so nobody is held up by anybody.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use asyncio::{StreamReader, StreamWriter, Transport, start_server};

/// Those who are in the room, by name. All on one thread: no lock is needed.
#[derive(Default)]
struct Room(RefCell<HashMap<String, Transport>>);

impl Room {
    fn enter(&self, name: &str, transport: &Transport) -> bool {
        let mut members = self.0.borrow_mut();
        if name.is_empty() || members.contains_key(name) {
            return false;
        }
        members.insert(name.to_owned(), transport.clone());
        true
    }

    fn leave(&self, name: &str) {
        self.0.borrow_mut().remove(name);
    }

    /// Tells everybody but one.
    fn tell(&self, from: &str, line: &str) {
        let members = self.0.borrow();
        for (_, transport) in members.iter().filter(|(name, _)| *name != from) {
            if transport.write(line.as_bytes()).is_err() {
                // Its own task learns of it, and leaves.
                transport.abort();
            }
        }
    }
}

async fn next_line(reader: &mut StreamReader) -> io::Result<Option<String>> {
    let line = reader.next_line().await?;
    Ok(line.map(|line| String::from_utf8_lossy(&line).trim_end().to_owned()))
}

async fn chat(room: &Room, reader: &mut StreamReader, writer: &StreamWriter) -> io::Result<()> {
    writer.set_hard_limit(Some(256 * 1024));
    writer.write(b"your name?\n")?;
    let Some(name) = next_line(reader).await? else {
        return Ok(());
    };
    if !room.enter(&name, writer.transport()) {
        return writer.write(b"that name is not to be had\n");
    }
    room.tell(&name, &format!("* {name} is here\n"));
    let ended = talk(room, &name, reader).await;
    room.leave(&name);
    room.tell(&name, &format!("* {name} has left\n"));
    ended
}

async fn talk(room: &Room, name: &str, reader: &mut StreamReader) -> io::Result<()> {
    while let Some(line) = next_line(reader).await? {
        room.tell(name, &format!("{name}: {line}\n"));
    }
    Ok(())
}

async fn serve(address: String) -> io::Result<()> {
    let room = Rc::new(Room::default());
    let handler =
        async move |mut reader: StreamReader, writer: StreamWriter| chat(&room, &mut reader, &writer).await;
    let server = start_server(handler, address.as_str()).await?;
    println!("serving on {}", server.sockets()[0]);
    server.serve_forever().await
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    asyncio::run(serve(address.unwrap_or_else(|| "127.0.0.1:8889".to_owned())))
}
