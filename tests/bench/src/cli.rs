//! The command line of the parent.

use crate::rows::{ROWS, Row};

pub const USAGE: &str = "\
asyncio-bench [--rounds N] [--quick] [--only ROW,..] [--peers NAME,..] [--write] [--build-time]
asyncio-bench --list
asyncio-bench instructions WORK PEER COUNT

--rounds N      rounds, each with every peer once per row, in an order that turns (default 5)
--quick         a fifth of the work: to see that it runs
--only ROW,..   these rows; a name that ends in `*` stands for all that begin so
--peers A,..    these peers, and ours
--write         docs/benchmarks.md and docs/benchmarks/*.svg
--build-time    a cold release build of hello world with ours, smol and tokio, too
--list          the rows
instructions    COUNT operations, for callgrind: WORK is timeout_*, pending, group_* or spawn*,
                PEER is ours, tokio or tokio_local";

/// What to do.
#[derive(Debug, Default)]
pub struct Options {
    pub rounds: usize,
    pub quick: bool,
    pub only: Vec<String>,
    pub peers: Vec<String>,
    pub write: bool,
    pub build_time: bool,
    pub list: bool,
}

/// Reads the command line; the error is a sentence for the user.
pub fn parse(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options {
        rounds: 5,
        ..Options::default()
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
        let names = |text: &String| text.split(',').map(str::to_owned).collect();
        match argument.as_str() {
            "--rounds" => {
                let text = value()?;
                let rounds = text.parse().ok().filter(|rounds| *rounds > 0);
                options.rounds = rounds.ok_or(format!("--rounds wants a number above zero, not {text}"))?;
            }
            "--only" => options.only = names(value()?),
            "--peers" => options.peers = names(value()?),
            "--quick" => options.quick = true,
            "--write" => options.write = true,
            "--build-time" => options.build_time = true,
            "--list" => options.list = true,
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    for pattern in &options.only {
        if !ROWS.iter().any(|row| matches(pattern, row.name)) {
            return Err(format!("no row {pattern}; --list shows them"));
        }
    }
    for peer in &options.peers {
        if !ROWS.iter().any(|row| row.peers.contains(&peer.as_str())) {
            return Err(format!("no peer {peer}; --list shows them"));
        }
    }
    Ok(options)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

impl Options {
    pub fn wants_row(&self, row: &Row) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| matches(pattern, row.name))
    }

    /// Ours is always measured: a ratio needs it.
    pub fn wants_peer(&self, row: &Row, peer: &str) -> bool {
        self.peers.is_empty() || peer == row.ours() || self.peers.iter().any(|wanted| wanted == peer)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_row_or_a_peer_that_is_not_there_is_named_in_the_error() {
        assert!(
            parse(&words("--only echo_*,spawm"))
                .unwrap_err()
                .contains("spawm")
        );
        assert!(parse(&words("--peers tokyo")).unwrap_err().contains("tokyo"));
        assert!(parse(&words("--rounds 0")).unwrap_err().contains("above zero"));
    }

    #[test]
    fn a_star_stands_for_the_rest_of_a_name() {
        let options = parse(&words("--only pool_*,yield --rounds 3")).unwrap();
        let wanted: Vec<&str> = crate::rows::ROWS
            .iter()
            .filter(|row| options.wants_row(row))
            .map(|row| row.name)
            .collect();
        assert_eq!(
            wanted,
            [
                "yield",
                "pool_spawn_join",
                "pool_yield",
                "pool_ping_pong",
                "pool_stuck"
            ]
        );
        assert_eq!(options.rounds, 3);
    }
}
