//! A resource as it is kept between passes: packed, because there are many and few are looked at.
//!
//! As values a library of one embedding takes about 7 kB, spread over a hundred allocations; packed it
//! takes less than one. A pass unpacks it in some ten microseconds, which one request costs many times.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

use crate::cache::uid::Uid;
use crate::context::Error;
use crate::run::kind::Kind;
use kube::ResourceExt;
use kube::api::ObjectMeta;
use kube::runtime::reflector::ObjectRef;
use serde::{Deserialize, Deserializer};

/// What most libraries say, and jobs much of it: what is said here, too, takes no room.
const USUAL: &[u8] = include_bytes!("usual.json");

/// A resource, packed.
#[derive(Clone, Debug)]
pub struct Kept<K> {
    /// Its name, namespace and version, and no more.
    meta: ObjectMeta,
    uid: Uid,
    /// Of what others write and we answer to.
    asked: u64,
    packed: Box<[u8]>,
    kind: PhantomData<fn() -> K>,
}

/// How a resource is referred to: by name and namespace.
pub type Ref<K> = ObjectRef<Kept<K>>;

impl<K: Kind> Kept<K> {
    /// `resource`, packed.
    pub fn of(resource: &K) -> Self {
        let text =
            serde_json::to_vec(resource).expect("what was read as JSON can be written as it");
        let meta = ObjectMeta {
            name: resource.meta().name.clone(),
            namespace: resource.meta().namespace.clone(),
            resource_version: resource.meta().resource_version.clone(),
            ..ObjectMeta::default()
        };
        let packed = lz4_flex::block::compress_prepend_size_with_dict(&text, USUAL);
        let uid = Uid::of(resource.meta().uid.as_deref());
        let (asked, packed) = (asked(resource.meta()), packed.into_boxed_slice());
        Self { meta, uid, asked, packed, kind: PhantomData }
    }

    /// The resource.
    pub fn unpack(&self) -> Result<K, Error> {
        let text = lz4_flex::block::decompress_size_prepended_with_dict(&self.packed, USUAL);
        let text = text.map_err(|error| Error::Kept(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| Error::Kept(error.to_string()))
    }

    /// Its uid.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// The number of its version, where the server counts them.
    pub fn version(&self) -> Option<u64> {
        self.meta.resource_version.as_deref()?.parse().ok()
    }

    /// Whether others asked for something else than `before`. What is written to a status comes from us.
    pub fn asks_other(&self, before: &Self) -> bool {
        (self.uid, self.asked) != (before.uid, before.asked)
    }

    /// How it is referred to.
    pub fn reference(&self) -> Ref<K> {
        reference(&self.name_any(), &self.namespace().unwrap_or_default())
    }
}

/// The resource `name` of `namespace`. Without more, which would be kept for each that waits.
pub fn reference<K: Kind>(name: &str, namespace: &str) -> Ref<K> {
    ObjectRef::new(name).within(namespace)
}

fn asked(metadata: &ObjectMeta) -> u64 {
    let mut hasher = DefaultHasher::new();
    (metadata.generation, &metadata.annotations, &metadata.finalizers).hash(&mut hasher);
    // A deletion changes no generation of what is asked for.
    metadata.deletion_timestamp.is_some().hash(&mut hasher);
    hasher.finish()
}

impl<'de, K: Kind> Deserialize<'de> for Kept<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        K::deserialize(from).map(|resource| Self::of(&resource))
    }
}

impl<K: Kind> kube::Resource for Kept<K> {
    type DynamicType = ();
    type Scope = k8s_openapi::NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

    use vitrine_crds::library::Resource;

    use super::*;

    fn library() -> Resource {
        serde_json::from_slice(USUAL).unwrap()
    }

    #[test]
    fn a_library_is_the_same_when_it_was_kept_and_takes_less_than_a_kilobyte() {
        let mut library = library();
        library.metadata.name = Some("a-name-of-its-own".to_owned());
        library.spec.source.uri = "s3://another-bucket/with/another/path".to_owned();
        let kept = Kept::of(&library);
        let (before, after) =
            (serde_json::to_value(&library), serde_json::to_value(kept.unpack().unwrap()));
        assert_eq!(before.unwrap(), after.unwrap());
        assert!(kept.packed.len() < 500, "{} bytes", kept.packed.len());
    }

    #[test]
    fn what_is_usual_is_written_as_libraries_are() {
        let text = serde_json::to_string(&library()).unwrap();
        let usual = std::str::from_utf8(USUAL).unwrap();
        assert_eq!(usual, text, "write this to operator/src/cache/usual.json");
    }

    #[test]
    fn only_what_others_write_is_an_answer_to_wait_for() {
        let before = Kept::of(&library());
        let asks = |change: fn(&mut Resource)| {
            let mut library = library();
            change(&mut library);
            Kept::of(&library).asks_other(&before)
        };
        assert!(!asks(|library| library.status = None));
        assert!(!asks(|library| library.metadata.resource_version = Some("2".to_owned())));
        assert!(asks(|library| library.metadata.generation = Some(99)));
        assert!(asks(|library| library.metadata.finalizers = None));
        assert!(asks(|library| drop(library.annotations_mut().insert("a".into(), "b".into()))));
        assert!(asks(|library| library.metadata.uid = Some("another".to_owned())));
    }
}
