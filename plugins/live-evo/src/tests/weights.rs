//! What an outcome does to the weights of what was used.

use super::*;

#[test]
fn trap_the_sign_of_the_gain_on_a_loss() {
    let host = answering();
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    // Brier scores, which are losses: 0.25 with memory and 0.53 without. The host hands over what is better if
    // higher.
    update(&host, &[outcome("a", &[&lamp], 1.0 - 0.25, 1.0 - 0.53)]);
    assert!(
        close(weight(&host, &lamp), 1.28),
        "{}",
        weight(&host, &lamp)
    );
}

#[test]
fn every_experience_that_was_used_gets_the_same_gain_and_no_other_does() {
    let host = answering();
    let [a, b, c] = ["a", "b", "c"].map(|text| keep(&host, text, "x", 1.0));
    update(&host, &[outcome("t", &[&a, &b], 0.2, 0.5)]);
    assert!(close(weight(&host, &a), 0.7) && close(weight(&host, &b), 0.7));
    assert!(close(weight(&host, &c), 1.0));
}

#[test]
fn trap_weights_stay_between_01_and_2() {
    let host = answering();
    let [high, low] = ["a", "b"].map(|text| keep(&host, text, "x", 1.0));
    for _ in 0..3 {
        update(
            &host,
            &[
                outcome("t", &[&high], 0.9, 0.2),
                outcome("u", &[&low], 0.2, 0.9),
            ],
        );
    }
    assert!(close(weight(&host, &high), 2.0));
    assert!(close(weight(&host, &low), 0.1));
}

#[test]
fn trap_clamping_is_that_of_one_task_after_the_other() {
    let host = answering();
    let lamp = keep(&host, "buy a lamp", "x", 1.9);
    // Summed up first, this would be 1.9 + 0.6 - 0.5.
    update(
        &host,
        &[
            outcome("t", &[&lamp], 0.9, 0.3),
            outcome("u", &[&lamp], 0.3, 0.8),
        ],
    );
    assert!(close(weight(&host, &lamp), 1.5));
}

#[test]
fn trap_one_binary_failure_does_not_forget_an_experience() {
    for (step, after) in [("step", 0.8), ("skill", 0.8), ("gain", 0.1)] {
        let host = answering();
        host.set("binary-step", step);
        let lamp = keep(&host, "buy a lamp", "x", 1.0);
        update(&host, &[outcome("t", &[&lamp], 0.0, 1.0)]);
        assert!(close(weight(&host, &lamp), after), "{step}");
    }
}

#[test]
fn binary_scores_move_by_the_skills_steps() {
    for (step, on, off, after) in [
        ("step", 1.0, 0.0, 1.3),
        ("step", 1.0, 1.0, 1.0),
        ("step", 0.0, 0.0, 1.0),
        ("skill", 1.0, 0.0, 1.3),
        ("skill", 1.0, 1.0, 1.3),
        ("skill", 0.0, 0.0, 0.8),
        ("gain", 1.0, 0.0, 2.0),
        ("gain", 1.0, 1.0, 1.0),
    ] {
        let host = answering();
        host.set("binary-step", step);
        let lamp = keep(&host, "buy a lamp", "x", 1.0);
        update(&host, &[outcome("t", &[&lamp], on, off)]);
        assert!(close(weight(&host, &lamp), after), "{step} {on} {off}");
    }
}

#[test]
fn one_graded_score_of_two_makes_the_gain_graded() {
    let host = answering();
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    update(&host, &[outcome("t", &[&lamp], 1.0, 0.9)]);
    assert!(close(weight(&host, &lamp), 1.1));
}

#[test]
fn without_a_usable_pair_of_scores_no_weight_moves() {
    for (on, off) in [
        (0.5, None),
        (f64::NAN, Some(0.5)),
        (0.5, Some(f64::NAN)),
        (1.5, Some(0.5)),
        (0.5, Some(-0.1)),
        (f64::INFINITY, Some(0.5)),
    ] {
        let host = answering();
        let lamp = keep(&host, "buy a lamp", "x", 1.0);
        update(&host, &[outcome("t", &[&lamp], on, off)]);
        assert!(close(weight(&host, &lamp), 1.0), "{on} {off:?}");
        assert!(of_kind(&host, "meta-guideline").is_empty());
        let is_possible = (0.0..=1.0).contains(&on);
        let learnt = of_kind(&host, "experience").len() - 1;
        assert_eq!(learnt, usize::from(is_possible), "{on} {off:?}");
    }
}

#[test]
fn a_score_that_cannot_be_is_logged_and_the_rest_of_the_batch_counts() {
    let host = answering();
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    update(
        &host,
        &[
            outcome("bad", &[&lamp], 7.0, 0.5),
            outcome("good", &[&lamp], 0.9, 0.5),
        ],
    );
    assert!(close(weight(&host, &lamp), 1.4));
    let (level, line) = &host.log_lines()[0];
    assert_eq!(*level, Level::Warn);
    assert!(line.contains("`bad`") && line.contains("score 7"), "{line}");
}

#[test]
fn what_is_not_there_any_more_and_what_is_cited_twice() {
    let host = answering();
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    update(&host, &[outcome("t", &["gone", &lamp, &lamp], 0.9, 0.5)]);
    assert!(close(weight(&host, &lamp), 1.4));
}

#[test]
fn an_empty_receipt_moves_nothing() {
    let host = answering();
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    let mut feedback = outcome("t", &[], 0.9, 0.5);
    feedback.receipt.note = String::new();
    let changes = update(&host, &[feedback]);
    assert!(close(weight(&host, &lamp), 1.0));
    assert!(changes.iter().all(|one| matches!(one.op, Op::Insert(_))));
    assert_eq!(update(&host, &[]), []);
}

#[test]
fn a_note_of_another_plugin_is_a_fault_and_nothing_is_written() {
    let host = answering();
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    let mut foreign = outcome("t", &[&lamp], 0.9, 0.5);
    foreign.receipt.note = "Mine.".to_owned();
    let fault = host.update::<LiveEvo>(&[outcome("a", &[&lamp], 0.9, 0.5), foreign]);
    let Err(Fault::Failed(text)) = fault else {
        panic!("accepted");
    };
    assert!(text.contains("`receipt-t`"), "{text}");
    assert!(close(weight(&host, &lamp), 1.0));
}
