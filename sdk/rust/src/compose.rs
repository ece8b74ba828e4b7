//! Constructors that let a strategy read as an algorithm: every type of the contract that an author writes
//! out by hand can be made in one expression.

use crate::types::{
    Adjustment, Blob, Change, Citation, Commit, Comparison, Condition, Counter, Counters,
    Description, Fault, Guidance, Key, Label, Labels, Link, Message, NewMemory, Op, Operand, Patch,
    Placement, Plan, Probe, Protocol, Ranking, Receipt, Request, Role, Scan, Search, Speaker,
    State,
};

impl Description {
    /// A strategy by its name, its version and one sentence.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            source: String::new(),
            parameters: Vec::new(),
            requires: Vec::new(),
            degraded: Vec::new(),
        }
    }

    /// Where the algorithm comes from: a paper or a page.
    #[must_use]
    pub fn source(mut self, source: &str) -> Self {
        self.source = source.to_owned();
        self
    }

    /// A host interface that it cannot work without: `llm`, `embedder`.
    #[must_use]
    pub fn requires(mut self, interface: &str) -> Self {
        self.requires.push(interface.to_owned());
        self
    }

    /// How it runs when something that it wants is missing.
    #[must_use]
    pub fn degraded(mut self, how: &str) -> Self {
        self.degraded.push(how.to_owned());
        self
    }
}

impl Plan {
    /// One run per task, in order, each with what the earlier ones taught, and told whatever outcome is known.
    pub fn streaming() -> Self {
        Self {
            protocol: Protocol::Streaming,
            labels: Labels::Any,
            trials: 1,
            baseline_arm: false,
            all_agents: false,
            refinements: 0,
            rounds: 1,
        }
    }
}

impl Guidance {
    /// Nothing to say, which is a legal answer.
    pub fn none() -> Self {
        Self::placed(Placement::User, String::new())
    }

    /// Into the system message.
    pub fn system(text: impl Into<String>) -> Self {
        Self::placed(Placement::System, text.into())
    }

    /// In front of the task.
    pub fn user(text: impl Into<String>) -> Self {
        Self::placed(Placement::User, text.into())
    }

    /// Made from this memory too, which weighed this much. Best first.
    #[must_use]
    pub fn citing(mut self, memory: impl Into<String>, score: f64) -> Self {
        self.receipt.used.push(Citation {
            memory: memory.into(),
            score,
        });
        self
    }

    fn placed(placement: Placement, text: String) -> Self {
        Self {
            text,
            placement,
            receipt: Receipt {
                id: String::new(),
                used: Vec::new(),
                note: String::new(),
            },
        }
    }
}

impl Default for Counters {
    /// Weight 1, everything else 0.
    fn default() -> Self {
        Self {
            weight: 1.0,
            uses: 0,
            wins: 0,
            losses: 0,
            strength: 0.0,
        }
    }
}

impl NewMemory {
    /// A memory of one of the strategy's own kinds, found by nothing yet.
    pub fn new(kind: &str, content: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            title: String::new(),
            content: content.into(),
            keys: Vec::new(),
            labels: Vec::new(),
            payload: String::new(),
            counters: Counters::default(),
            sources: Vec::new(),
        }
    }

    /// A short name.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// A text that it is found by.
    #[must_use]
    pub fn key(mut self, name: &str, text: impl Into<String>) -> Self {
        self.keys.push(Key::new(name, text));
        self
    }

    /// Something to filter by, as `label.<name>`.
    #[must_use]
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.labels.push(Label::new(name, value));
        self
    }

    /// JSON that only the strategy reads.
    #[must_use]
    pub fn payload(mut self, json: impl Into<String>) -> Self {
        self.payload = json.into();
        self
    }

    /// How much it is trusted from the start; 1 unless given.
    #[must_use]
    pub fn weight(mut self, weight: f64) -> Self {
        self.counters.weight = weight;
        self
    }

    /// What it was learnt from: `<attempt>` or `<attempt>#<step>`.
    #[must_use]
    pub fn learnt_from(mut self, source: impl Into<String>) -> Self {
        self.sources.push(source.into());
        self
    }
}

impl Key {
    /// A text that a memory is found by.
    pub fn new(name: &str, text: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            text: text.into(),
        }
    }
}

impl Label {
    /// A name and a value.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: value.into(),
        }
    }
}

impl Change {
    /// A new memory.
    pub fn insert(memory: NewMemory) -> Self {
        Op::Insert(memory).into()
    }

    /// Parts of a memory anew.
    pub fn revise(patch: Patch) -> Self {
        Op::Revise(patch).into()
    }

    /// A counter moved by `delta`, without bounds.
    pub fn adjust(memory: impl Into<String>, counter: Counter, delta: f64) -> Self {
        Op::Adjust(Adjustment {
            id: memory.into(),
            counter,
            delta,
            least: None,
            most: None,
        })
        .into()
    }

    /// A counter moved by `delta`, but not out of `least..=most`.
    pub fn adjust_within(
        memory: impl Into<String>,
        counter: Counter,
        delta: f64,
        least: f64,
        most: f64,
    ) -> Self {
        Op::Adjust(Adjustment {
            id: memory.into(),
            counter,
            delta,
            least: Some(least),
            most: Some(most),
        })
        .into()
    }

    /// A memory gone, with its keys and links.
    pub fn remove(memory: impl Into<String>) -> Self {
        Op::Remove(memory.into()).into()
    }

    /// An edge set.
    pub fn connect(link: Link) -> Self {
        Op::Connect(link).into()
    }

    /// An edge gone.
    pub fn disconnect(link: Link) -> Self {
        Op::Disconnect(link).into()
    }

    /// A blob set; no bytes remove it.
    pub fn save(name: &str, bytes: Vec<u8>) -> Self {
        Op::Save(Blob {
            name: name.to_owned(),
            bytes,
        })
        .into()
    }

    /// Provisional until the next attempt on the same task succeeds.
    #[must_use]
    pub fn if_next_attempt_succeeds(mut self) -> Self {
        self.commit = Commit::IfNextAttemptSucceeds;
        self
    }

    /// Provisional until a re-run of the task with it scores better by this much.
    #[must_use]
    pub fn if_trial_gains(mut self, margin: f64) -> Self {
        self.commit = Commit::IfTrialGains(margin);
        self
    }
}

impl From<Op> for Change {
    fn from(op: Op) -> Self {
        Self {
            op,
            commit: Commit::AtOnce,
        }
    }
}

impl Patch {
    /// Nothing of this memory anew yet.
    pub fn of(memory: impl Into<String>) -> Self {
        Self {
            id: memory.into(),
            title: None,
            content: None,
            keys: None,
            labels: None,
            payload: None,
            state: None,
        }
    }

    /// A new title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// A new content.
    #[must_use]
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// All keys anew.
    #[must_use]
    pub fn keys(mut self, keys: Vec<Key>) -> Self {
        self.keys = Some(keys);
        self
    }

    /// All labels anew.
    #[must_use]
    pub fn labels(mut self, labels: Vec<Label>) -> Self {
        self.labels = Some(labels);
        self
    }

    /// A new payload.
    #[must_use]
    pub fn payload(mut self, json: impl Into<String>) -> Self {
        self.payload = Some(json.into());
        self
    }

    /// A new state.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }
}

impl Link {
    /// An edge between two memories.
    pub fn new(
        source: impl Into<String>,
        target: impl Into<String>,
        kind: &str,
        weight: f64,
    ) -> Self {
        Self {
            source: source.into(),
            target: target.into(),
            kind: kind.to_owned(),
            weight,
        }
    }
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $comparison:ident;)*) => {
        impl Condition { $(
            $(#[$doc])*
            pub fn $name(field: &str, operand: impl Into<Operand>) -> Self {
                Self {
                    field: field.to_owned(),
                    comparison: Comparison::$comparison,
                    operand: operand.into(),
                }
            }
        )* }
    };
}

comparisons! {
    /// The field equals the operand.
    eq = Eq;
    /// The field differs from the operand, or is a label that the memory lacks.
    ne = Ne;
    /// The field is less than the operand.
    lt = Lt;
    /// The field is at most the operand.
    le = Le;
    /// The field is greater than the operand.
    gt = Gt;
    /// The field is at least the operand.
    ge = Ge;
    /// The field's text holds the operand.
    contains = Contains;
}

impl From<&str> for Operand {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Operand {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Operand {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Operand {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl Search {
    /// By cosine similarity between a text and the keys of this name; any key, if the name is empty.
    pub fn semantic(key: &str, text: impl Into<String>) -> Self {
        Self::by(Ranking::Semantic(Probe {
            text: text.into(),
            field: key.to_owned(),
        }))
    }

    /// By cosine similarity to a vector, over all keys.
    pub fn vector(vector: Vec<f32>) -> Self {
        Self::by(Ranking::Vector(vector))
    }

    /// By BM25 over one field: `content`, `title`, `key.<name>`.
    pub fn lexical(field: &str, text: impl Into<String>) -> Self {
        Self::by(Ranking::Lexical(Probe {
            text: text.into(),
            field: field.to_owned(),
        }))
    }

    /// The most hits; 10 unless given.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Only memories that meet this condition too.
    #[must_use]
    pub fn only(mut self, condition: Condition) -> Self {
        self.filter.push(condition);
        self
    }

    /// Hits below this are left out.
    #[must_use]
    pub fn min_score(mut self, score: f64) -> Self {
        self.min_score = Some(score);
        self
    }

    fn by(ranking: Ranking) -> Self {
        Self {
            ranking,
            filter: Vec::new(),
            limit: 10,
            min_score: None,
        }
    }
}

impl Scan {
    /// All active memories, the oldest first.
    pub fn oldest_first() -> Self {
        Self {
            filter: Vec::new(),
            order_by: None,
            descending: false,
            offset: 0,
            limit: u32::MAX,
            with_vectors: false,
        }
    }

    /// All active memories, the newest first.
    pub fn newest_first() -> Self {
        Self::oldest_first().descending()
    }

    /// All active memories by one of the fields of a condition, the smallest first.
    pub fn by(field: &str) -> Self {
        Self {
            order_by: Some(field.to_owned()),
            ..Self::oldest_first()
        }
    }

    /// The largest first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Only memories that meet this condition too.
    #[must_use]
    pub fn only(mut self, condition: Condition) -> Self {
        self.filter.push(condition);
        self
    }

    /// How many to pass over.
    #[must_use]
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = offset;
        self
    }

    /// The most rows; all unless given.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// The keys' vectors come too.
    #[must_use]
    pub fn with_vectors(mut self) -> Self {
        self.with_vectors = true;
        self
    }
}

impl Request {
    /// A completion by the model of this role; the purpose names it in the trace and in the cost table.
    pub fn new(role: Role, purpose: &str) -> Self {
        Self {
            role,
            messages: Vec::new(),
            temperature: None,
            max_tokens: None,
            schema: None,
            purpose: purpose.to_owned(),
        }
    }

    /// The instructions.
    #[must_use]
    pub fn system(self, text: impl Into<String>) -> Self {
        self.message(Speaker::System, text.into())
    }

    /// What is asked.
    #[must_use]
    pub fn user(self, text: impl Into<String>) -> Self {
        self.message(Speaker::User, text.into())
    }

    /// What the model said in an earlier turn.
    #[must_use]
    pub fn assistant(self, text: impl Into<String>) -> Self {
        self.message(Speaker::Assistant, text.into())
    }

    /// The sampling temperature, 0 and above.
    #[must_use]
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// The longest reply.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// A JSON Schema that the reply must satisfy.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    fn message(mut self, speaker: Speaker, text: String) -> Self {
        self.messages.push(Message { speaker, text });
        self
    }
}

impl Fault {
    /// The same fault, saying first what was being done: `while judging attempt a7: no reply`.
    #[must_use]
    pub fn within(self, doing: &str) -> Self {
        let told = |text| format!("while {doing}: {text}");
        match self {
            Self::Invalid(text) => Self::Invalid(told(text)),
            Self::Exhausted(text) => Self::Exhausted(told(text)),
            Self::Unavailable(text) => Self::Unavailable(told(text)),
            Self::Failed(text) => Self::Failed(told(text)),
        }
    }
}
