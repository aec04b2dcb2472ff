//! What the server is and can.

use std::fmt;

use serde_json::Value;

/// The first version that takes vectors in base64.
const BASE64_VECTORS: Version = Version { major: 9, minor: 3, patch: 0 };

/// A version of Elasticsearch.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    /// Reads `9.5.3` or `9.5.3-SNAPSHOT`.
    pub fn parse(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next()?;
        let mut numbers = core.split('.').map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Self { major: next()?, minor: next()?, patch: next()? })
    }
}

/// What the server is and can.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Server {
    /// Version of the oldest node asked; none where the login may not ask.
    pub version: Option<Version>,
    /// Name of the cluster; empty where unknown.
    pub cluster_name: String,
}

impl Server {
    /// Reads the answer to `_nodes/_local`.
    pub fn read(answer: &Value) -> Self {
        let nodes = answer["nodes"].as_object();
        let versions = nodes.into_iter().flat_map(|nodes| nodes.values());
        let version = versions.filter_map(|node| Version::parse(node["version"].as_str()?)).min();
        let cluster_name = answer["cluster_name"].as_str().unwrap_or_default().to_owned();
        Self { version, cluster_name }
    }

    /// Whether vectors may be sent as big-endian float32 in base64. A version that is not known
    /// gets numbers, which all understand.
    pub fn base64_vectors(&self) -> bool {
        self.version.is_some_and(|version| version >= BASE64_VECTORS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn vectors_are_packed_from_9_3_and_never_where_the_version_is_not_known() {
        for (version, packed) in [
            ("9.3.0", true),
            ("9.5.3-SNAPSHOT", true),
            ("9.2.8", false),
            ("10.0.0", true),
            ("x", false),
        ] {
            let server = Server::read(&json!({"nodes": {"a": {"version": version}}}));
            assert_eq!(server.base64_vectors(), packed, "{version}");
        }
        assert!(!Server::read(&json!({})).base64_vectors());
    }
}
