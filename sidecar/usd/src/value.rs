//! Values as layers hold them. Arrays stay where the file has them until somebody asks.

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
#[derive(Clone, Debug, Default, PartialEq)]
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

impl<T: Clone + PartialEq> ListOp<T> {
    /// Applies this opinion over the weaker `list`, in place.
    ///
    /// # Source
    ///
    /// AOUSD Core Specification 1.0, "List operations": delete, add, prepend, append, reorder.
    pub fn apply(&self, list: &mut Vec<T>) {
        if let Some(explicit) = &self.explicit {
            list.clear();
            for item in explicit {
                if !list.contains(item) {
                    list.push(item.clone());
                }
            }
            return;
        }
        list.retain(|item| !self.deleted.contains(item));
        for item in &self.added {
            if !list.contains(item) {
                list.push(item.clone());
            }
        }
        if !self.prepended.is_empty() {
            list.retain(|item| !self.prepended.contains(item));
            let mut front: Vec<T> = Vec::with_capacity(self.prepended.len() + list.len());
            for item in &self.prepended {
                if !front.contains(item) {
                    front.push(item.clone());
                }
            }
            front.append(list);
            *list = front;
        }
        if !self.appended.is_empty() {
            list.retain(|item| !self.appended.contains(item));
            for (at, item) in self.appended.iter().enumerate() {
                // Of an item appended twice the last place counts.
                if !self.appended[at + 1..].contains(item) {
                    list.push(item.clone());
                }
            }
        }
        if !self.ordered.is_empty() {
            reorder(list, &self.ordered);
        }
    }

    /// Every item that the opinion would bring in, in order.
    pub fn brought(&self) -> impl Iterator<Item = &T> {
        let explicit = self.explicit.iter().flatten();
        explicit.chain(&self.prepended).chain(&self.added).chain(&self.appended)
    }
}

/// Orders `list` by `order`: items named there come in its order, each followed by the unnamed
/// items that followed it before.
fn reorder<T: Clone + PartialEq>(list: &mut Vec<T>, order: &[T]) {
    let mut rest: Vec<Vec<T>> = vec![Vec::new()];
    let mut heads: Vec<T> = Vec::new();
    for item in list.drain(..) {
        if order.contains(&item) {
            heads.push(item);
            rest.push(Vec::new());
        } else if let Some(tail) = rest.last_mut() {
            tail.push(item);
        }
    }
    list.append(&mut rest[0]);
    let mut seen: Vec<&T> = Vec::new();
    for item in order {
        if seen.contains(&item) {
            continue;
        }
        seen.push(item);
        if let Some(at) = heads.iter().position(|head| head == item) {
            list.push(item.clone());
            list.append(&mut rest[at + 1]);
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
