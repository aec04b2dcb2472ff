//! Values as layers hold them. Arrays stay where the file has them until somebody asks.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::names::Name;

/// One authored value.
///
/// Arrays are positions in the layer's bytes: their length is known at once, their elements are
/// decoded by [`crate::layer::Layer::numbers`] and friends when needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing authored.
    #[default]
    None,
    /// `None`: authored to hide weaker opinions.
    Block,
    /// `true`, `false`.
    Bool(bool),
    /// Any integer type.
    Int(i64),
    /// Any floating point type, or a time code.
    Double(f64),
    /// A token.
    Token(Name),
    /// A string.
    String(Box<str>),
    /// An asset path as authored.
    Asset(Box<str>),
    /// A vector, quaternion (real part first, as text has it) or matrix (row by row).
    Tuple(Box<[f64]>),
    /// A numeric array in a text layer: byte offset of `[`, and the number of elements.
    TextArray(u32, u32),
    /// A numeric array in a crate layer: the value representation.
    CrateArray(u64),
    /// Tokens, or strings taken as tokens.
    Tokens(Box<[Name]>),
    /// Asset paths as authored.
    Assets(Box<[Box<str>]>),
    /// A dictionary.
    Dictionary(Box<Vec<(Box<str>, Value)>>),
    /// List edits of tokens or strings.
    TokenEdits(Box<ListOp<Name>>),
    /// List edits of paths as authored.
    PathEdits(Box<ListOp<Box<str>>>),
    /// List edits of references or payloads.
    ArcEdits(Box<ListOp<Arc>>),
    /// `variantSelection`: set → variant.
    Selections(Box<[(Name, Name)]>),
    /// `relocates`: source → target.
    PathPairs(PathPairs),
    /// Time samples.
    Samples(Box<Samples>),
    /// Something this crate has no use for, present nevertheless.
    Other,
}

impl Value {
    /// Whether there is any opinion at all.
    pub fn is_authored(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// As a number, from any scalar numeric type.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Double(value) => Some(*value),
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            _ => None,
        }
    }

    /// As a flag.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Int(value) => Some(*value != 0),
            _ => None,
        }
    }
}

/// Source and target paths.
pub type PathPairs = Box<[(Box<str>, Box<str>)]>;

/// Time samples, ordered by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// Time codes, ascending.
    pub times: Vec<f64>,
    /// One value a time code.
    pub values: Vec<Value>,
}

/// One reference or payload as authored.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Arc {
    /// Asset path; empty for an arc within the layer stack.
    pub asset: Box<str>,
    /// Target prim; empty for the default prim.
    pub prim: Box<str>,
}

/// Edits of a list: the opinions of one layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOp<T> {
    /// Replaces everything weaker.
    pub explicit: Option<Vec<T>>,
    /// Legacy: appended when absent.
    pub added: Vec<T>,
    /// Moved to the front.
    pub prepended: Vec<T>,
    /// Moved to the back.
    pub appended: Vec<T>,
    /// Taken out.
    pub deleted: Vec<T>,
    /// Legacy: orders what is there.
    pub ordered: Vec<T>,
}

impl<T: Clone + Eq + Hash> ListOp<T> {
    /// Applies this opinion over the weaker `list`, in place.
    ///
    /// # Source
    ///
    /// AOUSD Core Specification 1.0, "List operations": delete, add, prepend, append, reorder.
    pub fn apply(&self, list: &mut Vec<T>) {
        if let Some(explicit) = &self.explicit {
            *list = distinct(explicit.iter());
            return;
        }
        if !self.deleted.is_empty() {
            let deleted = Members::new(&self.deleted);
            list.retain(|item| !deleted.contains(item));
        }
        if !self.added.is_empty() {
            *list = distinct(list.iter().chain(&self.added));
        }
        if !self.prepended.is_empty() {
            *list = distinct(self.prepended.iter().chain(list.iter()));
        }
        if !self.appended.is_empty() {
            let appended = Members::new(&self.appended);
            list.retain(|item| !appended.contains(item));
            // Of an item appended twice the last place counts.
            let mut tail = distinct(self.appended.iter().rev());
            tail.reverse();
            list.append(&mut tail);
        }
        if !self.ordered.is_empty() {
            reorder(list, &self.ordered);
        }
    }

    /// The same edits of other items: `map` turns each list of the opinion into another.
    pub fn map<U>(&self, mut map: impl FnMut(&[T]) -> Vec<U>) -> ListOp<U> {
        ListOp {
            explicit: self.explicit.as_deref().map(&mut map),
            added: map(&self.added),
            prepended: map(&self.prepended),
            appended: map(&self.appended),
            deleted: map(&self.deleted),
            ordered: map(&self.ordered),
        }
    }

    /// Every item that the opinion would bring in, in order.
    pub fn brought(&self) -> impl Iterator<Item = &T> {
        let explicit = self.explicit.iter().flatten();
        explicit.chain(&self.prepended).chain(&self.added).chain(&self.appended)
    }
}

/// Lists up to this length are searched, longer ones hashed.
const SEARCHED_LEN_MAX: usize = 16;

/// Membership in a list of any length, in steady time.
enum Members<'a, T> {
    Few(&'a [T]),
    Many(HashSet<&'a T>),
}

impl<'a, T: Eq + Hash> Members<'a, T> {
    fn new(list: &'a [T]) -> Self {
        if list.len() <= SEARCHED_LEN_MAX {
            Self::Few(list)
        } else {
            Self::Many(list.iter().collect())
        }
    }

    fn contains(&self, item: &T) -> bool {
        match self {
            Self::Few(list) => list.contains(item),
            Self::Many(set) => set.contains(item),
        }
    }
}

/// The items without repeats, each where it came first.
fn distinct<'a, T: Clone + Eq + Hash + 'a>(items: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut out: Vec<T> = Vec::new();
    let mut many: HashSet<T> = HashSet::new();
    for item in items {
        let known = if out.len() <= SEARCHED_LEN_MAX {
            out.contains(item)
        } else {
            if many.is_empty() {
                many.extend(out.iter().cloned());
            }
            !many.insert(item.clone())
        };
        if !known {
            out.push(item.clone());
        }
    }
    out
}

/// Orders `list` by `order`: items named there come in its order, each followed by the unnamed
/// items that followed it before.
fn reorder<T: Clone + Eq + Hash>(list: &mut Vec<T>, order: &[T]) {
    let named = Members::new(order);
    let mut rest: Vec<Vec<T>> = vec![Vec::new()];
    let mut heads: HashMap<T, usize> = HashMap::new();
    for item in list.drain(..) {
        if named.contains(&item) {
            heads.insert(item, rest.len());
            rest.push(Vec::new());
        } else if let Some(tail) = rest.last_mut() {
            tail.push(item);
        }
    }
    list.append(&mut rest[0]);
    for item in order {
        if let Some(at) = heads.remove(item) {
            list.push(item.clone());
            list.append(&mut rest[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_edits_compose_from_weak_to_strong() {
        let mut list = vec![1, 2, 3];
        let edit = ListOp {
            prepended: vec![3, 9],
            appended: vec![1],
            deleted: vec![2],
            ..ListOp::default()
        };
        edit.apply(&mut list);
        assert_eq!(list, [3, 9, 1]);
        let explicit = ListOp { explicit: Some(vec![7, 7, 8]), ..ListOp::default() };
        explicit.apply(&mut list);
        assert_eq!(list, [7, 8], "an explicit list replaces what is weaker, without repeats");
    }

    #[test]
    fn a_reorder_takes_followers_along() {
        let mut list = vec!['a', 'x', 'b', 'y', 'c'];
        reorder(&mut list, &['c', 'a']);
        assert_eq!(list, ['c', 'a', 'x', 'b', 'y']);
    }
}
