//! Variable expressions in asset paths: strings with `${NAME}` in them.
//!
//! # Source
//!
//! "Variable Expressions" of the USD user guides. Functions (`if`, `eq`, …) are not evaluated: a
//! path that calls one resolves to nothing.

use std::collections::HashMap;

/// The text of an expression between backquotes; `None` where it has none.
pub(crate) fn evaluate(text: &str, variables: &HashMap<String, String>) -> Option<String> {
    let inner = text.strip_prefix('`')?.strip_suffix('`')?.trim();
    if let Some(name) = inner.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        return variables.get(name).cloned();
    }
    let quote = inner.chars().next().filter(|&quote| quote == '"' || quote == '\'')?;
    let mut rest = inner.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut out = String::new();
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let (name, tail) = rest[at + 2..].split_once('}')?;
        out.push_str(variables.get(name)?);
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_into_strings() {
        let variables = HashMap::from([("NAME".to_owned(), "chair".to_owned())]);
        #[rustfmt::skip]
        let cases: &[(&str, Option<&str>)] = &[
            ("`\"./${NAME}.usda\"`", Some("./chair.usda")),
            ("`'${NAME}_${NAME}.png'`", Some("chair_chair.png")),
            ("`${NAME}`", Some("chair")),
            ("`\"${NAME\"`", None),
            ("`\"${OTHER}\"`", None),
            ("`if(${NAME}, 'a', 'b')`", None),
        ];
        for (text, expected) in cases {
            assert_eq!(evaluate(text, &variables).as_deref(), *expected, "{text}");
        }
    }
}
