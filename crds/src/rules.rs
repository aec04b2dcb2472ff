//! What a schema cannot say, of parts that several resources have: places, models, Elasticsearch.

use crate::library::{Elasticsearch, ModelSpec};

/// A period as JSON Schema's `pattern`.
pub const PERIOD_PATTERN: &str = "^([0-9]+(s|m|h|d))+$";
/// A SHA-256 as JSON Schema's `pattern`.
pub const SHA256_PATTERN: &str = "^[0-9a-fA-F]{64}$";
/// Schemes of places that hold files.
pub(crate) const STORES: [&str; 6] = ["file", "s3", "gs", "az", "https", "pvc"];
/// Schemes of places that hold models.
pub(crate) const MODELS: [&str; 7] = ["file", "s3", "gs", "az", "https", "pvc", "hf"];

/// One mistake of a configuration: where, and a sentence that says what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// The key, as in `elasticsearch.url` or `embeddings[0].name`; `spec` is left out.
    pub path: String,
    /// What is wrong and what would be right; lower-case, without a full stop.
    pub message: String,
}

impl Mistake {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// A place that a pod can have, and that is no metadata service of a cloud.
pub(crate) fn check_reach(path: &str, uri: &str, found: &mut Vec<Mistake>) {
    let Some((scheme, rest)) = uri.split_once("://").filter(|(scheme, _)| *scheme != "file") else {
        let message =
            "is a folder, which pods do not have; name a volume as pvc://claim/path, or a store";
        found.push(Mistake::new(path, message));
        return;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_metadata = match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => {
            address.is_link_local() || address.is_loopback() || address.is_unspecified()
        }
        Ok(std::net::IpAddr::V6(address)) => {
            let first = address.segments()[0];
            let inner = address
                .to_ipv4_mapped()
                .is_some_and(|inner| inner.is_link_local() || inner.is_loopback());
            first & 0xffc0 == 0xfe80
                || address.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
                || address.is_loopback()
                || inner
        }
        Err(_) => {
            host == "localhost"
                || host == "metadata"
                || host.starts_with("metadata.")
                || host == "instance-data"
        }
    };
    if matches!(scheme, "http" | "https") && is_metadata {
        let message =
            format!("`{host}` is the pod itself or a metadata service, which is nobody's library");
        found.push(Mistake::new(path, message));
    }
}

/// The same of each node of an Elasticsearch.
pub(crate) fn check_reach_elasticsearch(
    elasticsearch: Option<&Elasticsearch>,
    found: &mut Vec<Mistake>,
) {
    let urls = elasticsearch.and_then(|elasticsearch| elasticsearch.url.as_deref());
    for url in urls.unwrap_or_default().split(',').map(str::trim).filter(|url| !url.is_empty()) {
        check_reach("elasticsearch.url", url, found);
    }
}

/// Seconds of a period such as `90s`, `1h30m` or `2d`; none where it is not one.
pub fn period_seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            let grown = number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?;
            number = Some(grown);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    (number.is_none() && !text.is_empty()).then_some(total)
}

/// A model: where it is, and what it must be.
pub(crate) fn check_model(at: &str, model: &ModelSpec, found: &mut Vec<Mistake>) {
    check_uri(&format!("{at}.uri"), &model.uri, &MODELS, found);
    if let Some(sha256) = &model.sha256
        && !(sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        let message = "is not 64 hex digits; `sha256sum` of the weights file prints them";
        found.push(Mistake::new(format!("{at}.sha256"), message));
    }
}

/// Where documents are indexed.
pub(crate) fn elasticsearch(elasticsearch: Option<&Elasticsearch>, found: &mut Vec<Mistake>) {
    let Some(elasticsearch) = elasticsearch else { return };
    match (&elasticsearch.url, &elasticsearch.eck_ref) {
        (None, None) => found.push(Mistake::new(
            "elasticsearch",
            "names no cluster; set elasticsearch.url (--elasticsearch URL) or elasticsearch.eckRef",
        )),
        (Some(_), Some(_)) => found.push(Mistake::new(
            "elasticsearch",
            "has both url and eckRef; keep the one that is meant",
        )),
        // Before they are taken apart: a password may have commas, and is not repeated.
        (Some(urls), None) if urls.contains('@') => found.push(Mistake::new(
            "elasticsearch.url",
            "has a user name or password; put them in a Secret or the usual variables",
        )),
        (Some(urls), None) => {
            for url in urls.split(',').map(str::trim) {
                check_uri("elasticsearch.url", url, &["http", "https"], found);
                if !url.contains("://") {
                    let message = format!("`{url}` has no scheme; write https://{url}");
                    found.push(Mistake::new("elasticsearch.url", message));
                }
            }
        }
        (None, Some(_)) => {}
    }
    check_period("elasticsearch.retainOldIndexFor", &elasticsearch.retain_old_index_for, found);
    for (key, name) in
        [("index", &elasticsearch.index), ("sharedAlias", &elasticsearch.shared_alias)]
    {
        if let Some(reason) = name.as_deref().and_then(index_name_mistake) {
            found.push(Mistake::new(format!("elasticsearch.{key}"), reason));
        }
    }
}

/// What is wrong with the name of an index or alias, by Elasticsearch's rules; none where nothing
/// is. Room is left for what is added to it.
pub fn index_name_mistake(name: &str) -> Option<String> {
    const FORBIDDEN: &[char] = &['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':'];
    let advice = "choose lower-case letters, digits, `-` and `_`";
    if name.is_empty() || name.len() > 200 {
        return Some("needs 1 to 200 bytes".to_owned());
    }
    if name.starts_with(['-', '_', '+', '.']) {
        return Some(format!("`{name}` begins with a character that no index may; {advice}"));
    }
    if name.chars().any(|c| c.is_uppercase() || c.is_control() || FORBIDDEN.contains(&c)) {
        return Some(format!("`{name}` has a character that no index may have; {advice}"));
    }
    None
}

/// A period such as `1h30m`.
pub(crate) fn check_period(path: &str, text: &str, found: &mut Vec<Mistake>) {
    if period_seconds(text).is_none() {
        let message = format!("`{text}` is not a period; write one such as 90s, 30m, 1h30m or 2d");
        found.push(Mistake::new(path, message));
    }
}

/// A URI of a known scheme without a user name, or a plain path where `file` is known.
pub(crate) fn check_uri(path: &str, uri: &str, schemes: &[&str], found: &mut Vec<Mistake>) {
    let Some((scheme, rest)) = uri.split_once("://") else { return };
    if !schemes.contains(&scheme) {
        let message =
            format!("`{scheme}://` is not known here; use one of {}", schemes.join(":// ") + "://");
        found.push(Mistake::new(path, message));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // Such URIs end up in logs and documents, so the part before the `@` is not repeated here.
    if authority.contains('@') {
        let message = "has a user name or password; put them in a Secret or the usual variables";
        found.push(Mistake::new(path, message));
    } else if authority.is_empty() && scheme != "file" {
        let message = format!("`{scheme}://` needs a name after it, as in {scheme}://name/path");
        found.push(Mistake::new(path, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_add_their_units() {
        #[rustfmt::skip]
        let cases: &[(&str, Option<u64>)] = &[
            ("90s",    Some(90)),
            ("1h30m",  Some(5_400)),
            ("2d",     Some(172_800)),
            ("",       None),
            ("30",     None),
            ("h",      None),
            ("1w",     None),
            ("99999999999999999999s", None),
        ];
        for &(text, expected) in cases {
            assert_eq!(period_seconds(text), expected, "{text}");
        }
    }
}
