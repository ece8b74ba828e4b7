use std::path::Path;

use memhost::store::Objects;

use super::*;
use crate::compare::directory::ResultDirectory;
use crate::compare::{Design, Report, testing};

/// A score for every cell, so that a mix-up would show.
fn report(cell: usize) -> CellReport {
    testing::report(&[cell as f64 / 100.0; 24])
}

/// Runs one shard of a made-up comparison of two seeds and six cells into a directory below this one.
fn run(home: &Path, shard: &str, change: impl FnOnce(&mut Manifest)) -> Source {
    let mut manifest = manifest::tests::manifest(2);
    manifest.part.shard = shard.parse().unwrap();
    manifest.part.run = Some(shard.to_owned());
    change(&mut manifest);
    let path = home.join(shard.replace('/', "-of-"));
    let directory = ResultDirectory::open(&path).unwrap();
    for (place, cell) in manifest.design.cells().iter().enumerate() {
        if manifest.part.shard.holds(place) {
            directory.cells().save(&cell.key, &report(place)).unwrap();
            let outcome = CellOutcome::Finished(Box::new(report(place)));
            manifest.note(&cell.key, &outcome);
        }
    }
    directory.write(&manifest).unwrap();
    Source::directory(path)
}

fn cell_file(source: &Source, design: &Design, cell: usize) -> String {
    let key = &design.cells()[cell].key;
    source.place(Some(files::DIRECTORY), &files::name(key))
}

#[tokio::test]
async fn parts_make_the_report_that_one_run_makes() {
    let home = tempfile::tempdir().unwrap();
    let whole = merge(vec![run(home.path(), "1/1", |_| ())]).await.unwrap();
    let shards = ["3/3", "1/3", "2/3"].map(|shard| run(home.path(), shard, |_| ()));
    let merged = merge(shards.to_vec()).await.unwrap();
    assert_eq!(merged.finish, whole.finish);
    assert_eq!((merged.warnings.len(), merged.missing.len()), (0, 0));
    assert_eq!(merged.manifest.part.outcomes, whole.manifest.part.outcomes);
    let setup = |merged: &Merged| merged.manifest.part.setup();
    assert_eq!(setup(&merged).run, None);
    let report = |merged: &Merged| {
        let mut setup = setup(merged);
        setup.run = None;
        Report::new(&merged.manifest.design, &merged.finish, &setup)
    };
    assert_eq!(report(&merged), report(&whole));
    assert!(!report(&merged).interrupted);
}

#[tokio::test]
async fn a_missing_shard_and_missing_cells_are_named() {
    let home = tempfile::tempdir().unwrap();
    let (first, third) = (
        run(home.path(), "1/3", |_| ()),
        run(home.path(), "3/3", |_| ()),
    );
    let design = testing::design(&testing::comparison(2));
    std::fs::remove_file(cell_file(&first, &design, 3)).unwrap();
    let merged = merge(vec![first, third]).await.unwrap();
    assert!(merged.finish.interrupted);
    assert_eq!(
        merged.missing,
        [
            Missing {
                shard: "1/3".parse().unwrap(),
                cells: 1,
                of: 2,
                first: "rag on transfer, seed 1".to_owned(),
            },
            Missing {
                shard: "2/3".parse().unwrap(),
                cells: 2,
                of: 2,
                first: "reasoningbank on transfer, seed 0".to_owned(),
            },
        ]
    );
}

#[tokio::test]
async fn damaged_and_changed_cells_are_named_and_left_out() {
    let home = tempfile::tempdir().unwrap();
    let source = run(home.path(), "1/1", |_| ());
    let design = testing::design(&testing::comparison(2));
    let torn = cell_file(&source, &design, 1);
    let whole = std::fs::read(&torn).unwrap();
    std::fs::write(&torn, &whole[..whole.len() / 2]).unwrap();
    let changed = cell_file(&source, &design, 3);
    let text = std::fs::read_to_string(&changed).unwrap();
    std::fs::write(&changed, text.replacen("\"tokens\":", "\"tokens\":1", 1)).unwrap();
    // One that was written by somebody else, without a digest of its own.
    let replaced = cell_file(&source, &design, 2);
    let text = std::fs::read_to_string(&replaced).unwrap();
    let (before, digest) = text.split_once("\"digest\":").unwrap();
    let (_, after) = digest.split_once(',').unwrap();
    let text = format!("{before}{after}").replacen("0.02", "0.99", 1);
    std::fs::write(&replaced, text).unwrap();
    let merged = merge(vec![source]).await.unwrap();
    let said = merged.warnings.join("\n");
    for expected in [
        "reasoningbank on transfer, seed 0: `",
        "is not a finished cell",
        "rag on transfer, seed 1: `",
        "was changed since it was written",
        "random (floor) on transfer, seed 0: `",
        "is not what its manifest says",
    ] {
        assert!(said.contains(expected), "no `{expected}` in {said}");
    }
    assert_eq!(merged.finish.finished(), 3);
    assert_eq!(merged.missing[0].cells, 3);
}

#[tokio::test]
async fn a_cell_that_failed_keeps_its_reason() {
    let home = tempfile::tempdir().unwrap();
    let one = run(home.path(), "1/2", |_| ());
    let two = run(home.path(), "2/2", |manifest| {
        let key = manifest.design.cells()[1].key.clone();
        manifest.note(&key, &CellOutcome::Failed("it cannot".to_owned()));
    });
    let design = testing::design(&testing::comparison(2));
    std::fs::remove_file(cell_file(&two, &design, 1)).unwrap();
    let path = format!("{two}/manifest.json");
    let mut manifest = Manifest::read(Path::new(&path)).unwrap();
    manifest.note(
        &design.cells()[1].key,
        &CellOutcome::Failed("it cannot".into()),
    );
    std::fs::write(&path, manifest.text().unwrap()).unwrap();
    let merged = merge(vec![one, two]).await.unwrap();
    assert_eq!(
        merged.finish.outcomes[1],
        CellOutcome::Failed("it cannot".to_owned())
    );
    assert!(!merged.finish.interrupted);
}

#[tokio::test]
async fn a_broken_cell_is_merged_as_broken_unless_a_part_has_it_finished() {
    let home = tempfile::tempdir().unwrap();
    let design = testing::design(&testing::comparison(2));
    let key = &design.cells()[1].key;
    let broken = testing::broken(&[0.0; 24]);
    let whole = run(home.path(), "1/1", |_| ());
    let shards = ["1/2", "2/2"].map(|shard| run(home.path(), shard, |_| ()));
    let path = format!("{}/manifest.json", shards[1]);
    let mut manifest = Manifest::read(Path::new(&path)).unwrap();
    manifest.note(key, &CellOutcome::Broken(Box::new(broken.clone())));
    std::fs::write(&path, manifest.text().unwrap()).unwrap();
    let directory = ResultDirectory::open(&home.path().join("2-of-2")).unwrap();
    directory.cells().save(key, &broken).unwrap();
    drop(directory);

    let merged = merge(shards.to_vec()).await.unwrap();
    assert_eq!(
        merged.finish.outcomes[1],
        CellOutcome::Broken(Box::new(broken))
    );
    assert_eq!((merged.finish.finished(), merged.missing.len()), (5, 0));
    let noted = &merged.manifest.part.outcomes[&key.digest()];
    assert!(matches!(noted, Recorded::Failed(reason) if reason.starts_with("3 of 3 distill")));

    let merged = merge([&shards[..], &[whole]].concat()).await.unwrap();
    assert_eq!(
        merged.finish.outcomes[1],
        CellOutcome::Finished(Box::new(report(1)))
    );
}

#[tokio::test]
async fn parts_of_different_comparisons_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let one = run(home.path(), "1/2", |_| ());
    let two = run(home.path(), "2/2", |manifest| {
        manifest.design.suites[0].strategies[0].digest = "sha256:1".to_owned();
    });
    let error = merge(vec![one.clone(), two]).await.unwrap_err().to_string();
    let told = "2-of-2` is no part of the comparison in `";
    assert!(error.contains(told), "{error}");
    let told = "design.suites[transfer].strategies[rag].digest is \"sha256:1\", not \"sha256:0\"";
    assert!(error.contains(told), "{error}");

    let nowhere = Source::directory(home.path().join("nowhere"));
    let error = merge(vec![one, nowhere]).await.unwrap_err().to_string();
    assert!(
        error.starts_with("there is no `manifest.json` in `"),
        "{error}"
    );
    assert!(matches!(merge(Vec::new()).await, Err(MergeError::Nothing)));
}

#[tokio::test]
async fn parts_are_read_from_an_object_store_as_from_a_directory() {
    let home = tempfile::tempdir().unwrap();
    let source = run(home.path(), "1/1", |_| ());
    let objects = Objects::open("memory://").unwrap();
    let copy = async |folder: Option<&str>, name: &str| {
        let content = source.read(folder, name).await.unwrap().unwrap();
        objects.write_in(folder, name, content).await.unwrap();
    };
    copy(None, manifest::FILE).await;
    for name in source.cells().await.unwrap() {
        copy(Some(files::DIRECTORY), &name).await;
    }
    let of_directory = merge(vec![source]).await.unwrap();
    let of_objects = merge(vec![Source::objects(objects)]).await.unwrap();
    assert_eq!(of_objects.finish, of_directory.finish);
    assert_eq!(of_objects.manifest, of_directory.manifest);
}
