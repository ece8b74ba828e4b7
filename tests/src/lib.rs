//! Promises that hold across crates, tested with the real binary and real components.

use std::path::{Path, PathBuf};

/// A built component: of a plugin in `plugins/`, or of a guest in `tests/guests/` or `examples/`, by the name of
/// its folder.
///
/// # Panics
///
/// If it is not built.
pub fn plugin(name: &str) -> PathBuf {
    let target = target_directory();
    let file = format!("{name}.wasm");
    let places = [
        target.join("plugins").join(&file),
        target.join("guests").join(&file),
    ];
    let there = places.iter().find(|path| path.is_file());
    there.cloned().unwrap_or_else(|| {
        panic!(
            "neither {} nor {} is there; run `cargo xtask test`, which builds them first",
            places[0].display(),
            places[1].display()
        )
    })
}

/// The program beside the tests.
///
/// # Panics
///
/// If it is not built.
pub fn binary() -> PathBuf {
    let tests = std::env::current_exe().expect("the path of this program");
    let directory = tests.ancestors().nth(2).unwrap_or(Path::new("."));
    let binary = directory.join(format!("memhost{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "{} is not there; run `cargo build --release -p memhost-cli` first",
        binary.display()
    );
    binary
}

/// Where cargo builds to.
pub fn target_directory() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    workspace.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The names of the packages in a folder of the workspace, in order: `plugins`, `tests/guests`.
///
/// # Panics
///
/// If it cannot be read.
pub fn folders(place: &str) -> Vec<String> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(place);
    let entries =
        std::fs::read_dir(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let paths = entries.flatten().map(|entry| entry.path());
    let mut names: Vec<String> = paths
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// Says that a test is not run here, and why. In CI, where nothing may be missing, that is a failure.
///
/// # Panics
/// If the variable `CI` is set.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI is set, and {reason}");
    eprintln!("skipped: {reason}");
}

/// The folder of a data set below `MEMHOST_DATA`; nothing, with a remark, where that is not set.
///
/// # Panics
/// If it is set and the data set is not there, or if it is not set in CI.
pub fn data_set(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("MEMHOST_DATA") else {
        skip(&format!(
            "MEMHOST_DATA does not name the folder of data sets that holds `{name}`"
        ));
        return None;
    };
    let path = PathBuf::from(folder).join(name);
    assert!(
        path.exists(),
        "MEMHOST_DATA is set, but there is no {}",
        path.display()
    );
    Some(path)
}
