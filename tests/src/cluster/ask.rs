//! Reads objects from the API server by a call that costs a hundredth of `kubectl`'s: tests that wait
//! ask often, and what they test needs the processors.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::Cluster;

/// Most seconds that an answer may take.
const ANSWER_SECS_MAX: &str = "30";

/// Where objects of a kind are: below which path, called what, and whether in a namespace.
const KINDS: [(&str, &str, &str, bool); 8] = [
    ("assetlibrary.vitrine.dev", "apis/vitrine.dev/v1alpha1", "assetlibraries", true),
    ("embeddingjob.vitrine.dev", "apis/vitrine.dev/v1alpha1", "embeddingjobs", true),
    ("event", "api/v1", "events", true),
    ("job", "apis/batch/v1", "jobs", true),
    ("namespace", "api/v1", "namespaces", false),
    ("node", "api/v1", "nodes", false),
    ("pod", "api/v1", "pods", true),
    ("serviceaccount", "api/v1", "serviceaccounts", true),
];

/// The path of objects of `kind`; `None` where `kubectl` has to find out.
pub(super) fn path_of(kind: &str, namespace: Option<&str>) -> Option<String> {
    let (_, group, plural, is_namespaced) = KINDS.iter().find(|known| known.0 == kind)?;
    match (is_namespaced, namespace) {
        (true, Some(namespace)) => Some(format!("/{group}/namespaces/{namespace}/{plural}")),
        (true, None) => None,
        (false, _) => Some(format!("/{group}/{plural}")),
    }
}

impl Cluster {
    /// What is at `path`; `None` where nothing is.
    ///
    /// # Panics
    ///
    /// When the API server does not answer, or otherwise.
    pub(super) fn ask(&self, path: &str) -> Option<Value> {
        let login = std::fs::read_to_string(self.kubeconfig()).expect("there is a kubeconfig");
        // As tests/cluster/control-plane.sh writes it.
        let field = |name: &str| {
            let rest = login.split_once(&format!("{name}: \"")).expect("the kubeconfig is ours").1;
            rest.split('"').next().unwrap_or_default()
        };
        let ended = Command::new("curl")
            .args(["-sS", "-m", ANSWER_SECS_MAX, "-w", "\n%{http_code}", "--cacert"])
            .arg(field("certificate-authority"))
            .args(["-H", &format!("Authorization: Bearer {}", field("token"))])
            .arg(format!("{}{path}", field("server")))
            .stdin(Stdio::null())
            .output()
            .expect("curl can be started");
        let text = String::from_utf8_lossy(&ended.stdout);
        let (body, status) = text.rsplit_once('\n').unwrap_or(("", ""));
        match status {
            "200" => Some(serde_json::from_str(body).expect("the API server answers JSON")),
            "404" => None,
            _ => panic!("{path}: {status} {body}{}", String::from_utf8_lossy(&ended.stderr)),
        }
    }
}
