//! What the build needs from the machine, and how it gets there.

use std::path::Path;
use std::process::Command;

use crate::tools::{Failure, output, run, step};

/// Something that the machine must have.
struct Need {
    what: &'static str,
    why: &'static str,
    there: fn() -> bool,
    /// What installs it, as words; `None` where no known installer is at hand.
    installer: fn() -> Option<Vec<Vec<&'static str>>>,
    /// What a person is told where nothing can be installed from here.
    advice: &'static str,
}

const NEEDS: [Need; 2] = [
    Need {
        what: "the Rust target wasm32-unknown-unknown",
        why: "plugins are compiled for it",
        there: wasm_target_is_there,
        installer: || {
            Some(vec![vec![
                "rustup",
                "target",
                "add",
                "wasm32-unknown-unknown",
            ]])
        },
        advice: "rustup target add wasm32-unknown-unknown",
    },
    Need {
        what: "protoc, the Protocol Buffers compiler,",
        why: "Lance's file format is compiled from its description",
        there: protoc_is_there,
        installer: protoc_installer,
        advice: "your system's package manager (Debian: apt-get install protobuf-compiler), \
                 or set PROTOC to the program",
    },
];

/// Installs what is missing, or says how.
pub fn set_up() -> Result<(), Failure> {
    for need in NEEDS.iter().filter(|need| !(need.there)()) {
        let missing = |command: String| Failure::Missing {
            what: need.what,
            command,
        };
        let commands = (need.installer)().ok_or_else(|| missing(need.advice.to_owned()))?;
        step(&format!("installing {} ({})", need.what, need.why));
        for words in &commands {
            run(Command::new(words[0]).args(&words[1..]))
                .map_err(|_| missing(joined(&commands)))?;
        }
    }
    Ok(())
}

/// Prints what is there and what is not; fails if anything is missing.
pub fn report() -> Result<(), Failure> {
    let mut first_missing = None;
    for need in &NEEDS {
        if (need.there)() {
            println!("ok       {}", need.what);
        } else {
            let command =
                (need.installer)().map_or(need.advice.to_owned(), |commands| joined(&commands));
            println!("missing  {} ({}): {command}", need.what, need.why);
            first_missing.get_or_insert(Failure::Missing {
                what: need.what,
                command,
            });
        }
    }
    first_missing.map_or(Ok(()), Err)
}

fn wasm_target_is_there() -> bool {
    let library = output(
        "rustc",
        &[
            "--print",
            "target-libdir",
            "--target",
            "wasm32-unknown-unknown",
        ],
    );
    library.is_some_and(|path| Path::new(path.trim()).exists())
}

fn protoc_is_there() -> bool {
    let named = std::env::var("PROTOC").unwrap_or_else(|_| "protoc".into());
    output(&named, &["--version"]).is_some()
}

fn protoc_installer() -> Option<Vec<Vec<&'static str>>> {
    let there = |program| output(program, &["--version"]).is_some();
    let root = output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    let sudo = !root && output("sudo", &["-n", "true"]).is_some();
    let as_root = |words: &[&'static str]| -> Vec<&'static str> {
        let prefix: &[&str] = if sudo { &["sudo", "-n"] } else { &[] };
        [prefix, words].concat()
    };
    if there("apt-get") && (root || sudo) {
        return Some(vec![
            as_root(&["apt-get", "update", "-qq"]),
            as_root(&["apt-get", "install", "-y", "-qq", "protobuf-compiler"]),
        ]);
    }
    if there("dnf") && (root || sudo) {
        return Some(vec![as_root(&[
            "dnf",
            "install",
            "-y",
            "protobuf-compiler",
        ])]);
    }
    there("brew").then(|| vec![vec!["brew", "install", "protobuf"]])
}

fn joined(commands: &[Vec<&str>]) -> String {
    commands
        .iter()
        .map(|words| words.join(" "))
        .collect::<Vec<_>>()
        .join(" && ")
}
