//! A library that the operator looks after: the chart installed, a bucket, an index, a namespace.

use std::path::Path;
use std::sync::OnceLock;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Cluster, Namespace, PATIENCE, condition_of, poll, secret};
use crate::elasticsearch::{Elasticsearch, Name};
use crate::library::{Library, reference, usda};
use crate::program::run;
use crate::server::S3;

/// Where the operator is.
pub const HOME: &str = "vitrine-system";
/// The operator's Deployment.
const DEPLOYMENT: &str = "vitrine-operator";
/// The resource's name in full: others may be called `al`.
pub const KIND: &str = "assetlibrary.vitrine.dev";

/// Installs the chart, once for all tests of a file.
///
/// # Panics
///
/// When Helm refuses.
pub fn install(cluster: &Cluster) {
    install_with(cluster, &[]);
}

/// The same with more values, such as `runs.jobTtlSeconds=60`; to be called before anything else that
/// installs it.
///
/// # Panics
///
/// When Helm refuses.
pub fn install_with(cluster: &Cluster, more: &[&str]) {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/vitrine");
        // Files share the cluster: what another one installed is not installed again. An image of the same
        // name may be another one by now.
        let image = cluster.folder().join("images/vitrine-operator.tar");
        let made = [newest(&image), newest(&chart)];
        let state = || format!("{more:?} {made:?} {}", installed(cluster));
        let note = cluster.folder().join("installed");
        if std::fs::read_to_string(&note).is_ok_and(|found| found == state()) {
            return;
        }
        install_from(cluster, &chart, more);
        if note.exists() {
            cluster.must(&["-n", HOME, "rollout", "restart", "deployment", DEPLOYMENT]);
            cluster.must(&["-n", HOME, "rollout", "status", "deployment", DEPLOYMENT]);
        }
        std::fs::write(note, state()).expect("the cluster's folder is writable");
    });
}

/// When a file was changed, or the last of a folder's.
fn newest(path: &Path) -> Option<SystemTime> {
    let inside = std::fs::read_dir(path).into_iter().flatten().flatten();
    let inside = inside.filter_map(|item| newest(&item.path())).max();
    inside.or_else(|| std::fs::metadata(path).and_then(|found| found.modified()).ok())
}

/// Which Deployment of the operator there is, and how often it was changed; empty where there is none.
fn installed(cluster: &Cluster) -> String {
    let fields = "jsonpath={.metadata.uid} {.metadata.generation}";
    cluster.kubectl(&["-n", HOME, "get", "deployment", DEPLOYMENT, "-o", fields]).stdout
}

/// Installs a chart, or puts it in place of the one that is there, with these values besides those
/// that all tests have.
///
/// # Panics
///
/// When Helm refuses.
pub fn install_from(cluster: &Cluster, chart: &Path, values: &[&str]) {
    let mut helm = cluster.command("helm");
    helm.args(["upgrade", "--install", "vitrine"]).arg(chart);
    helm.args(["--namespace", HOME, "--create-namespace", "--wait", "--timeout", "120s"]);
    let common = [
        "imageRegistry=vitrine.test",
        "image.tag=test",
        "runs.image.tag=test",
        "imagePullPolicy=Never",
        "watch.allNamespaces=true",
        "log.format=text",
    ];
    // An older chart refuses a value that it does not know.
    let known = std::fs::read_to_string(chart.join("values.yaml")).unwrap_or_default();
    let newer = known.contains("videoImage:").then_some("runs.videoImage.tag=test");
    for set in common.iter().copied().chain(newer).chain(values.iter().copied()) {
        helm.args(["--set", set]);
    }
    let installed = run(&mut helm);
    assert_eq!(installed.code, Some(0), "{}\n{}", installed.stdout, installed.stderr);
}

/// A namespace with an operator that looks after it, a library in a bucket, and an index.
#[derive(Debug)]
pub struct Place {
    /// Its namespace.
    pub space: Namespace,
    /// The Elasticsearch server.
    pub index: Elasticsearch,
    /// The alias of its index there.
    pub alias: Name,
    /// The cluster.
    pub cluster: Cluster,
    /// The assets as files here; [`Place::upload`] brings them into the bucket.
    pub library: Library,
    /// The bucket's server.
    pub store: S3,
}

impl Place {
    /// Three assets, one of which uses another; `None` where a server is missing, which is said.
    pub fn new(purpose: &str) -> Option<Self> {
        let cluster = Cluster::find()?;
        let index = Elasticsearch::find()?;
        let store = cluster.s3()?;
        install(&cluster);
        let library = Library::new();
        library.write("office/desk.usda", usda("Desk", "", ""));
        library.write("office/room.usda", usda("Room", &reference("./desk.usda"), ""));
        library.write("kitchen/cup.usda", usda("Cup", "", ""));
        store.bucket("packs");
        store.bucket("catalogs");
        store.put_folder("packs", "lib", &library.path());
        let space = cluster.namespace(purpose);
        let alias = index.name(purpose);
        Some(Self { space, index, alias, cluster, library, store })
    }

    /// Creates the Secret `store`, which the resource names.
    pub fn secret(&self) {
        self.space.apply(&[secret("store", &self.store.variables())]);
    }

    /// The resource, with `more` laid over its spec.
    ///
    /// # Panics
    ///
    /// When `more` is no object.
    pub fn resource(&self, more: Value) -> Value {
        let store = json!({"name": "store"});
        let mut spec = json!({
            "source": {"uri": "s3://packs/lib", "secretRef": store},
            "catalog": {"uri": "s3://catalogs/lib", "secretRef": store},
            "views": {"thumbnails": false},
            "embeddings": [],
            "elasticsearch": {
                "url": self.cluster.seen_from_pods(self.index.url()), "index": &*self.alias,
            },
            "workers": {"resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}},
        });
        for (key, value) in more.as_object().expect("fields of a spec") {
            spec[key] = value.clone();
        }
        json!({
            "apiVersion": "vitrine.dev/v1alpha1", "kind": "AssetLibrary",
            "metadata": {"name": "lib"}, "spec": spec,
        })
    }

    /// Applies [`Place::resource`].
    pub fn apply(&self, more: Value) {
        self.space.apply(&[self.resource(more)]);
    }

    /// Applies the resource with another Elasticsearch, or the same in another way.
    pub fn apply_elasticsearch(&self, elasticsearch: Value, more: Value) {
        let mut resource = self.resource(more);
        let spec = &mut resource["spec"]["elasticsearch"];
        *spec = elasticsearch;
        spec["index"] = json!(&*self.alias);
        self.space.apply(&[resource]);
    }

    /// Waits until the library says `condition`=`status` in a sentence that has all `words`; the
    /// sentence.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub fn says(&self, condition: &str, status: &str, words: &[&str]) -> String {
        let mut last = String::new();
        let said = poll(PATIENCE, || {
            let lib = self.space.get(KIND, "lib")?;
            let found = condition_of(&lib, condition)?;
            let message = found["message"].as_str().unwrap_or_default();
            last = format!("{}: {message}", found["status"]);
            let fits = found["status"] == status && words.iter().all(|word| message.contains(word));
            fits.then(|| message.to_owned())
        });
        said.unwrap_or_else(|| panic!("{condition} should say {words:?}, and says {last}"))
    }

    /// Waits for the end of run `number`; the resource.
    pub fn published(&self, number: i64) -> Value {
        self.space.wait_for(KIND, "lib", &format!("has published run {number}"), |lib| {
            lib["status"]["lastSuccessfulRun"] == number
        })
    }

    /// Asks for a run now.
    pub fn sync(&self, word: &str) {
        let annotation = format!("vitrine.dev/sync-requested={word}");
        self.space.must(&["annotate", KIND, "lib", "--overwrite", &annotation]);
    }

    /// Brings the assets into the bucket; what is gone here stays there.
    pub fn upload(&self) {
        self.store.put_folder("packs", "lib", &self.library.path());
    }

    /// Whether there is a Job of this name.
    pub fn has_job(&self, name: &str) -> bool {
        self.space.get("job", name).is_some()
    }
}

/// What the last published run counted: read, indexed, skipped, failed, deleted.
///
/// # Panics
///
/// When nothing was published.
pub fn counts(lib: &Value) -> Vec<i64> {
    ["read", "indexed", "skipped", "failed", "deleted"]
        .map(|key| lib["status"]["counts"][key].as_i64().expect("it was published"))
        .to_vec()
}
