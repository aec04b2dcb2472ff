//! Walking the bytes of a text layer: white space, words, strings, paths.

use std::borrow::Cow;

use crate::layer::LayerError;

/// A position in the text.
pub(super) struct Scanner<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The byte here; 0 at the end.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// An error that names the line.
    pub(super) fn error(&self, what: &str) -> LayerError {
        let upto = &self.bytes[..self.at.min(self.bytes.len())];
        let line = 1 + upto.iter().filter(|&&byte| byte == b'\n').count();
        LayerError::new(format!("line {line}: {what}"))
    }

    /// Skips white space, line ends, separators `;` and comments.
    #[inline]
    pub(super) fn skip(&mut self) -> Result<(), LayerError> {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\n' | b'\r' | b';' => self.at += 1,
                b'#' => self.skip_line(),
                b'/' if self.bytes.get(self.at + 1) == Some(&b'/') => self.skip_line(),
                b'/' if self.bytes.get(self.at + 1) == Some(&b'*') => {
                    let rest = &self.bytes[self.at + 2..];
                    match rest.windows(2).position(|pair| pair == b"*/") {
                        Some(end) => self.at += end + 4,
                        None => return Err(self.error("a comment is not closed")),
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        while !self.at_end() && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    /// Whether `byte` comes next; takes it if so.
    pub(super) fn take(&mut self, byte: u8) -> Result<bool, LayerError> {
        self.skip()?;
        if self.peek() == byte && !self.at_end() {
            self.at += 1;
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes `byte` or fails.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), LayerError> {
        if self.take(byte)? {
            return Ok(());
        }
        Err(self.error(&format!("expected `{}`, found {}", byte as char, self.found())))
    }

    /// What stands here, for error messages.
    pub(super) fn found(&self) -> String {
        if self.at_end() {
            return "the end of the file".to_owned();
        }
        let rest = &self.bytes[self.at..self.bytes.len().min(self.at + 20)];
        let line = rest.split(|&byte| byte == b'\n').next().unwrap_or(rest);
        format!("`{}`", String::from_utf8_lossy(line).escape_debug())
    }

    /// A word of letters, digits and `_`, with inner `:` and `.` as `inner` allows; empty when
    /// none comes.
    pub(super) fn word(&mut self, inner: &[u8]) -> Result<&'a str, LayerError> {
        self.skip()?;
        let start = self.at;
        while self.at < self.bytes.len() {
            let byte = self.bytes[self.at];
            let joins = || {
                let next = self.bytes.get(self.at + 1).copied();
                inner.contains(&byte)
                    && self.at > start
                    && next.is_some_and(|next| is_word(next) || (byte == b':' && next == b':'))
            };
            if !is_word(byte) && !joins() {
                break;
            }
            self.at += 1;
        }
        self.text(start, self.at)
    }

    /// The bytes from `start` to `end` as text.
    pub(super) fn text(&self, start: usize, end: usize) -> Result<&'a str, LayerError> {
        std::str::from_utf8(&self.bytes[start..end])
            .map_err(|_| self.error("text is not valid UTF-8"))
    }

    /// Whether a string starts here.
    pub(super) fn at_string(&self) -> bool {
        matches!(self.peek(), b'"' | b'\'')
    }

    /// A quoted string, single or triple, escapes resolved. Invalid UTF-8 is replaced.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, LayerError> {
        self.skip()?;
        let quote = self.peek();
        if quote != b'"' && quote != b'\'' {
            return Err(self.error(&format!("expected a string, found {}", self.found())));
        }
        let rest = &self.bytes[self.at..];
        let triple = rest.len() >= 3 && rest[1] == quote && rest[2] == quote;
        let width = if triple { 3 } else { 1 };
        let start = self.at + width;
        let mut end = start;
        let mut escaped = false;
        loop {
            match self.bytes.get(end) {
                None => return Err(self.error("a string is not closed")),
                Some(b'\\') => {
                    escaped = true;
                    end += 2;
                }
                Some(b'\n') if !triple => return Err(self.error("a string is not closed")),
                Some(&byte) if byte == quote => {
                    if !triple {
                        break;
                    }
                    if self.bytes[end..].starts_with(&[quote; 3]) {
                        // Four quotes end with the quote inside: `""""` is `"` and the end.
                        while self.bytes.get(end + 3) == Some(&quote) {
                            end += 1;
                        }
                        break;
                    }
                    end += 1;
                }
                Some(_) => end += 1,
            }
        }
        let raw = &self.bytes[start..end];
        self.at = end + width;
        if escaped {
            return Ok(Cow::Owned(String::from_utf8_lossy(&unescape(raw)).into_owned()));
        }
        Ok(String::from_utf8_lossy(raw))
    }

    /// An asset path between `@` or `@@@`.
    pub(super) fn asset(&mut self) -> Result<Cow<'a, str>, LayerError> {
        self.expect(b'@')?;
        let triple = self.bytes[self.at..].starts_with(b"@@");
        if !triple {
            let rest = &self.bytes[self.at..];
            let end = rest.iter().position(|&byte| byte == b'@' || byte == b'\n');
            let Some(end) = end.filter(|&end| rest[end] == b'@') else {
                return Err(self.error("an asset path is not closed"));
            };
            self.at += end + 1;
            return Ok(String::from_utf8_lossy(&rest[..end]));
        }
        self.at += 2;
        let start = self.at;
        loop {
            let rest = &self.bytes[self.at.min(self.bytes.len())..];
            if rest.is_empty() {
                return Err(self.error("an asset path is not closed"));
            }
            if rest.starts_with(b"\\@@@") {
                self.at += 4;
            } else if rest.starts_with(b"@@@") {
                let mut end = self.at;
                while self.bytes.get(end + 3) == Some(&b'@') && end < self.at + 2 {
                    end += 1;
                }
                let text = String::from_utf8_lossy(&self.bytes[start..end]);
                self.at = end + 3;
                return Ok(Cow::Owned(text.replace("\\@@@", "@@@")));
            } else {
                self.at += 1;
            }
        }
    }

    /// A path between `<` and `>`.
    pub(super) fn path(&mut self) -> Result<&'a str, LayerError> {
        self.expect(b'<')?;
        let start = self.at;
        let rest = &self.bytes[start..];
        let end = rest.iter().position(|&byte| byte == b'>' || byte == b'\n');
        let Some(end) = end.filter(|&end| rest[end] == b'>') else {
            return Err(self.error("a path is not closed"));
        };
        self.at = start + end + 1;
        self.text(start, start + end)
    }

    /// Whether a number starts here.
    pub(super) fn at_number(&self) -> bool {
        let digit = |at: usize| self.bytes.get(at).is_some_and(u8::is_ascii_digit);
        match self.peek() {
            b'0'..=b'9' => true,
            b'-' | b'+' => {
                digit(self.at + 1)
                    || (self.bytes.get(self.at + 1) == Some(&b'.') && digit(self.at + 2))
                    || self.bytes[self.at + 1..].starts_with(b"inf")
                    || self.bytes[self.at + 1..].starts_with(b"nan")
            }
            b'.' => digit(self.at + 1),
            _ => false,
        }
    }

    /// The bytes of a number.
    pub(super) fn number_text(&mut self) -> &'a [u8] {
        let start = self.at;
        if matches!(self.peek(), b'-' | b'+') {
            self.at += 1;
        }
        while self.at < self.bytes.len() {
            let byte = self.bytes[self.at];
            let sign_after_exponent =
                matches!(byte, b'-' | b'+') && matches!(self.bytes[self.at - 1], b'e' | b'E');
            if byte.is_ascii_alphanumeric() || byte == b'.' || sign_after_exponent {
                self.at += 1;
            } else {
                break;
            }
        }
        &self.bytes[start..self.at]
    }
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        if raw[at] != b'\\' || at + 1 >= raw.len() {
            out.push(raw[at]);
            at += 1;
            continue;
        }
        at += 1;
        let plain = match raw[at] {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'x' => {
                let digits = raw[at + 1..].iter().take(2).take_while(|b| b.is_ascii_hexdigit());
                let count = digits.count();
                let text = std::str::from_utf8(&raw[at + 1..at + 1 + count]).unwrap_or("");
                at += count;
                u8::from_str_radix(text, 16).unwrap_or(b'x')
            }
            b'0'..=b'7' => {
                let digits = raw[at..].iter().take(3).take_while(|b| matches!(b, b'0'..=b'7'));
                let count = digits.count();
                let text = std::str::from_utf8(&raw[at..at + count]).unwrap_or("");
                at += count - 1;
                u32::from_str_radix(text, 8).unwrap_or(0) as u8
            }
            other => other,
        };
        out.push(plain);
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_resolve_escapes_and_keep_triple_quotes() {
        #[rustfmt::skip]
        let cases: &[(&str, &str)] = &[
            (r#""plain""#, "plain"),
            (r#""a\nb\x41\101""#, "a\nbAA"),
            ("'''it's'''", "it's"),
            ("\"\"\"two\nlines\"\"\"", "two\nlines"),
            (r#""""ends with quote"""""#, "ends with quote\""),
        ];
        for (text, expected) in cases {
            let mut scanner = Scanner::new(text.as_bytes(), 0);
            assert_eq!(&scanner.string().unwrap(), expected, "{text}");
            assert!(scanner.at_end() || text.ends_with('"'), "{text}");
        }
    }

    #[test]
    fn asset_paths_may_hold_at_signs_between_three() {
        let mut scanner = Scanner::new(b"@@@a@b\\@@@c@@@ @x.usd@", 0);
        assert_eq!(scanner.asset().unwrap(), "a@b@@@c");
        assert_eq!(scanner.asset().unwrap(), "x.usd");
    }

    #[test]
    fn unclosed_things_name_their_line() {
        let mut scanner = Scanner::new(b"\n\n  \"open", 0);
        assert_eq!(scanner.string().unwrap_err().0, "line 3: a string is not closed");
    }
}
