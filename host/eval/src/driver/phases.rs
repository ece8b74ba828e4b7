//! Calls by phase, and whether so many of them failed that the run says nothing of its strategy.
//!
//! A call that fails has said nothing, and nothing looks like a strategy that knows little. So a run of which more than
//! [`TOLERATED`] of any one phase failed has no result: it is not the strategy that was measured, but a model that did
//! not answer, a reply that nobody could read, a plugin that broke. Phases are counted apart, so that a hundred
//! retrievals that need no model do not hide the ten lessons that were lost; and so are a phase's model requests by
//! their purpose, because a strategy may swallow a fault and go on with less than its algorithm has.

use std::collections::BTreeMap;
use std::fmt;

use memhost::capability::ModelCall;

/// The largest share of a phase's calls, or of its model requests for one purpose, that may fail: what a few hiccups in
/// some hundred calls come to, after the retries of an endpoint. Each lost call moves a mean by at most its share, so
/// that this is well below what a comparison of the usual size can tell apart. One of 3 is too many, one of 500 is not.
pub const TOLERATED: f64 = 0.02;

/// The most purposes that are counted apart; a strategy names them as it likes.
const MOST_PURPOSES: usize = 100;
/// Under which all others are counted.
const OTHER_PURPOSES: &str = "(others)";

/// The phase in which an agent on a language model works, and a judge chooses among its runs.
pub(super) const ACT: &str = "act";

/// Calls of one phase: `retrieve`, `distill`, `update`, `evict`; `act`, where an agent runs on a language model;
/// `commit`, where writes that waited come into force.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PhaseCalls {
    /// Calls.
    pub calls: u64,
    /// Of these, calls that failed, or whose writes the store refused.
    pub failed: u64,
    /// What the first of them said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// What these calls asked of language models, by purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, Requests>,
    /// Why it is not called any more, where it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<GivenUp>,
}

/// Why a strategy was given up: its calls use up their limits.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GivenUp {
    /// How many calls did, one after the other.
    pub in_a_row: u64,
    /// What the last of them said.
    pub last: String,
}

/// Requests to language models, for one purpose.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Requests {
    /// How many were made.
    pub made: u64,
    /// Of these, requests that were not answered, whatever the strategy made of it.
    pub unanswered: u64,
    /// What the first of them was answered instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
}

impl PhaseCalls {
    /// Books what a call asked of models.
    pub(super) fn asked(&mut self, calls: &[ModelCall]) {
        for call in calls {
            let requests = by_purpose(&mut self.requests, &call.purpose);
            requests.made += 1;
            if !call.answered {
                requests.unanswered += 1;
                if requests.first.is_none() {
                    requests.first.clone_from(&call.fault);
                }
            }
        }
    }

    /// Books a call's failure.
    pub(super) fn failed(&mut self, text: &str) {
        self.failed += 1;
        self.first.get_or_insert_with(|| first_line(text));
    }
}

/// What is counted under a purpose, or, once there are too many, under all others.
pub(super) fn by_purpose<'a, V: Default>(
    all: &'a mut BTreeMap<String, V>,
    purpose: &str,
) -> &'a mut V {
    let purpose = match all.len() < MOST_PURPOSES || all.contains_key(purpose) {
        true => purpose,
        false => OTHER_PURPOSES,
    };
    all.entry(purpose.to_owned()).or_default()
}

/// The first line of a text; traps come with a backtrace.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Where too much failed: the part of a run that makes it say nothing.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Broken {
    /// Which phase; empty where a file is too old to know.
    pub phase: String,
    /// What a language model was asked for; `None` where the calls themselves failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// How many failed.
    pub failed: u64,
    /// How many there were.
    pub of: u64,
    /// What the first one said; empty if it said nothing.
    pub first: String,
    /// Whether the strategy was given up, because so many in a row used up their limits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unfit: bool,
}

impl Broken {
    /// The part of these phases that failed most, if that is more than is tolerated.
    pub(super) fn of(phases: &BTreeMap<String, PhaseCalls>) -> Option<Broken> {
        let unfit = phases.iter().find_map(|(phase, calls)| {
            let GivenUp { in_a_row, last } = calls.unfit.as_ref()?;
            Some(Broken {
                phase: phase.clone(),
                purpose: None,
                failed: *in_a_row,
                of: *in_a_row,
                first: first_line(last),
                unfit: true,
            })
        });
        if unfit.is_some() {
            return unfit;
        }
        let parts = phases.iter().flat_map(|(phase, calls)| parts(phase, calls));
        let broken = parts.filter(|part| part.share() > TOLERATED);
        // The first of equals: that calls failed says more than that their requests were not answered.
        broken.reduce(|worst, part| match part.share() > worst.share() {
            true => part,
            false => worst,
        })
    }

    /// All calls together, for files that know no phases.
    pub(super) fn of_all(failures: &[String], calls: u64) -> Option<Broken> {
        let broken = Broken {
            phase: String::new(),
            purpose: None,
            failed: failures.len() as u64,
            of: calls,
            first: first_line(failures.first()?),
            unfit: false,
        };
        (broken.share() > TOLERATED).then_some(broken)
    }

    /// The same of several runs together, the worst of which it is of.
    pub fn over(self, runs: &[&BTreeMap<String, PhaseCalls>]) -> Broken {
        if self.unfit {
            return self;
        }
        let same = |part: &Broken| part.phase == self.phase && part.purpose == self.purpose;
        let all = runs.iter().flat_map(|phases| phases.iter());
        let all: Vec<Broken> = all
            .flat_map(|(phase, calls)| parts(phase, calls))
            .filter(same)
            .collect();
        match all.is_empty() {
            true => self,
            false => Broken {
                failed: all.iter().map(|part| part.failed).sum(),
                of: all.iter().map(|part| part.of).sum(),
                ..self
            },
        }
    }

    /// Which share failed.
    pub fn share(&self) -> f64 {
        self.failed as f64 / self.of.max(1) as f64
    }
}

/// Everything of a phase that may fail, each by itself.
fn parts(phase: &str, calls: &PhaseCalls) -> impl Iterator<Item = Broken> {
    let own = Broken {
        phase: phase.to_owned(),
        purpose: None,
        failed: calls.failed,
        of: calls.calls,
        first: calls.first.clone().unwrap_or_default(),
        unfit: false,
    };
    let requests = calls
        .requests
        .iter()
        .map(move |(purpose, requests)| Broken {
            phase: phase.to_owned(),
            purpose: Some(purpose.clone()),
            failed: requests.unanswered,
            of: requests.made,
            first: requests.first.clone().unwrap_or_default(),
            unfit: false,
        });
    std::iter::once(own).chain(requests)
}

/// `318 of 318 distill calls failed: …`
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken {
            phase,
            purpose,
            failed,
            of,
            first,
            unfit,
        } = self;
        match purpose {
            _ if *unfit => write!(
                f,
                "given up as unfit, because {failed} {phase} calls in a row used up their limits"
            )?,
            None if phase.is_empty() => write!(f, "{failed} of {of} calls failed")?,
            None => write!(f, "{failed} of {of} {phase} calls failed")?,
            Some(purpose) => write!(
                f,
                "{failed} of {of} requests of {phase} to a language model, for `{purpose}`, were not answered"
            )?,
        }
        match first.is_empty() {
            true => Ok(()),
            false => write!(f, ": {first}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(calls: u64, failed: u64, requests: &[(&str, u64, u64)]) -> PhaseCalls {
        let requests = requests.iter().map(|(purpose, made, unanswered)| {
            let requests = Requests {
                made: *made,
                unanswered: *unanswered,
                first: (*unanswered > 0).then(|| "no reply".to_owned()),
            };
            ((*purpose).to_owned(), requests)
        });
        PhaseCalls {
            calls,
            failed,
            first: (failed > 0).then(|| "it fell over".to_owned()),
            requests: requests.collect(),
            unfit: None,
        }
    }

    fn told(phases: &[(&str, PhaseCalls)]) -> Option<String> {
        let phases = phases
            .iter()
            .map(|(name, calls)| ((*name).to_owned(), calls.clone()));
        Broken::of(&phases.collect()).map(|broken| broken.to_string())
    }

    #[test]
    fn a_run_is_broken_by_the_share_of_one_phase_that_failed() {
        for (calls, failed, broken) in [
            (3, 1, true),
            (1, 1, true),
            (40, 1, true),
            (50, 1, false),
            (500, 1, false),
            (500, 10, false),
            (500, 11, true),
            (500, 500, true),
            (500, 0, false),
            (0, 0, false),
        ] {
            let told = told(&[("distill", phase(calls, failed, &[]))]);
            assert_eq!(told.is_some(), broken, "{failed} of {calls}: {told:?}");
        }
    }

    #[test]
    fn failures_do_not_hide_among_calls_that_need_no_model() {
        assert_eq!(
            told(&[
                ("distill", phase(10, 1, &[])),
                ("retrieve", phase(10_000, 0, &[])),
            ]),
            Some("1 of 10 distill calls failed: it fell over".to_owned())
        );
        // Every tenth call of the phase asks a model, and of two purposes one is never served; the strategy says
        // nothing.
        assert_eq!(
            told(&[(
                "update",
                phase(1_000, 0, &[("judge", 1_000, 0), ("reflect", 10, 10)])
            )]),
            Some(
                "10 of 10 requests of update to a language model, for `reflect`, were not answered: no reply"
                    .to_owned()
            )
        );
        assert_eq!(
            told(&[("update", phase(1_000, 0, &[("judge", 1_000, 20)]))]),
            None
        );
    }

    #[test]
    fn the_worst_part_is_told_and_calls_before_their_requests() {
        assert_eq!(
            told(&[
                ("distill", phase(4, 4, &[("extract", 4, 4)])),
                ("evict", phase(10, 5, &[])),
            ]),
            Some("4 of 4 distill calls failed: it fell over".to_owned())
        );
    }

    #[test]
    fn whoever_was_given_up_is_said_to_be_unfit_whatever_else_failed() {
        let mut slow = phase(40, 3, &[]);
        slow.unfit = Some(GivenUp {
            in_a_row: 3,
            last: "it did not return within 5 ms\nat line 3".to_owned(),
        });
        let words = "given up as unfit, because 3 retrieve calls in a row used up their limits: it did not return \
                     within 5 ms";
        let phases = [("distill", phase(4, 4, &[])), ("retrieve", slow)];
        assert_eq!(told(&phases).as_deref(), Some(words));
        let phases: BTreeMap<_, _> = phases.map(|(name, calls)| (name.to_owned(), calls)).into();
        let over = Broken::of(&phases).unwrap().over(&[&phases, &phases]);
        assert_eq!(over.to_string(), words);
    }

    #[test]
    fn several_runs_are_counted_together() {
        let good = BTreeMap::from([("distill".to_owned(), phase(100, 0, &[]))]);
        let bad = BTreeMap::from([("distill".to_owned(), phase(100, 10, &[]))]);
        let broken = Broken::of(&bad).unwrap().over(&[&good, &bad]);
        assert_eq!(
            broken.to_string(),
            "10 of 200 distill calls failed: it fell over"
        );
    }

    #[test]
    fn files_without_phases_are_judged_by_all_calls() {
        let failures = vec!["it fell over\n  at line 3".to_owned()];
        assert_eq!(Broken::of_all(&failures, 100), None);
        let broken = Broken::of_all(&failures, 10).unwrap();
        assert_eq!(broken.to_string(), "1 of 10 calls failed: it fell over");
        assert_eq!(Broken::of_all(&[], 0), None);
    }
}
