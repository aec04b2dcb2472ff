//! Which annotation is whose: paths first, then ids.
//!
//! Paths are compared from their end, so that those who annotate need not know where the collection
//! begins: `step.mp4` and `/data/videos/a/step.mp4` both mean `a/step.mp4`. What fits several clips
//! alike is given to none.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use vitrine_crds::embedding_job::annotations::Annotation;

use super::annotations::Annotations;

/// Clips that a reason names.
const CLIPS_NAMED: usize = 3;

/// The annotations of a collection, beside the paths of its clips.
#[derive(Debug)]
pub struct Assigned<'a> {
    annotations: &'a Annotations,
    /// Places of entries, by the path of the clip.
    by_path: HashMap<&'a str, usize>,
    /// Entries that stand in `by_path`: their ids name no second clip.
    placed: HashSet<usize>,
    unclear: BTreeMap<usize, Unused>,
}

/// Why an annotation is no clip's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unused {
    /// There is no such clip.
    NoClip,
    /// Its path fits several clips.
    FitsMany(Vec<String>),
    /// Another annotation fits the same clip as well.
    Rivals(String),
    /// The clip that its id names has an annotation by its path.
    HasAnother(String),
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoClip => f.write_str("no clip here has this name or path"),
            Self::FitsMany(clips) => {
                let named = clips.iter().take(CLIPS_NAMED).cloned().collect::<Vec<_>>().join(", ");
                let more = if clips.len() > CLIPS_NAMED { ", …" } else { "" };
                write!(f, "fits {} clips ({named}{more}); write more of its path", clips.len())
            }
            Self::Rivals(clip) => {
                write!(f, "another fits {clip} as well; write `{clip}` as the path of one")
            }
            Self::HasAnother(clip) => {
                write!(f, "{clip} has another annotation, by its path; keep one")
            }
        }
    }
}

/// The parts of a path from the last to the first, each with a slash behind it: one path ends with
/// the other exactly where one of these begins with the other.
fn reversed(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 1);
    for part in path.rsplit('/') {
        out.push_str(part);
        out.push('/');
    }
    out
}

impl<'a> Assigned<'a> {
    /// * `paths`: of every clip, inside the collection.
    pub fn new(annotations: &'a Annotations, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut made = Self {
            annotations,
            by_path: HashMap::new(),
            placed: HashSet::new(),
            unclear: BTreeMap::new(),
        };
        if annotations.has_paths() {
            made.place(&mut paths.into_iter().map(|path| (reversed(path), path)).collect());
        }
        made
    }

    fn place(&mut self, clips: &mut Vec<(String, &'a str)>) {
        clips.sort_unstable();
        // By clip: how much of its path the best entries say, and which they are.
        let mut best: HashMap<&str, (usize, Vec<usize>)> = HashMap::new();
        for (at, entry) in self.annotations.iter().enumerate() {
            let Some(key) = entry.video_path.as_deref().map(reversed) else { continue };
            let clip = match meant(&key, clips) {
                Meant::Nothing => continue,
                Meant::One(clip) => clip,
                Meant::Many(many) => {
                    let many = many.iter().map(|(_, path)| (*path).to_owned()).collect();
                    self.unclear.insert(at, Unused::FitsMany(many));
                    continue;
                }
            };
            let is_whole = entry.video_path.as_deref() == Some(clip);
            let says = if is_whole { usize::MAX } else { key.len().min(clip.len() + 1) };
            let (most, rivals) = best.entry(clip).or_default();
            if says > *most {
                (*most, *rivals) = (says, vec![at]);
            } else if says == *most {
                rivals.push(at);
            }
        }
        for (clip, (_, rivals)) in best {
            match rivals[..] {
                [one] => {
                    self.by_path.insert(clip, one);
                    self.placed.insert(one);
                }
                _ => self
                    .unclear
                    .extend(rivals.into_iter().map(|at| (at, Unused::Rivals(clip.to_owned())))),
            }
        }
    }

    /// What they are taken from.
    pub fn annotations(&self) -> &'a Annotations {
        self.annotations
    }

    /// What was written of a clip: by its path, else by its id.
    ///
    /// * `clip_id`: made unique, so that of two clips of one stem an id names one. Upper and lower
    ///   case are one, as they are where ids are given.
    pub fn find(&self, clip_id: &str, path: &str) -> Option<&'a Annotation> {
        self.place_of(clip_id, path).map(|at| self.annotations.entry(at))
    }

    fn place_of(&self, clip_id: &str, path: &str) -> Option<usize> {
        let by_path = self.by_path.get(path).copied();
        by_path.or_else(|| self.annotations.of_id(clip_id).filter(|at| !self.placed.contains(at)))
    }

    /// Entries written for nothing: the name of each, and why.
    ///
    /// * `clips`: id and path of each.
    pub fn unused<'c>(
        &self,
        clips: impl IntoIterator<Item = (&'c str, &'c str)>,
    ) -> Vec<(&'a str, Unused)> {
        let mut used = HashSet::new();
        let mut others = HashMap::new();
        for (clip_id, path) in clips {
            let place = self.place_of(clip_id, path);
            used.extend(place);
            let by_id = self.annotations.of_id(clip_id).filter(|by_id| Some(*by_id) != place);
            others.extend(by_id.map(|by_id| (by_id, path)));
        }
        let unused = self.annotations.iter().enumerate().filter(|(at, _)| !used.contains(at));
        let told = unused.filter_map(|(at, entry)| {
            let name = entry.video_path.as_deref().or(entry.clip_id.as_deref())?;
            let other = others.get(&at).map(|path| Unused::HasAnother((*path).to_owned()));
            Some((name, self.unclear.get(&at).cloned().or(other).unwrap_or(Unused::NoClip)))
        });
        told.collect()
    }
}

enum Meant<'c, 'a> {
    Nothing,
    One(&'a str),
    Many(&'c [(String, &'a str)]),
}

/// The clips of a path, which may be an end of theirs or end with theirs.
///
/// * `clips`: reversed path and path of each, sorted.
fn meant<'c, 'a>(key: &str, clips: &'c [(String, &'a str)]) -> Meant<'c, 'a> {
    let from = |key: &str| clips.partition_point(|(other, _)| other.as_str() < key);
    let first = from(key);
    let fit = clips[first..].partition_point(|(other, _)| other.starts_with(key));
    match &clips[first..first + fit] {
        [(_, one)] => return Meant::One(one),
        // Sorted, the whole path comes first.
        [(whole, one), _, ..] if whole == key => return Meant::One(one),
        [] => {}
        many => return Meant::Many(many),
    }
    let ends = key.rmatch_indices('/').skip(1).map(|(at, _)| &key[..=at]);
    let mut longest = ends.filter_map(|end| clips.get(from(end)).filter(|(other, _)| other == end));
    longest.next().map_or(Meant::Nothing, |(_, path)| Meant::One(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(entries: &[(&str, &str, &str)]) -> Annotations {
        let field = |name: &str, value: &str| match value {
            "" => String::new(),
            _ => format!("\"{name}\": \"{value}\", "),
        };
        let entry = |(id, path, label): &(&str, &str, &str)| {
            let (id, path) = (field("clip_id", id), field("video_path", path));
            format!("{{{id}{path}\"move_label\": \"{label}\"}}")
        };
        let text = entries.iter().map(entry).collect::<Vec<_>>().join(",\n");
        Annotations::parse("annotations.json", format!("[{text}]").as_bytes()).unwrap()
    }

    fn label<'a>(assigned: &Assigned<'a>, id: &str, path: &str) -> Option<&'a str> {
        assigned.find(id, path)?.move_label.as_deref()
    }

    #[test]
    fn a_clip_is_found_by_its_path_before_its_id() {
        let made = annotations(&[
            ("turn", "", "by id"),
            ("", "a/turn.mp4", "whole path"),
            ("", "/data/videos/b/turn.mp4", "longer path"),
            ("", "walk.mp4", "end of path"),
        ]);
        let clips = [
            ("turn", "a/turn.mp4"),
            ("turn-0123", "b/turn.mp4"),
            ("walk", "deep/down/walk.mp4"),
            ("other", "other.mp4"),
        ];
        let assigned = Assigned::new(&made, clips.map(|(_, path)| path));
        let labels = clips.map(|(id, path)| label(&assigned, id, path));
        assert_eq!(labels, [Some("whole path"), Some("longer path"), Some("end of path"), None]);
        let unused = assigned.unused(clips);
        assert_eq!(unused, [("turn", Unused::HasAnother("a/turn.mp4".to_owned()))]);
        // Where nothing is said by path, the id counts, in whatever case.
        let made = annotations(&[("Turn", "", "by id")]);
        let assigned = Assigned::new(&made, ["c/tURN.mov"]);
        assert_eq!(label(&assigned, "tURN", "c/tURN.mov"), Some("by id"));
    }

    #[test]
    fn an_entry_with_the_id_of_one_clip_and_the_path_of_another_is_of_the_path_alone() {
        let made = annotations(&[("step", "b/step.mp4", "one")]);
        let assigned = Assigned::new(&made, ["a/step.mp4", "b/step.mp4"]);
        assert_eq!(label(&assigned, "step-0123", "b/step.mp4"), Some("one"));
        assert_eq!(label(&assigned, "step", "a/step.mp4"), None);
        // A path that is nowhere leaves the id.
        let made = annotations(&[("step", "moved/away.mp4", "one")]);
        let assigned = Assigned::new(&made, ["a/step.mp4"]);
        assert_eq!(label(&assigned, "step", "a/step.mp4"), Some("one"));
    }

    #[test]
    fn what_fits_several_alike_is_nobodys_and_is_told() {
        let made = annotations(&[("", "step.mp4", "either")]);
        let clips = [("step", "a/step.mp4"), ("step-0123", "b/step.mp4")];
        let assigned = Assigned::new(&made, clips.map(|(_, path)| path));
        assert_eq!(clips.map(|(id, path)| label(&assigned, id, path)), [None, None]);
        let [(name, why)] = &assigned.unused(clips)[..] else { panic!("one is unused") };
        assert_eq!(*name, "step.mp4");
        assert_eq!(
            why.to_string(),
            "fits 2 clips (a/step.mp4, b/step.mp4); write more of its path"
        );
        // At the root it is a whole path.
        let assigned = Assigned::new(&made, ["a/step.mp4", "step.mp4"]);
        assert_eq!(label(&assigned, "step-0123", "a/step.mp4"), None);
        assert_eq!(label(&assigned, "step", "step.mp4"), Some("either"));

        let made = annotations(&[("", "x/a/step.mp4", "x"), ("", "y/a/step.mp4", "y")]);
        let assigned = Assigned::new(&made, ["a/step.mp4"]);
        assert_eq!(label(&assigned, "step", "a/step.mp4"), None);
        let unused = assigned.unused([("step", "a/step.mp4")]);
        assert_eq!(unused.len(), 2);
        assert!(unused[0].1.to_string().starts_with("another fits a/step.mp4"), "{unused:?}");
    }

    #[test]
    fn many_clips_and_entries_of_one_name_are_told_apart_in_no_time() {
        let paths: Vec<String> = (0..50_000).map(|n| format!("set/{n}/step.mp4")).collect();
        let entries: Vec<String> = (0..50_000).map(|n| format!("/far/set/{n}/step.mp4")).collect();
        let entries: Vec<_> = entries.iter().map(|path| ("", path.as_str(), "one")).collect();
        let made = annotations(&entries);
        let assigned = Assigned::new(&made, paths.iter().map(String::as_str));
        let clips = || paths.iter().map(|path| ("none", path.as_str()));
        assert!(clips().all(|(id, path)| assigned.find(id, path).is_some()));
        assert!(assigned.unused(clips()).is_empty());
    }
}
