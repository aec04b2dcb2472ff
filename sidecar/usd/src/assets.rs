//! Asset paths: from what a layer says to a path inside the library.
//!
//! A path inside the library has `/` between folders, no `.` or `..`, and names the inside of a
//! package as `a.usdz[inner.usda]`.

/// Splits `a.usdz[b/c.usda]` into the package and what is inside.
pub(crate) fn split_package(path: &str) -> Option<(&str, &str)> {
    let inner = path.strip_suffix(']')?;
    let at = inner.find('[')?;
    Some((&inner[..at], &inner[at + 1..]))
}

/// Puts the two together again, whatever depth `package` has.
pub(crate) fn join_package(package: &str, inner: &str) -> String {
    match package.strip_suffix(']') {
        Some(open) => format!("{open}[{inner}]]"),
        None => format!("{package}[{inner}]"),
    }
}

/// Splits off the innermost part: `a.usdz[b.usdz[c.usda]]` → `a.usdz[b.usdz]`, `c.usda`.
pub(crate) fn split_innermost(path: &str) -> Option<(String, &str)> {
    let depth = path.len() - path.trim_end_matches(']').len();
    if depth == 0 {
        return None;
    }
    let open = path.rfind('[')?;
    let inner = &path[open + 1..path.len() - depth];
    let closing = "]".repeat(depth - 1);
    Some((format!("{}{closing}", &path[..open]), inner))
}

/// How an asset path is anchored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// `./x`, `../x`: relative to the layer.
    Layer,
    /// `x`: relative to the layer, else to the root of the library.
    Search,
    /// Absolute, or a URI: never inside.
    Outside,
}

/// Tells how `asset` is anchored.
pub(crate) fn reach(asset: &str) -> Reach {
    let scheme = asset.split(['/', '[']).next().unwrap_or("");
    if asset.starts_with(['/', '\\']) || scheme.contains(':') {
        Reach::Outside
    } else if asset.starts_with("./") || asset.starts_with("../") {
        Reach::Layer
    } else {
        Reach::Search
    }
}

/// Joins `asset` to the folder of `anchor` and removes `.` and `..`.
///
/// * `anchor`: path of a file; empty for the root of the library.
/// * returns the path, or the same with leading `../` when it leaves the root.
pub(crate) fn join(anchor: &str, asset: &str) -> Result<String, String> {
    let folder = anchor.rfind('/').map_or("", |at| &anchor[..at]);
    let mut parts: Vec<&str> = Vec::new();
    let mut up = 0usize;
    for part in folder.split('/').chain(asset.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    up += 1;
                }
            }
            other => parts.push(other),
        }
    }
    let path = parts.join("/");
    if up > 0 { Err(format!("{}{path}", "../".repeat(up))) } else { Ok(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_paths_are_plain_and_tell_when_they_leave() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, Result<&str, &str>)] = &[
            ("a/b.usda",   "c.usda",         Ok("a/c.usda")),
            ("a/b.usda",   "./c.usda",       Ok("a/c.usda")),
            ("a/b/x.usda", "../c.usda",      Ok("a/c.usda")),
            ("b.usda",     "../c.usda",      Err("../c.usda")),
            ("a/b.usda",   "../../../etc/p", Err("../../etc/p")),
            ("a/b.usda",   "..//./c.usda",   Ok("c.usda")),
        ];
        for &(anchor, asset, expected) in cases {
            let joined = join(anchor, asset);
            assert_eq!(joined.as_deref().map_err(String::as_str), expected, "{anchor} + {asset}");
        }
    }

    #[test]
    fn schemes_and_absolute_paths_are_outside() {
        for asset in ["/etc/passwd", "http://x/y.usd", "file:/x", "C:/x.usd", "\\\\host\\x"] {
            assert_eq!(reach(asset), Reach::Outside, "{asset}");
        }
        assert_eq!(reach("a.usdz[b:c.usd]"), Reach::Search);
        assert_eq!(reach("../a.usd"), Reach::Layer);
    }

    #[test]
    fn packages_split_and_join() {
        assert_eq!(split_package("a/p.usdz[x/y.usda]"), Some(("a/p.usdz", "x/y.usda")));
        assert_eq!(split_package("a/p.usdz"), None);
        assert_eq!(join_package("p.usdz[q.usdz]", "x.usda"), "p.usdz[q.usdz[x.usda]]");
        assert_eq!(
            split_innermost("p.usdz[q.usdz[x.usda]]"),
            Some(("p.usdz[q.usdz]".to_owned(), "x.usda"))
        );
    }
}
