//! Runs programs side by side: `cargo run --example foreman -- 'web=python3 -m http.server' 'clock=while sleep 1; do date; done'`.
//!
//! Each line that one of them writes comes out with its name in front. When one ends, or on Ctrl-C, the others are asked
//! to end, killed five seconds later, with all that they have started; nothing is left when the foreman goes.

use std::io::{self, Write};

use asyncio::subprocess::{PIPE, Process, STDOUT, TaskGroupExt, create_subprocess_shell};
use asyncio::{ExceptionGroup, task_group};

/// Says what a child writes, until it ends.
async fn follow(name: String, mut child: Process) -> io::Result<()> {
    if let Some(mut output) = child.stdout.take() {
        while let Some(line) = output.next_line().await? {
            say(&name, line.trim_ascii_end())?;
        }
    }
    let code = child.wait().await?;
    say(&name, format!("ended with {code}").as_bytes())?;
    Err(io::Error::other(format!("{name} has ended")))
}

/// One write for a line: those of others do not come in between.
fn say(name: &str, text: &[u8]) -> io::Result<()> {
    let line = [name.as_bytes(), b": ", text, b"\n"].concat();
    io::stdout().lock().write_all(&line)
}

async fn supervise(programs: Vec<(String, String)>) -> Result<(), ExceptionGroup<io::Error>> {
    task_group(async |tg| {
        for (name, line) in programs {
            let command = create_subprocess_shell(line).stdout(PIPE).stderr(STDOUT);
            let child = tg.subprocess(command.process_group(true)).await?;
            drop(tg.create_task(follow(name, child)));
        }
        Ok(())
    })
    .await
}

fn main() -> io::Result<()> {
    let named = |argument: String| {
        let (name, line) = argument.split_once('=')?;
        Some((name.to_owned(), line.to_owned()))
    };
    let programs: Option<Vec<_>> = std::env::args().skip(1).map(named).collect();
    let Some(programs) = programs.filter(|programs| !programs.is_empty()) else {
        return Err(io::Error::other("usage: foreman NAME=COMMAND ..."));
    };
    asyncio::run(supervise(programs)).map_err(io::Error::other)
}
