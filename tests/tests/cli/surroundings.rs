//! Where the system refuses, it is said what it refused, where, and what to do; nothing panics, and no part of a file passes
//! for the whole.

use std::process::{Command, Stdio};

use super::{Place, Said, with_pets};

/// Runs memhost from a shell that has done something first.
fn after(place: &Place, first: &str, arguments: &[&str]) -> Said {
    let memhost = place.command(&[]);
    let mut shell = Command::new("sh");
    shell
        .current_dir(place.directory.path())
        .args(["-c", &format!("{first}; exec \"$0\" \"$@\"")])
        .arg(memhost.get_program())
        .args(arguments);
    for (variable, value) in memhost.get_envs() {
        match value {
            Some(value) => shell.env(variable, value),
            None => shell.env_remove(variable),
        };
    }
    Said::from(shell.output().unwrap())
}

const COMPARE: [&str; 5] = ["compare", "rag", "--suite", "pets.jsonl", "--no-check"];

#[test]
fn a_working_directory_that_is_gone_is_called_that() {
    let place = with_pets();
    let pets = place.path("pets.jsonl");
    let pets = pets.to_str().unwrap();
    for arguments in [
        &["compare", "rag", "--suite", pets, "--no-check"][..],
        &[
            "compare",
            "rag",
            "--suite",
            pets,
            "--no-check",
            "--output",
            "out",
        ],
        &["suite", "show", "pets.jsonl"],
        &["reproduce", "out"],
        &["report", "out"],
    ] {
        after(&place, "mkdir gone; cd gone; rmdir ../gone", arguments)
            .fails(1)
            .complains(&[
                "error: the directory in which memhost was started is gone",
                "`cd` to one",
            ]);
    }
    // What needs no directory does not miss it.
    after(
        &place,
        "mkdir gone; cd gone; rmdir ../gone",
        &["suite", "list"],
    )
    .succeeds();
}

#[test]
fn a_temporary_directory_that_cannot_be_used_is_named_with_the_variable() {
    let place = with_pets();
    for arguments in [&COMPARE[..], &["check", "rag"]] {
        let mut command = place.command(arguments);
        command.env("TMPDIR", place.path("nowhere"));
        Said::from(command.output().unwrap()).fails(1).complains(&[
            "cannot make a temporary directory",
            "nowhere",
            "set TMPDIR to",
        ]);
    }
    // With a place for everything, none is missed.
    let mut command = place.command(&[&COMPARE[..], &["--output", "out"]].concat());
    command.env("TMPDIR", place.path("nowhere"));
    Said::from(command.output().unwrap()).succeeds();
}

/// The system's signal for it (SIGXFSZ) ends a process without a word.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_the_size_of_files_is_told_and_no_part_is_left_that_passes_for_the_whole() {
    let place = with_pets();
    place.memhost(&["inspect", "rag"]).succeeds();
    let cure = "hint: a file has reached the size that this shell allows (`ulimit -f`)";
    after(
        &place,
        "ulimit -f 8",
        &["suite", "import", "evidence", "--to", "evidence.jsonl"],
    )
    .fails(1)
    .complains(&["cannot write `evidence.jsonl`", cure]);
    assert_eq!(place.names(), ["pets.jsonl"]);
    // In blocks of 512 bytes: too little for the manifest, for a cell, and for the page.
    for blocks in [2, 8, 64, 512] {
        let more = ["--output", "out"];
        let first = format!("ulimit -f {blocks}");
        let said = after(&place, &first, &[&COMPARE[..], &more].concat()).fails(1);
        said.complains(&[cure]);
    }
    let more = ["--output", "out", "--format", "json"];
    let again = place
        .memhost(&[&COMPARE[..], &more].concat())
        .succeeds()
        .json();
    assert_eq!(again["interrupted"], false);
    place.memhost(&["reproduce", "out"]).succeeds();
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_addresses_is_told_with_its_cure() {
    let place = with_pets();
    let cure = "`ulimit -v unlimited`";
    for arguments in [&COMPARE[..], &["inspect", "rag"], &["check", "rag"]] {
        after(&place, "ulimit -v 3000000", arguments)
            .fails(1)
            .complains(&["Cannot allocate memory", "hint: memory was refused", cure]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_a_reader_that_has_gone_is_not() {
    let place = with_pets();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = place.command(&["inspect", "rag"]);
    Said::from(command.stdout(full).output().unwrap())
        .fails(1)
        .complains(&["cannot write to standard output", "hint: the disk is full"]);
    place
        .memhost(&["suite", "import", "evidence", "--to", "/dev/full"])
        .fails(1)
        .complains(&["cannot write `/dev/full`", "hint: the disk is full"]);
    for arguments in [&["inspect", "rag"][..], &["suite", "fields"], &COMPARE] {
        let mut command = place.command(arguments);
        let mut running = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(running.stdout.take());
        let said = Said::from(running.wait_with_output().unwrap()).succeeds();
        assert!(!said.err.contains("pipe"), "{}", said.err);
    }
}

#[test]
fn the_home_directory_is_meant_by_a_tilde_that_no_shell_has_seen() {
    let place = with_pets();
    place.write("memhost.toml", "[store]\nuri = \"~/memories\"\n");
    let at_home = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("HOME", place.path("home"));
        Said::from(command.output().unwrap())
    };
    std::fs::create_dir(place.path("home")).unwrap();
    std::fs::copy(place.path("pets.jsonl"), place.path("home/pets.jsonl")).unwrap();
    at_home(&[
        "compare",
        "rag",
        "--suite",
        "mine=~/pets.jsonl",
        "--no-check",
        "--output=~/out",
    ])
    .succeeds();
    at_home(&["suite", "import", "~/pets.jsonl", "--to=~/copy.jsonl"]).succeeds();
    at_home(&["report", "~/out"]).succeeds();
    at_home(&["reproduce", "~/out"]).succeeds();
    for made in ["memories", "out/report.txt", "copy.jsonl"] {
        assert!(place.path("home").join(made).exists(), "{made}");
    }
    assert_eq!(place.names(), ["home", "memhost.toml", "pets.jsonl"]);
}
