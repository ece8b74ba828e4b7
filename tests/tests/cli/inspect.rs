//! `memhost inspect`.

use super::Place;

#[test]
fn a_plugin_is_shown_with_parameters_imports_and_exports() {
    let said = Place::new().memhost(&["inspect", "rag"]).succeeds();
    let said = said.says(&[
        "rag 0.1.0: ",
        "phases     retrieve, distill",
        "plan       learns as it goes and is told whatever outcomes there are",
        "runs       1 run with memory",
        "memhost:strategy/store@0.2.0",
        "memhost:strategy/retrieve@0.2.0",
        "sha256:",
        "for contract 0.2.0",
        "parameters, for --set rag.<name>=<value>",
        "  k = 4 (a whole number from 1 to 1000)",
        "  mode = dense (`dense`, `lexical` or `hybrid`)",
        "  sentence-keys = true (true or false)",
    ]);
    assert!(said.err.is_empty(), "{}", said.err);
}

#[test]
fn programs_get_json_under_names_that_stay() {
    let json = Place::new()
        .memhost(&["inspect", "rag", "--format", "json"])
        .succeeds()
        .json();
    let mut names: Vec<_> = json.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "compile_ms",
            "contract",
            "core_module",
            "description",
            "digest",
            "exports",
            "from_cache",
            "imports",
            "phases",
            "plan",
            "size_bytes"
        ]
    );
    assert_eq!(json["description"]["name"], "rag");
    assert_eq!(json["phases"]["retrieve"], true);
    assert_eq!(json["phases"]["maintain"], false);
    assert_eq!(json["plan"]["arrangement"], "Streaming");
    assert_eq!(json["core_module"], false);
}

#[test]
fn a_plugin_is_found_by_path_too() {
    let path = super::plugins().join("rag.wasm");
    let said = Place::new()
        .memhost(&["inspect", path.to_str().unwrap()])
        .succeeds();
    assert!(said.out.starts_with("rag "), "{}", said.out);
}
