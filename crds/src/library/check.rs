//! What a schema cannot say: rules over values and between fields.

use super::views::Template;
use super::{API_VERSION, AssetLibrary, AssetLibrarySpec, KIND, ModelSpec, Views};

/// A period as JSON Schema's `pattern`.
pub const PERIOD_PATTERN: &str = "^([0-9]+(s|m|h|d))+$";
/// A SHA-256 as JSON Schema's `pattern`.
pub const SHA256_PATTERN: &str = "^[0-9a-fA-F]{64}$";
/// Name of an embedding as JSON Schema's `pattern`.
pub const NAME_PATTERN: &str = "^[a-z][a-z0-9_]*$";

/// Schemes of places that hold files.
const STORES: [&str; 6] = ["file", "s3", "gs", "az", "https", "pvc"];
/// Schemes of places that hold models.
const MODELS: [&str; 7] = ["file", "s3", "gs", "az", "https", "pvc", "hf"];

/// One mistake of a configuration: where, and a sentence that says what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// The key, as in `elasticsearch.url` or `embeddings[0].name`; `spec` is left out.
    pub path: String,
    /// What is wrong and what would be right; lower-case, without a full stop.
    pub message: String,
}

impl Mistake {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// Every mistake of `library` that its types let through.
pub fn mistakes(library: &AssetLibrary) -> Vec<Mistake> {
    let AssetLibrary { api_version, kind, metadata: _, spec } = library;
    let mut found = Vec::new();
    if api_version != API_VERSION {
        found.push(Mistake::new("apiVersion", format!("`{api_version}` is not {API_VERSION}")));
    }
    if kind != KIND {
        found.push(Mistake::new("kind", format!("`{kind}` is not {KIND}")));
    }
    places(spec, &mut found);
    views(&spec.views, &mut found);
    embeddings(spec, &mut found);
    elasticsearch(spec, &mut found);
    if let Some(period) = &spec.sync_interval {
        check_period("syncInterval", period, &mut found);
    }
    found
}

/// Every mistake of a spec that pods are to follow: those of its values, and places that pods do not
/// have or must not reach.
pub fn on_cluster(spec: &AssetLibrarySpec) -> Vec<Mistake> {
    let mut found = Vec::new();
    places(spec, &mut found);
    views(&spec.views, &mut found);
    embeddings(spec, &mut found);
    elasticsearch(spec, &mut found);
    if let Some(period) = &spec.sync_interval {
        check_period("syncInterval", period, &mut found);
    }
    if spec.source.roots_only {
        let message =
            "is not known to this version yet: leave it out, and exclude the folders of parts";
        found.push(Mistake::new("source.rootsOnly", message));
    }
    if spec.catalog.is_none() {
        let message =
            "is missing: name a place such as s3://bucket/folder, which keeps the state of runs";
        found.push(Mistake::new("catalog", message));
    }
    let stores = [
        Some(("source.uri", &spec.source.uri)),
        spec.catalog.as_ref().map(|catalog| ("catalog.uri", &catalog.uri)),
        spec.captions.as_ref().map(|captions| ("captions.uri", &captions.uri)),
        spec.views.from.as_ref().map(|from| ("views.from.uri", &from.uri)),
    ];
    for (path, uri) in stores.into_iter().flatten() {
        check_reach(path, uri, &mut found);
    }
    for (index, entry) in spec.embeddings.iter().enumerate() {
        check_reach(&format!("embeddings[{index}].model.uri"), &entry.model.uri, &mut found);
        if let Some(model) = &entry.text_model {
            check_reach(&format!("embeddings[{index}].textModel.uri"), &model.uri, &mut found);
        }
    }
    let urls = spec.elasticsearch.as_ref().and_then(|elasticsearch| elasticsearch.url.as_deref());
    for url in urls.unwrap_or_default().split(',').map(str::trim).filter(|url| !url.is_empty()) {
        check_reach("elasticsearch.url", url, &mut found);
    }
    found
}

/// A place that a pod can have, and that is no metadata service of a cloud.
fn check_reach(path: &str, uri: &str, found: &mut Vec<Mistake>) {
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

fn places(spec: &AssetLibrarySpec, found: &mut Vec<Mistake>) {
    check_uri("source.uri", &spec.source.uri, &STORES, found);
    if let Some(captions) = &spec.captions {
        check_uri("captions.uri", &captions.uri, &STORES, found);
    }
    if let Some(catalog) = &spec.catalog {
        check_uri("catalog.uri", &catalog.uri, &STORES, found);
        if catalog.uri == spec.source.uri {
            let message = "is the source itself; name another folder, so that the library stays \
                           as it is";
            found.push(Mistake::new("catalog.uri", message));
        }
    }
    for (list, patterns) in [("include", &spec.source.include), ("exclude", &spec.source.exclude)] {
        for (index, pattern) in patterns.iter().enumerate() {
            if pattern.is_empty() {
                let path = format!("source.{list}[{index}]");
                found.push(Mistake::new(path, "is empty; write a pattern such as `**/*.usdz`"));
            }
        }
    }
}

fn views(views: &Views, found: &mut Vec<Mistake>) {
    let Some(from) = &views.from else { return };
    check_uri("views.from.uri", &from.uri, &STORES, found);
    let path = "views.from.path";
    match Template::parse(&from.path) {
        Err(reason) => found.push(Mistake::new(path, reason)),
        Ok(template) => {
            if !template.names_asset() {
                let message = "is the same for every asset; write {id}, {path} or {name} into it";
                found.push(Mistake::new(path, message));
            }
            if !template.names_view() && views.count > 1 {
                let message = "is the same for every view; write {view} or {view:05} into it";
                found.push(Mistake::new(path, message));
            }
        }
    }
    if from.count < views.count {
        let message = format!(
            "is {}, and {} are to be taken (views.count); ask for fewer",
            from.count, views.count
        );
        found.push(Mistake::new("views.from.count", message));
    }
    if from.id_map.as_deref().is_some_and(|map| map.starts_with('/') || map.contains("://")) {
        let message = "is not below views.from.uri; copy it there and name it from there";
        found.push(Mistake::new("views.from.idMap", message));
    }
}

fn embeddings(spec: &AssetLibrarySpec, found: &mut Vec<Mistake>) {
    for (index, entry) in spec.embeddings.iter().enumerate() {
        let at = format!("embeddings[{index}]");
        if spec.embeddings[..index].iter().any(|earlier| earlier.name == entry.name) {
            let message = format!("`{}` is taken by an earlier entry; choose another", entry.name);
            found.push(Mistake::new(format!("{at}.name"), message));
        }
        if !is_field_name(&entry.name) {
            let message = format!(
                "`{}` cannot name a field; use lower-case letters, digits and `_`, a letter first",
                entry.name
            );
            found.push(Mistake::new(format!("{at}.name"), message));
        }
        check_model(&format!("{at}.model"), &entry.model, found);
        if let Some(model) = &entry.text_model {
            check_model(&format!("{at}.textModel"), model, found);
            if entry.algorithm.is_text() {
                let message = "belongs to clip and siglip; name a sentence encoder as `model`";
                found.push(Mistake::new(format!("{at}.textModel"), message));
            }
        }
    }
}

fn check_model(at: &str, model: &ModelSpec, found: &mut Vec<Mistake>) {
    check_uri(&format!("{at}.uri"), &model.uri, &MODELS, found);
    if let Some(sha256) = &model.sha256
        && !(sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        let message = "is not 64 hex digits; `sha256sum` of the weights file prints them";
        found.push(Mistake::new(format!("{at}.sha256"), message));
    }
}

fn elasticsearch(spec: &AssetLibrarySpec, found: &mut Vec<Mistake>) {
    let Some(elasticsearch) = &spec.elasticsearch else { return };
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

fn check_period(path: &str, text: &str, found: &mut Vec<Mistake>) {
    if period_seconds(text).is_none() {
        let message = format!("`{text}` is not a period; write one such as 90s, 30m, 1h30m or 2d");
        found.push(Mistake::new(path, message));
    }
}

/// A URI of a known scheme without a user name, or a plain path where `file` is known.
fn check_uri(path: &str, uri: &str, schemes: &[&str], found: &mut Vec<Mistake>) {
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

fn is_field_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(spec: serde_json::Value) -> AssetLibrary {
        serde_json::from_value(serde_json::json!({ "spec": spec })).unwrap()
    }

    fn paths(spec: serde_json::Value) -> Vec<String> {
        mistakes(&library(spec)).into_iter().map(|mistake| mistake.path).collect()
    }

    #[test]
    fn a_source_alone_is_a_whole_configuration() {
        assert_eq!(paths(serde_json::json!({"source": {"uri": "assets"}})), Vec::<String>::new());
    }

    #[test]
    fn every_mistake_is_found_not_only_the_first() {
        let spec = serde_json::json!({
            "source": {"uri": "ftp://host/packs", "include": [""]},
            "catalog": {"uri": "s3://key:word@bucket/catalog"},
            "embeddings": [
                {"name": "text", "algorithm": "text", "model": {"uri": "models/a"}},
                {"name": "text", "algorithm": "text", "model": {"uri": "models/b", "sha256": "12"}},
                {"name": "Text-2", "algorithm": "text", "model": {"uri": "hf://"}},
            ],
            "elasticsearch": {"url": "es:9200", "retainOldIndexFor": "a day"},
            "syncInterval": "1",
        });
        assert_eq!(
            paths(spec),
            [
                "source.uri",
                "catalog.uri",
                "source.include[0]",
                "embeddings[1].name",
                "embeddings[1].model.sha256",
                "embeddings[2].name",
                "embeddings[2].model.uri",
                "elasticsearch.url",
                "elasticsearch.retainOldIndexFor",
                "syncInterval",
            ]
        );
    }

    #[test]
    fn a_password_in_a_uri_is_refused_and_not_repeated() {
        let found = mistakes(&library(serde_json::json!({
            "source": {"uri": "https://ada:hunter2@host/packs"}
        })));
        assert_eq!(found.len(), 1);
        assert!(!found[0].message.contains("hunter2"), "{}", found[0].message);
    }

    #[test]
    fn brought_pictures_differ_from_asset_to_asset_and_from_view_to_view() {
        let views = |views: serde_json::Value| {
            paths(serde_json::json!({"source": {"uri": "assets"}, "views": views}))
        };
        let from = |path: &str, count: i32| serde_json::json!({"from": {"uri": "renders", "path": path, "count": count}});
        assert_eq!(views(from("{id}/{view:05}.png", 24)), [""; 0]);
        assert_eq!(views(from("{view}.png", 24)), ["views.from.path"]);
        assert_eq!(views(from("{name}.png", 24)), ["views.from.path"]);
        assert_eq!(views(from("{name}/{wiew}.png", 24)), ["views.from.path"]);
        assert_eq!(views(from("{name}/{view}.png", 7)), ["views.from.count"]);
        let elsewhere = serde_json::json!({"count": 1, "from": {
            "uri": "ftp://host/x", "path": "{name}.png", "count": 1, "idMap": "s3://b/map.json",
        }});
        assert_eq!(views(elsewhere), ["views.from.uri", "views.from.idMap"]);
    }

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
