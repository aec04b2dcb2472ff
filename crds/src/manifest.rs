//! The definitions that a cluster installs, made from the types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::{embedding_job, library, scene_schedule};

/// The definitions of all resources.
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![library::Resource::crd(), embedding_job::Resource::crd(), scene_schedule::Resource::crd()]
}

/// Name of the file that holds `crd`.
pub fn file_name(crd: &CustomResourceDefinition) -> String {
    format!("{}.yaml", crd.spec.names.plural)
}

/// `crd` as YAML.
pub fn to_yaml(crd: &CustomResourceDefinition) -> String {
    let value = serde_json::to_value(crd).expect("a definition is made of strings and lists");
    serde_saphyr::to_string(&value).expect("what is JSON can be written as YAML")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// What clusters install says what the types say: the plain files and the chart's.
    #[test]
    fn committed_definitions_say_what_the_types_say() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for crd in super::all() {
            for folder in ["crds/yaml", "charts/vitrine/files/crds"] {
                let path = root.join(folder).join(super::file_name(&crd));
                let committed = std::fs::read_to_string(&path).unwrap_or_default();
                assert_eq!(committed, super::to_yaml(&crd), "{path:?} is stale: run `make crds`");
            }
        }
    }
}
