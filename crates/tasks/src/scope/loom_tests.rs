//! The two ends of a link on two threads: a scope that moved away, and the parent that it left.

use asyncio_core::Request;

use super::link::{Ticket, link};

#[test]
fn loom_a_request_is_taken_or_comes_back() {
    loom::model(|| {
        let (down, up) = link(0);
        let child = loom::thread::spawn(move || {
            let seen = up.inbox().is_some();
            if seen {
                // It ends with a value: the request has done its work.
                up.end();
            } else {
                // Dropped half-way: what it had not looked at goes back.
                drop(up);
            }
            seen
        });
        let live = down.is_live();
        if live {
            drop(down.ask(Request::new(None)));
        }
        let seen = child.join().expect("no panic");
        match down.ticket() {
            Ticket::Bounced => assert!(live && !seen),
            // Asked after the scope had gone: the parent looks at `is_live` and the ticket together in its next poll.
            Ticket::Asked => assert!(!seen && !down.is_live()),
            Ticket::Idle => assert!(seen || !live),
            Ticket::Taken => panic!("an answer is missing"),
        }
    });
}

#[test]
fn loom_the_last_end_frees_the_link() {
    loom::model(|| {
        let (down, up) = link(0);
        let child = loom::thread::spawn(move || drop(up));
        drop(down);
        child.join().expect("no panic");
    });
}

#[test]
fn loom_a_link_is_used_again_only_when_its_child_has_left() {
    loom::model(|| {
        let (down, up) = link(0);
        let child = loom::thread::spawn(move || up.end());
        let again = down.reuse();
        child.join().expect("no panic");
        match again {
            Some(up) => {
                assert!(down.is_live() && down.leads_to(&up));
                assert!(down.reuse().is_none());
            }
            None => assert!(down.reuse().is_some()),
        }
    });
}
