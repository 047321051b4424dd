//! What the attributes expand to, over a facade that only notes what it is asked for.
//!
//! The tokens of a macro exist only inside the compiler, so the expansion is tested by what it does: the option `crate`
//! leads it to the module `noting` below.

mod noting {
    use std::cell::RefCell;
    use std::future::Future;
    use std::process::{ExitCode, Termination};

    thread_local! {
        pub(crate) static NOTES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    fn note(text: String) {
        NOTES.with_borrow_mut(|notes| notes.push(text));
    }

    pub(crate) fn notes() -> Vec<String> {
        NOTES.take()
    }

    /// What the expansion may call: a method that is missing here is a change of the contract with the facade.
    pub(crate) struct Runner(());

    #[derive(Debug)]
    pub(crate) struct RunError;

    impl Runner {
        pub(crate) fn new() -> Runner {
            note("new".to_owned());
            Runner(())
        }

        pub(crate) fn worker_threads(self, count: usize) -> Runner {
            note(format!("worker_threads {count}"));
            self
        }

        pub(crate) fn blocking_threads(self, count: usize) -> Runner {
            note(format!("blocking_threads {count}"));
            self
        }

        pub(crate) fn debug(self, debug: bool) -> Runner {
            note(format!("debug {debug}"));
            self
        }

        pub(crate) fn handle_sigint(self, handle: bool) -> Runner {
            note(format!("handle_sigint {handle}"));
            self
        }

        pub(crate) fn mock_clock(self, mock: bool) -> Runner {
            note(format!("mock_clock {mock}"));
            self
        }

        pub(crate) fn run<F: Future>(&mut self, body: F) -> Result<F::Output, RunError> {
            note("run".to_owned());
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            match std::pin::pin!(body).poll(&mut cx) {
                std::task::Poll::Ready(output) => Ok(output),
                std::task::Poll::Pending => Err(RunError),
            }
        }
    }

    pub(crate) mod __private {
        use super::*;

        pub(crate) fn main_outcome<T: Termination>(result: Result<T, RunError>) -> ExitCode {
            note("main_outcome".to_owned());
            result.map_or(ExitCode::from(99), T::report)
        }

        pub(crate) fn test_body<F: Future>(mut runner: Runner, body: F) -> F::Output {
            note("test_body".to_owned());
            runner.run(body).expect("the body is ready at once")
        }
    }
}

mod mains {
    use std::process::ExitCode;

    #[asyncio_macros::main(crate = "crate::noting")]
    pub(super) async fn plain() {}

    #[asyncio_macros::main(
        crate = "crate::noting",
        worker_threads = 3,
        blocking_threads = 1_000,
        debug = true,
        handle_sigint = false
    )]
    pub(super) async fn with_options() {}

    #[asyncio_macros::main(crate = "crate::noting")]
    pub(super) async fn fails() -> Result<(), String> {
        Err("on purpose".to_owned())
    }

    #[asyncio_macros::main(crate = "crate::noting")]
    pub(super) async fn chooses() -> ExitCode {
        ExitCode::from(7)
    }

    /// Documentation, visibility and lint attributes go to the function that is left.
    #[asyncio_macros::main(crate = "crate::noting")]
    #[allow(unused_variables)]
    pub(in crate::mains) async fn adorned() {
        let unused = 1;
    }

    #[test]
    fn a_visible_main_can_be_called() {
        assert_eq!(adorned(), ExitCode::SUCCESS);
    }
}

/// `ExitCode` has no comparison of its own beyond `PartialEq`, which is enough.
fn is(code: std::process::ExitCode, number: u8) -> bool {
    code == std::process::ExitCode::from(number)
}

#[test]
fn a_main_runs_on_a_new_runner_and_reports_its_end() {
    assert!(is(mains::plain(), 0));
    assert_eq!(noting::notes(), ["new", "run", "main_outcome"]);
}

#[test]
fn options_become_calls_in_their_order() {
    assert!(is(mains::with_options(), 0));
    assert_eq!(
        noting::notes(),
        [
            "new",
            "worker_threads 3",
            "blocking_threads 1000",
            "debug true",
            "handle_sigint false",
            "run",
            "main_outcome",
        ]
    );
}

#[test]
fn the_value_of_a_main_becomes_the_exit_code() {
    assert!(is(mains::fails(), 1));
    assert!(is(mains::chooses(), 7));
}

mod tests {
    use super::noting;

    #[asyncio_macros::test(crate = "crate::noting")]
    async fn a_test_leaves_sigint_alone() {
        assert_eq!(
            noting::notes(),
            ["new", "handle_sigint false", "test_body", "run"]
        );
    }

    #[asyncio_macros::test(mock_clock = true, worker_threads = 2, crate = "crate::noting")]
    async fn a_test_may_ask_for_a_mock_clock() {
        let asked = [
            "new",
            "handle_sigint false",
            "mock_clock true",
            "worker_threads 2",
        ];
        assert_eq!(noting::notes()[..4], asked);
    }

    #[asyncio_macros::test(crate = "crate::noting")]
    async fn a_test_may_return_a_result() -> Result<(), String> {
        Ok(())
    }

    #[asyncio_macros::test(crate = "crate::noting")]
    #[should_panic(expected = "on purpose")]
    async fn a_test_may_be_expected_to_panic() {
        panic!("on purpose");
    }

    /// Names of the caller that look like the expansion's own do not disturb it.
    #[asyncio_macros::test(crate = "crate::noting")]
    async fn a_body_may_shadow_names() -> Result<(), &'static str> {
        #[allow(non_snake_case)]
        let (Runner, runner, body) = (1, 2, 3);
        if Runner + runner + body == 6 {
            Ok(())
        } else {
            Err("arithmetic")
        }
    }
}
