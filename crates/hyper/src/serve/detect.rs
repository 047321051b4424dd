//! HTTP/1 or HTTP/2? The first bytes tell: those of HTTP/2 are always the same (RFC 9113, section 3.4).

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::ready;

use hyper::rt::{Read, ReadBuf};

use crate::io::{Io, Stream};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Most heads of requests come with the first read.
const ROOM: usize = 1024;

/// Reads until it is clear, and puts back what was read; `None` when the client has gone without a word.
pub(super) async fn is_http2<T: Stream>(io: &mut Io<T>) -> io::Result<Option<bool>> {
    let mut seen: Vec<u8> = Vec::new();
    let decided = loop {
        let room = ROOM.min(seen.capacity().max(ROOM) - seen.len());
        if !read_some(io, &mut seen, room).await? {
            break false;
        }
        let common = seen.len().min(PREFACE.len());
        if seen[..common] != PREFACE[..common] {
            break false;
        }
        if common == PREFACE.len() {
            break true;
        }
    };
    if seen.is_empty() {
        return Ok(None);
    }
    io.put_ahead(seen);
    Ok(Some(decided))
}

/// Whether something came.
async fn read_some<T: Stream>(io: &mut Io<T>, seen: &mut Vec<u8>, room: usize) -> io::Result<bool> {
    poll_fn(|cx| {
        let mut stack = [MaybeUninit::uninit(); ROOM];
        let mut buffer = ReadBuf::uninit(&mut stack[..room]);
        ready!(Pin::new(&mut *io).poll_read(cx, buffer.unfilled()))?;
        seen.extend_from_slice(buffer.filled());
        Ok(!buffer.filled().is_empty()).into()
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::Futures;
    use futures_lite::future::block_on;
    use futures_lite::io::Cursor;

    fn told(bytes: &[u8]) -> Option<bool> {
        let mut io = Io::new(Futures(Cursor::new(bytes.to_vec())));
        block_on(is_http2(&mut io)).unwrap()
    }

    #[test]
    fn the_preface_is_http2_and_all_else_is_not() {
        assert_eq!(told(PREFACE), Some(true));
        assert_eq!(told(b"PRI * HTTP/2.0\r\n\r\nXX"), Some(false));
        assert_eq!(told(b"POST / HTTP/1.1\r\n\r\n"), Some(false));
        assert_eq!(told(b""), None);
    }

    #[test]
    fn a_client_that_goes_after_half_a_preface_is_not_http2() {
        assert_eq!(told(&PREFACE[..7]), Some(false));
    }

    #[test]
    fn what_was_read_comes_again() {
        let mut io = Io::new(Futures(Cursor::new(b"GET / HTTP/1.1\r\n".to_vec())));
        assert_eq!(block_on(is_http2(&mut io)).unwrap(), Some(false));
        let mut seen = Vec::new();
        while block_on(read_some(&mut io, &mut seen, 5)).unwrap() {}
        assert_eq!(seen, b"GET / HTTP/1.1\r\n");
    }
}
