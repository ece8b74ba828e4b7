//! Hints: which option or command helps with an error of the library, which knows neither.

use std::error::Error;
use std::io::ErrorKind;

use memhost::conformance::ConformanceError;
use memhost::embedding::{BUILTIN, Embedder};
use memhost::engine::{EngineError, LoadError, LoadFailure};
use memhost::store::{SCHEMA_VERSION, StoreError};
use memhost_eval::compare::directory::ResultDirectoryError;
use memhost_eval::compare::files::CellFileError;
use memhost_eval::compare::manifest::ManifestError;
use memhost_eval::compare::merge::MergeError;
use memhost_eval::compare::schedule::RunError;
use memhost_suite::{SuiteError, Topic};

/// What to do about an error, in terms of the command line; `None` where its message says it all.
pub fn hint(error: &(dyn Error + 'static)) -> Option<String> {
    let error = cause(error);
    if let Some(error) = error.downcast_ref() {
        return of_store(error);
    }
    if let Some(LoadError { reason, .. }) = error.downcast_ref() {
        return of_plugin(reason);
    }
    let hint = if let Some(error) = error.downcast_ref() {
        of_results(error)
    } else if let Some(error) = error.downcast_ref() {
        of_merge(error)
    } else if let Some(error) = error.downcast_ref() {
        of_manifest(error)
    } else if let Some(error) = error.downcast_ref() {
        of_suite(error)
    } else if let Some(EngineError::Cache { .. }) = error.downcast_ref() {
        Some("`directory` under [cache] in memhost.toml, or MEMHOST_CACHE, chooses another")
    } else if error.is::<CellFileError>() {
        Some("choose another --output, or free it")
    } else {
        None
    };
    hint.map(str::to_owned)
}

/// What a reader of results must know of an embedder, with the option that chooses a better one.
pub fn caveat_of(embedder: &dyn Embedder) -> Option<String> {
    let caveat = embedder.caveat()?;
    Some(match embedder.identity().name == BUILTIN {
        true => format!("{caveat} (--embedder local:DIR)"),
        false => caveat.to_owned(),
    })
}

/// The error that says what is wrong, behind those that hand it on.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let inner: Option<&'a (dyn Error + 'static)> = if let Some(error) = error.downcast_ref() {
        match error {
            ResultDirectoryError::File(error) => Some(error),
            ResultDirectoryError::Manifest(error) => Some(error),
            ResultDirectoryError::Busy { .. } => None,
        }
    } else if let Some(error) = error.downcast_ref() {
        match error {
            MergeError::Manifest(error) => Some(error),
            MergeError::Store(error) => Some(error),
            _ => None,
        }
    } else if let Some(error) = error.downcast_ref() {
        match error {
            RunError::Store { source, .. } => Some(source),
            RunError::CellFile(error) => Some(error),
        }
    } else if let Some(error) = error.downcast_ref() {
        match error {
            ConformanceError::Engine(error) => Some(error),
            ConformanceError::Load(error) => Some(error),
            _ => None,
        }
    } else {
        None
    };
    inner.unwrap_or(error)
}

fn of_store(error: &StoreError) -> Option<String> {
    // As a shell takes it.
    let quoted = |uri: &str| match uri.contains(char::is_whitespace) {
        true => format!("'{uri}'"),
        false => uri.to_owned(),
    };
    match error {
        // In an object store nothing is repaired in place.
        StoreError::DamagedTables { uri, .. } if uri.contains("://") => Some(format!(
            "`memhost store verify --store {uri}` reads all of it and says what is left; restore earlier versions of its \
             objects, or copy it to a directory and repair that"
        )),
        StoreError::DamagedTables { uri, .. } => Some(format!(
            "`memhost store verify --store {uri}` reads all of it and says what is left; `memhost store repair --store {uri}` \
             goes on with that, unless you have a backup",
            uri = quoted(uri)
        )),
        StoreError::HalfRepaired { uri } => Some(format!(
            "`memhost store repair --store {}` goes on with it",
            quoted(uri)
        )),
        StoreError::OtherSchema {
            uri,
            found: 3,
            known: SCHEMA_VERSION,
        } => Some(format!(
            "`memhost store upgrade --store {uri} --into {uri}-4` writes it anew for this memhost, and leaves it as it is",
            uri = quoted(uri)
        )),
        StoreError::NoStore { .. } => {
            Some("name one with --store, as it was named when it was written".to_owned())
        }
        StoreError::OtherEmbedder { uri, choice, .. } => Some(format!(
            "`memhost store reembed --store {} --embedder {choice}`, with the same --config if there is one, embeds it anew",
            quoted(uri)
        )),
        _ => None,
    }
}

fn of_plugin(reason: &LoadFailure) -> Option<String> {
    let (key, table) = match reason {
        LoadFailure::TooLarge { .. } => ("largest_plugin_bytes", "cache"),
        LoadFailure::TooComplex { key, .. } => (*key, "load"),
        LoadFailure::Compile { limit, .. } => (limit.key(), "load"),
        LoadFailure::Inside { reason, .. } => return of_plugin(reason),
        _ => return None,
    };
    Some(format!(
        "`{key}` under [{table}] in memhost.toml raises the limit"
    ))
}

fn of_results(error: &ResultDirectoryError) -> Option<&'static str> {
    match error {
        ResultDirectoryError::Busy { .. } => Some(
            "wait for it, or choose another --output; `memhost report` puts results of several directories together",
        ),
        _ => None,
    }
}

fn of_merge(error: &MergeError) -> Option<&'static str> {
    match error {
        MergeError::NoManifest { .. } => {
            Some("name directories that `memhost compare --output` wrote")
        }
        _ => None,
    }
}

fn of_manifest(error: &ManifestError) -> Option<&'static str> {
    match error {
        ManifestError::Unreadable { source, .. } if source.kind() == ErrorKind::NotFound => {
            Some("name the `manifest.json` of a comparison that was run with --output")
        }
        ManifestError::Unreadable { .. } => Some("make it readable, or choose another --output"),
        ManifestError::Foreign { .. } => Some("choose another --output"),
        _ => None,
    }
}

fn of_suite(error: &SuiteError) -> Option<&'static str> {
    match error {
        SuiteError::NothingAsked { .. } => Some("`memhost suite show` prints its learning curves"),
        SuiteError::Unusable { .. } => {
            Some("`memhost suite check` lists everything that is wrong with a suite")
        }
        SuiteError::Line { advice, .. } | SuiteError::Source { advice, .. } => {
            Some(match advice.topic()? {
                Topic::Fields => "`memhost suite fields` lists what each field takes",
                Topic::Formats => "`memhost suite list` says what each format expects",
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use memhost::engine::CompileLimit;

    use super::*;

    #[test]
    fn an_error_has_its_hint_inside_of_others_too() {
        let busy = ResultDirectoryError::Busy {
            path: PathBuf::from("out"),
            holder: "process 7".to_owned(),
        };
        assert!(!busy.to_string().contains("--"));
        assert!(hint(&busy).is_some_and(|hint| hint.contains("--output")));
        let unreadable = || ManifestError::Unreadable {
            path: PathBuf::from("out/manifest.json"),
            source: ErrorKind::NotFound.into(),
        };
        let direct = hint(&unreadable());
        assert!(
            direct
                .as_ref()
                .is_some_and(|hint| hint.contains("--output"))
        );
        assert_eq!(hint(&MergeError::Manifest(unreadable())), direct);
        assert_eq!(hint(&ResultDirectoryError::Manifest(unreadable())), direct);
    }

    #[test]
    fn a_store_that_is_refused_has_the_command_that_helps() {
        let uri = || "memories".to_owned();
        let damaged = || StoreError::DamagedTables {
            uri: uri(),
            files: "`attempts.lance/1.lance` is gone".to_owned(),
        };
        for (error, helps) in [
            (damaged(), "memhost store verify --store memories"),
            (damaged(), "memhost store repair --store memories"),
            (
                StoreError::HalfRepaired { uri: uri() },
                "memhost store repair --store memories",
            ),
            (StoreError::NoStore { uri: uri() }, "--store"),
        ] {
            assert!(!error.to_string().contains("--"), "{error}");
            assert!(
                hint(&error).is_some_and(|hint| hint.contains(helps)),
                "{error}"
            );
        }
        let far = StoreError::DamagedTables {
            uri: "s3://bucket/memories".to_owned(),
            files: "`attempts.lance/1.lance` is gone".to_owned(),
        };
        let far = hint(&far).unwrap();
        assert!(
            far.contains("store verify") && !far.contains("store repair"),
            "{far}"
        );
        let behind = RunError::Store {
            cell: "rag on pets".to_owned(),
            source: damaged(),
        };
        assert_eq!(hint(&behind), hint(&damaged()));
    }

    #[test]
    fn a_plugin_that_is_refused_for_a_limit_has_its_setting() {
        let too_large = LoadFailure::TooLarge { size: 9, limit: 8 };
        let too_complex = LoadFailure::TooComplex {
            what: "joins",
            found: 9,
            limit: 8,
            key: "joins",
        };
        let too_long = LoadFailure::Compile {
            limit: CompileLimit::Cpu,
            allowed: 8,
            wanted: None,
        };
        for (error, helps) in [
            (too_large, "`largest_plugin_bytes` under [cache]"),
            (too_complex, "`joins` under [load]"),
            (too_long, "`compile_cpu_ms` under [load]"),
        ] {
            assert!(!error.to_string().contains("memhost.toml"), "{error}");
            let hint = of_plugin(&error).unwrap();
            assert!(hint.contains(helps), "{hint}");
        }
    }

    #[test]
    fn what_says_it_all_gets_none() {
        let name = SuiteError::Name {
            name: "A".to_owned(),
            suite: "evidence".to_owned(),
        };
        assert_eq!(hint(&name), None);
        assert_eq!(hint(&std::io::Error::other("x")), None);
    }
}
