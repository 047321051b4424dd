//! What is asked: a line with an object of JSON that has the member `command`.
//!
//! Of JSON only what such a request needs is understood: members that are strings without escapes, numbers, and the three
//! words. Anything else is refused.

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// The tasks, and who waits for whom.
    Tasks,
    /// The numbers of each loop.
    Metrics,
}

/// The longest line that is read.
pub(super) const LONGEST: usize = 4096;

impl Request {
    /// Reads a request; an error says what is wrong with it.
    pub(super) fn parse(line: &[u8]) -> Result<Request, String> {
        let text = std::str::from_utf8(line).map_err(|_| "the request is not UTF-8".to_owned())?;
        let command = command(text.trim()).ok_or_else(|| {
            "the request is not a JSON object with a command, as {\"command\":\"tasks\"}".to_owned()
        })?;
        match command {
            "tasks" => Ok(Request::Tasks),
            "metrics" => Ok(Request::Metrics),
            other => Err(format!(
                "there is no command {other:?}: the commands are tasks and metrics"
            )),
        }
    }
}

/// The member `command` of a flat object.
fn command(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?.trim();
    let mut found = None;
    while !rest.is_empty() {
        let (key, after) = string(rest)?;
        let after = after.trim_start().strip_prefix(':')?.trim_start();
        let (value, after) = match string(after) {
            Some((value, after)) => (Some(value), after),
            None => (None, plain(after)?),
        };
        if key == "command" {
            found = Some(value?);
        }
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(more) => {
                rest = more.trim_start();
                if rest.is_empty() {
                    return None;
                }
            }
            None if rest.is_empty() => {}
            None => return None,
        }
    }
    found
}

fn string(text: &str) -> Option<(&str, &str)> {
    let (value, rest) = text.strip_prefix('"')?.split_once('"')?;
    let is_plain = !value.contains('\\') && !value.contains(char::is_control);
    is_plain.then_some((value, rest))
}

/// What follows a number or a word.
fn plain(text: &str) -> Option<&str> {
    let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    let known = matches!(value, "true" | "false" | "null") || value.parse::<f64>().is_ok();
    known.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_garbage_is_not() {
        assert_eq!(Request::parse(b"{\"command\":\"tasks\"}"), Ok(Request::Tasks));
        let spaced = b" { \"version\" : 1 , \"command\" : \"metrics\" } \r";
        assert_eq!(Request::parse(spaced), Ok(Request::Metrics));
        let garbage: [&[u8]; 9] = [
            b"",
            b"tasks",
            b"{}",
            b"{\"command\":1}",
            b"{\"command\":\"tasks\",}",
            b"{\"command\":\"tasks\"",
            b"{\"command\" \"tasks\"}",
            b"\xff\xfe{\"command\":\"tasks\"}",
            b"{\"command\":\"ta\\u0073ks\"}",
        ];
        for line in garbage {
            assert!(Request::parse(line).is_err(), "{line:?}");
        }
        let unknown = Request::parse(b"{\"command\":\"reboot\"}").unwrap_err();
        assert!(unknown.contains("reboot"), "{unknown}");
    }
}
