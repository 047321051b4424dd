//! This crate alone, on futures-lite: a pipe of two programs, and a child that is spoken to.

use std::io;

use asyncio_process::{Command, PIPE, create_subprocess_exec};
use futures_lite::future;

async fn programs() -> io::Result<()> {
    let mut sort = create_subprocess_exec("sort", ["-r"])
        .stdin(PIPE)
        .stdout(PIPE)
        .await?;
    let (sorted, _) = sort.communicate(Some("a\nc\nb\n".into())).await?;
    print!("{}", String::from_utf8_lossy(&sorted.unwrap_or_default()));
    println!("it ended with {}", sort.wait().await?);

    let count = Command::new("printf").arg("one two three") | Command::new("wc").arg("-w");
    let counted = count.run().check(true).await.map_err(io::Error::other)?;
    println!("{} words", String::from_utf8_lossy(&counted.stdout).trim());
    Ok(())
}

fn main() -> io::Result<()> {
    future::block_on(programs())
}
