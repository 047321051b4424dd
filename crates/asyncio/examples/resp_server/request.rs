//! What clients send: arrays of strings, or lines of words ("inline commands").
//!
//! Nothing is copied: the words of a request are places in the bytes that came.
//!
//! Source: the description of RESP at redis.io, and for the limits `networking.c` of Redis.

use std::ops::Range;

/// The longest string.
const LONGEST: usize = 512 << 20;
/// The most words of a request.
const MOST: usize = 1 << 20;
/// The longest line.
const LINE: usize = 64 << 10;

pub(crate) enum Parsed {
    /// Its words are there, and it has so many bytes.
    Request(usize),
    /// More must come first.
    Incomplete,
}

/// The request at the beginning of `bytes`.
pub(crate) fn parse(bytes: &[u8], words: &mut Vec<Range<usize>>) -> Result<Parsed, &'static str> {
    words.clear();
    match bytes.first() {
        None => Ok(Parsed::Incomplete),
        Some(b'*') => array(bytes, words),
        Some(_) => inline(bytes, words),
    }
}

/// The line that begins at `at`, without its end, and where the next one begins.
fn line(bytes: &[u8], at: usize) -> Result<Option<(&[u8], usize)>, &'static str> {
    match bytes[at..].iter().position(|&byte| byte == b'\n') {
        Some(end) => {
            let line = &bytes[at..at + end];
            Ok(Some((line.strip_suffix(b"\r").unwrap_or(line), at + end + 1)))
        }
        None if bytes.len() - at > LINE => Err("ERR Protocol error: too big inline request"),
        None => Ok(None),
    }
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn array(bytes: &[u8], words: &mut Vec<Range<usize>>) -> Result<Parsed, &'static str> {
    let Some((count, mut at)) = line(bytes, 1)? else {
        return Ok(Parsed::Incomplete);
    };
    if count.first() == Some(&b'-') {
        return Ok(Parsed::Request(at));
    }
    let count = number(count).filter(|count| *count <= MOST);
    for _ in 0..count.ok_or("ERR Protocol error: invalid multibulk length")? {
        match bytes.get(at) {
            None => return Ok(Parsed::Incomplete),
            Some(b'$') => {}
            Some(_) => return Err("ERR Protocol error: expected '$'"),
        }
        let Some((length, start)) = line(bytes, at + 1)? else {
            return Ok(Parsed::Incomplete);
        };
        let length = number(length).filter(|length| *length <= LONGEST);
        let end = start + length.ok_or("ERR Protocol error: invalid bulk length")?;
        if bytes.len() < end + 2 {
            return Ok(Parsed::Incomplete);
        }
        words.push(start..end);
        at = end + 2;
    }
    Ok(Parsed::Request(at))
}

fn inline(bytes: &[u8], words: &mut Vec<Range<usize>>) -> Result<Parsed, &'static str> {
    let Some((line, next)) = line(bytes, 0)? else {
        return Ok(Parsed::Incomplete);
    };
    let mut at = 0;
    for word in line.split(|byte| byte.is_ascii_whitespace()) {
        if !word.is_empty() {
            words.push(at..at + word.len());
        }
        at += word.len() + 1;
    }
    Ok(Parsed::Request(next))
}
