//! What a question costs does not grow with the questions before it: streams of growing length, in every lane.
//!
//! Counted is what the thread computes, not how long it takes, so that a busy machine is no reason to fail; of several
//! runs the cheapest counts. A long stream does not fit into the caches of a processor that others use too: what is a line
//! by its steps was seen there with an exponent of 1.4. A term that grows with the square of the questions, and is half the
//! cost of the shortest stream, gives 1.7.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use memhost::Lance;
use memhost::embedding::{Embedded, EmbedderIdentity, EmbeddingError};
use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::settings;
use memhost_eval::floors::floors;
use memhost_suite::{HiddenProblem, Matching, check};

use super::*;

/// Questions of the streams whose cost is compared.
const LENGTHS: [usize; 4] = [250, 500, 1_000, 2_000];
/// What costs next to nothing is looked at in longer ones.
const LONGER: [usize; 4] = [500, 1_000, 2_000, 4_000];
/// The largest exponent: a cost of n·log n has 1.1 here, one of n² has 2.
const MOST: f64 = 1.6;

/// What is asked of every task of a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asks {
    Phrase,
    Words,
    Kind,
    Tools,
    Route,
    Forecast,
    Discover,
}

const ALL: [Asks; 7] = [
    Asks::Phrase,
    Asks::Words,
    Asks::Kind,
    Asks::Tools,
    Asks::Route,
    Asks::Forecast,
    Asks::Discover,
];

fn word(number: usize) -> String {
    const SYLLABLES: [&str; 12] = [
        "ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se",
    ];
    let mut rest = number;
    let mut word = String::new();
    for _ in 0..4 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}

/// Tasks of 50 kinds, in words of which some are common and some rare.
fn episode(asks: Asks, number: usize) -> Episode {
    let kind = number * 7 % 50;
    let (rare, common) = (word(number * 37 % 5_000), word(kind + 6_000));
    let text = format!(
        "please {common} the {rare} of {} by day {}",
        word(number % 400),
        number % 31
    );
    let label = |name: &str, value: String| Label {
        name: name.into(),
        value,
    };
    let mut task = Task {
        text: text.clone(),
        labels: vec![label("site", format!("s{}", kind % 3))],
        ..task_called(&format!("t{number}"))
    };
    let happened = number.is_multiple_of(3);
    let question = match asks {
        Asks::Phrase | Asks::Words => Question::Evidence {
            answers: vec![
                format!("{} {common}", word(number * 11 % 5_000)),
                word(number * 13 % 9_000),
            ],
            matching: if asks == Asks::Words {
                Matching::Words
            } else {
                Matching::Phrase
            },
            gold: vec![Source::step(format!("t{}-0", number / 2), 0)],
            pieces: Vec::new(),
        },
        Asks::Kind => Question::Kind {
            kind: format!("k{kind}"),
        },
        Asks::Tools => Question::Tools { tools: tools(kind) },
        Asks::Route => Question::Route {
            values: BTreeMap::from([("small".into(), 0.25), ("large".into(), 0.5)]),
        },
        Asks::Forecast => {
            task.labels.push(label("source", format!("w{}", kind % 4)));
            task.labels.push(label("horizon", "7".into()));
            task.labels.push(label("series", format!("q{kind}")));
            Question::Forecast {
                happened,
                source: format!("w{}", kind % 4),
                horizon: "7".into(),
                market: None,
            }
        }
        Asks::Discover => {
            task.documents = vec![Document {
                id: format!("d{number}"),
                text: format!("let {rare} = {common};"),
                labels: vec![label("file", "f".into())],
            }];
            Question::Discover {
                problems: vec![HiddenProblem {
                    problem: format!("p{kind}"),
                    place: "f".into(),
                    evidence: vec![format!("d{number}")],
                }],
                reports: 5,
            }
        }
    };
    let agents = if asks == Asks::Route {
        ["small", "large"].as_slice()
    } else {
        &["a"]
    };
    let run = |agent: &&str| {
        let mut run = attempt(
            &task.id,
            0,
            if happened {
                Verdict::Success
            } else {
                Verdict::Failure
            },
        );
        run.task = task.clone();
        run.agent.id = (*agent).into();
        if agents.len() > 1 {
            run.id = format!("{}-{agent}", task.id);
        }
        run.outcome.score = Some(f64::from(u8::from(happened)));
        run.answer = if happened { "yes" } else { "no" }.into();
        run.steps = match asks {
            Asks::Phrase | Asks::Words => vec![Step::new(Actor::User, &text)],
            _ => {
                let called = tools(kind).into_iter();
                called.map(|tool| Step::action(tool, "{}")).collect()
            }
        };
        if matches!(asks, Asks::Phrase | Asks::Words) {
            run.outcome.verdict = Verdict::Unknown;
            run.outcome.score = None;
        }
        if asks == Asks::Discover {
            run.outcome.score = Some(1.0);
            run.findings = vec![Finding {
                problem: format!("p{kind}"),
                evidence: vec![format!("d{number}")],
                action: String::new(),
                template: None,
            }];
        }
        run
    };
    let asked = 1_700_000_000_000.0 + number as f64 * 3_600_000.0;
    Episode {
        question: Some(question),
        attempts: agents.iter().map(run).collect(),
        withheld: vec![],
        timing: match asks {
            Asks::Forecast => Timing {
                asked: Some(asked),
                known: Some(asked + 7.0 * 86_400_000.0),
            },
            _ => Timing::default(),
        },
        check: None,
        group: format!("g{kind}"),
        task,
    }
}

fn tools(kind: usize) -> Vec<String> {
    vec![
        format!("open_{}", kind % 10),
        format!("send_{kind}"),
        "answer".into(),
    ]
}

fn long(asks: Asks, questions: usize) -> Arc<Suite> {
    let lane = match asks {
        Asks::Phrase | Asks::Words => Lane::Evidence,
        Asks::Kind | Asks::Tools => Lane::Transfer,
        Asks::Route => Lane::Routing,
        Asks::Forecast => Lane::Forecast,
        Asks::Discover => Lane::Discovery,
    };
    let episodes = (0..questions).map(|number| episode(asks, number));
    Arc::new(Suite {
        lane,
        budgets: vec![128],
        primary: "hit@1".into(),
        streams: vec![Stream {
            name: "s".into(),
            stages: vec![Stage::shuffled(episodes.collect())],
        }],
        ..(*suite(vec![])).clone()
    })
}

/// An embedder of few dimensions: one exact pass over all vectors is what remains of a search by meaning, and is left out.
struct Narrow(EmbedderIdentity);

#[async_trait]
impl Embedder for Narrow {
    fn identity(&self) -> &EmbedderIdentity {
        &self.0
    }

    async fn embed(&self, texts: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        let vector = |text: &String| {
            let sum: u32 = text.bytes().map(u32::from).sum();
            let angle = sum as f32 * 0.37;
            vec![angle.cos(), angle.sin()]
        };
        Ok(texts.iter().map(vector).collect::<Vec<_>>().into())
    }
}

/// What this thread has computed so far; where nobody knows, the time.
fn computed() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    // What has been computed since the last switch is counted with the next one.
    std::thread::yield_now();
    let known = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = known.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// What running a strategy on a suite costs, all on this thread.
fn cost(strategy: &Arc<dyn Strategy>, suite: &Arc<Suite>) -> Duration {
    cost_with(
        strategy,
        settings::defaults(&strategy.description().parameters),
        suite,
    )
}

fn cost_with(strategy: &Arc<dyn Strategy>, settings: Vec<Setting>, suite: &Arc<Suite>) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let embedder: Arc<dyn Embedder> = Arc::new(Narrow(EmbedderIdentity {
            name: "narrow".into(),
            dimension: 2,
        }));
        let store = Store::open(directory.path().to_str().unwrap(), embedder.clone(), &Lance)
            .await
            .unwrap();
        let testbed = Testbed {
            store,
            models: Arc::new(Models::all(Arc::new(NoModel))),
            embedder,
            limits: Limits::default(),
            acting: Acting::Reader,
            order: TaskOrder::default(),
            told: Told::default(),
        };
        let cell = Cell {
            strategy: strategy.clone(),
            settings,
            suite: suite.clone(),
            repetition: Repetition { seed: 1, order: 0 },
            id: "cell".into(),
            most_memories: None,
        };
        let before = computed();
        let report = run_cell(&cell, &testbed, &Silent).await.unwrap();
        let cost = computed() - before;
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(report.tasks.len(), suite.questions().count());
        cost
    })
}

/// How costs grow with the lengths: the slope of a straight line through the logarithms of both.
fn exponent(lengths: &[usize], costs: &[Duration]) -> f64 {
    let lengths = lengths.iter().map(|length| (*length as f64).ln());
    let costs = costs.iter().map(|cost| cost.as_secs_f64().ln());
    let points: Vec<(f64, f64)> = lengths.zip(costs).collect();
    let mean =
        |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let above: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let below: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    above / below
}

/// The cheapest run of each length counts, over as many rounds as a neighbour on the same processor may spoil. What grows
/// faster does so in every round.
#[track_caller]
fn is_linear(what: &str, lengths: &[usize], cost: impl Fn(usize) -> Duration) {
    const ROUNDS: usize = 5;
    let mut costs = vec![Duration::MAX; lengths.len()];
    // What is first used is set up.
    cost(lengths[0]);
    for round in 1..=ROUNDS {
        for (least, &length) in costs.iter_mut().zip(lengths) {
            // A short run is disturbed most.
            let runs = (lengths[lengths.len() - 1] / length).clamp(1, 3);
            *least = (0..runs).map(|_| cost(length)).fold(*least, Duration::min);
        }
        let exponent = exponent(lengths, &costs);
        println!("{what}: {exponent:.2}");
        if exponent < MOST {
            return;
        }
        assert!(
            round < ROUNDS,
            "{what} grows like the questions to the power of {exponent:.2}: {costs:?}"
        );
    }
}

fn floor(suite: &Suite, name: &str) -> Arc<dyn Strategy> {
    let mut floors = floors(suite).into_iter();
    floors
        .find(|floor| floor.description().name == name)
        .unwrap()
}

#[test]
fn the_exponent_tells_a_line_from_a_square() {
    let of = |cost: fn(u64) -> u64| {
        let costs = LENGTHS.map(|length| Duration::from_nanos(cost(length as u64)));
        exponent(&LENGTHS, &costs)
    };
    assert!((of(|n| 5_000 * n) - 1.0).abs() < 1e-9);
    assert!((of(|n| n * n) - 2.0).abs() < 1e-9);
    assert!(of(|n| 5_000 * n + 20 * n * n) > MOST);
}

#[test]
fn a_strategy_that_does_nothing_costs_the_same_at_every_question() {
    for asks in ALL {
        is_linear(&format!("none, {asks:?}"), &LONGER, |length| {
            let suite = long(asks, length);
            cost(&floor(&suite, "none"), &suite)
        });
    }
}

/// Without `dense`, which looks at every vector by design, and does nothing else that these do not do.
#[test]
fn what_floors_read_and_write_costs_the_same_at_every_question() {
    for name in ["random", "recency", "bm25", "oracle"] {
        is_linear(name, &LENGTHS, |length| {
            let suite = long(Asks::Kind, length);
            cost(&floor(&suite, name), &suite)
        });
    }
}

#[test]
fn the_oracle_does_not_read_everything_for_every_answer() {
    for asks in [Asks::Phrase, Asks::Words, Asks::Tools, Asks::Route] {
        is_linear(&format!("oracle, {asks:?}"), &LENGTHS, |length| {
            let suite = long(asks, length);
            cost(&floor(&suite, "oracle"), &suite)
        });
    }
}

#[test]
fn a_plugin_costs_the_same_at_every_question() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let rag = runtime.block_on(Plugin::load(&engine, &memhost_tests::plugin("rag")));
    let rag: Arc<dyn Strategy> = Arc::new(rag.unwrap());
    let mut chosen = settings::defaults(&rag.description().parameters);
    for setting in chosen.iter_mut().filter(|setting| setting.name == "mode") {
        setting.value = Value::Text("lexical".into());
    }
    is_linear("rag", &LENGTHS, |length| {
        cost_with(&rag, chosen.clone(), &long(Asks::Kind, length))
    });
}

#[test]
fn a_suite_is_checked_in_the_time_that_it_takes_to_read() {
    for asks in ALL {
        is_linear(&format!("check, {asks:?}"), &LONGER, |length| {
            let suite = long(asks, length);
            let before = computed();
            check(&suite);
            computed() - before
        });
    }
}
