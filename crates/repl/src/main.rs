//! The `asyncio` program. What it can do is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    asyncio_repl::main()
}
