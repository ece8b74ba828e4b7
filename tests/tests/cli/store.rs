//! `memhost store`, and what a comparison says of a damaged store: nothing is lost without a word.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::Stdio;
use std::sync::Arc;

use memhost::Lance;
use memhost::contract::{NewMemory, Op, Patch, State};
use memhost::embedding::Builtin;
use memhost::store::{Store, Transaction, Write};

use super::{Place, Said, with_pets};

/// One plugin on the pets, with everything kept in one store.
fn compare(place: &Place, output: &str) -> Said {
    let arguments = ["compare", "rag", "--suite", "pets.jsonl", "--no-check"];
    place.memhost(&[&arguments[..], &["--store", "store", "--output", output]].concat())
}

fn store(place: &Place, command: &str) -> Said {
    place.memhost(&["store", command, "--store", "store"])
}

/// The rows of a table, as `verify` counts them.
fn rows(place: &Place, table: &str) -> u64 {
    let said = place.memhost(&["store", "verify", "--store", "store", "--format", "json"]);
    let tables = said.json()["tables"].as_array().unwrap().clone();
    let found = tables.into_iter().find(|found| found["name"] == table);
    found.unwrap()["rows"].as_u64().unwrap()
}

/// The files of a table in which its rows stand.
fn data(place: &Place, table: &str) -> Vec<PathBuf> {
    let folder = place.path(&format!("store/{table}.lance/data"));
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_journal_of_a_killed_run_costs_one_group_and_the_next_run_says_so() {
    let place = with_pets();
    compare(&place, "first").succeeds();
    let of_one_run = rows(&place, "attempts");
    // A killed run leaves its journals; that of attempts is made here of a run's own.
    let journal = place.path("store/journal/01");
    fs::create_dir_all(&journal).unwrap();
    let name = "memhost_attempts_and_results_0-0123456789abcdef.00000000000000000000.log";
    fs::write(
        journal.join(name),
        b"these are no groups, and longer than a head",
    )
    .unwrap();

    let said = compare(&place, "second").succeeds();
    let path = journal.join(name).canonicalize();
    assert!(path.is_err(), "the damaged journal still stands in the way");
    said.complains(&[
        "warning: ",
        name,
        "damaged at bytes 0 to 42",
        "0 sound groups",
    ]);
    assert!(journal.join(name.replace(".log", ".damaged")).is_file());
    assert_eq!(rows(&place, "attempts"), 2 * of_one_run);
    let said = compare(&place, "third").succeeds();
    said.complains(&["set aside by an earlier run", "Delete it"]);
}

/// The journals of cells that are finished wait for the end of the comparison, and nobody holds them.
#[cfg(unix)]
#[test]
fn a_store_says_who_has_it_open_and_what_a_killed_run_left_in_it() {
    use super::interrupt::{lines, long};

    let place = with_pets();
    place.write("long.jsonl", long(10_000));
    let suites = ["--suite", "pets.jsonl", "--suite", "long.jsonl"];
    let kept = ["--store", "store", "--output", "out"];
    let rest = ["--jobs", "1", "--no-check"];
    let mut command =
        place.command(&[&["compare", "rag"], &suites[..], &kept[..], &rest[..]].concat());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let said = lines(&mut child);
    let last_of_the_pets = |line: String| line.starts_with("[7/");
    assert!(said.iter().any(last_of_the_pets));
    let verified = store(&place, "verify").succeeds();
    child.kill().unwrap();
    child.wait().unwrap();
    let holder = format!("process {} on ", child.id());
    let verified = verified.says(&[&holder, "has the store open", "not taken in yet"]);
    assert!(!verified.out.contains("killed"), "{}", verified.out);

    let verified = store(&place, "verify").succeeds();
    let verified = verified.says(&["left by a run that was killed"]);
    assert!(!verified.out.contains("open"), "{}", verified.out);
    let repaired = store(&place, "repair").succeeds();
    repaired.says(&["journals taken in: ", "records in them: "]);
    let again = store(&place, "repair").succeeds();
    again.says(&["nothing was to be done"]);
}

#[test]
fn copies_that_are_lacking_are_made_by_a_repair_and_serve() {
    let place = with_pets();
    compare(&place, "first").succeeds();
    fs::remove_dir_all(place.path("store/copies")).unwrap();
    fs::remove_file(place.path("store/memhost.copy.json")).unwrap();
    let repaired = store(&place, "repair").succeeds();
    repaired.says(&[
        "had no sound copy: memhost.json",
        "had no sound copy: attempts.lance/_versions/",
        "had no sound copy: memories.lance/_versions/",
    ]);
    let again = store(&place, "repair").succeeds();
    again.says(&["nothing was to be done"]);

    fs::remove_dir_all(place.path("store/attempts.lance/_versions")).unwrap();
    fs::remove_file(place.path("store/memhost.json")).unwrap();
    let said = compare(&place, "second").succeeds();
    said.complains(&[
        "attempts.lance/_versions/",
        "memhost.json",
        "nothing is lost",
    ]);
}

/// As whoever may not read everything: tests are run by root here and there, whom no mode keeps out.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_not_taken_for_lost() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    const NOBODY: u32 = 65534;
    let place = with_pets();
    compare(&place, "first").succeeds();
    let for_all = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let store = place.path("store");
    let mut folders = vec![place.path("."), store.clone()];
    let data = data(&place, "memories");
    while let Some(folder) = folders.pop() {
        for_all(&folder, 0o777);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.starts_with(&store) => folders.push(path),
                true => {}
                false => for_all(&path, 0o666),
            }
        }
    }
    assert!(!data.is_empty());
    data.iter().for_each(|path| for_all(path, 0));
    let repair = || {
        let mut command = place.command(&["store", "repair", "--store", "store"]);
        if fs::metadata(&store).unwrap().uid() == 0 {
            command.uid(NOBODY);
        }
        Said::from(command.output().unwrap())
    };
    repair()
        .fails(1)
        .complains(&["memories.lance/data/", "make it readable"]);
    data.iter().for_each(|path| for_all(path, 0o666));
    repair().succeeds().says(&["nothing was to be done"]);
}

#[test]
fn a_table_that_is_gone_is_said_before_anything_is_run() {
    let place = with_pets();
    compare(&place, "first").succeeds();
    fs::remove_dir_all(place.path("store/attempts.lance")).unwrap();
    let said = compare(&place, "second").fails(1);
    said.complains(&[
        "`attempts.lance/",
        "is gone",
        "memhost store verify --store",
        "memhost store repair --store",
    ]);
    assert!(!place.path("second").exists(), "something was begun");

    store(&place, "verify")
        .fails(1)
        .says(&["attempts", "DAMAGED", "memories", "sound", "is gone"]);
    store(&place, "repair")
        .succeeds()
        .says(&["table attempts: 0 rows kept"]);
    store(&place, "verify")
        .succeeds()
        .says(&["everything is sound"]);
    compare(&place, "second").succeeds();
    assert!(rows(&place, "attempts") > 0);
    let said = store(&place, "repair").succeeds();
    said.says(&["everything is sound, and nothing was to be done"]);
}

#[test]
fn an_emptied_data_file_is_said_before_anything_is_run_and_costs_its_rows_alone() {
    let place = with_pets();
    compare(&place, "first").succeeds();
    let first = data(&place, "attempts");
    let of_one_run = rows(&place, "attempts");
    compare(&place, "second").succeeds();
    fs::write(&first[0], b"").unwrap();
    let said = compare(&place, "third").fails(1);
    said.complains(&["has 0 bytes and had"]);
    let lost = format!("table attempts: {of_one_run} rows kept, {of_one_run} rows lost");
    store(&place, "repair")
        .succeeds()
        .says(&[&lost, "damaged/1"]);
    compare(&place, "third").succeeds();
    assert_eq!(rows(&place, "attempts"), 2 * of_one_run);
}

#[test]
fn a_changed_byte_is_found_by_verify_and_what_can_be_read_can_be_kept() {
    let place = with_pets();
    compare(&place, "first").succeeds();
    let before = rows(&place, "attempts");
    let file = data(&place, "attempts").remove(0);
    let bytes = fs::read(&file).unwrap();
    let text = bytes.windows(4).position(|bytes| bytes == b"pets").unwrap();
    flip(&file, text);
    let said = store(&place, "verify").fails(1);
    said.says(&["was changed: its SHA-256 is another one"]);
    let said = place.memhost(&["store", "repair", "--store", "store", "--keep-doubtful"]);
    said.succeeds().says(&["of them doubtful), 0 rows lost"]);
    assert_eq!(rows(&place, "attempts"), before);
}

#[test]
fn a_damaged_manifest_costs_nothing() {
    let place = with_pets();
    compare(&place, "first").succeeds();
    for harm in ["", "{", "gone"] {
        let manifest = place.path("store/memhost.json");
        match harm {
            "gone" => fs::remove_file(&manifest).unwrap(),
            text => fs::write(&manifest, text).unwrap(),
        }
        let said = compare(&place, "again").succeeds();
        said.complains(&["warning: ", "memhost.json", "nothing is lost"]);
        store(&place, "verify").succeeds();
    }
}

/// A store whose repair was killed between two of its renames: the plan is there, the old table is aside, and the new one
/// is not in place. How many attempts were sound.
fn half_repaired() -> (Place, u64) {
    let place = with_pets();
    compare(&place, "first").succeeds();
    let before = rows(&place, "attempts");
    compare(&place, "second").succeeds();
    fs::remove_file(&data(&place, "attempts")[0]).unwrap();
    let unrepaired = fs::read(place.path("store/memhost.json")).unwrap();
    store(&place, "repair").succeeds();
    let here = place.path("store/attempts.lance");
    fs::create_dir_all(place.path("store/repair")).unwrap();
    fs::rename(&here, place.path("store/repair/attempts.lance")).unwrap();
    let manifest = fs::read_to_string(place.path("store/memhost.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let all = manifest["files"].as_object().unwrap().clone();
    let of_attempts = |path: &str| path.starts_with("attempts.lance");
    let (new, others): (serde_json::Map<_, _>, serde_json::Map<_, _>) =
        all.into_iter().partition(|(path, _)| of_attempts(path));
    manifest["files"] = others.into();
    let plan = serde_json::json!({
        "aside": "1",
        "tables": [{"name": "attempts", "kept": before, "doubtful": 0, "lost": before}],
        "files": new,
        "manifest": manifest,
    });
    for name in ["repair.json", "repair.copy.json"] {
        fs::write(place.path("store").join(name), plan.to_string()).unwrap();
    }
    for name in ["memhost.json", "memhost.copy.json"] {
        fs::write(place.path("store").join(name), &unrepaired).unwrap();
    }
    (place, before)
}

#[test]
fn an_interrupted_repair_is_brought_to_its_end_or_begun_again() {
    let harms: [fn(&Place); 4] = [
        |_| (),
        |place| fs::write(place.path("store/repair.json"), b"").unwrap(),
        |place| fs::remove_file(place.path("store/repair.copy.json")).unwrap(),
        // The new table is damaged too.
        |place| {
            let folder = place.path("store/repair/attempts.lance/data");
            let file = fs::read_dir(folder)
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .path();
            flip(&file, 10);
        },
    ];
    for harm in harms {
        let (place, before) = half_repaired();
        harm(&place);
        compare(&place, "third")
            .fails(1)
            .complains(&["did not come to its end", "memhost store repair"]);
        store(&place, "repair").succeeds();
        assert!(
            place.path("store/damaged").is_dir() && place.path("store/attempts.lance").is_dir()
        );
        store(&place, "verify").succeeds();
        assert_eq!(rows(&place, "attempts"), before);
    }
}

#[test]
fn a_changed_schema_version_is_damage_where_the_copy_says_otherwise() {
    let place = with_pets();
    compare(&place, "first").succeeds();
    let manifest = place.path("store/memhost.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let changed = text.replace("\"schema_version\": 4", "\"schema_version\": 3");
    assert_ne!(changed, text, "the store has another schema version");
    fs::write(&manifest, changed).unwrap();
    let said = compare(&place, "again").succeeds();
    said.complains(&[
        "its schema version was changed",
        "its copy was read instead",
    ]);
}

#[test]
fn a_manifest_that_was_put_back_and_a_journal_under_another_name_are_told() {
    let place = with_pets();
    compare(&place, "first").succeeds();
    let manifest = place.path("store/memhost.json");
    let earlier = fs::read(&manifest).unwrap();
    compare(&place, "second").succeeds();
    fs::write(&manifest, earlier).unwrap();
    fs::write(place.path("store/journal/a.0.log.bak"), b"").unwrap();
    let said = compare(&place, "third").succeeds();
    said.complains(&[
        "name other versions of the tables",
        "a.0.log.bak` has a name that no journal has",
    ]);
}

#[test]
fn a_fresh_volume_is_a_place_for_a_store_and_a_folder_of_ones_own_is_not() {
    let place = with_pets();
    fs::create_dir_all(place.path("store/lost+found")).unwrap();
    compare(&place, "first").succeeds();
    fs::create_dir_all(place.path("mine/photos")).unwrap();
    let said = place.memhost(&["compare", "rag", "--suite", "pets.jsonl", "--store", "mine"]);
    said.fails(1).complains(&["holds `photos`"]);
}

#[test]
fn what_is_no_store_is_said_in_words() {
    let place = Place::new();
    for command in ["verify", "repair"] {
        let said = place.memhost(&["store", command, "--store", "nothing"]);
        said.fails(1)
            .complains(&["there is no store at `nothing`", "--store"]);
        assert!(place.names().is_empty());
        place
            .memhost(&["store", command])
            .fails(2)
            .complains(&["which store?"]);
    }
}

#[test]
fn a_damaged_manifest_of_a_comparison_is_written_anew_and_its_cells_are_used() {
    let place = with_pets();
    compare(&place, "out").succeeds();
    for harm in ["", "{\"format\": ", "{\"format\": 2}"] {
        fs::write(place.path("out/manifest.json"), harm).unwrap();
        let said = compare(&place, "out").succeeds();
        said.complains(&["manifest.json`", "Its finished cells are used"]);
        place.memhost(&["report", "out"]).succeeds();
    }
}

#[test]
fn a_manifest_of_something_else_is_neither_renamed_nor_written_over() {
    let place = with_pets();
    fs::create_dir(place.path("out")).unwrap();
    let theirs = place.write("out/manifest.json", "{\"manifest_version\": 3}");
    let said = compare(&place, "out").fails(1);
    said.complains(&[
        "out/manifest.json`",
        "no cells",
        "nothing was touched",
        "--output",
    ]);
    assert_eq!(fs::read_dir(place.path("out")).unwrap().count(), 1);
    assert_eq!(fs::read(theirs).unwrap(), b"{\"manifest_version\": 3}");
}

#[test]
fn a_changed_cell_is_run_again() {
    let place = with_pets();
    let before = compare(&place, "out").succeeds();
    let cells: Vec<_> = fs::read_dir(place.path("out/cells")).unwrap().collect();
    let cell = cells.into_iter().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&cell).unwrap();
    let changed = text.replacen("\"tokens\":", "\"tokens\":1", 1);
    assert_ne!(changed, text);
    fs::write(&cell, changed).unwrap();
    let said = compare(&place, "out").succeeds();
    let said = said.complains(&["was changed since it was written"]);
    let scores = |said: &Said| {
        said.out
            .lines()
            .filter(|line| line.contains("answer@"))
            .count()
    };
    assert_eq!(scores(&said), scores(&before));
}

#[test]
fn temporary_stores_of_killed_runs_are_removed_by_a_later_one() {
    let place = with_pets();
    let temporary = place.path("temporary");
    let killed = temporary.join("memhost-killed");
    fs::create_dir_all(killed.join("x/store")).unwrap();
    fs::write(killed.join(".memhost-scratch"), "process 1 on this machine").unwrap();
    let mut command = place.command(&["compare", "rag", "--suite", "pets.jsonl", "--no-check"]);
    Said::from(command.env("TMPDIR", &temporary).output().unwrap()).succeeds();
    assert!(!killed.exists());
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

/// A store with a namespace in which one memory stays, one has expired, one too and is frozen, and one is archived.
#[tokio::main]
async fn something_to_prune(place: &Place) {
    let store = place.path("store");
    let embedder = Arc::new(Builtin::default());
    let store = Store::open(store.to_str().unwrap(), embedder, &Lance).await;
    let store = store.unwrap();
    let namespace = store.namespace("help-desk").await.unwrap();
    let insert = |content: &str, expires| {
        Op::Insert(NewMemory {
            expires,
            ..NewMemory::new("note", content)
        })
    };
    let ops = [
        insert("Call first.", Some(1e9)),
        insert("Wait until Monday.", Some(5.0)),
        insert("Never promise a date.", Some(5.0)),
        insert("Call twice.", None),
        Op::Revise(Patch::to_state("m3", State::Frozen)),
        Op::Revise(Patch::to_state("m4", State::Archived)),
    ];
    let transaction = Transaction {
        writes: ops.into_iter().map(Write::at_once).collect(),
        at: 7.0,
        ..Transaction::default()
    };
    namespace.apply(transaction).await.unwrap();
    drop(namespace);
    store.close().await.unwrap();
}

#[test]
fn a_person_removes_what_nobody_reads_any_more() {
    let place = Place::new();
    something_to_prune(&place);
    let prune = |more: &[&str]| {
        let arguments = ["store", "prune", "--store", "store"];
        place.memhost(&[&arguments[..], more].concat()).succeeds()
    };
    prune(&["--dry-run"]).says(&[
        "namespace `help-desk`: 1 expired and 0 archived memories would be removed, 3 stay; 1 have expired and stay, \
         because they are frozen",
    ]);
    assert_eq!(rows(&place, "memories"), 4);
    prune(&[]).says(&["1 expired and 0 archived memories removed, 3 stay"]);
    assert_eq!(rows(&place, "memories"), 3);
    let said = prune(&["--archived", "--namespace", "help-desk", "--format", "json"]);
    let said = said.json();
    let counts = ["expired", "archived", "frozen", "kept"].map(|name| said[0][name].as_u64());
    assert_eq!(counts, [0, 1, 1, 2].map(Some));
    assert_eq!(rows(&place, "memories"), 2);
    store(&place, "verify").succeeds();
}

#[test]
fn a_person_alone_lifts_what_is_frozen() {
    let place = Place::new();
    something_to_prune(&place);
    let thaw = |more: &[&str]| {
        let arguments = ["store", "thaw", "--store", "store", "--namespace"];
        place.memhost(&[&arguments[..], more].concat())
    };
    let unknown = thaw(&["helpdesk"]).fails(1);
    unknown.complains(&["no namespace `helpdesk` (did you mean `help-desk`?)"]);
    let active = thaw(&["help-desk", "m1"]).fails(1);
    active.complains(&["has no frozen memory `m1`", "leave the ids out"]);
    let listed = thaw(&["help-desk", "--dry-run"]).succeeds();
    listed.says(&["would be active again", "m3  Never promise a date."]);
    thaw(&["help-desk", "m3"])
        .succeeds()
        .says(&["`help-desk`, active again:"]);
    thaw(&["help-desk"]).succeeds().says(&["nothing is frozen"]);
    // It had expired, too.
    store(&place, "prune").succeeds().says(&["2 expired"]);
    assert_eq!(rows(&place, "memories"), 2);
}

#[test]
fn where_no_store_is_none_is_made() {
    let place = Place::new();
    for arguments in [&["prune"][..], &["thaw", "--namespace", "help-desk"]] {
        let arguments = [&["store"], arguments, &["--store", "store"]].concat();
        place.memhost(&arguments).fails(1);
        assert_eq!(place.names(), Vec::<String>::new());
    }
}
