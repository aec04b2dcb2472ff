//! One packed vector field: rows of float32 and the ids they belong to.

use std::path::Path;

use pulp::Arch;

use super::divide::divided;
use super::dot;
use super::error::SearchError;
use super::mapped::Mapped;
use super::top::{Scored, Top};
use crate::asset::Content;
use crate::catalog::packed::Packed;

/// Bytes of one line of an `.ids` file: 16 hex digits and a line feed.
const ID_BYTES: usize = 17;

/// Rows scored between two looks at the heap: their scores stay in the fastest cache.
const BLOCK_ROWS: usize = 256;

/// Numbers that make another thread worth its start: 4 MB, about 0.4 ms of reading memory.
const THREAD_FLOATS_MIN: usize = 1 << 20;

/// How far a stored vector's length may be from 1.
const NORM_TOLERANCE: f32 = 1e-3;

/// An opened field. The sizes of its files agree with each other, and every row is finite and of
/// length 1. Where an asset has several rows, one a view, they stand together in the order of views.
#[derive(Debug)]
pub struct Field {
    name: String,
    packed: Packed,
    vectors: Mapped,
    ids: Mapped,
}

impl Field {
    /// Maps the files of `packed` in the catalogue at `root` and checks them.
    ///
    /// # Errors
    ///
    /// [`SearchError::Unreadable`] or [`SearchError::Broken`].
    pub fn open(root: &Path, name: &str, packed: &Packed) -> Result<Self, SearchError> {
        let map = |inside: &str| {
            let path = root.join(inside);
            Mapped::open(&path).map_err(|source| SearchError::Unreadable {
                path: path.display().to_string(),
                source,
            })
        };
        let broken = |file: &str, reason: String| SearchError::Broken {
            path: root.join(file).display().to_string(),
            reason,
        };
        let field = Self {
            name: name.to_owned(),
            packed: packed.clone(),
            vectors: map(&packed.vectors)?,
            ids: map(&packed.ids)?,
        };
        let Packed { dims, count, .. } = *packed;
        let wanted = count.checked_mul(dims).and_then(|floats| floats.checked_mul(4));
        let held = field.vectors.bytes().len();
        if dims == 0 || wanted != Some(held) {
            let reason = format!("holds {held} bytes, not those of {count} vectors of {dims}");
            return Err(broken(&packed.vectors, reason));
        }
        let held = field.ids.bytes();
        let lines_end = held.chunks(ID_BYTES).all(|line| line.last() == Some(&b'\n'));
        if count.checked_mul(ID_BYTES) != Some(held.len()) || !lines_end || !held.is_ascii() {
            let reason = format!("does not hold {count} ids of 16 characters, one a line");
            return Err(broken(&packed.ids, reason));
        }
        // In any order the rows of one asset may lie apart, and it would be found twice.
        if packed.content == Content::Views && !held.chunks(ID_BYTES).is_sorted() {
            return Err(broken(&packed.ids, "does not hold its ids in order".to_owned()));
        }
        if count > 0 && bytemuck::try_cast_slice::<u8, f32>(field.vectors.bytes()).is_err() {
            return Err(broken(&packed.vectors, "is not aligned for float32".to_owned()));
        }
        if let Some(row) = field.first_bad_row() {
            let reason = format!("row {row} is not a vector of length 1");
            return Err(broken(&packed.vectors, reason));
        }
        Ok(field)
    }

    /// Name of the field, `text_embedding` for one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.packed.count
    }

    /// The asset of a row.
    pub fn id(&self, row: usize) -> &str {
        std::str::from_utf8(self.id_bytes(row)).expect("checked to be ASCII when opened")
    }

    #[inline]
    fn id_bytes(&self, row: usize) -> &[u8] {
        let start = row * ID_BYTES;
        &self.ids.bytes()[start..start + ID_BYTES - 1]
    }

    /// The number of the view that a row is of, from 0, and how many the asset has; none where an
    /// asset has one row.
    pub fn view(&self, row: usize) -> Option<(usize, usize)> {
        if self.packed.content != Content::Views {
            return None;
        }
        let is_same = |other: &usize| self.id_bytes(*other) == self.id_bytes(row);
        let before = (0..row).rev().take_while(is_same).count();
        let after = (row + 1..self.count()).take_while(is_same).count();
        Some((before, before + 1 + after))
    }

    /// All rows, `[count, dims]`.
    fn rows(&self) -> &[f32] {
        if self.packed.count == 0 {
            return &[];
        }
        bytemuck::try_cast_slice(self.vectors.bytes()).expect("checked when opened")
    }

    /// The best `k` assets for `query`, each by its best row; with `only`, among those rows, which are
    /// in ascending order. Exact: every row that may be in the answer is compared.
    ///
    /// # Panics
    ///
    /// When the query has another length than the rows.
    pub fn nearest(&self, query: &[f32], only: Option<&[usize]>, k: usize) -> Vec<Scored> {
        assert_eq!(query.len(), self.packed.dims, "queries are as long as rows");
        let count = only.map_or(self.packed.count, <[usize]>::len);
        let top = divided(count, self.share_min(), |from, to| {
            let mut best = Best { field: self, top: Top::new(k), open: None };
            // An asset belongs to the part that holds its first row.
            let starts = |at| self.next_asset(only, at, count);
            let (from, to) = (starts(from), starts(to));
            match only {
                None => self.scan(query, from, to, &mut best),
                Some(rows) => self.pick(query, &rows[from..to], &mut best),
            }
            best.into_top()
        });
        let merged = top.into_iter().reduce(|mut all, part| {
            all.merge(part);
            all
        });
        merged.map(Top::into_sorted).unwrap_or_default()
    }

    fn share_min(&self) -> usize {
        THREAD_FLOATS_MIN.div_ceil(self.packed.dims)
    }

    /// The first place at or after `at` where another asset begins; of `only`, or of all rows.
    fn next_asset(&self, only: Option<&[usize]>, at: usize, count: usize) -> usize {
        if at == 0 || at >= count || self.packed.content != Content::Views {
            return at;
        }
        let id = |place: usize| self.id_bytes(only.map_or(place, |rows| rows[place]));
        (at..count).find(|&place| id(place) != id(place - 1)).unwrap_or(count)
    }

    fn scan(&self, query: &[f32], from: usize, to: usize, best: &mut Best<'_>) {
        let (arch, dims) = (Arch::new(), self.packed.dims);
        let mut scores = [0.0; BLOCK_ROWS];
        let rows = &self.rows()[from * dims..to * dims];
        for (block, rows) in rows.chunks(BLOCK_ROWS * dims).enumerate() {
            let scores = &mut scores[..rows.len() / dims];
            dot::score(arch, rows, query, scores);
            for (offset, &score) in scores.iter().enumerate() {
                best.offer(Scored { score, row: from + block * BLOCK_ROWS + offset });
            }
        }
    }

    fn pick(&self, query: &[f32], rows: &[usize], best: &mut Best<'_>) {
        let (arch, dims) = (Arch::new(), self.packed.dims);
        for &row in rows {
            let mut score = [0.0];
            dot::score(arch, &self.rows()[row * dims..(row + 1) * dims], query, &mut score);
            best.offer(Scored { score: score[0], row });
        }
    }

    /// The first row that is not finite or not of length 1. Reading every row also brings the
    /// file into memory for the search that follows.
    fn first_bad_row(&self) -> Option<usize> {
        let (dims, rows) = (self.packed.dims, self.rows());
        let parts = divided(self.packed.count, self.share_min(), |from, to| {
            let arch = Arch::new();
            let mut norm = [0.0];
            rows[from * dims..to * dims].chunks_exact(dims).enumerate().find_map(|(row, values)| {
                dot::score(arch, values, values, &mut norm);
                // A NaN or an infinity in the row shows in the sum.
                let is_unit = (norm[0] - 1.0).abs() <= 2.0 * NORM_TOLERANCE;
                (!is_unit).then_some(from + row)
            })
        });
        parts.into_iter().flatten().min()
    }
}

/// The best assets of what it is offered row by row, the rows of one asset after each other.
struct Best<'a> {
    field: &'a Field,
    top: Top,
    /// The best row so far of the asset whose rows come.
    open: Option<Scored>,
}

impl Best<'_> {
    #[inline]
    fn offer(&mut self, one: Scored) {
        if self.field.packed.content != Content::Views {
            self.top.offer(one);
            return;
        }
        match self.open {
            Some(open) if self.field.id_bytes(open.row) == self.field.id_bytes(one.row) => {
                self.open = Some(open.max(one));
            }
            done => {
                self.open = Some(one);
                done.into_iter().for_each(|done| self.top.offer(done));
            }
        }
    }

    fn into_top(mut self) -> Top {
        self.open.into_iter().for_each(|done| self.top.offer(done));
        self.top
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn field(rows: &[Vec<f32>]) -> (tempfile::TempDir, Result<Field, SearchError>) {
        let folder = tempfile::tempdir().unwrap();
        let packed = fixture::write_field(folder.path(), "text_embedding", rows);
        let field = Field::open(folder.path(), "text_embedding", &packed);
        (folder, field)
    }

    fn spread(count: usize, dims: usize) -> Vec<Vec<f32>> {
        let mut state = 7_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let unit = |mut row: Vec<f32>| {
            let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            row.iter_mut().for_each(|x| *x /= norm);
            row
        };
        (0..count).map(|_| unit((0..dims).map(|_| next()).collect())).collect()
    }

    #[test]
    fn the_answer_is_what_sorting_every_score_gives_with_and_without_threads() {
        for (count, dims) in [(1, 5), (300, 48), (6_000, 384)] {
            let rows = spread(count, dims);
            let (_folder, field) = field(&rows);
            let query = spread(count + 1, dims).pop().unwrap();
            let mut exact: Vec<Scored> = rows
                .iter()
                .enumerate()
                .map(|(row, values)| {
                    let score = values.iter().zip(&query).map(|(a, b)| a * b).sum();
                    Scored { score, row }
                })
                .collect();
            exact.sort_by(|a, b| b.cmp(a));
            let field = field.unwrap();
            let found = field.nearest(&query, None, 10);
            assert_eq!(found.len(), count.min(10));
            for (one, wanted) in found.iter().zip(&exact) {
                assert!((one.score - wanted.score).abs() < 1e-5, "{count}: {one:?} {wanted:?}");
            }
            let only: Vec<usize> = (0..count).step_by(3).collect();
            let picked = field.nearest(&query, Some(&only), 10);
            let wanted = exact.iter().filter(|one| one.row % 3 == 0).take(10);
            for (one, wanted) in picked.iter().zip(wanted) {
                assert!((one.score - wanted.score).abs() < 1e-5, "{count}: {one:?} {wanted:?}");
            }
        }
    }

    #[test]
    fn of_several_views_the_best_counts_with_and_without_threads() {
        for (assets, each, dims) in [(1, 8, 5), (40, 3, 48), (900, 8, 384)] {
            let rows = spread(assets * each, dims);
            let folder = tempfile::tempdir().unwrap();
            let packed = fixture::write_views(folder.path(), "look_views", &rows, each);
            let field = Field::open(folder.path(), "look_views", &packed).unwrap();
            let query = spread(assets * each + 1, dims).pop().unwrap();
            let score =
                |row: &Vec<f32>| -> f32 { row.iter().zip(&query).map(|(a, b)| a * b).sum() };
            let best = |asset: usize| {
                let views = rows[asset * each..(asset + 1) * each].iter().enumerate();
                let scored = views.map(|(view, row)| (score(row), view));
                scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).unwrap()
            };
            let mut exact: Vec<_> = (0..assets).map(|asset| (best(asset), asset)).collect();
            exact.sort_by(|a, b| b.0.0.total_cmp(&a.0.0).then(a.1.cmp(&b.1)));
            let check = |found: &[Scored], wanted: &[((f32, usize), usize)]| {
                assert_eq!(found.len(), wanted.len());
                for (one, ((score, view), asset)) in found.iter().zip(wanted) {
                    assert!((one.score - score).abs() < 1e-5, "{one:?} {score}");
                    assert_eq!(field.id(one.row), fixture::row_id(*asset));
                    assert_eq!(field.view(one.row), Some((*view, each)));
                }
            };
            check(&field.nearest(&query, None, 10), &exact[..assets.min(10)]);
            let only: Vec<usize> = (0..assets * each).filter(|row| row / each % 3 == 0).collect();
            exact.retain(|(_, asset)| asset % 3 == 0);
            check(&field.nearest(&query, Some(&only), 10), &exact[..exact.len().min(10)]);
        }
    }

    #[test]
    fn rows_of_an_asset_that_lie_apart_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let packed = fixture::write_views(folder.path(), "look_views", &spread(4, 4), 2);
        let ids = std::fs::read_to_string(folder.path().join(&packed.ids)).unwrap();
        let mut lines: Vec<&str> = ids.lines().collect();
        lines.swap(1, 2);
        std::fs::write(folder.path().join(&packed.ids), lines.join("\n") + "\n").unwrap();
        let error = Field::open(folder.path(), "look_views", &packed).unwrap_err().to_string();
        assert!(error.contains("look_views.ids does not hold its ids in order"), "{error}");
    }

    #[test]
    fn files_that_disagree_or_hold_no_unit_vectors_are_refused_by_name() {
        let (folder, good) = field(&spread(3, 4));
        let packed = good.unwrap().packed.clone();
        let refuse = |packed: &Packed, word: &str| {
            let error = Field::open(folder.path(), "text_embedding", packed).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        };
        refuse(&Packed { count: 4, ..packed.clone() }, "text_embedding.f32");
        refuse(&Packed { dims: 0, ..packed.clone() }, "text_embedding.f32");
        refuse(&Packed { dims: 5, ..packed.clone() }, "text_embedding.f32");
        refuse(&Packed { dims: usize::MAX, ..packed.clone() }, "text_embedding.f32");
        let mut rows = spread(3, 4);
        rows[1] = vec![0.0; 4];
        let (_zero, zero) = field(&rows);
        assert!(zero.unwrap_err().to_string().contains("row 1"));
        rows[1] = vec![f32::NAN; 4];
        let (_nan, nan) = field(&rows);
        assert!(nan.unwrap_err().to_string().contains("row 1"));
        std::fs::write(folder.path().join(&packed.ids), "short\n").unwrap();
        refuse(&packed, "text_embedding.ids");
    }
}
