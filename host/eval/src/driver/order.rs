//! In which order a stream's episodes come, and which random bits each call gets: the same for every
//! strategy, from the cell's seed and order alone.

use memhost_suite::{Episode, Stage, Stream, Suite, mean, success};
use rand::RngCore;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::report::Position;

/// Which of the runs of a strategy on a suite: what is left to chance is decided by these two numbers alone.
///
/// | | its seed decides | its order decides |
/// |---|---|---|
/// | the order of episodes, where a suite may be shuffled | yes | yes |
/// | the random bits of the strategy's calls, of the reader and of trials | yes | no |
/// | what a generated suite holds | no | no |
///
/// Runs of one seed in several orders tell how much a result owes to who came first; runs of several seeds
/// tell how much it owes to chance as a whole.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Repetition {
    /// Seeds every random bit.
    pub seed: u64,
    /// Which shuffle of this seed.
    pub order: u32,
}

impl Repetition {
    /// `0` for the first order of seed 0, else `<seed>.<order>`.
    pub fn name(self) -> String {
        match self.order {
            0 => self.seed.to_string(),
            order => format!("{}.{order}", self.seed),
        }
    }
}

/// Bits that tell a generator for the order from those for the calls, for the reader and for trials.
const CALLS: u64 = 1 << 63;
const READER: u64 = 1 << 62;
const TRIALS: u64 = 1 << 61;
/// Where the number of the order stands, below those bits and above the number of the stream.
const ORDER_SHIFT: u32 = 28;

/// In which order the tasks of a stage come that may be shuffled (Evo-Memory, arXiv 2511.20857). Every other stage keeps
/// the order that its suite gives it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskOrder {
    /// By the run's seed.
    #[default]
    Shuffled,
    /// The one that was solved most often on record first; of equals, by the run's seed.
    EasyFirst,
    /// The one that was solved least often on record first; of equals, by the run's seed.
    HardFirst,
    /// Easy first in a seed's runs of an even number, hard first in the others; the two of a pair have everything else
    /// in common.
    Both,
    /// As the suite's data has them, which may give answers away: neighbours in a file are often alike.
    Given,
}

impl TaskOrder {
    /// Whether it is what a comparison has unless told otherwise.
    pub fn is_usual(&self) -> bool {
        *self == TaskOrder::default()
    }

    /// What is said of it in reports, if anything.
    pub fn caveat(self) -> Option<&'static str> {
        match self {
            TaskOrder::Shuffled => None,
            TaskOrder::EasyFirst => Some(
                "tasks come easy first, by how often they were solved on record: learning curves fall for everybody",
            ),
            TaskOrder::HardFirst => Some(
                "tasks come hard first, by how often they were solved on record: learning curves rise for everybody",
            ),
            TaskOrder::Both => Some(
                "tasks come easy first in one half of the runs and hard first in the other, by how often they were \
                 solved on record: a learning curve is of both together",
            ),
            TaskOrder::Given => Some(
                "tasks come in the order of the data, in which neighbours may be alike and give answers away",
            ),
        }
    }

    /// In how many runs a seed is asked in `orders` shuffles.
    pub fn runs(self, orders: u32) -> u32 {
        match self {
            TaskOrder::Both => orders.saturating_mul(2),
            _ => orders,
        }
    }

    /// The order of a seed's run of this number, and the number of its shuffle.
    pub fn of_run(self, number: u32) -> (TaskOrder, u32) {
        match self {
            TaskOrder::Both if number.is_multiple_of(2) => (TaskOrder::EasyFirst, number / 2),
            TaskOrder::Both => (TaskOrder::HardFirst, number / 2),
            one => (one, number),
        }
    }

    /// Whether tasks come by how often they were solved.
    pub fn is_by_difficulty(self) -> bool {
        matches!(
            self,
            TaskOrder::EasyFirst | TaskOrder::HardFirst | TaskOrder::Both
        )
    }

    fn arrange(self, stage: &Stage, random: &mut ChaCha8Rng) -> Vec<usize> {
        let mut places: Vec<usize> = (0..stage.episodes.len()).collect();
        if !stage.shuffled || self == TaskOrder::Given {
            return places;
        }
        places.shuffle(random);
        let solved = |place: &usize| {
            let episode = stage.episodes.get(*place);
            episode.and_then(solved).unwrap_or(UNKNOWN)
        };
        match self {
            TaskOrder::EasyFirst => places.sort_by(|a, b| solved(b).total_cmp(&solved(a))),
            TaskOrder::HardFirst => places.sort_by(|a, b| solved(a).total_cmp(&solved(b))),
            TaskOrder::Shuffled | TaskOrder::Given | TaskOrder::Both => {}
        }
        places
    }
}

/// How often a task is taken to be solved of which there is no record.
const UNKNOWN: f64 = 0.5;

/// Mean success of the recorded runs of a task, whoever made them.
pub(super) fn solved(episode: &Episode) -> Option<f64> {
    mean(episode.attempts.iter().filter_map(success))
}

/// Whether it is known of some task that may be shuffled how often it was solved.
pub fn has_record(suite: &Suite) -> bool {
    let stages = suite.streams.iter().flat_map(|stream| &stream.stages);
    let mut shuffled = stages.filter(|stage| stage.shuffled);
    shuffled.any(|stage| {
        stage
            .episodes
            .iter()
            .any(|episode| solved(episode).is_some())
    })
}

/// Stage and place within it of every episode, in the order of the run.
pub(super) fn episodes(
    stream: &Stream,
    repetition: Repetition,
    stream_index: usize,
    tasks: TaskOrder,
) -> Vec<(usize, usize)> {
    let (tasks, shuffle) = tasks.of_run(repetition.order);
    let order = u64::from(shuffle) << ORDER_SHIFT;
    let mut random = generator(repetition.seed, order | stream_index as u64);
    let mut order = Vec::new();
    for (stage_index, stage) in stream.stages.iter().enumerate() {
        let places = tasks.arrange(stage, &mut random);
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
    use memhost::contract::Task;
    use memhost::contract::{Agent, Attempt, Outcome};
    use memhost_suite::Timing;

    fn stream(sizes: &[(usize, bool)]) -> Stream {
        let episode = |id: usize| Episode {
            task: Task::new(id.to_string(), ""),
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
                ..Stage::in_order((0..size).map(episode).collect())
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
        let order = episodes(&stream, repetition(7, 0), 0, TaskOrder::Shuffled);
        assert_eq!(order[..20], (0..20).map(|p| (0, p)).collect::<Vec<_>>());
        assert!(order[20..].iter().all(|&(stage, _)| stage == 1));
        let mut places: Vec<usize> = order[20..].iter().map(|&(_, p)| p).collect();
        assert_ne!(places, (0..20).collect::<Vec<_>>());
        places.sort_unstable();
        assert_eq!(places, (0..20).collect::<Vec<_>>());
    }

    fn repetition(seed: u64, order: u32) -> Repetition {
        Repetition { seed, order }
    }

    #[test]
    fn the_order_depends_on_the_repetition_and_on_nothing_else() {
        let stream = stream(&[(50, true)]);
        let episodes = |seed, order, index| {
            episodes(&stream, repetition(seed, order), index, TaskOrder::Shuffled)
        };
        assert_eq!(episodes(1, 0, 0), episodes(1, 0, 0));
        let others = [
            episodes(2, 0, 0),
            episodes(1, 1, 0),
            episodes(1, 2, 0),
            episodes(1, 0, 1),
        ];
        for (place, other) in others.iter().enumerate() {
            assert_ne!(*other, episodes(1, 0, 0));
            assert!(!others[place + 1..].contains(other));
        }
        assert_ne!(CallSeeds::new(1, 0).next(), CallSeeds::new(2, 0).next());
    }

    #[test]
    fn repetitions_have_names_of_their_own() {
        let all = [
            repetition(0, 0),
            repetition(1, 0),
            repetition(0, 1),
            repetition(1, 1),
        ];
        assert_eq!(all.map(Repetition::name), ["0", "1", "0.1", "1.1"]);
    }

    /// Tasks of which this share of the recorded runs succeeded.
    fn solved_by(shares: &[(u32, u32)]) -> Stream {
        let mut stream = stream(&[(shares.len(), true)]);
        for (episode, (successes, runs)) in stream.stages[0].episodes.iter_mut().zip(shares) {
            let run = |number| {
                let outcome = Outcome::known(number < *successes);
                Attempt::new("", Task::new("", ""), Agent::new("a", "a"), outcome)
            };
            episode.attempts = (0..*runs).map(run).collect();
        }
        stream
    }

    #[test]
    fn easy_tasks_come_first_or_hard_ones_as_they_were_solved_on_record() {
        let stream = solved_by(&[(9, 10), (2, 10), (5, 10), (0, 0)]);
        let order = |tasks| -> Vec<usize> {
            let order = episodes(&stream, Repetition::default(), 0, tasks).into_iter();
            order.map(|(_, place)| place).collect()
        };
        let easy = order(TaskOrder::EasyFirst);
        assert_eq!((easy[0], easy[3]), (0, 1));
        let hard = order(TaskOrder::HardFirst);
        assert_eq!((hard[0], hard[3]), (1, 0));
        assert_eq!(order(TaskOrder::Given), [0, 1, 2, 3]);
        assert_eq!(order(TaskOrder::EasyFirst), easy);
    }

    #[test]
    fn of_both_orders_a_pair_of_runs_has_the_same_shuffle_in_either_direction() {
        let stream = solved_by(&[(9, 10), (2, 10), (5, 10), (0, 0), (1, 2)]);
        let order = |number, tasks| episodes(&stream, repetition(3, number), 0, tasks);
        for number in 0..3 {
            let easy = order(number, TaskOrder::EasyFirst);
            assert_eq!(order(2 * number, TaskOrder::Both), easy);
            let hard = order(number, TaskOrder::HardFirst);
            assert_eq!(order(2 * number + 1, TaskOrder::Both), hard);
        }
        assert_eq!(TaskOrder::Both.runs(3), 6);
    }

    #[test]
    fn a_stage_that_is_not_shuffled_keeps_its_order() {
        let mut stream = solved_by(&[(0, 1), (1, 1)]);
        stream.stages[0].shuffled = false;
        let order = episodes(&stream, Repetition::default(), 0, TaskOrder::EasyFirst);
        assert_eq!(order, [(0, 0), (0, 1)]);
    }
}
