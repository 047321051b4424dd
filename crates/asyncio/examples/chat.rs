//! A chat server for lines: `cargo run --example chat -- 127.0.0.1:8889`, then `nc 127.0.0.1 8889` a few times. The book's
//! tutorial ends with it.
//!
//! The first line of a client is its name. What it says after that goes to all others. Whoever reads so slowly that
//! 256 KiB wait for it is cut off, so nobody is held up by anybody. Ctrl-C gives those who are here five seconds.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{StreamReader, StreamWriter, Transport, finally, start_server, timeout};

/// Whoever lets this much wait is cut off.
const PATIENCE: usize = 256 * 1024;

/// Those who are here, by name.
#[derive(Default)]
struct Room {
    members: RefCell<BTreeMap<String, Transport>>,
}

impl Room {
    /// Whether the name was to be had.
    fn enter(&self, name: &str, transport: &Transport) -> bool {
        let mut members = self.members.borrow_mut();
        let free = !name.is_empty() && !members.contains_key(name);
        if free {
            members.insert(name.to_owned(), transport.clone());
        }
        free
    }

    fn leave(&self, name: &str) {
        self.members.borrow_mut().remove(name);
    }

    /// Tells everybody but one.
    fn tell(&self, from: &str, line: &str) {
        for (name, transport) in self.members.borrow().iter() {
            if name != from && transport.write(line.as_bytes()).is_err() {
                // Too slow, or gone: its own task learns of it, and leaves.
                transport.abort();
            }
        }
    }
}

async fn next_line(reader: &mut StreamReader) -> io::Result<Option<String>> {
    let line = reader.next_line().await?;
    Ok(line.map(|line| String::from_utf8_lossy(&line).trim_end().to_owned()))
}

async fn visit(room: &Room, reader: &mut StreamReader, writer: &StreamWriter) -> io::Result<()> {
    writer.set_hard_limit(Some(PATIENCE));
    writer.write(b"your name?\n")?;
    // Without a name within a minute, this is no visitor.
    let Some(name) = timeout(Duration::from_secs(60), next_line(reader)).await?? else {
        return Ok(());
    };
    if !room.enter(&name, writer.transport()) {
        return writer.write(b"that name is not to be had\n");
    }
    finally!(
        {
            room.tell(&name, &format!("* {name} is here\n"));
            while let Some(line) = next_line(reader).await? {
                room.tell(&name, &format!("{name}: {line}\n"));
            }
            Ok(())
        },
        {
            room.leave(&name);
            room.tell(&name, &format!("* {name} has left\n"));
        }
    )
}

async fn serve(address: String) -> io::Result<()> {
    let room = Rc::new(Room::default());
    let handler =
        async move |mut reader: StreamReader, writer: StreamWriter| visit(&room, &mut reader, &writer).await;
    let server = start_server(handler, address.as_str()).await?;
    println!("serving on {}", server.sockets()[0]);
    finally!({ server.wait_closed().await }, {
        server.shutdown(Duration::from_secs(5)).await;
        println!("good night");
    });
    Ok(())
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    asyncio::run(serve(address.unwrap_or_else(|| "127.0.0.1:8889".to_owned())))
}
