//! Which resources have a run under way, and which wait for one to end.
//!
//! A place is taken before a run is written down, so that passes at the same time take no more than
//! there are. Who finds none waits in its namespace's line and is woken when a place is free: nobody
//! has to ask again and again.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::cache::uid::Uid;
use crate::run::plan::Limits;

/// Places for runs.
pub struct Slots {
    limits: Limits,
    inner: Mutex<Inner>,
}

/// Runs of others: in the whole cluster, and in one namespace.
pub type Others = (usize, usize);

/// Who takes a place, or waits for one.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The resource.
    pub resource: Uid,
    /// Its namespace.
    pub namespace: &'a str,
}

#[derive(Default)]
struct Inner {
    /// Places that are taken, and by whom; whoever was woken has one until it says what it does with it.
    taken: HashMap<Uid, String>,
    of_namespace: HashMap<String, usize>,
    lines: BTreeMap<String, VecDeque<Waiting>>,
    waiting: HashSet<Uid>,
}

struct Waiting {
    resource: Uid,
    wake: Box<dyn FnOnce() + Send>,
}

impl Slots {
    /// All free.
    pub fn new(limits: Limits) -> Self {
        Self { limits, inner: Mutex::default() }
    }

    /// Takes a place for a run; where there is none, says what is under way.
    pub fn take(&self, place: Place<'_>) -> Result<(), Others> {
        let mut inner = self.inner();
        if inner.taken.contains_key(&place.resource) {
            return Ok(());
        }
        let others = (inner.taken.len(), inner.of(place.namespace));
        let Limits { runs_max, runs_per_namespace_max } = self.limits;
        if others.0 >= runs_max || others.1 >= runs_per_namespace_max {
            return Err(others);
        }
        inner.take(place);
        Ok(())
    }

    /// A run that was under way before we came: it has its place, whatever the limits.
    pub fn found(&self, place: Place<'_>) {
        self.inner().take(place);
    }

    /// No run is under way, nor wanted.
    pub fn leave(&self, place: Place<'_>) {
        let mut inner = self.inner();
        inner.free(place.resource);
        inner.stop_waiting(place);
        inner.wake(self.limits);
    }

    /// A run is wanted: `wake` is called when there may be a place, and calls nothing of ours.
    pub fn wait(&self, place: Place<'_>, wake: impl FnOnce() + Send + 'static) {
        let mut inner = self.inner();
        inner.free(place.resource);
        if inner.waiting.insert(place.resource) {
            let line = inner.lines.entry(place.namespace.to_owned()).or_default();
            line.push_back(Waiting { resource: place.resource, wake: Box::new(wake) });
        }
        inner.wake(self.limits);
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn of(&self, namespace: &str) -> usize {
        self.of_namespace.get(namespace).copied().unwrap_or(0)
    }

    fn take(&mut self, place: Place<'_>) {
        if self.taken.insert(place.resource, place.namespace.to_owned()).is_none() {
            *self.of_namespace.entry(place.namespace.to_owned()).or_default() += 1;
        }
        self.stop_waiting(place);
    }

    fn free(&mut self, resource: Uid) {
        let Some(namespace) = self.taken.remove(&resource) else { return };
        if let Some(count) = self.of_namespace.get_mut(&namespace) {
            *count -= 1;
            if *count == 0 {
                self.of_namespace.remove(&namespace);
            }
        }
    }

    fn stop_waiting(&mut self, place: Place<'_>) {
        if self.waiting.remove(&place.resource)
            && let Some(line) = self.lines.get_mut(place.namespace)
        {
            line.retain(|waiting| waiting.resource != place.resource);
            if line.is_empty() {
                self.lines.remove(place.namespace);
            }
        }
    }

    /// Gives free places to who waits, namespaces with the fewest runs first.
    fn wake(&mut self, limits: Limits) {
        while self.taken.len() < limits.runs_max {
            let idlest = self.lines.keys().min_by_key(|namespace| self.of(namespace)).cloned();
            let Some(namespace) = idlest else { return };
            if self.of(&namespace) >= limits.runs_per_namespace_max {
                return;
            }
            let Some(next) = self.lines.get_mut(&namespace).and_then(VecDeque::pop_front) else {
                self.lines.remove(&namespace);
                continue;
            };
            self.waiting.remove(&next.resource);
            if self.lines.get(&namespace).is_some_and(VecDeque::is_empty) {
                self.lines.remove(&namespace);
            }
            self.take(Place { resource: next.resource, namespace: &namespace });
            (next.wake)();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

    use futures::channel::mpsc::unbounded;

    use super::*;

    const LIMITS: Limits = Limits { runs_max: 3, runs_per_namespace_max: 2 };

    fn place<'a>(name: &str, namespace: &'a str) -> Place<'a> {
        Place { resource: Uid::of(Some(name)), namespace }
    }

    #[test]
    fn no_more_runs_than_the_limits_and_who_waits_is_woken_once_when_a_place_is_free() {
        let slots = Slots::new(LIMITS);
        let (wake, mut woken) = unbounded();
        let wait = |name: &str, namespace: &str| {
            let (wake, name_of) = (wake.clone(), name.to_owned());
            slots.wait(place(name, namespace), move || drop(wake.unbounded_send(name_of)));
        };
        let mut next = || woken.try_recv().ok();
        for (name, taken) in [("a", Ok(())), ("b", Ok(())), ("c", Err((2, 2)))] {
            assert_eq!(slots.take(place(name, "assets")), taken, "{name}");
        }
        assert_eq!(slots.take(place("a", "assets")), Ok(()), "it has its place already");
        wait("c", "assets");
        wait("c", "assets");
        assert_eq!(slots.take(place("d", "studio")), Ok(()));
        assert_eq!(slots.take(place("e", "studio")), Err((3, 1)), "the cluster is full");
        wait("e", "studio");
        assert_eq!(next(), None);
        slots.leave(place("d", "studio"));
        assert_eq!((next().as_deref(), next()), (Some("e"), None), "assets has its two");
        slots.leave(place("a", "assets"));
        assert_eq!((next().as_deref(), next()), (Some("c"), None));
        assert_eq!(slots.take(place("f", "other")), Err((3, 0)), "the place of c is kept for it");
        assert_eq!(slots.take(place("c", "assets")), Ok(()));
    }

    #[test]
    fn who_was_woken_and_no_longer_wants_a_run_gives_the_place_to_the_next() {
        let slots = Slots::new(Limits { runs_max: 1, runs_per_namespace_max: 1 });
        let (wake, mut woken) = unbounded();
        slots.found(place("a", "assets"));
        for name in ["b", "c", "d"] {
            assert!(slots.take(place(name, "assets")).is_err());
            let wake = wake.clone();
            slots.wait(place(name, "assets"), move || drop(wake.unbounded_send(name)));
        }
        slots.leave(place("c", "assets"));
        slots.leave(place("a", "assets"));
        assert_eq!(woken.try_recv().unwrap(), "b");
        slots.leave(place("b", "assets"));
        assert_eq!(woken.try_recv().unwrap(), "d", "c left the line");
        assert!(woken.try_recv().is_err());
    }
}
