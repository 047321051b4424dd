//! `Options`: what the command line says, as `--name value` and as words.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// The words of a command line.
#[derive(Debug, Default)]
pub struct Options {
    words: Vec<String>,
    values: BTreeMap<String, String>,
}

impl Options {
    /// Sorts what stands on the command line, of which the program knows these names.
    pub fn parse(known: &[&str], arguments: impl IntoIterator<Item = String>) -> Result<Options, String> {
        let mut options = Options::default();
        let mut arguments = arguments.into_iter();
        while let Some(word) = arguments.next() {
            match word.strip_prefix("--") {
                None => options.words.push(word),
                Some(name) if known.contains(&name) => {
                    let value = arguments.next().ok_or(format!("--{name} needs a value"))?;
                    options.values.insert(name.to_owned(), value);
                }
                Some(name) => return Err(format!("--{name} is unknown; there are: --{}", known.join(" --"))),
            }
        }
        Ok(options)
    }

    /// The words that follow no name.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// A value as it stands there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A value, or what it is when nothing was said.
    pub fn get<T: FromStr<Err: Display>>(&self, name: &str, otherwise: T) -> Result<T, String> {
        match self.values.get(name) {
            None => Ok(otherwise),
            Some(text) => text.parse().map_err(|error| format!("--{name} {text}: {error}")),
        }
    }

    /// A time in seconds, with a fraction if need be.
    pub fn seconds(&self, name: &str, otherwise: f64) -> Result<Duration, String> {
        let seconds = self.get(name, otherwise)?;
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("--{name} {seconds}: {error}"))
    }
}
