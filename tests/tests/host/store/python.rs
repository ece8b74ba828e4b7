//! The tables are for others too: the directory is opened with the Python package `pylance`.

use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::processes::alone;

const COUNT: &str = r#"
import sys, lance
for table in sys.argv[2:]:
    print(table, lance.dataset(f"{sys.argv[1]}/{table}.lance").count_rows())
keys = lance.dataset(f"{sys.argv[1]}/keys.lance")
print(keys.schema.metadata[b"embedder"].decode(), keys.schema.field("vector").type.list_size)
rows = lance.dataset(f"{sys.argv[1]}/memories.lance").to_table(filter="namespace = 'a' and weight > 0")
print(sorted(rows.column("content").to_pylist()))
"#;

/// A Python that has `pylance`, in an environment beside the build; it is made once.
fn python() -> Result<PathBuf, String> {
    let environment = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.parent()?.join("python-with-pylance")))
        .ok_or("the build directory is not known")?;
    let python = environment.join("bin/python");
    let has_lance = || {
        Command::new(&python)
            .args(["-c", "import lance"])
            .output()
            .is_ok_and(|o| o.status.success())
    };
    if has_lance() {
        return Ok(python);
    }
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "pylance"]))?;
    if has_lance() {
        Ok(python)
    } else {
        Err("`import lance` fails".into())
    }
}

#[test]
fn python_counts_the_same_rows() {
    alone(async {
        let python = match python() {
            Ok(python) => python,
            Err(reason) => {
                eprintln!("skipped: there is no Python with pylance here: {reason}");
                return;
            }
        };
        let home = tempfile::tempdir().unwrap();
        let store = open(home.path()).await;
        for name in ["a", "b"] {
            let namespace = store.namespace(name).await.unwrap();
            namespace
                .apply(transaction([
                    insert("one"),
                    insert("two"),
                    insert("three"),
                    connect("m1", "m2", "k", 1.0),
                ]))
                .await
                .unwrap();
        }
        // The second time, an attempt replaces what it was.
        for answer in ["no", "yes"] {
            let attempts = [attempt("1", answer)];
            store.append_attempts("r", &attempts).await.unwrap();
            store.close().await.unwrap();
        }
        let namespace = store.namespace("a").await.unwrap();
        namespace
            .apply(transaction([Op::Remove("m2".into())]))
            .await
            .unwrap();
        store.close().await.unwrap();

        let output = Command::new(python)
            .args(["-c", COUNT])
            .arg(home.path())
            .args(["namespaces", "memories", "keys", "links", "attempts"])
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let expected = "namespaces 2\nmemories 5\nkeys 5\nlinks 1\nattempts 1\ntest:letters 26\n['one', 'three']\n";
        assert_eq!(
            printed,
            expected,
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    });
}
