//! A tiny model with random weights, written as a folder, against a forward pass that is written out here; and MiniLM
//! itself, where Python and its package index are at hand, against numpy.

mod minilm;
mod tiny;

use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use tiny::{Tiny, WORDS};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn load(folder: &Path) -> LocalEmbedder {
    LocalEmbedder::load(folder, LocalOptions::default()).unwrap()
}

/// What the embedder makes of texts, in a runtime of its own.
fn embed(embedder: &LocalEmbedder, texts: &[String], side: Side) -> Embedded {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let embedded = runtime.unwrap().block_on(embedder.embed(texts, side));
    embedded.unwrap()
}

#[track_caller]
fn close(found: &[Vec<f32>], expected: &[Vec<f64>], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "text {place}");
        for (x, y) in found.iter().zip(expected) {
            let off = (f64::from(*x) - y).abs();
            assert!(off < tolerance, "text {place}: {off}");
        }
    }
}

const SOME: [&str; 6] = [
    "the cat",
    "The dog sat; the cat ran.",
    "unheard words",
    "cat",
    "a dog, a cat",
    "ran ran ran ran ran ran",
];

#[test]
fn vectors_are_those_of_a_forward_pass_written_out_for_each_pooling_and_architecture() {
    for kind in ["bert", "roberta", "xlm-roberta"] {
        for pooling in ["cls", "mean", "max"] {
            let tiny = Tiny::new(kind, 7);
            let folder = tiny.folder();
            tiny.write_pooling(&folder, pooling);
            let embedder = load(folder.path());
            let found = embed(&embedder, &texts(&SOME), Side::Document);
            let expected: Vec<Vec<f64>> =
                SOME.iter().map(|text| tiny.vector(text, pooling)).collect();
            close(&found.vectors, &expected, 1e-5);
            assert!(found.cut.is_empty());
        }
    }
}

#[test]
fn the_written_out_pass_tells_poolings_and_texts_apart() {
    let tiny = Tiny::new("bert", 7);
    let vectors = ["cls", "mean", "max"].map(|pooling| tiny.vector(SOME[1], pooling));
    let other = tiny.vector(SOME[0], "mean");
    let apart =
        |one: &[f64], other: &[f64]| one.iter().zip(other).any(|(x, y)| (x - y).abs() > 0.01);
    assert!(apart(&vectors[0], &vectors[1]) && apart(&vectors[1], &vectors[2]));
    assert!(apart(&vectors[1], &other));
}

#[test]
fn without_a_pooling_module_the_mean_is_taken_and_said() {
    let tiny = Tiny::new("bert", 3);
    let folder = tiny.folder();
    let embedder = load(folder.path());
    let found = embed(&embedder, &texts(&SOME), Side::Query);
    let expected: Vec<Vec<f64>> = SOME.iter().map(|text| tiny.vector(text, "mean")).collect();
    close(&found.vectors, &expected, 1e-5);
    assert!(embedder.caveat().unwrap().contains("the mean was taken"));
    tiny.write_pooling(&folder, "mean");
    assert_eq!(load(folder.path()).caveat(), None);
}

#[test]
fn weights_in_parts_and_under_the_name_of_a_body_are_the_same_model() {
    for kind in ["bert", "roberta"] {
        let tiny = Tiny::new(kind, 5);
        let whole = tiny.folder();
        let expected = embed(&load(whole.path()), &texts(&SOME), Side::Query).vectors;

        let parts = tiny.folder();
        fs::remove_file(parts.path().join("model.safetensors")).unwrap();
        tiny.write_parts(&parts, &format!("{kind}."));
        let found = embed(&load(parts.path()), &texts(&SOME), Side::Query).vectors;
        assert_eq!(found, expected);
    }
}

#[test]
fn a_text_beyond_the_models_length_is_cut_and_counted_and_no_other() {
    let tiny = Tiny::new("bert", 11);
    let folder = tiny.folder();
    let settings = json!({"max_seq_length": 5, "do_lower_case": false});
    fs::write(
        folder.path().join("sentence_bert_config.json"),
        settings.to_string(),
    )
    .unwrap();
    let embedder = load(folder.path());
    let all = texts(&[
        "the cat",
        "the cat sat ran dog a the",
        "cat cat cat",
        "the cat sat a",
    ]);
    let found = embed(&embedder, &all, Side::Document);
    assert_eq!(found.cut, [1, 3], "five tokens, two of them special");
    assert_eq!(found.vectors[1], found.vectors[3], "the same beginning");
    close(
        &found.vectors[1..2],
        &[tiny.vector("the cat sat", "mean")],
        1e-5,
    );
}

#[test]
fn a_text_is_cut_at_the_networks_positions_where_no_file_says_less() {
    let tiny = Tiny::new("bert", 2);
    let folder = tiny.folder();
    let embedder = load(folder.path());
    let all = texts(&[
        &"cat ".repeat(tiny::POSITIONS - 2),
        &"cat ".repeat(1_000_000),
    ]);
    let found = embed(&embedder, &all, Side::Document);
    assert_eq!(found.cut, [1]);
    assert_eq!(found.vectors[0], found.vectors[1]);
}

#[test]
fn blank_texts_have_the_zero_vector_and_no_text_is_fine() {
    let folder = Tiny::new("bert", 1).folder();
    let embedder = load(folder.path());
    let found = embed(&embedder, &texts(&["", "cat", " \n\t"]), Side::Document);
    let is_zero: Vec<bool> = found
        .vectors
        .iter()
        .map(|v| v.iter().all(|x| *x == 0.0))
        .collect();
    assert_eq!(is_zero, [true, false, true]);
    assert_eq!(embed(&embedder, &[], Side::Query), Embedded::default());
}

#[test]
fn prefixes_are_those_of_the_models_files_unless_the_configuration_has_others() {
    let tiny = Tiny::new("bert", 9);
    let folder = tiny.folder();
    let prompts = json!({"prompts": {"query": "the ", "passage": "a dog "}});
    let file = folder.path().join("config_sentence_transformers.json");
    fs::write(file, prompts.to_string()).unwrap();
    let embedder = load(folder.path());
    let cat = texts(&["cat"]);
    let vector = |text: &str| vec![tiny.vector(text, "mean")];
    close(
        &embed(&embedder, &cat, Side::Query).vectors,
        &vector("the cat"),
        1e-5,
    );
    close(
        &embed(&embedder, &cat, Side::Document).vectors,
        &vector("a dog cat"),
        1e-5,
    );

    let options = LocalOptions {
        query_prefix: Some(String::new()),
        document_prefix: None,
    };
    let other = LocalEmbedder::load(folder.path(), options).unwrap();
    close(
        &embed(&other, &cat, Side::Query).vectors,
        &vector("cat"),
        1e-5,
    );
    close(
        &embed(&other, &cat, Side::Document).vectors,
        &vector("a dog cat"),
        1e-5,
    );
    assert_ne!(
        embedder.digest(),
        other.digest(),
        "other prefixes, other vectors"
    );
}

#[test]
fn two_models_are_told_apart_and_one_is_itself_wherever_it_lies() {
    let (one, other) = (Tiny::new("bert", 1).folder(), Tiny::new("bert", 2).folder());
    let (one, other) = (one.path(), other.path());
    let copy = Tiny::new("bert", 1).folder();
    assert_ne!(load(one).digest(), load(other).digest());
    assert_eq!(load(one).digest(), load(copy.path()).digest());
    let embedder = load(one);
    let digest = embedder.digest().unwrap();
    let name = one.file_name().unwrap().to_str().unwrap();
    assert_eq!(
        embedder.identity().name,
        format!("local:{name}@{}", &digest[..8])
    );
    assert_eq!(embedder.identity().dimension, tiny::WIDTH);
    assert_eq!(embedder.choice(), format!("local:{}", one.display()));
}

/// What is said of a folder with one thing wrong, its place left out.
fn refusal(spoil: impl FnOnce(&Path)) -> String {
    let folder = Tiny::new("bert", 1).folder();
    spoil(folder.path());
    let error = LocalEmbedder::load(folder.path(), LocalOptions::default())
        .err()
        .unwrap();
    error
        .to_string()
        .replace(&folder.path().display().to_string(), "DIR")
}

/// Writes `config.json` with one value changed.
fn with_config(folder: &Path, key: &str, value: serde_json::Value) {
    let file = folder.join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    config[key] = value;
    fs::write(file, config.to_string()).unwrap();
}

#[test]
fn a_folder_that_cannot_be_used_says_what_it_must_hold() {
    let remove =
        |file: &'static str| move |folder: &Path| fs::remove_file(folder.join(file)).unwrap();
    let modules = |kind: &'static str| {
        move |folder: &Path| {
            let modules = json!([{"idx": 0, "name": "0", "path": "", "type": format!("sentence_transformers.models.{kind}")}]);
            fs::write(folder.join("modules.json"), modules.to_string()).unwrap();
        }
    };
    let pooling = |config: serde_json::Value| {
        move |folder: &Path| {
            fs::create_dir(folder.join("1_Pooling")).unwrap();
            fs::write(folder.join("1_Pooling/config.json"), config.to_string()).unwrap();
        }
    };
    let told = [
        refusal(|folder| fs::remove_dir_all(folder).unwrap()),
        refusal(remove("config.json")),
        refusal(remove("tokenizer.json")),
        refusal(remove("model.safetensors")),
        refusal(|folder| {
            fs::rename(
                folder.join("model.safetensors"),
                folder.join("pytorch_model.bin"),
            )
            .unwrap()
        }),
        refusal(|folder| {
            fs::write(folder.join("model.safetensors"), "version https://git-lfs").unwrap()
        }),
        refusal(|folder| {
            fs::write(folder.join("config.json"), "{\"model_type\": \"bert\"}").unwrap()
        }),
        refusal(|folder| with_config(folder, "model_type", json!("nomic_bert"))),
        refusal(|folder| with_config(folder, "hidden_act", json!("silu"))),
        refusal(|folder| with_config(folder, "position_embedding_type", json!("rope"))),
        refusal(|folder| with_config(folder, "hidden_size", json!(16))),
        refusal(|folder| with_config(folder, "vocab_size", json!(3))),
        refusal(modules("Dense")),
        refusal(pooling(json!({"pooling_mode_lasttoken": true}))),
        refusal(pooling(
            json!({"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true}),
        )),
        refusal(pooling(json!({}))),
    ];
    insta::assert_snapshot!(told.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_texts_vector_is_the_same_to_the_last_bit_in_any_company(
        words in proptest::collection::vec(proptest::collection::vec(0..WORDS.len(), 1..40), 1..40),
        alone in any::<proptest::sample::Index>(),
    ) {
        let folder = Tiny::new("bert", 4).folder();
        let embedder = load(folder.path());
        let all: Vec<String> = words
            .iter()
            .map(|words| words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" "))
            .collect();
        let found = embed(&embedder, &all, Side::Document);
        let place = alone.index(all.len());
        let single = embed(&embedder, &all[place..=place], Side::Document);
        prop_assert_eq!(&found.vectors[place], &single.vectors[0]);
        prop_assert_eq!(found.cut.contains(&place), !single.cut.is_empty());
    }

    #[test]
    fn any_text_gives_one_unit_or_zero_vector(all in proptest::collection::vec(any::<String>(), 0..6)) {
        let folder = Tiny::new("bert", 4).folder();
        let found = embed(&load(folder.path()), &all, Side::Query);
        prop_assert_eq!(found.vectors.len(), all.len());
        for (text, vector) in all.iter().zip(&found.vectors) {
            let length: f64 = vector.iter().map(|x| f64::from(*x).powi(2)).sum();
            match text.trim().is_empty() {
                true => prop_assert_eq!(length, 0.0),
                false => prop_assert!((length - 1.0).abs() < 1e-5, "{}", length),
            }
        }
    }
}
