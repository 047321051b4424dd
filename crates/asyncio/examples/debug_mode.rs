//! Says whether debug mode is on: as the argument has it (`on` or `off`), else as `ASYNCIO_DEBUG` does.

use asyncio::Runner;

fn main() {
    let runner = match std::env::args().nth(1).as_deref() {
        Some("on") => Runner::new().debug(true),
        Some("off") => Runner::new().debug(false),
        _ => Runner::new(),
    };
    println!("{}", runner.is_debug());
}
