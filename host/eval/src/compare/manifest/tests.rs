use super::*;
use crate::compare::testing;

/// A manifest of a made-up comparison.
pub(in crate::compare) fn manifest(seeds: u64) -> Manifest {
    Manifest {
        format: FORMAT,
        versions: Versions::here(),
        design: testing::design(&testing::comparison(seeds)),
        configuration: Config::default(),
        replayed: None,
        part: Part {
            shard: Shard::WHOLE,
            run: Some("run".to_owned()),
            jobs: Some(2),
            machine: Some(Machine::here()),
            directory: PathBuf::from("/somewhere"),
            plugins: Vec::new(),
            suites: vec!["transfer".to_owned()],
            cassette: None,
            outcomes: BTreeMap::new(),
        },
    }
}

#[test]
fn versions_are_those_that_are_built() {
    let lock = include_str!("../../../../../Cargo.lock");
    for (name, version) in [("wasmtime", WASMTIME), ("lancedb", LANCEDB)] {
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "{name} is not {version}");
    }
}

#[test]
fn a_manifest_comes_back_as_it_was() {
    let mut manifest = manifest(2);
    let cells = manifest.design.cells();
    let report = testing::report(&[1.0, 0.1 + 0.2]);
    manifest.note(&cells[0].key, &CellOutcome::Finished(Box::new(report)));
    manifest.note(&cells[1].key, &CellOutcome::Failed("it cannot".to_owned()));
    manifest.note(&cells[2].key, &CellOutcome::NotRun);
    assert_eq!(manifest.part.outcomes.len(), 2);
    let text = manifest.text().unwrap();
    assert_eq!(Manifest::parse("here", text.as_bytes()).unwrap(), manifest);
}

#[test]
fn parts_of_one_comparison_may_differ_in_where_they_ran_and_in_nothing_else() {
    let one = manifest(2);
    let mut other = one.clone();
    other.part.shard = "2/3".parse().unwrap();
    other.part.directory = PathBuf::from("/elsewhere");
    other.part.machine = None;
    other.configuration.store.uri = Some("elsewhere".to_owned());
    other.configuration.cache.directory = Some("elsewhere".into());
    assert!(one.differences(&other).is_empty());
    other.design.seeds = 3;
    other.design.suites[0].strategies[1].digest = "sha256:1".to_owned();
    other.configuration.limits.fuel = 7;
    assert_eq!(
        other.differences(&one),
        [
            "configuration.limits.fuel is 7, not 20000000000",
            "design.seeds is 3, not 2",
            "design.suites[transfer].strategies[reasoningbank].digest is \"sha256:1\", not \"sha256:0\"",
        ]
    );
}

#[test]
fn a_manifest_with_more_seeds_than_a_comparison_may_have_is_damaged() {
    for seeds in [0, 4_000_000_000_000] {
        let mut manifest = manifest(1);
        manifest.design.seeds = seeds;
        let text = manifest.text().unwrap();
        let error = Manifest::parse("m", text.as_bytes()).unwrap_err();
        let wanted = format!("design.seeds is {seeds} and must lie in 1..=10000");
        assert!(error.to_string().contains(&wanted), "{error}");
    }
}

#[test]
fn a_manifest_of_another_format_or_of_none_is_refused_in_words() {
    let other = manifest(1).text().unwrap();
    let other = other.replacen(&format!("\"format\": {FORMAT}"), "\"format\": 7", 1);
    let error = Manifest::parse("out/manifest.json", other.as_bytes()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("`out/manifest.json` is of format 7, and this memhost"),
        "{text}"
    );
    let alone = format!("{{\"format\": {FORMAT}}}");
    let torn = format!("{{\"format\": {FORMAT}, \"design\"");
    for wrong in ["", "{}", "[]", &alone, &torn] {
        let error = Manifest::parse("here", wrong.as_bytes()).unwrap_err();
        assert!(
            error.to_string().starts_with("`here` is no manifest"),
            "{wrong}: {error}"
        );
    }
}

#[test]
fn times_make_no_difference_to_a_results_digest_and_scores_do() {
    let report = testing::report(&[1.0, 0.5]);
    assert_eq!(
        digest_of(&report),
        digest_of(&report.clone().without_times())
    );
    assert_ne!(digest_of(&report), digest_of(&testing::report(&[1.0, 0.6])));
}
