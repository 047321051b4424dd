//! `Line`: text in pieces that have styles, which knows how wide it is.
//!
//! A style is the middle of an ANSI sequence. Each character used here is one column wide.

/// Bold, dim, and two colours that every terminal has.
pub const STRONG: &str = "1";
pub const GREY: &str = "2";
pub const GREEN: &str = "32";
pub const RED: &str = "31";

/// What stands between two parts of a line.
const GAP: usize = 2;

/// A line that grows to the right.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pieces: Vec<(&'static str, String)>,
    width: usize,
}

impl Line {
    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Adds a piece as it is.
    pub fn add(&mut self, style: &'static str, text: &str) {
        self.width += text.chars().count();
        self.pieces.push((style, text.to_owned()));
    }

    /// Adds a piece after a gap, if a terminal of that width has room for it. What came after one that did not fit is left out, too.
    pub fn part(&mut self, width: usize, style: &'static str, text: &str) {
        let gap = if self.width == 0 { 0 } else { GAP };
        if self.width.saturating_add(gap + text.chars().count()) > width {
            // Nothing fits any more: a later part must not stand where this one is missed.
            self.width = usize::MAX;
            return;
        }
        self.add("", &" ".repeat(gap));
        self.add(style, text);
    }

    /// Adds a piece at the right edge, if there is room.
    pub fn right(&mut self, width: usize, style: &'static str, text: &str) {
        let needed = text.chars().count();
        if self.width.saturating_add(GAP + needed) <= width {
            self.add("", &" ".repeat(width - self.width - needed));
            self.add(style, text);
        }
    }

    /// Adds a piece that takes so many columns: text stands left in it, numbers right.
    pub fn column(&mut self, style: &'static str, text: &str, width: usize, is_text: bool) {
        let gap = if self.width == 0 { 0 } else { GAP };
        let blank = width.saturating_sub(text.chars().count());
        let (before, after) = if is_text { (0, blank) } else { (blank, 0) };
        self.add("", &" ".repeat(gap + before));
        self.add(style, text);
        self.add("", &" ".repeat(after));
    }

    /// As text, with its styles or without.
    pub fn render(&self, colour: bool) -> String {
        let mut text = String::new();
        for (style, piece) in &self.pieces {
            if colour && !style.is_empty() && !piece.is_empty() {
                text += &format!("\x1b[{style}m{piece}\x1b[0m");
            } else {
                text += piece;
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// The full and the empty part of a bar.
pub fn bar(share: f64, width: usize) -> (String, String) {
    let full = ((share.clamp(0.0, 1.0) * width as f64).round() as usize).min(width);
    ("█".repeat(full), "░".repeat(width - full))
}

/// A number with its digits in groups of three.
pub fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of hundredths.
pub fn hundredths(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let size = number.unsigned_abs();
    format!("{sign}{}.{:02}", group(size / 100), size % 100)
}

/// A time in microseconds, in the unit that suits it.
pub fn span(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}
