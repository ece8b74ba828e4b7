//! A server over a store in memory, with one slot, and whoever asks it.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::contract::{
    Agent, Attempt, Change, Citation, Description, Fault, Guidance, Key, NewMemory, Op, Plan,
    Query, Receipt, Scan, Setting, Source, Task,
};
use memhost::embedding::{Builtin, Embedder};
use memhost::learning::{Configured, Grants};
use memhost::live::{
    Admission, Generation, Grant, Host, LiveError, LiveLimits, LiveSettings, Mode, ONLY_TENANT,
    Record, Wish,
};
use memhost::store::Store;
use memhost::strategy::{Answer, CallError, CallFailure, Phases, Strategy};
use serde_json::Value;

use crate::{ServeSettings, Server};

/// What is told before anybody asks, and of which nothing is kept.
const FIRST: &str = "the first task";

/// Keeps what became of each task, and tells all of it.
pub(crate) struct Diary(Description);

impl Diary {
    pub(crate) fn named(name: &str) -> Arc<Diary> {
        Arc::new(Diary(Description {
            name: name.into(),
            version: "0.1.0".into(),
            summary: "Keeps what became of each task, and tells all of it.".into(),
            source: String::new(),
            parameters: vec![],
            requires: vec![],
            degraded: vec![],
        }))
    }
}

fn answer<T>(value: T) -> Answer<T> {
    Answer {
        result: Ok(value),
        usage: Default::default(),
    }
}

#[async_trait]
impl Strategy for Diary {
    fn description(&self) -> &Description {
        &self.0
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: true,
            distill: true,
            ..Phases::default()
        }
    }

    fn digest(&self) -> &str {
        &self.0.name
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(Plan::streaming())
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        _: &[Setting],
    ) -> Answer<Guidance> {
        if self.0.name == "blind" {
            return answer(Guidance::nothing());
        }
        match query.task.text.as_str() {
            "panic" => panic!("as asked"),
            "fail" => {
                return Answer {
                    result: Err(CallError {
                        plugin: self.0.name.clone(),
                        call: "retrieve",
                        reason: CallFailure::Fault(Fault::Failed("as asked".into())),
                    }),
                    usage: Default::default(),
                };
            }
            // As long as a call may take.
            "sleep on" => std::future::pending().await,
            "sleep" => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
            _ => {}
        }
        let scan = Scan {
            filter: vec![],
            order_by: None,
            descending: false,
            offset: 0,
            limit: 100,
            with_vectors: false,
        };
        let memories = context.memories.as_ref().unwrap();
        let all = memories.scan(&scan, &context.view).unwrap();
        let texts: Vec<&str> = all.iter().map(|row| row.memory.content.as_str()).collect();
        let used = all.iter().map(|row| Citation {
            memory: row.memory.id.clone(),
            score: 1.0,
        });
        answer(Guidance {
            text: texts.join("\n"),
            receipt: Receipt {
                used: used.collect(),
                ..Receipt::nothing()
            },
            ..Guidance::nothing()
        })
    }

    async fn distill(
        &self,
        _: CallContext,
        runs: Vec<Attempt>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        let of_agents = runs.iter().filter(|run| run.task.text != FIRST);
        let changes = of_agents.map(|run| {
            let verdict = format!("{:?}", run.outcome.verdict);
            let verdict = verdict.rsplit("::").next().unwrap().to_lowercase();
            let said = format!("{}: {}, {verdict}", run.task.text, run.answer);
            let mut memory = NewMemory::new("run", said);
            memory.keys.push(Key::new("task", &run.task.text));
            memory.sources.push(Source::attempt(&run.id));
            Change::at_once(Op::Insert(memory))
        });
        answer(changes.collect())
    }
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answered {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// `null`, where it is no JSON.
    pub body: Value,
}

impl Answered {
    pub(crate) async fn of(response: reqwest::Response) -> Answered {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap();
        Answered {
            status,
            headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.strip_prefix("/problems/").unwrap_or_default()
    }
}

/// A server at work, with the slot `desk`.
pub(crate) struct Place {
    pub host: Host,
    pub server: Server,
    pub client: reqwest::Client,
}

impl Place {
    pub(crate) async fn new() -> Place {
        Place::with(ServeSettings::default()).await
    }

    pub(crate) async fn with(settings: ServeSettings) -> Place {
        let host = host().await;
        let server = Server::start(host.clone(), at_any_port(settings)).await;
        Place {
            host,
            server: server.unwrap(),
            client: reqwest::Client::new(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Asks the slot `desk`.
    pub(crate) async fn post(&self, call: &str, body: Value) -> Answered {
        let url = self.url(&format!("/v1/slots/desk/{call}"));
        let sent = self.client.post(url).json(&body).send().await;
        Answered::of(sent.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        let sent = self.client.get(self.url(path)).send().await;
        Answered::of(sent.unwrap()).await
    }

    pub(crate) async fn end(self) {
        self.server.end().await;
        self.host.close().await.unwrap();
    }
}

/// A host in memory with the slot `desk`.
pub(crate) async fn host() -> Host {
    host_within(LiveLimits::default()).await
}

/// The same, with these limits.
pub(crate) async fn host_within(limits: LiveLimits) -> Host {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::in_memory(embedder.clone()).await.unwrap();
    let settings = LiveSettings {
        limits,
        admission: Some(Arc::new(Anybody)),
        ..LiveSettings::new(store, Grants::embedder(embedder))
    };
    let host = Host::open(settings).await.unwrap();
    for (name, mode) in [("first", Mode::Fresh), ("diary", Mode::Fresh)] {
        let diary = Configured::with_defaults(Diary::named(name)).await.unwrap();
        match name {
            "first" => host.add_slot("desk", diary, mode).await.unwrap(),
            _ => {
                let manager = host.manage(&Grant::everything(), "desk").unwrap();
                manager.swap(diary, mode).await.unwrap()
            }
        };
    }
    // Whoever has told nothing yet is answered by nobody.
    let seat = host
        .slot(&Grant::everything(), "desk", ONLY_TENANT)
        .unwrap();
    let task = Task::new("", FIRST);
    let told = Record::without_asking(task, Agent::new("agent", "any"));
    let kept = seat.record(told).await.unwrap();
    seat.learnt(kept.sequence).await.unwrap();
    host
}

/// Admits a diary of any name but one.
struct Anybody;

#[async_trait]
impl Admission for Anybody {
    async fn admit(&self, wish: &Wish) -> Result<Configured, LiveError> {
        match wish.plugin.as_str() {
            "nobody" => Err(LiveError::Refused("no plugin is called `nobody`".into())),
            name => Ok(Configured::with_defaults(Diary::named(name)).await?),
        }
    }

    async fn readmit(&self, generation: &Generation) -> Result<Configured, LiveError> {
        Ok(Configured::with_defaults(Diary::named(&generation.strategy)).await?)
    }
}

/// These settings, at a port that is free.
pub(crate) fn at_any_port(settings: ServeSettings) -> ServeSettings {
    ServeSettings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..settings
    }
}
