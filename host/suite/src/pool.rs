//! Pooled streams: a suite of lane B whose domains share one history, for lane `domains`.

use std::collections::{BTreeSet, HashSet};

use super::reader::tools_called;
use super::{Episode, Lane, Question, Stage, Stream, Suite};

/// What a task may draw on in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Whatever was learnt, in its own domain too.
    Pooled,
    /// What was learnt in other domains: attempts of its own are withheld.
    CrossDomain,
}

/// The name of the one stream.
const STREAM: &str = "pool";

impl Suite {
    /// The same suite in one stream: first the first stages of all streams, then the second ones, and so on. Returns
    /// too how many questions it no longer asks, because no other domain has anything in common with them.
    pub(super) fn pooled(mut self, pool: Pool) -> (Suite, usize) {
        self.lane = Lane::Domains;
        let domains = std::mem::take(&mut self.streams);
        let traits: Vec<BTreeSet<String>> = domains.iter().map(traits).collect();
        let mut out_of_reach = 0;
        let mut stages: Vec<Stage> = Vec::new();
        for (number, domain) in domains.into_iter().enumerate() {
            let others = traits
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != number);
            let elsewhere: HashSet<&String> = others.flat_map(|(_, traits)| traits).collect();
            let own: Vec<String> = domain
                .episodes()
                .flat_map(|episode| &episode.attempts)
                .map(|attempt| attempt.id.clone())
                .collect();
            for (place, stage) in domain.stages.into_iter().enumerate() {
                if stages.len() == place {
                    stages.push(Stage {
                        episodes: Vec::new(),
                        ..stage
                    });
                }
                for mut episode in stage.episodes {
                    if pool == Pool::CrossDomain
                        && let Some(question) = &episode.question
                    {
                        if asked_for(question).any(|of_it| elsewhere.contains(of_it)) {
                            episode.withheld.extend(own.iter().cloned());
                        } else {
                            episode.question = None;
                            out_of_reach += 1;
                        }
                    }
                    let says_anything = episode.question.is_some() || !episode.attempts.is_empty();
                    if let Some(stage) = stages.get_mut(place).filter(|_| says_anything) {
                        stage.episodes.push(episode);
                    }
                }
            }
        }
        self.streams = vec![Stream {
            name: STREAM.into(),
            stages,
        }];
        (self, out_of_reach)
    }
}

/// What a question looks for in other attempts.
fn asked_for(question: &Question) -> impl Iterator<Item = &String> {
    let (kind, tools): (_, &[String]) = match question {
        Question::Kind { kind } => (Some(kind), &[]),
        Question::Tools { tools } => (None, tools),
        _ => (None, &[]),
    };
    kind.into_iter().chain(tools)
}

/// What a question can find in a domain: the kinds of its tasks, and the tools that they need or call.
fn traits(domain: &Stream) -> BTreeSet<String> {
    let of_episode = |episode: &Episode| {
        let called = episode.attempts.iter().flat_map(tools_called);
        let asked = episode.question.iter().flat_map(asked_for).cloned();
        called.chain(asked).collect::<Vec<_>>()
    };
    domain.episodes().flat_map(of_episode).collect()
}

#[cfg(test)]
mod tests {
    use memhost_contract::Actor;

    use super::super::recorded::{attempt, graded, task, tool};
    use super::super::{Severity, check};
    use super::*;

    /// A domain of which each task needs these tools; everything is learnt first.
    fn domain(name: &str, tasks: &[&[&str]]) -> Stream {
        let episodes = tasks.iter().enumerate().map(|(number, tools)| {
            let task = task(format!("{name}-{number}"), "Do it.".into(), &[]);
            let steps = tools.iter().map(|name| tool(Actor::Action, *name, "{}"));
            let outcome = graded(1.0);
            let learnt = Episode {
                attempts: vec![attempt(
                    format!("{}-0", task.id),
                    &task,
                    0,
                    steps.collect(),
                    outcome,
                )],
                ..Episode::of(task)
            };
            let asked = Episode {
                question: Some(Question::Tools {
                    tools: tools.iter().map(|name| (*name).to_owned()).collect(),
                }),
                attempts: Vec::new(),
                ..learnt.clone()
            };
            (learnt, asked)
        });
        let (learnt, asked) = episodes.unzip();
        Stream {
            name: name.into(),
            stages: vec![Stage::shuffled(learnt), Stage::shuffled(asked)],
        }
    }

    fn suite() -> Suite {
        Suite {
            name: "domains".into(),
            lane: Lane::Transfer,
            summary: String::new(),
            left_out: Vec::new(),
            streams: vec![
                domain("shop", &[&["pay", "ask"], &["pack"]]),
                domain("bank", &[&["ask"]]),
            ],
            budgets: vec![256],
            primary: "ndcg@5".into(),
        }
    }

    #[test]
    fn a_pool_is_one_stream_in_which_everything_is_learnt_first() {
        let (pooled, out_of_reach) = suite().pooled(Pool::Pooled);
        assert_eq!((pooled.lane, out_of_reach), (Lane::Domains, 0));
        let [stream] = &pooled.streams[..] else {
            panic!("{:?}", pooled.streams);
        };
        let counts: Vec<usize> = stream
            .stages
            .iter()
            .map(|stage| stage.episodes.len())
            .collect();
        assert_eq!(counts, [3, 3]);
        assert!(stream.stages.iter().all(|stage| stage.shuffled));
        assert!(stream.episodes().all(|episode| episode.withheld.is_empty()));
        assert!(
            check(&pooled)
                .iter()
                .all(|one| one.severity == Severity::Warning)
        );
    }

    #[test]
    fn across_domains_a_task_draws_on_others_and_is_not_asked_for_what_none_has() {
        let (across, out_of_reach) = suite().pooled(Pool::CrossDomain);
        assert_eq!(out_of_reach, 1, "nobody else packs");
        let withheld: Vec<(&str, &[String])> = across
            .questions()
            .map(|(episode, _)| (episode.task.id.as_str(), &episode.withheld[..]))
            .collect();
        let shop = ["shop-0-0".to_owned(), "shop-1-0".to_owned()];
        let bank = ["bank-0-0".to_owned()];
        assert_eq!(withheld, [("shop-0", &shop[..]), ("bank-0", &bank[..])]);
        assert_eq!(across.attempts().count(), 3, "all is learnt");
        assert!(
            check(&across)
                .iter()
                .all(|one| one.severity == Severity::Warning)
        );
    }
}
