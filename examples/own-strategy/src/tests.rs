use memhost_sdk::testing::TestHost;
use memhost_sdk::{Attempt, Feedback, Pressure, Query, Task};

use crate::TrustWhatHelped;

fn host_with_two_lamps() -> TestHost {
    let host = TestHost::new();
    let red = Attempt::new("a1", Task::new("t1", "buy a red lamp")).succeeded();
    let green = Attempt::new("a2", Task::new("t2", "buy a green lamp")).succeeded();
    host.distill::<TrustWhatHelped>(&[red, green]).unwrap();
    host
}

#[test]
fn a_case_of_a_failure_is_trusted_less() {
    let host = host_with_two_lamps();
    let sofa = Attempt::new("a3", Task::new("t3", "buy a sofa")).failed();
    host.distill::<TrustWhatHelped>(&[sofa]).unwrap();
    assert!(host.memories()[2].counters.weight < host.memories()[0].counters.weight);
}

#[test]
fn what_led_to_a_failure_loses_its_place_and_goes_first() {
    let host = host_with_two_lamps();
    host.set("k", 1.0);
    let query = Query::new(Task::new("t4", "buy a lamp"));
    let first = host.retrieve::<TrustWhatHelped>(&query).unwrap();
    assert_eq!(first.receipt.used[0].memory, "m1");

    let attempt = Attempt::new("a4", query.task.clone()).failed();
    let receipt = first.receipt;
    host.update::<TrustWhatHelped>(&[Feedback { attempt, receipt }])
        .unwrap();
    let second = host.retrieve::<TrustWhatHelped>(&query).unwrap();
    assert_eq!(second.receipt.used[0].memory, "m2");

    let full = Pressure {
        memories: 2,
        most_memories: Some(1),
        most_tokens: None,
    };
    assert_eq!(host.evict::<TrustWhatHelped>(&full).unwrap(), ["m1"]);
}

#[test]
fn trust_keeps_to_its_bounds() {
    let host = host_with_two_lamps();
    let query = Query::new(Task::new("t4", "buy a red lamp"));
    for _ in 0..30 {
        let guidance = host.retrieve::<TrustWhatHelped>(&query).unwrap();
        let attempt = Attempt::new("a4", query.task.clone()).failed();
        let receipt = guidance.receipt;
        host.update::<TrustWhatHelped>(&[Feedback { attempt, receipt }])
            .unwrap();
    }
    let weights: Vec<f64> = host
        .memories()
        .iter()
        .map(|one| one.counters.weight)
        .collect();
    assert_eq!(weights, [0.8, 0.8]);
}
