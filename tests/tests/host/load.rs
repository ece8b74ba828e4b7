//! What can be loaded tells what it is; what cannot says why, and what to do.

use std::path::{Path, PathBuf};

use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::strategy::Strategy;
use memhost_tests::plugin;

fn engine() -> Engine {
    Engine::new(EngineOptions::default()).unwrap()
}

#[tokio::test]
async fn a_loaded_plugin_tells_what_it_is() {
    let path = plugin("hostile");
    let plugin = Plugin::load(&engine(), &path).await.unwrap();
    assert_eq!(plugin.name(), "hostile");
    assert_eq!(plugin.contract_version(), memhost::contract::VERSION);
    assert!(plugin.digest().starts_with("sha256:") && plugin.digest().len() == 71);
    assert_eq!(plugin.size(), std::fs::metadata(path).unwrap().len());
    let named = |names: &[String], name: &str| names.iter().any(|each| each == name);
    assert!(named(plugin.imports(), "memhost:strategy/llm@0.2.0"));
    assert!(named(plugin.exports(), "memhost:strategy/retrieve@0.2.0"));
    assert!(!plugin.compiled().from_cache);
}

#[tokio::test]
async fn compiled_code_is_kept_and_a_damaged_entry_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("compiled");
    let load = async || {
        let engine = Engine::new(EngineOptions {
            cache: Some(cache.clone()),
            ..EngineOptions::default()
        });
        let plugin = Plugin::load(&engine.unwrap(), &plugin("hostile")).await;
        plugin.unwrap().compiled().from_cache
    };
    assert!(!load().await);
    assert!(load().await);
    let entries: Vec<PathBuf> = std::fs::read_dir(&cache)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [entry] = &entries[..] else {
        panic!("{entries:?}");
    };
    let code = std::fs::read(entry).unwrap();
    let mut flipped = code.clone();
    flipped[code.len() / 2] ^= 1;
    for damaged in [&flipped[..], &code[..code.len() / 2], b""] {
        std::fs::write(entry, damaged).unwrap();
        assert!(!load().await, "damaged code was run");
        assert!(load().await);
    }
}

#[tokio::test]
async fn a_file_that_is_missing_or_too_large_is_not_read() {
    let engine = Engine::new(EngineOptions {
        largest_plugin: 1_000,
        ..EngineOptions::default()
    });
    let engine = engine.unwrap();
    for (path, told) in [
        (Path::new("no/such.wasm").to_owned(), "check the path"),
        (plugin("hostile"), "the limit is 1000; if it is meant"),
        (Path::new(".").to_owned(), "not a file"),
    ] {
        let Err(error) = Plugin::load(&engine, &path).await else {
            panic!("{} was loaded", path.display());
        };
        let error = error.to_string();
        assert!(error.contains(told), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}

/// `load/recency-0.1.0.wasm` is the plugin `recency` as it was built for that contract.
#[tokio::test]
async fn a_plugin_that_was_built_for_an_earlier_contract_is_refused_with_the_cure() {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/load/recency-0.1.0.wasm");
    let told = refusal(std::fs::read(built).unwrap()).await;
    assert!(
        told.contains("it was built for version 0.1.0 of memhost's contract")
            && told.contains(&format!("this host speaks {}", memhost::contract::VERSION))
            && told.ends_with("; build the plugin again against this host's `wit/`"),
        "{told}"
    );
}

async fn refusal(bytes: Vec<u8>) -> String {
    match Plugin::from_bytes(&engine(), "some.wasm", bytes).await {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error.to_string(),
    }
}

/// A component with these imports, which exports an empty `strategy`.
fn importing(imports: &str) -> Vec<u8> {
    let component = format!(
        r#"(component {imports}
            (instance $strategy)
            (export "memhost:strategy/strategy@0.2.0" (instance $strategy)))"#
    );
    wat::parse_str(component).unwrap()
}

/// A component that exports an empty instance.
fn exporting(name: &str) -> Vec<u8> {
    let component = format!(r#"(component (instance $i) (export "{name}" (instance $i)))"#);
    wat::parse_str(component).unwrap()
}

#[tokio::test]
async fn what_cannot_be_loaded_says_why_and_what_to_do() {
    let whole = importing("");
    let run = |version: &str, function: &str| {
        importing(&format!(
            r#"(import "memhost:strategy/run@{version}" (instance {function}))"#
        ))
    };
    let cases: [(&str, Vec<u8>); 21] = [
        ("an empty file", Vec::new()),
        ("a text file", b"pip install strategy\n".to_vec()),
        ("the text format", b"  (component)".to_vec()),
        ("an executable", b"\x7fELF\x02\x01\x01\0".to_vec()),
        ("an image", b"\x89PNG\r\n\x1a\n\0\0".to_vec()),
        ("an unknown version", b"\0asm\x77\0\0\0".to_vec()),
        ("a truncated plugin", whole[..whole.len() / 2].to_vec()),
        ("a core module", wat::parse_str("(module)").unwrap()),
        ("an empty component", wat::parse_str("(component)").unwrap()),
        (
            "another world",
            exporting("wasi:http/incoming-handler@0.2.0"),
        ),
        (
            "a newer contract",
            exporting("memhost:strategy/strategy@0.3.0"),
        ),
        (
            "a newer import",
            importing(r#"(import "memhost:strategy/llm@1.0.0" (instance))"#),
        ),
        (
            "sockets",
            importing(
                r#"(import "wasi:sockets/network@0.2.6" (instance))
                   (import "wasi:sockets/tcp@0.2.6" (instance))"#,
            ),
        ),
        (
            "http",
            importing(r#"(import "wasi:http/types@0.2.6" (instance))"#),
        ),
        (
            "wasi 0.3",
            importing(r#"(import "wasi:cli/stdout@0.3.0" (instance))"#),
        ),
        (
            "a stranger",
            importing(r#"(import "acme:billing/charge@1.0.0" (instance))"#),
        ),
        (
            "what a strategy exports",
            importing(r#"(import "memhost:strategy/retrieve@0.2.0" (instance))"#),
        ),
        (
            "a wrapper",
            importing(r#"(import "memhost:strategy/inner@0.2.0" (instance))"#),
        ),
        ("a missing function", importing("")),
        (
            "an unknown function",
            run("0.2.7", r#"(export "dice" (func (result u32)))"#),
        ),
        (
            "a function of another type",
            run("0.2.0", r#"(export "random" (func (result f64)))"#),
        ),
    ];
    let mut told = String::new();
    for (name, bytes) in cases {
        told += &format!("{name}\n    {}\n", refusal(bytes).await);
    }
    insta::assert_snapshot!(told);
}

/// Whatever the bytes, loading ends with a plugin or with an error, and never by a panic, which would be reported as
/// a failure of the compiler.
#[tokio::test]
async fn no_damaged_byte_makes_the_loader_panic() {
    let whole = importing(
        r#"(import "memhost:strategy/run@0.2.0" (instance $run (export "random" (func (result u32)))))
           (core func $random (canon lower (func $run "random")))
           (core module $m
                (import "run" "random" (func (result i32)))
                (memory 1) (data (i32.const 0) "data")
                (func (export "f") (result i32) call 0 i32.const 2 i32.add))
           (core instance (instantiate $m (with "run" (instance (export "random" (func $random))))))"#,
    );
    let engine = engine();
    for place in 0..whole.len() {
        for damage in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[place] ^= damage;
            if let Err(error) = Plugin::from_bytes(&engine, "some.wasm", bytes).await {
                let told = error.to_string();
                assert!(
                    !told.contains("the compiler failed"),
                    "byte {place}: {told}"
                );
            }
        }
    }
}
