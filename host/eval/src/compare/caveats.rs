//! What a reader must know before believing a number: printed under every table.

use memhost::model::Mended;
use memhost_suite as suite;

use super::key::Conditions;
use super::plan_text::plan_text;
use super::report::number::{count, plural, score};
use super::result::{Clash, StrategyResult, SuiteResult};
use super::statistics::{FEW_GROUPS, FEW_SEEDS};
use super::{Design, ListedStrategy, ListedSuite, label};
use crate::driver::Told;

/// The caveats of one suite's results, most general first.
pub fn of(suite: &ListedSuite, result: &SuiteResult, design: &Design) -> Vec<String> {
    let mut caveats = design.model_caveats.clone();
    caveats.extend(
        suite
            .left_out
            .iter()
            .map(|what| format!("left out of the data: {what}")),
    );
    if !design.model_caveats.is_empty() || has_no_model(&design.conditions) {
        caveats.extend(suite.strategies.iter().flat_map(degraded));
    }
    caveats.extend(about_embedder(suite, design));
    caveats.extend(about_conditions(&design.conditions, suite));
    let plugins = || suite.strategies.iter().filter(|s| !s.floor);
    caveats.extend(differing_plans(plugins().collect()));
    caveats.extend(plugins().flat_map(|strategy| {
        let name = strategy.label();
        let deviations = strategy.deviations.iter();
        deviations.map(move |deviation| format!("{name}: {deviation}"))
    }));
    caveats.extend(about_results(result));
    caveats
}

/// Those that follow from the results alone.
pub fn about_results(result: &SuiteResult) -> Vec<String> {
    let least = distilled_at_least(result);
    let strategies = result.strategies.iter();
    let strategies = strategies.flat_map(|strategy| about_strategy(strategy, least));
    about_first(result)
        .into_iter()
        .chain(about_scope(result))
        .chain(about_intervals(result))
        .chain(about_clashes(result))
        .chain(about_luck(result))
        .chain(strategies)
        .collect()
}

fn has_no_model(conditions: &Conditions) -> bool {
    conditions.models.values().any(|model| model == "none")
}

/// What is not as usual in how the work comes.
fn about_conditions(conditions: &Conditions, suite: &ListedSuite) -> Vec<String> {
    let order = match suite.unrecorded {
        true => Some(
            "no task that may be shuffled has a record of how often it was solved: the order is the usual one, neither \
             easy nor hard first",
        ),
        false => conditions.order.caveat(),
    };
    let told = match conditions.told {
        Told::All => None,
        Told::Successes => Some(
            "strategies are not told of failures: those that learn from them are not what they are elsewhere",
        ),
    };
    let caveats = order.into_iter().chain(told);
    caveats.map(str::to_owned).collect()
}

/// The floor that searches by meaning alone.
const DENSE: &str = "dense";

/// It concerns whoever may search by meaning: the floor `dense`, and any plugin.
fn about_embedder(suite: &ListedSuite, design: &Design) -> Option<String> {
    let may_search = |strategy: &ListedStrategy| !strategy.floor || strategy.name == DENSE;
    let caveat = design.embedder_caveat.clone();
    caveat.filter(|_| suite.strategies.iter().any(may_search))
}

fn degraded(strategy: &ListedStrategy) -> impl Iterator<Item = String> {
    let name = strategy.label();
    strategy
        .degraded
        .iter()
        .map(move |how| format!("{name}: {how}"))
}

/// Strategies that are told different things, or at other moments, cannot be compared silently.
fn differing_plans(plugins: Vec<&ListedStrategy>) -> Option<String> {
    let first = plan_text(&plugins.first()?.plan);
    if plugins.iter().all(|s| plan_text(&s.plan) == first) {
        return None;
    }
    let each: Vec<String> = plugins
        .iter()
        .map(|s| format!("{} {}", s.label(), plan_text(&s.plan)))
        .collect();
    Some(format!(
        "the strategies do not run under the same conditions: {}",
        each.join("; ")
    ))
}

/// Differences are to the first plugin.
fn about_first(result: &SuiteResult) -> Option<String> {
    let first = result.strategies.first()?;
    first.broken.as_ref()?;
    let name = label(&first.strategy, first.floor);
    Some(format!(
        "there are no differences to {name}, because it has no result; name another plugin first to have them"
    ))
}

/// Which questions say nothing about which metrics, and why. Metrics that leave out as many for the same reason are
/// told together.
fn about_scope(result: &SuiteResult) -> Vec<String> {
    let mut scope: Vec<(usize, &str, Vec<&str>)> = Vec::new();
    // In the suite's order, the primary one first.
    for metric in &result.metrics {
        let Some(measured) = result.measured.get(metric) else {
            continue;
        };
        let why = suite::why_left_out(result.lane, metric);
        let same = |one: &&mut (usize, &str, Vec<&str>)| (one.0, one.1) == (*measured, why);
        match scope.iter_mut().find(same) {
            Some((_, _, metrics)) => metrics.push(metric),
            None => scope.push((*measured, why, vec![metric])),
        }
    }
    let warm_up = result.questions.saturating_sub(result.scored);
    let of_warm_up = (warm_up > 0 && !result.measured.is_empty()).then(|| {
        format!(
            "{} of {} are of a warm-up: asked, and not scored",
            count(warm_up as f64),
            plural(result.questions, "question", "questions")
        )
    });
    let partial = scope
        .into_iter()
        .filter(|(measured, ..)| *measured < result.scored);
    let told = partial.map(|(measured, why, metrics)| {
        left_out(&metrics.join(", "), measured, result.scored, why)
    });
    of_warm_up.into_iter().chain(told).collect()
}

fn left_out(metrics: &str, measured: usize, scored: usize, why: &str) -> String {
    let all = plural(scored, "question", "questions");
    let which = match (scored.saturating_sub(measured), measured) {
        (1, 0) => "its 1 question is".to_owned(),
        (_, 0) => format!("all {all} are"),
        (1, _) => format!("1 of {all} is"),
        (out, _) => format!("{} of {all} are", count(out as f64)),
    };
    format!("{metrics}: {which} left out, because {why}")
}

/// Why nothing at all was measured in the metric that a suite is reported by; `None` if something was, or nothing was
/// run, or everybody failed.
pub(super) fn unmeasured(result: &SuiteResult) -> Option<String> {
    let measured = *result.measured.get(&result.primary)?;
    let why = suite::why_left_out(result.lane, &result.primary);
    (measured == 0).then(|| left_out(&result.primary, 0, result.scored, why))
}

/// Intervals and p come from different methods, and do not always agree.
fn about_clashes(result: &SuiteResult) -> Vec<String> {
    let pairs = |clash| -> Vec<String> {
        let pairs = result
            .pairs
            .iter()
            .filter(|pair| pair.clash() == Some(clash));
        pairs
            .map(|pair| format!("{} and {}", pair.ours, pair.theirs))
            .collect()
    };
    let all = plural(result.pairs.len(), "pair", "pairs");
    let p_decides = pairs(Clash::PDecides);
    let interval_decides = pairs(Clash::IntervalDecides);
    let p_decides = (!p_decides.is_empty()).then(|| format!(
        "the interval of the difference leaves 0 out and p after correction is above .05 for {}: p decides, for an interval \
         is of its pair alone, and p allows for {all}",
        some_of(&p_decides)
    ));
    let interval_decides = (!interval_decides.is_empty()).then(|| format!(
        "p after correction is not above .05 and the interval of the difference includes 0 for {}: the interval decides, for \
         chance is ruled out where both rule it out",
        some_of(&interval_decides)
    ));
    p_decides.into_iter().chain(interval_decides).collect()
}

/// The first few, and how many more there are.
fn some_of(names: &[String]) -> String {
    const NAMED: usize = 3;
    let first: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    match names.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}

fn about_intervals(result: &SuiteResult) -> Option<String> {
    let estimates = || result.strategies.iter().filter_map(|s| s.quality);
    let groups = estimates().map(|estimate| estimate.groups).max()?;
    if groups == 1 {
        return Some(
            "no intervals: all questions are of one group, which says nothing about others"
                .to_owned(),
        );
    }
    if groups < FEW_GROUPS {
        return Some(format!(
            "there are only {groups} groups of questions: intervals and tests of so few are rough"
        ));
    }
    let without_width: Vec<String> = result
        .strategies
        .iter()
        .filter(|s| {
            !s.floor
                && s.quality
                    .and_then(|estimate| estimate.interval)
                    .is_some_and(|interval| interval.low == interval.high)
        })
        .map(|s| label(&s.strategy, s.floor))
        .collect();
    (!without_width.is_empty()).then(|| {
        format!(
            "every question scored the same with {}: its interval has no width, which is not certainty",
            without_width.join(", ")
        )
    })
}

/// One run's luck touches all that follows, and only runs under other seeds show how much.
fn about_luck(result: &SuiteResult) -> Option<String> {
    match result.strategies.iter().map(|strategy| strategy.seeds).max()? {
        0 => None,
        1 => Some(
            "one seed: a strategy's luck in what it meets and draws first can touch all its questions, and does not \
             show in one run; intervals and tests allow for it with several --seeds only"
                .to_owned(),
        ),
        seeds if seeds < FEW_SEEDS => Some(format!(
            "only {seeds} seeds: how far a strategy's runs differ by luck is hardly known from so few, and where they \
             differ, intervals are wide and p is large accordingly; {FEW_SEEDS} --seeds or more find smaller differences"
        )),
        _ => None,
    }
}

/// Runs per question that whoever learns from fewest was told of: what the suite tells everybody.
fn distilled_at_least(result: &SuiteResult) -> f64 {
    let costs = result.strategies.iter().filter_map(|s| s.costs.as_ref());
    let distilled = costs.map(|costs| costs.distilled_per_task);
    distilled.fold(f64::INFINITY, f64::min)
}

fn about_strategy(strategy: &StrategyResult, distilled_at_least: f64) -> Vec<String> {
    let name = label(&strategy.strategy, strategy.floor);
    let mut caveats = Vec::new();
    if let Some(broken) = &strategy.broken {
        let told = format!(
            "{name} has no result: {broken}; with so much missing, a score would be of what failed, and not of the strategy"
        );
        // What was mended may say why; whatever else it did or did not do does not matter beside that.
        return [vec![told], about_replies(&name, strategy)].concat();
    }
    if let Some(failures) = &strategy.failures {
        caveats.push(format!(
            "{name}: {} of {} calls failed; a strategy that fails has said nothing, a question whose agent fails has no \
             score; the first: {}",
            count(failures.failed as f64),
            count(failures.calls as f64),
            first_line(&failures.first)
        ));
    }
    if strategy.no_numbers > 0 {
        caveats.push(format!(
            "{name}: {} scores are no numbers, and were left out",
            count(strategy.no_numbers as f64)
        ));
    }
    for reason in &strategy.failed_runs {
        caveats.push(format!("{name}: no result with {reason}"));
    }
    caveats.extend(about_replies(&name, strategy));
    if let Some(costs) = &strategy.costs {
        if costs.untried > 0.0 {
            caveats.push(format!(
                "{name}: {} memories per run were to be tried before they are kept, and dropped: no other task of \
                 their kind was known yet",
                score(costs.untried)
            ));
        }
        if costs.runs_per_task > 1.0 {
            caveats.push(format!(
                "{name}: {} runs of an agent per question",
                score(costs.runs_per_task)
            ));
        }
        if costs.distilled_per_task > distilled_at_least.max(1.0) {
            caveats.push(format!(
                "{name}: learnt from {} runs of agents per question",
                score(costs.distilled_per_task)
            ));
        }
        if costs.tokens_per_question == 0.0 && !strategy.floor {
            caveats.push(format!(
                "{name}: handed over no text for any question at the budget that is ranked by: an agent would have read \
                 nothing of it"
            ));
        }
        if costs.cut > 0.0 {
            caveats.push(format!(
                "{name}: guidance was longer than its budget and was cut by the host, {} times per run",
                count(costs.cut)
            ));
        }
        if costs.cut_texts > 0.0 {
            caveats.push(format!(
                "{name}: texts that were longer than the embedder or the store takes were cut, {} per run",
                count(costs.cut_texts)
            ));
        }
        if costs.evicted_by_host > 0.0 {
            caveats.push(format!(
                "{name}: the host evicted {} memories per run, which the strategy did not choose",
                count(costs.evicted_by_host)
            ));
        }
    }
    caveats
}

/// What was done so that replies of models could be used.
fn about_replies(name: &str, strategy: &StrategyResult) -> Vec<String> {
    let mut mended = Mended::default();
    for cost in strategy.model.values() {
        mended.add(&cost.mended);
    }
    let calls = count(strategy.model.values().map(|cost| cost.calls).sum::<u64>() as f64);
    let list = |of_reply: bool| {
        let how = mended
            .how
            .iter()
            .filter(|(mend, _)| mend.is_of_reply() == of_reply);
        let how: Vec<String> = how
            .map(|(mend, times)| format!("{} {}", count(*times as f64), mend.what()))
            .collect();
        how.join(", ")
    };
    let replies = (mended.replies > 0).then(|| {
        let mended = count(mended.replies as f64);
        format!(
            "{name}: {mended} of {calls} replies of models were mended: {}",
            list(true)
        )
    });
    let requests = list(false);
    let requests = (!requests.is_empty()).then(|| {
        format!("{name}: what the endpoint does not take or tell was done without, in {calls} requests: {requests}")
    });
    replies.into_iter().chain(requests).collect()
}

/// The first line of a text; traps come with a backtrace.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::compare::{Contestant, testing};
    use crate::driver::{ModelCost, TaskOrder};
    use memhost::contract::{Agent, Attempt, Labels, Outcome, Plan, Trigger};
    use memhost::embedding::{Builtin, Embedder as _};
    use memhost::model::Mend;

    const REAL: &str = "openai:gpt-4.1-mini";

    fn told(contestants: Vec<Contestant>, model: &str, caveats: &[&str]) -> Vec<String> {
        let mut comparison = testing::comparison(1);
        comparison.contests[0].contestants = contestants;
        let mut conditions = testing::conditions();
        conditions
            .models
            .insert("agent".to_owned(), model.to_owned());
        let caveats = caveats.iter().map(|&caveat| caveat.to_owned()).collect();
        let design = Design::of(&comparison, &conditions, caveats);
        let mut result = crate::compare::summary::tests::report().suites.remove(0);
        result.strategies.clear();
        of(&design.suites[0], &result, &design)
    }

    fn degrading() -> Contestant {
        Contestant {
            strategy: Arc::new(testing::Named::new("rb", &["judges by the outcome"])),
            ..testing::contestant("rb", false)
        }
    }

    #[test]
    fn what_is_no_language_model_is_said_with_how_strategies_run_without_one() {
        let caveat = "extractive: is not a language model";
        assert_eq!(
            told(vec![degrading()], "extractive", &[caveat]),
            [
                "extractive: is not a language model",
                "rb: judges by the outcome"
            ]
        );
        assert_eq!(
            told(vec![degrading()], "none", &[]),
            ["rb: judges by the outcome"]
        );
        assert!(told(vec![degrading()], REAL, &[]).is_empty());
    }

    #[test]
    fn strategies_that_are_told_different_outcomes_are_not_compared_silently() {
        let mut judge = testing::contestant("rb", false);
        judge.plan = testing::plan(Labels::SelfJudged);
        assert_eq!(
            told(
                vec![testing::contestant("rag", false), judge.clone()],
                REAL,
                &[]
            ),
            [
                "the strategies do not run under the same conditions: \
                 rag learns as it goes and is told whatever outcomes there are; \
                 rb learns as it goes and is told no outcomes",
                "rb: what it judges are recorded runs, not its own agent's"
            ]
        );
        judge.floor = true;
        assert!(told(vec![testing::contestant("rag", false), judge], REAL, &[]).is_empty());
    }

    #[test]
    fn a_strategy_that_is_asked_at_other_moments_is_not_compared_silently() {
        let mut asked = testing::contestant("rb", false);
        asked.plan = Plan {
            moments: vec![Trigger::EverySteps(1)],
            ..Plan::streaming()
        };
        assert_eq!(
            told(vec![testing::contestant("rag", false), asked], REAL, &[]),
            [
                "the strategies do not run under the same conditions: \
              rag learns as it goes and is told whatever outcomes there are; \
              rb learns as it goes and is told whatever outcomes there are, is asked again before every step",
                "rb: it wants to be asked before every step, which never comes here"
            ]
        );
    }

    #[test]
    fn what_was_done_to_replies_is_told_with_how_often() {
        let mut suite = crate::compare::summary::tests::report().suites.remove(0);
        let strategy = &mut suite.strategies[0];
        assert!(about_replies("rb", strategy).is_empty());
        let mut trailing = Mended::default();
        trailing.note(Mend::Unwrapped);
        trailing.note(Mend::OtherTemperature);
        let mut syntax = Mended::default();
        syntax.note(Mend::Syntax);
        syntax.note(Mend::Unwrapped);
        let mut cost = ModelCost {
            calls: 318,
            ..ModelCost::default()
        };
        for mended in [&trailing, &trailing, &syntax] {
            cost.mended.add(mended);
        }
        strategy.model.insert("judge".to_owned(), cost);
        assert_eq!(
            about_replies("rb", strategy),
            [
                "rb: 3 of 318 replies of models were mended: 3 words around the JSON, 1 faulty JSON",
                "rb: what the endpoint does not take or tell was done without, in 318 requests: \
                 2 the strategy's temperature not used",
            ]
        );
    }

    #[test]
    fn what_the_embedder_says_of_itself_is_said_where_somebody_may_search_by_meaning() {
        let builtin = Builtin::default();
        let said = |name: &str, floor: bool| {
            let mut comparison = testing::comparison(1);
            comparison.contests[0].contestants = vec![testing::contestant(name, floor)];
            let mut design = Design::of(&comparison, &testing::conditions(), Vec::new());
            assert_eq!(about_embedder(&design.suites[0], &design), None);
            design.embedder_caveat = builtin.caveat().map(str::to_owned);
            about_embedder(&design.suites[0], &design)
        };
        let caveat = said("dense", true).unwrap();
        assert!(caveat.starts_with("`dense` and whoever else"), "{caveat}");
        assert_eq!(said("rag", false), Some(caveat));
        assert_eq!(said("bm25", true), None);
    }

    #[test]
    fn an_order_by_difficulty_is_said_where_there_is_one() {
        let said = |recorded: bool| {
            let mut comparison = testing::comparison(1);
            let contest = &mut comparison.contests[0];
            if recorded {
                let mut suite = (*contest.suite).clone();
                let asked = &mut suite.streams[0].stages[0].episodes[0];
                let outcome = Outcome::known(true);
                let agent = Agent::new("a", "m");
                asked.attempts = vec![Attempt::new("r", asked.task.clone(), agent, outcome)];
                contest.suite = Arc::new(suite);
            }
            let conditions = Conditions {
                order: TaskOrder::EasyFirst,
                ..testing::conditions()
            };
            let design = Design::of(&comparison, &conditions, Vec::new());
            about_conditions(&conditions, &design.suites[0]).remove(0)
        };
        assert!(said(true).starts_with("tasks come easy first"));
        assert!(said(false).contains("the order is the usual one"));
    }

    #[test]
    fn texts_that_were_cut_are_counted_per_run() {
        let mut strategy = crate::compare::summary::tests::report()
            .suites
            .remove(0)
            .strategies
            .remove(0);
        let mut reports = [testing::report(&[1.0]), testing::report(&[1.0])];
        let said = |strategy: &StrategyResult| {
            let mut caveats = about_strategy(strategy, f64::INFINITY);
            caveats.retain(|caveat| caveat.contains("longer than the embedder"));
            caveats
        };
        assert!(said(&strategy).is_empty());
        reports[0].cut_texts = 3;
        strategy.costs = crate::compare::summary::Costs::of(&reports.iter().collect::<Vec<_>>());
        assert_eq!(
            said(&strategy),
            [
                "rag: texts that were longer than the embedder or the store takes were cut, 2 per run"
            ]
        );
    }

    #[test]
    fn intervals_that_mean_little_are_marked() {
        let about = |questions: usize, score: fn(usize) -> f64| {
            let mut suite = crate::compare::summary::tests::report().suites.remove(0);
            let scores: Vec<f64> = (0..questions).map(score).collect();
            let report = testing::report(&scores);
            suite.strategies.truncate(1);
            suite.strategies[0].quality =
                crate::compare::statistics::estimate(report.tasks.iter().map(|task| {
                    crate::compare::statistics::Score {
                        seed: 0,
                        order: 0,
                        task: &task.task,
                        group: &task.group,
                        value: task.scores["hit@1"],
                    }
                }));
            about_intervals(&suite).unwrap_or_default()
        };
        let alternating = |number: usize| f64::from(u8::from(number.is_multiple_of(2)));
        assert!(about(2, alternating).starts_with("no intervals: all questions are of one group"));
        assert!(about(10, alternating).starts_with("there are only 5 groups of questions"));
        assert!(about(40, |_| 1.0).starts_with("every question scored the same with rag"));
        assert_eq!(about(40, |number| number as f64), "");
    }

    #[test]
    fn questions_that_a_metric_leaves_out_are_counted_with_the_reason() {
        let mut suite = crate::compare::summary::tests::report().suites.remove(0);
        assert_eq!(about_scope(&suite), [""; 0], "all are measured");
        suite.measured.insert("hit@1".to_owned(), 20);
        suite.measured.insert("recall@5".to_owned(), 20);
        let why = "no attempt of their kind could be drawn on";
        assert_eq!(
            about_scope(&suite),
            [format!(
                "hit@1, recall@5: 4 of 24 questions are left out, because {why}"
            )]
        );
        suite.measured.insert("recall@5".to_owned(), 0);
        suite.questions = 30;
        assert_eq!(
            about_scope(&suite),
            [
                "6 of 30 questions are of a warm-up: asked, and not scored".to_owned(),
                format!("hit@1: 4 of 24 questions are left out, because {why}"),
                format!("recall@5: all 24 questions are left out, because {why}"),
            ]
        );
        assert_eq!(unmeasured(&suite), None);
        suite.measured.clear();
        assert_eq!(about_scope(&suite), [""; 0], "nothing was run");
    }

    #[test]
    fn intervals_and_p_that_do_not_agree_are_told_with_what_decides() {
        let mut suite = crate::compare::summary::tests::report().suites.remove(0);
        assert_eq!(about_clashes(&suite), [""; 0]);
        let interval = |low: f64, high: f64| crate::compare::statistics::Interval { low, high };
        suite.pairs[0].difference.interval = Some(interval(0.1, 0.2));
        suite.pairs[0].p_holm = Some(1.0);
        suite.pairs[1].difference.interval = Some(interval(-0.1, 0.2));
        suite.pairs[1].p_holm = Some(0.01);
        let told = about_clashes(&suite);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].contains("for rag and reasoningbank: p decides") && told[0].contains("3 pairs"),
            "{told:?}"
        );
        assert!(
            told[1].contains("for rag and random (floor): the interval decides"),
            "{told:?}"
        );
    }
}
