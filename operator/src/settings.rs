//! What the operator is told when it is started.

use crate::run::build::{Images, Pods};
use crate::run::plan::Limits;

/// Arguments of `vitrine-operator run`; each may be a variable of the environment.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine-operator run --image registry.example/vitrine:0.1.0 --namespaces assets,studio
  vitrine-operator run --image vitrine:0.1.0 --log-format text       outside of a cluster, by kubeconfig")]
pub struct Settings {
    /// Namespaces whose resources are looked after, by commas; empty: all
    #[arg(long, env = "WATCH_NAMESPACES", value_delimiter = ',', value_name = "NAMES")]
    pub namespaces: Vec<String>,
    /// Namespace of the operator itself, where its lease is
    #[arg(long, env = "POD_NAMESPACE", default_value = "default", value_name = "NAME")]
    pub namespace: String,
    /// Name of this process among its copies
    #[arg(long, env = "POD_NAME", default_value = "vitrine-operator", value_name = "NAME")]
    pub name: String,
    /// Image of `vitrine`, which pods run
    #[arg(long, env = "VITRINE_IMAGE", value_name = "IMAGE")]
    pub image: String,
    /// Image of `vitrine` for pods with a GPU [default: that of --image]
    #[arg(long, env = "VITRINE_GPU_IMAGE", value_name = "IMAGE")]
    pub gpu_image: Option<String>,
    /// Image of `vitrine` with the decoder of videos, for the work of an EmbeddingJob [default: that of --image]
    #[arg(long, env = "VITRINE_VIDEO_IMAGE", value_name = "IMAGE")]
    pub video_image: Option<String>,
    /// The same for pods with a GPU [default: that of --video-image]
    #[arg(long, env = "VITRINE_VIDEO_GPU_IMAGE", value_name = "IMAGE")]
    pub video_gpu_image: Option<String>,
    /// When images are pulled [default: as Kubernetes does]
    #[arg(long, env = "VITRINE_IMAGE_PULL_POLICY", default_value = "", value_name = "POLICY")]
    pub image_pull_policy: String,
    /// Further ports that pods of runs may reach, by commas: of stores whose address is in a Secret
    #[arg(long, env = "VITRINE_EGRESS_PORTS", value_delimiter = ',', value_name = "PORTS")]
    pub egress_ports: Vec<i32>,
    /// Runs at once in the whole cluster
    #[arg(long, env = "MAX_CONCURRENT_RUNS", default_value_t = 20, value_name = "N")]
    pub max_concurrent_runs: usize,
    /// Runs at once in one namespace
    #[arg(long, env = "MAX_CONCURRENT_RUNS_PER_NAMESPACE", default_value_t = 5, value_name = "N")]
    pub max_concurrent_runs_per_namespace: usize,
    /// Resources that are reconciled at once
    #[arg(long, env = "RECONCILES", default_value_t = 16, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub reconciles: u16,
    /// Seconds after which finished Jobs of libraries are removed
    #[arg(long, env = "JOB_TTL_SECONDS", default_value_t = 3600, value_name = "SECONDS")]
    pub job_ttl_seconds: i32,
    /// Seconds that a deleted resource waits for its clean-up
    #[arg(long, env = "CLEANUP_DEADLINE_SECONDS", default_value_t = 600, value_name = "SECONDS")]
    pub cleanup_deadline_seconds: i64,
    /// Where metrics and health are served
    #[arg(long, env = "LISTEN", default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    pub listen: std::net::SocketAddr,
    /// Let only one copy act at a time
    #[arg(long, env = "LEADER_ELECTION", default_value_t = true, action = clap::ArgAction::Set,
          value_name = "true|false")]
    pub leader_election: bool,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum LogFormat {
    /// One object a line.
    Json,
    /// For people.
    Text,
}

impl Settings {
    /// What holds for the pods of every resource.
    pub fn pods(&self) -> Pods {
        Pods {
            images: Images::new(self.image.clone(), self.gpu_image.clone()),
            video_images: Images::new(
                self.video_image.clone().unwrap_or_else(|| self.image.clone()),
                self.video_gpu_image.clone(),
            ),
            pull_policy: self.image_pull_policy.clone(),
            ttl_seconds: self.job_ttl_seconds,
        }
    }

    /// What holds for all resources together.
    pub fn limits(&self) -> Limits {
        Limits {
            runs_max: self.max_concurrent_runs,
            runs_per_namespace_max: self.max_concurrent_runs_per_namespace,
        }
    }
}
