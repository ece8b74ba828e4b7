//! What a reader must know before believing a number: printed under every table.

use super::key::Conditions;
use super::report::number::{count, score};
use super::statistics::FEW_GROUPS;
use super::summary::{Setup, StrategyResult, SuiteResult};
use super::{Contest, Contestant, label};
use crate::contract::{Labels, Plan, Protocol};
use crate::driver;

/// The caveats of one suite's results, most general first.
pub fn of(contest: &Contest, result: &SuiteResult, setup: &Setup) -> Vec<String> {
    let mut caveats = setup.model_caveats.clone();
    if !setup.model_caveats.is_empty() || has_no_model(&setup.conditions) {
        caveats.extend(contest.contestants.iter().flat_map(degraded));
    }
    caveats.extend(differing_plans(&contest.contestants));
    let acting = setup.conditions.acting;
    caveats.extend(contest.contestants.iter().flat_map(|contestant| {
        let deviations = driver::deviations(&contestant.plan, &contest.suite, acting);
        let name = contestant.name();
        let said = deviations.into_iter().filter(|_| !contestant.floor);
        said.map(move |deviation| format!("{name}: {deviation}"))
    }));
    caveats.extend(about_results(result));
    caveats
}

/// Those that follow from the results alone.
pub fn about_results(result: &SuiteResult) -> Vec<String> {
    let strategies = result.strategies.iter().flat_map(about_strategy);
    about_scope(result)
        .into_iter()
        .chain(about_intervals(result))
        .chain(strategies)
        .collect()
}

fn has_no_model(conditions: &Conditions) -> bool {
    conditions.models.values().any(|model| model == "none")
}

fn degraded(contestant: &Contestant) -> impl Iterator<Item = String> {
    let description = contestant.strategy.description();
    description
        .degraded
        .iter()
        .map(|how| format!("{}: {how}", description.name))
}

/// Strategies that are told different things cannot be compared silently.
fn differing_plans(contestants: &[Contestant]) -> Option<String> {
    let plugins: Vec<&Contestant> = contestants.iter().filter(|c| !c.floor).collect();
    let conditions = |plan: &Plan| (plan.protocol, plan.labels);
    let first = conditions(&plugins.first()?.plan);
    if plugins.iter().all(|c| conditions(&c.plan) == first) {
        return None;
    }
    let each: Vec<String> = plugins
        .iter()
        .map(|c| format!("{} {}", c.name(), plan_text(&c.plan)))
        .collect();
    Some(format!(
        "the strategies do not run under the same conditions: {}",
        each.join("; ")
    ))
}

fn plan_text(plan: &Plan) -> String {
    let protocol = match plan.protocol {
        Protocol::Streaming => "learns as it goes",
        Protocol::BuildThenFreeze => "learns first and is then frozen",
    };
    let labels = match plan.labels {
        Labels::Any => "is told whatever outcomes there are",
        Labels::SelfJudged => "is told no outcomes",
        Labels::Verified => "is told true outcomes",
        Labels::Graded => "is told graded outcomes",
    };
    format!("{protocol} and {labels}")
}

/// Some questions have no answer that could be checked.
fn about_scope(result: &SuiteResult) -> Option<String> {
    let measured = result.strategies.iter().filter_map(|s| s.quality);
    let tasks = measured.map(|estimate| estimate.tasks).max()?;
    (tasks < result.questions).then(|| {
        format!(
            "{} is measured on {} of {} questions: the others say nothing about it",
            result.primary,
            count(tasks as f64),
            count(result.questions as f64)
        )
    })
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
            "there are only {groups} groups of questions: the true intervals are wider than those shown"
        ));
    }
    let without_width: Vec<&str> = result
        .strategies
        .iter()
        .filter(|s| {
            !s.floor
                && s.quality
                    .and_then(|estimate| estimate.interval)
                    .is_some_and(|interval| interval.low == interval.high)
        })
        .map(|s| s.strategy.as_str())
        .collect();
    (!without_width.is_empty()).then(|| {
        format!(
            "every question scored the same with {}: its interval has no width, which is not certainty",
            without_width.join(", ")
        )
    })
}

fn about_strategy(strategy: &StrategyResult) -> Vec<String> {
    let name = label(&strategy.strategy, strategy.floor);
    let mut caveats = Vec::new();
    if let Some(failures) = &strategy.failures {
        caveats.push(format!(
            "{name}: {} of {} calls failed, and counted as if it had said nothing; the first: {}",
            count(failures.failed as f64),
            count(failures.calls as f64),
            first_line(&failures.first)
        ));
    }
    for reason in &strategy.failed_runs {
        caveats.push(format!("{name}: no result with {reason}"));
    }
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
        if costs.cut > 0.0 {
            caveats.push(format!(
                "{name}: guidance was longer than its budget and was cut by the host, {} times per run",
                count(costs.cut)
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

/// The first line of a text; traps come with a backtrace.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::compare::testing;

    fn told(contestants: Vec<Contestant>, setup: &Setup) -> Vec<String> {
        let contest = Contest {
            suite: Arc::new(testing::suite(24)),
            contestants,
            inapplicable: Vec::new(),
        };
        let mut result = crate::compare::summary::tests::report().suites.remove(0);
        result.strategies.clear();
        of(&contest, &result, setup)
    }

    fn setup(model: &str, caveats: &[&str]) -> Setup {
        let mut conditions = testing::conditions();
        conditions
            .models
            .insert("agent".to_owned(), model.to_owned());
        Setup {
            conditions,
            jobs: 1,
            replayed: false,
            model_caveats: caveats.iter().map(|&caveat| caveat.to_owned()).collect(),
        }
    }

    fn degrading() -> Contestant {
        Contestant {
            strategy: Arc::new(testing::Named::new("rb", &["judges by the outcome"])),
            ..testing::contestant("rb", false)
        }
    }

    #[test]
    fn what_is_no_language_model_is_said_with_how_strategies_run_without_one() {
        let not_one = setup("extractive", &["extractive: is not a language model"]);
        assert_eq!(
            told(vec![degrading()], &not_one),
            [
                "extractive: is not a language model",
                "rb: judges by the outcome"
            ]
        );
        assert_eq!(
            told(vec![degrading()], &setup("none", &[])),
            ["rb: judges by the outcome"]
        );
        let real = setup("openai:gpt-4.1-mini", &[]);
        assert!(told(vec![degrading()], &real).is_empty());
    }

    #[test]
    fn strategies_that_are_told_different_outcomes_are_not_compared_silently() {
        let mut judge = testing::contestant("rb", false);
        judge.plan = testing::plan(Labels::SelfJudged);
        let real = setup("openai:gpt-4.1-mini", &[]);
        assert_eq!(
            told(
                vec![testing::contestant("rag", false), judge.clone()],
                &real
            ),
            [
                "the strategies do not run under the same conditions: \
                 rag learns as it goes and is told whatever outcomes there are; \
                 rb learns as it goes and is told no outcomes",
                "rb: what it judges are recorded runs, not its own agent's"
            ]
        );
        judge.floor = true;
        assert!(told(vec![testing::contestant("rag", false), judge], &real).is_empty());
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
}
