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
        "for --set hide(rag).<name>=<value>",
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
