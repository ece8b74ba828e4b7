//! What the driver does with a plan: arrangements, arms, agents, trials, batches and outcomes that come late.

use std::collections::BTreeMap;

use super::*;

/// A strategy with this plan that remembers every attempt.
fn planning(change: impl Fn(&mut Plan)) -> Scripted {
    let mut strategy = Scripted::new(remember);
    change(&mut strategy.plan);
    strategy
}

/// An asked task from whose attempt the word `answer` can be learnt.
fn telling(task: &str) -> Episode {
    let mut told = attempt(task, 0, Verdict::Success);
    told.steps = vec![Step::new(Actor::Answer, "the answer")];
    episode(task, true, vec![told])
}

fn by(agent: &str, task: &str, trial: u32, score: f64) -> Attempt {
    let mut attempt = attempt(task, trial, Verdict::Success);
    attempt.id = format!("{task}-{agent}{trial}");
    attempt.agent.id = agent.into();
    attempt.trial = trial;
    attempt.outcome.score = Some(score);
    attempt
}

/// Which attempts each call of `distill` got.
fn distilled(strategy: &Scripted) -> Vec<Vec<String>> {
    let calls = strategy.calls.lock().unwrap();
    let ids = |call: &Vec<Attempt>| call.iter().map(|a| a.id.clone()).collect();
    calls.iter().map(ids).collect()
}

/// Which tasks each call of `update` heard of.
fn heard(strategy: &Scripted) -> Vec<Vec<String>> {
    let calls = strategy.heard.lock().unwrap();
    let tasks = |call: &Vec<Feedback>| call.iter().map(|f| f.attempt.task.id.clone()).collect();
    calls.iter().map(tasks).collect()
}

fn asked(strategy: &Scripted) -> Vec<String> {
    let queries = strategy.queries.lock().unwrap();
    queries.iter().map(|query| query.task.id.clone()).collect()
}

#[tokio::test]
async fn with_a_baseline_arm_every_outcome_says_what_it_would_have_been_without_memory() {
    let mut strategy = planning(|plan| plan.baseline_arm = true);
    strategy.distill =
        Box::new(|attempts| Ok(vec![note("the answer", &attempts[0].id, Commit::AtOnce)]));
    strategy.update = Some(Box::new(|_| vec![]));
    let strategy = Arc::new(strategy);
    let (report, _) = run(&strategy, &suite(vec![telling("x"), telling("y")]), None)
        .await
        .unwrap();
    let heard = strategy.heard.lock().unwrap();
    let outcome = &heard[1][0].attempt.outcome;
    assert_eq!((outcome.score, outcome.baseline), (Some(1.0), Some(0.0)));
    assert_eq!((report.runs.memory, report.runs.no_memory), (2, 2));
    assert_eq!(report.tasks[1].baseline, Some(0.0));
}

#[tokio::test]
async fn what_is_built_and_frozen_learns_from_the_first_half_and_never_again() {
    let mut strategy = planning(|plan| plan.arrangement = Arrangement::BuildThenFreeze);
    strategy.update = Some(Box::new(|_| vec![]));
    let strategy = Arc::new(strategy);
    let tasks = ["a", "b", "c", "d", "e"].map(telling);
    let (report, kept) = run(&strategy, &suite(tasks.into()), None).await.unwrap();
    assert_eq!(distilled(&strategy), [["a-0"], ["b-0"]]);
    assert_eq!(asked(&strategy), ["c", "d", "e"]);
    assert_eq!(heard(&strategy), Vec::<Vec<String>>::new());
    assert_eq!((report.tasks.len(), kept.len()), (3, 2));
}

#[tokio::test]
async fn where_some_tasks_only_teach_those_are_what_is_built_from() {
    let strategy = Arc::new(planning(|plan| {
        plan.arrangement = Arrangement::BuildThenFreeze
    }));
    let session = episode("s", false, vec![attempt("s", 0, Verdict::Success)]);
    let tasks = vec![session, telling("x"), telling("y")];
    run(&strategy, &suite(tasks), None).await.unwrap();
    assert_eq!(distilled(&strategy), [["s-0"]]);
    assert_eq!(asked(&strategy), ["x", "y"]);
}

#[tokio::test]
async fn runs_of_one_task_are_told_one_by_one_unless_the_plan_asks_for_several() {
    let runs = || {
        let attempts = (0..3).map(|trial| by("a", "x", trial, 1.0)).collect();
        suite(vec![episode("x", false, attempts)])
    };
    let one = Arc::new(planning(|_| {}));
    run(&one, &runs(), None).await.unwrap();
    assert_eq!(distilled(&one), [["x-a0"], ["x-a1"], ["x-a2"]]);
    let three = Arc::new(planning(|plan| plan.trials = 3));
    let (report, _) = run(&three, &runs(), None).await.unwrap();
    assert_eq!(distilled(&three), [["x-a0", "x-a1", "x-a2"]]);
    assert_eq!(report.runs.distilled, 3);
}

#[tokio::test]
async fn nothing_of_a_batch_is_learnt_before_its_end_and_then_it_is_heard_of_together() {
    let mut strategy = planning(|_| {});
    strategy.update = Some(Box::new(|_| vec![]));
    let strategy = Arc::new(strategy);
    let mut batches = (*suite(vec![telling("a"), telling("b")])).clone();
    let stages = &mut batches.streams[0].stages;
    stages[0].batched = true;
    stages[0].warm_up = true;
    let mut second = stages[0].clone();
    second.warm_up = false;
    second.episodes = vec![telling("c")];
    stages.push(second);
    let (report, _) = run(&strategy, &Arc::new(batches), None).await.unwrap();
    assert_eq!(
        *strategy.seen.lock().unwrap(),
        [vec![], vec![], vec!["a-0".to_string(), "b-0".into()]]
    );
    assert_eq!(heard(&strategy), [vec!["a", "b"], vec!["c"]]);
    let scored: Vec<&str> = report.tasks.iter().map(|t| t.task.as_str()).collect();
    assert_eq!(scored, ["s/c"], "a warm-up is asked and not scored");
}

#[tokio::test]
async fn an_outcome_is_heard_of_when_its_day_has_come_and_not_before() {
    let mut strategy = planning(|_| {});
    strategy.update = Some(Box::new(|_| vec![]));
    let strategy = Arc::new(strategy);
    let day = |task: &str, asked: f64, known: f64| {
        let mut episode = telling(task);
        episode.timing = Timing {
            asked: Some(asked),
            known: Some(known),
        };
        episode
    };
    let days = [
        day("a", 0.0, 30.0),
        day("b", 0.0, 10.0),
        day("c", 10.0, 99.0),
        day("d", 20.0, 99.0),
        day("e", 30.0, 31.0),
    ];
    run(&strategy, &suite(days.into()), None).await.unwrap();
    let seen = strategy.seen.lock().unwrap().clone();
    let told = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        seen,
        [
            told(&[]),
            told(&[]),
            told(&["b-0"]),
            told(&["b-0"]),
            told(&["b-0", "a-0"])
        ]
    );
    assert_eq!(
        heard(&strategy),
        [["b"], ["a"]],
        "the others' days never came"
    );
}

/// Two agents, of whom `good` always succeeds.
fn routing(tasks: usize) -> Arc<Suite> {
    let task = |number: usize| {
        let name = format!("t{number}");
        let mut episode = episode(
            &name,
            true,
            vec![
                by("bad", &name, 0, 0.0),
                by("good", &name, 0, 1.0),
                by("good", &name, 1, 1.0),
            ],
        );
        episode.question = Some(Question::Route {
            values: BTreeMap::from([("bad".into(), 0.0), ("good".into(), 1.0)]),
        });
        episode
    };
    let mut suite = (*suite((0..tasks).map(task).collect())).clone();
    suite.lane = Lane::Routing;
    suite.primary = "success".into();
    Arc::new(suite)
}

#[tokio::test]
async fn of_the_agents_only_the_one_that_was_sent_is_heard_of() {
    let mut strategy = planning(|_| {});
    strategy.update = Some(Box::new(|_| vec![]));
    let strategy = Arc::new(strategy);
    let (report, _) = run(&strategy, &routing(12), None).await.unwrap();
    let heard = strategy.heard.lock().unwrap();
    for (call, feedback) in distilled(&strategy).iter().zip(heard.iter()) {
        let sent = &feedback[0].attempt;
        assert_eq!(*call, [format!("{}-{}0", sent.task.id, sent.agent.id)]);
        assert_eq!(sent.outcome.score, Some(f64::from(sent.agent.id == "good")));
    }
    let last = report.tasks.last().unwrap();
    assert_eq!((last.scores["success"], last.scores["regret"]), (1.0, 0.0));
}

#[tokio::test]
async fn the_readers_own_record_is_the_same_however_many_runs_a_plan_takes() {
    // Nothing is handed out, so that whom the reader sends follows from its record alone.
    let scores = async |change: &dyn Fn(&mut Plan)| {
        let mut strategy = Scripted::new(|_| Ok(vec![]));
        change(&mut strategy.plan);
        let (report, _) = run(&Arc::new(strategy), &routing(40), None).await.unwrap();
        let last = report.tasks.into_iter().rev().take(20);
        last.map(|task| task.scores).collect::<Vec<_>>()
    };
    let once = scores(&|_| {}).await;
    assert_eq!(scores(&|plan| plan.trials = 2).await, once);
    let built = |plan: &mut Plan| {
        plan.all_agents = true;
        plan.arrangement = Arrangement::BuildThenFreeze;
    };
    assert_eq!(scores(&built).await, once);
}

#[tokio::test]
async fn the_reader_hears_of_one_run_of_the_agent_that_it_sent() {
    let scores = async |suite: Arc<Suite>| {
        let silent = Arc::new(Scripted::new(|_| Ok(vec![])));
        let (report, _) = run(&silent, &suite, None).await.unwrap();
        report
            .tasks
            .into_iter()
            .map(|task| task.scores)
            .collect::<Vec<_>>()
    };
    // Both agents succeed half of the time, so that every run that is heard of sways whom the reader sends next.
    let mut twice = (*routing(60)).clone();
    for (number, episode) in twice.streams[0].stages[0].episodes.iter_mut().enumerate() {
        for run in &mut episode.attempts {
            let succeeds = (number + usize::from(run.agent.id == "good")).is_multiple_of(2);
            run.outcome.score = Some(f64::from(succeeds));
        }
    }
    let mut once = twice.clone();
    for episode in &mut once.streams[0].stages[0].episodes {
        episode.attempts.retain(|run| run.trial == 0);
    }
    assert_eq!(scores(Arc::new(twice)).await, scores(Arc::new(once)).await);
}

#[tokio::test]
async fn a_plan_with_all_agents_is_told_what_each_of_them_did() {
    let strategy = Arc::new(planning(|plan| {
        plan.all_agents = true;
        plan.arrangement = Arrangement::BuildThenFreeze;
    }));
    run(&strategy, &routing(4), None).await.unwrap();
    assert_eq!(
        distilled(&strategy),
        [
            vec!["t0-bad0", "t0-good0"],
            vec!["t0-good1"],
            vec!["t1-bad0", "t1-good0"],
            vec!["t1-good1"],
        ],
        "every recorded run, that of all agents together, of the first half"
    );
}

/// Forecasts of one series that comes true from the second day on, one a day.
fn forecasts(days: usize) -> Arc<Suite> {
    let day = |number: usize| {
        let name = format!("f{number}");
        let mut episode = telling(&name);
        episode.task.labels = vec![Label {
            name: "source".into(),
            value: "sun".into(),
        }];
        episode.question = Some(Question::Forecast {
            happened: number > 0,
            source: "sun".into(),
            horizon: "1".into(),
            market: None,
        });
        episode.timing = Timing {
            asked: Some(number as f64),
            known: Some(number as f64 + 1.0),
        };
        episode
    };
    let mut suite = (*suite((0..days).map(day).collect())).clone();
    suite.lane = Lane::Forecast;
    suite.primary = "brier".into();
    Arc::new(suite)
}

#[tokio::test]
async fn where_the_outcome_is_the_answer_a_memory_is_tried_on_a_sibling() {
    // A memory that knows its own task's outcome would always gain there. Tried on the day before, it gains as far
    // as it says something of other days.
    let mut strategy = planning(|plan| plan.labels = Labels::Graded);
    strategy.distill = Box::new(|_| Ok(vec![]));
    strategy.update = Some(Box::new(|feedback| {
        let attempt = &feedback[0].attempt;
        let source = format!("{}-0", attempt.task.id);
        let mut change = note(&attempt.id, &source, Commit::IfTrialGains(0.0001));
        if let Op::Insert(memory) = &mut change.op {
            memory.sources.insert(0, Source::attempt(&attempt.id));
        }
        vec![change]
    }));
    let strategy = Arc::new(strategy);
    let (report, kept) = run(&strategy, &forecasts(5), None).await.unwrap();
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.runs.untried, 1, "the first has no sibling yet");
    let active = |(content, state): &(String, State)| {
        assert_eq!(*state, State::Active);
        content.split('@').next().map(str::to_owned)
    };
    let kept: Vec<String> = kept.iter().filter_map(active).collect();
    assert_eq!(
        kept,
        ["f2", "f3"],
        "the second says the wrong thing of the first"
    );
    assert!(report.runs.candidate > 0);
}

#[tokio::test]
async fn where_similar_tasks_are_asked_for_a_memory_is_tried_on_the_task_most_like_it() {
    let mut strategy = planning(|plan| plan.labels = Labels::Graded);
    strategy.distill = Box::new(|_| Ok(vec![]));
    strategy.update = Some(Box::new(|feedback| {
        let attempt = &feedback[0].attempt;
        let source = format!("{}-0", attempt.task.id);
        vec![note(&source, &source, Commit::IfTrialGains(0.5))]
    }));
    let task = |id: &str, kind: &str, text: &str| {
        let mut episode = episode(id, true, vec![attempt(id, 0, Verdict::Success)]);
        episode.task.text = text.into();
        episode.question = Some(Question::Kind { kind: kind.into() });
        episode
    };
    let mut suite = (*suite(vec![
        task("x", "orders", "List the orders of May"),
        task("y", "people", "Who wrote this review?"),
        task("z", "orders", "List the orders of July"),
    ]))
    .clone();
    suite.lane = Lane::Transfer;
    suite.primary = "hit@1".into();
    let (report, kept) = run(&Arc::new(strategy), &Arc::new(suite), None)
        .await
        .unwrap();
    assert_eq!(report.failures, Vec::<String>::new());
    // The first has no task to be tried on; the second is of no use to the first; the third is.
    assert_eq!(report.runs.untried, 1);
    assert_eq!(kept, [("z-0".to_string(), State::Active)]);
}

#[tokio::test]
async fn a_trial_that_fails_half_way_keeps_nothing_and_the_run_goes_on() {
    // After the retrievals for `x` and `y` come the trial's: without the memory, and with it.
    for half in [2, 3] {
        let mut strategy = planning(|_| {});
        strategy.fails_at = Some(half);
        strategy.distill = Box::new(|attempts| match attempts[0].id.as_str() {
            "y-0" => Ok(vec![note("the answer", "y-0", Commit::IfTrialGains(0.1))]),
            _ => Ok(vec![]),
        });
        let strategy = Arc::new(strategy);
        let tasks = ["x", "y", "z"].map(telling);
        let (report, kept) = run(&strategy, &suite(tasks.into()), None).await.unwrap();
        assert_eq!(kept, [], "retrieval {half}");
        assert_eq!(report.tasks.len(), 3);
        assert_eq!(
            report.failures,
            ["task `y`: plugin `scripted`, call `retrieve`: failed: no idea"]
        );
    }
}
