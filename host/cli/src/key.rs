//! `memhost key`: who may call a live host, and for what. Keys are in the store; while a server has it open, the server is asked.

use std::time::Duration;

use chrono::DateTime;
use clap::{Subcommand, ValueEnum};
use memhost::Lance;
use memhost::contract::Authority;
use memhost::learning::Grants;
use memhost::live::{self, Host, Key, LiveError, LiveSettings, NewKey};
use memhost::store::{Store, StoreError};
use memhost_base::clock;
use memhost_base::visible::{Column, Grid};
use memhost_serve::Client;
use serde::{Deserialize, Serialize};

use super::compare::say_warnings;
use super::output::{self, Format};
use super::setup::{self, ConfigFile, StoreFlags};
use super::slot;
use super::{Failure, serve};

const CREATE_EXAMPLES: &str = "\
Examples:
  memhost key create --store memory --slot desk --right write
      a key for an agent that asks and tells at `desk`
  memhost key create --store memory --tenant acme --note \"acme's agents\" --expires-in 90d
      one with which nobody sees another customer's memories
  MEMHOST_KEY=mh_… memhost key create --url http://127.0.0.1:4780 --right read
      the same while a server runs: it is asked, with a key of the right `admin`

What the key is stands on standard output alone, this once: the store keeps no more than a digest of it. An agent sends it as \
`Authorization: Bearer mh_…`, and one whose key is good for any tenant names the tenant in each request, in the header \
`Memhost-Tenant`. Once a store has had a key, nobody is let in without one, not even after it was revoked.";

const LIST_EXAMPLES: &str = "\
Examples:
  memhost key list --store memory
  memhost key list --url http://127.0.0.1:4780 --format json

A server shows no keys that allow more than the one in MEMHOST_KEY.";

const REVOKE_EXAMPLES: &str = "\
Examples:
  memhost key revoke --store memory k4f6s2ha
  memhost key revoke --url http://127.0.0.1:4780 k4f6s2ha

A server refuses the key from its next request on. What was told with it stays.";

/// Say who may call a live host, and for what.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key.
    #[command(after_help = CREATE_EXAMPLES)]
    Create {
        #[command(flatten)]
        allows: Allows,
        #[command(flatten)]
        place: Place,
    },
    /// List all keys that were ever made, and what they allow.
    #[command(after_help = LIST_EXAMPLES)]
    List {
        #[command(flatten)]
        place: Place,
        /// How they are printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Have a key allow nothing from now on.
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke {
        /// The key's id: the part between `mh_` and the secret.
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// What a key shall allow.
#[derive(Debug, clap::Args)]
struct Allows {
    /// A slot that it is for; may be given several times [default: all of them, also later ones].
    #[arg(long = "slot", value_name = "NAME")]
    slots: Vec<String>,
    /// The one tenant whose data it reaches [default: whichever is named with each request].
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// What may be done with it.
    #[arg(long, default_value = "write")]
    right: Right,
    /// For how much outcomes that are told with it may count at most [default: `agent`; with the right `admin`,
    /// `ground-truth`, because a key makes no other that allows more].
    #[arg(long, value_name = "AUTHORITY")]
    authority: Option<MostAuthority>,
    /// For how long it is good: `90d`, `12h` or `30m` [default: until it is revoked].
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires_in: Option<Duration>,
    /// What it is for, in your words.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Right {
    /// To ask: `retrieve`, and attempts.
    Read,
    /// To tell as well: `record`, `feedback`.
    Write,
    /// To change who answers and who may ask as well.
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MostAuthority {
    /// The agent's own verdict.
    Agent,
    /// That of a judge model, too.
    Judge,
    /// That of a checker with the true answer, or of the person for whom it was done, too.
    GroundTruth,
}

/// Whose keys.
#[derive(Debug, clap::Args)]
struct Place {
    /// A running server that is asked in place of the store, with the key in MEMHOST_KEY (right `admin`) [default:
    /// MEMHOST_URL, unless --store is given].
    #[arg(long, value_name = "URL", conflicts_with_all = ["store", "embedder"])]
    url: Option<String>,
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    config: ConfigFile,
}

/// Where keys are.
enum Keys {
    InStore(Host),
    AtServer(Client),
}

/// Another process has the store open.
#[derive(Debug, thiserror::Error)]
#[error(
    "{source}\n  hint: if that is `memhost serve`, ask it: --url http://127.0.0.1:4780, with a key of the right `admin` in \
     MEMHOST_KEY"
)]
struct Served {
    source: StoreError,
}

/// As a server tells them.
#[derive(Deserialize)]
struct Listed {
    keys: Vec<Key>,
}

/// As a server tells one that was just made.
#[derive(Deserialize)]
struct Created {
    #[serde(flatten)]
    key: Key,
    secret: String,
}

/// As they are printed for programs.
#[derive(Serialize)]
struct Printed<'a> {
    keys: &'a [Key],
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    match options.command {
        Command::Create { allows, place } => {
            let allows = allows.new_key(now()?);
            let keys = place.keys().await?;
            let created = keys.create(allows).await;
            keys.close().await?;
            let (key, secret) = created?;
            output::say(format_args!(
                "key `{}` is made; it is shown this once:",
                key.id
            ));
            output::print(&format!("{secret}\n"))
        }
        Command::List { place, format } => {
            let keys = place.keys().await?;
            let all = keys.all().await;
            keys.close().await?;
            let all = all?;
            match format {
                Format::Json => output::print_json(&Printed { keys: &all }),
                Format::Table if all.is_empty() => output::print_folded(
                    "there is no key, and whoever reaches the host may do everything\n",
                ),
                Format::Table => output::print_inked(&table(&all, now()?).render(output::width())),
            }
        }
        Command::Revoke { id, place } => {
            let keys = place.keys().await?;
            // Whoever pastes the whole key means its id, and nobody repeats its secret.
            let id = match id.strip_prefix("mh_").and_then(|rest| rest.split_once('_')) {
                Some((id, _)) => id.to_owned(),
                None => id,
            };
            let revoked = keys.revoke(&id).await;
            keys.close().await?;
            output::print_folded(&format!("key `{}` is revoked\n", revoked?.id))
        }
    }
}

impl Place {
    async fn keys(self) -> Result<Keys, Failure> {
        let in_environment = || {
            std::env::var("MEMHOST_URL")
                .ok()
                .filter(|url| !url.is_empty())
        };
        let of_environment = (!self.store.names_store()).then(in_environment).flatten();
        if let Some(url) = &self.url.clone().or(of_environment) {
            return Ok(Keys::AtServer(slot::client(url, None)?));
        }
        let mut config = self.config.load()?;
        self.store.apply(&mut config)?;
        let uri = setup::store_uri(&config)?;
        serve::check_place(&uri)?;
        // A key has no vectors: whoever embeds for a store that is there need not be here.
        let store = match Store::open_without_embedder(&uri, &Lance).await {
            Err(StoreError::NoStore { .. }) => {
                let embedder = config.embedder().await.map_err(Failure::failed)?;
                Store::open(&uri, embedder, &Lance).await
            }
            opened => opened,
        };
        let store = store.map_err(in_use)?;
        say_warnings(&store);
        let host = Host::open(LiveSettings::new(store, Grants::default())).await;
        let host = host.map_err(|error| match error {
            LiveError::Store(error) => in_use(error),
            error => Failure::failed(error),
        });
        Ok(Keys::InStore(host?))
    }
}

fn in_use(error: StoreError) -> Failure {
    match error {
        source @ StoreError::InUse { .. } => Failure::failed(Served { source }),
        error => Failure::failed(error),
    }
}

impl Keys {
    async fn create(&self, allows: NewKey) -> Result<(Key, String), Failure> {
        match self {
            Keys::InStore(host) => {
                let (key, secret) = host.create_key(allows).await.map_err(refused)?;
                Ok((key, secret.reveal().to_owned()))
            }
            Keys::AtServer(server) => {
                let wanted = serde_json::to_value(&allows).map_err(Failure::failed)?;
                let Created { key, secret } = server
                    .post(&["v1", "keys"], wanted)
                    .await
                    .map_err(slot::refused)?;
                Ok((key, secret))
            }
        }
    }

    async fn all(&self) -> Result<Vec<Key>, Failure> {
        match self {
            Keys::InStore(host) => Ok(host.keys()),
            Keys::AtServer(server) => {
                let listed = server.get::<Listed>(&["v1", "keys"]).await;
                Ok(listed.map_err(slot::refused)?.keys)
            }
        }
    }

    async fn revoke(&self, id: &str) -> Result<Key, Failure> {
        match self {
            Keys::InStore(host) => host.revoke_key(id).await.map_err(refused),
            // An id has letters and digits only; whatever else is given is none, and no part of an address.
            Keys::AtServer(_) if !id.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Err(refused(LiveError::NoSuchKey(id.to_owned())))
            }
            Keys::AtServer(server) => {
                let revoked = server.delete(&["v1", "keys", id]).await;
                revoked.map_err(slot::refused)
            }
        }
    }

    async fn close(self) -> Result<(), Failure> {
        match self {
            Keys::InStore(host) => host.close().await.map_err(Failure::failed),
            Keys::AtServer(_) => Ok(()),
        }
    }
}

/// What was wished for cannot be, or something failed.
fn refused(error: LiveError) -> Failure {
    match error {
        LiveError::Malformed { .. } | LiveError::NoSuchKey(_) => Failure::usage(error),
        error => Failure::failed(error),
    }
}

impl Allows {
    fn new_key(self, now: f64) -> NewKey {
        let right = match self.right {
            Right::Read => live::Right::Read,
            Right::Write => live::Right::Write,
            Right::Admin => live::Right::Admin,
        };
        NewKey {
            note: self.note,
            slots: (!self.slots.is_empty()).then_some(self.slots),
            tenant: self.tenant,
            authority: match (self.authority, right) {
                (Some(MostAuthority::Judge), _) => Authority::Judge,
                (Some(MostAuthority::GroundTruth), _) | (None, live::Right::Admin) => {
                    Authority::GroundTruth
                }
                (Some(MostAuthority::Agent), _) | (None, _) => Authority::Agent,
            },
            expires: self.expires_in.map(|time| now + time.as_millis() as f64),
            ..NewKey::new(right)
        }
    }
}

/// Milliseconds since 1970.
fn now() -> Result<f64, Failure> {
    let since = clock::since_1970(std::time::SystemTime::now());
    Ok(since.map_err(Failure::failed)?.as_millis() as f64)
}

/// A time to come, in days, hours or minutes.
fn time(text: &str) -> Result<Duration, &'static str> {
    let minutes = [("d", 24 * 60), ("h", 60), ("m", 1)];
    let given = minutes.iter().find_map(|(unit, minutes)| {
        let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(u64::from(number) * minutes * 60))
    });
    match given {
        Some(time) if !time.is_zero() => Ok(time),
        _ => Err("write it as 90d, 12h or 30m"),
    }
}

fn table(keys: &[Key], now: f64) -> Grid {
    let column =
        |title: &str, cell: &dyn Fn(&Key) -> String| Column::new(title, keys.iter().map(cell));
    let columns = vec![
        column("right", &|key| key.allows.right.name().to_owned()),
        column("authority", &|key| {
            live::authority_name(key.allows.authority).to_owned()
        }),
        column("slots", &|key| {
            key.allows
                .slots
                .as_ref()
                .map_or("all".to_owned(), |slots| slots.join(", "))
        }),
        column("tenant", &|key| {
            key.allows.tenant.clone().unwrap_or("any".to_owned())
        }),
        column("made", &|key| date(key.made)),
        column("good", &|key| match (key.revoked, key.allows.expires) {
            (Some(revoked), _) => format!("revoked {}", date(revoked)),
            (None, Some(expires)) if expires <= now => format!("expired {}", date(expires)),
            (None, Some(expires)) => format!("until {}", date(expires)),
            (None, None) => "until revoked".to_owned(),
        }),
        column("note", &|key| key.allows.note.clone()),
    ];
    Grid::new(column("key", &|key| key.id.clone()), columns)
}

fn date(millis: f64) -> String {
    let date = DateTime::from_timestamp_millis(millis as i64);
    date.map_or_else(
        || "?".to_owned(),
        |date| date.format("%Y-%m-%d %H:%M").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_come_has_a_unit() {
        assert_eq!(time("90d"), Ok(Duration::from_secs(90 * 24 * 60 * 60)));
        assert_eq!(time("12h"), Ok(Duration::from_secs(12 * 60 * 60)));
        assert_eq!(time("30m"), Ok(Duration::from_secs(30 * 60)));
        for wrong in ["", "90", "d", "0d", "-1d", "1.5h", "1w", "99999999999d"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_says_what_a_key_allows_and_until_when() {
        let key = serde_json::json!({
            "id": "k4f6s2ha", "note": "acme's agents", "right": "write", "authority": "ground-truth",
            "tenant": "acme", "made": 1_796_000_000_000_f64,
        });
        let mut key: Key = serde_json::from_value(key).unwrap();
        let rendered = |key: &Key| {
            let table = table(std::slice::from_ref(key), 1_797_000_000_000.0);
            table.render(160).as_str().to_owned()
        };
        let said = rendered(&key);
        for part in [
            "k4f6s2ha",
            "ground-truth",
            "acme",
            "all",
            "2026-11-30 00:53",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        key.allows.expires = Some(1_796_500_000_000.0);
        assert!(
            rendered(&key).contains("expired 2026-12-05"),
            "{}",
            rendered(&key)
        );
        key.revoked = Some(1_796_100_000_000.0);
        assert!(
            rendered(&key).contains("revoked 2026-12-01"),
            "{}",
            rendered(&key)
        );
    }
}
