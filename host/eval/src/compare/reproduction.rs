//! Whether a comparison that was run again gave the same numbers, and which ones differ.

use super::CellKey;
use super::difference;
use super::manifest::{Recorded, digest_of, reason};
use super::schedule::CellOutcome;
use crate::driver::CellReport;

/// In what a cell's result now is not what was recorded then: one line per number, named by cell, task and metric.
/// Empty if all is the same, times aside. `then` is the result itself, if its file is still there.
pub fn differences(
    key: &CellKey,
    recorded: &Recorded,
    then: Option<&CellReport>,
    now: &CellOutcome,
) -> Vec<String> {
    let cell = key.label();
    match (recorded, now) {
        (_, CellOutcome::NotRun) => vec![format!("{cell}: it has not been run again")],
        // What an error says may hold a time or an address.
        (Recorded::Failed(_), CellOutcome::Failed(_) | CellOutcome::Broken(_)) => Vec::new(),
        (Recorded::Failed(reason), CellOutcome::Finished(_)) => {
            vec![format!(
                "{cell}: it has a result now, and had none: {reason}"
            )]
        }
        (Recorded::Measured(_), CellOutcome::Failed(reason)) => {
            vec![format!("{cell}: it has no result now: {reason}")]
        }
        (Recorded::Measured(_), CellOutcome::Broken(now)) => {
            let reason = reason(now);
            vec![format!("{cell}: it has no result now: {reason}")]
        }
        (Recorded::Measured(digest), CellOutcome::Finished(now)) if *digest == digest_of(now) => {
            Vec::new()
        }
        (Recorded::Measured(digest), CellOutcome::Finished(now)) => {
            let then = then.filter(|then| digest_of(then) == *digest);
            let numbers = then.map(|then| numbers(now, then)).unwrap_or_default();
            if numbers.is_empty() {
                return vec![format!(
                    "{cell}: its result is another one; to have its numbers compared one by one, keep the `cells` \
                     that were written with the manifest beside it"
                )];
            }
            let named = numbers.iter().map(|number| format!("{cell}: {number}"));
            named.collect()
        }
    }
}

/// Every number that differs: `task s/t1, hit@1 is 0.0, not 1.0`.
fn numbers(now: &CellReport, then: &CellReport) -> Vec<String> {
    let mut different = Vec::new();
    for (now, then) in now.tasks.iter().zip(&then.tasks) {
        let json = |task| serde_json::to_value(task).unwrap_or_default();
        for number in difference::between(&json(now), &json(then)) {
            let number = number.strip_prefix("scores.").unwrap_or(&number);
            different.push(format!("task {}, {number}", now.task));
        }
    }
    // The digits of the tasks are compared above; their number is not.
    let json = |report: &CellReport| {
        let mut report = report.clone().without_times();
        let tasks = std::mem::take(&mut report.tasks).len();
        let mut value = serde_json::to_value(report).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("tasks".to_owned(), tasks.into());
        }
        value
    };
    different.extend(difference::between(&json(now), &json(then)));
    different
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    fn told(then: Option<&CellReport>, now: CellReport) -> Vec<String> {
        let recorded = Recorded::Measured(digest_of(&testing::report(&[1.0, 0.5])));
        let now = CellOutcome::Finished(Box::new(now));
        differences(&testing::key("rag", 3), &recorded, then, &now)
    }

    #[test]
    fn a_number_that_differs_is_named_by_cell_task_and_metric() {
        let then = testing::report(&[1.0, 0.5]);
        assert!(told(Some(&then), then.clone()).is_empty());
        assert!(told(None, then.clone().without_times()).is_empty());
        let mut now = testing::report(&[1.0, 0.0]);
        now.memories += 1;
        assert_eq!(
            told(Some(&then), now.clone()),
            [
                "rag on evidence, seed 3: task s/t1, hit@1 is 0.0, not 0.5",
                "rag on evidence, seed 3: task s/t1, recall@5 is 0.0, not 0.25",
                "rag on evidence, seed 3: memories is 41, not 40",
            ]
        );
        let [one] = &told(None, now)[..] else {
            panic!("without the old numbers there is one thing to say");
        };
        assert!(one.starts_with("rag on evidence, seed 3: its result is another one"));
    }

    #[test]
    fn a_task_more_or_less_is_a_difference() {
        let then = testing::report(&[1.0, 0.5]);
        let mut now = testing::report(&[1.0, 0.5, 0.5]);
        now.growth.clone_from(&then.growth);
        let said = told(Some(&then), now);
        assert_eq!(said, ["rag on evidence, seed 3: tasks is 3, not 2"]);
    }

    #[test]
    fn what_failed_then_and_fails_now_is_the_same() {
        let key = testing::key("rag", 0);
        let failed = Recorded::Failed("after 3 s".to_owned());
        let again = CellOutcome::Failed("after 4 s".to_owned());
        let broken = CellOutcome::Broken(Box::new(testing::broken(&[1.0])));
        for again in [&again, &broken] {
            assert!(differences(&key, &failed, None, again).is_empty());
        }
        let finished = CellOutcome::Finished(Box::new(testing::report(&[1.0])));
        for (recorded, now, expected) in [
            (&failed, &finished, "it has a result now, and had none"),
            (&failed, &CellOutcome::NotRun, "it has not been run again"),
            (
                &Recorded::Measured(String::new()),
                &again,
                "it has no result now: after 4 s",
            ),
            (
                &Recorded::Measured(String::new()),
                &broken,
                "it has no result now: 3 of 3 distill calls failed: task `t0`: no reply",
            ),
        ] {
            let said = differences(&key, recorded, None, now);
            assert!(said[0].contains(expected), "{said:?}");
        }
    }
}
