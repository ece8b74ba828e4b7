//! A model's folder, as sentence-transformers saves it: which files there are, and what they say of how texts become
//! vectors. What a model's own files say is done; nothing is guessed from its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::LocalModelError;

const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// What a file begins with that was cloned and not fetched.
const POINTER: &[u8] = b"version https://git-lfs";
const OTHER_WEIGHTS: [&str; 4] = [
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "tf_model.h5",
    "flax_model.msgpack",
];

/// All that a model is made of.
pub(super) struct Folder {
    /// `config.json`.
    pub network: NetworkConfig,
    /// Where that stands, for messages.
    pub config: PathBuf,
    /// Every file of weights with its path.
    pub weights: Vec<(PathBuf, Vec<u8>)>,
    /// `tokenizer.json` with its path.
    pub tokenizer: (PathBuf, Vec<u8>),
    /// How a text goes in and a vector comes out.
    pub recipe: Recipe,
    /// Of every file that was read, by name.
    pub digest: Sha256,
}

/// How a text goes in and a vector comes out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recipe {
    /// The most tokens that count, the special ones among them.
    pub longest: usize,
    /// Whether texts are put in lower case before the tokenizer sees them.
    pub lower_case: bool,
    /// What makes one vector of a text's tokens.
    pub pooling: Pooling,
    /// Whether no file says what pools, so that the mean was taken.
    pub is_guessed: bool,
    /// Put before what is searched with.
    pub query_prefix: String,
    /// Put before what is to be found.
    pub document_prefix: String,
}

/// What makes one vector of a text's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// The first token's.
    Cls,
    /// The mean of all. (With the root of their number for divisor it has the same direction.)
    Mean,
    /// The largest of all, number by number.
    Max,
}

/// `config.json`: what of it a network is built by. The defaults are those of transformers.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct NetworkConfig {
    pub model_type: String,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub max_position_embeddings: usize,
    #[serde(default = "gelu")]
    pub hidden_act: String,
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    #[serde(default = "epsilon")]
    pub layer_norm_eps: f64,
    #[serde(default)]
    pub pad_token_id: Option<u32>,
    #[serde(default)]
    pub position_embedding_type: Option<String>,
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn two() -> usize {
    2
}

fn epsilon() -> f64 {
    1e-12
}

/// One of `modules.json`.
#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// `sentence_bert_config.json`.
#[derive(Default, Deserialize)]
struct TransformerConfig {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

/// `tokenizer_config.json`. The number is 1e30 where nobody set it.
#[derive(Default, Deserialize)]
struct TokenizerConfig {
    model_max_length: Option<f64>,
}

/// `config_sentence_transformers.json`.
#[derive(Default, Deserialize)]
struct Prompts {
    #[serde(default)]
    prompts: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    default_prompt_name: Option<String>,
}

impl Prompts {
    /// The first of these prompts that there is, else the default one, else nothing.
    fn first(&self, names: &[&str]) -> String {
        let names = names.iter().copied();
        let mut names = names.chain(self.default_prompt_name.as_deref());
        let prompt = names.find_map(|name| self.prompts.get(name));
        prompt.cloned().unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Index {
    weight_map: std::collections::BTreeMap<String, String>,
}

impl Folder {
    pub(super) fn read(folder: &Path) -> Result<Folder, LocalModelError> {
        if !folder.is_dir() {
            return Err(LocalModelError::NoFolder(folder.to_owned()));
        }
        let mut reader = Reader {
            folder,
            digest: Sha256::new(),
        };
        let modules: Vec<Module> = reader.json("modules.json")?.unwrap_or_default();
        let mut transformer = String::new();
        let mut pooling = None;
        for module in modules {
            // `sentence_transformers.models.Transformer`, whatever the packages of a release are called.
            match module.kind.rsplit('.').next().unwrap_or_default() {
                "Transformer" => transformer = module.path,
                "Pooling" => pooling = Some(module.path),
                "Normalize" => {}
                other => {
                    return Err(LocalModelError::Unsupported {
                        path: folder.join("modules.json"),
                        what: format!("it has a module `{other}`"),
                        known: "modules that are run are Transformer, Pooling and Normalize",
                    });
                }
            }
        }
        let pooling = reader.pooling(pooling.as_deref().unwrap_or("1_Pooling"))?;
        let prompts: Prompts = reader
            .json("config_sentence_transformers.json")?
            .unwrap_or_default();

        let inside = |file: &str| match transformer.as_str() {
            "" => file.to_owned(),
            path => format!("{path}/{file}"),
        };
        let network: NetworkConfig = reader.required_json(&inside("config.json"))?;
        let tokenizer = reader.required(&inside("tokenizer.json"))?;
        let of_tokenizer: TokenizerConfig = reader
            .json(&inside("tokenizer_config.json"))?
            .unwrap_or_default();
        let of_transformer: TransformerConfig = reader
            .json(&inside("sentence_bert_config.json"))?
            .unwrap_or_default();
        let weights = reader.weights(&inside)?;
        let longest = of_transformer.max_seq_length.map(|most| most as f64);
        let longest = longest.or(of_tokenizer.model_max_length);
        // A cast from float to integer stops at the ends of the range.
        let longest = longest.map_or(usize::MAX, |most| most as usize);
        Ok(Folder {
            config: folder.join(inside("config.json")),
            weights,
            tokenizer: (folder.join(inside("tokenizer.json")), tokenizer),
            recipe: Recipe {
                longest: longest.min(network.most_tokens()),
                lower_case: of_transformer.do_lower_case,
                pooling: pooling.unwrap_or(Pooling::Mean),
                is_guessed: pooling.is_none(),
                query_prefix: prompts.first(&["query"]),
                document_prefix: prompts.first(&["document", "passage", "corpus"]),
            },
            network,
            digest: reader.digest,
        })
    }
}

impl NetworkConfig {
    /// Whether positions are counted from behind the padding's number, as RoBERTa does.
    pub(super) fn is_roberta(&self) -> bool {
        matches!(self.model_type.as_str(), "roberta" | "xlm-roberta")
    }

    fn most_tokens(&self) -> usize {
        let taken = match self.is_roberta() {
            true => self.pad_token_id.unwrap_or(1) as usize + 1,
            false => 0,
        };
        self.max_position_embeddings.saturating_sub(taken)
    }
}

/// Reads files of a folder, and hashes what it reads.
struct Reader<'a> {
    folder: &'a Path,
    digest: Sha256,
}

impl Reader<'_> {
    fn optional(&mut self, file: &str) -> Result<Option<Vec<u8>>, LocalModelError> {
        let path = self.folder.join(file);
        match std::fs::read(&path) {
            Ok(bytes) if bytes.starts_with(POINTER) => Err(unreadable(
                path,
                "it is a pointer of Git LFS in the file's place (`git lfs pull` fetches it)",
            )),
            Ok(bytes) => {
                self.digest.update(file);
                self.digest.update([0]);
                self.digest.update(Sha256::digest(&bytes));
                Ok(Some(bytes))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(path, error)),
        }
    }

    fn required(&mut self, file: &str) -> Result<Vec<u8>, LocalModelError> {
        self.optional(file)?.ok_or_else(|| self.missing(file))
    }

    fn json<T: DeserializeOwned>(&mut self, file: &str) -> Result<Option<T>, LocalModelError> {
        let Some(bytes) = self.optional(file)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map_err(|error| unreadable(self.folder.join(file), error))
    }

    fn required_json<T: DeserializeOwned>(&mut self, file: &str) -> Result<T, LocalModelError> {
        self.json(file)?.ok_or_else(|| self.missing(file))
    }

    fn missing(&self, file: &str) -> LocalModelError {
        LocalModelError::Missing {
            folder: self.folder.to_owned(),
            file: file.to_owned(),
        }
    }

    fn weights(
        &mut self,
        inside: &dyn Fn(&str) -> String,
    ) -> Result<Vec<(PathBuf, Vec<u8>)>, LocalModelError> {
        let whole = inside(WEIGHTS);
        if let Some(bytes) = self.optional(&whole)? {
            return Ok(vec![(self.folder.join(whole), bytes)]);
        }
        if let Some(index) = self.json::<Index>(&inside(INDEX))? {
            let parts: BTreeSet<String> = index.weight_map.into_values().collect();
            let mut weights = Vec::new();
            for part in parts {
                // The name is the file's say; it leads to no other folder.
                let name = Path::new(&part).file_name().unwrap_or_default();
                let part = inside(&name.to_string_lossy());
                let bytes = self.required(&part)?;
                weights.push((self.folder.join(part), bytes));
            }
            return Ok(weights);
        }
        let there = |file: &&&str| self.folder.join(inside(file)).exists();
        match OTHER_WEIGHTS.iter().find(there) {
            Some(file) => Err(LocalModelError::OtherWeights {
                folder: self.folder.to_owned(),
                file,
            }),
            None => Err(self.missing(&whole)),
        }
    }

    /// What the folder's pooling module says, if there is one.
    fn pooling(&mut self, module: &str) -> Result<Option<Pooling>, LocalModelError> {
        let file = format!("{module}/config.json");
        let Some(config) = self.json::<serde_json::Map<String, serde_json::Value>>(&file)? else {
            return Ok(None);
        };
        const MODE: &str = "pooling_mode";
        let mut modes: Vec<&str> = config
            .iter()
            .filter(|(_, value)| **value == serde_json::Value::Bool(true))
            .filter_map(|(key, _)| key.strip_prefix(MODE)?.strip_prefix('_'))
            .collect();
        // Newer releases name it.
        modes.extend(config.get(MODE).and_then(serde_json::Value::as_str));
        match modes.as_slice() {
            ["cls_token" | "cls"] => Ok(Some(Pooling::Cls)),
            ["mean_tokens" | "mean" | "mean_sqrt_len_tokens"] => Ok(Some(Pooling::Mean)),
            ["max_tokens" | "max"] => Ok(Some(Pooling::Max)),
            others => Err(LocalModelError::Unsupported {
                path: self.folder.join(file),
                what: format!("it pools by {}", named(others)),
                known: "tokens are pooled by one of cls, mean and max",
            }),
        }
    }
}

fn named(modes: &[&str]) -> String {
    match modes {
        [] => "nothing that it names".to_owned(),
        modes => format!("`{}`", modes.join("` and `")),
    }
}

fn unreadable(path: PathBuf, reason: impl std::fmt::Display) -> LocalModelError {
    LocalModelError::Unreadable {
        path,
        reason: reason.to_string(),
    }
}
