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

/// Something that tests use where it is there, and leave out where it is not.
const WANTS: [Need; 1] = [Need {
    what: "Chromium",
    why: "the report's page is tested in a browser",
    there: browser_is_there,
    installer: || installer("chromium", None),
    advice: "your system's package manager (Debian: apt-get install chromium), or set MEMHOST_BROWSER to the program",
}];

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
        installer: || installer("protobuf-compiler", Some("protobuf")),
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

/// Installs what tests use if that can be done, and goes on without it if not.
pub fn set_up_for_tests() {
    for want in WANTS.iter().filter(|want| !(want.there)()) {
        let commands = (want.installer)().unwrap_or_default();
        step(&format!("installing {} ({})", want.what, want.why));
        let installed = commands
            .iter()
            .all(|words| run(Command::new(words[0]).args(&words[1..])).is_ok());
        if commands.is_empty() || !installed {
            eprintln!("going on without {}: {}", want.what, want.advice);
        }
    }
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
    for want in &WANTS {
        match (want.there)() {
            true => println!("ok       {}", want.what),
            false => println!(
                "without  {} ({}, which is left out): {}",
                want.what, want.why, want.advice
            ),
        }
    }
    first_missing.map_or(Ok(()), Err)
}

fn browser_is_there() -> bool {
    let named = std::env::var("MEMHOST_BROWSER").ok();
    let usual = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let mut names = named.as_deref().into_iter().chain(usual);
    names.any(|name| output(name, &["--version"]).is_some())
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

/// What installs a package, under its name in Linux distributions and in Homebrew, if it is there.
fn installer(
    package: &'static str,
    brewed: Option<&'static str>,
) -> Option<Vec<Vec<&'static str>>> {
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
            as_root(&["apt-get", "install", "-y", "-qq", package]),
        ]);
    }
    if there("dnf") && (root || sudo) {
        return Some(vec![as_root(&["dnf", "install", "-y", package])]);
    }
    let brewed = brewed.filter(|_| there("brew"))?;
    Some(vec![vec!["brew", "install", brewed]])
}

fn joined(commands: &[Vec<&str>]) -> String {
    commands
        .iter()
        .map(|words| words.join(" "))
        .collect::<Vec<_>>()
        .join(" && ")
}
