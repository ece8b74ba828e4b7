//! A strategy that writes down every answer, and hands all of them out; and a host where it works.

use std::sync::Arc;

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::contract::{
    Attempt, Change, Citation, Description, Guidance, NewMemory, Op, Plan, Query, Receipt, Scan,
    Setting, Source,
};
use memhost::embedding::{Builtin, Embedder};
use memhost::learning::{Configured, Grants};
use memhost::live::{Grant, Host, LiveSettings, Mode, ONLY_TENANT, Seat};
use memhost::store::Store;
use memhost::strategy::{Answer, CallError, Phases, Strategy};

struct Diary(Description);

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
        "of this test"
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(Plan::streaming())
    }

    async fn retrieve(&self, context: CallContext, _: Query, _: &[Setting]) -> Answer<Guidance> {
        let scan = Scan {
            filter: vec![],
            order_by: None,
            descending: false,
            offset: 0,
            limit: 1_000,
            with_vectors: false,
        };
        let memories = context.memories().unwrap();
        let rows = memories.scan(&scan, &context.view).unwrap();
        let texts: Vec<_> = rows.iter().map(|row| row.memory.content.clone()).collect();
        let cite = |id: String| Citation {
            memory: id,
            score: 0.5,
        };
        let used = rows.into_iter().map(|row| cite(row.memory.id));
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
        attempts: Vec<Attempt>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        let written = attempts.iter().map(|attempt| {
            let mut memory = NewMemory::new("answer", attempt.answer.clone());
            memory.sources.push(Source::attempt(&attempt.id));
            Change::at_once(Op::Insert(memory))
        });
        answer(written.collect())
    }
}

/// A host with a slot `desk`, in this process's memory.
pub(super) async fn host() -> Host {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::in_memory(embedder.clone()).await.unwrap();
    let settings = LiveSettings::new(store, Grants::embedder(embedder));
    let host = Host::open(settings).await.unwrap();
    let diary = Diary(Description {
        name: "diary".into(),
        version: "0.1.0".into(),
        summary: "Writes down every answer.".into(),
        source: String::new(),
        parameters: vec![],
        requires: vec![],
        degraded: vec![],
    });
    let diary = Configured::with_defaults(Arc::new(diary)).await.unwrap();
    host.add_slot("desk", diary, Mode::Inherit).await.unwrap();
    host
}

pub(super) async fn seat(host: &Host) -> Seat {
    let grant = Grant::everything();
    host.slot(&grant, "desk", ONLY_TENANT).await.unwrap()
}
