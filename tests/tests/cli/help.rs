//! What `--help` says is what people learn memhost from: a change to it is a change to be looked at.

use super::Place;

#[test]
fn every_command_explains_itself_with_examples() {
    let commands: [&[&str]; 34] = [
        &[],
        &["compare"],
        &["aa"],
        &["check"],
        &["report"],
        &["reproduce"],
        &["inspect"],
        &["compose"],
        &["suite"],
        &["suite", "list"],
        &["suite", "show"],
        &["suite", "check"],
        &["suite", "fields"],
        &["suite", "import"],
        &["store"],
        &["store", "reembed"],
        &["store", "verify"],
        &["store", "repair"],
        &["store", "prune"],
        &["store", "thaw"],
        &["store", "upgrade"],
        &["serve"],
        &["slot"],
        &["slot", "list"],
        &["slot", "add"],
        &["slot", "swap"],
        &["slot", "rollback"],
        &["slot", "freeze"],
        &["slot", "history"],
        &["key"],
        &["key", "create"],
        &["key", "list"],
        &["key", "revoke"],
        &["mcp"],
    ];
    let place = Place::new();
    for command in commands {
        let said = place.memhost(&[command, &["--help"]].concat()).succeeds();
        let name = [&["help"], command].concat().join("_");
        insta::assert_snapshot!(name, said.out);
    }
}

#[test]
fn help_and_version_are_no_failures_and_nothing_at_all_is_one() {
    let place = Place::new();
    assert!(
        place
            .memhost(&["--version"])
            .succeeds()
            .out
            .starts_with("memhost ")
    );
    let said = place.memhost(&[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("Usage: memhost"), "{}", said.err);
    assert!(said.out.is_empty());
}
