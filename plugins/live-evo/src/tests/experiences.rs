//! Which tasks are distilled, and what an experience is.

use super::*;

#[test]
fn trap_exactly_the_worst_30_percent_rounded_up_are_distilled() {
    for (tasks, expected) in [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 2),
        (10, 3),
        (11, 4),
        (20, 6),
        (50, 15),
    ] {
        let host = answering();
        let batch: Vec<Feedback> = (0..tasks)
            .map(|place| outcome(&format!("t{place}"), &[], f64::from(place) / 100.0, None))
            .rev()
            .collect();
        update(&host, &batch);
        let learnt = of_kind(&host, "experience").into_iter();
        let sources: Vec<Source> = learnt.flat_map(|one| one.sources).collect();
        let worst: Vec<Source> = (0..expected)
            .map(|place| Source::attempt(format!("t{place}")))
            .collect();
        assert_eq!(sources, worst, "{tasks}");
    }
}

#[test]
fn what_could_not_have_been_better_is_not_distilled() {
    let host = answering();
    update(&host, &[outcome("t", &[], 1.0, 0.0)]);
    assert!(host.requests().is_empty());
    // The share is one of the batch, not of what is left of it.
    let batch = [1.0, 1.0, 1.0, 0.9].map(|on| outcome("t", &[], on, None));
    update(&host, &batch);
    assert_eq!(of_kind(&host, "experience").len(), 1);
}

#[test]
fn trap_a_new_experience_is_on_trial_and_must_gain_005() {
    let host = answering();
    let changes = update(&host, &[outcome("t", &[], 0.2, 0.4)]);
    let inserted = changes.iter().filter(|one| matches!(one.op, Op::Insert(_)));
    let commits: Vec<Commit> = inserted.map(|one| one.commit).collect();
    assert_eq!(commits, [Commit::IfTrialGains(0.05)]);
    assert_eq!(of_kind(&host, "experience")[0].state, State::Provisional);
    assert_eq!(
        retrieve(&host, "buy t").unwrap().text,
        "",
        "not before it has gained"
    );
    host.keep_provisional().unwrap();
    assert_eq!(cited(&ask(&host, "buy t")).len(), 1);
}

#[test]
fn an_experience_has_the_papers_fields_two_keys_and_the_weight_1() {
    let host = answering();
    update(&host, &[outcome("t", &[], 0.2, 0.4)]);
    let kept = &of_kind(&host, "experience")[0];
    let says: Experience = serde_json::from_str(&kept.payload).unwrap();
    let expected = Experience {
        question: "buy t".into(),
        failure_reason: "It hurried.".into(),
        improvement: "Look at the price.".into(),
        missed_information: "The price.".into(),
        category: "shopping".into(),
    };
    assert_eq!(says, expected);
    let keys: Vec<_> = kept
        .keys
        .iter()
        .map(|key| (key.name.as_str(), key.text.as_str()))
        .collect();
    let lesson = "It hurried. Look at the price. The price.";
    assert_eq!(keys, [("question", "buy t"), ("experience", lesson)]);
    assert!(close(kept.counters.weight, 1.0));
    assert_eq!(kept.sources, [Source::attempt("t")]);
}

#[test]
fn what_a_lesson_says_twice_is_kept_once() {
    let host = TestHost::new();
    host.reply("summarize", lesson("The price."));
    update(&host, &[outcome("t", &[], 0.2, 0.4)]);
    let content = &of_kind(&host, "experience")[0].content;
    assert_eq!(
        content,
        "What went wrong: It hurried.\nWhat to do better: The price."
    );
}

#[test]
fn a_batch_of_hundreds_costs_no_more_reflections_than_a_batch_of_the_papers() {
    let host = answering();
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    let batch: Vec<Feedback> = (0..950)
        .map(|place| outcome(&format!("t{place}"), &[&lamp], 0.4, 0.6))
        .collect();
    update(&host, &batch);
    let called = purposes(&host);
    let count = |purpose: &str| called.iter().filter(|one| *one == purpose).count();
    assert_eq!((count("reflect"), count("summarize")), (50, 285));
}
