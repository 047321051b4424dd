//! Runs other programs: always from the root of the workspace, echoing the command line first.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use crate::report::Failure;
use crate::tally::Tally;
use crate::workspace;

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(workspace::root());
    command
}

/// Runs a command to its end with our terminal as its own.
///
/// # Errors
/// When it cannot be started or ends badly; the code is its own.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    echo(command);
    let status = command.status().map_err(|error| not_started(command, &error))?;
    judge(command, status)
}

/// Runs tests: passes their output on line by line and counts the results in it.
///
/// # Errors
/// As [`run`], with the counts up to there.
pub(crate) fn tests(command: &mut Command) -> Result<Tally, (Failure, Tally)> {
    echo(command);
    let mut tally = Tally::default();
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| (not_started(command, &error), tally))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            // Tests may print what is not UTF-8; only libtest's own lines matter here.
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally.read(&line);
        }
    }
    let status = child
        .wait()
        .map_err(|error| (not_started(command, &error), tally))?;
    judge(command, status).map_err(|failure| (failure, tally))?;
    Ok(tally)
}

/// The standard output of a command that says little.
///
/// # Errors
/// As [`run`].
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, &error))?;
    judge(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is there: whether it can be run at all and ends well.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn echo(command: &Command) {
    println!("    {}", line(command));
}

fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            line += &format!("{}={:?} ", name.to_string_lossy(), value.to_string_lossy());
        }
    }
    line += &program
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy();
    for argument in command.get_args() {
        line.push(' ');
        line += &argument.to_string_lossy();
    }
    line
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "{} could not be run: {error}",
        command.get_program().to_string_lossy()
    ))
}

fn judge(command: &Command, status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    Err(Failure {
        message: format!("{}: {status}", line(command)),
        code: code(status),
    })
}

/// The exit code that a shell would show for this status.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(1);
    }
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn exit_codes_and_signals_pass_through() {
        assert_eq!(
            run(Command::new("sh").args(["-c", "exit 7"])).unwrap_err().code,
            7
        );
        assert_eq!(
            run(Command::new("sh").args(["-c", "kill -INT $$"]))
                .unwrap_err()
                .code,
            130
        );
    }

    #[test]
    #[cfg(unix)]
    fn tests_are_counted_in_the_output_of_a_program_that_fails() {
        let script = "echo 'test result: FAILED. 2 passed; 1 failed'; exit 101";
        let (failure, tally) = tests(Command::new("sh").args(["-c", script])).unwrap_err();
        assert_eq!((failure.code, tally), (101, Tally { passed: 2, failed: 1 }));
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let failure = run(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert!(
            failure.message.contains("no-such-program-anywhere"),
            "{}",
            failure.message
        );
    }
}
