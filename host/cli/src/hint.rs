//! Hints: which option or command helps with an error of the library, which knows neither.

use std::borrow::Cow;
use std::error::Error;

use memhost::conformance::ConformanceError;
use memhost::store::StoreError;
use memhost_eval::compare::aa::AaError;
use memhost_eval::compare::directory::ResultDirectoryError;
use memhost_eval::compare::files::CellFileError;
use memhost_eval::compare::manifest::ManifestError;
use memhost_eval::compare::merge::MergeError;
use memhost_eval::compare::schedule::RunError;
use memhost_suite::{SuiteError, Topic};

/// What to do about an error, in terms of the command line; `None` where its message says it all.
pub fn hint(error: &(dyn Error + 'static)) -> Option<Cow<'static, str>> {
    match store_error(error) {
        Some(error) => of_store(error).map(Cow::Owned),
        None => of_results(error).map(Cow::Borrowed),
    }
}

/// The store's error, also behind those that only hand it on.
fn store_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a StoreError> {
    if let Some(error) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(ConformanceError::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(AaError::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    match error.downcast_ref()? {
        RunError::Store { source, .. } => Some(source),
        RunError::CellFile(_) => None,
    }
}

fn of_store(error: &StoreError) -> Option<String> {
    match error {
        StoreError::DamagedTables { uri, .. } => Some(format!(
            "`memhost store verify --store {uri}` reads all of it and says what is left; `memhost store repair --store {uri}` \
             goes on with that, unless you have a backup"
        )),
        StoreError::HalfRepaired { uri } => Some(format!(
            "`memhost store repair --store {uri}` goes on with it"
        )),
        StoreError::NoStore { .. } => {
            Some("name one with --store, as it was named when it was written".to_owned())
        }
        StoreError::OtherEmbedder { uri, choice, .. } => Some(format!(
            "`memhost store reembed --store {uri} --embedder {choice}` embeds it anew"
        )),
        _ => None,
    }
}

fn of_results(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<ResultDirectoryError>() {
        return match error {
            ResultDirectoryError::File(error) => of_results(error),
            ResultDirectoryError::Manifest(error) => of_results(error),
            ResultDirectoryError::Busy { .. } => Some(
                "wait for it, or choose another --output; `memhost report` puts results of several directories together",
            ),
        };
    }
    if let Some(error) = error.downcast_ref::<MergeError>() {
        return match error {
            MergeError::NoManifest { .. } => {
                Some("name directories that `memhost compare --output` wrote")
            }
            MergeError::Manifest(error) => of_results(error),
            _ => None,
        };
    }
    if let Some(RunError::CellFile(error)) = error.downcast_ref() {
        return of_results(error);
    }
    if error.is::<CellFileError>() {
        return Some("choose another --output, or free it");
    }
    match error.downcast_ref() {
        Some(ManifestError::Unreadable { .. }) => {
            return Some("name the `manifest.json` of a comparison that was run with --output");
        }
        Some(_) => return None,
        None => {}
    }
    match error.downcast_ref()? {
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
            source: std::io::ErrorKind::NotFound.into(),
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
    fn what_says_it_all_gets_none() {
        let name = SuiteError::Name {
            name: "A".to_owned(),
            suite: "evidence".to_owned(),
        };
        assert_eq!(hint(&name), None);
        assert_eq!(hint(&std::io::Error::other("x")), None);
    }
}
