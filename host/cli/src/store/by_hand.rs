//! `memhost store prune` and `thaw`: what a person does to memories, apart from any run.

use memhost::Lance;
use memhost::store::{Pruned, Store, Thawed};
use memhost_base::suggest;
use memhost_base::visible;
use memhost_eval::compare::report::number::count;

use crate::compare::say_warnings;
use crate::output::Format;
use crate::{Failure, output};

/// There is no namespace of that name.
#[derive(Debug, thiserror::Error)]
#[error("store `{store}` has no namespace `{namespace}`{suggestion}; it has {known}")]
struct NoNamespace {
    store: String,
    namespace: String,
    suggestion: String,
    known: String,
}

/// How many names of namespaces a message lists.
const LISTED: usize = 10;

/// The namespaces of an open store, each of these among them.
async fn namespaces_with(
    store: &Store,
    uri: &str,
    wanted: &[String],
) -> Result<Vec<String>, Failure> {
    let known = store.namespaces().await.map_err(Failure::failed)?;
    let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) else {
        return Ok(known);
    };
    let nearest = suggest::nearest(unknown, known.iter().map(String::as_str));
    let mut listed: Vec<String> = known
        .iter()
        .take(LISTED)
        .map(|n| format!("`{n}`"))
        .collect();
    if known.len() > LISTED {
        listed.push(format!("{} more", count((known.len() - LISTED) as f64)));
    }
    Err(Failure::failed(NoNamespace {
        store: uri.to_owned(),
        namespace: unknown.clone(),
        suggestion: suggest::suggestion(nearest.as_deref()),
        known: match listed.is_empty() {
            true => "none".to_owned(),
            false => listed.join(", "),
        },
    }))
}

pub(super) async fn prune(
    uri: &str,
    namespaces: &[String],
    (archived, dry_run): (bool, bool),
    format: Format,
) -> Result<(), Failure> {
    let store = open(uri).await?;
    let known = namespaces_with(&store, uri, namespaces).await?;
    let wanted = if namespaces.is_empty() {
        &known
    } else {
        namespaces
    };
    let mut all = Vec::new();
    for namespace in wanted {
        let pruned = store.prune(namespace, archived, dry_run).await;
        all.push(pruned.map_err(Failure::failed)?);
    }
    close(&store).await?;
    match format {
        Format::Json => output::print_json(&all),
        Format::Table => output::print_folded(&gone(&all, dry_run)),
    }
}

/// What went, for people.
fn gone(all: &[Pruned], dry_run: bool) -> String {
    let done = match dry_run {
        true => "would be removed",
        false => "removed",
    };
    let touched = |pruned: &&Pruned| pruned.expired + pruned.archived + pruned.frozen > 0;
    let mut text = String::new();
    for pruned in all.iter().filter(touched) {
        let number = |number: usize| count(number as f64);
        let frozen = match pruned.frozen {
            0 => String::new(),
            frozen => format!(
                "; {} have expired and stay, because they are frozen",
                number(frozen)
            ),
        };
        text.push_str(&format!(
            "namespace `{}`: {} expired and {} archived memories {done}, {} stay{frozen}\n",
            pruned.namespace,
            number(pruned.expired),
            number(pruned.archived),
            number(pruned.kept)
        ));
    }
    if text.is_empty() {
        text.push_str("nothing is to be removed\n");
    }
    text
}

pub(super) async fn thaw(
    uri: &str,
    namespace: &str,
    ids: &[String],
    dry_run: bool,
    format: Format,
) -> Result<(), Failure> {
    let store = open(uri).await?;
    let wanted = [namespace.to_owned()];
    namespaces_with(&store, uri, &wanted).await?;
    let thawed = store.thaw(namespace, ids, dry_run).await;
    let thawed = thawed.map_err(Failure::failed)?;
    close(&store).await?;
    match format {
        Format::Json => output::print_json(&thawed),
        Format::Table => output::print_folded(&lifted(namespace, &thawed, dry_run)),
    }
}

/// What is frozen no more, for people.
fn lifted(namespace: &str, thawed: &[Thawed], dry_run: bool) -> String {
    /// Characters of a memory's text.
    const SHOWN: usize = 80;
    if thawed.is_empty() {
        return format!("namespace `{namespace}`: nothing is frozen\n");
    }
    let done = match dry_run {
        true => "would be active again",
        false => "active again",
    };
    let mut text = format!("namespace `{namespace}`, {done}:\n");
    for Thawed { id, text: told, .. } in thawed {
        let told: String = told.chars().take(SHOWN).collect();
        text.push_str(&format!("  {id}  {}\n", visible::line(&told)));
    }
    text
}

/// Opens a store that is there, whoever embeds for it; says what was found damaged.
async fn open(uri: &str) -> Result<Store, Failure> {
    let store = Store::open_without_embedder(uri, &Lance).await;
    let store = store.map_err(Failure::failed)?;
    say_warnings(&store);
    Ok(store)
}

async fn close(store: &Store) -> Result<(), Failure> {
    store.close().await.map_err(Failure::failed)?;
    say_warnings(store);
    Ok(())
}
