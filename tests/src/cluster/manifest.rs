//! Objects that tests apply.

use serde_json::{Value, json};

/// The image of `vitrine` that `scripts/images.sh` makes of this build.
pub const IMAGE: &str = "vitrine.test/vitrine:test";
/// The image of `vitrine-operator`.
pub const OPERATOR_IMAGE: &str = "vitrine.test/vitrine-operator:test";

/// A ConfigMap of texts by key.
pub fn config_map(name: &str, data: &[(&str, &str)]) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": map(data)})
}

/// A Secret of texts by key.
pub fn secret(name: &str, data: &[(&str, &str)]) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": map(data)})
}

fn map(data: &[(&str, &str)]) -> Value {
    data.iter().map(|&(key, text)| (key.to_owned(), Value::from(text))).collect()
}

/// A Job of one pod that runs `vitrine` with these arguments, in the least that it needs: no root,
/// no privileges, a read-only file system, no account; it writes to `/cache` and `/tmp`. Tests
/// change the value where they want another.
///
/// `container` is the name of its container.
pub fn job(name: &str, container: &str, arguments: &[&str]) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "terminationGracePeriodSeconds": 5,
                    "securityContext": {
                        "runAsNonRoot": true,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "fsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [{
                        "name": container,
                        "image": IMAGE,
                        "imagePullPolicy": "Never",
                        "args": arguments,
                        "env": [
                            {"name": "VITRINE_CACHE_DIR", "value": "/cache"},
                            {"name": "TMPDIR", "value": "/tmp"},
                        ],
                        "securityContext": {
                            "allowPrivilegeEscalation": false,
                            "readOnlyRootFilesystem": true,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "volumeMounts": [
                            {"name": "cache", "mountPath": "/cache"},
                            {"name": "tmp", "mountPath": "/tmp"},
                        ],
                    }],
                    "volumes": [
                        {"name": "cache", "emptyDir": {}},
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        },
    })
}
