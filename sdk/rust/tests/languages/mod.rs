//! The contract in other languages: bindings are made of `wit/`, and a strategy with every phase compiles against them.
//!
//! The tools are others' (`pip install componentize-py mypy`, `npm install -g componentize-qjs @bytecodealliance/jco typescript`).
//! Where one is not on the PATH, its test says so and tests nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{names, surface_of};

/// The world of the strategy, and the strategy in each language.
const SOURCES: [(&str, &str); 3] = [
    ("wit/world.wit", include_str!("world.wit")),
    ("minimal.py", include_str!("minimal.py")),
    ("minimal.js", include_str!("minimal.js")),
];

const PHASES: &str = "strategy retrieve distill update evict maintain compact";

#[test]
fn a_strategy_in_python_has_typed_bindings_and_becomes_a_component() {
    let Some(folder) = folder_for("componentize-py") else {
        return;
    };
    let generate = ["-d", "wit", "-w", "minimal", "bindings", "generated"];
    run(&folder, "componentize-py", &generate);
    if is_there("mypy") {
        let generated = folder.join("generated");
        fs::copy(folder.join("minimal.py"), generated.join("minimal.py")).unwrap();
        // What comes with the tool is the tool's business.
        let types = [
            "--strict",
            "--follow-imports=silent",
            "-p",
            "wit_world",
            "-m",
            "minimal",
        ];
        run(&generated, "mypy", &types);
    } else {
        eprintln!("mypy is not on the PATH: the types of the bindings are not checked");
    }
    let compile = ["-d", "wit", "-w", "minimal", "componentize", "minimal"];
    let compile = [&compile[..], &["-o", "minimal.wasm"]].concat();
    run(&folder, "componentize-py", &compile);
    assert_has_every_phase(&folder);
}

#[test]
fn a_strategy_in_javascript_becomes_a_component() {
    let Some(folder) = folder_for("componentize-qjs") else {
        return;
    };
    let compile = ["--sync", "--wit", "wit", "--world", "minimal"];
    let compile = [&compile[..], &["--js", "minimal.js", "-o", "minimal.wasm"]].concat();
    run(&folder, "componentize-qjs", &compile);
    assert_has_every_phase(&folder);
}

#[test]
fn a_strategy_in_javascript_keeps_to_the_types_of_the_contract() {
    let Some(folder) = folder_for("jco") else {
        return;
    };
    let generate = ["guest-types", "wit", "-n", "minimal", "-o", "types"];
    run(&folder, "jco", &generate);
    let types = fs::read_to_string(folder.join("types/minimal.d.ts")).unwrap();
    for phase in PHASES.split(' ') {
        assert!(types.contains(&format!("export * as {phase} ")), "{types}");
    }
    if !is_there("tsc") {
        eprintln!("tsc is not on the PATH: the strategy's types are not checked");
        return;
    }
    let strictly = ["--allowJs", "--checkJs", "--strict", "--noEmit"];
    let language = ["--module", "esnext", "--target", "esnext"];
    let files = ["minimal.js", "types/minimal.d.ts"];
    run(&folder, "tsc", &[&strictly[..], &language, &files].concat());
}

/// A folder with the contract, the world and the sources; none where the tool is not there.
fn folder_for(tool: &str) -> Option<PathBuf> {
    if !is_there(tool) {
        eprintln!("{tool} is not on the PATH: nothing is tested");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(tool);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let contract = folder.join("wit/deps/memhost-strategy");
    fs::create_dir_all(&contract).unwrap();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/wit")).unwrap() {
        let file = entry.unwrap();
        fs::copy(file.path(), contract.join(file.file_name())).unwrap();
    }
    for (name, text) in SOURCES {
        fs::write(folder.join(name), text).unwrap();
    }
    Some(folder)
}

fn is_there(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
}

fn run(folder: &Path, tool: &str, arguments: &[&str]) {
    let mut command = Command::new(tool);
    // Else an error stands below sixty frames of the tool's own.
    command.env_remove("RUST_BACKTRACE");
    let output = command.current_dir(folder).args(arguments).output();
    let output = output.expect("the tool was there a moment ago");
    assert!(
        output.status.success(),
        "{tool} {}\n{}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The tools add what they need themselves, so that more than these can be imported and exported.
fn assert_has_every_phase(folder: &Path) {
    let surface = surface_of(&fs::read(folder.join("minimal.wasm")).unwrap());
    let missing =
        |wanted: &str, there| names(wanted).difference(there).cloned().collect::<Vec<_>>();
    assert_eq!(missing(PHASES, &surface.exports), [""; 0]);
    assert_eq!(missing("types llm store run", &surface.imports), [""; 0]);
}
