//! An experience on trial.

use super::*;

#[test]
fn an_experience_on_trial_is_in_the_guideline_whoever_else_is_in_the_bank() {
    let host = TestHost::new();
    let heavy: Vec<String> = (0..5)
        .map(|number| keep(&host, "buy a lamp", &format!("Helped {number}."), 2.0))
        .collect();
    let new = experience("buy a lamp", "Ask for the bulb.");
    let new = new.remembered(&Task::new("now", "buy a lamp")).unwrap();
    let new = Change::insert(new).if_trial_gains(0.05);
    let new = host.apply(&[new]).unwrap().remove(0);
    let heavy: Vec<&str> = heavy.iter().map(String::as_str).collect();
    assert_eq!(cited(&ask(&host, "buy a lamp")), heavy);

    host.reply("queries", queries(&[("question", "buy a lamp")]));
    host.reply("compile", guideline(&["Compare before you pay."]));
    let trial = Query::new(Task::new("now", "buy a lamp")).on_trial(&new);
    let guidance = host.retrieve::<LiveEvo>(&trial).unwrap();
    assert_eq!(cited(&guidance), [&heavy[..4], &[new.as_str()]].concat());
    assert!((guidance.receipt.used[4].score - 1.0).abs() < 1e-6);
    let told = host.requests().pop().unwrap();
    assert!(message(&told, Speaker::User).contains("Ask for the bulb."));
}

#[test]
fn an_experience_on_trial_is_tried_although_it_is_below_the_floor_and_no_other_is_in_reach() {
    let host = TestHost::new();
    host.set("floor", 1.5);
    host.set("similarity-threshold", 0.9);
    let new = keep(&host, "buy a lamp", "Ask for the bulb.", 1.0);
    assert!(
        retrieve(&host, "sell the old sofa")
            .unwrap()
            .text
            .is_empty()
    );
    assert!(host.requests().is_empty());

    host.reply("queries", queries(&[("question", "sell the old sofa")]));
    host.reply("compile", guideline(&["Compare before you pay."]));
    let trial = Query::new(Task::new("now", "sell the old sofa")).on_trial(&new);
    let guidance = host.retrieve::<LiveEvo>(&trial).unwrap();
    assert_eq!(cited(&guidance), [new.as_str()]);
    assert!(guidance.text.contains("Compare before you pay."));
}

#[test]
fn a_trial_of_what_is_no_experience_changes_nothing() {
    let host = TestHost::new();
    let lamp = keep(&host, "buy a lamp", "Ask for the bulb.", 1.0);
    let meta = keep_meta(&host, "buy a lamp", "Weigh the notes.");
    host.reply("queries", queries(&[("question", "buy a lamp")]));
    host.reply("compile", guideline(&["Compare before you pay."]));
    let trial = Query::new(Task::new("now", "buy a lamp")).on_trial(meta);
    let guidance = host.retrieve::<LiveEvo>(&trial).unwrap();
    assert_eq!(cited(&guidance), [lamp.as_str()]);
}
