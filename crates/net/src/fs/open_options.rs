//! `OpenOptions`: how a file is opened.

use std::io;
use std::path::Path;

use super::{File, on_path};

/// How a file is opened: [`std::fs::OpenOptions`], whose `open` does not block. One with the options of a system comes
/// from there by `from`.
#[derive(Debug, Clone)]
pub struct OpenOptions(std::fs::OpenOptions);

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, yes: bool) -> OpenOptions {
            self.0.$name(yes);
            self
        }
    )*};
}

impl OpenOptions {
    /// Nothing is set.
    pub fn new() -> OpenOptions {
        OpenOptions(std::fs::OpenOptions::new())
    }

    options! {
        /// Lets it be read.
        read;
        /// Lets it be written.
        write;
        /// Lets it be written, each time at its end.
        append;
        /// Empties it.
        truncate;
        /// Makes it if it is missing.
        create;
        /// Makes it, and fails if it is there.
        create_new;
    }

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// The operating system's, with the path.
    ///
    /// # Cancel safety
    ///
    /// It may be opened all the same, and made or emptied by that; it is closed then.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let options = self.0.clone();
        let file = on_path("open", path.as_ref(), move |path| options.open(path)).await?;
        Ok(File::from_std(file))
    }
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions::new()
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> OpenOptions {
        OpenOptions(options)
    }
}
