//! The server as agents and operators meet it: it is started, asked, swapped, killed and started again.

use std::time::Duration;

use memhost_testing::load::{Load, Work};
use memhost_testing::serving::{Serve, Serving};
use reqwest::Client;
use serde_json::{Value, json};

use super::*;

/// How many agents are at work, and for how long.
const AGENTS: usize = 64;
const SECONDS: u64 = 10;

impl Place {
    /// A server in this place, whose store is in it.
    fn serve(&self, arguments: &[&str]) -> Serve {
        // Agents here are more frequent than the limit of one key allows.
        self.write(
            "memhost.toml",
            format!(
                "[serve]\nrate_per_second = 1000000\nrate_burst = 1000000\nplugin_folders = [{:?}]\n",
                guests()
            ),
        );
        Serve::new(&binary(), self.directory.path())
            .with(arguments.iter().copied())
            .variable("MEMHOST_PLUGINS", plugins().display().to_string())
            .variable("MEMHOST_CACHE", compiled().display().to_string())
    }

    fn slot(&self, server: &Serving, arguments: &[&str]) -> Said {
        let mut command = self.command(&["slot"]);
        let command = command.args(arguments).args(["--url", server.url()]);
        Said::from(command.output().unwrap())
    }
}

fn guests() -> String {
    let hostile = memhost_tests::plugin("hostile").canonicalize().unwrap();
    hostile.parent().unwrap().display().to_string()
}

fn alone<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

/// What a server answers to a POST, and the status.
async fn post(server: &Serving, path: &str, body: Value) -> (u16, Value) {
    let request = Client::new().post(format!("{}{path}", server.url()));
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn ask(server: &Serving, text: &str, after: Option<u64>) -> Value {
    let mut body = json!({ "task": { "text": text } });
    if let Some(after) = after {
        body["after"] = after.into();
    }
    let (status, told) = post(server, "/v1/slots/desk/retrieve", body).await;
    assert_eq!(status, 200, "{told}");
    told
}

#[test]
fn what_an_agent_has_done_comes_back_as_guidance_across_a_swap_and_a_restart() {
    let place = Place::new();
    let server = place.serve(&["--slot", "desk=rag"]).start();
    alone(async {
        let told = ask(&server, "refund a customer who was charged twice", None).await;
        assert_eq!(told["text"], "");
        let record = json!({
            "attempt": told["attempt"],
            "steps": [{"actor": "action", "name": "list_charges", "text": "{}"}],
            "answer": "refunded the second charge",
            "outcome": {"verdict": "success"},
        });
        let (status, kept) = post(&server, "/v1/slots/desk/record", record).await;
        assert_eq!(status, 202, "{kept}");
        let again = "a customer was charged twice";
        let told = ask(&server, again, kept["sequence"].as_u64()).await;
        assert!(
            told["text"].as_str().unwrap().contains("list_charges"),
            "{told}"
        );

        // Another strategy goes on with the memories.
        place
            .slot(
                &server,
                &["swap", "desk", "rag", "--mode", "inherit", "--set", "k=1"],
            )
            .succeeds()
            .says(&["rag", "generation 2"]);
        let told = ask(&server, again, None).await;
        assert_eq!(told["generation"], 2);
        assert!(
            told["text"].as_str().unwrap().contains("list_charges"),
            "{told}"
        );
    });
    assert_eq!(server.end(), Some(0));

    // Everything is in the store: nobody names a plugin.
    let server = place.serve(&[]).start();
    alone(async {
        let told = ask(&server, "a customer was charged twice", None).await;
        assert_eq!(told["generation"], 2);
        assert!(
            told["text"].as_str().unwrap().contains("list_charges"),
            "{told}"
        );
    });
    place
        .slot(&server, &["rollback", "desk"])
        .succeeds()
        .says(&["generation 1"]);
    let history = place.slot(&server, &["history", "desk", "--format", "json"]);
    let history = history.succeeds().json();
    assert_eq!(history["generations"].as_array().unwrap().len(), 2);
    place
        .slot(&server, &["list"])
        .succeeds()
        .says(&["desk: rag", "generation 1", "tenant _"]);
}

#[test]
fn what_is_refused_is_told_with_a_cure_and_changes_nothing() {
    let place = Place::new();
    let server = place.serve(&["--slot", "desk=rag"]).start();
    let swap = |plugin: &str| place.slot(&server, &["swap", "desk", plugin, "--mode", "fresh"]);
    swap("nobody")
        .fails(1)
        .complains(&["plugin-refused", "no plugin is called `nobody`"]);
    // It is there, but not where plugins may be taken from.
    let stray = place.path("stray.wasm");
    std::fs::copy(memhost_tests::plugin("rag"), &stray).unwrap();
    swap(stray.to_str().unwrap())
        .fails(1)
        .complains(&["in none of the folders", "plugin_folders"]);
    swap("broken.wasm").fails(1).complains(&["no plugin file"]);
    let broken = place.slot(
        &server,
        &[
            "swap",
            "desk",
            "broken",
            "--mode",
            "fresh",
            "--set",
            "fault=ignores-the-budget",
        ],
    );
    broken
        .fails(1)
        .complains(&["does not keep the contract", "budget"]);
    place
        .slot(&server, &["rollback", "desk", "--to", "7"])
        .fails(2)
        .complains(&["no-such-generation"]);
    place
        .slot(&server, &["history", "elsewhere"])
        .fails(2)
        .complains(&["no-such-slot"]);
    place
        .slot(&server, &["list"])
        .succeeds()
        .says(&["generation 1"]);

    // A second server on the store is refused, and says why.
    let second = place.command(&["serve", "--store", "memory", "--listen", "127.0.0.1:0"]);
    let second = Said::from({ second }.output().unwrap());
    second.fails(1).complains(&["live"]);
    assert_eq!(server.end(), Some(0));
    place
        .command(&["slot", "list", "--url", "http://127.0.0.1:9"])
        .output()
        .map(Said::from)
        .unwrap()
        .fails(1)
        .complains(&["no server answers", "memhost serve"]);
}

#[test]
fn a_server_that_cannot_begin_says_what_to_do() {
    let place = Place::new();
    let serve = |arguments: &[&str]| {
        let all = ["serve", "--store", "memory", "--listen", "127.0.0.1:0"];
        place.memhost(&[&all[..], arguments].concat())
    };
    serve(&[])
        .fails(2)
        .complains(&["there is no slot", "--slot NAME=PLUGIN"]);
    serve(&["--slot", "desk"])
        .fails(2)
        .complains(&["NAME=PLUGIN"]);
    serve(&["--slot", "a/b=rag"])
        .fails(2)
        .complains(&["is no name"]);
    serve(&["--slot", "desk=nobody"])
        .fails(2)
        .complains(&["no plugin is called"]);
    serve(&["--slot", "desk=rag", "--set", "desk.k=many"])
        .fails(2)
        .complains(&["`rag.k`"]);
    serve(&["--slot", "desk=rag", "--set", "other.k=1"])
        .fails(2)
        .complains(&["other"]);
    place
        .memhost(&["serve", "--store", "s3://bucket/x", "--slot", "desk=rag"])
        .fails(2)
        .complains(&["object store"]);
    place
        .memhost(&[
            "serve",
            "--store",
            "memory",
            "--slot",
            "desk=rag",
            "--listen",
            "0.0.0.0:0",
        ])
        .fails(1)
        .complains(&["can be reached from other machines"]);
}

/// Agents work; strategies are swapped, one of them traps; the process is killed. No call fails but those that were under
/// way at a kill, and nothing that was acknowledged is lost.
#[test]
fn under_load_swaps_and_kills_lose_nothing_that_was_acknowledged() {
    let place = Place::new();
    let serve = place.serve(&["--slot", "desk=rag", "--no-check"]);
    let mut server = serve.start();
    let address = server.address();
    alone(async {
        let load = Load {
            tenants: 4,
            ..Load::new(server.url(), "desk", AGENTS, Work::Both)
        };
        let at_work = load.begin();
        let mut swaps = 0;
        for second in 0..SECONDS {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if second == 3 || second == 7 {
                drop(server);
                server = place.serve(&["--no-check"]).start_at(&address);
                continue;
            }
            let k = format!("k={}", 1 + second % 4);
            let swap = ["swap", "desk", "rag", "--mode", "inherit", "--set", &k];
            place.slot(&server, &swap).succeeds();
            swaps += 1;
        }
        let seen = at_work.stop().await;
        println!(
            "{} retrieves, {} records, {swaps} swaps, {} broken",
            seen.retrieves.len(),
            seen.records.len(),
            seen.broken
        );
        assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong.first());
        assert!(seen.kept.len() > 200, "{}", seen.kept.len());
        for tenant in 0..4 {
            load.learnt(&memhost_testing::load::tenant(tenant)).await;
        }
        let client = Client::new();
        for (tenant, attempt) in &seen.kept {
            let address = format!("{}/v1/slots/desk/attempts/{attempt}", server.url());
            let asked = client.get(address).header("Memhost-Tenant", tenant);
            let answer = asked.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{tenant} {attempt}");
            let answer: Value = answer.json().await.unwrap();
            assert!(answer["outcome"]["verdict"].is_string(), "{answer}");
        }

        // One that always traps answers empty, says so, and gives way.
        let hostile = [
            "swap", "desk", "hostile", "--mode", "fresh", "--set", "do=panic",
        ];
        place.slot(&server, &hostile).succeeds();
        let mut degraded = 0;
        for _ in 0..200 {
            let told = ask(&server, "charged twice", None).await;
            degraded += usize::from(told["degraded"].is_string());
            if told["degraded"].is_null() {
                break;
            }
        }
        assert!((20..200).contains(&degraded), "{degraded}");
        assert_eq!(server.end(), Some(0));
    });
}

#[test]
fn a_new_build_of_a_watched_plugin_answers_and_a_broken_one_does_not() {
    let place = Place::new();
    let built = place.path("mine.wasm");
    std::fs::copy(memhost_tests::plugin("rag"), &built).unwrap();
    let server = place
        .serve(&["--slot", "desk=./mine.wasm", "--watch"])
        .start();
    let generation = || {
        let listed = place.slot(&server, &["list", "--format", "json"]);
        let listed = listed.succeeds().json();
        let generation = &listed[0]["generation"];
        (
            generation["strategy"].as_str().unwrap().to_owned(),
            generation["number"].as_u64().unwrap(),
        )
    };
    assert_eq!(generation(), ("rag".to_owned(), 1));
    std::fs::write(&built, b"no component").unwrap();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(generation(), ("rag".to_owned(), 1));
    std::fs::copy(memhost_tests::plugin("recency"), &built).unwrap();
    for _ in 0..120 {
        if generation().1 == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(generation(), ("recency".to_owned(), 2));
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_plugin_that_is_lost_takes_no_other_slot_along_and_is_mended_by_its_like() {
    let place = Place::new();
    let slots = ["--slot", "desk=rag", "--slot", "other=recency"];
    let server = place.serve(&slots).start();
    alone(async {
        let record = json!({"task": {"text": "refund"}, "answer": "refunded", "wait": "learnt"});
        let (status, _) = post(&server, "/v1/slots/desk/record", record).await;
        assert_eq!(status, 200);
    });
    let listed = place
        .slot(&server, &["list", "--format", "json"])
        .succeeds()
        .json();
    let digest = |slot: usize| {
        listed[slot]["generation"]["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let file = place.path(&format!(
        "memory/plugins/{}.wasm",
        &digest(0)["sha256:".len()..]
    ));
    assert_eq!(server.end(), Some(0));
    std::fs::write(&file, b"no component").unwrap();

    let server = place.serve(&[]).start();
    let sequence = alone(async {
        let told = ask(&server, "refund", None).await;
        assert!(told["degraded"].is_string(), "{told}");
        let record = json!({"task": {"text": "kept"}, "answer": "meanwhile"});
        let (status, kept) = post(&server, "/v1/slots/desk/record", record).await;
        assert_eq!(status, 202);
        let other = json!({"task": {"text": "refund"}});
        let (status, told) = post(&server, "/v1/slots/other/retrieve", other).await;
        assert_eq!((status, &told["degraded"]), (200, &Value::Null));
        kept["sequence"].as_u64()
    });
    assert_eq!(server.end(), Some(0));

    // The same plugin, by its name.
    let server = place.serve(&slots).start();
    alone(async {
        let told = ask(&server, "kept meanwhile", sequence).await;
        assert_eq!(told["degraded"], Value::Null);
        assert!(
            told["text"].as_str().unwrap().contains("meanwhile"),
            "{told}"
        );
    });
    assert_eq!(server.end(), Some(0));
}
