//! What becomes of memories in a run: expired ones go, and what is decided over late is still decided.

use super::*;

/// When every run's clock starts, and how far an episode moves it, in milliseconds.
const START: f64 = 1_767_225_600_000.0;
const STEP: f64 = 60_000.0;

/// Remembers every attempt; what is learnt of task `a` expires after so many steps of the clock.
fn forgetful(after: f64) -> Scripted {
    Scripted::new(move |attempts| {
        let mut changes = remember(attempts)?;
        for change in &mut changes {
            if let Op::Insert(memory) = &mut change.op {
                let is_of_a = memory.content == "a-0";
                memory.expires = is_of_a.then_some(START + after * STEP);
            }
        }
        Ok(changes)
    })
}

fn learnt(task: &str) -> Episode {
    episode(task, false, vec![attempt(task, 0, Verdict::Success)])
}

fn contents(kept: &[(String, State)]) -> Vec<&str> {
    kept.iter().map(|(content, _)| content.as_str()).collect()
}

#[tokio::test]
async fn what_has_expired_by_the_runs_clock_is_removed() {
    let suite = suite(["a", "b", "c"].map(learnt).into());
    for (after, expected) in [(0.5, vec!["b-0", "c-0"]), (2.5, vec!["a-0", "b-0", "c-0"])] {
        let strategy = Arc::new(forgetful(after));
        let (report, kept) = run(&strategy, &suite, None).await.unwrap();
        assert_eq!(contents(&kept), expected);
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(report.evicted_by_host, 0, "it went by the strategy's word");
    }
}

#[tokio::test]
async fn a_late_outcome_still_finds_the_memories_that_it_is_about() {
    let mut strategy = forgetful(1.5);
    strategy.plan.labels = Labels::Graded;
    strategy.update = Some(Box::new(|_| {
        let adjustment = Adjustment {
            target: "m1".into(),
            counter: Counter::Wins,
            delta: 1.0,
            least: None,
            most: None,
        };
        vec![Change {
            op: Op::Adjust(adjustment),
            commit: Commit::AtOnce,
        }]
    }));
    let strategy = Arc::new(strategy);
    // What `b` was asked is known after `c` was learnt from, when the memory that it was guided by has expired.
    let mut asked = episode("b", true, vec![]);
    asked.timing.known = Some(START + 3.0 * STEP);
    let suite = suite(vec![learnt("a"), asked, learnt("c"), learnt("d")]);
    let (report, kept) = run(&strategy, &suite, None).await.unwrap();
    assert_eq!(*strategy.seen.lock().unwrap(), [vec!["a-0".to_owned()]]);
    assert_eq!(strategy.heard.lock().unwrap().len(), 1);
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(contents(&kept), ["c-0", "d-0"]);
}

#[tokio::test]
async fn of_what_waits_together_the_rest_is_kept_when_the_strategy_removes_some() {
    let waiting = Commit::IfNextAttemptSucceeds;
    let strategy = Scripted::new(move |attempts| {
        let told = &attempts[0];
        Ok(match told.id.as_str() {
            "x-0" => vec![note("one", "x-0", waiting), note("two", "x-0", waiting)],
            "y-0" => vec![Change {
                op: Op::Remove("m1".into()),
                commit: Commit::AtOnce,
            }],
            _ => vec![],
        })
    });
    let of_x = |number| {
        let tried = attempt("x", number, Verdict::Success);
        episode("x", false, vec![tried])
    };
    let suite = suite(vec![of_x(0), learnt("y"), of_x(1)]);
    let (report, kept) = run(&Arc::new(strategy), &suite, None).await.unwrap();
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(kept, [("two".to_owned(), State::Active)]);
}
