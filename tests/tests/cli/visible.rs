//! Whatever strangers wrote, in plugins, suites, files, replies and arguments, is shown and does nothing: no terminal and no
//! text file gets a character of it that would be obeyed instead of being seen.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::broken::{Behaviour, Endpoint, healthy, said};
use super::{Place, Said};

/// As the guest `garbled` has it in every text: colours, a link, a bell, a return and a backspace, an 8-bit sequence,
/// overrides of the direction, a character without width, separators, and a line that passes for one of the host's.
const TRICK: &str = "\u{1b}[31m\u{1b}]8;;http://x\u{7}\r\u{8}\u{9b}2J\u{202e}\u{2066}\u{200b}\u{2028}\t\u{7f}\nerror: forged\n";

/// The same where it is a name of a file.
const TRICKY_NAME: &str =
    "\u{1b}[31m\r\u{8}\u{9b}2J\u{202e}\u{2066}\u{200b}\u{2028}\t\u{7f}\nerror: forged\n";

/// The same as far as the name of a stream may be like that.
const STREAM: &str = "main\u{202e}\u{2066}\u{200b}\u{2028}";

/// What it begins with wherever it is shown.
const SHOWN: &str = r"\u{1b}[31m";

/// Characters that are obeyed, or not seen. Not a list of what the host knows: of what Unicode and ECMA-48 have.
fn is_obeyed(c: char) -> bool {
    matches!(c,
        '\0'..='\u{9}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[track_caller]
fn is_harmless(what: &str, text: &str) {
    let obeyed = text.char_indices().find(|(_, c)| is_obeyed(*c));
    if let Some((at, c)) = obeyed {
        let around: String = text[at..].chars().take(80).collect();
        panic!("{what}: {c:?} in {around:?}");
    }
    // A line break of a page is a blank.
    let forged = text.lines().any(|line| line.starts_with("error: forged"));
    assert!(
        !forged || what.ends_with(".html"),
        "{what}: a stranger's line passes for the host's"
    );
}

/// Nothing that was said is obeyed.
#[track_caller]
fn harmless(what: &str, said: Said) -> Said {
    is_harmless(&format!("{what}, standard output"), &said.out);
    is_harmless(&format!("{what}, standard error"), &said.err);
    assert!(!said.err.contains("a defect"), "{what}: {}", said.err);
    said
}

/// No text file below a directory holds anything that is obeyed; the data files of a store are no texts.
#[track_caller]
fn harmless_files(directory: &Path) -> usize {
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "store" {
            seen += harmless_files(&path);
        } else if path.is_file() && !name.ends_with(".parquet") {
            let text = std::fs::read(&path).unwrap();
            is_harmless(&name, &String::from_utf8(text).unwrap());
            seen += 1;
        }
    }
    seen
}

/// A place with the guest, and a suite whose every text is the trick.
fn place() -> Place {
    let place = Place::new();
    std::fs::copy(memhost_tests::plugin("garbled"), place.path("garbled.wasm")).unwrap();
    place.write("tricky.jsonl", suite());
    place
}

fn suite() -> String {
    let attempt = |n: usize| {
        json!({"stream": STREAM, "task": {"id": format!("{TRICK}{n}"), "text": TRICK, "labels": {TRICK: TRICK}},
               "attempts": [{"steps": [{"actor": "user", "text": format!("{TRICK} My dog is called Rex {n}.")}]}]})
    };
    let question = |n: usize| {
        json!({"stream": STREAM, "stage": 1, "group": format!("{TRICK}{n}"),
               "task": {"id": format!("q{TRICK}{n}"), "text": format!("{TRICK} What is my dog called?")},
               "question": {"answers": [format!("Rex {n}"), TRICK]}})
    };
    let header = json!({"format": 1, "name": "tricky", "lane": "evidence", "summary": TRICK, "left_out": [TRICK],
                        "budgets": [64]});
    let rows = (0..3).map(attempt).chain((0..3).map(question));
    let rows = std::iter::once(header).chain(rows);
    rows.map(|row| format!("{row}\n")).collect()
}

const COMPARE: [&str; 6] = [
    "compare",
    "./garbled.wasm",
    "rag",
    "--suite",
    "tricky.jsonl",
    "--no-check",
];

#[test]
fn what_a_plugin_says_of_itself_and_how_it_fails_is_shown() {
    let place = place();
    for arguments in [
        &["inspect", "./garbled.wasm"][..],
        &["inspect", "./garbled.wasm", "--format", "json"],
        &["check", "./garbled.wasm"],
        &["check", "./garbled.wasm", "--format", "json"],
    ] {
        let said = harmless(&arguments.join(" "), place.memhost(arguments));
        let shown = ["\\u001b[31m", SHOWN]
            .iter()
            .any(|shown| said.out.contains(shown));
        assert!(shown, "{arguments:?}: {}", said.out);
    }
    for wish in ["fault", "panic", "cite", "ask", TRICK] {
        let set = format!("garbled.do={wish}");
        let said = place.memhost(&["check", "./garbled.wasm", "--set", &set]);
        let said = harmless(wish, said);
        assert_ne!(said.code, 0, "{wish}");
        assert!((said.out + &said.err).contains(SHOWN), "{wish}");
    }
}

#[test]
fn what_a_plugin_logs_is_in_the_log_with_the_call_and_as_harmless() {
    let place = place();
    let check = ["check", "./garbled.wasm", "--set", "garbled.do=panic"];
    let logged = |more: &[&str]| {
        let said = harmless("log", place.memhost(&[&check[..], more].concat()));
        said.err
    };
    assert!(!logged(&[]).contains("memhost::plugin"));
    let log = logged(&["-v"]);
    for sign in ["WARN memhost::plugin: ", "call=", "\\x1b[31m"] {
        assert!(log.contains(sign), "{sign}: {log}");
    }
}

#[test]
fn reports_in_every_form_and_every_file_of_results_are_harmless() {
    let place = place();
    for wish in ["work", "fault", "panic", "cite"] {
        let set = format!("garbled.do={wish}");
        for format in ["table", "json", "csv"] {
            let more = ["--set", &set, "--format", format, "--output", wish, "-vv"];
            let said = place.memhost(&[&COMPARE[..], &more].concat());
            let what = format!("{wish}, {format}");
            let said = harmless(&what, said);
            assert!(!said.out.is_empty(), "{what}: {}", said.err);
            harmless(&what, place.memhost(&["report", wish, "--format", format]));
        }
        assert!(harmless_files(&place.path(wish)) > 6, "{wish}");
        harmless(wish, place.memhost(&["reproduce", wish]));
    }
    let read = |path: &str| std::fs::read_to_string(place.path(path)).unwrap();
    for file in ["report.txt", "report.csv", "report.html"] {
        assert!(read(&format!("fault/{file}")).contains(SHOWN), "{file}");
    }
    // Data stays what it was.
    let results: Value = serde_json::from_str(&read("fault/results.json")).unwrap();
    assert!(
        results
            .to_string()
            .contains("\\u001b[31m\\u001b]8;;http://x\\u0007"),
        "{results}"
    );
    // Who does not keep the contract is told why.
    let arguments: Vec<&str> = COMPARE
        .iter()
        .copied()
        .filter(|one| *one != "--no-check")
        .collect();
    let set = ["--set", "garbled.do=cite"];
    let said = harmless("unfit", place.memhost(&[&arguments[..], &set].concat()));
    assert!(said.out.contains(SHOWN), "{}{}", said.out, said.err);
}

#[test]
fn only_colours_of_ours_are_colours() {
    let place = place();
    let mut command = place.command(&[&COMPARE[..], &["--set", "garbled.do=fault"]].concat());
    command
        .env("CLICOLOR_FORCE", "1")
        .env("TERM", "xterm-256color");
    let said = Said::from(command.output().unwrap());
    let mut plain = String::new();
    let mut colours = 0;
    let mut rest = said.out.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        let (code, after) = after.split_once('m').unwrap();
        let ours = code.chars().all(|c| c.is_ascii_digit() || c == ';');
        assert!(ours, "{code:?}");
        plain += before;
        (colours, rest) = (colours + 1, after);
    }
    assert!(colours > 1, "{}", said.out);
    is_harmless("colours", &(plain.clone() + rest));
    assert!(plain.contains(SHOWN), "{plain}");
}

#[test]
fn suites_and_their_files_are_shown() {
    let place = place();
    let wrong = [
        json!({"format": 1, "name": TRICK, "lane": "evidence"}),
        json!({"format": TRICK, "name": "x", "lane": TRICK}),
        json!({"format": 1, "name": "x", "lane": "evidence", TRICK: TRICK}),
        json!({"format": 1, "name": "x", "lane": "evidence", "primary": TRICK}),
    ];
    for (n, header) in wrong.iter().enumerate() {
        place.write(&format!("header{n}.jsonl"), header.to_string());
    }
    let header = suite().lines().next().unwrap().to_owned();
    let rows = [
        json!({"task": {"id": TRICK, "text": TRICK}, TRICK: 1}),
        json!({"task": {"id": TRICK, "text": 5}}),
        json!({"stream": TRICK, "task": {"id": TRICK, "text": TRICK}}),
        json!({"task": {"id": TRICK, "text": ""}, "question": {"answers": [], "gold": [TRICK]}}),
        json!({"task": {"id": TRICK, "text": TRICK}, "question": {"category": TRICK, "answers": ["x"], "gold": [TRICK]}}),
        json!({"task": {"id": "a", "text": "b"}, "question": {"check": TRICK}}),
        Value::String(TRICK.to_owned()),
    ];
    for (n, row) in rows.iter().enumerate() {
        place.write(
            &format!("row{n}.jsonl"),
            format!("{header}\n{row}\n{row}\n"),
        );
    }
    // Neither are raw bytes of a file, nor its name.
    place.write("raw.jsonl", format!("{header}\n{TRICK}"));
    place.write(
        "bytes.jsonl",
        [header.as_bytes(), b"\n\xff\x9b2J\x1b[31m\n"].concat(),
    );
    place.write(&format!("{TRICKY_NAME}.jsonl"), suite());
    place.write(&format!("{TRICKY_NAME}-broken.jsonl"), "{");
    let mut files: Vec<String> = place
        .names()
        .into_iter()
        .filter(|name| name.ends_with(".jsonl"))
        .collect();
    assert_eq!(files.len(), 16);
    files.extend([
        TRICK.to_owned(),
        format!("locomo:{TRICK}"),
        format!("{TRICK}=evidence"),
        format!("{TRICK}:x"),
    ]);
    for file in &files {
        for command in ["show", "check"] {
            for format in ["table", "json"] {
                let said = place.memhost(&["suite", command, file, "--format", format]);
                harmless(&format!("suite {command} {file:?}"), said);
            }
        }
        harmless(
            file,
            place.memhost(&["compare", "rag", "--no-check", "--suite", file]),
        );
    }
    let to = format!("to{TRICKY_NAME}.jsonl");
    harmless(
        "import",
        place.memhost(&["suite", "import", "tricky.jsonl", "--to", &to]),
    )
    .succeeds();
    let imported = std::fs::read_to_string(place.path(&to)).unwrap();
    is_harmless("what was imported", &imported);
    // The same suite.
    let show = |file: &str| {
        place
            .memhost(&["suite", "show", file, "--format", "json"])
            .succeeds()
            .json()
    };
    assert_eq!(show(&to), show("tricky.jsonl"));
    let nowhere = format!("nowhere{TRICKY_NAME}/to.jsonl");
    harmless(
        "import",
        place.memhost(&["suite", "import", "tricky.jsonl", "--to", &nowhere]),
    )
    .fails(1);
}

#[test]
fn arguments_variables_and_the_configuration_are_shown() {
    let place = place();
    let set = format!("rag.{TRICK}={TRICK}");
    let other = format!("{TRICK}.k=1");
    let value = format!("rag.k={TRICK}");
    let named = format!("{TRICK}=rag");
    let given: [&[&str]; 22] = [
        &[TRICK],
        &["inspect", TRICK],
        &["check", "rag", TRICK],
        &["compare", &named],
        &["compare", "rag", "--set", &set],
        &["compare", "rag", "--set", &other],
        &["compare", "rag", "--set", &value],
        &["compare", "rag", "--set", TRICK],
        &["compare", "rag", "--seeds", TRICK],
        &["compare", "rag", "--model", TRICK],
        &["compare", "rag", "--embedder", TRICK],
        &["compare", "rag", "--agent", TRICK],
        &["compare", "rag", "--shard", TRICK, "--output", "x"],
        &["compare", "rag", "--replay", TRICK],
        &["compare", "rag", "--config", TRICK],
        &["compare", "rag", "--format", TRICK],
        &["aa", "rag", "--suite", TRICK],
        &["report", TRICK],
        &["reproduce", TRICK],
        &["suite", TRICK],
        &["store", "reembed", "--store", TRICK],
        &["store", "reembed", "--store", "s3://x", "--embedder", TRICK],
    ];
    for arguments in given {
        let said = harmless(&format!("{arguments:?}"), place.memhost(arguments));
        assert_ne!(said.code, 0, "{arguments:?}");
    }
    let option = format!("--{TRICK}");
    harmless("an option", place.memhost(&["inspect", "rag", &option])).fails(2);
    for variable in [
        "MEMHOST_MODEL",
        "MEMHOST_EMBEDDER",
        "MEMHOST_CONFIG",
        "MEMHOST_PLUGINS",
        "MEMHOST_CACHE",
        "MEMHOST_STORE",
        "MEMHOST_LOG",
        "OPENAI_BASE_URL",
    ] {
        let mut command = place.command(&[
            "compare",
            "rga",
            "--model",
            "openai:x",
            "--suite",
            "tricky.jsonl",
        ]);
        command.env(variable, TRICKY_NAME);
        harmless(variable, Said::from(command.output().unwrap()));
    }
    let quoted = serde_json::to_string(TRICK).unwrap();
    let quoted = quoted.replace('\u{7f}', "\\u007f");
    for config in [
        format!("{quoted} = 1"),
        format!("[{quoted}]\nx = 1"),
        format!("[model]\nuse = {quoted}"),
        format!("[embedder]\nuse = {quoted}"),
        format!("[limits]\nfuel = {quoted}"),
        format!(
            "[endpoint.{quoted}]\nbase_url = {quoted}\n[model]\nuse=\"openai:a\"\n[model.openai.a]\nendpoint = {quoted}"
        ),
        format!(
            "[endpoint.openai]\nbase_url = {quoted}\nkey_env = {quoted}\n[model]\nuse=\"openai:a\""
        ),
        format!(
            "[endpoint.openai]\nbase_url = \"https://127.0.0.1:1\"\nca_file = {quoted}\nkey_env = \"\"\n[model]\nuse=\"openai:a\""
        ),
        format!("[store]\nuri = {quoted}\n[cache]\ndirectory = \"/dev/null/x\\u001b[31m\""),
        format!("[cache\n{TRICK}"),
    ] {
        place.write("memhost.toml", &config);
        for arguments in [
            &["inspect", "rag"][..],
            &["compare", "rag", "--no-check", "--suite", "tricky.jsonl"],
        ] {
            harmless(&config, place.memhost(arguments));
        }
    }
}

/// What an endpoint says is quoted in errors, in logs, on cassettes and in reports.
#[test]
fn what_endpoints_say_is_shown() {
    fn refuses(_: usize, _: &Value) -> Option<(u16, Value)> {
        let error = json!({"message": TRICK, "type": TRICK, "code": TRICK, "param": TRICK});
        Some((400, json!({ "error": error })))
    }
    fn fails(_: usize, _: &Value) -> Option<(u16, Value)> {
        Some((500, Value::String(TRICK.to_owned())))
    }
    // Whoever asks with the trick gets it back.
    fn rambles(number: usize, request: &Value) -> Option<(u16, Value)> {
        match request.to_string().contains("\\u001b") {
            true => said(TRICK),
            false => healthy(number, request),
        }
    }
    fn misshapen(_: usize, _: &Value) -> Option<(u16, Value)> {
        Some((200, json!({ TRICK: TRICK })))
    }
    let behaviours: [(&str, Behaviour); 4] = [
        ("refuses", refuses),
        ("fails", fails),
        ("rambles", rambles),
        ("misshapen", misshapen),
    ];
    for (name, behaves) in behaviours {
        let endpoint = Endpoint::that(behaves);
        let place = place();
        let config = format!(
            "[endpoint.mine]\nbase_url = \"{}\"\nkey_env = \"\"\nretries = 1\nretry_delay_ms = 1\n\
             [model.openai.small]\nendpoint = \"mine\"\n[embedder.openai.small]\nendpoint = \"mine\"\n",
            endpoint.url
        );
        place.write("memhost.toml", config);
        let asks = ["--set", "garbled.do=ask", "--model", "openai:small", "-vvv"];
        let keeps = ["--output", "out", "--record", "run.cassette"];
        let said = place.memhost(&[&COMPARE[..], &asks, &keeps].concat());
        let said = harmless(name, said);
        assert_ne!(said.code, 0, "{name}: {}", said.out);
        // A reply that is quoted is JSON, which has its own way of showing.
        let shown = [SHOWN, r"\u001b[31m"];
        let is_shown = shown.iter().any(|shown| said.err.contains(shown));
        assert!(is_shown, "{name}: {}", said.err);
        if place.path("out").exists() {
            harmless_files(&place.path("out"));
            is_harmless(
                name,
                &std::fs::read_to_string(place.path("run.cassette")).unwrap(),
            );
            let asks = ["--set", "garbled.do=ask", "--replay", "run.cassette"];
            harmless(name, place.memhost(&[&COMPARE[..], &asks].concat()));
            let other = [
                "--set",
                "garbled.do=ask",
                "--replay",
                "run.cassette",
                "--seeds",
                "2",
            ];
            harmless(name, place.memhost(&[&COMPARE[..], &other].concat()));
        } else {
            assert_ne!(name, "rambles");
        }
        let embeds = ["--embedder", "openai:small"];
        harmless(name, place.memhost(&[&COMPARE[..], &embeds].concat()));
    }
}

/// Whoever hands results on may have written into them.
#[test]
fn files_of_results_that_somebody_changed_are_shown() {
    let place = place();
    let keeps = ["--output", "out"];
    harmless("compare", place.memhost(&[&COMPARE[..], &keeps].concat())).succeeds();
    let manifest = place.path("out/manifest.json");
    let whole = std::fs::read_to_string(&manifest).unwrap();
    let tricky = serde_json::to_string(TRICK).unwrap();
    let cell: PathBuf = std::fs::read_dir(place.path("out/cells"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    for changed in [
        whole.replace("\"garbled\"", &tricky),
        whole.replace("\"tricky.jsonl\"", &tricky),
        whole.replace("\"rag\"", &tricky),
        whole.replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), &tricky),
        whole.replace("\"builtin\"", &tricky),
        whole.replacen("\"format\"", &tricky, 1),
        whole.replacen('{', TRICK, 1),
    ] {
        assert_ne!(changed, whole);
        std::fs::write(&manifest, &changed).unwrap();
        for arguments in [&["report", "out"][..], &["reproduce", "out"]] {
            harmless(&format!("{arguments:?}"), place.memhost(arguments));
        }
        harmless("again", place.memhost(&[&COMPARE[..], &keeps].concat()));
    }
    std::fs::write(&manifest, &whole).unwrap();
    for text in [
        format!("{{{TRICK}"),
        format!("{{{tricky}: 1}}"),
        "\u{9b}".to_owned(),
    ] {
        std::fs::write(&cell, text).unwrap();
        harmless("a damaged cell", place.memhost(&["report", "out"]));
        harmless("a damaged cell", place.memhost(&["reproduce", "out"]));
    }
    place.write("bad.cassette", format!("{tricky}\n{TRICK}"));
    harmless(
        "cassette",
        place.memhost(&[&COMPARE[..], &["--replay", "bad.cassette"]].concat()),
    )
    .fails(1);
}
