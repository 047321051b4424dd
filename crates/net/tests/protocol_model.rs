//! Random programs around a protocol: whatever is done inside and outside of its callbacks, on its thread and on another, the
//! order of the calls is kept (the recorder looks), each one ends, and bytes arrive in order.

#[path = "kit/recorder.rs"]
mod recorder;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use asyncio_net::{StreamWriter, TcpListener, Transport, create_connection, stream};
use asyncio_tasks::{create_task, yield_now};
use futures_lite::future;
use proptest::prelude::*;

use recorder::{Log, Recorder, Told, run_reported};

#[derive(Debug, Clone)]
enum Act {
    Write(usize),
    Close,
    Abort,
    WriteEof,
    PauseReading,
    ResumeReading,
    Limits(usize),
    Panic,
    /// Done by another thread, which is awaited.
    Elsewhere(Box<Act>),
    PeerWrites(usize),
    PeerEnds,
    PeerAborts,
    Yield,
}

fn act() -> impl Strategy<Value = Act> {
    let simple = prop_oneof![
        6 => (1_usize..300_000).prop_map(Act::Write),
        1 => Just(Act::Close),
        1 => Just(Act::Abort),
        1 => Just(Act::WriteEof),
        2 => Just(Act::PauseReading),
        3 => Just(Act::ResumeReading),
        2 => (0_usize..100_000).prop_map(Act::Limits),
    ];
    let simple = simple.boxed();
    prop_oneof![
        8 => simple.clone(),
        2 => simple.prop_map(|act| Act::Elsewhere(Box::new(act))),
        1 => Just(Act::Panic),
        5 => (1_usize..100_000).prop_map(Act::PeerWrites),
        1 => Just(Act::PeerEnds),
        1 => Just(Act::PeerAborts),
        4 => Just(Act::Yield),
    ]
}

/// What can be done with a transport alone, which refuses what comes too late.
fn do_below(act: &Act, transport: &Transport) {
    match act {
        Act::Write(count) => drop(transport.write(&vec![7; *count])),
        Act::Close => transport.close(),
        Act::Abort => transport.abort(),
        Act::WriteEof => drop(transport.write_eof()),
        Act::PauseReading => transport.pause_reading(),
        Act::ResumeReading => transport.resume_reading(),
        Act::Limits(high) => drop(transport.set_write_buffer_limits(Some(*high), None)),
        Act::Elsewhere(act) => {
            let (act, transport) = (act.clone(), transport.clone());
            let done = std::thread::spawn(move || do_below(&act, &transport)).join();
            assert!(done.is_ok());
        }
        Act::Panic | Act::PeerWrites(_) | Act::PeerEnds | Act::PeerAborts | Act::Yield => {}
    }
}

/// The bytes of the peer, which can be told apart.
fn bytes(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(|at| (at % 251) as u8).collect()
}

async fn outside(acts: Vec<Act>, transport: &Transport, peer: &StreamWriter, sent: &RefCell<usize>) {
    for act in acts {
        match act {
            Act::PeerWrites(count) => {
                let from = *sent.borrow();
                if peer.write(&bytes(from, count)).is_ok() {
                    *sent.borrow_mut() += count;
                }
            }
            Act::PeerEnds => drop(peer.write_eof()),
            Act::PeerAborts => peer.abort(),
            Act::Yield => {
                for _ in 0..3 {
                    yield_now().await;
                }
            }
            act => do_below(&act, transport),
        }
    }
}

async fn program(inside: Vec<Act>, acts: Vec<Act>) -> io::Result<()> {
    let mut waiting: VecDeque<Act> = inside.into();
    let log = Log::new().keep_open().hook(move |told, transport| {
        match waiting.pop_front() {
            // Python's rule for errors is ours for panics; a panic in the last call has nobody to tell.
            Some(Act::Panic) if !matches!(told, Told::Lost(_)) => panic!("on purpose"),
            Some(act) => do_below(&act, transport),
            None => {}
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let connecting = create_connection(log.factory(), listener.local_addr()?);
    let (connected, accepted) = future::zip(connecting.into_future(), listener.accept()).await;
    let (mut reader, peer) = stream(accepted?.0);
    let Ok(transport) = connected else {
        // It has panicked in connection_made.
        log.until_lost().await;
        return Ok(());
    };
    let reading = create_task(async move {
        let mut come = 0;
        while let Ok(bytes) = reader.read(50_000).await {
            if bytes.is_empty() {
                break;
            }
            assert!(bytes.iter().all(|byte| *byte == 7));
            come += bytes.len();
            yield_now().await;
        }
        come
    });
    let sent = RefCell::new(0);
    outside(acts, &transport, &peer, &sent).await;
    transport.close();
    log.until_lost().await;
    let told = transport.with_protocol(|_: &mut Recorder| ());
    assert!(told.is_none(), "the protocol is gone");
    peer.close();
    let _come = reading.await;
    let data = log.data();
    assert_eq!(data, bytes(0, data.len()), "in order, and nothing twice");
    assert!(data.len() <= *sent.borrow());
    assert!(Rc::strong_count(&log) <= 2);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    // TRP-01, TRP-13, TRP-29, TRP-30, TRP-31, TRP-32, TRP-44
    #[test]
    fn calls_come_in_order_whatever_is_done(
        inside in prop::collection::vec(act(), 0..8),
        acts in prop::collection::vec(act(), 0..20),
    ) {
        let panics = inside.iter().any(|act| matches!(act, Act::Panic));
        let ((), reports) = run_reported(program(inside, acts));
        prop_assert!(panics || reports.is_empty(), "{reports:?}");
        let on_purpose = reports.iter().all(|report| report.contains("on purpose"));
        prop_assert!(on_purpose && reports.len() <= 1, "{reports:?}");
    }
}
