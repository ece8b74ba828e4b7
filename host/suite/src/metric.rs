//! The metrics: of a ranking, and over the tasks of a suite.

use std::collections::BTreeMap;

use super::question::MOST_TRIES;
use super::{Lane, Question, Suite};

/// Metric → value for one task. A metric that does not apply is absent.
pub type Scores = BTreeMap<String, f64>;

/// What was read off the neighbours of one task: the mean success of the attempts that were retrieved.
pub(super) const PREDICTED_SUCCESS: &str = "predicted-success";
/// Whether the task's own recorded attempts succeeded, 1 or 0.
pub(super) const SUCCEEDED: &str = "succeeded";
/// Area under the ROC curve of the first against the second, over tasks.
pub(super) const OUTCOME_AUC: &str = "outcome-auc";

/// What metrics of answers within a budget begin with.
const ANSWER: &str = "answer@";
/// What metrics of all the evidence within a budget begin with.
const PIECES: &str = "pieces@";
/// Depths at which all the evidence is looked for among the receipt's sources, where an answer takes several pieces.
pub(super) const DEPTHS: [usize; 3] = [2, 5, 10];
/// Whether nothing was handed out where nothing is known.
pub(super) const ABSTAINED: &str = "abstained";
/// Metrics of the three kinds of question, besides the answers themselves; see [`super::Reader`].
const EVIDENCE: [&str; 5] = ["hit@1", "hit@5", "ndcg@10", "recall@10", "all-evidence@10"];
const KIND: [&str; 2] = ["hit@1", "recall@5"];
const TOOLS: [&str; 3] = ["ndcg@5", "f1@1", "guidance-f1"];
const STEPS: [&str; 2] = ["next@1", "next@3"];
const KEEP: [&str; 2] = ["kept", "all-kept"];
/// What metrics of how many are solved within so many tries begin with.
const SOLVED: &str = "solved@";
/// The mean score over the tries, where what is solved stays so.
pub(super) const AREA: &str = "area";
const ROUTE: [&str; 2] = ["success", "regret"];
const DISCOVER: [&str; 7] = [
    "coverage@5",
    "coverage@10",
    "coverage@20",
    "f1@5",
    "f1@10",
    "f1@20",
    "grounded@10",
];
/// How often a model that acts is right: the mean of its checked answers over the runs of a task.
pub const SCORE: &str = "score";
/// Of several runs of a task, how right the one is that a judge takes for the best.
pub const BEST_OF_N: &str = "best-of-n";
/// What the last try scores, where a task that was failed is tried again.
pub const AFTER_RETRIES: &str = "after-retries";
const BRIER: &str = "brier";
const MARKET_BRIER: &str = "market-brier";

/// Whether less is better.
pub fn lower_is_better(metric: &str) -> bool {
    [BRIER, MARKET_BRIER, "regret"].contains(&metric)
}

/// Whether a score counts as a task solved: a success as the readers count one, a forecast on the right side of even,
/// the best agent sent.
pub fn is_solved(metric: &str, score: f64) -> bool {
    match metric {
        BRIER | MARKET_BRIER => score < 0.25,
        "regret" => score <= 0.0,
        _ => super::success::succeeded(score),
    }
}

/// Whether a metric has a value for a single question.
pub fn is_per_question(metric: &str) -> bool {
    metric != OUTCOME_AUC
}

/// Why questions that are scored say nothing about a metric of their lane: what is true of all of them.
pub fn why_left_out(lane: Lane, metric: &str) -> &'static str {
    match (lane, metric) {
        (_, SCORE | BEST_OF_N) => "no program can check their answers, or their agent failed",
        (_, AFTER_RETRIES) => "it is not known how any try at them went",
        (Lane::Evidence | Lane::Hops, metric) if metric.starts_with(ANSWER) => {
            "no accepted answer to them is known, or none stands in anything that could be drawn on"
        }
        (Lane::Hops, metric) if metric.starts_with(PIECES) => {
            "nothing answers them, or some piece of their evidence could not be drawn on"
        }
        (Lane::Hops, ABSTAINED) => "they have an answer, which is to be found",
        (Lane::Evidence | Lane::Hops, _) => {
            "no place that is known to hold their answer could be drawn on"
        }
        (Lane::Transfer | Lane::Domains, "hit@1" | "recall@5") => {
            "no attempt of their kind could be drawn on"
        }
        (Lane::Transfer | Lane::Domains, _) => "no attempt could be drawn on",
        (Lane::Forecast, BRIER) => {
            "a market has a price for them, so that they count for `market-brier`"
        }
        (Lane::Forecast, MARKET_BRIER) => {
            "no market has a price for them, so that they count for `brier`"
        }
        (Lane::Steps, _) => "no attempt could be drawn on",
        (
            Lane::Routing
            | Lane::Forecast
            | Lane::Discovery
            | Lane::Attempts
            | Lane::Compaction
            | Lane::Retry,
            _,
        ) => "they say nothing about it",
    }
}

/// A metric over tasks: the mean over those that it applies to, except for `outcome-auc`, which only exists
/// over several. `None` if it applies to none.
pub fn aggregate(metric: &str, tasks: &[&Scores]) -> Option<f64> {
    if metric == OUTCOME_AUC {
        let cases: Vec<(f64, bool)> = tasks
            .iter()
            .filter_map(|scores| {
                Some((
                    *scores.get(PREDICTED_SUCCESS)?,
                    *scores.get(SUCCEEDED)? > 0.5,
                ))
            })
            .collect();
        return area_under_curve(cases);
    }
    mean(
        tasks
            .iter()
            .filter_map(|scores| scores.get(metric).copied()),
    )
}

/// The mean; `None` of nothing.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

impl Suite {
    /// The same suite for a language model that acts: reported by how right its answers are, or, where several
    /// problems are hidden, by how many it finds.
    pub fn for_a_model(mut self) -> Suite {
        if self.lane != Lane::Discovery {
            self.primary = SCORE.into();
        }
        self
    }

    /// The metrics that the suite is reported by, the primary one first.
    pub fn metrics(&self) -> Vec<String> {
        let others = self.measurable();
        let others = others.into_iter().filter(|metric| *metric != self.primary);
        std::iter::once(self.primary.clone())
            .chain(others)
            .collect()
    }

    /// Every metric that applies to some question of the suite.
    pub(super) fn measurable(&self) -> Vec<String> {
        let asks =
            |kind: fn(&Question) -> bool| self.questions().any(|(_, question)| kind(question));
        let mut metrics: Vec<String> = Vec::new();
        if self.primary == SCORE {
            return vec![SCORE.into(), BEST_OF_N.into()];
        }
        if asks(|question| matches!(question, Question::Evidence { .. })) {
            let asks_for_pieces = asks(
                |question| matches!(question, Question::Evidence { pieces, .. } if !pieces.is_empty()),
            );
            if asks_for_pieces {
                metrics.extend(self.budgets.iter().copied().map(pieces_within));
            }
            metrics.extend(self.budgets.iter().copied().map(answer_within));
            metrics.extend(EVIDENCE.map(String::from));
            if asks_for_pieces {
                let others = DEPTHS.map(all_evidence).into_iter();
                metrics.extend(others.filter(|metric| !EVIDENCE.contains(&metric.as_str())));
            }
        }
        if asks(|question| matches!(question, Question::Unanswerable)) {
            metrics.push(ABSTAINED.into());
        }
        if asks(|question| matches!(question, Question::Kind { .. })) {
            metrics.extend(KIND.map(String::from));
        }
        if asks(|question| matches!(question, Question::Tools { .. })) {
            metrics.extend(TOOLS.map(String::from));
        }
        if asks(|question| matches!(question, Question::NextTool { .. })) {
            metrics.extend(STEPS.map(String::from));
        }
        if asks(|question| matches!(question, Question::Keep { .. })) {
            metrics.extend(KEEP.map(String::from));
        }
        let tries = self.questions().filter_map(|(_, question)| match question {
            Question::Assign { tries, .. } => Some(*tries),
            _ => None,
        });
        if let Some(tries) = tries.max() {
            metrics.extend((1..=tries.min(MOST_TRIES)).map(solved_within));
            metrics.push(AREA.into());
        }
        if asks(|question| matches!(question, Question::Route { .. })) {
            metrics.extend(ROUTE.map(String::from));
        }
        if asks(|question| matches!(question, Question::Forecast { market: None, .. })) {
            metrics.push(BRIER.into());
        }
        if asks(|question| {
            matches!(
                question,
                Question::Forecast {
                    market: Some(_),
                    ..
                }
            )
        }) {
            metrics.push(MARKET_BRIER.into());
        }
        if asks(|question| matches!(question, Question::Discover { .. })) {
            metrics.extend(DISCOVER.map(String::from));
        }
        if self.outcomes_vary() {
            metrics.push(OUTCOME_AUC.into());
        }
        metrics
    }

    /// The budget that the primary metric names (`answer@256`), or the last: rankings are read off its receipt.
    pub fn primary_budget(&self) -> Option<u32> {
        let named = [ANSWER, PIECES]
            .iter()
            .find_map(|metric| self.primary.strip_prefix(metric))
            .and_then(|budget| budget.parse().ok());
        named.or_else(|| self.budgets.last().copied())
    }

    /// Whether some asked tasks are known to have succeeded and others to have failed.
    fn outcomes_vary(&self) -> bool {
        if !matches!(self.lane, Lane::Transfer | Lane::Domains) {
            return false;
        }
        let mut verdicts = self
            .episodes()
            .flat_map(|(_, episode)| &episode.attempts)
            .filter_map(super::success::success)
            .map(super::success::succeeded);
        let first = verdicts.next();
        verdicts.any(|verdict| Some(verdict) != first)
    }
}

/// The name of the metric: does an accepted answer stand in the guidance of this many tokens?
pub(super) fn answer_within(budget: u32) -> String {
    format!("{ANSWER}{budget}")
}

/// The name of the metric: do all pieces of evidence stand in the guidance of this many tokens?
pub(super) fn pieces_within(budget: u32) -> String {
    format!("{PIECES}{budget}")
}

/// The name of the metric: is the task solved within so many tries?
pub(super) fn solved_within(tries: u32) -> String {
    format!("{SOLVED}{tries}")
}

/// The name of the metric: is all the evidence among so many sources of the receipt?
pub(super) fn all_evidence(depth: usize) -> String {
    format!("all-evidence@{depth}")
}

/// Normalised discounted cumulative gain of a ranking cut at `depth`, given the gains of what was ranked, in
/// order, and of everything that could have been.
pub(super) fn ndcg(ranked: impl Iterator<Item = f64>, available: Vec<f64>, depth: usize) -> f64 {
    let ideal = {
        let mut best = available;
        best.sort_by(|a, b| b.total_cmp(a));
        discounted(best.into_iter(), depth)
    };
    if ideal > 0.0 {
        discounted(ranked, depth) / ideal
    } else {
        0.0
    }
}

fn discounted(gains: impl Iterator<Item = f64>, depth: usize) -> f64 {
    gains
        .take(depth)
        .zip(2u32..)
        .map(|(gain, place)| gain / f64::from(place).log2())
        .sum()
}

/// The chance that a success is predicted above a failure, ties counting half (Mann and Whitney's U).
fn area_under_curve(mut cases: Vec<(f64, bool)>) -> Option<f64> {
    let successes = cases.iter().filter(|(_, succeeded)| *succeeded).count() as f64;
    let failures = cases.len() as f64 - successes;
    if successes == 0.0 || failures == 0.0 {
        return None;
    }
    cases.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut ranks_of_successes = 0.0;
    let mut below = 0.0;
    for tied in cases.chunk_by(|(a, _), (b, _)| a == b) {
        let rank = below + (tied.len() as f64 + 1.0) / 2.0;
        ranks_of_successes += rank * tied.iter().filter(|(_, succeeded)| *succeeded).count() as f64;
        below += tied.len() as f64;
    }
    Some((ranks_of_successes - successes * (successes + 1.0) / 2.0) / (successes * failures))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(predicted: f64, succeeded: f64) -> Scores {
        Scores::from([
            (PREDICTED_SUCCESS.into(), predicted),
            (SUCCEEDED.into(), succeeded),
        ])
    }

    #[test]
    fn auc_counts_pairs_and_halves_ties() {
        let tasks = [
            outcome(0.9, 1.0),
            outcome(0.5, 1.0),
            outcome(0.5, 0.0),
            outcome(0.1, 0.0),
        ];
        let all: Vec<&Scores> = tasks.iter().collect();
        assert_eq!(aggregate(OUTCOME_AUC, &all), Some(3.5 / 4.0));
        assert_eq!(aggregate(OUTCOME_AUC, &all[..2]), None);
    }

    #[test]
    fn a_mean_is_taken_over_the_tasks_that_it_applies_to() {
        let tasks = [
            Scores::from([("hit@1".into(), 1.0)]),
            Scores::new(),
            Scores::from([("hit@1".into(), 0.0)]),
        ];
        let all: Vec<&Scores> = tasks.iter().collect();
        assert_eq!(aggregate("hit@1", &all), Some(0.5));
        assert_eq!(aggregate("hit@5", &all), None);
    }

    #[test]
    fn ndcg_follows_jarvelin_and_kekalainen() {
        let gains = [3.0, 0.0, 1.0];
        let value = ndcg(gains.into_iter(), vec![1.0, 3.0, 2.0, 0.0], 3);
        let ideal = 3.0 + 2.0 / 3f64.log2() + 0.5;
        assert!((value - 3.5 / ideal).abs() < 1e-12);
        assert_eq!(ndcg([].into_iter(), vec![], 5), 0.0);
    }
}
