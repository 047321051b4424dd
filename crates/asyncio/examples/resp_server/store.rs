//! The keys, and what can be done with them.
//!
//! A key whose time is over is gone for whoever looks, and leaves the memory then.

use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    Ok,
    Simple(&'static str),
    Bulk(Vec<u8>),
    Number(i64),
    Nothing,
    List(Vec<Vec<u8>>),
    Error(String),
    /// OK, and the connection ends.
    Bye,
    /// There was no request.
    Silence,
}

impl Reply {
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = match self {
            Reply::Ok | Reply::Bye => write!(to, "+OK\r\n"),
            Reply::Simple(text) => write!(to, "+{text}\r\n"),
            Reply::Number(number) => write!(to, ":{number}\r\n"),
            Reply::Nothing => write!(to, "$-1\r\n"),
            Reply::Error(message) => write!(to, "-{message}\r\n"),
            Reply::Silence => Ok(()),
            Reply::Bulk(bytes) => bulk(to, bytes),
            Reply::List(items) => {
                let _ = write!(to, "*{}\r\n", items.len());
                items.iter().try_for_each(|item| bulk(to, item))
            }
        };
    }
}

fn bulk(to: &mut Vec<u8>, bytes: &[u8]) -> std::io::Result<()> {
    write!(to, "${}\r\n", bytes.len())?;
    to.extend_from_slice(bytes);
    to.extend_from_slice(b"\r\n");
    Ok(())
}

struct Value {
    bytes: Vec<u8>,
    until: Option<Instant>,
}

#[derive(Default)]
pub(crate) struct Store {
    values: HashMap<Vec<u8>, Value>,
}

fn error(message: &str) -> Reply {
    Reply::Error(format!("ERR {message}"))
}

fn integer(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

const NO_INTEGER: &str = "value is not an integer or out of range";

impl Store {
    pub(crate) fn call(&mut self, words: &[&[u8]]) -> Reply {
        let Some((name, rest)) = words.split_first() else {
            return Reply::Silence;
        };
        match (name.to_ascii_uppercase().as_slice(), rest) {
            (b"PING", []) => Reply::Simple("PONG"),
            (b"PING" | b"ECHO", [message]) => Reply::Bulk(message.to_vec()),
            (b"GET", [key]) => match self.find(key) {
                Some(value) => Reply::Bulk(value.bytes.clone()),
                None => Reply::Nothing,
            },
            (b"SET", [key, value, options @ ..]) => self.set(key, value, options),
            (b"DEL", [_, ..]) => self.count(rest, |store, key| store.values.remove(key).is_some()),
            (b"EXISTS", [_, ..]) => self.count(rest, |_, _| true),
            (b"INCR", [key]) => self.add(key, 1),
            (b"DECR", [key]) => self.add(key, -1),
            (b"EXPIRE", [key, seconds]) => self.expire(key, seconds),
            (b"TTL", [key]) => self.ttl(key),
            (b"PERSIST", [key]) => {
                let had = self.find(key).and_then(|value| value.until.take());
                Reply::Number(had.is_some().into())
            }
            (b"KEYS", [pattern]) => self.keys(pattern),
            (b"DBSIZE", []) => Reply::Number(self.values.len() as i64),
            (b"FLUSHALL", _) => {
                self.values.clear();
                Reply::Ok
            }
            (b"SELECT", [_]) => Reply::Ok,
            // What redis-cli and redis-benchmark ask at their start.
            (b"COMMAND" | b"CONFIG", _) => Reply::List(Vec::new()),
            (b"QUIT", _) => Reply::Bye,
            (
                known @ (b"ECHO" | b"GET" | b"SET" | b"DEL" | b"EXISTS" | b"INCR" | b"DECR" | b"EXPIRE"
                | b"TTL" | b"KEYS" | b"PING"),
                _,
            ) => {
                let known = String::from_utf8_lossy(known).to_lowercase();
                error(&format!("wrong number of arguments for '{known}' command"))
            }
            _ => error(&format!("unknown command '{}'", String::from_utf8_lossy(name))),
        }
    }

    /// The value of a key whose time is not over.
    fn find(&mut self, key: &[u8]) -> Option<&mut Value> {
        let value = self.values.get(key)?;
        if value.until.is_some_and(|until| until <= Instant::now()) {
            self.values.remove(key);
        }
        self.values.get_mut(key)
    }

    /// For how many of the keys that are there `f` says yes.
    fn count(&mut self, keys: &[&[u8]], mut f: impl FnMut(&mut Store, &[u8]) -> bool) -> Reply {
        let mut count = 0;
        for key in keys {
            if self.find(key).is_some() && f(self, key) {
                count += 1;
            }
        }
        Reply::Number(count)
    }

    fn set(&mut self, key: &[u8], value: &[u8], options: &[&[u8]]) -> Reply {
        let mut until = None;
        let mut wanted = None;
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match option.to_ascii_uppercase().as_slice() {
                b"NX" => wanted = Some(false),
                b"XX" => wanted = Some(true),
                unit @ (b"EX" | b"PX") => {
                    let Some(amount) = options.next().and_then(|amount| integer(amount)) else {
                        return error(NO_INTEGER);
                    };
                    let each = if unit == b"EX" { 1000 } else { 1 };
                    let millis = u64::try_from(amount).ok().filter(|amount| *amount > 0);
                    let Some(millis) = millis.and_then(|amount| amount.checked_mul(each)) else {
                        return error("invalid expire time in 'set' command");
                    };
                    until = Instant::now().checked_add(Duration::from_millis(millis));
                }
                _ => return error("syntax error"),
            }
        }
        if wanted.is_some_and(|there| there != self.find(key).is_some()) {
            return Reply::Nothing;
        }
        let bytes = value.to_vec();
        match self.values.get_mut(key) {
            Some(old) => *old = Value { bytes, until },
            None => drop(self.values.insert(key.to_vec(), Value { bytes, until })),
        }
        Reply::Ok
    }

    fn add(&mut self, key: &[u8], amount: i64) -> Reply {
        let Some(value) = self.find(key) else {
            self.set(key, amount.to_string().as_bytes(), &[]);
            return Reply::Number(amount);
        };
        match integer(&value.bytes).and_then(|number| number.checked_add(amount)) {
            Some(number) => {
                value.bytes = number.to_string().into_bytes();
                Reply::Number(number)
            }
            None => error(NO_INTEGER),
        }
    }

    fn expire(&mut self, key: &[u8], seconds: &[u8]) -> Reply {
        let Some(seconds) = integer(seconds) else {
            return error(NO_INTEGER);
        };
        let Some(value) = self.find(key) else {
            return Reply::Number(0);
        };
        // One that is over already takes the key away.
        let left = Duration::from_secs(seconds.try_into().unwrap_or(0));
        value.until = Instant::now().checked_add(left);
        Reply::Number(1)
    }

    fn ttl(&mut self, key: &[u8]) -> Reply {
        Reply::Number(match self.find(key) {
            None => -2,
            Some(Value { until: None, .. }) => -1,
            Some(Value {
                until: Some(until), ..
            }) => {
                let left = until.saturating_duration_since(Instant::now());
                (left.as_millis() as i64 + 500) / 1000
            }
        })
    }

    fn keys(&mut self, pattern: &[u8]) -> Reply {
        let now = Instant::now();
        self.values
            .retain(|_, value| value.until.is_none_or(|until| until > now));
        let mut keys: Vec<_> = self
            .values
            .keys()
            .filter(|key| matches(pattern, key))
            .cloned()
            .collect();
        keys.sort();
        Reply::List(keys)
    }
}

/// Whether `key` is as the pattern says, in which `*` stands for any bytes and `?` for one.
fn matches(pattern: &[u8], key: &[u8]) -> bool {
    match pattern.split_first() {
        None => key.is_empty(),
        Some((b'*', rest)) => (0..=key.len()).any(|skipped| matches(rest, &key[skipped..])),
        Some((b'?', rest)) => key.split_first().is_some_and(|(_, key)| matches(rest, key)),
        Some((byte, rest)) => key
            .split_first()
            .is_some_and(|(first, key)| first == byte && matches(rest, key)),
    }
}
