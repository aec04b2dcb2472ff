//! Why Elasticsearch did not do what was asked.

use vitrine_crds::run::Exit;

/// `error.type` of a write that a block forbids.
pub(super) const BLOCK: &str = "cluster_block_exception";

/// Why Elasticsearch did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// An address or a login that cannot be one.
    #[error("{message}")]
    Settings {
        /// What is wrong and what would be right.
        message: String,
    },
    /// No node answers.
    #[error("cannot reach Elasticsearch at {urls}; is it running there? ({reason})")]
    Unreachable {
        /// The nodes.
        urls: String,
        /// What the last try ended with.
        reason: String,
    },
    /// The other side is not who it should be, or does not speak TLS.
    #[error("no secure connection to Elasticsearch at {urls}: {reason}")]
    Tls {
        /// The nodes.
        urls: String,
        /// What is wrong, and the cure.
        reason: String,
    },
    /// 401.
    #[error(
        "Elasticsearch at {urls} refused the login with {login}; set ELASTICSEARCH_API_KEY, or \
         ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD (on a cluster: the Secret of secretRef)"
    )]
    Unauthorized {
        /// The nodes.
        urls: String,
        /// What was tried.
        login: &'static str,
    },
    /// 403.
    #[error("the login may not {action}: {reason}; docs/elasticsearch/roles lists what it needs")]
    Forbidden {
        /// Method and path.
        action: String,
        /// What Elasticsearch said.
        reason: String,
    },
    /// It answered with an error.
    #[error("Elasticsearch answered {action} with {status} {kind}: {reason}")]
    Answer {
        /// Method and path.
        action: String,
        /// HTTP status.
        status: u16,
        /// `error.type`.
        kind: String,
        /// `error.reason`.
        reason: String,
    },
    /// It answered with what cannot be.
    #[error("Elasticsearch answered {action} with what is no answer to it: {reason}")]
    Protocol {
        /// Method and path.
        action: String,
        /// What is wrong.
        reason: String,
    },
    /// The index belongs to somebody else.
    #[error(
        "the index {index} belongs to {owner}; choose another name with --index \
         (elasticsearch.index), or take it over with --adopt (elasticsearch.adopt)"
    )]
    Foreign {
        /// The index.
        index: String,
        /// Whose it is.
        owner: String,
    },
    /// The name is taken.
    #[error(
        "`{alias}` is an index, and an alias of that name is needed; choose another name with \
         --index, or remove it"
    )]
    NotAnAlias {
        /// The name.
        alias: String,
    },
    /// A name that is needed beside the index's own is taken.
    #[error(
        "`{name}` is {by}, and this library needs the name for itself; choose another name with \
         --index (elasticsearch.index, elasticsearch.sharedAlias)"
    )]
    Taken {
        /// The name.
        name: String,
        /// What it is.
        by: String,
    },
    /// An index takes no writes.
    #[error(
        "the index {index} takes no writes ({reason}); make room on the disk or take the block \
         away, and run again"
    )]
    Blocked {
        /// The index, or what was asked of it.
        index: String,
        /// What Elasticsearch said.
        reason: String,
    },
    /// A later run took over.
    #[error("run {run} is superseded by run {by}: it stops, and nothing is lost")]
    Superseded {
        /// This run.
        run: u64,
        /// The later one.
        by: u64,
    },
    /// The index does not hold what it should.
    #[error("{message}")]
    Inconsistent {
        /// What is wrong and what to do.
        message: String,
    },
}

impl IndexError {
    /// How a program ends on this error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Settings { .. } | Self::NotAnAlias { .. } | Self::Taken { .. } => Exit::Usage,
            Self::Unreachable { .. } | Self::Blocked { .. } => Exit::Retry,
            Self::Answer { status, .. } if *status == 429 || *status >= 500 => Exit::Retry,
            Self::Tls { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Answer { .. }
            | Self::Protocol { .. }
            | Self::Foreign { .. }
            | Self::Superseded { .. }
            | Self::Inconsistent { .. } => Exit::Permanent,
        }
    }

    /// Whether the thing that was asked for is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Answer { status: 404, .. })
    }
}

/// What a failed connection says of TLS, with the cure; none where it is about something else.
pub(super) fn tls(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls_cure(tls));
        }
        // An io::Error hides what it wraps from `source`; it may wrap another of its kind.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        at = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn tls_cure(error: &rustls::Error) -> String {
    use rustls::AlertDescription as Alert;
    use rustls::CertificateError as Bad;
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage};
    let cure = match error {
        InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "its certificate has expired: renew it on the server"
        }
        InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "its certificate is not valid yet: compare the clocks"
        }
        InvalidCertificate(Bad::UnknownIssuer) => {
            "its certificate is of an authority that is not trusted here: name the authority's \
             certificate in ELASTICSEARCH_CA_CERT (on a cluster: caRef)"
        }
        InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "its certificate is for another host name: use the name it was made for"
        }
        AlertReceived(
            Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRequired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate,
        ) => {
            "the server refused the client certificate, or wants one: name one that it trusts in \
             ELASTICSEARCH_CLIENT_CERT and _CLIENT_KEY (on a cluster: tls.crt and tls.key of \
             secretRef)"
        }
        InvalidMessage(_) => "the other side speaks no TLS: is it http:// and not https://?",
        _ => return error.to_string(),
    };
    cure.to_owned()
}

/// The last cause of an error: the one nearest to what happened.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        text = cause.to_string();
        at = cause.source();
    }
    text
}
