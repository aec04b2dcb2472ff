//! What a schema cannot say: rules over values and between fields.

use super::views::Template;
use super::{API_VERSION, AssetLibrary, AssetLibrarySpec, KIND, Views};
pub use crate::rules::{
    Mistake, PERIOD_PATTERN, SHA256_PATTERN, index_name_mistake, period_seconds,
};
use crate::rules::{
    STORES, check_model, check_period, check_reach, check_reach_elasticsearch, check_uri,
    elasticsearch,
};

/// Name of an embedding as JSON Schema's `pattern`.
pub const NAME_PATTERN: &str = "^[a-z][a-z0-9_]*$";

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
    elasticsearch(spec.elasticsearch.as_ref(), &mut found);
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
    elasticsearch(spec.elasticsearch.as_ref(), &mut found);
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
    check_reach_elasticsearch(spec.elasticsearch.as_ref(), &mut found);
    found
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
}
