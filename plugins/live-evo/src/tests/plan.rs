//! What the plan asks for, and what the report is told.

use super::*;

#[test]
fn a_task_without_text_is_no_query() {
    let host = TestHost::new();
    keep(&host, "buy a lamp", "Compare.", 1.0);
    assert_eq!(retrieve(&host, " \n").unwrap().text, "");
    assert!(host.requests().is_empty());
}

#[test]
fn the_plan_wants_graded_outcomes_of_both_arms_and_says_what_it_costs() {
    let plan = memhost_sdk::plan::<LiveEvo>(&Settings::default()).unwrap();
    assert_eq!(plan.arrangement, Arrangement::Streaming);
    assert_eq!(plan.labels, Labels::Graded);
    assert!(plan.baseline_arm);
    assert_eq!((plan.trials, plan.rounds), (1, 1));
    assert_eq!((plan.calls.retrieve, plan.calls.distill), (2.0, 0.0));
    assert!((plan.calls.update - 0.8).abs() < 1e-6);
}

#[test]
fn the_report_is_told_of_the_stand_in_model_and_of_what_the_paper_has_otherwise() {
    let description = memhost_sdk::describe::<LiveEvo>();
    assert!(description.degraded[0].contains("`extractive`"));
    let otherwise: Vec<(&str, &Value)> = description
        .parameters
        .iter()
        .filter_map(|one| Some((one.name.as_str(), one.source_value.as_ref()?)))
        .collect();
    let text = |value: &str| Value::Text(value.into());
    let (step, guard) = (text("gain"), text("published"));
    assert_eq!(otherwise, [("binary-step", &step), ("guard", &guard)]);
}
