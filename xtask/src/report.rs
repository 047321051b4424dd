//! What a command reports: its steps with their times, what failed, and the closing line with the counts.
//!
//! Invariant: every step that began is counted once, and a failed step makes the command fail.

use std::time::Instant;

use crate::tally::Tally;

/// Why a command failed, and the exit code that says so. An empty message means that all is said already.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) code: u8,
}

/// Exit code of a program that Ctrl-C ended, as shells count it.
const INTERRUPTED: u8 = 130;

impl Failure {
    /// A check that failed.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            code: 1,
        }
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            code: 2,
        }
    }
}

/// The findings of a check as one failure; nothing found is success.
pub(crate) fn findings(found: &[String]) -> Result<(), Failure> {
    if found.is_empty() {
        return Ok(());
    }
    for finding in found {
        println!("  {finding}");
    }
    Err(Failure::new(format!("{} found", found.len())))
}

/// Refuses arguments of a command which takes none of them.
pub(crate) fn only(arguments: &[String], known: &[&str]) -> Result<(), Failure> {
    match arguments
        .iter()
        .find(|argument| !known.contains(&argument.as_str()))
    {
        Some(argument) if known.is_empty() => Err(Failure::usage(format!(
            "no arguments are taken, not {argument:?}"
        ))),
        Some(argument) => Err(Failure::usage(format!(
            "{argument:?} is not known; try {}",
            known.join(", ")
        ))),
        None => Ok(()),
    }
}

/// The steps of a command, run one after the other; a failed one does not stop those that follow.
#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
    tally: Tally,
    failed: Vec<String>,
}

impl Steps {
    pub(crate) fn new() -> Steps {
        Steps {
            started: Instant::now(),
            tally: Tally::default(),
            failed: Vec::new(),
        }
    }

    /// Runs a step that is one check: it counts as one.
    ///
    /// # Errors
    /// Only when Ctrl-C ended it: the remaining steps are then not wanted either.
    pub(crate) fn check(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.tests(name, || {
            step()
                .map(|()| Tally { passed: 1, failed: 0 })
                .map_err(|failure| (failure, Tally::default()))
        })
    }

    /// Runs a step that is made of tests: it counts as many.
    ///
    /// # Errors
    /// As [`Steps::check`].
    pub(crate) fn tests(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<Tally, (Failure, Tally)>,
    ) -> Result<(), Failure> {
        println!("==> {name}");
        let started = Instant::now();
        let outcome = step();
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(tally) => {
                self.tally.add(tally);
                println!("<== {name}: ok, {seconds:.1} s");
                Ok(())
            }
            Err((failure, mut tally)) => {
                // A step that fails without a failed test (a build, say) is one failure.
                tally.failed = tally.failed.max(1);
                self.tally.add(tally);
                println!("<== {name}: FAILED, {seconds:.1} s: {}", failure.message);
                self.failed.push(name.to_owned());
                if failure.code == INTERRUPTED {
                    Err(failure)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Prints what failed and the closing line.
    ///
    /// # Errors
    /// When a step failed.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let seconds = self.started.elapsed().as_secs_f64();
        if self.failed.is_empty() {
            println!("all steps passed, {seconds:.1} s");
        } else {
            println!("failed: {}, {seconds:.1} s", self.failed.join(", "));
        }
        println!("{} passed, {} failed", self.tally.passed, self.tally.failed);
        match self.failed.as_slice() {
            [] => Ok(()),
            // Said already, and the counts are to stay the last line.
            _ => Err(Failure::new("")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_lets_the_next_one_run_and_fails_the_whole() {
        let mut steps = Steps::new();
        let mut ran = false;
        steps.check("one", || Err(Failure::new("no"))).unwrap();
        steps
            .check("two", || {
                ran = true;
                Ok(())
            })
            .unwrap();
        assert!(ran);
        assert_eq!(steps.tally, Tally { passed: 1, failed: 1 });
        assert_eq!(steps.failed, ["one"]);
        assert_eq!(steps.finish().unwrap_err().code, 1);
    }

    #[test]
    fn an_interrupted_step_stops_at_once_with_its_code() {
        let failure = Steps::new()
            .check("one", || {
                Err(Failure {
                    message: "ended".to_owned(),
                    code: INTERRUPTED,
                })
            })
            .unwrap_err();
        assert_eq!(failure.code, 130);
    }

    #[test]
    fn an_unknown_argument_is_a_usage_error() {
        assert_eq!(only(&["--ful".to_owned()], &["--full"]).unwrap_err().code, 2);
        assert!(only(&["--full".to_owned()], &["--full"]).is_ok());
    }
}
