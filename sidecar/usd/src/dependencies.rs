//! Every file that an asset names, found by walking its layers, composed or not.
//!
//! # Source
//!
//! The rules are those of `UsdUtilsComputeAllDependencies`: all sublayers, references, payloads,
//! clips and asset values of all specs, variants that are not selected too.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::assets;
use crate::layer::{Layer, LayerError};
use crate::materialx;
use crate::names::{Name, Names};
use crate::store::{Store, Target, is_layer_name};
use crate::value::Value;

/// Files that an asset needs and that it names in vain.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    /// Paths inside the library, the asset itself not among them.
    pub(crate) found: BTreeSet<String>,
    /// As they would be inside the library, or as written where they lead outside.
    pub(crate) missing: BTreeSet<String>,
    /// Sentences about layers that cannot be read.
    pub(crate) warnings: Vec<String>,
}

/// Walks the asset at `path` and everything it names.
pub(crate) fn gather(
    store: &mut Store,
    names: &mut Names,
    path: &str,
) -> Result<Dependencies, LayerError> {
    let mut walk = Walk { found: Dependencies::default(), waiting: vec![path.to_owned()] };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(next) = walk.waiting.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        match store.layer(&next, names) {
            Ok((layer, anchor)) => {
                // The root layer of a package is part of it, not a dependency by itself.
                seen.insert(anchor.clone());
                walk.layer(store, names, &layer, &anchor);
            }
            Err(error) if next == path => return Err(error),
            Err(error) => {
                if walk.found.warnings.len() < 100 {
                    walk.found.warnings.push(format!("{next} cannot be read: {error}"));
                }
            }
        }
    }
    walk.found.found.remove(path);
    walk.documents(store, names);
    Ok(walk.found)
}

struct Walk {
    found: Dependencies,
    waiting: Vec<String>,
}

impl Walk {
    /// Looks for what MaterialX documents name: no dependencies, since pxr reads no such document,
    /// but files whose change changes a picture.
    fn documents(&mut self, store: &mut Store, names: &mut Names) {
        let mut aside = Walk { found: Dependencies::default(), waiting: Vec::new() };
        for path in self.found.found.iter().filter(|path| materialx::is_document_name(path)) {
            match store.layer(path, names) {
                Ok((layer, anchor)) => aside.layer(store, names, &layer, &anchor),
                Err(error) => {
                    if self.found.warnings.len() < 100 {
                        self.found.warnings.push(format!("{path} cannot be read: {error}"));
                    }
                }
            }
        }
    }

    fn layer(&mut self, store: &mut Store, names: &Names, layer: &Rc<Layer>, anchor: &str) {
        for (index, spec) in layer.specs.iter().enumerate() {
            for (name, value) in &spec.fields {
                match (*name, value) {
                    (Name::SUB_LAYERS, Value::Assets(paths)) if index == 0 => {
                        for path in paths {
                            self.place(store, anchor, path);
                        }
                    }
                    (Name::REFERENCES | Name::PAYLOAD, Value::ArcEdits(edits)) => {
                        for arc in edits.brought() {
                            self.place(store, anchor, &arc.asset);
                        }
                    }
                    (Name::CLIPS, value) => {
                        self.clips(store, anchor, value);
                        self.value(store, anchor, names.text(*name), value);
                    }
                    (name, value) => self.value(store, anchor, names.text(name), value),
                }
            }
            for property in &spec.properties {
                self.value(store, anchor, "", &property.default);
                if let Some(rare) = &property.rare {
                    if let Value::Samples(samples) = &rare.samples {
                        for value in &samples.values {
                            self.value(store, anchor, "", value);
                        }
                    }
                    for (_, value) in &rare.fields {
                        self.value(store, anchor, "", value);
                    }
                }
            }
        }
    }

    /// Places the asset paths of a value; `key` leads to it through dictionaries.
    fn value(&mut self, store: &mut Store, anchor: &str, key: &str, value: &Value) {
        match value {
            // A name by which others know the asset, not a file it needs.
            Value::Asset(_) if key == "assetInfo:identifier" || key == "identifier" => {}
            Value::Asset(path) => self.asset(store, anchor, path),
            Value::Assets(paths) => {
                for path in paths {
                    self.asset(store, anchor, path);
                }
            }
            Value::Dictionary(entries) => {
                for (inner, value) in entries.iter() {
                    if matches!(value, Value::Asset(_) | Value::Assets(_) | Value::Dictionary(_)) {
                        let key = if key.is_empty() {
                            inner.to_string()
                        } else {
                            format!("{key}:{inner}")
                        };
                        self.value(store, anchor, &key, value);
                    }
                }
            }
            _ => {}
        }
    }

    fn asset(&mut self, store: &mut Store, anchor: &str, path: &str) {
        if let Some((before, after)) = path.split_once("<UDIM>") {
            let tiles = self.expand(store, anchor, before, after, |middle| {
                middle.len() == 4 && middle.bytes().all(|byte| byte.is_ascii_digit())
            });
            if tiles > 0 {
                return;
            }
        }
        self.place(store, anchor, path);
    }

    /// `templateAssetPath` of clip sets: a pattern with `#` for digits.
    fn clips(&mut self, store: &mut Store, anchor: &str, value: &Value) {
        let Value::Dictionary(sets) = value else { return };
        for (_, set) in sets.iter() {
            let Value::Dictionary(set) = set else { continue };
            let template = set.iter().find(|(key, _)| &**key == "templateAssetPath");
            let Some((_, Value::String(template) | Value::Asset(template))) = template else {
                continue;
            };
            let (Some(start), Some(end)) = (template.find('#'), template.rfind('#')) else {
                continue;
            };
            let (before, after) = (&template[..start], &template[end + 1..]);
            self.expand(store, anchor, before, after, |_| true);
        }
    }

    /// Places every file that `before`…`after` matches; returns how many there are.
    fn expand(
        &mut self,
        store: &mut Store,
        anchor: &str,
        before: &str,
        after: &str,
        accepts: impl Fn(&str) -> bool,
    ) -> usize {
        if before.contains(['[', ':']) {
            return 0;
        }
        let inside_of = assets::split_innermost(anchor);
        let package = inside_of.as_ref().map(|(package, _)| package.as_str());
        let base = inside_of.as_ref().map_or(anchor, |(_, inner)| inner);
        let (folder, prefix) = match before.rfind('/') {
            Some(at) => (&before[..=at], &before[at + 1..]),
            None => ("", before),
        };
        let Ok(probe) = assets::join(base, &format!("{folder}x")) else { return 0 };
        let inside = probe.strip_suffix('x').unwrap_or("").trim_end_matches('/').to_owned();
        let mut count = 0;
        for name in store.siblings(package, &inside, prefix, after) {
            let middle = &name[prefix.len()..name.len() - after.len()];
            if accepts(middle) {
                self.place(store, anchor, &format!("{folder}{name}"));
                count += 1;
            }
        }
        count
    }

    fn place(&mut self, store: &mut Store, anchor: &str, asset: &str) {
        if asset.is_empty() {
            return;
        }
        match store.resolve(anchor, asset) {
            // An expression without a value names nothing.
            Target::Missing(path) if path.starts_with('`') => {}
            Target::Found(path) => {
                if is_layer_name(&path) && !self.found.found.contains(&path) {
                    self.waiting.push(path.clone());
                }
                self.found.found.insert(path);
            }
            Target::Missing(path) => {
                self.found.missing.insert(path);
            }
        }
    }
}
