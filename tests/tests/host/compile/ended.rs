//! A compiler that is ended before it is done leaves nothing, and does not outlive whoever wanted its code.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memhost::engine::{Engine, EngineOptions, LoadLimits};
use memhost_tests::binary;

use super::costly::working;
use super::measure::compilers_of;
use super::{endless, engine, loaded, options, uncounted};
use crate::processes::alone;

/// Waits until something is there, or gone.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_compiler_that_is_killed_leaves_nothing_and_the_next_one_compiles() {
    alone(async {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path().join("compiled");
        let options = EngineOptions {
            cache: Some(cache.clone()),
            load: uncounted(LoadLimits::default()),
            ..options()
        };
        let engine = Engine::new(options).unwrap();
        let before = compilers_of(std::process::id());
        let new = || {
            let mut now = compilers_of(std::process::id());
            now.retain(|id| !before.contains(id));
            now
        };
        let loading = tokio::spawn({
            let engine = engine.clone();
            async move { loaded(&engine, endless()).await.err() }
        });
        until("no compiler was started", || !new().is_empty()).await;
        let id = new()[0];
        assert!(
            std::process::Command::new("kill")
                .args(["-9", &id.to_string()])
                .status()
                .unwrap()
                .success()
        );
        let failure = loading.await.unwrap().unwrap().to_string();
        assert!(failure.contains("signal: 9"), "{failure}");
        assert_eq!(files(&cache), [] as [PathBuf; 0]);

        loaded(&engine, working()).await.unwrap();
        assert_eq!(files(&cache).len(), 1);
    });
}

#[test]
fn a_compiler_ends_when_nobody_waits_for_it_any_more() {
    alone(async {
        let engine = engine(uncounted(LoadLimits::default()));
        let before = compilers_of(std::process::id());
        let new = || {
            compilers_of(std::process::id())
                .into_iter()
                .find(|id| !before.contains(id))
        };
        let loading = tokio::spawn(async move { loaded(&engine, endless()).await.err() });
        until("no compiler was started", || new().is_some()).await;
        let id = new().unwrap();
        loading.abort();
        until("it lives on", || !compilers_of(0).contains(&id)).await;
    });
}

#[test]
fn a_compiler_ends_with_its_parent_however_that_ends() {
    alone(async {
        for signal in ["-KILL", "-TERM", "-INT"] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("endless.wasm");
            std::fs::write(&path, endless()).unwrap();
            std::fs::write(
                directory.path().join("memhost.toml"),
                "[load]\nloop_nesting = 1_000\njoins = 900_000_000\n",
            )
            .unwrap();
            let mut memhost = std::process::Command::new(binary())
                .arg("inspect")
                .arg(&path)
                .current_dir(directory.path())
                .env("MEMHOST_CACHE", directory.path().join("compiled"))
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            let id = memhost.id();
            until("no compiler was started", || !compilers_of(id).is_empty()).await;
            let compiler = compilers_of(id)[0];
            assert!(
                std::process::Command::new("kill")
                    .args([signal, &id.to_string()])
                    .status()
                    .unwrap()
                    .success()
            );
            memhost.wait().unwrap();
            until("it lives on", || !compilers_of(0).contains(&compiler)).await;
            assert_eq!(
                files(&directory.path().join("compiled")),
                [] as [PathBuf; 0]
            );
        }
    });
}
