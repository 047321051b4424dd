//! This crate alone, on smol: what the attributes need of a facade is a `Runner`, and that may be anybody's.

mod on_smol {
    use std::convert::Infallible;

    pub(crate) struct Runner(());

    impl Runner {
        pub(crate) fn new() -> Runner {
            Runner(())
        }

        pub(crate) fn run<F: Future>(&mut self, main: F) -> Result<F::Output, Infallible> {
            Ok(smol::block_on(main))
        }
    }

    pub(crate) mod __private {
        use std::convert::Infallible;
        use std::process::{ExitCode, Termination};

        pub(crate) fn main_outcome<T: Termination>(Ok(value): Result<T, Infallible>) -> ExitCode {
            value.report()
        }
    }
}

#[asyncio_macros::main(crate = "crate::on_smol")]
async fn main() -> std::io::Result<()> {
    smol::Timer::after(std::time::Duration::from_millis(1)).await;
    println!("smol runs this");
    Ok(())
}
