//! JSON whose values know their line, so that a mistake in a file of people can be shown to them.

use serde::de::IgnoredAny;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Line of its first character, from 1.
    pub line: usize,
    /// What it is.
    pub value: Value,
}

/// A JSON value. Objects keep their order and what they say twice.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number, finite.
    Number(f64),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Placed>),
    /// An object: keys with the lines where they begin.
    Object(Vec<(Key, Placed)>),
}

/// A key of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    /// Line, from 1.
    pub line: usize,
    /// The key.
    pub name: String,
}

impl Value {
    /// What kind of value it is, for a sentence.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Brackets in brackets.
const DEPTH_MAX: u32 = 128;

/// Reads JSON text whose brackets are at most 128 deep.
///
/// # Errors
///
/// The line, and a sentence.
pub fn parse(text: &str) -> Result<Placed, (usize, String)> {
    // What passes here is JSON, so the walk below only has to find its way.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
        let said = error.to_string();
        let reason = said.split(" at line ").next().unwrap_or(&said).to_owned();
        (error.line(), reason)
    })?;
    let mut walk = Walk { text, at: 0, line: 1, depth: 0 };
    walk.value().ok_or_else(|| match walk.depth {
        DEPTH_MAX.. => (walk.line, format!("brackets are more than {DEPTH_MAX} deep")),
        _ => (walk.line, "cannot be read".to_owned()),
    })
}

/// A place in text that is known to be JSON.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Brackets that are open.
    depth: u32,
}

impl Walk<'_> {
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => return Some(byte),
            }
            self.at += 1;
        }
    }

    fn value(&mut self) -> Option<Placed> {
        let first = self.peek()?;
        let line = self.line;
        let value = match first {
            b'{' => Value::Object(self.members(Self::member)?),
            b'[' => Value::List(self.members(Self::value)?),
            b'"' => Value::Text(self.text()?),
            _ => self.word()?,
        };
        Some(Placed { line, value })
    }

    /// What stands between brackets, with commas between.
    fn members<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        self.at += 1;
        let mut all = Vec::new();
        loop {
            match self.peek()? {
                b']' | b'}' => {
                    self.at += 1;
                    self.depth -= 1;
                    return Some(all);
                }
                b',' => self.at += 1,
                _ => all.push(one(self)?),
            }
        }
    }

    fn member(&mut self) -> Option<(Key, Placed)> {
        let line = self.line;
        let name = self.text()?;
        if self.peek()? == b':' {
            self.at += 1;
        }
        Some((Key { line, name }, self.value()?))
    }

    fn text(&mut self) -> Option<String> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        self.at += 1;
        loop {
            match *bytes.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<Value> {
        let rest = self.text.get(self.at..)?;
        let ends = |c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace();
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if word.is_empty() {
            return None;
        }
        self.at += word.len();
        Some(match word {
            "null" => Value::Null,
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            number => Value::Number(number.parse().ok().filter(|number: &f64| number.is_finite())?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_the_line_where_they_begin() {
        let text = "[\n  {\"a\\\"}\": \"x\\n\",\n\n   \"a\": [1.5,\n -2], \"b\": null}\n]";
        let Value::List(list) = parse(text).unwrap().value else { panic!("a list") };
        assert_eq!(list[0].line, 2);
        let Value::Object(members) = &list[0].value else { panic!("an object") };
        let keys: Vec<_> = members.iter().map(|(key, _)| (key.name.as_str(), key.line)).collect();
        assert_eq!(keys, [("a\"}", 2), ("a", 4), ("b", 5)]);
        let Value::List(numbers) = &members[1].1.value else { panic!("a list") };
        assert_eq!((numbers[1].line, &numbers[1].value), (5, &Value::Number(-2.0)));
    }

    #[test]
    fn what_is_no_json_is_told_with_its_line_and_deep_nests_end() {
        assert_eq!(parse("[1,\n 2,\n oops]").unwrap_err().0, 3);
        assert!(parse(&"[".repeat(100_000)).is_err());
        let nest = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nest(128)).is_ok());
        let (line, said) = parse(&nest(200_000)).unwrap_err();
        assert_eq!((line, said.as_str()), (1, "brackets are more than 128 deep"));
        for text in ["", "[", "{\"a\"", "\"\\", "1e999", "nul"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
