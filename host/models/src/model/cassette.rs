//! Recording and replay: every model call of a run on a cassette, so that the run can be repeated to the byte
//! without a network, a key or a cent.
//!
//! **What is on it.** A file of JSON lines: a header, then one line per call with the whole request, the model that
//! it went to, and what came of it: a reply, a fault, or nothing, where the caller had stopped waiting. Never a key,
//! because requests hold none. Vectors of an embedder behind an endpoint are not on it.
//!
//! **How a call is found again.** By its canonical request (the model's name, and the request as JSON, its role
//! included) and by how often the same was asked before in the same *scope*. A scope is a part of a run whose calls
//! have an order of their own, such as a cell: scopes may run side by side and never swap replies.
//!
//! **What a torn recording is worth.** Lines appear whole, one write each, and a scope that does not end on the
//! cassette is not replayed. A run that was killed is recorded on to the same file: a scope that begins anew
//! replaces what the file holds of it.

mod file;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use file::{Answer, Call, Header, Key, Line, Recorder};
use memhost_contract::health::Health;
use memhost_contract::model::{Completion, LanguageModel, Models};
use memhost_contract::{Fault, ModelKind, Request, Role};

pub use file::CassetteError;

/// How many tokens of a request an error quotes.
const QUOTED: u32 = 20;

/// A cassette in the recorder.
#[derive(Clone)]
pub struct Cassette {
    tape: Arc<Tape>,
}

struct Tape {
    path: PathBuf,
    header: Header,
    mode: Mode,
    /// What went wrong first in each scope.
    trouble: Mutex<Vec<(String, CassetteError)>>,
}

enum Mode {
    Record(Mutex<Recorder>),
    Replay(Mutex<HashMap<String, Played>>),
}

/// What a scope has to say in replay.
#[derive(Default)]
struct Played {
    /// Whether it was recorded, to its end.
    recorded: bool,
    answers: HashMap<(Key, u32), Answer>,
    /// What has been asked for.
    used: HashSet<(Key, u32)>,
    /// Whether it has been opened.
    opened: bool,
}

/// A call that the cassette does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    path: PathBuf,
    /// The host that recorded the cassette.
    memhost: String,
    /// Where it was asked.
    pub scope: String,
    /// Whether the scope was recorded to its end.
    pub recorded: bool,
    /// What for.
    pub purpose: String,
    /// Of whom: `agent`, `judge`.
    pub role: &'static str,
    /// Of which model.
    pub model: String,
    /// For which time in this scope, from 1.
    pub occurrence: u32,
    /// How the request's last message begins.
    pub beginning: String,
}

impl std::error::Error for Miss {}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let broken_off = if self.recorded {
            ""
        } else {
            ", which was not recorded to its end"
        };
        write!(
            f,
            "cassette `{}` does not hold a call of `{}`{broken_off}: purpose `{}`, role `{}`, model `{}`, asked for \
             time {} with a last message that begins `{}`; replay with the plugins, suites, settings and version of \
             memhost ({}) that it was recorded with, or record it again",
            self.path.display(),
            self.scope,
            self.purpose,
            self.role,
            self.model,
            self.occurrence,
            self.beginning,
            self.memhost,
        )
    }
}

impl Cassette {
    /// Records the calls of these models to a file: a new one, or one that was recorded with the same models, which
    /// is continued.
    ///
    /// # Errors
    /// If the file cannot be written, or is there and is no such cassette; it is then left as it was.
    pub fn record(path: &Path, models: &Models) -> Result<Cassette, CassetteError> {
        let header = Header::of(models);
        let recorder = Recorder::open(path, &header)?;
        Ok(Cassette::new(path, header, Mode::Record(recorder.into())))
    }

    /// Replays a file.
    ///
    /// # Errors
    /// If it cannot be read or is no cassette of this format.
    pub fn replay(path: &Path) -> Result<Cassette, CassetteError> {
        let (header, scopes) = file::read(path)?;
        let scopes = scopes.into_iter().map(|(scope, answers)| {
            let played = Played {
                recorded: true,
                answers,
                ..Played::default()
            };
            (scope, played)
        });
        let mode = Mode::Replay(Mutex::new(scopes.collect()));
        Ok(Cassette::new(path, header, mode))
    }

    fn new(path: &Path, header: Header, mode: Mode) -> Cassette {
        Cassette {
            tape: Arc::new(Tape {
                path: path.to_owned(),
                header,
                mode,
                trouble: Mutex::default(),
            }),
        }
    }

    /// Whether it replays.
    pub fn is_replay(&self) -> bool {
        matches!(self.tape.mode, Mode::Replay(_))
    }

    /// Stand-ins for the models that were recorded, with their names and caveats. They answer nothing but through
    /// [`Cassette::models`].
    pub fn recorded_models(&self) -> Models {
        self.tape.header.models()
    }

    /// These models in a scope: recording what they answer, or answering what was recorded, in which case they are
    /// asked for nothing but their names. A scope that is opened again begins anew.
    pub fn models(&self, models: &Models, scope: &str) -> Arc<Models> {
        match &self.tape.mode {
            Mode::Record(recorder) => {
                let begun = locked(recorder).line(&Line::Begin(scope.to_owned()));
                self.tape.note(scope, begun);
            }
            Mode::Replay(scopes) => {
                let mut scopes = locked(scopes);
                let played = scopes.entry(scope.to_owned()).or_default();
                played.opened = true;
                played.used.clear();
            }
        }
        let scope = Arc::new(Scope {
            name: scope.to_owned(),
            tape: self.tape.clone(),
            asked: Mutex::default(),
        });
        let taped = |model: &Arc<dyn LanguageModel>| -> Arc<dyn LanguageModel> {
            Arc::new(Taped {
                model: model.clone(),
                scope: scope.clone(),
            })
        };
        Arc::new(Models {
            agent: taped(&models.agent),
            strongest: taped(&models.strongest),
            judge: taped(&models.judge),
            cheap: taped(&models.cheap),
        })
    }

    /// Ends a scope: from now on it can be replayed.
    ///
    /// # Errors
    /// What went wrong in it first: a call that could not be recorded, or that the cassette did not hold. What the
    /// scope led to is then worth nothing.
    pub fn finish(&self, scope: &str) -> Result<(), CassetteError> {
        if let Some((_, error)) = locked(&self.tape.trouble)
            .iter()
            .find(|(of, _)| of == scope)
        {
            return Err(error.clone());
        }
        match &self.tape.mode {
            Mode::Record(recorder) => locked(recorder).line(&Line::End(scope.to_owned())),
            Mode::Replay(_) => Ok(()),
        }
    }

    /// Whether a scope can be replayed from it.
    pub fn holds(&self, scope: &str) -> bool {
        self.tape.holds(scope)
    }

    /// What went wrong first, in any scope.
    pub fn trouble(&self) -> Option<CassetteError> {
        let trouble = locked(&self.tape.trouble);
        trouble.first().map(|(_, error)| error.clone())
    }

    /// In replay: the scopes that were opened and did not ask for all that was recorded, and how many calls each
    /// left over. Such a run is not the recorded one, even if nothing was missing.
    pub fn unused(&self) -> Vec<(String, usize)> {
        let Mode::Replay(scopes) = &self.tape.mode else {
            return Vec::new();
        };
        let mut unused: Vec<(String, usize)> = locked(scopes)
            .iter()
            .filter(|(_, played)| played.opened)
            .map(|(scope, played)| {
                let left = played.answers.keys();
                let left = left.filter(|call| !played.used.contains(call)).count();
                (scope.clone(), left)
            })
            .filter(|(_, left)| *left > 0)
            .collect();
        unused.sort();
        unused
    }
}

impl Tape {
    fn holds(&self, scope: &str) -> bool {
        match &self.mode {
            Mode::Record(recorder) => locked(recorder).ended(scope),
            Mode::Replay(scopes) => locked(scopes)
                .get(scope)
                .is_some_and(|played| played.recorded),
        }
    }

    fn note(&self, scope: &str, result: Result<(), CassetteError>) {
        if let Err(error) = result {
            locked(&self.trouble).push((scope.to_owned(), error));
        }
    }
}

/// Calls with an order of their own.
struct Scope {
    name: String,
    tape: Arc<Tape>,
    /// How often each request has been asked.
    asked: Mutex<HashMap<Key, u32>>,
}

impl Scope {
    /// How often this was asked before.
    fn count(&self, key: Key) -> u32 {
        let mut asked = locked(&self.asked);
        let count = asked.entry(key).or_default();
        let before = *count;
        *count = before.saturating_add(1);
        before
    }

    fn write(&self, call: Call<'_>) {
        if let Mode::Record(recorder) = &self.tape.mode {
            let written = locked(recorder).line(&Line::Call(call));
            self.tape.note(&self.name, written);
        }
    }
}

/// A model in a scope.
struct Taped {
    model: Arc<dyn LanguageModel>,
    scope: Arc<Scope>,
}

type Answering<'a> = Pin<Box<dyn Future<Output = Result<Completion, Fault>> + Send + 'a>>;

#[async_trait]
impl LanguageModel for Taped {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn kind(&self) -> ModelKind {
        self.model.kind()
    }

    fn caveat(&self) -> Option<&str> {
        self.model.caveat()
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.model.ready().await
    }

    fn health(&self) -> Option<watch::Receiver<Health>> {
        self.model.health()
    }

    /// Its number is taken when the future is made, so that it follows the order in which requests are made and
    /// not that in which they are answered.
    fn complete<'this, 'request, 'both>(&'this self, request: &'request Request) -> Answering<'both>
    where
        'this: 'both,
        'request: 'both,
    {
        let key = Key::of(self.model.name(), request);
        let occurrence = self.scope.count(key);
        match &self.scope.tape.mode {
            Mode::Record(_) => {
                let entry = Entry {
                    scope: &self.scope,
                    model: self.model.name(),
                    request,
                    occurrence,
                    answer: Answer::Abandoned,
                };
                Box::pin(entry.answered_by(&self.model))
            }
            Mode::Replay(scopes) => {
                let answer = locked(scopes)
                    .get_mut(&self.scope.name)
                    .and_then(|played| played.play(key, occurrence));
                Box::pin(self.again(answer, request, occurrence))
            }
        }
    }
}

impl Played {
    fn play(&mut self, key: Key, occurrence: u32) -> Option<Answer> {
        let answer = self.answers.get(&(key, occurrence))?;
        self.used.insert((key, occurrence));
        Some(answer.clone())
    }
}

impl Taped {
    async fn again(
        &self,
        answer: Option<Answer>,
        request: &Request,
        occurrence: u32,
    ) -> Result<Completion, Fault> {
        match answer {
            Some(Answer::Reply(completion)) => Ok(completion),
            Some(Answer::Fault(fault)) => Err(fault),
            // Whoever asked stopped waiting, and will again.
            Some(Answer::Abandoned) => std::future::pending().await,
            None => {
                let miss = self.miss(request, occurrence);
                let fault = Fault::Unavailable(miss.to_string());
                let missed = Err(CassetteError::Miss(Box::new(miss)));
                self.scope.tape.note(&self.scope.name, missed);
                Err(fault)
            }
        }
    }

    fn miss(&self, request: &Request, occurrence: u32) -> Miss {
        let scope = self.scope.name.clone();
        let tape = &self.scope.tape;
        let last = request.messages.last().map_or("", |message| &message.text);
        Miss {
            path: tape.path.clone(),
            memhost: tape.header.memhost.clone(),
            recorded: tape.holds(&scope),
            scope,
            purpose: request.purpose.clone(),
            role: role_name(request.role),
            model: self.model.name().to_owned(),
            occurrence: occurrence.saturating_add(1),
            beginning: memhost_words::cut(last, QUOTED).replace(char::is_control, " "),
        }
    }
}

/// A call under way. If it is dropped unanswered, that is what is recorded.
struct Entry<'a> {
    scope: &'a Scope,
    model: &'a str,
    request: &'a Request,
    occurrence: u32,
    answer: Answer,
}

impl Entry<'_> {
    async fn answered_by(mut self, model: &Arc<dyn LanguageModel>) -> Result<Completion, Fault> {
        let answer = model.complete(self.request).await;
        self.answer = match &answer {
            Ok(completion) => Answer::Reply(completion.clone()),
            Err(fault) => Answer::Fault(fault.clone()),
        };
        answer
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.scope.write(Call {
            scope: self.scope.name.as_str().into(),
            model: self.model.into(),
            occurrence: self.occurrence,
            request: Cow::Borrowed(self.request),
            answer: self.answer.clone(),
        });
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Agent => "agent",
        Role::Strongest => "strongest",
        Role::Judge => "judge",
        Role::Cheap => "cheap",
    }
}

/// Nothing under these locks leaves a value half-changed when it panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
