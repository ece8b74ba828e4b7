//! Memories and changes of them.

use crate::types::{
    Adjustment, Blob, Change, Commit, Counter, Counters, Instant, Key, Label, Link, Memory,
    NewLink, NewMemory, Op, Patch, Source, State, Target,
};

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
            expires: None,
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

    /// A text that it is found by its words alone, which costs no vector.
    #[must_use]
    pub fn key_by_words(mut self, name: &str, text: impl Into<String>) -> Self {
        self.keys.push(Key::by_words(name, text));
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

    /// What it was learnt from: an attempt, by its id, or one [`Source::step`] of it.
    #[must_use]
    pub fn learnt_from(mut self, source: impl Into<Source>) -> Self {
        self.sources.push(source.into());
        self
    }

    /// The same for several.
    #[must_use]
    pub fn learnt_from_all<S: Into<Source>>(
        mut self,
        sources: impl IntoIterator<Item = S>,
    ) -> Self {
        self.sources.extend(sources.into_iter().map(S::into));
        self
    }

    /// From this moment of the run's clock on it takes no part in any read.
    #[must_use]
    pub fn expires(mut self, at: Instant) -> Self {
        self.expires = Some(at);
        self
    }
}

impl Key {
    /// A text that a memory is found by.
    pub fn new(name: &str, text: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            text: text.into(),
            embedded: true,
        }
    }

    /// A text that a memory is found by its words alone: it is indexed, and not embedded.
    pub fn by_words(name: &str, text: impl Into<String>) -> Self {
        Self {
            embedded: false,
            ..Self::new(name, text)
        }
    }
}

impl Source {
    /// An attempt as a whole.
    pub fn attempt(attempt: impl Into<String>) -> Self {
        Self {
            attempt: attempt.into(),
            step: None,
        }
    }

    /// One step of an attempt, from 0.
    pub fn step(attempt: impl Into<String>, step: u32) -> Self {
        Self {
            attempt: attempt.into(),
            step: Some(step),
        }
    }
}

/// Texts are ids, as they are: of an attempt as a whole, of a memory that is stored.
macro_rules! ids {
    ($($text:ty),*) => { $(
        impl From<$text> for Source {
            fn from(attempt: $text) -> Self {
                Self::attempt(attempt)
            }
        }

        impl From<$text> for Target {
            fn from(memory: $text) -> Self {
                Self::Memory(memory.into())
            }
        }
    )* };
}
ids!(&str, &String, String);

impl Label {
    /// A name and a value.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: value.into(),
        }
    }
}

impl Memory {
    /// Whether it was learnt from this attempt, or a step of it.
    pub fn is_learnt_from(&self, attempt: &str) -> bool {
        self.sources.iter().any(|source| source.attempt == attempt)
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
    pub fn adjust(memory: impl Into<Target>, counter: Counter, delta: f64) -> Self {
        Op::Adjust(Adjustment {
            target: memory.into(),
            counter,
            delta,
            least: None,
            most: None,
        })
        .into()
    }

    /// A counter moved by `delta`, but not out of `least..=most`.
    pub fn adjust_within(
        memory: impl Into<Target>,
        counter: Counter,
        delta: f64,
        least: f64,
        most: f64,
    ) -> Self {
        Op::Adjust(Adjustment {
            target: memory.into(),
            counter,
            delta,
            least: Some(least),
            most: Some(most),
        })
        .into()
    }

    /// A memory gone, with its keys and links.
    pub fn remove(memory: impl Into<Target>) -> Self {
        Op::Remove(memory.into()).into()
    }

    /// An edge set.
    pub fn connect(link: NewLink) -> Self {
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
    pub fn of(memory: impl Into<Target>) -> Self {
        Self {
            target: memory.into(),
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

    /// It was learnt from this too; a source that it has already is not added again.
    #[must_use]
    pub fn learnt_from(mut self, source: impl Into<Source>) -> Self {
        self.more_sources.push(source.into());
        self
    }

    /// The same for several.
    #[must_use]
    pub fn learnt_from_all<S: Into<Source>>(
        mut self,
        sources: impl IntoIterator<Item = S>,
    ) -> Self {
        self.more_sources.extend(sources.into_iter().map(S::into));
        self
    }

    /// From this moment of the run's clock on it takes no part in any read.
    #[must_use]
    pub fn expires(mut self, at: Instant) -> Self {
        self.expires = Some(at);
        self
    }
}

impl NewLink {
    /// An edge to be set between two memories.
    pub fn new(
        source: impl Into<Target>,
        target: impl Into<Target>,
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

impl Link {
    /// An edge between two memories, as it is read and [disconnected](Change::disconnect).
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
