//! A plugin that misbehaves in whichever way its setting `do` asks for.
//!
//! It is written against the bare bindings and not the SDK, because it does what the SDK does not let one do. It
//! exports no phase but `retrieve` and `distill`.

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
                import memhost:strategy/llm@0.2.0;
                import memhost:strategy/embedder@0.2.0;
                import memhost:strategy/store@0.2.0;
                import memhost:strategy/run@0.2.0;
                export memhost:strategy/strategy@0.2.0;
                export memhost:strategy/retrieve@0.2.0;
                export memhost:strategy/distill@0.2.0;
            }
        ",
        world: "memhost:hostile/hostile",
        generate_all,
    });
}

use bindings::exports::memhost::strategy::distill::Guest as Distill;
use bindings::exports::memhost::strategy::retrieve::Guest as Retrieve;
use bindings::exports::memhost::strategy::strategy::Guest as Strategy;
use bindings::memhost::strategy::types::{
    Adjustment, Arrangement, Attempt, Blob, Change, Citation, Commit, Counter, Counters,
    Description, ExpectedCalls, Fault, Guidance, Key, Label, Labels, NewLink, NewMemory, Op,
    Parameter, Patch, Placement, Plan, Query, Receipt, Setting, Source, State, Target, Tool,
    Trigger, Value,
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
                range: None,
                doc: "How to misbehave.".into(),
            }],
            requires: Vec::new(),
            degraded: Vec::new(),
        }
    }

    fn plan_for(settings: Vec<Setting>) -> Result<Plan, Fault> {
        Ok(Plan {
            arrangement: Arrangement::Streaming,
            labels: Labels::Any,
            trials: if wish(&settings) == "no trials" { 0 } else { 1 },
            build_trials: 0,
            retries: 0,
            batch: 0,
            agent_temperature: (wish(&settings) == "endless temperature").then_some(f32::INFINITY),
            moments: match wish(&settings) {
                "ask before every 0th step" => vec![Trigger::EverySteps(0)],
                "1000 moments" => vec![Trigger::Retry; 1_000],
                _ => Vec::new(),
            },
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
            "answer" | "50000 keys" | "keep waiting" | "rewrite" | "loop while learning" => {
                Ok(guidance(query.task.text))
            }
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
            "endless note" => {
                let mut guidance = guidance(String::new());
                guidance.receipt.note = "x".repeat(2 << 20);
                Ok(guidance)
            }
            "endless citations" => {
                let mut guidance = guidance(String::new());
                guidance.receipt.used = (0..20_000).map(|_| cited()).collect();
                Ok(guidance)
            }
            "offer a nameless tool" => Ok(offering(vec![tool("")])),
            "offer a tool twice" => Ok(offering(vec![tool("recall"), tool("recall")])),
            "endless offers" => Ok(offering(
                (0..20_000).map(|n| tool(&n.to_string())).collect(),
            )),
            "endless schema" => {
                let mut recall = tool("recall");
                recall.schema = "x".repeat(2 << 20);
                Ok(offering(vec![recall]))
            }
            "search every field" => (0..1_000)
                .map(|field| search(&format!("key.f{field}"), &[]))
                .collect::<Result<Vec<_>, _>>()
                .map(|all| guidance(all.len().to_string())),
            "filter without end" => {
                let condition = store::Condition {
                    field: "title".into(),
                    comparison: store::Comparison::Ne,
                    operand: store::Operand::Text("x".into()),
                };
                let conditions = vec![condition; 10_000];
                search("content", &conditions).map(|hits| guidance(hits.to_string()))
            }
            "the most of everything" => Ok(the_most_to_hand_out()),
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
                target: memory_named("a"),
                counter: Counter::Weight,
                delta: f64::INFINITY,
                least: None,
                most: None,
            }),
            "endless id" => Op::Remove(memory_named("x".repeat(10_000))),
            "loop while learning" => loop {
                black_box(());
            },
            "50000 keys" => Op::Insert(NewMemory {
                keys: keys(50_000, ""),
                ..memory("item")
            }),
            "2000 labels" => Op::Insert(NewMemory {
                labels: labels(2_000),
                ..memory("item")
            }),
            "20000 sources" => Op::Insert(NewMemory {
                sources: (0..20_000).map(source).collect(),
                ..memory("item")
            }),
            "never expire" => Op::Insert(NewMemory {
                expires: Some(f64::INFINITY),
                ..memory("item")
            }),
            "name what is not inserted" => Op::Remove(Target::Inserted(0)),
            "20000 more sources" => Op::Revise(Patch {
                more_sources: (0..20_000).map(source).collect(),
                ..patch(memory_named("fine"))
            }),
            "the most of everything" => return Ok(the_most_to_keep(run::task_number())),
            "keep waiting" => {
                let blob = Blob {
                    name: format!("b{}", run::task_number()),
                    bytes: vec![1; 4 << 20],
                };
                return Ok(vec![Change {
                    op: Op::Save(blob),
                    commit: Commit::IfNextAttemptSucceeds,
                }]);
            }
            "rewrite" => return Ok(rewritten(run::task_number())),
            _ => {
                return Ok(attempts
                    .iter()
                    .map(|_| at_once(Op::Insert(memory("item"))))
                    .collect());
            }
        };
        Ok(vec![at_once(Op::Remove(memory_named("fine"))), at_once(op)])
    }
}

/// As much as one return can carry of every kind of write, within every limit: what is past the limits of a
/// namespace is for the host to refuse.
fn the_most_to_keep(round: u32) -> Vec<Change> {
    let mut changes: Vec<Change> = (0..20)
        .map(|number| {
            at_once(Op::Insert(NewMemory {
                title: "t".repeat(1_000),
                content: words(32 << 10, round * 20 + number),
                payload: "p".repeat(8 << 10),
                keys: keys(1_000, &format!("{round} {number}")),
                labels: labels(1_000),
                sources: (0..1_000).map(source).collect(),
                ..memory("item")
            }))
        })
        .collect();
    let first = round * 20 + 1;
    for number in 0..1_000 {
        changes.push(at_once(Op::Connect(NewLink {
            source: memory_named(format!("m{first}")),
            target: memory_named(format!("m{}", first + 1 + number % 19)),
            kind: format!("k{number}"),
            weight: 1.0,
        })));
    }
    changes.push(at_once(Op::Save(Blob {
        name: format!("b{round}"),
        bytes: vec![1; 1 << 20],
    })));
    changes.push(Change {
        op: Op::Save(Blob {
            name: format!("later {round}"),
            bytes: vec![1; 1 << 20],
        }),
        commit: Commit::IfNextAttemptSucceeds,
    });
    changes
}

/// The same few memories, with new words every time.
fn rewritten(round: u32) -> Vec<Change> {
    let content = |number| words(200 << 10, round * 20 + number);
    match round {
        0 => (0..20)
            .map(|number| {
                at_once(Op::Insert(NewMemory {
                    content: content(number),
                    ..memory("item")
                }))
            })
            .collect(),
        _ => (0..20)
            .map(|number| {
                at_once(Op::Revise(Patch {
                    content: Some(content(number)),
                    state: Some(State::Active),
                    ..patch(memory_named(format!("m{}", number + 1)))
                }))
            })
            .collect(),
    }
}

/// Everything that costs the host something while a call lasts, and what stays of it.
fn the_most_to_hand_out() -> Guidance {
    let line = "x".repeat(8 << 10);
    (0..1_000).for_each(|_| run::log(run::Level::Info, &line));
    let texts: Vec<String> = (0..4_096).map(|n| format!("text {n}")).collect();
    black_box(embedder::embed(&texts, embedder::Side::Document).ok());
    black_box(search("content", &[]).ok());
    let requests: Vec<llm::Request> = (0..1_000)
        .map(|n| llm::Request {
            purpose: format!("purpose {n}"),
            ..request()
        })
        .collect();
    black_box(llm::complete(&requests));
    let mut guidance = guidance("word ".repeat(1 << 20));
    guidance.receipt.note = "x".repeat(64 << 10);
    guidance.receipt.used = (0..1_000).map(|_| cited()).collect();
    guidance
}

/// How many hits a lexical search of a field has.
fn search(field: &str, filter: &[store::Condition]) -> Result<usize, Fault> {
    let hits = store::search_memories(&store::Search {
        ranking: store::Ranking::Lexical(store::Probe {
            text: "word".into(),
            field: field.into(),
        }),
        filter: filter.to_vec(),
        limit: u32::MAX,
        min_score: None,
    });
    hits.map(|hits| hits.len())
}

fn keys(count: usize, of: &str) -> Vec<Key> {
    let key = |number| Key {
        name: "task".into(),
        text: format!("key {of} {number}"),
        embedded: true,
    };
    (0..count).map(key).collect()
}

fn labels(count: usize) -> Vec<Label> {
    let label = |number: usize| Label {
        name: "label".into(),
        value: number.to_string(),
    };
    (0..count).map(label).collect()
}

/// A text of so many bytes whose words stand nowhere else.
fn words(bytes: usize, salt: u32) -> String {
    let mut text = String::with_capacity(bytes + 16);
    let mut number = u64::from(salt) << 24;
    while text.len() < bytes {
        text += &format!("{number:x} ");
        number += 1;
    }
    text
}

fn cited() -> Citation {
    Citation {
        memory: "m1".into(),
        score: 1.0,
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
        replaces: false,
        offers: Vec::new(),
        receipt: Receipt {
            id: String::new(),
            used: Vec::new(),
            note: String::new(),
        },
    }
}

fn offering(offers: Vec<Tool>) -> Guidance {
    Guidance {
        offers,
        ..guidance(String::new())
    }
}

fn tool(name: &str) -> Tool {
    Tool {
        name: name.into(),
        description: "Looks something up.".into(),
        schema: "{}".into(),
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
        expires: None,
    }
}

fn patch(target: Target) -> Patch {
    Patch {
        target,
        title: None,
        content: None,
        keys: None,
        labels: None,
        payload: None,
        state: None,
        more_sources: Vec::new(),
        expires: None,
    }
}

fn memory_named(id: impl Into<String>) -> Target {
    Target::Memory(id.into())
}

fn source(number: u32) -> Source {
    Source {
        attempt: number.to_string(),
        step: None,
    }
}

fn at_once(op: Op) -> Change {
    Change {
        op,
        commit: Commit::AtOnce,
    }
}
