//! `#[asyncio::main]` and `#[asyncio::test]`.
//!
//! Both keep the async function as it is, inside an ordinary one of the same name that runs it. They are written on
//! the compiler's tokens alone: a parser crate would be most of the facade's build time.
//!
//! Use them through the facade crate `asyncio-rs`, which re-exports them.

mod item;
mod options;

use proc_macro::TokenStream;

use item::AsyncFn;
use options::{Kind, Options};

/// Runs an async `main` on a loop of its own, as `asyncio::run` does.
///
/// What the function returns becomes the end of the program, by `std::process::Termination`; Ctrl-C ends it by
/// SIGINT after the cleanup.
///
/// Options: `worker_threads = N`, `blocking_threads = N`, `debug = true`, `handle_sigint = false`, and
/// `crate = "path"` where the facade goes by another name.
///
/// ```text
/// #[asyncio::main(worker_threads = 2)]
/// async fn main() -> std::io::Result<()> {
///     asyncio::sleep(std::time::Duration::from_secs(1)).await;
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Main, options, item)
}

/// Runs an async test on a loop of its own.
///
/// Options: those of `main`, and `mock_clock = true` for a clock that jumps to the next deadline when nothing is
/// ready. Ctrl-C ends a test run at once.
///
/// ```text
/// #[asyncio::test(mock_clock = true)]
/// async fn a_long_sleep_takes_no_time() {
///     asyncio::sleep(std::time::Duration::from_secs(3600)).await;
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Test, options, item)
}

fn expand(kind: Kind, options: TokenStream, item: TokenStream) -> TokenStream {
    let parsed =
        Options::parse(kind, options).and_then(|options| Ok((options, AsyncFn::parse(item.clone())?)));
    match parsed {
        Ok((options, function)) => function.wrap(kind, &options),
        Err(error) => error.into_tokens(item),
    }
}
