//! The configuration of a run: an immutable ConfigMap.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ObjectMeta;
use kube::{Resource as _, ResourceExt};
use serde_json::json;
use vitrine_crds::library::{API_VERSION, KIND};

use super::Blueprint;
use super::places::{ECK_USER_KEY, Places};
use crate::library::names;

/// The key that holds the configuration.
pub const FILE: &str = "library.yaml";

/// The ConfigMap of a run.
pub fn configuration(blueprint: &Blueprint<'_>, places: &Places) -> ConfigMap {
    let Blueprint { library, run, pods: _ } = blueprint;
    let namespace = library.namespace().unwrap_or_default();
    let document = json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": library.name_any(), "namespace": namespace},
        "spec": places.spec,
    });
    let text = serde_saphyr::to_string(&document).expect("what is JSON can be written as YAML");
    let mut data = BTreeMap::from([(FILE.to_owned(), text)]);
    data.extend(places.eck_user.map(|user| (ECK_USER_KEY.to_owned(), user.to_owned())));
    let mut labels = names::labels(library);
    labels.insert(names::RUN.to_owned(), run.number.to_string());
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(names::configuration(&library.name_any(), run.number)),
            namespace: library.namespace(),
            labels: Some(labels),
            owner_references: Some(library.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        immutable: Some(true),
        data: Some(data),
        ..ConfigMap::default()
    }
}
