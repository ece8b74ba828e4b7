//! The file of a cassette: how lines are written, and what is made of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use memhost_base::visible;
use memhost_contract::model::{Completion, LanguageModel, Models, NoModel};
use memhost_contract::{Fault, ModelKind, Request};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Miss;

/// The version of the format below. Another one is refused.
const FORMAT: u32 = 1;

/// Why a cassette cannot be recorded or replayed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// The file system refuses.
    #[error("cannot {action} cassette `{}`: choose another file, or free it", .path.display())]
    File {
        /// `read`, `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why it could not be.
        source: Arc<io::Error>,
    },
    /// The file is something else, or of another format.
    #[error("`{}` is not a cassette that can be used: {reason}; choose another file", .path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// A line of it is damaged.
    #[error(
        "line {line} of cassette `{}` is damaged ({reason}): put it right, or delete it if its cell need not be \
         replayed", .path.display()
    )]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It is to be continued with other models.
    #[error(
        "cassette `{}` was recorded with the models {recorded}, and now there are {configured}: record to another \
         file, or configure the same models", .path.display()
    )]
    OtherModels {
        /// Which file.
        path: PathBuf,
        /// What it was recorded with.
        recorded: String,
        /// What is configured.
        configured: String,
    },
    /// It does not hold what was asked.
    #[error(transparent)]
    Miss(Box<Miss>),
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    #[serde(rename = "memhost-cassette")]
    format: u32,
    /// The host that recorded it: another one may ask otherwise.
    pub(super) memhost: String,
    /// By role.
    models: BTreeMap<String, ModelFacts>,
}

/// What reports say of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ModelFacts {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caveat: Option<String>,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line<'a> {
    /// What was recorded in this scope before is void.
    Begin(String),
    /// A call.
    Call(Call<'a>),
    /// The scope is complete.
    End(String),
}

/// A call and what came of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call<'a> {
    pub(super) scope: Cow<'a, str>,
    pub(super) model: Cow<'a, str>,
    /// How often the same was asked before in this scope.
    pub(super) occurrence: u32,
    pub(super) request: Cow<'a, Request>,
    pub(super) answer: Answer,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    /// A reply.
    Reply(Completion),
    /// None, for this reason.
    Fault(Fault),
    /// Nobody waited for it any more: the call of the strategy had reached its limit of time.
    Abandoned,
}

/// A canonical request: SHA-256 of the model's name and the request as JSON, whose fields have a fixed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of(model: &str, request: &Request) -> Key {
        let mut digest = Sha256::new();
        digest.update(model);
        digest.update([0]);
        // It is plain data with text for keys, which always can be written.
        let written = serde_json::to_writer(&mut digest, request);
        debug_assert!(written.is_ok(), "{written:?}");
        Key(digest.finalize().into())
    }
}

impl Header {
    pub(super) fn of(models: &Models) -> Header {
        let roles = [
            ("agent", &models.agent),
            ("strongest", &models.strongest),
            ("judge", &models.judge),
            ("cheap", &models.cheap),
        ];
        let facts = roles.map(|(role, model)| {
            let facts = ModelFacts {
                name: model.name().to_owned(),
                caveat: model.caveat().map(str::to_owned),
            };
            (role.to_owned(), facts)
        });
        Header {
            format: FORMAT,
            memhost: env!("CARGO_PKG_VERSION").to_owned(),
            models: facts.into(),
        }
    }

    /// Stand-ins for the recorded models.
    pub(super) fn models(&self) -> Models {
        let role = |role: &str| -> Arc<dyn LanguageModel> {
            let facts = self.models.get(role).cloned();
            Arc::new(Recorded(facts.unwrap_or_else(|| ModelFacts {
                name: "none".to_owned(),
                caveat: None,
            })))
        };
        Models {
            agent: role("agent"),
            strongest: role("strongest"),
            judge: role("judge"),
            cheap: role("cheap"),
        }
    }

    fn names(&self) -> String {
        let names = self.models.iter();
        let names: Vec<String> = names
            .map(|(role, model)| format!("{role} `{}`", model.name))
            .collect();
        names.join(", ")
    }
}

/// A model of which only name and caveat are known.
struct Recorded(ModelFacts);

#[async_trait]
impl LanguageModel for Recorded {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn kind(&self) -> ModelKind {
        match &self.0.caveat {
            None => ModelKind::Model,
            Some(_) if self.0.name == NoModel.name() => ModelKind::None,
            Some(_) => ModelKind::StandIn,
        }
    }

    fn caveat(&self) -> Option<&str> {
        self.0.caveat.as_deref()
    }

    async fn complete(&self, _: &Request) -> Result<Completion, Fault> {
        Err(Fault::Unavailable(format!(
            "model `{}` is replayed from a cassette, which answers within a cell only",
            self.0.name
        )))
    }
}

/// What can be replayed: by scope, then by request and its occurrence.
pub(super) type Scopes = HashMap<String, HashMap<(Key, u32), Answer>>;

/// Reads a cassette. A last line that is torn, as by a kill, is left out with a warning.
pub(super) fn read(path: &Path) -> Result<(Header, Scopes), CassetteError> {
    let read = |source| CassetteError::file("read", path, source);
    let file = File::open(path).map_err(read)?;
    let mut lines = Lines {
        path,
        reader: BufReader::new(file),
        line: 0,
    };
    let header = lines.header()?;
    let mut begun: Scopes = HashMap::new();
    let mut ended = HashSet::new();
    while let Some(line) = lines.next()? {
        match line {
            Line::Begin(scope) => {
                ended.remove(&scope);
                begun.insert(scope, HashMap::new());
            }
            Line::Call(call) => {
                let key = Key::of(&call.model, &call.request);
                let answers = begun.entry(call.scope.into_owned()).or_default();
                answers.insert((key, call.occurrence), call.answer);
            }
            Line::End(scope) => {
                ended.insert(scope);
            }
        }
    }
    begun.retain(|scope, _| ended.contains(scope));
    Ok((header, begun))
}

/// The lines of a cassette, one after the other.
struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    line: usize,
}

impl Lines<'_> {
    fn header(&mut self) -> Result<Header, CassetteError> {
        let format = |reason: String| CassetteError::Format {
            path: self.path.to_owned(),
            reason,
        };
        #[derive(Deserialize)]
        struct Format {
            #[serde(rename = "memhost-cassette")]
            format: u32,
        }
        // Whatever it is, it may be large, and have no line end at all.
        const LONGEST_HEADER: u64 = 64 << 10;
        let mut text = Vec::new();
        self.reader
            .by_ref()
            .take(LONGEST_HEADER)
            .read_until(b'\n', &mut text)
            .map_err(|source| CassetteError::file("read", self.path, source))?;
        self.line = 1;
        if text.last() != Some(&b'\n') {
            let reason = "it does not begin with a line that can be a cassette's header";
            return Err(format(reason.to_owned()));
        }
        let Ok(Format { format: version }) = serde_json::from_slice(&text) else {
            return Err(format(
                "it does not begin with a cassette's header".to_owned(),
            ));
        };
        if version != FORMAT {
            return Err(format(format!(
                "it has format {version}, and this memhost reads format {FORMAT}"
            )));
        }
        serde_json::from_slice(&text)
            .map_err(|error| format(format!("its header is damaged: {error}")))
    }

    fn next(&mut self) -> Result<Option<Line<'static>>, CassetteError> {
        let mut text = Vec::new();
        self.reader
            .read_until(b'\n', &mut text)
            .map_err(|source| CassetteError::file("read", self.path, source))?;
        self.line += 1;
        if text.is_empty() {
            return Ok(None);
        }
        if text.last() != Some(&b'\n') {
            tracing::warn!(
                cassette = %self.path.display(),
                "its last line is torn, as when the recording is killed, and is left out"
            );
            return Ok(None);
        }
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| CassetteError::Line {
                path: self.path.to_owned(),
                line: self.line,
                reason: error.to_string(),
            })
    }
}

/// Appends lines.
pub(super) struct Recorder {
    path: PathBuf,
    file: File,
    /// Scopes that can be replayed.
    ended: HashSet<String>,
}

impl Recorder {
    /// Opens a file to be appended to: a new one, or a cassette of the same models, without the line that a kill
    /// has torn.
    pub(super) fn open(path: &Path, header: &Header) -> Result<Recorder, CassetteError> {
        let fail = |source| CassetteError::file("write", path, source);
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true);
        let mut file = options.open(path).map_err(fail)?;
        if file.metadata().map_err(fail)?.len() == 0 {
            let mut recorder = Recorder {
                path: path.to_owned(),
                file,
                ended: HashSet::new(),
            };
            recorder.append(header)?;
            return Ok(recorder);
        }
        let (recorded, scopes) = read(path)?;
        if recorded.models != header.models {
            return Err(CassetteError::OtherModels {
                path: path.to_owned(),
                recorded: recorded.names(),
                configured: header.names(),
            });
        }
        let whole = whole_lines(&mut file).map_err(fail)?;
        file.set_len(whole).map_err(fail)?;
        Ok(Recorder {
            path: path.to_owned(),
            file,
            ended: scopes.into_keys().collect(),
        })
    }

    /// Appends a line.
    pub(super) fn line(&mut self, line: &Line<'_>) -> Result<(), CassetteError> {
        self.append(line)?;
        match line {
            Line::Begin(scope) => drop(self.ended.remove(scope)),
            Line::End(scope) => drop(self.ended.insert(scope.clone())),
            Line::Call(_) => {}
        }
        Ok(())
    }

    /// With one write, so that a kill leaves it whole, or torn at the end of the file.
    fn append(&mut self, line: &impl Serialize) -> Result<(), CassetteError> {
        let mut text = serde_json::to_string(line)
            .map_err(|error| CassetteError::file("write", &self.path, error.into()))?;
        text.push('\n');
        self.file
            .write_all(visible::json(&text).as_bytes())
            .and_then(|()| self.file.flush())
            .map_err(|source| CassetteError::file("write", &self.path, source))
    }

    /// Whether a scope can be replayed.
    pub(super) fn ended(&self, scope: &str) -> bool {
        self.ended.contains(scope)
    }
}

impl CassetteError {
    fn file(action: &'static str, path: &Path, source: io::Error) -> CassetteError {
        CassetteError::File {
            action,
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }
}

/// How many bytes of a file are whole lines.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    const BLOCK: u64 = 64 << 10;
    let mut end = file.metadata()?.len();
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        (&*file).take(end - start).read_to_end(&mut block)?;
        if let Some(last) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + last as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
