//! The arguments of `ps` and `pstree`.

use std::ffi::OsString;
use std::time::Duration;

pub(super) const USAGE: &str = "PID [--json] [--watch[=SECONDS]] [--retries N]";

/// What `--help` says of every command that looks into a process.
pub(super) const HELP: &str = "\
The process must be one of this user that has opened its introspection socket: a program started with
ASYNCIO_INTROSPECT=1 in its environment, one that is built with Runner::introspect(true), or a session at the
prompt of this program (:tasks names the number of its process).

  --json               the answer as it came: one line of JSON
  --watch[=SECONDS]    again and again, a second apart or so many, until the process has ended
  --retries N          try again so often, a fifth of a second apart, when nobody answers
  --help               this text
";

/// Is it help that is asked for?
pub(super) fn ask_for_help(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) pid: u32,
    /// The answer as it came.
    pub(super) json: bool,
    /// Again and again, this far apart.
    pub(super) watch: Option<Duration>,
    /// How often to try again when nobody answers.
    pub(super) retries: u32,
}

impl Options {
    pub(super) fn parse(arguments: &[OsString]) -> Result<Options, String> {
        let (mut pid, mut json, mut watch, mut retries) = (None, false, None, 0);
        let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
        while let Some(argument) = arguments.next() {
            match argument.as_ref() {
                "--json" => json = true,
                "--watch" => watch = Some(Duration::from_secs(1)),
                "--retries" => retries = number(&arguments.next().ok_or("--retries needs a number")?)?,
                other => {
                    if let Some(seconds) = other.strip_prefix("--watch=") {
                        let seconds: f64 = seconds
                            .parse()
                            .map_err(|_| format!("no number of seconds: {seconds}"))?;
                        let valid = Duration::try_from_secs_f64(seconds);
                        watch = Some(valid.map_err(|_| format!("no number of seconds: {seconds}"))?);
                    } else if let Some(count) = other.strip_prefix("--retries=") {
                        retries = number(count)?;
                    } else if other.starts_with('-') || pid.is_some() {
                        return Err(format!("unknown argument: {other}"));
                    } else {
                        pid = Some(number(other)?);
                    }
                }
            }
        }
        Ok(Options {
            pid: pid.ok_or("which process? its number is missing")?,
            json,
            watch,
            retries,
        })
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        Options::parse(&arguments)
    }

    #[test]
    fn every_option_is_understood_in_any_order() {
        let options = parse(&["--json", "17", "--watch=0.5", "--retries", "3"]).unwrap();
        let half = Duration::from_millis(500);
        assert_eq!(
            (options.pid, options.json, options.watch, options.retries),
            (17, true, Some(half), 3)
        );
        assert_eq!(parse(&["1"]).unwrap().watch, None);
        for wrong in [
            &["x"][..],
            &[],
            &["1", "2"],
            &["1", "--what"],
            &["1", "--retries"],
            &["1", "--watch=-1"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
