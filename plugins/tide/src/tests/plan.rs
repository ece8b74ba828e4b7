//! What the host must run around it.

use memhost_sdk::{Arrangement, Fault, Labels, Plan, Settings};

use crate::Tide;

fn plan(settings: Settings) -> Plan {
    memhost_sdk::plan::<Tide>(&settings).unwrap()
}

#[test]
fn the_library_is_built_from_verified_cases_and_then_frozen() {
    let plan = plan(Settings::default());
    assert_eq!(
        (plan.arrangement, plan.labels),
        (Arrangement::BuildThenFreeze, Labels::Verified)
    );
    assert_eq!(
        (plan.trials, plan.baseline_arm, plan.all_agents),
        (1, false, false)
    );
}

#[test]
fn trap_one_shot_rounds_are_the_modes_unless_chosen() {
    let rounds = |settings| plan(settings).rounds;
    assert_eq!(rounds(Settings::default()), 3);
    let workspace = Settings::default().with("mode", "workspace");
    assert_eq!(rounds(workspace.clone()), 10);
    assert_eq!(rounds(workspace.with("rounds", 1.0)), 1);
}

#[test]
fn a_workspace_yields_one_finding_a_round_and_a_repository_several() {
    let findings = |mode: &str| plan(Settings::default().with("mode", mode)).findings_per_round;
    assert_eq!((findings("workspace"), findings("repository")), (1, 0));
}

#[test]
fn model_calls_are_expected_for_cases_alone_unless_templates_are_refined() {
    let calls = |settings| plan(settings).calls;
    let built = calls(Settings::default());
    assert_eq!((built.retrieve, built.update), (0.0, 0.0));
    assert!(built.distill > 1.0, "a file has several cases");
    assert!(calls(Settings::default().with("refine", "total")).update > 0.0);
}

#[test]
fn refining_needs_outcomes_and_so_cannot_freeze() {
    let plan = plan(Settings::default().with("refine", "total"));
    assert_eq!(
        (plan.arrangement, plan.labels, plan.rounds),
        (Arrangement::Streaming, Labels::Graded, 3)
    );
}

#[test]
fn a_setting_that_cannot_be_is_refused_by_name() {
    for (name, value) in [("mode", "code"), ("refine", "always"), ("tau", "low")] {
        let settings = Settings::default().with(name, value);
        let Err(Fault::Invalid(text)) = memhost_sdk::plan::<Tide>(&settings) else {
            panic!("{name}={value} was accepted");
        };
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn what_is_not_tides_own_says_so() {
    let description = memhost_sdk::describe::<Tide>();
    let doc = |name: &str| {
        let parameter = description.parameters.iter().find(|one| one.name == name);
        parameter.unwrap().doc.clone()
    };
    assert!(doc("refine").contains("ToTAL-style"));
    assert!(doc("negatives").contains("memhost's own"));
    assert!(description.degraded[0].contains("`extractive`"));
    assert_eq!(description.requires, ["llm"]);
}
