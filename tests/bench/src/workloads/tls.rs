//! Echo over TLS under load, with a certificate that is made at the start.

use std::io::Write;
use std::sync::Arc;

use asyncio::net::tls;

use super::net::{finish_load, print_and_exit, start_load};
use crate::peers::Tls;

/// Round trips per second over 64 connections with messages of 64 bytes.
pub fn echo<P: Tls>(millis: u64) -> f64 {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.pem();
    let config = tls::server_config(&certificate, made.signing_key.serialize_pem()).unwrap();
    let load = move |port| {
        std::thread::spawn(move || {
            let mut load = start_load("tls", port, &[64, 64, millis]);
            let mut roots = load.stdin.take().unwrap();
            roots.write_all(certificate.as_bytes()).unwrap();
            drop(roots);
            print_and_exit(finish_load(load), "ops/s")
        });
    };
    P::run(|peer: P| peer.tls_echo(Arc::new(config), load));
    unreachable!("a server does not end")
}
