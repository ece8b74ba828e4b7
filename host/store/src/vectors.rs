//! Keys' vectors in one contiguous buffer, searched by one exact pass of dot products.
//!
//! Sums run over 32 lanes that are added up in a fixed order, without fused multiplication: a score has the same
//! bits on every processor, whichever instructions the pass was compiled to. Vectors are of unit length or
//! zero, so that a dot product is a cosine.

use std::collections::HashMap;

/// Independent sums of a dot product: four AVX registers, eight SSE ones.
const LANES: usize = 32;
/// A squared length this near to 1 needs no rescaling.
const UNIT: f64 = 1e-4;

/// The vectors of all keys of a namespace.
#[derive(Debug)]
pub(crate) struct VectorIndex {
    dimension: usize,
    data: Vec<f32>,
    rows: Vec<Row>,
    names: Vec<String>,
    by_slot: HashMap<u32, Vec<u32>>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    slot: u32,
    /// Index in `names`.
    name: u32,
    /// Which of the slot's keys.
    position: u32,
}

/// The best key of a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Best {
    /// Its cosine; `NEG_INFINITY` if the slot has no key with the name asked for.
    pub score: f64,
    /// Which of the slot's keys.
    pub position: u32,
}

impl VectorIndex {
    pub(crate) fn new(dimension: usize) -> Self {
        VectorIndex {
            dimension,
            data: Vec::new(),
            rows: Vec::new(),
            names: Vec::new(),
            by_slot: HashMap::new(),
        }
    }

    /// Replaces the keys of a slot. Each vector has the index's dimension, or is empty: that key is not embedded.
    pub(crate) fn set<'a>(&mut self, slot: u32, keys: impl Iterator<Item = (&'a str, &'a [f32])>) {
        self.remove(slot);
        for (position, (name, vector)) in keys.enumerate() {
            let name = self.name(name);
            if vector.is_empty() {
                continue;
            }
            debug_assert_eq!(vector.len(), self.dimension);
            let row = Row {
                slot,
                name,
                position: position as u32,
            };
            self.by_slot
                .entry(slot)
                .or_default()
                .push(self.rows.len() as u32);
            self.rows.push(row);
            self.data.extend_from_slice(vector);
        }
    }

    /// Forgets the keys of a slot. The last rows of the buffer move into the gaps.
    pub(crate) fn remove(&mut self, slot: u32) {
        let mut gaps = self.by_slot.remove(&slot).unwrap_or_default();
        gaps.sort_unstable();
        while let Some(gap) = gaps.pop() {
            let last = self.rows.len() as u32 - 1;
            let from = last as usize * self.dimension;
            if gap != last {
                let mover = self.rows[last as usize];
                self.data
                    .copy_within(from..from + self.dimension, gap as usize * self.dimension);
                self.rows[gap as usize] = mover;
                for row in self.by_slot.entry(mover.slot).or_default() {
                    if *row == last {
                        *row = gap;
                    }
                }
            }
            self.rows.pop();
            self.data.truncate(from);
        }
    }

    /// Slots have other numbers from now on; those without one are empty.
    pub(crate) fn renumber(&mut self, to: impl Fn(u32) -> Option<u32>) {
        for row in &mut self.rows {
            row.slot = to(row.slot).unwrap_or(row.slot);
        }
        let by_slot = std::mem::take(&mut self.by_slot).into_iter();
        self.by_slot = by_slot
            .filter_map(|(slot, rows)| Some((to(slot)?, rows)))
            .collect();
        self.rows.shrink_to_fit();
        self.data.shrink_to_fit();
    }

    /// The names that keys have, or had.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The vectors of a slot's keys, in the order of the keys, of which there are so many; an empty one for a key that is
    /// not embedded.
    pub(crate) fn vectors(&self, slot: u32, keys: usize) -> Vec<Vec<f32>> {
        let mut vectors = vec![Vec::new(); keys];
        for row in self.by_slot.get(&slot).into_iter().flatten() {
            let start = *row as usize * self.dimension;
            let position = self.rows[*row as usize].position as usize;
            if let Some(vector) = vectors.get_mut(position) {
                *vector = self.data[start..start + self.dimension].to_vec();
            }
        }
        vectors
    }

    /// The best key of each slot below `slots`, of one name if given. `query` has unit length or is zero.
    pub(crate) fn best(&self, query: &[f32], name: Option<&str>, slots: usize) -> Vec<Best> {
        let mut best = vec![
            Best {
                score: f64::NEG_INFINITY,
                position: 0,
            };
            slots
        ];
        let name = match name.map(|name| self.names.iter().position(|known| known == name)) {
            None => None,
            Some(Some(known)) => Some(known as u32),
            Some(None) => return best,
        };
        let scores = dots(query, &self.data);
        for (row, score) in self.rows.iter().zip(scores) {
            let score = f64::from(score);
            if name.is_none_or(|name| name == row.name)
                && let Some(best) = best.get_mut(row.slot as usize)
                && (score > best.score || score == best.score && row.position < best.position)
            {
                *best = Best {
                    score,
                    position: row.position,
                };
            }
        }
        best
    }

    fn name(&mut self, name: &str) -> u32 {
        let known = self.names.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        }) as u32
    }
}

/// The vector at unit length; a zero vector stays as it is.
pub(crate) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    // In f64, because the square of a long or a short vector leaves the range of f32.
    let squared: f64 = vector.iter().map(|x| f64::from(*x).powi(2)).sum();
    if squared > 0.0 && (squared - 1.0).abs() > UNIT {
        let length = squared.sqrt();
        for x in &mut vector {
            *x = (f64::from(*x) / length) as f32;
        }
    }
    vector
}

/// The dot product of a vector with each row of a matrix.
fn dots(query: &[f32], rows: &[f32]) -> Vec<f32> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just been found to have AVX2.
        return unsafe { dots_avx2(query, rows) };
    }
    dots_plain(query, rows)
}

/// [`dots_plain`], compiled to eight lanes per instruction.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dots_avx2(query: &[f32], rows: &[f32]) -> Vec<f32> {
    dots_plain(query, rows)
}

#[inline(always)]
fn dots_plain(query: &[f32], rows: &[f32]) -> Vec<f32> {
    if query.is_empty() {
        return Vec::new();
    }
    rows.chunks_exact(query.len())
        .map(|row| dot(query, row))
        .collect()
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums[0] + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direction(degrees: f32) -> Vec<f32> {
        let angle = degrees.to_radians();
        vec![angle.cos(), angle.sin(), 0.0]
    }

    fn set(index: &mut VectorIndex, slot: u32, keys: &[(&str, f32)]) {
        let vectors: Vec<(&str, Vec<f32>)> = keys
            .iter()
            .map(|(name, d)| (*name, direction(*d)))
            .collect();
        index.set(slot, vectors.iter().map(|(name, v)| (*name, v.as_slice())));
    }

    #[test]
    fn every_way_to_compute_gives_the_same_bits() {
        let wave = |n: usize, step: f32| (0..n).map(|i| (i as f32 * step).sin()).collect();
        for dimension in [3, 31, 32, 33, 256, 384, 1000] {
            let query: Vec<f32> = wave(dimension, 0.37);
            let rows: Vec<f32> = wave(dimension * 7, 0.11);
            let scores = dots(&query, &rows);
            assert_eq!(scores, dots_plain(&query, &rows));
            for (score, row) in scores.iter().zip(rows.chunks(dimension)) {
                let exact: f64 = query.iter().zip(row).map(|(a, b)| f64::from(a * b)).sum();
                assert!((f64::from(*score) - exact).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn a_slot_scores_by_its_best_key_of_the_name() {
        let mut index = VectorIndex::new(3);
        set(&mut index, 0, &[("task", 90.0), ("question", 10.0)]);
        set(&mut index, 1, &[("task", 30.0)]);
        let query = direction(0.0);
        let any = index.best(&query, None, 3);
        assert_eq!(any[0].position, 1);
        assert!(any[0].score > any[1].score);
        let task = index.best(&query, Some("task"), 3);
        assert!(task[1].score > task[0].score);
        assert_eq!(task[2].score, f64::NEG_INFINITY);
        let unknown = index.best(&query, Some("nothing"), 3);
        assert!(unknown.iter().all(|best| best.score == f64::NEG_INFINITY));
    }

    #[test]
    fn removed_keys_leave_the_others_in_place() {
        let mut index = VectorIndex::new(3);
        for slot in 0..6 {
            set(
                &mut index,
                slot,
                &[("a", slot as f32), ("b", slot as f32 + 50.0)],
            );
        }
        index.remove(1);
        index.remove(5);
        set(&mut index, 2, &[("c", 7.0)]);
        index.remove(9);
        for slot in [0, 3, 4] {
            let expected = vec![direction(slot as f32), direction(slot as f32 + 50.0)];
            assert_eq!(index.vectors(slot, 2), expected);
        }
        assert_eq!(index.vectors(2, 1), vec![direction(7.0)]);
        assert!(index.vectors(1, 0).is_empty());
        assert_eq!(index.data.len(), index.rows.len() * 3);
    }

    #[test]
    fn a_key_without_a_vector_keeps_its_place_and_its_name() {
        let mut index = VectorIndex::new(3);
        let (first, last) = (direction(10.0), direction(50.0));
        let keys: [(&str, &[f32]); 3] = [("a", &first), ("words", &[]), ("a", &last)];
        index.set(0, keys.into_iter());
        assert_eq!(index.vectors(0, 3), [first.clone(), vec![], last]);
        assert_eq!(index.best(&direction(60.0), None, 1)[0].position, 2);
        let by_words = index.best(&first, Some("words"), 1);
        assert_eq!(by_words[0].score, f64::NEG_INFINITY);
        assert_eq!(index.names(), ["a", "words"]);
        assert_eq!(index.data.len(), 2 * 3);
    }

    #[test]
    fn vectors_are_brought_to_unit_length() {
        assert_eq!(unit(vec![3.0, 4.0]), vec![0.6, 0.8]);
        assert_eq!(unit(vec![0.0, 0.0]), vec![0.0, 0.0]);
        let long = unit(vec![3e30, 4e30]);
        assert!((long[0] - 0.6).abs() < 1e-6, "{long:?}");
    }
}
