use memhost_sdk::testing::{Taught, TestHost};
use memhost_sdk::{Attempt, Compacted, Context, Query, Step, Task};

use crate::Brief;

fn run() -> Vec<Step> {
    vec![
        Step::user("Cancel order #W2378156, please."),
        Step::action("find", "{\"order\": \"#W2378156\"}"),
        Step::observation("user_7 has gift_card_18 and gift_card_19."),
        Step::thought("Refund it to the card that was used."),
    ]
}

fn compact(context: &Context) -> Compacted {
    TestHost::new().compact::<Brief>(context).unwrap()
}

fn context(budget: u32) -> Context {
    Context::new(Task::new("t", "Help the customer."), run(), budget)
}

#[test]
fn the_last_steps_stay_and_identifiers_of_the_others_are_listed_the_newest_first() {
    let compacted = compact(&context(40));
    assert_eq!(compacted.keep_last, 1);
    assert_eq!(
        compacted.text,
        "Met before, the newest first: gift_card_19, gift_card_18, user_7, #W2378156"
    );
    assert_eq!(compacted.receipt.id, "r1");
}

#[test]
fn where_room_is_short_the_oldest_identifiers_go() {
    let listed = |budget: u32| compact(&context(budget)).text;
    assert_eq!(listed(22), "Met before, the newest first: gift_card_19");
    assert_eq!(listed(3), "");
}

#[test]
fn what_an_earlier_summary_lists_is_older_than_the_steps() {
    let earlier = context(42).after("Met before, the newest first: user_7, line_3");
    assert_eq!(
        compact(&earlier).text,
        "Met before, the newest first: gift_card_19, gift_card_18, user_7, #W2378156, line_3"
    );
}

#[test]
fn a_run_that_has_room_stays_whole() {
    let compacted = compact(&context(1_000));
    assert_eq!((compacted.keep_last, compacted.text.as_str()), (4, ""));
}

fn taught() -> Taught {
    let attempt = Attempt::new("a", Task::new("t", "Help the customer."));
    Taught {
        host: TestHost::new(),
        query: Query::new(attempt.task.clone()),
        attempts: vec![run().into_iter().fold(attempt, Attempt::step)],
    }
}

memhost_sdk::promises!(Brief: Compact; taught);
