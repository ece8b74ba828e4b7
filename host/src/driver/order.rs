//! In which order a stream's episodes come, and which random bits each call gets: the same for every
//! strategy, from the cell's seed alone.

use rand::RngCore;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::suite::Stream;

use super::report::Position;

/// Bits that tell a generator for the order from those for the calls, for the reader and for trials.
const CALLS: u64 = 1 << 63;
const READER: u64 = 1 << 62;
const TRIALS: u64 = 1 << 61;

/// Stage and place within it of every episode, in the order of the run.
pub(super) fn episodes(stream: &Stream, seed: u64, stream_index: usize) -> Vec<(usize, usize)> {
    let mut random = generator(seed, stream_index as u64);
    let mut order = Vec::new();
    for (stage_index, stage) in stream.stages.iter().enumerate() {
        let mut places: Vec<usize> = (0..stage.episodes.len()).collect();
        if stage.shuffled {
            places.shuffle(&mut random);
        }
        order.extend(places.into_iter().map(|place| (stage_index, place)));
    }
    order
}

/// The random bits of one stream.
pub(super) struct CallSeeds {
    calls: ChaCha8Rng,
    reader: u64,
    trials: u64,
}

impl CallSeeds {
    pub(super) fn new(seed: u64, stream_index: usize) -> CallSeeds {
        let of = |purpose: u64| generator(seed, stream_index as u64 | purpose);
        CallSeeds {
            calls: of(CALLS),
            reader: of(READER).next_u64(),
            trials: of(TRIALS).next_u64(),
        }
    }

    /// Of the strategy's next call.
    pub(super) fn next(&mut self) -> u64 {
        self.calls.next_u64()
    }

    /// Of the reader at a question: the same whatever a strategy does.
    pub(super) fn chance(&self, (stream, stage, place): Position) -> u64 {
        let place = ((stream as u64) << 48) ^ ((stage as u64) << 32) ^ place as u64;
        generator(self.reader, place).next_u64()
    }

    /// Of the reader when a memory is on trial at a task.
    pub(super) fn trial(&self, task: &str) -> u64 {
        let digest = Sha256::digest(task);
        let bytes: [u8; 8] = std::array::from_fn(|place| digest[place]);
        generator(self.trials, u64::from_le_bytes(bytes)).next_u64()
    }
}

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Task;
    use crate::suite::{Episode, Stage, Timing};

    fn stream(sizes: &[(usize, bool)]) -> Stream {
        let episode = |id: usize| Episode {
            task: Task {
                id: id.to_string(),
                text: String::new(),
                labels: vec![],
                documents: vec![],
            },
            question: None,
            attempts: vec![],
            withheld: vec![],
            timing: Timing::default(),
            check: None,
            group: String::new(),
        };
        let stages = sizes
            .iter()
            .map(|&(size, shuffled)| Stage {
                shuffled,
                batched: false,
                warm_up: false,
                changed: false,
                episodes: (0..size).map(episode).collect(),
            })
            .collect();
        Stream {
            name: "s".into(),
            stages,
        }
    }

    #[test]
    fn only_stages_that_may_be_are_shuffled_and_none_is_mixed_with_another() {
        let stream = stream(&[(20, false), (20, true)]);
        let order = episodes(&stream, 7, 0);
        assert_eq!(order[..20], (0..20).map(|p| (0, p)).collect::<Vec<_>>());
        assert!(order[20..].iter().all(|&(stage, _)| stage == 1));
        let mut places: Vec<usize> = order[20..].iter().map(|&(_, p)| p).collect();
        assert_ne!(places, (0..20).collect::<Vec<_>>());
        places.sort_unstable();
        assert_eq!(places, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_depends_on_the_seed_and_on_nothing_else() {
        let stream = stream(&[(50, true)]);
        assert_eq!(episodes(&stream, 1, 0), episodes(&stream, 1, 0));
        assert_ne!(episodes(&stream, 1, 0), episodes(&stream, 2, 0));
        assert_ne!(episodes(&stream, 1, 0), episodes(&stream, 1, 1));
        assert_ne!(CallSeeds::new(1, 0).next(), CallSeeds::new(2, 0).next());
    }
}
