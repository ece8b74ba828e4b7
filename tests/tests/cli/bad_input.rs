//! Whatever is wrong gets one clear message, the right exit code, and leaves everything as it was.

use super::{PETS, Place, Said};

/// Runs memhost where nothing but these files is, and wants it to fail like this.
#[track_caller]
fn refused(files: &[(&str, &str)], arguments: &[&str], code: i32, expected: &[&str]) -> Said {
    let place = Place::new();
    for (name, text) in files {
        place.write(name, text);
    }
    let before = place.names();
    let said = place.memhost(arguments).fails(code).complains(expected);
    assert!(said.err.starts_with("error: "), "{}", said.err);
    assert!(said.out.is_empty(), "{}", said.out);
    assert_eq!(place.names(), before, "something was left behind");
    said
}

#[test]
fn an_unknown_plugin_is_told_where_it_was_looked_for() {
    refused(
        &[],
        &["compare", "rga"],
        2,
        &[
            "no plugin is called `rga` (did you mean `rag`?)",
            "looked for `rga.wasm` in",
            "target/plugins",
            super::plugins().to_str().unwrap(),
        ],
    );
    refused(
        &[],
        &["inspect", "nowhere/rag.wasm"],
        2,
        &["there is no plugin file `nowhere/rag.wasm`"],
    );
}

#[test]
fn two_plugins_of_one_name_cannot_be_told_apart() {
    refused(
        &[("pets.jsonl", PETS)],
        &["compare", "rag", "recency", "rag", "--suite", "pets.jsonl"],
        2,
        &[
            "two of the plugins are called `rag`: give one of them another name with NAME=PLUGIN, as in `other=rag`",
        ],
    );
    refused(
        &[("pets.jsonl", PETS)],
        &["compare", "a=rag", "a=recency", "--suite", "pets.jsonl"],
        2,
        &[
            "two of the plugins are called `a`: give one of them another name with NAME=PLUGIN, as in `other=recency`",
        ],
    );
}

#[test]
fn a_plugin_that_is_called_like_a_floor_takes_part_and_is_mistaken_for_none() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    let said = place
        .memhost(&[
            "compare",
            "bm25=rag",
            "oracle=recency",
            "--suite",
            "pets.jsonl",
        ])
        .succeeds();
    said.says(&[
        "bm25 (plugin)",
        "bm25 (floor)",
        "oracle (plugin)",
        "oracle (ceiling)",
    ]);
    place
        .memhost(&["compare", "other=nowhere.wasm", "--suite", "pets.jsonl"])
        .fails(2)
        .complains(&["there is no plugin file"]);
}

#[test]
fn one_task_alone_gives_scores_and_no_certainty() {
    let place = Place::new();
    let one: Vec<&str> = PETS.lines().take(4).collect();
    place.write("one.jsonl", one.join("\n"));
    let said = place
        .memhost(&["compare", "rag", "recency", "--suite", "one.jsonl"])
        .succeeds();
    said.says(&[
        "1 question in 1 group",
        "no intervals: all questions are of one group",
    ]);
}

#[test]
fn parameters_must_exist_and_have_their_type() {
    let set = |setting: &str, expected: &[&str]| {
        refused(
            &[("pets.jsonl", PETS)],
            &["compare", "rag", "--suite", "pets.jsonl", "--set", setting],
            2,
            expected,
        )
    };
    set(
        "rag.mod=dense",
        &["strategy `rag` has no parameter `mod` (did you mean `mode`?); it has: k, "],
    );
    set(
        "rag.k=many",
        &[
            "parameter `rag.k` takes a number (default: ",
            "and got `many`",
        ],
    );
    set("rag.mode=fuzzy", &["rag", "fuzzy"]);
    set(
        "recency.k=1",
        &["--set names plugin `recency`, which does not take part; taking part: rag"],
    );
    set("rag.k", &["write it as plugin.parameter=value"]);
}

#[test]
fn numbers_have_a_least_value() {
    for option in ["--seeds", "--jobs", "--memories"] {
        refused(&[], &["compare", "rag", option, "0"], 2, &[option]);
    }
}

#[test]
fn an_unknown_suite_model_embedder_or_key_suggests_the_nearest() {
    refused(
        &[],
        &["compare", "rag", "--suite", "evidnce"],
        2,
        &["no suite is called `evidnce` (did you mean `evidence`?)"],
    );
    refused(
        &[],
        &["compare", "rag", "--model", "extractiv"],
        2,
        &["extractiv", "`extractive`"],
    );
    refused(
        &[],
        &["compare", "rag", "--embedder", "bultin"],
        2,
        &["bultin", "`builtin`"],
    );
    refused(
        &[("memhost.toml", "[store]\nurl = \"x\"\n")],
        &["compare", "rag"],
        2,
        &["memhost.toml", "line 2", "url", "did you mean `uri`?"],
    );
}

#[test]
fn what_is_not_a_plugin_is_named() {
    refused(
        &[("text.wasm", "this is not wasm")],
        &["inspect", "text.wasm"],
        1,
        &["plugin `text.wasm` cannot be loaded"],
    );
}

#[test]
fn a_broken_line_is_named_with_its_field() {
    let broken = PETS.replace(r#""text": "Small talk""#, r#""text": 5"#);
    refused(
        &[("broken.jsonl", &broken)],
        &["compare", "rag", "--suite", "broken.jsonl"],
        1,
        &["`broken.jsonl`, line 2", "text"],
    );
    refused(
        &[("broken.jsonl", &broken)],
        &["suite", "check", "broken.jsonl"],
        1,
        &["`broken.jsonl`, line 2"],
    );
}

#[test]
fn a_stream_that_no_store_can_name_is_found_before_anything_runs() {
    for (name, expected) in [
        (
            r"a\u0000b".to_owned(),
            r#"the name "a\0b" holds a control character"#,
        ),
        ("s".repeat(600), "has 600 bytes; it must have at most 256"),
    ] {
        let suite = PETS.replace("{\"task\"", &format!("{{\"stream\": \"{name}\", \"task\""));
        refused(
            &[("suite.jsonl", &suite)],
            &["compare", "rag", "--suite", "suite.jsonl"],
            1,
            &[expected],
        );
    }
}

#[test]
fn a_suite_on_which_nothing_can_be_compared_is_refused() {
    let questionless: String = PETS
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    let withheld = PETS.replace(
        r#""question":"#,
        r#""withheld": ["monday-0", "tuesday-0"], "question":"#,
    );
    for (suite, expected) in [
        ("", "the file is empty"),
        (questionless.as_str(), "the suite is empty"),
        (withheld.as_str(), "every task is withheld"),
    ] {
        refused(
            &[("suite.jsonl", suite)],
            &["compare", "rag", "--suite", "suite.jsonl"],
            1,
            &[expected],
        );
    }
}

#[test]
fn a_store_or_output_that_is_a_file_is_refused_and_left_alone() {
    let files = [("pets.jsonl", PETS), ("taken", "mine")];
    let compare = ["compare", "rag", "--suite", "pets.jsonl"];
    for option in ["--store", "--output"] {
        refused(
            &files,
            &[&compare[..], &[option, "taken"]].concat(),
            1,
            &["taken"],
        );
    }
}

/// Whatever is refused last is looked at before anything is written.
#[test]
fn a_refused_comparison_leaves_no_output_store_or_cassette() {
    const CONFIG: &str = "[endpoint.down]\nbase_url = \"http://127.0.0.1:9/v1\"\nkey_env = \"\"\n\n\
                          [embedder.openai.small]\nendpoint = \"down\"\n\n\
                          [model.openai.small]\nendpoint = \"down\"\n";
    let files = [
        ("pets.jsonl", PETS),
        ("memhost.toml", CONFIG),
        ("taken", "mine"),
    ];
    let wishes: [(&[&str], i32, &str); 7] = [
        (&["--output", "new/out", "--store", "taken"], 1, "taken"),
        (&["--output", "taken", "--store", "new"], 1, "taken"),
        (&["--output", "taken/below", "--store", "new"], 1, "taken"),
        (
            &["--output", "new", "--embedder", "openai:small"],
            1,
            "http://127.0.0.1:9/v1",
        ),
        (
            &["--output", "new", "--embedder", "local:nowhere"],
            1,
            "there is no folder `nowhere`",
        ),
        (
            &["--output", "new", "--record", "nowhere/run.cassette"],
            1,
            "nowhere/run.cassette",
        ),
        (
            &["--store", "taken", "--record", "run.cassette"],
            1,
            "taken",
        ),
    ];
    for (wish, code, expected) in wishes {
        let compare = ["compare", "rag", "--suite", "pets.jsonl"];
        refused(&files, &[&compare[..], wish].concat(), code, &[expected]);
    }
    let dear = [
        "compare",
        "reasoningbank",
        "--model",
        "extractive",
        "--suite",
        "pets.jsonl",
        "--output",
        "new",
        "--most-model-calls",
        "0",
    ];
    refused(&files, &dear, 2, &["at most 0 are allowed"]);
}

#[test]
fn results_are_not_written_to_a_uri_taken_for_a_path() {
    let uri = "s3://bucket/results";
    for command in [
        &["compare", "rag", "--suite", "pets.jsonl"][..],
        &["report", "out"],
        &["reproduce", "out"],
    ] {
        let said = refused(
            &[("pets.jsonl", PETS)],
            &[command, &["--output", uri]].concat(),
            2,
            &[uri, "--output", "copy it"],
        );
        assert!(said.err.contains("directory of this machine"));
    }
}

#[test]
fn a_missing_key_is_named_before_anything_runs() {
    refused(
        &[("pets.jsonl", PETS)],
        &[
            "compare",
            "rag",
            "--suite",
            "pets.jsonl",
            "--model",
            "openai:gpt-4.1-mini",
        ],
        1,
        &["OPENAI_API_KEY"],
    );
}

#[test]
fn reembedding_wants_a_store_that_is_there() {
    refused(&[], &["store", "reembed"], 2, &["which store?", "--store"]);
    refused(
        &[],
        &["store", "reembed", "--store", "nowhere"],
        1,
        &["there is no store at `nowhere`", "--store"],
    );
}

#[test]
fn an_endpoint_that_is_down_is_found_out_before_anything_runs() {
    const CONFIG: &str = "[endpoint.mine]\nbase_url = \"http://127.0.0.1:9/v1\"\nkey_env = \"\"\n\n\
                          [model.openai.small]\nendpoint = \"mine\"\n";
    refused(
        &[("memhost.toml", CONFIG)],
        &["compare", "reasoningbank", "--model", "openai:small"],
        1,
        &[
            "reasoningbank",
            "http://127.0.0.1:9/v1",
            "cannot connect",
            "start the endpoint",
        ],
    );
}
