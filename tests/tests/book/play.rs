//! Performs a play with a server: clients that connect, say lines and hear lines, one after the other.
//!
//! A line of a play is one of `ada connects`, `ada says TEXT`, `ada hears TEXT`, `ada leaves`, `ada hears no more`,
//! `Ctrl-C`, and `server: TEXT` for a line that the server prints. The server's first line, before the play, ends in its address.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longer than anything takes, so that a play that waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that is killed when the play ends before it does.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server and plays.
///
/// # Errors
/// The line that did not go as written.
pub(crate) fn perform(play: &str, command: &mut Command) -> Result<(), String> {
    let child = command
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(text)?;
    let mut server = Server(child);
    let output = server.0.stdout.take().ok_or("the output is piped")?;
    let mut prints = BufReader::new(output);
    let first = hear(&mut prints)?;
    let address = first.rsplit(' ').next().unwrap_or_default().to_owned();
    let mut clients: HashMap<String, BufReader<TcpStream>> = HashMap::new();
    for line in play.lines() {
        let played = act(line, &address, &mut clients, &mut prints, &server);
        played.map_err(|why| format!("{line:?}: {why}"))?;
    }
    Ok(())
}

fn act(
    line: &str,
    address: &str,
    clients: &mut HashMap<String, BufReader<TcpStream>>,
    prints: &mut impl BufRead,
    server: &Server,
) -> Result<(), String> {
    if line == "Ctrl-C" {
        let sent = Command::new("kill")
            .args(["-INT", &server.0.id().to_string()])
            .status();
        return if sent.is_ok_and(|status| status.success()) {
            Ok(())
        } else {
            Err("kill failed".to_owned())
        };
    }
    if let Some(expected) = line.strip_prefix("server: ") {
        return same(expected, &hear(prints)?);
    }
    let (name, does) = line.split_once(' ').ok_or("nobody does anything")?;
    if does == "connects" {
        let stream = TcpStream::connect(address).map_err(text)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
        clients.insert(name.to_owned(), BufReader::new(stream));
        return Ok(());
    }
    if does == "leaves" {
        return clients
            .remove(name)
            .map(drop)
            .ok_or_else(|| "is not there".to_owned());
    }
    let client = clients.get_mut(name).ok_or("is not there")?;
    if does == "hears no more" {
        return same("", &hear(client)?);
    }
    if let Some(expected) = does.strip_prefix("hears ") {
        return same(expected, &hear(client)?);
    }
    let said = does.strip_prefix("says ").ok_or("what is that?")?;
    client
        .get_mut()
        .write_all(format!("{said}\n").as_bytes())
        .map_err(text)
}

fn hear(from: &mut impl BufRead) -> Result<String, String> {
    let mut line = String::new();
    from.read_line(&mut line).map_err(text)?;
    Ok(line.trim_end().to_owned())
}

fn same(expected: &str, heard: &str) -> Result<(), String> {
    if super::matches(expected, heard) {
        Ok(())
    } else {
        Err(format!("it was {heard:?}"))
    }
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}
