//! What the driver does in lanes with an order of events of their own: questions in the middle of a run, and several tries at
//! one task.

use memhost_suite::Slot;

use super::*;

/// What is learnt from, and what is asked in this lane.
fn asking(lane: Lane, primary: &str, question: Question) -> Arc<Suite> {
    let mut learnt = attempt("old", 0, Verdict::Success);
    learnt.steps = vec![Step::action("look", "{}"), Step::action("pay", "{}")];
    let mut asked = episode("new", true, vec![]);
    asked.question = Some(question);
    let mut suite = (*suite(vec![episode("old", false, vec![learnt]), asked])).clone();
    suite.lane = lane;
    suite.primary = primary.into();
    Arc::new(suite)
}

/// A strategy that says `pay` wherever it is asked, if it is asked at these moments.
fn saying_pay(moments: Vec<Trigger>) -> Arc<Scripted> {
    let mut strategy =
        Scripted::new(|attempts| Ok(vec![note("pay", &attempts[0].id, Commit::AtOnce)]));
    strategy.plan.moments = moments;
    Arc::new(strategy)
}

#[tokio::test]
async fn in_the_middle_of_a_run_the_strategy_is_asked_there_if_it_wants_to_be() {
    let run_so_far = vec![
        Step::action("look", "{}"),
        Step {
            name: Some("look".into()),
            ..Step::new(Actor::Observation, "found")
        },
    ];
    let question = Question::NextTool {
        run: run_so_far.clone(),
        tool: "pay".into(),
    };
    let suite = asking(Lane::Steps, "next@1", question);
    for moments in [vec![], vec![Trigger::AfterTool(None)]] {
        let wants = !moments.is_empty();
        let strategy = saying_pay(moments);
        let (report, _) = run(&strategy, &suite, None).await.unwrap();
        // What was said before the first step is read where nothing else is said.
        assert_eq!(report.tasks[0].scores["next@1"], 1.0);
        let queries = strategy.queries.lock().unwrap();
        assert_eq!(queries[0].moment, Moment::TaskStart);
        assert!(queries[0].transcript.is_empty());
        let within: Vec<_> = queries[1..].iter().collect();
        assert_eq!(within.len(), usize::from(wants));
        for query in within {
            assert_eq!(query.moment, Moment::AfterTool("look".into()));
            assert_eq!(query.transcript, run_so_far);
            assert_eq!(query.handed_out.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_strategy_that_cannot_shorten_a_run_is_not_run_on_runs_to_be_shortened() {
    let question = Question::Keep {
        run: vec![Step::new(Actor::Observation, "order K4711")],
        needed: vec!["K4711".into()],
        outdated: vec![],
    };
    let suite = asking(Lane::Compaction, "kept", question);
    let strategy = saying_pay(vec![]);
    assert!(!strategy.phases().compact);
    let error = run(&strategy, &suite, None).await.unwrap_err();
    assert!(error.to_string().contains("`compact`"), "{error}");
}

#[tokio::test]
async fn every_failed_try_is_learnt_from_with_its_steps_before_the_next() {
    let slot = |name: &str| Slot {
        name: name.into(),
        values: ["a", "b", "c", "d"].map(String::from).to_vec(),
        right: "c".into(),
    };
    let question = Question::Assign {
        slots: vec![slot("one"), slot("two")],
        noise: 0.0,
        tries: 9,
    };
    let suite = asking(Lane::Retry, "solved@9", question);
    let strategy = Arc::new(Scripted::new(remember));
    let (report, _) = run(&strategy, &suite, None).await.unwrap();
    // All is told truly, so that four values are found in four tries, and the rest is said to be solved.
    assert_eq!(report.tasks[0].scores["solved@4"], 1.0);
    let calls = strategy.calls.lock().unwrap();
    let tries: Vec<&Attempt> = calls
        .iter()
        .flatten()
        .filter(|a| a.task.id == "new")
        .collect();
    let queries = strategy.queries.lock().unwrap();
    assert_eq!(queries.len(), tries.len() + 1, "the last try was right");
    assert!((1..4).contains(&tries.len()));
    for (number, tried) in (1..).zip(&tries) {
        assert_eq!(tried.outcome.verdict, Verdict::Failure);
        assert_eq!(tried.steps.len(), 4);
        assert!(tried.steps[1].failed.is_some());
        assert_eq!(queries[number as usize].moment, Moment::Retry(number));
    }
    let seen = strategy.seen.lock().unwrap();
    let own = |contents: &Vec<String>| contents.iter().filter(|id| id.starts_with("new@")).count();
    let seen: Vec<usize> = seen.iter().map(own).collect();
    assert_eq!(seen, (0..=tries.len()).collect::<Vec<usize>>());
}
