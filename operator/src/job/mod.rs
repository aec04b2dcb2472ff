//! An `EmbeddingJob`: what differs of its runs, which `crate::run` makes.

mod course;
mod digest;
mod end;
#[cfg(test)]
mod stories;

use vitrine_crds::condition::Condition;
use vitrine_crds::embedding_job::{
    EmbeddingJobSpec, EmbeddingJobStatus, KIND, Models, Resource, check,
};
use vitrine_crds::library::check::Mistake;
use vitrine_crds::library::status::{IndexStatus, RunStatus};
use vitrine_crds::library::{DeletionPolicy, Workers};

use crate::metrics::Counted;
use crate::run::kind::{Kind, Opened, Shared, Standing, Store, Words};
use crate::run::names::Names;

/// Names of a job's objects.
pub const NAMES: Names = Names { label: "vitrine.dev/embedding-job", mark: "-clips" };

impl Kind for Resource {
    type Spec = EmbeddingJobSpec;
    type Status = EmbeddingJobStatus;

    const WORDS: Words = Words {
        kind: KIND,
        short: "ej",
        things: ("clip", "clips"),
        under_way: "Reconciling",
        decodes_videos: true,
        file: "job.yaml",
        names: NAMES,
        lets_jobs_expire: false,
        counted: Counted::EmbeddingJobs,
    };

    fn spec(&self) -> &EmbeddingJobSpec {
        &self.spec
    }

    fn status(&self) -> Option<&EmbeddingJobStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> &mut Option<EmbeddingJobStatus> {
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
        self.spec.output.as_ref().map(|output| format!("the report {}", output.uri))
    }

    fn open(spec: &mut EmbeddingJobSpec) -> Opened<'_> {
        let EmbeddingJobSpec { videos, annotations, models, output, elasticsearch, .. } = spec;
        let mut stores = vec![Store {
            uri: &mut videos.uri,
            secret: videos.secret_ref.as_ref(),
            credentials: videos.credentials,
            writes: false,
        }];
        stores.extend(annotations.as_mut().map(|annotations| Store {
            uri: &mut annotations.uri,
            secret: annotations.secret_ref.as_ref(),
            credentials: annotations.credentials,
            writes: false,
        }));
        stores.extend(output.as_mut().map(|output| Store {
            uri: &mut output.uri,
            secret: output.secret_ref.as_ref(),
            credentials: output.credentials,
            writes: true,
        }));
        let Models { detector, pose, hands, text } = models;
        let models = [detector.as_mut(), Some(pose), hands.as_mut(), Some(text)];
        let models = models.into_iter().flatten().map(|model| &mut model.uri);
        Opened { stores, models: models.collect(), elasticsearch: elasticsearch.as_mut() }
    }
}

impl Standing for EmbeddingJobStatus {
    fn shared(&mut self) -> Shared<'_> {
        let Self {
            phase,
            conditions,
            observed_generation,
            run,
            spec_digest: _,
            last_successful_run: _,
            failures,
            next_try_time,
            last_handled_sync_request,
            completion_time: _,
            index,
            counts: _,
            quality: _,
            report_uri: _,
            failure_samples,
            model_digests,
        } = self;
        Shared {
            phase,
            conditions,
            observed_generation,
            run,
            failures,
            next_time: next_try_time,
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
