use memhost_sdk::testing::{Inside, TestHost};
use memhost_sdk::{
    Attempt, Change, Condition, Description, Distill, Fault, Feedback, Guidance, NewMemory, Query,
    Recalled, Retrieve, Scan, Settings, Strategy, Task, pack, scan, store,
};

use crate::{HEARD, Hide};

/// Says all that it has learnt, and how many memories there are.
struct Notes;

impl Strategy for Notes {
    fn describe() -> Description {
        Description::new("notes", "1", "Says all that it has learnt.")
    }
}

impl Retrieve for Notes {
    fn retrieve(query: &Query, _: &Settings) -> Result<Guidance, Fault> {
        let all = store::count_memories(&[])?;
        let notes = scan(&Scan::oldest_first())?;
        let notes = notes
            .into_iter()
            .map(|memory| Recalled::from((memory, 1.0)));
        Ok(pack(&format!("All {all}:"), notes, query.token_budget))
    }
}

impl Distill for Notes {
    fn distill(attempts: &[Attempt], _: &Settings) -> Result<Vec<Change>, Fault> {
        let note = |one: &Attempt| NewMemory::new("note", &one.answer).learnt_from(&one.id);
        Ok(attempts.iter().map(note).map(Change::insert).collect())
    }
}

/// A host that has learnt three notes.
fn host() -> TestHost {
    let host = TestHost::new();
    for (id, answer) in [("a1", "Knock."), ("a2", "Wait."), ("a3", "Enter.")] {
        let attempt = Attempt::new(id, Task::new("t", "the door")).answer(answer);
        host.distill::<Notes>(&[attempt]).unwrap();
    }
    host.wrap(Inside::<Notes>::new().retrieves());
    host
}

fn ask(host: &TestHost) -> Guidance {
    let query = Query::new(Task::new("next", "the door"));
    host.retrieve::<Hide>(&query).unwrap()
}

#[test]
fn what_is_hidden_is_not_there() {
    let host = host();
    assert!(ask(&host).text.starts_with("All 3:"));
    host.set("ids", "m2");
    let guidance = ask(&host);
    assert!(guidance.text.starts_with("All 2:"), "{}", guidance.text);
    assert!(!guidance.text.contains("Wait"), "{}", guidance.text);
    assert_eq!(host.memories().len(), 3);
}

#[test]
fn its_own_memories_are_nobody_elses() {
    let host = host();
    let receipt = ask(&host).receipt;
    let attempt = Attempt::new("a4", Task::new("next", "the door"));
    host.update::<Hide>(&[Feedback { attempt, receipt }])
        .unwrap();
    let own = || store::count_memories(&[Condition::eq("kind", HEARD)]);
    assert_eq!(host.run(own).unwrap(), 1);
    assert!(ask(&host).text.starts_with("All 3:"));
}

#[test]
fn a_setting_of_what_is_wrapped_is_no_setting_of_the_wrapper() {
    let host = host();
    host.set("inner.k", 3.0);
    let query = Query::new(Task::new("next", "the door"));
    let refused = host.retrieve::<Hide>(&query).unwrap_err();
    assert!(
        format!("{refused:?}").contains("no parameter `k`"),
        "{refused:?}"
    );
}
