//! The configuration of a run: an immutable ConfigMap.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::ObjectMeta;
use serde_json::json;
use vitrine_crds::library::API_VERSION;

use super::Blueprint;
use super::places::{ECK_USER_KEY, Places};
use crate::run::kind::Kind;
use crate::run::names;

/// The ConfigMap of a run.
pub fn configuration<K: Kind>(blueprint: &Blueprint<'_, K>, places: &Places<K::Spec>) -> ConfigMap {
    let Blueprint { resource, run, pods: _ } = blueprint;
    let namespace = resource.namespace().unwrap_or_default();
    let document = json!({
        "apiVersion": API_VERSION,
        "kind": K::WORDS.kind,
        "metadata": {"name": resource.name_any(), "namespace": namespace},
        "spec": places.spec,
    });
    let text = serde_saphyr::to_string(&document).expect("what is JSON can be written as YAML");
    let mut data = BTreeMap::from([(K::WORDS.file.to_owned(), text)]);
    data.extend(places.eck_user.map(|user| (ECK_USER_KEY.to_owned(), user.to_owned())));
    let mut labels = K::WORDS.names.labels(&resource.name_any());
    labels.insert(names::RUN.to_owned(), run.number.to_string());
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(K::WORDS.names.configuration(&resource.name_any(), run.number)),
            namespace: resource.namespace(),
            labels: Some(labels),
            owner_references: Some(resource.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        immutable: Some(true),
        data: Some(data),
        ..ConfigMap::default()
    }
}
