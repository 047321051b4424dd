//! Guest mode: a host that has a loop of its own, as a graphical program does, and an asyncio guest on its thread.
//!
//! The host here takes functions from a channel and draws a frame now and then. The guest asks, through that channel, to be
//! let in when it has something to do; the host knows nothing else of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use asyncio::{EventLoop, HostCall, JoinError, create_task, get_running_loop, sleep, start_guest_run};

async fn count_down(from: u32, screen: Rc<RefCell<String>>) -> u32 {
    // It is cancelled at the end of the guest.
    drop(create_task(async {
        loop {
            sleep(Duration::from_millis(1)).await;
        }
    }));
    for n in (1..=from).rev() {
        *screen.borrow_mut() = format!("{n}…");
        println!("{n}");
        sleep(Duration::from_millis(5)).await;
    }
    from
}

fn main() -> Result<(), asyncio::RunError> {
    let (to_host, calls) = channel::<HostCall>();
    let screen = Rc::new(RefCell::new(String::new()));
    let outcome: Rc<RefCell<Option<Result<u32, JoinError>>>> = Rc::default();

    let ended = outcome.clone();
    start_guest_run(
        EventLoop::new()?,
        count_down(3, screen.clone()),
        move |call| drop(to_host.send(call)),
        move |result| *ended.borrow_mut() = Some(result),
    )?;
    // Code of the host may call into the guest, as a thread would.
    let called = get_running_loop().call_soon_threadsafe(|| println!("the host says hello"));
    assert!(called.is_ok());

    let mut frames = 0;
    while outcome.borrow().is_none() {
        match calls.recv_timeout(Duration::from_millis(2)) {
            Ok(call) => call(),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        // Here it would draw what is on the screen.
        frames += usize::from(!screen.borrow().is_empty());
    }
    println!(
        "counted from {:?}, drawn: {}",
        outcome.take().and_then(Result::ok),
        frames > 0
    );
    Ok(())
}
