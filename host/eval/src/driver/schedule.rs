//! What becomes of each episode of a stream, in the order of the run.
//!
//! A streaming strategy is asked in every episode and learns from every one. One that is built and then frozen is asked
//! in the test episodes only, and learns from the others: those that ask nothing, where a stream has such; else the
//! first half of the run's order.

use memhost::contract::{Arrangement, Plan};
use memhost_suite::Stream;

use super::order::{self, Repetition, TaskOrder};

/// What an episode is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// Its question is asked.
    pub(super) asked: bool,
    /// What happens in it may be learnt from.
    pub(super) learnt: bool,
}

/// A stage's episodes, in the order of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Its index in the stream's stages.
    pub(super) stage: usize,
    /// Places of its episodes, and what each is for.
    pub(super) episodes: Vec<(usize, Use)>,
}

/// The schedule of a stream under a plan.
pub(super) fn schedule(
    stream: &Stream,
    plan: &Plan,
    repetition: Repetition,
    stream_index: usize,
    tasks: TaskOrder,
) -> Vec<Stretch> {
    let order = order::episodes(stream, repetition, stream_index, tasks);
    let asks = |stage: usize, place: usize| {
        let stage = stream.stages.get(stage);
        let episode = stage.and_then(|stage| stage.episodes.get(place));
        episode.is_some_and(|episode| episode.question.is_some())
    };
    let asking = order.iter().filter(|(s, p)| asks(*s, *p)).count();
    let training = match plan.arrangement {
        Arrangement::Streaming => None,
        _ if asking < order.len() => Some(0),
        Arrangement::BuildThenFreeze | Arrangement::BuildThenStream => Some(asking / 2),
    };
    let freezes = plan.arrangement == Arrangement::BuildThenFreeze;
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut questions = 0;
    for (stage, place) in order {
        let asked = asks(stage, place);
        let purpose = match training {
            None => Use {
                asked,
                learnt: true,
            },
            Some(training) => {
                let tests = asked && questions >= training;
                Use {
                    asked: tests,
                    learnt: !(tests && freezes),
                }
            }
        };
        questions += usize::from(asked);
        match stretches.last_mut() {
            Some(last) if last.stage == stage => last.episodes.push((place, purpose)),
            _ => stretches.push(Stretch {
                stage,
                episodes: vec![(place, purpose)],
            }),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use memhost::contract::Task;
    use memhost_suite::{Episode, Question, Stage, Timing};

    fn stream(stages: &[&[bool]]) -> Stream {
        let episode = |asks: &bool| Episode {
            task: Task::new("", ""),
            question: asks.then(|| Question::Kind { kind: "k".into() }),
            attempts: vec![],
            withheld: vec![],
            group: String::new(),
            timing: Timing::default(),
            check: None,
        };
        Stream {
            name: "s".into(),
            stages: stages
                .iter()
                .map(|episodes| Stage::in_order(episodes.iter().map(episode).collect()))
                .collect(),
        }
    }

    /// `l` learnt, `a` asked, `b` both, per stage.
    fn told(stages: &[&[bool]], arrangement: Arrangement) -> Vec<String> {
        let plan = Plan {
            arrangement,
            ..Plan::streaming()
        };
        let letter = |(_, purpose): &(usize, Use)| match (purpose.asked, purpose.learnt) {
            (true, true) => 'b',
            (true, false) => 'a',
            (false, true) => 'l',
            (false, false) => '-',
        };
        schedule(
            &stream(stages),
            &plan,
            Repetition::default(),
            0,
            TaskOrder::default(),
        )
        .iter()
        .map(|stretch| stretch.episodes.iter().map(letter).collect())
        .collect()
    }

    #[test]
    fn streaming_asks_and_learns_everywhere() {
        let stages: &[&[bool]] = &[&[false, false], &[true, true]];
        assert_eq!(told(stages, Arrangement::Streaming), ["ll", "bb"]);
    }

    #[test]
    fn a_built_strategy_learns_from_what_is_not_asked_and_is_then_frozen() {
        let stages: &[&[bool]] = &[&[false, false], &[true, true]];
        assert_eq!(told(stages, Arrangement::BuildThenFreeze), ["ll", "aa"]);
    }

    #[test]
    fn where_everything_is_asked_the_first_half_trains() {
        let stages: &[&[bool]] = &[&[true, true], &[true, true, true]];
        assert_eq!(told(stages, Arrangement::BuildThenFreeze), ["ll", "aaa"]);
        assert_eq!(told(&[&[true; 5]], Arrangement::BuildThenFreeze), ["llaaa"]);
    }
}
