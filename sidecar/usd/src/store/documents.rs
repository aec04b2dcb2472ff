//! MaterialX documents of the library, with those that they include.

use std::rc::Rc;

use super::{Stamp, Store, Target};
use crate::assets;
use crate::layer::{Layer, LayerError};
use crate::materialx;
use crate::names::Names;

/// A document that was read.
pub(super) struct Cached {
    stamp: Stamp,
    included: Vec<Included>,
    held: Rc<Layer>,
}

/// What a document includes.
#[derive(Clone)]
struct Included {
    /// The document that says so, and what it says.
    anchor: String,
    href: String,
    /// Where that led, and to what.
    target: Target,
    stamp: Option<Stamp>,
}

impl Store {
    /// Opens the MaterialX document at `path`.
    pub(super) fn document(
        &mut self,
        path: &str,
        names: &mut Names,
    ) -> Result<Rc<Layer>, LayerError> {
        let stamp = self.stamp_on_disk(path);
        if let Some(cached) = self.documents.get(path)
            && Some(&cached.stamp) == stamp.as_ref()
        {
            let (held, included) = (Rc::clone(&cached.held), cached.included.clone());
            // Asked of each anew, so that this asset too is known to depend on them.
            let count = included.len();
            let unchanged = included.into_iter().filter(|known| {
                let target = self.resolve(&known.anchor, &known.href);
                target == known.target && self.stamp_of(&target) == known.stamp
            });
            if unchanged.count() == count {
                return Ok(held);
            }
        }
        let (bytes, stamp) = self.bytes(path)?;
        let mut included = Vec::new();
        let limits = self.limits.clone();
        let held = materialx::parse(path, bytes, names, &limits, &mut |anchor, href| {
            let target = self.resolve(anchor, href);
            let stamp = self.stamp_of(&target);
            let found = match &target {
                Target::Found(path) => Some((path.clone(), self.bytes(path)?.0)),
                Target::Missing(_) => None,
            };
            let (anchor, href) = (anchor.to_owned(), href.to_owned());
            included.push(Included { anchor, href, target, stamp });
            Ok(found)
        })?;
        let held = Rc::new(held);
        self.cached_bytes += held.memory_bytes();
        let cached = Cached { stamp, included, held: Rc::clone(&held) };
        self.documents.insert(path.to_owned(), cached);
        Ok(held)
    }

    fn stamp_of(&mut self, target: &Target) -> Option<Stamp> {
        match target {
            Target::Found(path) => self.stamp_on_disk(path),
            Target::Missing(_) => None,
        }
    }

    /// What the disk says of a file, or of the package that it is in.
    fn stamp_on_disk(&mut self, path: &str) -> Option<Stamp> {
        let outer = assets::split_package(path).map_or(path, |(outer, _)| outer).to_owned();
        self.stamp(&outer)
    }
}
