//! `Record`: numbers in a file, one a line, as a stand-in for wherever results go.

use asyncio::fs::{File, OpenOptions};
use futures_util::AsyncWriteExt;

/// A file that grows; or none, when nobody asked for one.
#[derive(Debug)]
pub struct Record(Option<File>);

impl Record {
    /// The file of that name, which may have something in it.
    pub async fn open(name: Option<&str>) -> std::io::Result<Record> {
        let Some(name) = name else {
            return Ok(Record(None));
        };
        let file = OpenOptions::new().create(true).append(true).open(name).await?;
        Ok(Record(Some(file)))
    }

    /// Adds numbers. When this has returned, the operating system has them: a process that is killed then loses none.
    pub async fn add(&mut self, numbers: &[u64]) -> std::io::Result<()> {
        let Some(file) = &mut self.0 else {
            return Ok(());
        };
        let lines: String = numbers.iter().map(|number| format!("{number}\n")).collect();
        file.write_all(lines.as_bytes()).await?;
        file.flush().await
    }
}
