//! Plugins in wrappers, as they are named on the command line.

use serde_json::Value;

use super::{PETS, Place};

/// The path of a guest.
fn guest(name: &str) -> String {
    let path = memhost_tests::plugin(name).canonicalize().unwrap();
    path.to_str().unwrap().to_owned()
}

/// A place with the pets.
fn place() -> Place {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    place
}

#[test]
fn a_wrapped_plugin_is_shown_with_all_of_its_layers() {
    let named = format!("{}({})", guest("hide"), "rag");
    let said = place().memhost(&["inspect", &named]).succeeds();
    let said = said.says(&[
        "hide(rag) 0.1.0(0.1.0): Hides the memories",
        "wraps      rag, a component of",
        "memhost:strategy/inner@0.2.0",
        "phases     retrieve, distill, update",
        "for --set hide+rag.<name>=<value>",
        "  ids = ",
        "  inner.k = ",
    ]);
    assert!(said.err.is_empty(), "{}", said.err);
    let json = place()
        .memhost(&["inspect", &named, "--format", "json"])
        .succeeds()
        .json();
    assert_eq!(json["description"]["name"], "hide(rag)");
    assert_eq!(json["wraps"][0]["name"], "rag");
    assert!(json["wraps"][0]["size_bytes"].as_u64() > Some(0));
}

#[test]
fn a_wrapped_plugin_is_checked_as_one() {
    let named = format!("{}+rag", guest("pass"));
    let said = place().memhost(&["check", &named]).succeeds();
    said.says(&["pass(rag) 0.1.0(0.1.0): ", "restart"]);
}

/// The scores of each strategy, by name.
fn score(results: &Value, strategy: &str) -> Value {
    let strategies = results["suites"][0]["strategies"].as_array().unwrap();
    let mut of = strategies.iter().filter(|one| one["strategy"] == strategy);
    let found = of
        .next()
        .unwrap_or_else(|| panic!("no {strategy} in {results}"));
    found["quality"].clone()
}

#[test]
fn a_wrapped_plugin_is_compared_and_the_comparison_is_repeated() {
    let place = place();
    let (pass, hide) = (guest("pass"), guest("hide"));
    let arguments = [
        "compare",
        "rag",
        &format!("{pass}(rag)"),
        &format!("few={hide}+{pass}+rag"),
        "--set",
        "few.inner.inner.k=1",
        "--set",
        "few.ids=m999",
        "--suite",
        "pets.jsonl",
        "--format",
        "json",
        "--output",
        "out",
    ];
    let results = place.memhost(&arguments).succeeds().json();
    assert_eq!(score(&results, "pass(rag)"), score(&results, "rag"));
    score(&results, "few");

    let text = std::fs::read_to_string(place.path("out/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let plugins = &manifest["part"]["plugins"];
    assert!(plugins[0].get("layers").is_none(), "{plugins}");
    assert_eq!(plugins[1]["name"], "pass(rag)");
    let files = |plugin: &Value| -> Vec<String> {
        let files = plugin["layers"].as_array().unwrap().iter();
        let paths = files.map(|file| file["path"].as_str().unwrap().to_owned());
        paths.collect()
    };
    assert_eq!(files(&plugins[1])[0], pass);
    let three = files(&plugins[2]);
    assert_eq!(three[..2], [hide, pass]);
    assert!(three[2].ends_with("rag.wasm"));
    let digest = plugins[1]["layers"][1]["digest"].as_str().unwrap();
    assert_eq!(plugins[0]["digest"], digest);
    assert_eq!(plugins[2]["settings"]["inner.inner.k"], "1");

    let said = place.memhost(&["reproduce", "out"]).succeeds();
    said.says(&["reproduced: every number of"]);
}

#[test]
fn a_layer_that_has_changed_is_named_when_a_comparison_is_repeated() {
    let place = place();
    std::fs::copy(guest("pass"), place.path("mine.wasm")).unwrap();
    let arguments = [
        "compare",
        "./mine.wasm+rag",
        "--suite",
        "pets.jsonl",
        "--output",
        "out",
    ];
    place.memhost(&arguments).succeeds();
    std::fs::copy(guest("hide"), place.path("mine.wasm")).unwrap();
    let said = place.memhost(&["reproduce", "out"]).fails(1);
    said.complains(&["plugin `pass(rag)` has another digest", "mine.wasm"]);
}

#[test]
fn whatever_is_no_plugin_in_a_wrapper_is_refused_with_what_to_write() {
    let place = place();
    let pass = guest("pass");
    for (given, code, told) in [
        (
            pass.clone(),
            1,
            "it is a wrapper, and has nothing to wrap: name what it wraps, as in `guard(rag)`",
        ),
        (format!("{pass}+{pass}"), 1, "has nothing to wrap"),
        (format!("{pass}("), 2, "write `guard(rag)` or `guard+rag`"),
        (
            format!("{pass}(rga)"),
            2,
            "no plugin is called `rga` (did you mean `rag`?)",
        ),
        (
            format!("{pass}+nowhere.wasm"),
            2,
            "there is no plugin file `nowhere.wasm`",
        ),
        (
            "rag(recency)".to_owned(),
            1,
            "it is no wrapper: it does not import `memhost:strategy/inner@0.2.0`",
        ),
        (
            format!("{pass}+{pass}+{pass}+{pass}+rag"),
            1,
            "has 5 strategies in one another, and may have 4",
        ),
    ] {
        for command in ["inspect", "check"] {
            let said = place.memhost(&[command, &given]).fails(code);
            said.complains(&[told]);
        }
    }
    let named = format!("g={pass}+rag");
    let arguments = ["compare", &named, "--suite", "pets.jsonl", "--set", "g.k=2"];
    let said = place.memhost(&arguments).fails(2);
    said.complains(&["strategy `g` has no parameter `k`", "inner.k"]);
    assert_eq!(place.names(), ["pets.jsonl"]);
}

#[test]
fn a_wrapper_around_itself_is_a_wrapper_around_a_wrapper() {
    let pass = guest("pass");
    let named = format!("{pass}({pass}(rag))");
    let said = place().memhost(&["inspect", &named]).succeeds();
    said.says(&["pass(pass(rag)) "]);
}

/// `pass(rag)` in one file of a place.
fn composed(place: &Place) -> Vec<u8> {
    let named = format!("{}(rag)", guest("pass"));
    let said = place.memhost(&["compose", &named, "--output", "one.wasm"]);
    let said = said.succeeds();
    assert!(said.out.is_empty(), "{}", said.out);
    said.complains(&["one.wasm: pass(rag), ", " bytes"]);
    std::fs::read(place.path("one.wasm")).unwrap()
}

#[test]
fn what_is_composed_is_shown_checked_and_compared_as_if_it_were_written_out() {
    let place = place();
    composed(&place);
    let (pass, hide) = (guest("pass"), guest("hide"));
    let shown = |named: &str| {
        let said = place.memhost(&["inspect", named, "--format", "json"]);
        said.succeeds().json()
    };
    let (one, two) = (shown("one.wasm"), shown(&format!("{pass}(rag)")));
    for same in ["digest", "description", "phases", "plan", "size_bytes"] {
        assert_eq!(one[same], two[same], "{same}");
    }
    assert_eq!(
        (&one["wraps"][0]["composed"], &two["wraps"][0]["composed"]),
        (&Value::Bool(true), &Value::Bool(false))
    );
    let said = place.memhost(&["inspect", "one.wasm"]).succeeds();
    said.says(&[
        "pass(rag) 0.1.0(0.1.0): ",
        "wraps      rag, in the same file, a component of",
    ]);
    let said = place.memhost(&["check", "one.wasm"]).succeeds();
    said.says(&["pass(rag) 0.1.0(0.1.0): ", "restart"]);

    let compared = |plugin: &str, around: &str, output: &str| {
        let plugin = format!("one={plugin}");
        let around = format!("few={hide}+{around}");
        let arguments = [
            "compare",
            &plugin,
            &around,
            "rag",
            "--set",
            "one.inner.k=2",
            "--set",
            "few.inner.inner.k=1",
            "--set",
            "few.ids=m999",
            "--suite",
            "pets.jsonl",
            "--output",
            output,
        ];
        place.memhost(&arguments).succeeds();
        let cells = std::fs::read_dir(place.path(output).join("cells")).unwrap();
        let mut names: Vec<_> = cells.map(|cell| cell.unwrap().file_name()).collect();
        names.sort();
        let text = std::fs::read_to_string(place.path(output).join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_str(&text).unwrap();
        (names, manifest)
    };
    let (files, manifest) = compared("one.wasm", "one.wasm", "composed");
    let written_out = format!("{pass}(rag)");
    let (other_files, other) = compared(&written_out, &written_out, "written-out");
    assert_eq!(
        files, other_files,
        "the same cells, by strategy, settings and digest"
    );
    assert_eq!(manifest["design"], other["design"]);
    assert_eq!(manifest["part"]["outcomes"], other["part"]["outcomes"]);

    let plugins = &manifest["part"]["plugins"];
    assert_eq!(plugins[0]["layers"].as_array().unwrap().len(), 1);
    assert_eq!(plugins[1]["layers"].as_array().unwrap().len(), 2);
    assert_ne!(plugins[0]["layers"][0]["digest"], plugins[0]["digest"]);
    let said = place.memhost(&["reproduce", "composed"]).succeeds();
    said.says(&["reproduced: every number of"]);
    let changed = std::fs::read(place.path("one.wasm")).unwrap();
    place.write("one.wasm", [changed, b"\x00\x03\x01ab".to_vec()].concat());
    let said = place.memhost(&["reproduce", "composed"]).fails(1);
    said.complains(&["plugin `one` has another digest", "one.wasm"]);
}

#[test]
fn what_is_composed_is_wrapped_again_in_a_file_or_without_one() {
    let place = place();
    let one = composed(&place);
    let pass = guest("pass");
    let around = format!("{pass}+./one.wasm");
    place
        .memhost(&["compose", &around, "-o", "two.wasm"])
        .succeeds();
    let written_out = format!("{pass}({pass}(rag))");
    place
        .memhost(&["compose", &written_out, "-o", "three.wasm"])
        .succeeds();
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert_eq!(read("two.wasm"), read("three.wasm"));
    let said = place.memhost(&["inspect", "two.wasm"]).succeeds();
    said.says(&["pass(pass(rag)) "]);
    // One that is there is replaced.
    place
        .memhost(&["compose", "one.wasm", "-o", "two.wasm"])
        .succeeds();
    assert_eq!(read("two.wasm"), one);
}

/// A component with a section, as `memhost compose` writes it.
fn holding(outer: &[u8], inner: &[u8]) -> Vec<u8> {
    let length = |mut number: usize| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    let name = b"memhost:inner";
    let content = [&length(name.len()), name.as_slice(), inner].concat();
    [outer, &[0], &length(content.len()), &content].concat()
}

#[test]
fn a_file_that_holds_what_it_cannot_wrap_is_refused_with_what_to_do() {
    let place = place();
    let one = composed(&place);
    let bytes = |path: &str| std::fs::read(path).unwrap();
    let (pass, rag) = (bytes(&guest("pass")), bytes(&guest("rag")));
    assert_eq!(holding(&pass, &rag), one);
    let five = (0..4).fold(rag.clone(), |inner, _| holding(&pass, &inner));
    let anew = "write the file anew with `memhost compose`";
    for (name, file, told) in [
        (
            "no-wrapper",
            holding(&rag, &rag),
            [
                "and is no wrapper: it does not import",
                "`memhost compose 'guard(rag)'`",
            ],
        ),
        (
            "no-plugin",
            holding(&pass, b"hello"),
            [
                "layer 2 of it, in the section `memhost:inner`, cannot be used: it is a text file",
                anew,
            ],
        ),
        (
            "nothing",
            holding(&pass, b""),
            [
                "layer 2 of it, in the section `memhost:inner`, cannot be used: it is an empty file",
                anew,
            ],
        ),
        (
            "alone",
            holding(&pass, &pass),
            [
                "layer 2 of it, in the section `memhost:inner`, cannot be used: it is a wrapper, and has nothing to wrap",
                anew,
            ],
        ),
        (
            "middle",
            holding(&pass, &holding(&rag, &rag)),
            ["layer 2 of it", "and is no wrapper: it does not import"],
        ),
        (
            "five",
            five,
            [
                "`five` has 5 strategies in one another, and may have 4",
                "leave out a wrapper",
            ],
        ),
        (
            "cut",
            one[..one.len() - 100].to_vec(),
            [
                "it is damaged WebAssembly: unexpected end-of-file",
                "build or download it again",
            ],
        ),
        (
            "cut-inside",
            holding(&pass, &rag[..rag.len() - 100]),
            [
                "layer 2 of it, in the section `memhost:inner`, cannot be used: it is damaged WebAssembly",
                anew,
            ],
        ),
        (
            "two",
            holding(&one, &rag),
            ["it has more than one section `memhost:inner`", anew],
        ),
    ] {
        let file = place.write(&format!("{name}.wasm"), file);
        for command in ["inspect", "check"] {
            let said = place.memhost(&[command, file.to_str().unwrap()]).fails(1);
            said.complains(&told);
        }
        std::fs::remove_file(file).unwrap();
    }
    let largest = pass.len().max(rag.len());
    let pass = guest("pass");
    let small = format!("[cache]\nlargest_plugin_bytes = {largest}\n");
    let small = place.write("small.toml", small);
    let (named, config) = (format!("{pass}+rag"), small.to_str().unwrap());
    let arguments = ["compose", &named, "-o", "new.wasm", "--config", config];
    let said = place.memhost(&arguments).fails(1);
    said.complains(&[
        "plugin `pass(rag)`",
        "and the limit is",
        "`largest_plugin_bytes` under [cache]",
    ]);
    std::fs::remove_file(small).unwrap();
    let four = format!("{pass}+{pass}+{pass}+one.wasm");
    for (given, code, told) in [
        ("one.wasm(rag)", 1, "it holds what it wraps already"),
        (
            four.as_str(),
            1,
            "has 5 strategies in one another, and may have 4",
        ),
        (
            "rag",
            2,
            "`rag` wraps nothing, so that there is nothing to compose",
        ),
        (pass.as_str(), 1, "has nothing to wrap"),
        ("rag(recency)", 1, "it is no wrapper"),
        ("g=one.wasm", 2, "there is no plugin file `g=one.wasm`"),
    ] {
        let said = place
            .memhost(&["compose", given, "-o", "new.wasm"])
            .fails(code);
        said.complains(&[told]);
    }
    let named = format!("{pass}+./one.wasm");
    let said = place
        .memhost(&["compose", &named, "-o", "one.wasm"])
        .fails(2);
    said.complains(&["`one.wasm` is one of the files that are composed"]);
    let said = place
        .memhost(&["compose", &named, "-o", "nowhere/new.wasm"])
        .fails(1);
    said.complains(&["cannot write `nowhere/new.wasm`: check that its directory is there"]);
    assert_eq!(place.names(), ["one.wasm", "pets.jsonl"]);
}

#[test]
fn a_comparison_says_what_a_wrapper_adds_or_what_to_add_for_that() {
    let place = place();
    let named = format!("{}(rag)", guest("pass"));
    let suite = ["--suite", "pets.jsonl"];
    let beside = ["compare", "rag", &named];
    let said = place.memhost(&[&beside[..], &suite].concat()).succeeds();
    said.says(&[
        "pass(rag) against rag, which it wraps: ",
        " +0.000",
        "+0 model calls and +0 tokens",
    ]);
    let other = ["compare", "rag", &named, "--set", "rag.k=1"];
    let said = place.memhost(&[&other[..], &suite].concat()).succeeds();
    said.says(&["add to the command: bare=rag (for pass(rag))."]);
    let chosen = ["compare", &named, "--set", "pass(rag).inner.k=1"];
    let said = place.memhost(&[&chosen[..], &suite].concat()).succeeds();
    said.says(&["add to the command: rag --set rag.k=1 (for pass(rag))."]);
}
