//! Is this prompt as quick as that of evcxr, on which it is built? Both programs run side by side at pseudo-terminals.
//!
//! `beside_evcxr ASYNCIO EVCXR` takes the two programs; `cargo xtask repl` calls it. In each round both start, one after
//! the other and in turns first, show their first prompt, and evaluate `1 + 1` until it is warm. It fails if the median
//! of the paired ratios is more than a measurement's noise above one.

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    unix::main()
}

#[cfg(not(unix))]
fn main() {
    eprintln!("this needs pseudo-terminals");
}

#[cfg(unix)]
mod unix {
    use std::path::PathBuf;
    use std::process::{Command, ExitCode};
    use std::time::{Duration, Instant};

    use expectrl::session::OsSession;
    use expectrl::{Error, Expect, Regex};

    const ROUNDS: usize = 7;
    const WARM: usize = 9;
    /// What the median of a ratio may be above one.
    const NOISE: f64 = 1.03;
    const PATIENCE: Duration = Duration::from_secs(300);

    /// From one key to the next.
    const KEY: Duration = Duration::from_millis(30);

    /// A prompt with nothing behind it.
    const PROMPT: &str = r">> (\r|\x1b\[[0-9;?]*[a-zA-Z])*$";

    /// What one start of a program took.
    struct Times {
        first_prompt: Duration,
        first_input: Duration,
        warm_input: Duration,
    }

    pub(crate) fn main() -> ExitCode {
        let programs: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
        let [ours, theirs] = programs.as_slice() else {
            eprintln!("usage: beside_evcxr ASYNCIO EVCXR");
            return ExitCode::from(2);
        };
        match compare(ours, theirs) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("beside_evcxr: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn compare(ours: &PathBuf, theirs: &PathBuf) -> Result<bool, Error> {
        // The first start compiles the facade, and what the system reads from disk stays in memory after it.
        measure(ours)?;
        measure(theirs)?;
        let mut rounds = Vec::new();
        for round in 0..ROUNDS {
            let (our, their) = if round % 2 == 0 {
                let our = measure(ours)?;
                (our, measure(theirs)?)
            } else {
                let their = measure(theirs)?;
                (measure(ours)?, their)
            };
            rounds.push((our, their));
        }
        let row = |name: &str, time: fn(&Times) -> Duration| {
            let median_of = |times: Vec<f64>| median(times);
            let our = median_of(rounds.iter().map(|(our, _)| time(our).as_secs_f64()).collect());
            let their = median_of(
                rounds
                    .iter()
                    .map(|(_, their)| time(their).as_secs_f64())
                    .collect(),
            );
            let ratios = rounds
                .iter()
                .map(|(our, their)| time(our).as_secs_f64() / time(their).as_secs_f64());
            let ratio = median_of(ratios.collect());
            println!(
                "{name:<14} asyncio {:>8.1} ms   evcxr {:>8.1} ms   ratio {ratio:.2}",
                our * 1e3,
                their * 1e3
            );
            ratio
        };
        let prompt = row("first prompt", |times| times.first_prompt);
        row("first 1 + 1", |times| times.first_input);
        let warm = row("warm 1 + 1", |times| times.warm_input);
        Ok(prompt <= NOISE && warm <= NOISE)
    }

    fn measure(program: &PathBuf) -> Result<Times, Error> {
        let mut command = Command::new(program);
        command
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .env("ASYNCIO_REPL_HISTORY", "/dev/null");
        let started = Instant::now();
        let mut session = OsSession::spawn(command)?;
        session.set_expect_timeout(Some(PATIENCE));
        session.expect(Regex(PROMPT))?;
        let first_prompt = started.elapsed();
        let first_input = input(&mut session)?;
        let mut warm = Vec::new();
        for _ in 0..WARM {
            warm.push(input(&mut session)?.as_secs_f64());
        }
        Ok(Times {
            first_prompt,
            first_input,
            warm_input: Duration::from_secs_f64(median(warm)),
        })
    }

    /// From the end of the line to the next prompt.
    fn input(session: &mut OsSession) -> Result<Duration, Error> {
        // One after the other, as a person types: of keys that come at once evcxr overlooks all but the first.
        for key in ["1", " ", "+", " ", "1"] {
            session.send(key)?;
            std::thread::sleep(KEY);
        }
        let sent = Instant::now();
        session.send("\r")?;
        session.expect("2\r\n")?;
        session.expect(Regex(PROMPT))?;
        Ok(sent.elapsed())
    }

    fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }
}
