//! Prim paths as sequences of names.

use crate::names::{Name, Names};

/// A prim path without variant selections; empty for the root.
pub(crate) type PrimPath = std::rc::Rc<[Name]>;

/// Parses `/A{set=variant}B` into its names; selections are dropped. A property part ends the path.
///
/// * `anchor`: the prim that a relative path starts from.
/// * returns the prim's names, and whether a property part followed.
pub(crate) fn parse(text: &str, anchor: &[Name], names: &mut Names) -> Option<(Vec<Name>, bool)> {
    let (mut path, mut rest) = match text.strip_prefix('/') {
        Some(rest) => (Vec::new(), rest),
        None => (anchor.to_vec(), text),
    };
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("../") {
            path.pop()?;
            rest = tail;
        } else if rest == ".." {
            path.pop()?;
            return Some((path, false));
        } else if let Some(tail) = rest.strip_prefix("./") {
            rest = tail;
        } else if rest == "." {
            return Some((path, false));
        } else if rest.starts_with('.') {
            return Some((path, true));
        } else if let Some(tail) = rest.strip_prefix('{') {
            rest = tail.split_once('}')?.1;
        } else if let Some(tail) = rest.strip_prefix('/') {
            rest = tail;
        } else {
            let end = rest.find(['/', '{', '.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            path.push(names.intern(&rest[..end]));
            rest = &rest[end..];
            if rest.starts_with('[') {
                return Some((path, true));
            }
        }
    }
    Some((path, false))
}

/// `/A/B` of a path.
pub(crate) fn text(path: &[Name], names: &Names) -> String {
    if path.is_empty() {
        return "/".to_owned();
    }
    let mut text = String::new();
    for &name in path {
        text.push('/');
        text.push_str(names.text(name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_parse_relative_to_their_prim_and_drop_selections() {
        let mut names = Names::default();
        let anchor = [names.intern("A"), names.intern("B")];
        #[rustfmt::skip]
        let cases: &[(&str, Option<(&str, bool)>)] = &[
            ("/X/Y",            Some(("/X/Y", false))),
            ("/X{v=a}Y.points", Some(("/X/Y", true))),
            ("../C",            Some(("/A/C", false))),
            ("C/D",             Some(("/A/B/C/D", false))),
            (".out",            Some(("/A/B", true))),
            ("../../../C",      None),
            ("/",               Some(("/", false))),
        ];
        for (path, expected) in cases {
            let parsed = parse(path, &anchor, &mut names);
            let shown = parsed.map(|(path, property)| (text(&path, &names), property));
            assert_eq!(shown.as_ref().map(|(p, b)| (p.as_str(), *b)), *expected, "{path}");
        }
    }
}
