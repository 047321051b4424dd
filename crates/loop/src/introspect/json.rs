//! JSON, written piece by piece: as much of it as the answers need.

use std::fmt::{Display, Write};

/// What is written so far. Keys and values come in order; commas are put in by themselves.
#[derive(Debug, Default)]
pub(super) struct Json {
    text: String,
}

impl Json {
    fn separate(&mut self) {
        if !matches!(self.text.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.text.push(',');
        }
    }

    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Json)) {
        self.separate();
        self.text.push('{');
        fill(self);
        self.text.push('}');
    }

    pub(super) fn array<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Json, T),
    ) {
        self.separate();
        self.text.push('[');
        for item in items {
            each(self, item);
        }
        self.text.push(']');
    }

    /// The key of the value that comes next.
    pub(super) fn key(&mut self, key: &str) -> &mut Json {
        self.string(key);
        self.text.push(':');
        self
    }

    pub(super) fn string(&mut self, value: &str) {
        self.separate();
        self.text.push('"');
        for c in value.chars() {
            let written = match c {
                '"' | '\\' => write!(self.text, "\\{c}"),
                '\n' => write!(self.text, "\\n"),
                c if c < ' ' || c == '\u{7f}' => write!(self.text, "\\u{:04x}", u32::from(c)),
                c => self.text.write_char(c),
            };
            debug_assert!(written.is_ok(), "a string takes all");
        }
        self.text.push('"');
    }

    pub(super) fn number(&mut self, value: u64) {
        self.separate();
        self.text += &value.to_string();
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.separate();
        self.text += if value { "true" } else { "false" };
    }

    pub(super) fn null(&mut self) {
        self.separate();
        self.text += "null";
    }

    /// The text of `value`, or `null`.
    pub(super) fn text_or_null(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.string(&value.to_string()),
            None => self.null(),
        }
    }

    /// One line, as it goes over the socket.
    pub(super) fn into_line(mut self) -> String {
        self.text.push('\n');
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_escapes_are_right() {
        let mut json = Json::default();
        json.object(|json| {
            json.key("a\"b").number(1);
            json.key("c").array([1, 2], |json, n| json.number(n));
            json.key("d").object(|_| {});
            json.key("e").string("x\ny\\\u{1}é");
            json.key("f").null();
            json.key("g").bool(true);
        });
        let line = json.into_line();
        assert_eq!(
            line,
            "{\"a\\\"b\":1,\"c\":[1,2],\"d\":{},\"e\":\"x\\ny\\\\\\u0001é\",\"f\":null,\"g\":true}\n"
        );
    }
}
