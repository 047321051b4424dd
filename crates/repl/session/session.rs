//! What the inputs of a session are compiled against: the facade, and the one loop that runs them all.
//!
//! The program writes this file into its cache and lets the inputs depend on it, under the name `asyncio`. It is built as
//! a dynamic library, so that all inputs share one copy of the facade: each input is a library of its own, and would
//! otherwise bring its own thread's loop, its own tasks and its own types.
//!
//! Invariant: the loop is turned by one thread, the one that runs the inputs, so that an input may keep what is not
//! `Send`. Between inputs that thread is in [`__session::idle`].

#![expect(
    unsafe_code,
    reason = "functions that the process that evaluates finds by their names"
)]

pub use facade::*;

#[doc(hidden)]
pub mod __session {
    use std::any::Any;
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::fmt::{Debug, Write as _};
    use std::future::{Future, poll_fn};
    use std::io::Write as _;
    use std::mem::ManuallyDrop;
    use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};
    use std::pin::Pin;
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::task::{Poll, Waker};
    use std::time::Duration;

    use facade::{RunError, Runner, TaskRef};

    /// Cleanup at the end of a session may take so long.
    const GRACE: Duration = Duration::from_secs(5);

    thread_local! {
        // Not dropped with the thread: the values of the thread that the loop needs may be gone before it.
        static RUNNER: RefCell<Option<ManuallyDrop<Runner>>> = const { RefCell::new(None) };
    }

    /// What other threads do to the one that turns the loop.
    struct Desk {
        /// Something came for the thread that idles.
        called: bool,
        idle: Option<Waker>,
        /// The task of the input that runs.
        input: Option<TaskRef>,
    }

    static DESK: Mutex<Desk> = Mutex::new(Desk {
        called: false,
        idle: None,
        input: None,
    });

    fn desk() -> MutexGuard<'static, Desk> {
        DESK.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop, as those who evaluate inputs know it: made once, and asked to run one future after the other.
    #[derive(Debug)]
    pub struct Runtime;

    impl Runtime {
        pub fn new() -> std::io::Result<Runtime> {
            std::panic::set_hook(Box::new(tell_of_panic));
            let runner = || Runner::new().handle_sigint(false).grace(GRACE);
            let mut opened = runner();
            if interactive() {
                // Only of a loop that can be looked into is it noted who holds a lock and who is in a group.
                opened = opened.introspect(true);
            }
            if opened.get_loop().is_err() {
                // Without a folder for the socket a session is still one.
                opened = runner();
                opened.get_loop().map_err(std::io::Error::from)?;
            }
            RUNNER.set(Some(ManuallyDrop::new(opened)));
            Ok(Runtime)
        }

        /// Runs an input. A panic and a cancellation unwind: there is no value to return.
        ///
        /// What is generic here is compiled with each input, so it is little.
        pub fn block_on<F: Future>(&self, future: F) -> F::Output {
            let mut value = None;
            run_input(Box::pin(async {
                value = Some(future.await);
            }));
            match value {
                Some(value) => value,
                None => unreachable!("an input that did not end has unwound"),
            }
        }
    }

    /// How evcxr keeps variables.
    pub type Variables = HashMap<String, Box<dyn Any>>;

    /// Nobody calls it: it is there so that what evcxr's wrapping of an input needs of std's generic code is compiled
    /// here once, and each input finds it here (the library is built at a level at which rustc shares generic code).
    pub fn compiled_once(variables: &mut Variables, name: &str) -> Option<Arc<Mutex<Runtime>>> {
        let mut others = Variables::new();
        others.insert(name.to_owned(), Box::new(0));
        drop(variables.remove(name));
        drop(variables.get(name).and_then(|value| value.downcast_ref::<i32>()));
        variables.extend(others.drain());
        let runtime = variables
            .entry(name.to_owned())
            .or_insert_with(|| Box::new(Arc::new(Mutex::new(Runtime))))
            .downcast_mut::<Arc<Mutex<Runtime>>>()?;
        match runtime.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        }
        .block_on(async { show(&name) });
        Some(Arc::clone(runtime))
    }

    #[inline(never)]
    fn run_input(future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        let outcome = with_runner(|runner| {
            runner.run(async {
                desk().input = facade::current_task();
                future.await;
                desk().input = None;
            })
        });
        desk().input = None;
        flush();
        match outcome {
            Ok(()) => {}
            Err(RunError::Cancelled | RunError::KeyboardInterrupt) => {
                resume_unwind(Box::new("the input was cancelled"))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The runner is put back whatever `f` does.
    fn with_runner<R>(f: impl FnOnce(&mut Runner) -> R) -> R {
        let Some(mut runner) = RUNNER.take() else {
            panic!("an input cannot be run inside of an input");
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| f(&mut runner)));
        RUNNER.set(Some(runner));
        outcome.unwrap_or_else(|panic| {
            flush();
            resume_unwind(panic)
        })
    }

    fn flush() {
        let _ = std::io::stdout().flush();
    }

    /// A place in the generated code means nothing to the one who typed the input. At a prompt the message goes where the
    /// values go, so that it comes before the next prompt.
    fn tell_of_panic(info: &PanicHookInfo<'_>) {
        let payload: &dyn Any = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("(no message)");
        let mut text = match facade::current_task() {
            Some(task) if desk().input.as_ref().is_some_and(|input| input.id() == task.id()) => {
                "panicked".to_owned()
            }
            Some(task) => format!("task {} panicked", task.get_name()),
            None => "panicked".to_owned(),
        };
        if let Some(place) = info.location().filter(|place| !generated(place.file())) {
            let _ = write!(text, " at {}:{}", place.file(), place.line());
        }
        if interactive() {
            println!("{text}: {message}");
            flush();
        } else {
            eprintln!("{text}: {message}");
        }
    }

    /// Is there a prompt, or is this a script?
    fn interactive() -> bool {
        std::env::var_os("ASYNCIO_REPL_INTERACTIVE").is_some()
    }

    fn generated(file: &str) -> bool {
        file == "src/lib.rs"
    }

    /// Runs a script: an error that it returns ends the process, and so does a panic.
    pub async fn script(body: impl Future<Output = Result<(), Box<dyn std::error::Error>>>) {
        let mut body = std::pin::pin!(body);
        let ended = poll_fn(
            |cx| match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(cx))) {
                Ok(poll) => poll.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            },
        );
        match ended.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                eprintln!("Error: {error:?}");
                std::process::exit(1);
            }
            Err(_) => std::process::exit(101),
        }
    }

    /// A value is shown by the method that evcxr looks for first. Without it each expression would be compiled twice: once
    /// in vain, and once more to be formatted.
    ///
    /// A type that has a method of this name itself is shown by that one.
    pub trait Shown {
        #[doc(hidden)]
        fn evcxr_display(&self);
    }

    impl<T: Debug + ?Sized> Shown for T {
        fn evcxr_display(&self) {
            show(&self);
        }
    }

    fn show(value: &dyn Debug) {
        // Formatted first: what that prints stands before the value, and it may panic.
        let text = format!("{value:?}");
        println!("EVCXR_BEGIN_CONTENT text/plain\n{text}\nEVCXR_END_CONTENT");
    }

    /// Prints who waits for whom: the tasks of the session, but for the input that asks.
    pub fn tasks() {
        let own = facade::current_task().map(|task| task.id());
        let mut tasks = facade::all_tasks();
        tasks.retain(|task| Some(task.id()) != own);
        if tasks.is_empty() {
            println!("no tasks");
        } else {
            let graph = facade::tasks::TaskGraph::of(&tasks).to_string();
            let graph = without_places(&graph, "at src/lib.rs:", "at the prompt");
            print!("{}", without_places(&graph, " since src/lib.rs:", ""));
        }
        #[cfg(unix)]
        println!("(from elsewhere: asyncio pstree {})", std::process::id());
    }

    /// A place in the generated code means nothing to the one who typed the input.
    fn without_places(text: &str, marker: &str, instead: &str) -> String {
        let mut pieces = text.split(marker);
        let mut plain = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            plain += instead;
            plain += piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
        }
        plain
    }

    /// Turns the loop until [`wake`] is called.
    fn idle() {
        let _ = catch_unwind(|| {
            with_runner(|runner| {
                runner.run(poll_fn(|cx| {
                    let mut desk = desk();
                    if std::mem::take(&mut desk.called) {
                        return Poll::Ready(());
                    }
                    desk.idle = Some(cx.waker().clone());
                    Poll::Pending
                }))
            })
        });
        flush();
    }

    fn wake() {
        let waker = {
            let mut desk = desk();
            desk.called = true;
            desk.idle.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn interrupt() {
        let input = desk().input.clone();
        if let Some(input) = input {
            input.cancel();
        }
    }

    fn close() {
        let runner = RUNNER.take().map(ManuallyDrop::into_inner);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(runner)));
        flush();
    }

    /// Turns the loop until somebody calls [`asyncio_session_wake`].
    #[unsafe(no_mangle)]
    pub extern "C" fn asyncio_session_idle() {
        idle();
    }

    /// Ends the idling that goes on, or else the next. From any thread.
    #[unsafe(no_mangle)]
    pub extern "C" fn asyncio_session_wake() {
        wake();
    }

    /// Asks the input that runs to stop. From any thread.
    #[unsafe(no_mangle)]
    pub extern "C" fn asyncio_session_interrupt() {
        interrupt();
    }

    /// Ends the loop: its tasks are asked to stop, and awaited.
    #[unsafe(no_mangle)]
    pub extern "C" fn asyncio_session_close() {
        close();
    }
}
