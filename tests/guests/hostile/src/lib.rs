//! A plugin that misbehaves in whichever way its setting `do` asks for.
//!
//! It is written against the bare bindings and not the SDK, because it does what the SDK does not let one do. It
//! exports neither `update` nor `evict`.

use std::hint::black_box;

#[allow(
    missing_docs,
    reason = "generated from wit/, where every item is documented"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        inline: "
            package memhost:hostile;
            world hostile {
                import memhost:strategy/llm@0.1.0;
                import memhost:strategy/embedder@0.1.0;
                import memhost:strategy/store@0.1.0;
                import memhost:strategy/run@0.1.0;
                export memhost:strategy/strategy@0.1.0;
                export memhost:strategy/retrieve@0.1.0;
                export memhost:strategy/distill@0.1.0;
            }
        ",
        world: "memhost:hostile/hostile",
        generate_all,
    });
}

use bindings::exports::memhost::strategy::distill::Guest as Distill;
use bindings::exports::memhost::strategy::retrieve::{
    Guest as Retrieve, Guidance, Placement, Query,
};
use bindings::exports::memhost::strategy::strategy::{
    Description, ExpectedCalls, Guest as Strategy, Labels, Parameter, Plan, Protocol, Setting,
    Value,
};
use bindings::memhost::strategy::types::{
    Adjustment, Attempt, Change, Citation, Commit, Counter, Counters, Fault, NewMemory, Op, Receipt,
};
use bindings::memhost::strategy::{embedder, llm, run, store};

struct Hostile;
bindings::export!(Hostile with_types_in bindings);

impl Strategy for Hostile {
    fn describe() -> Description {
        std::panic::set_hook(Box::new(|info| {
            run::log(run::Level::Warn, &info.to_string())
        }));
        Description {
            name: "hostile".into(),
            version: "0.1.0".into(),
            summary: "Misbehaves on demand.".into(),
            source: "none".into(),
            parameters: vec![Parameter {
                name: "do".into(),
                default: Value::Text("answer".into()),
                source_value: None,
                doc: "How to misbehave.".into(),
            }],
            requires: Vec::new(),
            degraded: Vec::new(),
        }
    }

    fn plan_for(settings: Vec<Setting>) -> Result<Plan, Fault> {
        Ok(Plan {
            protocol: Protocol::Streaming,
            labels: Labels::Any,
            trials: if wish(&settings) == "no trials" { 0 } else { 1 },
            baseline_arm: false,
            all_agents: false,
            refinements: 0,
            rounds: 1,
            findings_per_round: 0,
            calls: ExpectedCalls {
                retrieve: 0.0,
                distill: 0.0,
                update: 0.0,
                candidates: 0.0,
            },
        })
    }
}

impl Retrieve for Hostile {
    fn retrieve(query: Query, settings: Vec<Setting>) -> Result<Guidance, Fault> {
        std::panic::set_hook(Box::new(|info| {
            run::log(run::Level::Warn, &info.to_string())
        }));
        match wish(&settings) {
            "answer" => Ok(guidance(query.task.text)),
            "loop forever" => loop {
                black_box(());
            },
            "fill memory forever" => {
                let mut block = vec![0_u8; 128 << 20];
                loop {
                    black_box(&mut block).fill(black_box(1));
                }
            }
            "count tokens forever" => {
                let text = "x ".repeat(4 << 20);
                loop {
                    black_box(llm::count_tokens(&text));
                }
            }
            "recurse" => Ok(guidance(recurse(1).to_string())),
            "allocate 100 GiB" => {
                let blocks: Vec<Vec<u8>> = (0..100).map(|_| black_box(vec![1; 1 << 30])).collect();
                Ok(guidance(blocks.len().to_string()))
            }
            "allocate 16 MiB" => Ok(guidance(black_box(vec![1_u8; 16 << 20]).len().to_string())),
            "panic" => panic!("the guest's own words"),
            "overflow a result" => Ok(guidance("x".repeat(32 << 20))),
            "overflow an argument" => {
                run::log(run::Level::Info, &"x".repeat(32 << 20));
                Ok(guidance(String::new()))
            }
            "ask a model" => {
                let replies = llm::complete(&[request(), request(), request()]);
                let replies: Result<Vec<_>, _> = replies.into_iter().collect();
                Ok(guidance(
                    replies?.into_iter().map(|reply| reply.text).collect(),
                ))
            }
            "log 100 lines" => {
                (0..100).for_each(|line| run::log(run::Level::Info, &line.to_string()));
                Ok(guidance(String::new()))
            }
            "call 1000 times" => {
                (0..1000).for_each(|_| {
                    black_box(run::now());
                });
                Ok(guidance(String::new()))
            }
            "draw" => Ok(guidance(format!("{:?}", [run::random(), run::random()]))),
            "tell the run" => Ok(guidance(format!(
                "{} {} {} {}",
                run::now(),
                run::task_number(),
                run::batch_number(),
                llm::count_tokens("two words")
            ))),
            "try everything" => Ok(guidance(format!(
                "{:?} {:?} {:?} {} {:?}",
                store::get_memories(&["a".into()]),
                store::get_attempts(&["a".into()]),
                embedder::embed(&["a".into()], embedder::Side::Query),
                embedder::dimension(),
                llm::complete(&[request()]),
            ))),
            "cite nonsense" => {
                let mut guidance = guidance(String::new());
                guidance.receipt.used.push(Citation {
                    memory: "a".into(),
                    score: f64::NAN,
                });
                Ok(guidance)
            }
            "fault" => Err(Fault::Invalid("as asked".into())),
            other => Err(Fault::Invalid(format!("unknown wish {other:?}"))),
        }
    }
}

impl Distill for Hostile {
    fn distill(attempts: Vec<Attempt>, settings: Vec<Setting>) -> Result<Vec<Change>, Fault> {
        let op = match wish(&settings) {
            "nameless kind" => Op::Insert(memory("")),
            "endless delta" => Op::Adjust(Adjustment {
                id: "a".into(),
                counter: Counter::Weight,
                delta: f64::INFINITY,
                least: None,
                most: None,
            }),
            "endless id" => Op::Remove("x".repeat(10_000)),
            _ => {
                return Ok(attempts
                    .iter()
                    .map(|_| at_once(Op::Insert(memory("item"))))
                    .collect());
            }
        };
        Ok(vec![at_once(Op::Remove("fine".into())), at_once(op)])
    }
}

/// What the operator asked for.
fn wish(settings: &[Setting]) -> &str {
    let setting = settings.iter().find(|setting| setting.name == "do");
    match setting.map(|setting| &setting.value) {
        Some(Value::Text(wish)) => wish,
        _ => "answer",
    }
}

/// Never ends, and no optimiser can tell.
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    match black_box(depth) {
        0 => 0,
        _ => recurse(depth + 1) + black_box(frame)[3],
    }
}

fn guidance(text: String) -> Guidance {
    Guidance {
        text,
        placement: Placement::System,
        receipt: Receipt {
            id: String::new(),
            used: Vec::new(),
            note: String::new(),
        },
    }
}

fn request() -> llm::Request {
    llm::Request {
        role: llm::Role::Cheap,
        messages: vec![llm::Message {
            speaker: llm::Speaker::User,
            text: "well?".into(),
        }],
        temperature: None,
        max_tokens: None,
        schema: None,
        purpose: "test".into(),
    }
}

fn memory(kind: &str) -> NewMemory {
    NewMemory {
        kind: kind.into(),
        title: String::new(),
        content: String::new(),
        keys: Vec::new(),
        labels: Vec::new(),
        payload: String::new(),
        counters: Counters {
            weight: 1.0,
            uses: 0,
            wins: 0,
            losses: 0,
            strength: 0.0,
        },
        sources: Vec::new(),
    }
}

fn at_once(op: Op) -> Change {
    Change {
        op,
        commit: Commit::AtOnce,
    }
}
