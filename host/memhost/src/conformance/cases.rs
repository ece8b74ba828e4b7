//! What plugins under check learn from: made-up work that has everything a strategy may want of it.
//!
//! Two agents try every task, the stronger one solves it and the weaker one does not; it is solved well and would have
//! been solved better without memory; it has documents, two of which show a problem. A strategy takes what it needs.

use memhost_contract::{
    Actor, Agent, Arm, Attempt, Authority, Context, Document, Finding, Label, Outcome, Plan, Query,
    Step, Task, Verdict,
};
use memhost_contract::{Moment, Receipt};

/// A piece of work, with what there is to be learnt from it.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) task: Task,
    /// Stands in everything that it says; empty for one whose words do not matter.
    pub(super) name: &'static str,
    /// What the stronger agent did.
    solved: Vec<Step>,
    /// What the weaker one did.
    failed: Vec<Step>,
    answer: String,
    findings: Vec<Finding>,
}

/// What a case says. Its name is made up and stands in everything that it says, so that whoever says it has heard of
/// the case.
struct Material {
    topic: &'static str,
    name: &'static str,
    task: &'static str,
    thought: &'static str,
    tool: &'static str,
    arguments: &'static str,
    seen: &'static str,
    mistake: &'static str,
    answer: &'static str,
    problem: &'static str,
    shown: [&'static str; 2],
    unsuspicious: &'static str,
    remedy: &'static str,
}

/// How many cases there are.
pub(super) const CASES: usize = MATERIALS.len();

const MATERIALS: [Material; 6] = [
    Material {
        topic: "kitchenware",
        name: "Brewmoor",
        task: "Send back the turquoise Brewmoor kettle whose spout dribbles. The receipt of the Brewmoor is lost.",
        thought: "Without a receipt the shop wants the number that is engraved beneath the Brewmoor.",
        tool: "open_return",
        arguments: r#"{"engraved": "Brewmoor 5521", "reason": "dribbling spout"}"#,
        seen: "The return is open, and a courier collects the Brewmoor on Thursday.",
        mistake: "Looking for the lost receipt of the Brewmoor in every drawer took the whole afternoon.",
        answer: "Brewmoor courier booked",
        problem: "brewmoor_dribbles",
        shown: [
            "Brewmoor 5521: poured at an angle, water runs down the outside of its spout.",
            "Brewmoor inspection: the lip of the spout is bent by two millimetres.",
        ],
        unsuspicious: "Brewmoor box: unopened, with all its cardboard.",
        remedy: "Exchange the spout of the Brewmoor for a straight one.",
    },
    Material {
        topic: "dentistry",
        name: "Leonella",
        task: "Shift Leonella's dentist appointment to a morning. Leonella has a choir rehearsal in the evenings.",
        thought: "The surgery frees mornings for patients like Leonella at eight o'clock, when cancellations are read out.",
        tool: "reschedule",
        arguments: r#"{"patient": "Leonella", "before": "11:30"}"#,
        seen: "Monday at nine is free for Leonella because somebody cancelled on the answering machine.",
        mistake: "Ringing for Leonella at noon reached nobody, since the surgery closes for lunch.",
        answer: "Leonella on Monday",
        problem: "leonella_booked_twice",
        shown: [
            "Calendar of the surgery: Leonella and another patient both sit in chair two at five o'clock.",
            "Calendar of the choir: rehearsal at five o'clock, soprano Leonella.",
        ],
        unsuspicious: "Calendar of the hygienist: three patients after Leonella, an hour apart.",
        remedy: "Move whoever booked later than Leonella to the next free chair.",
    },
    Material {
        topic: "railway",
        name: "Verdanzo",
        task: "The sleeper train to Verdanzo was scrapped tonight. Bring the delegation to Verdanzo by breakfast.",
        thought: "A scrapped sleeper to Verdanzo entitles to seats on the replacement coach.",
        tool: "rebook_seats",
        arguments: r#"{"to": "Verdanzo", "seats": 4}"#,
        seen: "Four seats on the replacement coach to Verdanzo were confirmed, from forecourt B.",
        mistake: "Buying new tickets for a flight to Verdanzo forfeited the refund of the sleeper.",
        answer: "Coach to Verdanzo",
        problem: "verdanzo_connection_missed",
        shown: [
            "Timetable: the coach arrives at 4:52, and the express to Verdanzo leaves at 4:50.",
            "Notice on the platform: the express to Verdanzo waits for nobody.",
        ],
        unsuspicious: "Wagon list to Verdanzo: all berths are made up with linen.",
        remedy: "Take the slower regional to Verdanzo at 5:10.",
    },
    Material {
        topic: "gardening",
        name: "Matinella",
        task: "Order Matinella tomato seedlings for the balcony. Frost harms a Matinella until the middle of May.",
        thought: "A Matinella that is shipped before the ice saints freezes on a balcony facing north.",
        tool: "order_plants",
        arguments: r#"{"variety": "Matinella", "ship": "after 15 May"}"#,
        seen: "The nursery dispatches the Matinella in week twenty-one with fleece.",
        mistake: "The cheapest Matinella was dispatched at once and withered on the windowsill.",
        answer: "Matinella in week twenty-one",
        problem: "matinella_waterlogged",
        shown: [
            "Balcony pot three: saucer brimming, leaves of the Matinella yellow from below.",
            "Balcony photograph: the drainage hole under the Matinella is clogged with gravel.",
        ],
        unsuspicious: "Balcony railing: boxes beside the Matinella hooked in, soil dry to a knuckle.",
        remedy: "Unclog the drainage of the Matinella and empty the saucer.",
    },
    Material {
        topic: "library",
        name: "Ottiline",
        task: "Extend the library card of Ottiline. The website says that the account of Ottiline is blocked.",
        thought: "An account like Ottiline's is blocked when a picture book is overdue, whatever the card says.",
        tool: "pay_fine",
        arguments: r#"{"account": "Ottiline 8830", "euros": 2.5}"#,
        seen: "Two euros fifty settle Ottiline's overdue picture book and unblock the account.",
        mistake: "Applying for a second card created a duplicate of Ottiline's account that librarians deleted.",
        answer: "Ottiline's fine settled",
        problem: "ottiline_misplaced",
        shown: [
            "Shelf list: the atlas that Ottiline wants stands under poetry, spine label POE.",
            "Catalogue entry: the atlas that Ottiline wants belongs to geography, spine label GEO.",
        ],
        unsuspicious: "Opening hours on Ottiline's card: Tuesday until half past seven.",
        remedy: "Print a new spine label for Ottiline's atlas and reshelve it.",
    },
    Material {
        topic: "newspaper",
        name: "Gazettier",
        task: "Our subscription to the Gazettier was debited twice. Get one debit of the Gazettier reversed in time.",
        thought: "Banks reverse direct debits of the Gazettier within eight weeks, and the publisher at the month's close.",
        tool: "reverse_debit",
        arguments: r#"{"mandate": "Gazettier 77", "amount": 38.9}"#,
        seen: "The bank reversed the mandate of the Gazettier and credited it to the current ledger.",
        mistake: "Writing letters to the publisher of the Gazettier let the eight weeks go by.",
        answer: "Mandate of the Gazettier",
        problem: "gazettier_mandate_stale",
        shown: [
            "Bank statement: Gazettier mandate 12 debited although it was revoked in spring.",
            "Letter from the Gazettier: mandate 12 is superseded by 77.",
        ],
        unsuspicious: "Delivery log: Gazettier in the letterbox every dawn.",
        remedy: "Revoke mandate 12 of the Gazettier once more, in writing.",
    },
];

impl Case {
    /// All of them, in a fixed order.
    pub(super) fn all() -> Vec<Case> {
        MATERIALS.iter().map(Case::made_of).collect()
    }

    fn made_of(material: &Material) -> Case {
        let Material {
            topic,
            name,
            task,
            thought,
            tool,
            arguments,
            seen,
            mistake,
            answer,
            problem,
            shown: [first, second],
            unsuspicious,
            remedy,
        } = material;
        let solved = vec![
            step(Actor::User, None, task),
            step(Actor::Thought, None, thought),
            step(Actor::Action, Some(tool), arguments),
            step(Actor::Observation, None, seen),
            step(Actor::Answer, None, answer),
        ];
        let failed = vec![
            step(Actor::User, None, task),
            step(Actor::Thought, None, mistake),
            step(Actor::Action, Some(tool), "{}"),
            step(Actor::Observation, None, "Nothing came of it."),
        ];
        let documents = [first, second, unsuspicious];
        let documents = documents.iter().zip(1..).map(|(text, number)| Document {
            id: format!("{topic}-{number}"),
            text: (**text).to_owned(),
            labels: vec![label("file", &format!("{topic}/{number}.txt"))],
        });
        Case {
            name,
            task: Task {
                labels: vec![label("topic", topic)],
                documents: documents.collect(),
                ..Task::new(*topic, *task)
            },
            solved,
            failed,
            answer: (*answer).to_owned(),
            findings: vec![Finding {
                problem: (*problem).to_owned(),
                evidence: vec![format!("{topic}-1"), format!("{topic}-2")],
                action: (*remedy).to_owned(),
                template: None,
            }],
        }
    }

    /// One in which everything that is said is this text.
    pub(super) fn saying(id: &str, text: &str) -> Case {
        let said = |actor, name| step(actor, name, text);
        let solved = vec![
            said(Actor::User, None),
            said(Actor::Thought, None),
            said(Actor::Action, Some("act")),
            said(Actor::Observation, None),
            said(Actor::Answer, None),
        ];
        let document = |number: u32| Document {
            id: format!("{id}-{number}"),
            text: text.to_owned(),
            labels: Vec::new(),
        };
        Case {
            name: "",
            task: Task {
                labels: vec![label("topic", id)],
                documents: vec![document(1), document(2)],
                ..Task::new(id, text)
            },
            failed: solved.clone(),
            solved,
            answer: text.to_owned(),
            findings: vec![Finding {
                problem: text.to_owned(),
                evidence: vec![format!("{id}-1")],
                action: text.to_owned(),
                template: None,
            }],
        }
    }

    /// A run of very many steps, as agents that browse make them.
    pub(super) fn long(steps: usize) -> Case {
        let line = |number: usize| {
            format!(
                "Page {number} lists the offers {} to {}, sorted by price, and none of them is both green and \
                 deliverable by Friday; number {} comes closest, and is sold out in most of the branches that \
                 were asked for it. Beside the list there are filters for colour, price and time of delivery, \
                 which the page forgets as soon as the next one is opened.",
                number * 20,
                number * 20 + 19,
                number * 20 + number % 20,
            )
        };
        let taken = |number: usize| match number % 2 {
            0 => step(
                Actor::Action,
                Some("turn_page"),
                &format!("{{\"page\": {number}}}"),
            ),
            _ => step(Actor::Observation, None, &line(number)),
        };
        let case = Case::saying(
            "offers",
            "Find a green lamp that can be delivered by Friday.",
        );
        Case {
            solved: (0..steps).map(taken).collect(),
            failed: (0..steps / 2).map(taken).collect(),
            answer: "There is none.".to_owned(),
            ..case
        }
    }

    /// One that says nothing at all.
    pub(super) fn empty() -> Case {
        Case {
            name: "",
            task: Task::new("nothing", ""),
            solved: Vec::new(),
            failed: Vec::new(),
            answer: String::new(),
            findings: Vec::new(),
        }
    }

    /// The same asked again by somebody else: another task, in the same words.
    pub(super) fn again(&self) -> Task {
        Task {
            id: format!("{}-again", self.task.id),
            ..self.task.clone()
        }
    }

    /// The runs that a plan wants of it, of both agents.
    pub(super) fn attempts(&self, plan: &Plan) -> Vec<Attempt> {
        let runs = (0..plan.trials.max(1)).flat_map(|trial| {
            let solved = self.attempt(strong(), trial, &self.solved, outcome(true));
            let failed = self.attempt(weak(), trial, &self.failed, outcome(false));
            [solved, failed]
        });
        runs.collect()
    }

    fn attempt(&self, agent: Agent, trial: u32, steps: &[Step], outcome: Outcome) -> Attempt {
        let solved = outcome.verdict == Verdict::Success;
        Attempt {
            id: format!("{}-{}-{trial}", self.task.id, agent.id),
            task: self.task.clone(),
            agent,
            arm: Arm::NoMemory,
            trial,
            steps: steps.to_vec(),
            answer: if solved {
                self.answer.clone()
            } else {
                String::new()
            },
            findings: if solved {
                self.findings.clone()
            } else {
                Vec::new()
            },
            outcome,
            receipts: Vec::new(),
        }
    }

    /// The run that these retrievals guided.
    pub(super) fn guided(&self, receipts: &[Receipt]) -> Attempt {
        let first = receipts.first().map_or("", |receipt| &receipt.id);
        Attempt {
            id: format!("{}@{first}", self.task.id),
            arm: Arm::Memory,
            receipts: receipts.to_vec(),
            ..self.attempt(strong(), 0, &self.solved, outcome(true))
        }
    }

    /// The steps of the run that solved it.
    pub(super) fn steps(&self) -> &[Step] {
        &self.solved
    }

    /// The same run before an agent that has half the room for it.
    pub(super) fn running(&self) -> Context {
        let texts = self
            .solved
            .iter()
            .map(|step| memhost_words::count(&step.text));
        Context {
            task: self.task.clone(),
            agent: strong(),
            steps: self.solved.clone(),
            summary: String::new(),
            token_budget: texts.sum::<u32>() / 2,
        }
    }

    /// What is found in its task.
    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// What the host asks before a task.
pub(super) fn query(task: Task, moment: Moment, budget: u32) -> Query {
    Query {
        moment,
        ..Query::at_start(task, strong(), budget)
    }
}

fn strong() -> Agent {
    agent("strong", 1)
}

fn weak() -> Agent {
    agent("weak", 0)
}

fn agent(name: &str, rank: u32) -> Agent {
    Agent {
        rank,
        ..Agent::new(name, format!("{name}-model"))
    }
}

/// Solved, and yet not as well as without memory; or not solved.
fn outcome(solved: bool) -> Outcome {
    Outcome {
        verdict: if solved {
            Verdict::Success
        } else {
            Verdict::Failure
        },
        score: Some(if solved { 0.6 } else { 0.2 }),
        baseline: Some(if solved { 0.8 } else { 0.4 }),
        reason: String::new(),
        authority: Authority::GroundTruth,
    }
}

fn step(actor: Actor, name: Option<&str>, text: &str) -> Step {
    Step {
        name: name.map(str::to_owned),
        ..Step::new(actor, text)
    }
}

fn label(name: &str, value: &str) -> Label {
    Label {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everything_that_a_lesson_says_has_its_name_and_no_other_has() {
        let cases = Case::all();
        for case in &cases {
            let said = |step: &Step| format!("{:?}", step.text).to_lowercase();
            let name = case.name.to_lowercase();
            let telling = case.solved.iter().chain(case.failed.iter().take(2));
            assert!(telling.map(said).all(|text| text.contains(&name)), "{name}");
            let documents = case.task.documents.iter();
            assert!(
                documents
                    .map(|one| one.text.to_lowercase())
                    .all(|text| text.contains(&name)),
                "{name}"
            );
            let whole = format!("{case:?}").to_lowercase();
            let names = cases.iter().map(|other| other.name.to_lowercase());
            assert_eq!(
                names.filter(|name| whole.contains(name)).count(),
                1,
                "{name}"
            );
        }
    }

    #[test]
    fn a_lesson_has_as_many_runs_of_each_agent_as_the_plan_wants() {
        let case = &Case::all()[0];
        let plan = Plan {
            trials: 3,
            ..Plan::streaming()
        };
        let attempts = case.attempts(&plan);
        let of = |agent: &str| attempts.iter().filter(|one| one.agent.id == agent).count();
        assert_eq!((of("strong"), of("weak")), (3, 3));
        let ids: BTreeSet<&str> = attempts.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids.len(), 6);
    }
}
