//! An `AssetLibrary`: what differs of its runs, which `crate::run` makes.

mod course;
mod end;
#[cfg(test)]
mod stories;

use vitrine_crds::condition::Condition;
use vitrine_crds::library::check::{self, Mistake};
use vitrine_crds::library::status::{AssetLibraryStatus, IndexStatus, RunStatus};
use vitrine_crds::library::{AssetLibrarySpec, DeletionPolicy, KIND, Resource, Workers};

use crate::metrics::Counted;
use crate::run::kind::{Kind, Opened, Shared, Standing, Store, Words};
use crate::run::names::Names;

/// Names of a library's objects.
pub const NAMES: Names = Names { label: "vitrine.dev/library", mark: "" };

impl Kind for Resource {
    type Spec = AssetLibrarySpec;
    type Status = AssetLibraryStatus;

    const WORDS: Words = Words {
        kind: KIND,
        short: "al",
        things: ("asset", "assets"),
        under_way: "Syncing",
        decodes_videos: false,
        file: "library.yaml",
        names: NAMES,
        lets_jobs_expire: true,
        counted: Counted::Libraries,
    };

    fn spec(&self) -> &AssetLibrarySpec {
        &self.spec
    }

    fn status(&self) -> Option<&AssetLibraryStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> &mut Option<AssetLibraryStatus> {
        &mut self.status
    }

    fn mistakes(&self) -> Vec<Mistake> {
        check::on_cluster(&self.spec)
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }

    fn deletion_policy(&self) -> DeletionPolicy {
        self.spec.deletion_policy
    }

    fn workers(&self) -> &Workers {
        &self.spec.workers
    }

    fn kept(&self) -> Option<String> {
        self.spec.catalog.as_ref().map(|catalog| format!("the catalogue {}", catalog.uri))
    }

    fn open(spec: &mut AssetLibrarySpec) -> Opened<'_> {
        let AssetLibrarySpec {
            source, captions, catalog, views, embeddings, elasticsearch, ..
        } = spec;
        let mut stores = vec![Store {
            uri: &mut source.uri,
            secret: source.secret_ref.as_ref(),
            credentials: source.credentials,
            writes: false,
        }];
        stores.extend(catalog.as_mut().map(|catalog| Store {
            uri: &mut catalog.uri,
            secret: catalog.secret_ref.as_ref(),
            credentials: catalog.credentials,
            writes: true,
        }));
        stores.extend(captions.as_mut().map(|captions| Store {
            uri: &mut captions.uri,
            secret: captions.secret_ref.as_ref(),
            credentials: captions.credentials,
            writes: false,
        }));
        stores.extend(views.from.as_mut().map(|from| Store {
            uri: &mut from.uri,
            secret: from.secret_ref.as_ref(),
            credentials: from.credentials,
            writes: false,
        }));
        let models = embeddings.iter_mut().flat_map(|entry| {
            let text = entry.text_model.as_mut().map(|model| &mut model.uri);
            [Some(&mut entry.model.uri), text].into_iter().flatten()
        });
        Opened { stores, models: models.collect(), elasticsearch: elasticsearch.as_mut() }
    }
}

impl Standing for AssetLibraryStatus {
    fn shared(&mut self) -> Shared<'_> {
        let Self {
            phase,
            conditions,
            observed_generation,
            run,
            last_successful_run: _,
            last_successful_generation: _,
            last_successful_time: _,
            next_sync_time,
            failures,
            last_handled_sync_request,
            index,
            counts: _,
            failure_samples,
            model_digests,
        } = self;
        Shared {
            phase,
            conditions,
            observed_generation,
            run,
            failures,
            next_time: next_sync_time,
            last_handled_sync_request,
            index,
            failure_samples,
            model_digests,
        }
    }

    fn run(&self) -> Option<&RunStatus> {
        self.run.as_ref()
    }

    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    fn index(&self) -> Option<&IndexStatus> {
        self.index.as_ref()
    }
}
