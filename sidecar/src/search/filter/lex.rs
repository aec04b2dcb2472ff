//! Characters to tokens, each with its column.

use super::{Mistake, WhereError};

/// A token of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A field, a keyword, or a text without quotes.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// A finite number.
    Number(f64),
    /// `( ) , .` or a comparison.
    Sign(&'static str),
}

/// A token and the column, from 1, of its first character.
pub type Placed = (Token, usize);

/// Longest first: `<=` is not `<` and `=`.
const SIGNS: [&str; 12] = ["==", "!=", "<=", ">=", "=", "<", ">", "~", "(", ")", ",", "."];

/// Splits `text` into tokens.
///
/// # Errors
///
/// At the first character that begins none.
pub fn tokens(text: &str) -> Result<Vec<Placed>, WhereError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let at = |mistake| WhereError { column, mistake };
        let taken = if first.is_whitespace() {
            first.len_utf8()
        } else if first == '\'' || first == '"' {
            let (inside, taken) = quoted(rest, first).ok_or_else(|| at(Mistake::OpenQuote))?;
            tokens.push((Token::Text(inside), column));
            taken
        } else if starts_number(rest, tokens.last()) {
            let taken = number_length(rest);
            let number = rest[..taken].parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| at(Mistake::Number(rest[..taken].to_owned())))?;
            tokens.push((Token::Number(number), column));
            taken
        } else if is_word(first) {
            let taken = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push((Token::Word(rest[..taken].to_owned()), column));
            taken
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push((Token::Sign(sign), column));
            sign.len()
        } else {
            return Err(at(Mistake::Character(first)));
        };
        column += rest[..taken].chars().count();
        rest = &rest[taken..];
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

/// After a dot comes a name, even one that begins with a digit.
fn starts_number(rest: &str, last: Option<&Placed>) -> bool {
    if matches!(last, Some((Token::Sign("."), _))) {
        return false;
    }
    let unsigned = rest.strip_prefix('-').unwrap_or(rest);
    let unsigned = unsigned.strip_prefix('.').unwrap_or(unsigned);
    unsigned.starts_with(|c: char| c.is_ascii_digit())
}

/// Digits, a point, an exponent; also what follows at once and makes it no number, as in `12kg`.
fn number_length(rest: &str) -> usize {
    let mut before = ' ';
    rest.find(|c: char| {
        let sign = matches!(c, '-' | '+') && (before == ' ' || matches!(before, 'e' | 'E'));
        before = c;
        !(c.is_alphanumeric() || c == '_' || c == '.' || sign)
    })
    .unwrap_or(rest.len())
}

/// The text inside the quotes and the length of all; `\` takes the next character as it is.
fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut inside = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => inside.push(chars.next()?.1),
            c if c == quote => return Some((inside, at + 1)),
            c => inside.push(c),
        }
    }
    None
}
