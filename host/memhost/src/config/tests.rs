use std::fmt::Write as _;
use std::path::Path;

use memhost_contract::Role;
use memhost_models::embedding::BUILTIN;
use memhost_models::model::{ModelSettings, Structured, SystemRole, Temperature};
use memhost_testing::loopback::{Loopback, Turn, nobody};
use serde_json::json;

use super::*;

const SAMPLE: &str = include_str!("../../../../examples/memhost.toml");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("memhost.toml"), text)
}

fn environment<const N: usize>(variables: [(&str, &str); N]) -> Environment {
    Environment::of(variables.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn with<const N: usize>(text: &str, variables: [(&str, &str); N]) -> Config {
    let mut config = parse(text).unwrap();
    config.environment = environment(variables);
    config.obey_environment().unwrap();
    config
}

/// The sample with everything that it comments out.
fn sample_in_full() -> String {
    SAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if setting.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => {
                setting
            }
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn told<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().fold(String::new(), |mut told, text| {
        let _ = writeln!(told, "{text}\n  -> {}", parse(text).unwrap_err());
        told
    })
}

#[test]
fn without_a_file_nothing_is_needed() {
    let config = Config::load_from(None, environment([])).unwrap();
    assert_eq!(config, Config::default());
    let models = config.models().unwrap();
    for role in [Role::Agent, Role::Strongest, Role::Judge, Role::Cheap] {
        assert_eq!(models.role(role).name(), "extractive");
    }
    assert_eq!(config.store.uri, None);
}

#[tokio::test]
async fn the_default_embedder_is_built_in() {
    let embedder = Config::default().embedder().await.unwrap();
    assert_eq!(embedder.identity().name, BUILTIN);
}

#[test]
fn the_sample_shows_the_defaults() {
    assert_eq!(parse(SAMPLE).unwrap(), Config::default());
}

#[test]
fn every_key_stands_in_the_sample_and_every_key_of_the_sample_is_known() {
    parse(&sample_in_full()).unwrap();
    for place in [
        "",
        "store",
        "cache",
        "embedder",
        "embedder.local.x",
        "embedder.openai.x",
        "model",
        "model.openai.x",
        "endpoint.x",
        "limits",
        "limits.store",
        "load",
        "live",
        "slot.x",
        "serve",
        "telemetry",
    ] {
        let text = match place {
            "" => "zzz = 1".to_owned(),
            table => format!("[{table}]\nzzz = 1"),
        };
        let Err(ConfigError::UnknownKey { known, .. }) = parse(&text) else {
            panic!("{place} takes any key");
        };
        assert!(!known.is_empty());
        for key in known {
            let shown = match place {
                "" => SAMPLE.contains(&format!("[{key}]")) || SAMPLE.contains(&format!("[{key}.")),
                _ => {
                    SAMPLE.contains(&format!("\n#{key} = "))
                        || SAMPLE.contains(&format!("\n[{place}.{key}]"))
                        || SAMPLE.contains(&format!("\n#[{place}").replace(".x", ""))
                }
            };
            assert!(shown, "{place}: {key}");
        }
    }
}

#[test]
fn the_defaults_that_the_sample_names_are_the_defaults() {
    let sample = parse(&sample_in_full()).unwrap();
    let local = &sample.endpoint["local"];
    // There is no way to write that there is none.
    let defaults = EndpointSettings {
        ca_file: local.ca_file.clone(),
        ..EndpointSettings::at(local.base_url.clone())
    };
    assert_eq!(*local, defaults);
    assert_eq!(sample.model.choice, ModelChoice::default());
    assert_eq!(sample.embedder.choice, EmbedderChoice::default());
    assert_eq!(sample.limits, Limits::default());
    assert_eq!(sample.load, LoadLimits::default());
    assert_eq!(sample.live, LiveSection::default());
    assert_eq!(sample.serve, ServeSettings::default());
    let small = &sample.embedder.openai["small"];
    assert_eq!(
        *small,
        EmbedderEntry {
            model: small.model.clone(),
            dimension: small.dimension,
            batch: Some(memhost_models::embedding::EmbeddingOptions::default().batch),
            longest_text: small.longest_text,
            ..EmbedderEntry::default()
        }
    );
}

#[test]
fn an_unknown_key_is_told_with_file_line_and_the_nearest() {
    insta::assert_snapshot!(told([
        "[modle]\nuse = \"none\"",
        "[store]\n\nurl = \"x\"",
        "[model]\njugde = \"none\"",
        "[model.openai.small]\nmax_token = 5",
        "# a comment\n[endpoint.local]\nbase_url = \"http://127.0.0.1:1/v1\"\ntimeout = 5",
        "[embedder.openai.small]\nxyzzy = 1",
        "[limits]\nfule = 1",
    ]));
}

#[test]
fn a_wrong_value_is_told_with_key_what_was_expected_and_what_was_found() {
    insta::assert_snapshot!(told([
        "[store]\nuri = 5",
        "store = \"x\"",
        "[model]\nuse = \"extractiv\"",
        "[model]\njudge = \"openai:\"",
        "[embedder]\nuse = \"bulitin\"",
        "[model.openai.small]\nmax_tokens = \"many\"",
        "[model.openai.small]\ntoken_limit_field = \"max_token\"",
        "[model.openai.small]\nstructured = \"json\"",
        "[model.openai.small]\ntemperature = \"cold\"",
        "[model.openai.small]\ntemperature = -1",
        "[model.openai.small]\nsystem_role = \"drop\"",
        "[endpoint.local]\ngive_up_after_ms = 0",
        "[endpoint.local]\ntimeout_ms = 0",
        "[endpoint.local]\nretries = -1",
        "[endpoint.local]\nconcurrency = 1.5",
        "[embedder.openai.small]\ndimension = [1]",
        "limits = 5",
        "[limits]\nwall_clock_ms = 0",
    ]));
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    insta::assert_snapshot!(told([
        "[store]\nuri = ",
        "[store]\nuri = \"a\"\nuri = \"b\"",
        "[store\nuri = \"a\"",
        "\u{0}",
    ]));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    for (file, environment) in [
        (Some(Path::new("/nowhere/memhost.toml")), environment([])),
        (
            None,
            environment([("MEMHOST_CONFIG", "/nowhere/memhost.toml")]),
        ),
    ] {
        let error = Config::load_from(file, environment).unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(error, @"the configuration `/nowhere/memhost.toml` cannot be read: No such file or directory (os error 2)");
        }
    }
}

#[test]
fn a_flag_stands_above_the_environment_and_that_above_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mine.toml");
    std::fs::write(&file, "[model]\nuse = \"extractive\"\njudge = \"none\"\n[store]\nuri = \"from-file\"\n[cache]\ndirectory = \"c\"").unwrap();

    let mut config = Config::load_from(Some(&file), environment([])).unwrap();
    assert_eq!(*config.model.role(Role::Judge), ModelChoice::None);
    assert_eq!(config.store.uri.as_deref(), Some("from-file"));
    assert_eq!(config.cache_directory().unwrap(), Path::new("c"));

    let path = file.to_str().unwrap();
    let variables = [
        ("MEMHOST_CONFIG", path),
        ("MEMHOST_STORE", "from-environment"),
        ("MEMHOST_MODEL", "none"),
        ("MEMHOST_CACHE", " "),
    ];
    config = Config::load_from(None, environment(variables)).unwrap();
    assert_eq!(config.store.uri.as_deref(), Some("from-environment"));
    assert_eq!(*config.model.role(Role::Agent), ModelChoice::None);
    assert_eq!(
        config.cache_directory().unwrap(),
        Path::new("c"),
        "a blank variable is none"
    );

    config.set_store("from-flag");
    config.set_model("extractive").unwrap();
    assert_eq!(config.store.uri.as_deref(), Some("from-flag"));
    assert_eq!(
        *config.model.role(Role::Judge),
        ModelChoice::Extractive,
        "of every role"
    );
}

#[test]
fn a_choice_that_does_not_exist_is_refused_wherever_it_is_made() {
    let one_entry = "[model.openai.small]\n[embedder.openai.tiny]\n";
    let mut config = parse(one_entry).unwrap();
    let mut told = String::new();
    for error in [
        config.set_model("openai:smal").unwrap_err(),
        config.set_model("gpt-4.1").unwrap_err(),
        config.set_embedder("openai:large").unwrap_err(),
        config.set_embedder("buildin").unwrap_err(),
        Config::load_from(None, environment([("MEMHOST_MODEL", "extractor")])).unwrap_err(),
        Config::load_from(None, environment([("MEMHOST_EMBEDDER", "")]))
            .and_then(|_| Config::load_from(None, environment([("MEMHOST_EMBEDDER", "none")])))
            .unwrap_err(),
    ] {
        let _ = writeln!(told, "{error}");
    }
    assert_eq!(config, parse(one_entry).unwrap(), "nothing has changed");
    insta::assert_snapshot!(told);
}

#[test]
fn a_key_that_is_missing_or_unusable_is_told_before_anything_is_asked() {
    let text = "[model]\njudge = \"openai:big\"\n[model.openai.big]\nendpoint = \"far\"\n\
                [endpoint.far]\nbase_url = \"https://models.example.org/v1\"\nkey_env = \"FAR_KEY\"";
    let mut told = String::new();
    for variables in [
        [("OTHER", "x")],
        [("FAR_KEY", " ")],
        [("FAR_KEY", "sk-secret\u{7}bell")],
    ] {
        let error = with(text, variables).models().err().unwrap();
        assert!(!error.to_string().contains("secret"));
        let _ = writeln!(told, "{error}");
    }
    let mut config = with("", []);
    config.set_model("openai:gpt-4.1-mini").unwrap();
    let _ = writeln!(told, "{}", config.models().err().unwrap());
    insta::assert_snapshot!(told);
    assert_eq!(
        with(text, [("FAR_KEY", "sk-secret-123")])
            .models()
            .unwrap()
            .judge
            .name(),
        "openai:big"
    );
}

#[test]
fn a_models_entry_says_what_is_sent_for_it() {
    let config = parse(
        "[model.openai.a]\ntemperature = 1\nstructured = \"prompt\"\n[model.openai.b]\ntemperature = \"drop\"\n\
         system_role = \"merge\"\n[model.openai.c]\ntemperature = 0.5\n[model.openai.d]",
    )
    .unwrap();
    let entry = |name: &str| config.model_entry(name).unwrap();
    assert_eq!(entry("a").temperature, Some(Temperature::Always(1.0)));
    assert_eq!(entry("a").structured, Some(Structured::Prompt));
    assert_eq!(entry("b").temperature, Some(Temperature::Drop));
    assert_eq!(entry("b").system_role, Some(SystemRole::Merge));
    assert_eq!(entry("c").temperature, Some(Temperature::Always(0.5)));
    assert_eq!(entry("d").settings(), ModelSettings::default());
}

#[test]
fn no_debug_output_shows_a_key() {
    let config = with("", [("OPENAI_API_KEY", "sk-secret-123")]);
    assert!(!format!("{config:?}").contains("secret"));
}

#[test]
fn an_endpoint_that_cannot_be_is_told_by_its_name() {
    let mut told = String::new();
    for text in [
        "[model]\nuse = \"openai:a\"\n[model.openai.a]\nendpoint = \"lcoal\"\n[endpoint.local]\nbase_url = \"http://127.0.0.1:1\"",
        "[model]\nuse = \"openai:a\"\n[model.openai.a]\nendpoint = \"local\"\n[endpoint.local]\nkey_env = \"\"",
        "[model]\nuse = \"openai:a\"\n[model.openai.b]",
    ] {
        let _ = writeln!(told, "{}", parse(text).unwrap().models().err().unwrap());
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn roles_reach_the_models_and_endpoints_that_they_name() {
    let saying = |text: &str| Turn::json(json!({"choices": [{"message": {"content": text}}]}));
    let (near, far) = (
        Loopback::start([saying("near")]).await,
        Loopback::start([saying("far")]).await,
    );
    let text = format!(
        "[model]\nuse = \"openai:small\"\njudge = \"openai:big\"\n\
         [model.openai.small]\nendpoint = \"near\"\nmodel = \"small-1\"\nmax_tokens = 9\n[model.openai.big]\n\
         [endpoint.near]\nbase_url = \"{}\"\n",
        near.url()
    );
    let url = far.url();
    let config = with(
        &text,
        [
            ("OPENAI_BASE_URL", url.as_str()),
            ("OPENAI_API_KEY", "sk-secret-123"),
        ],
    );
    let models = config.models().unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&models.agent, &models.cheap),
        "one model for roles that name the same"
    );
    let request = memhost_contract::Request {
        role: Role::Judge,
        messages: vec![memhost_contract::Message {
            speaker: memhost_contract::Speaker::User,
            text: "?".to_owned(),
        }],
        temperature: None,
        max_tokens: None,
        schema: None,
        purpose: "test".to_owned(),
    };
    assert_eq!(
        models
            .role(Role::Judge)
            .complete(&request)
            .await
            .unwrap()
            .reply
            .text,
        "far"
    );
    assert_eq!(
        models
            .role(Role::Cheap)
            .complete(&request)
            .await
            .unwrap()
            .reply
            .text,
        "near"
    );
    assert_eq!(far.heard()[0].body["model"], "big");
    assert_eq!(near.heard()[0].body["model"], "small-1");
    assert_eq!(near.heard()[0].body["max_tokens"], 9);
    assert_eq!(models.cheap.name(), "openai:small-1");
}

#[tokio::test]
async fn a_local_endpoint_needs_no_key() {
    let server = Loopback::start([Turn::json(json!({"data": [{"embedding": [3.0, 4.0]}]}))]).await;
    let url = server.url();
    let mut config = with("", [("OPENAI_BASE_URL", url.as_str())]);
    config.set_embedder("openai:tiny").unwrap();
    let embedder = config.embedder().await.unwrap();
    assert_eq!(embedder.choice(), "openai:tiny");
    assert_eq!(
        (
            embedder.identity().name.as_str(),
            embedder.identity().dimension
        ),
        ("openai:tiny", 2)
    );
    assert!(!server.heard()[0].head.contains("authorization"));
}

#[tokio::test]
async fn an_embedder_says_what_chooses_it() {
    let entry = "[embedder.openai.near]\nmodel = \"far-away\"\ndimension = 2\n";
    let mut config = with(entry, [("OPENAI_API_KEY", "never used")]);
    for (choice, name) in [("builtin", BUILTIN), ("openai:near", "openai:far-away")] {
        config.set_embedder(choice).unwrap();
        let embedder = config.embedder().await.unwrap();
        assert_eq!(embedder.choice(), choice);
        assert_eq!(embedder.identity().name, name);
    }
}

#[tokio::test]
async fn an_embedder_whose_endpoint_is_down_is_told() {
    let text = format!(
        "[embedder]\nuse = \"openai:tiny\"\n[embedder.openai.tiny]\nendpoint = \"local\"\n\
         [endpoint.local]\nbase_url = \"{}\"\nretries = 0\n",
        nobody().await
    );
    let error = with(&text, []).embedder().await.err().unwrap().to_string();
    assert!(
        error.starts_with("embedder `openai:tiny`: endpoint `http://127.0.0.1:"),
        "{error}"
    );
    assert!(
        error.ends_with("start the endpoint, or correct its `base_url`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_local_embedder_is_an_entry_or_a_folder_and_one_that_is_neither_is_told() {
    let mut config = with("", []);
    config.set_embedder("local:/no/such/folder").unwrap();
    assert_eq!(config.embedder.choice.to_string(), "local:/no/such/folder");
    let mut told = format!("{}\n", config.embedder().await.err().unwrap());
    let entry = "[embedder]\nuse = \"local:e5\"\n[embedder.local.e5]\ndirectory = \"/no/e5-small\"\nquery_prefix = \"query: \"\n";
    let config = parse(entry).unwrap();
    let _ = writeln!(told, "{}", config.embedder().await.err().unwrap());
    let _ = writeln!(
        told,
        "{}",
        parse("[embedder.local.e5]\nquery-prefix = \"q\"\n").unwrap_err()
    );
    let _ = writeln!(told, "{}", with("", []).set_embedder("local:").unwrap_err());
    insta::assert_snapshot!(told);
    assert_eq!(
        config.to_be_shown(),
        config,
        "no endpoint is asked, so none is shown"
    );
}

#[test]
fn the_home_directory_is_meant_by_a_tilde_in_every_path_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memhost.toml");
    let text = "[store]\nuri = \"~/memories\"\n[cache]\ndirectory = \"~/compiled\"\n[embedder]\nuse = \"local:~/models/bge\"\n\
                [embedder.local.x]\ndirectory = \"~/models/e5\"\n[endpoint.x]\nbase_url = \"https://x\"\nca_file = \"~/ca.pem\"\n";
    std::fs::write(&path, text).unwrap();
    let config = Config::load_from(Some(&path), Environment::of([])).unwrap();
    let shown = serde_json::to_string(&config).unwrap();
    assert!(!shown.contains('~'), "{shown}");
    let home = directories::BaseDirs::new().unwrap().home_dir().to_owned();
    assert_eq!(config.cache.directory, Some(home.join("compiled")));
    assert_eq!(
        config.store.uri,
        Some(home.join("memories").display().to_string())
    );
}
