//! Lane `steps`, made: the desk of a shop answers customers by calling tools, and is asked after each which comes next.
//!
//! Runs are a Markov chain: what follows a tool hangs on that tool, and look-ups are often repeated. In a known share of
//! cases it does not: at the [`FORKS`] what follows is what the customer wished, who said so once, at the beginning of the
//! run, in words that a task's text does not have. Counting pairs of tools knows the chain and no wish.

use memhost_contract::{Actor, Attempt, Step, Task};
use rand::Rng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::super::recorded::{attempt, graded, said, task, tool};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite};
use super::bits;

/// As `memhost suite list` says it.
pub const SUMMARY: &str = "Generated (steps): runs of a shop's desk; which tool comes next, by the last one or by an earlier word";

/// Runs that are learnt from, and runs that are asked about.
const LEARNT: usize = 100;
const ASKED: usize = 32;
/// No run is longer, in calls.
const LONGEST: usize = 16;

/// What a customer may want: how it is said, and what follows at the forks.
struct Wish {
    words: &'static [&'static str],
    /// What follows each of the [`FORKS`].
    next: [&'static str; 2],
}

const WISHES: [Wish; 3] = [
    Wish {
        words: &["I want my money back.", "Please return what I paid."],
        next: ["check_payment", "refund_payment"],
    },
    Wish {
        words: &["Send me another one.", "I need a new one of these."],
        next: ["search_items", "send_replacement"],
    },
    Wish {
        words: &["I have moved house.", "It must go to my new place."],
        next: ["check_address", "change_address"],
    },
];

/// After which a run goes on as the customer wished.
pub const FORKS: [&str; 2] = ["get_order", "compare_prices"];

/// A tool: how often it is called again, and what follows with which weight. Where weights do not add up to 1, the run
/// may end.
struct Tool {
    name: &'static str,
    again: f64,
    next: &'static [(&'static str, f64)],
}

const TOOLS: [Tool; 13] = [
    Tool {
        name: "find_customer",
        again: 0.0,
        next: &[("get_order", 0.8), ("list_orders", 0.2)],
    },
    Tool {
        name: "list_orders",
        again: 0.5,
        next: &[("get_order", 0.8), ("search_items", 0.2)],
    },
    Tool {
        name: "get_order",
        again: 0.35,
        next: &[],
    },
    Tool {
        name: "search_items",
        again: 0.65,
        next: &[
            ("compare_prices", 0.55),
            ("get_order", 0.1),
            ("check_stock", 0.2),
            ("find_customer", 0.05),
            ("list_orders", 0.1),
        ],
    },
    Tool {
        name: "check_stock",
        again: 0.5,
        next: &[
            ("compare_prices", 0.5),
            ("search_items", 0.3),
            ("get_order", 0.2),
        ],
    },
    Tool {
        name: "check_payment",
        again: 0.5,
        next: &[
            ("compare_prices", 0.45),
            ("search_items", 0.35),
            ("get_order", 0.2),
        ],
    },
    Tool {
        name: "check_address",
        again: 0.5,
        next: &[
            ("compare_prices", 0.4),
            ("search_items", 0.4),
            ("get_order", 0.2),
        ],
    },
    Tool {
        name: "compare_prices",
        again: 0.0,
        next: &[],
    },
    Tool {
        name: "refund_payment",
        again: 0.35,
        next: AFTERWARDS,
    },
    Tool {
        name: "send_replacement",
        again: 0.35,
        next: AFTERWARDS,
    },
    Tool {
        name: "change_address",
        again: 0.35,
        next: AFTERWARDS,
    },
    Tool {
        name: "write_note",
        again: 0.0,
        next: &[("hand_over", 0.2)],
    },
    Tool {
        name: "hand_over",
        again: 0.0,
        next: &[],
    },
];
const AFTERWARDS: &[(&str, f64)] = &[
    ("write_note", 0.4),
    ("search_items", 0.25),
    ("get_order", 0.1),
];

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    let bits = &mut bits(seed, 0);
    let runs: Vec<(Task, Vec<Step>)> = (0..LEARNT + ASKED)
        .map(|number| run(number, bits))
        .collect();
    let (learnt, asked) = runs.split_at(LEARNT);
    let asked = asked
        .iter()
        .flat_map(|(task, steps)| questions(task, steps));
    Suite {
        name: "steps".into(),
        lane: Lane::Steps,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "desk".into(),
            stages: vec![
                Stage::shuffled(learnt.iter().map(learn).collect()),
                Stage::shuffled(asked.collect()),
            ],
        }],
        budgets: vec![256],
        primary: "next@1".into(),
    }
}

/// A customer's case, with what the desk did.
fn run(number: usize, bits: &mut ChaCha8Rng) -> (Task, Vec<Step>) {
    let order = bits.random_range(1000..10_000);
    let task = task(
        format!("case-{number}"),
        format!("A customer writes about order {order}."),
        &[],
    );
    let wish = WISHES.choose(bits);
    let words = wish.and_then(|wish| wish.words.choose(bits));
    let mut steps = vec![said(Actor::User, words.copied().unwrap_or_default())];
    let mut called = 0;
    let mut next = Some("find_customer");
    while let Some(name) = next.filter(|_| called < LONGEST) {
        steps.push(tool(Actor::Action, name, "{}"));
        steps.push(tool(Actor::Observation, name, "done"));
        called += 1;
        next = follows(name, wish, bits);
    }
    steps.push(said(Actor::Answer, "This is done."));
    (task, steps)
}

fn follows(name: &str, wish: Option<&Wish>, bits: &mut ChaCha8Rng) -> Option<&'static str> {
    let tool = TOOLS.iter().find(|tool| tool.name == name)?;
    if bits.random_bool(tool.again) {
        return Some(tool.name);
    }
    let fork = FORKS.iter().position(|fork| *fork == name);
    if let Some(fork) = fork {
        return wish?.next.get(fork).copied();
    }
    let weights = tool.next.iter().map(|(_, weight)| *weight);
    let end = 1.0 - weights.clone().sum::<f64>();
    let chosen = WeightedIndex::new(weights.chain([end.max(0.0)]))
        .ok()?
        .sample(bits);
    tool.next.get(chosen).map(|(name, _)| *name)
}

fn learn((task, steps): &(Task, Vec<Step>)) -> Episode {
    let id = format!("{}-0", task.id);
    episode(
        task,
        None,
        vec![attempt(id, task, 0, steps.clone(), graded(1.0))],
    )
}

fn questions(task: &Task, steps: &[Step]) -> Vec<Episode> {
    let answered = steps.iter().zip(1usize..);
    let answered = answered.filter(|(step, _)| step.actor == Actor::Observation);
    let asked = answered.filter_map(|(_, taken)| {
        let next = steps
            .get(taken)
            .filter(|step| step.actor == Actor::Action)?;
        let question = Question::NextTool {
            run: steps.get(..taken)?.to_vec(),
            tool: next.name.clone()?,
        };
        let within = Task {
            id: format!("{}-{taken}", task.id),
            ..task.clone()
        };
        Some(Episode {
            group: task.id.clone(),
            ..episode(&within, Some(question), Vec::new())
        })
    });
    asked.collect()
}

fn episode(task: &Task, question: Option<Question>, attempts: Vec<Attempt>) -> Episode {
    Episode {
        question,
        attempts,
        ..Episode::of(task.clone())
    }
}
