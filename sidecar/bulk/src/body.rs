//! Operations to one request's body.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use crate::{Action, Operation};

/// An operation on its way.
pub(crate) struct Item<T> {
    pub(crate) operation: Operation<T>,
    pub(crate) attempts: u32,
}

/// Operations that go together: all of one index.
pub(crate) struct Batch<T> {
    pub(crate) index: Arc<str>,
    pub(crate) items: Vec<Item<T>>,
}

impl<T> Batch<T> {
    /// Two lines an item: what to do, and the document.
    pub(crate) fn body(&self) -> Bytes {
        let weight: usize = self.items.iter().map(|item| item.operation.weight_bytes()).sum();
        let mut body = BytesMut::with_capacity(weight + 64 * self.items.len());
        for Item { operation, attempts: _ } in &self.items {
            let Operation { index: _, id, action, version, tag: _ } = operation;
            body.put_slice(match action {
                Action::Index(_) => b"{\"index\":{\"_id\":",
                Action::Delete => b"{\"delete\":{\"_id\":",
            });
            serde_json::to_writer((&mut body).writer(), id).expect("memory can be written to");
            if let Some(version) = version {
                let mut digits = [0; 20];
                body.put_slice(b",\"version\":");
                body.put_slice(decimal(*version, &mut digits));
                body.put_slice(b",\"version_type\":\"external_gte\"");
            }
            body.put_slice(b"}}\n");
            if let Action::Index(document) = action {
                body.put_slice(document);
                body.put_u8(b'\n');
            }
        }
        body.freeze()
    }

    /// Takes the second half away.
    pub(crate) fn split(&mut self) -> Self {
        let half = self.items.len() / 2;
        Self { index: Arc::clone(&self.index), items: self.items.split_off(half) }
    }
}

/// `value` in decimal digits, at the end of `digits`.
fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_two_lines_a_document_and_one_a_removal() {
        let item = |id: &str, action, version| Item {
            operation: Operation { index: "x".into(), id: id.to_owned(), action, version, tag: () },
            attempts: 0,
        };
        let batch = Batch {
            index: "x".into(),
            items: vec![
                item("a", Action::Index(Bytes::from_static(b"{\"n\":1}")), Some(u64::MAX)),
                item("q\"\n", Action::Delete, Some(0)),
                item("c", Action::Index(Bytes::from_static(b"{}")), None),
            ],
        };
        let expected = "\
{\"index\":{\"_id\":\"a\",\"version\":18446744073709551615,\"version_type\":\"external_gte\"}}
{\"n\":1}
{\"delete\":{\"_id\":\"q\\\"\\n\",\"version\":0,\"version_type\":\"external_gte\"}}
{\"index\":{\"_id\":\"c\"}}
{}
";
        assert_eq!(String::from_utf8(batch.body().to_vec()).unwrap(), expected);
    }
}
