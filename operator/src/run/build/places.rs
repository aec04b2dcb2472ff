//! Where a resource's places are inside a pod: volumes of claims and Secrets.
//!
//! The configuration that pods read is the spec with these replaced: `pvc://claim/path` by a folder,
//! `eckRef` by ECK's names.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    ConfigMapProjection, KeyToPath, PersistentVolumeClaimVolumeSource, ProjectedVolumeSource,
    SecretProjection, SecretVolumeSource, Volume, VolumeMount, VolumeProjection,
};
use vitrine_crds::library::{Elasticsearch, SecretRef};
use vitrine_crds::secrets;

use crate::run::kind::{Kind, Opened};
use crate::run::names;

/// Where Secrets are in pods.
pub const SECRETS: &str = "/var/run/secrets/vitrine";
/// Where claims are in pods.
const CLAIMS: &str = "/mnt/claims";
/// The user of an Elasticsearch that ECK made.
const ECK_USER: &str = "elastic";
/// The key of the run's ConfigMap that holds it.
pub const ECK_USER_KEY: &str = "eck-username";

/// A resource's places inside a pod.
#[derive(Clone, Debug)]
pub struct Places<S> {
    /// The spec as a pod reads it.
    pub spec: S,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Where they are.
    pub mounts: Vec<VolumeMount>,
    /// The user that goes into the ConfigMap, where ECK's is meant.
    pub eck_user: Option<&'static str>,
}

impl<S: Clone> Places<S> {
    /// Of `spec`, in `namespace`; `configuration` names the run's ConfigMap.
    pub fn of<K: Kind<Spec = S>>(spec: &S, namespace: &str, configuration: &str) -> Self {
        let mut spec = spec.clone();
        let mut claims = BTreeMap::new();
        let mut claim = |uri: &mut String, writes: bool| {
            let Some(rest) = uri.strip_prefix("pvc://") else { return };
            let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
            *claims.entry(name.to_owned()).or_insert(false) |= writes;
            *uri = format!("file://{CLAIMS}/{name}/{path}").trim_end_matches('/').to_owned();
        };
        let Opened { stores, models, elasticsearch } = K::open(&mut spec);
        let mut secrets_of_stores = BTreeSet::new();
        for store in stores {
            claim(store.uri, store.writes);
            secrets_of_stores.extend(store.secret.map(|secret| secret.name.clone()));
        }
        for model in models {
            claim(model, false);
        }
        let login = elasticsearch.map(|elasticsearch| login(elasticsearch, namespace));
        let mut places = Self { spec, volumes: Vec::new(), mounts: Vec::new(), eck_user: None };
        for (name, writes) in claims {
            places.claim(&name, writes);
        }
        // The usual variables, each as a file.
        for name in secrets_of_stores {
            places.secret(&name, &secrets::STORE);
        }
        if let Some(login) = login {
            places.elasticsearch(login, configuration);
        }
        places
    }

    fn add(&mut self, mount: String, is_read_only: bool, volume: Volume) {
        self.mounts.push(VolumeMount {
            name: volume.name.clone(),
            mount_path: mount,
            read_only: is_read_only.then_some(true),
            ..VolumeMount::default()
        });
        self.volumes.push(volume);
    }

    fn claim(&mut self, name: &str, writes: bool) {
        let source = PersistentVolumeClaimVolumeSource {
            claim_name: name.to_owned(),
            read_only: (!writes).then_some(true),
        };
        let volume = Volume {
            name: volume_name("claim", name),
            persistent_volume_claim: Some(source),
            ..Volume::default()
        };
        self.add(format!("{CLAIMS}/{name}"), !writes, volume);
    }

    fn elasticsearch(&mut self, login: Login, configuration: &str) {
        match login {
            Login::Eck { user, ca } => {
                self.eck_user = Some(ECK_USER);
                self.eck_login(&user, configuration);
                self.secret(&ca, &["ca.crt"]);
            }
            // One Secret for both.
            Login::Named { login: Some(login), ca: Some(ca) } if login == ca => {
                let keys = [&secrets::ELASTICSEARCH[..], &["ca.crt"]].concat();
                self.secret(&login, &keys);
            }
            Login::Named { login, ca } => {
                if let Some(login) = login {
                    self.secret(&login, &secrets::ELASTICSEARCH);
                }
                if let Some(ca) = ca {
                    self.secret(&ca, &["ca.crt"]);
                }
            }
        }
    }

    /// A Secret whose absence is the program's to tell: the pod starts without it.
    fn secret(&mut self, name: &str, keys: &[&str]) {
        let path = format!("{SECRETS}/{name}");
        if let Some(at) = self.mounts.iter().position(|mount| mount.mount_path == path) {
            // Two uses of one Secret: the keys of both.
            let found = self.volumes[at].secret.as_mut().and_then(|secret| secret.items.as_mut());
            if let Some(items) = found {
                items.extend(items_of(keys));
                items.sort_by(|a, b| a.key.cmp(&b.key));
                items.dedup();
            }
            return;
        }
        let source = SecretVolumeSource {
            secret_name: Some(name.to_owned()),
            items: Some(items_of(keys)),
            optional: Some(true),
            default_mode: Some(0o440),
        };
        let volume =
            Volume { name: volume_name("secret", name), secret: Some(source), ..Volume::default() };
        self.add(path, true, volume);
    }

    /// ECK keeps the password of its one user under the user's name.
    fn eck_login(&mut self, user: &str, configuration: &str) {
        let password = SecretProjection {
            name: user.to_owned(),
            items: Some(vec![KeyToPath {
                key: ECK_USER.to_owned(),
                path: "password".to_owned(),
                mode: None,
            }]),
            optional: Some(true),
        };
        let name = ConfigMapProjection {
            name: configuration.to_owned(),
            items: Some(vec![KeyToPath {
                key: ECK_USER_KEY.to_owned(),
                path: "username".to_owned(),
                mode: None,
            }]),
            optional: None,
        };
        let sources = vec![
            VolumeProjection { secret: Some(password), ..VolumeProjection::default() },
            VolumeProjection { config_map: Some(name), ..VolumeProjection::default() },
        ];
        let source = ProjectedVolumeSource { default_mode: Some(0o440), sources: Some(sources) };
        let volume = Volume {
            name: volume_name("secret", user),
            projected: Some(source),
            ..Volume::default()
        };
        self.add(format!("{SECRETS}/{user}"), true, volume);
    }
}

/// The Secrets with which pods get into Elasticsearch.
enum Login {
    /// Those that ECK made.
    Eck { user: String, ca: String },
    /// Those that the spec names.
    Named { login: Option<String>, ca: Option<String> },
}

/// The Secrets of `elasticsearch`, of which `eckRef` becomes what ECK made of it.
fn login(elasticsearch: &mut Elasticsearch, namespace: &str) -> Login {
    let name = |secret: &SecretRef| secret.name.clone();
    let Some(eck) = elasticsearch.eck_ref.take() else {
        return Login::Named {
            login: elasticsearch.secret_ref.as_ref().map(name),
            ca: elasticsearch.ca_ref.as_ref().map(name),
        };
    };
    let (user, ca) =
        (format!("{}-es-elastic-user", eck.name), format!("{}-es-http-certs-public", eck.name));
    let at = eck.namespace.as_deref().unwrap_or(namespace);
    *elasticsearch = Elasticsearch {
        url: Some(format!("https://{}-es-http.{at}.svc:9200", eck.name)),
        secret_ref: Some(SecretRef { name: user.clone() }),
        ca_ref: Some(SecretRef { name: ca.clone() }),
        ..elasticsearch.clone()
    };
    Login::Eck { user, ca }
}

/// What a pod says, with its folders called as the spec calls them.
pub fn as_written(said: &str) -> String {
    said.replace(&format!("file://{CLAIMS}/"), "pvc://").replace(&format!("{CLAIMS}/"), "pvc://")
}

fn items_of(keys: &[&str]) -> Vec<KeyToPath> {
    let item =
        |key: &&str| KeyToPath { key: (*key).to_owned(), path: (*key).to_owned(), mode: None };
    keys.iter().map(item).collect()
}

/// Names of Secrets may be longer than those of volumes, and have dots.
fn volume_name(kind: &str, name: &str) -> String {
    format!("{kind}-{:08x}", names::fnv(name))
}
