//! A network of two layers with random weights, as a folder and as a forward pass in plain loops.

use std::collections::HashMap;
use std::fs;

use candle_core::{Device, Tensor};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const WIDTH: usize = 8;
pub const POSITIONS: usize = 24;
const HEADS: usize = 2;
const INNER: usize = 12;
const LAYERS: usize = 2;
const EPSILON: f64 = 1e-12;

/// What the tokenizer knows, beside `[PAD]`, `[UNK]`, `[CLS]` and `[SEP]`, which are 0 to 3.
pub const WORDS: [&str; 9] = ["the", "cat", "dog", "a", "sat", "ran", ".", ",", ";"];

pub struct Tiny {
    kind: &'static str,
    /// Name → shape and numbers, row by row.
    weights: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

type Matrix = Vec<Vec<f64>>;

impl Tiny {
    pub fn new(kind: &'static str, seed: u64) -> Tiny {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut weights = HashMap::new();
        let mut add = |name: String, shape: &[usize], around: f32| {
            let size = shape.iter().product();
            let numbers = (0..size).map(|_| around + random.random_range(-0.5..0.5));
            weights.insert(name, (shape.to_vec(), numbers.collect()));
        };
        let words = WORDS.len() + 4;
        add(
            "embeddings.word_embeddings.weight".into(),
            &[words, WIDTH],
            0.0,
        );
        add(
            "embeddings.position_embeddings.weight".into(),
            &[POSITIONS, WIDTH],
            0.0,
        );
        add(
            "embeddings.token_type_embeddings.weight".into(),
            &[2, WIDTH],
            0.0,
        );
        let mut norms = vec!["embeddings.LayerNorm".to_owned()];
        for layer in 0..LAYERS {
            let layer = format!("encoder.layer.{layer}.");
            for (name, rows, columns) in [
                ("attention.self.query", WIDTH, WIDTH),
                ("attention.self.key", WIDTH, WIDTH),
                ("attention.self.value", WIDTH, WIDTH),
                ("attention.output.dense", WIDTH, WIDTH),
                ("intermediate.dense", INNER, WIDTH),
                ("output.dense", WIDTH, INNER),
            ] {
                add(format!("{layer}{name}.weight"), &[rows, columns], 0.0);
                add(format!("{layer}{name}.bias"), &[rows], 0.0);
            }
            norms.push(format!("{layer}attention.output.LayerNorm"));
            norms.push(format!("{layer}output.LayerNorm"));
        }
        for norm in norms {
            add(format!("{norm}.weight"), &[WIDTH], 1.0);
            add(format!("{norm}.bias"), &[WIDTH], 0.0);
        }
        Tiny { kind, weights }
    }

    fn tensors(&self, body: &str) -> Vec<(String, Tensor)> {
        let mut tensors: Vec<(String, Tensor)> = self
            .weights
            .iter()
            .map(|(name, (shape, numbers))| {
                let tensor = Tensor::from_vec(numbers.clone(), shape.as_slice(), &Device::Cpu);
                (format!("{body}{name}"), tensor.unwrap())
            })
            .collect();
        tensors.sort_by(|one, other| one.0.cmp(&other.0));
        tensors
    }

    /// `config.json`, `tokenizer.json` and `model.safetensors`.
    pub fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "model_type": self.kind, "vocab_size": WORDS.len() + 4, "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS, "intermediate_size": INNER, "max_position_embeddings": POSITIONS,
            "pad_token_id": 0, "layer_norm_eps": EPSILON,
        });
        let write = |file: &str, value: Value| {
            fs::write(folder.path().join(file), value.to_string()).unwrap();
        };
        write("config.json", config);
        write("tokenizer.json", tokenizer());
        let tensors: HashMap<String, Tensor> = self.tensors("").into_iter().collect();
        candle_core::safetensors::save(&tensors, folder.path().join("model.safetensors")).unwrap();
        folder
    }

    pub fn write_pooling(&self, folder: &TempDir, pooling: &str) {
        let path = folder.path();
        let modules = json!([
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ]);
        fs::write(path.join("modules.json"), modules.to_string()).unwrap();
        let config = json!({
            "word_embedding_dimension": WIDTH,
            "pooling_mode_cls_token": pooling == "cls",
            "pooling_mode_mean_tokens": pooling == "mean",
            "pooling_mode_max_tokens": pooling == "max",
            "pooling_mode_mean_sqrt_len_tokens": false,
            "include_prompt": true,
        });
        fs::create_dir(path.join("1_Pooling")).unwrap();
        fs::write(path.join("1_Pooling/config.json"), config.to_string()).unwrap();
    }

    /// The weights in two files, each under `body` and its name.
    pub fn write_parts(&self, folder: &TempDir, body: &str) {
        let tensors = self.tensors(body);
        let mut index = serde_json::Map::new();
        for (number, part) in tensors.chunks(tensors.len().div_ceil(2)).enumerate() {
            let file = format!("model-0000{}-of-00002.safetensors", number + 1);
            for (name, _) in part {
                index.insert(name.clone(), json!(file));
            }
            let part: HashMap<String, Tensor> = part.iter().cloned().collect();
            candle_core::safetensors::save(&part, folder.path().join(file)).unwrap();
        }
        let index = json!({"metadata": {}, "weight_map": index});
        let file = folder.path().join("model.safetensors.index.json");
        fs::write(file, index.to_string()).unwrap();
    }

    // ---- the forward pass -------------------------------------------------------------------------

    fn row(&self, name: &str, row: usize) -> Vec<f64> {
        let (shape, numbers) = &self.weights[name];
        let width = shape[1];
        let row = &numbers[row * width..(row + 1) * width];
        row.iter().map(|x| f64::from(*x)).collect()
    }

    fn vector_named(&self, name: &str) -> Vec<f64> {
        self.weights[name].1.iter().map(|x| f64::from(*x)).collect()
    }

    fn linear(&self, name: &str, input: &Matrix) -> Matrix {
        let bias = self.vector_named(&format!("{name}.bias"));
        let weight = format!("{name}.weight");
        let rows: Matrix = (0..bias.len()).map(|row| self.row(&weight, row)).collect();
        let of = |x: &Vec<f64>| {
            (0..bias.len())
                .map(|row| dot(&rows[row], x) + bias[row])
                .collect()
        };
        input.iter().map(of).collect()
    }

    fn norm(&self, name: &str, input: &Matrix) -> Matrix {
        let weight = self.vector_named(&format!("{name}.weight"));
        let bias = self.vector_named(&format!("{name}.bias"));
        let of = |x: &Vec<f64>| {
            let mean = x.iter().sum::<f64>() / WIDTH as f64;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / WIDTH as f64;
            let scale = (variance + EPSILON).sqrt();
            (0..WIDTH)
                .map(|place| (x[place] - mean) / scale * weight[place] + bias[place])
                .collect()
        };
        input.iter().map(of).collect()
    }

    /// The text's unit vector.
    pub fn vector(&self, text: &str, pooling: &str) -> Vec<f64> {
        let ids = ids(text);
        // RoBERTa counts positions from behind the padding's number, which is 0 here.
        let first = usize::from(self.kind != "bert");
        let kind = self.row("embeddings.token_type_embeddings.weight", 0);
        let embedded = ids.iter().enumerate().map(|(place, id)| {
            let word = self.row("embeddings.word_embeddings.weight", *id);
            let position = self.row("embeddings.position_embeddings.weight", place + first);
            (0..WIDTH)
                .map(|x| word[x] + position[x] + kind[x])
                .collect()
        });
        let mut hidden = self.norm("embeddings.LayerNorm", &embedded.collect());
        for layer in 0..LAYERS {
            let layer = format!("encoder.layer.{layer}.");
            let [query, key, value] = ["query", "key", "value"]
                .map(|part| self.linear(&format!("{layer}attention.self.{part}"), &hidden));
            let mut context = vec![vec![0.0; WIDTH]; ids.len()];
            let size = WIDTH / HEADS;
            for head in (0..HEADS).map(|head| head * size..(head + 1) * size) {
                for (place, query) in query.iter().enumerate() {
                    let scores: Vec<f64> = key
                        .iter()
                        .map(|key| {
                            dot(&query[head.clone()], &key[head.clone()]) / (size as f64).sqrt()
                        })
                        .map(f64::exp)
                        .collect();
                    let total: f64 = scores.iter().sum();
                    for (score, value) in scores.iter().zip(&value) {
                        for x in head.clone() {
                            context[place][x] += score / total * value[x];
                        }
                    }
                }
            }
            let attended = self.linear(&format!("{layer}attention.output.dense"), &context);
            let attended = self.norm(
                &format!("{layer}attention.output.LayerNorm"),
                &sum(&hidden, &attended),
            );
            let inner = self.linear(&format!("{layer}intermediate.dense"), &attended);
            let inner: Matrix = inner
                .iter()
                .map(|x| x.iter().copied().map(gelu).collect())
                .collect();
            let output = self.linear(&format!("{layer}output.dense"), &inner);
            hidden = self.norm(
                &format!("{layer}output.LayerNorm"),
                &sum(&attended, &output),
            );
        }
        let column = |x: usize| hidden.iter().map(move |token| token[x]);
        let pooled: Vec<f64> = (0..WIDTH)
            .map(|x| match pooling {
                "cls" => hidden[0][x],
                "max" => column(x).fold(f64::NEG_INFINITY, f64::max),
                _ => column(x).sum::<f64>() / ids.len() as f64,
            })
            .collect();
        let length = dot(&pooled, &pooled).sqrt();
        pooled.iter().map(|x| x / length).collect()
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(x, y)| x * y).sum()
}

fn sum(one: &Matrix, other: &Matrix) -> Matrix {
    let rows = one.iter().zip(other);
    rows.map(|(one, other)| one.iter().zip(other).map(|(x, y)| x + y).collect())
        .collect()
}

/// x Φ(x), with Φ from the error function's series, which converges quickly for numbers as small as these.
fn gelu(x: f64) -> f64 {
    let z = x / 2_f64.sqrt();
    let mut term = z;
    let mut series = z;
    for n in 1..80 {
        term *= -z * z / f64::from(n);
        series += term / f64::from(2 * n + 1);
    }
    let erf = 2.0 / std::f64::consts::PI.sqrt() * series;
    x * 0.5 * (1.0 + erf)
}

/// The text's tokens: words and punctuation marks, in lower case, between `[CLS]` and `[SEP]`.
fn ids(text: &str) -> Vec<usize> {
    let mut spaced = String::new();
    for c in text.chars() {
        match c.is_ascii_punctuation() {
            true => spaced.push_str(&format!(" {c} ")),
            false => spaced.extend(c.to_lowercase()),
        }
    }
    let known = |word: &str| WORDS.iter().position(|known| *known == word);
    let words = spaced
        .split_whitespace()
        .map(|word| known(word).map_or(1, |place| place + 4));
    std::iter::once(2).chain(words).chain([3]).collect()
}

fn tokenizer() -> Value {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
    let vocabulary: serde_json::Map<String, Value> = special
        .iter()
        .chain(&WORDS)
        .enumerate()
        .map(|(id, word)| ((*word).to_owned(), json!(id)))
        .collect();
    let added: Vec<Value> = special
        .iter()
        .enumerate()
        .map(|(id, token)| {
            json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        })
        .collect();
    let piece = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
    let sequence = json!({"Sequence": {"id": "A", "type_id": 0}});
    json!({
        "version": "1.0",
        // As published files have it: what they were trained with, not what the model takes.
        "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [piece("[CLS]"), sequence, piece("[SEP]")],
            "pair": [piece("[CLS]"), sequence, piece("[SEP]")],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
            },
        },
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
}
