//! Text to a location that can be opened: checked once, here.

use std::fmt;
use std::path::PathBuf;

use super::error::{StorageError, redact_queries};

/// Where a library or a catalogue is. Holds no user name, no password and no query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A prefix in an object store.
    Bucket(BucketLocation),
}

/// A prefix in an object store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BucketLocation {
    /// Which protocol.
    pub scheme: Scheme,
    /// Bucket or container; host and port for `https`.
    pub bucket: String,
    /// Key prefix without slashes at its ends; may be empty.
    pub prefix: String,
}

/// The object stores there are clients for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// Amazon S3 and what speaks like it.
    S3,
    /// Google Cloud Storage.
    Gs,
    /// Azure Blob Storage.
    Az,
    /// A WebDAV server.
    Https,
}

impl Scheme {
    /// The part of a URI before `://`.
    pub fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gs => "gs",
            Self::Az => "az",
            Self::Https => "https",
        }
    }
}

impl Location {
    /// Reads a folder's path, or a `file:// s3:// gs:// az:// https://` URI.
    ///
    /// # Errors
    ///
    /// On another scheme, a user name, a query, or a missing bucket.
    pub fn parse(text: &str) -> Result<Self, StorageError> {
        let refuse = |reason: &str| StorageError::Location {
            uri: without_user(&redact_queries(text)),
            reason: reason.to_owned(),
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            if text.is_empty() {
                return Err(refuse("it is empty"));
            }
            return Ok(Self::Folder(PathBuf::from(text)));
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if scheme == "file" {
            if !(authority.is_empty() || authority == "localhost") {
                return Err(refuse("a file URI names no host: write file:///folder"));
            }
            let path = percent_decoded(path).ok_or_else(|| refuse("its escapes are not UTF-8"))?;
            return Ok(Self::Folder(PathBuf::from(format!("/{path}"))));
        }
        let scheme = match scheme {
            "s3" => Scheme::S3,
            "gs" => Scheme::Gs,
            "az" => Scheme::Az,
            "https" => Scheme::Https,
            _ => return Err(refuse("write a folder, or file:// s3:// gs:// az:// https://")),
        };
        if authority.contains('@') {
            return Err(refuse(
                "user names are not taken from URIs: put credentials into the environment",
            ));
        }
        if rest.contains('?') || rest.contains('#') {
            return Err(refuse("it has a query: put credentials into the environment"));
        }
        if authority.is_empty() {
            return Err(refuse("it names no bucket"));
        }
        Ok(Self::Bucket(BucketLocation {
            scheme,
            bucket: authority.to_owned(),
            prefix: path.trim_matches('/').to_owned(),
        }))
    }

    /// The place as it means the same in whichever folder a program is started.
    pub fn lasting(&self) -> String {
        match self {
            Self::Folder(path) => {
                let whole = path.canonicalize().or_else(|_| std::path::absolute(path));
                whole.unwrap_or_else(|_| path.clone()).display().to_string()
            }
            Self::Bucket(_) => self.to_string(),
        }
    }

    /// The last folder's name: what a library is called unless it is named.
    pub fn stem(&self) -> Option<String> {
        match self {
            Self::Folder(path) => {
                let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
                whole.file_name().map(|name| name.to_string_lossy().into_owned())
            }
            Self::Bucket(BucketLocation { bucket, prefix, .. }) => {
                let last = prefix.rsplit('/').next().unwrap_or_default();
                Some(if last.is_empty() { bucket } else { last }.to_owned())
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket(at) if at.prefix.is_empty() => {
                write!(f, "{}://{}", at.scheme.name(), at.bucket)
            }
            Self::Bucket(at) => write!(f, "{}://{}/{}", at.scheme.name(), at.bucket, at.prefix),
        }
    }
}

/// `uri` without what stands before an `@` in its authority.
fn without_user(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// `None` where the decoded bytes are not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// Escapes what a URI's path cannot hold: everything but letters, digits and `-._~/!$&'()*+,;=:@`.
pub(super) fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(byte as char),
            byte if b"-._~/!$&'()*+,;=:@".contains(&byte) => out.push(byte as char),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_folder_or_a_supported_uri() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, Option<&str>)] = &[
            // because                         text                         shown
            ("a plain path is a folder",       "packs/a b",                 Some("packs/a b")),
            ("file URIs are decoded",          "file:///packs/a%20b",       Some("/packs/a b")),
            ("a bucket may have a prefix",     "s3://packs/warehouse/",     Some("s3://packs/warehouse")),
            ("or none",                        "gs://packs",                Some("gs://packs")),
            ("https is a WebDAV server",       "https://h:8443/x",          Some("https://h:8443/x")),
            ("http is not private",            "http://h/x",                None),
            ("user names are refused",         "s3://me:pw@packs/x",        None),
            ("queries are refused",            "https://h/x?sig=1",         None),
            ("a bucket is needed",             "s3:///x",                   None),
            ("file URIs name no host",         "file://server/x",           None),
        ];
        for &(because, text, shown) in cases {
            let found = Location::parse(text).ok().map(|location| location.to_string());
            assert_eq!(found.as_deref(), shown, "{because}: {text}");
        }
    }

    #[test]
    fn a_refusal_repeats_neither_password_nor_query() {
        let error = Location::parse("s3://me:hunter2@packs/x?token=abc").unwrap_err().to_string();
        assert!(error.contains("s3://packs/x"), "{error}");
        assert!(!error.contains("hunter2") && !error.contains("abc"), "{error}");
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let path = "päck/100% [new]#1.usd";
        assert_eq!(percent_decoded(&percent_encoded(path)).as_deref(), Some(path));
    }
}
