//! Load on a running server: agents that ask, work and tell, and what they have measured.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// What the agents do, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Ask.
    Retrieve,
    /// Tell of something that nobody was asked about.
    Record,
    /// Ask, and tell of what was done.
    Both,
}

/// Agents at work on a server.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where the server is.
    pub url: String,
    /// The slot.
    pub slot: String,
    /// How many agents.
    pub agents: usize,
    /// Over how many tenants they are spread.
    pub tenants: usize,
    /// What they do.
    pub work: Work,
    /// How often each of them begins anew, at most; zero: as soon as it is answered.
    pub every: Duration,
    /// How long they wait for a server that is gone.
    pub patience: Duration,
}

/// What agents have seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// How long each `retrieve` took.
    pub retrieves: Vec<Duration>,
    /// How long each `record` took.
    pub records: Vec<Duration>,
    /// What was acknowledged: tenant and attempt.
    pub kept: Vec<(String, String)>,
    /// Connections that broke: the server was killed.
    pub broken: usize,
    /// What a server that is there should never answer.
    pub wrong: Vec<String>,
}

/// Agents who are at work until they are told to stop.
pub struct AtWork {
    stop: Arc<AtomicBool>,
    agents: Vec<tokio::task::JoinHandle<Seen>>,
    done: Arc<AtomicUsize>,
    /// The `retrieve`s since somebody looked.
    latest: Arc<Mutex<Vec<Duration>>>,
}

impl AtWork {
    /// The times of the `retrieve`s since this was asked last.
    pub fn latest(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.latest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many requests were answered.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Stops them, and returns what they have seen.
    pub async fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for agent in self.agents {
            let seen = agent.await.expect("an agent");
            all.retrieves.extend(seen.retrieves);
            all.records.extend(seen.records);
            all.kept.extend(seen.kept);
            all.broken += seen.broken;
            all.wrong.extend(seen.wrong);
        }
        all
    }
}

impl Load {
    /// Agents on a slot of a server.
    pub fn new(url: &str, slot: &str, agents: usize, work: Work) -> Load {
        Load {
            url: url.to_owned(),
            slot: slot.to_owned(),
            agents,
            tenants: 1,
            work,
            every: Duration::ZERO,
            patience: Duration::from_secs(60),
        }
    }

    /// Has the agents begin.
    pub fn begin(&self) -> AtWork {
        let stop = Arc::new(AtomicBool::new(false));
        let (done, latest) = (Arc::default(), Arc::default());
        let agents = (0..self.agents).map(|number| {
            let agent = Agent {
                load: self.clone(),
                client: client(),
                tenant: tenant(number % self.tenants.max(1)),
                seen: Seen::default(),
                stop: stop.clone(),
                done: Arc::clone(&done),
                latest: Arc::clone(&latest),
            };
            tokio::spawn(agent.work(number))
        });
        AtWork {
            agents: agents.collect(),
            stop,
            done,
            latest,
        }
    }

    /// Has the agents work for so long.
    pub async fn run(&self, time: Duration) -> Seen {
        let at_work = self.begin();
        tokio::time::sleep(time).await;
        at_work.stop().await
    }

    /// Tells of so many attempts, and returns when they are learnt from.
    ///
    /// # Panics
    /// The server does not do that.
    pub async fn fill(&self, attempts: usize) {
        let next = Arc::new(AtomicUsize::new(0));
        let agents = (0..self.agents.max(1)).map(|_| {
            let (load, next, client) = (self.clone(), next.clone(), client());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= attempts {
                        return;
                    }
                    let told = load.record(number, None);
                    let answer = load.post(&client, "record", &tenant(0), &told).await;
                    let (status, body) = answer.expect("the server answers");
                    assert!(status.is_success(), "{status}: {body}");
                }
            })
        });
        for agent in agents.collect::<Vec<_>>() {
            agent.await.expect("an agent");
        }
        self.learnt(&tenant(0)).await;
    }

    /// Returns when all that was told of a tenant is learnt from.
    ///
    /// # Panics
    /// That takes more than ten minutes.
    pub async fn learnt(&self, tenant: &str) {
        let client = client();
        let started = Instant::now();
        loop {
            let slot = client.get(format!("{}/v1/slots/{}", self.url, self.slot));
            let standing: Value = match slot.send().await {
                Ok(answer) => answer.json().await.expect("JSON"),
                Err(error) => panic!("{error}"),
            };
            let seats = standing["seats"].as_array().cloned().unwrap_or_default();
            let seat = seats.iter().find(|seat| seat["tenant"] == tenant);
            if seat.is_none_or(|seat| seat["learnt"].as_u64() >= seat["happened"].as_u64()) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(600), "{standing}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn record(&self, number: usize, attempt: Option<&str>) -> Value {
        let mut told = json!({
            "task": task(number),
            "steps": [
                {"actor": "action", "name": "find_order", "text": format!("{{\"order\": {number}}}")},
                {"actor": "observation", "name": "find_order", "text": "it was paid twice"},
            ],
            "answer": format!("refunded order {number}"),
            "outcome": {"verdict": if number.is_multiple_of(3) { "failure" } else { "success" }},
        });
        if let Some(attempt) = attempt {
            told["attempt"] = attempt.into();
        }
        told
    }

    async fn post(
        &self,
        client: &Client,
        call: &str,
        tenant: &str,
        body: &Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let request = client.post(format!("{}/v1/slots/{}/{call}", self.url, self.slot));
        let answer = request
            .header("Memhost-Tenant", tenant)
            .json(body)
            .send()
            .await?;
        Ok((answer.status(), answer.json().await?))
    }
}

/// What an agent is to do. No two are the same.
fn task(number: usize) -> Value {
    json!({
        "text": format!("customer {} was charged twice for order {number} and wants the money back", number % 97),
    })
}

fn client() -> Client {
    let client = Client::builder().timeout(Duration::from_secs(60)).build();
    client.expect("a client")
}

/// The name of a tenant.
pub fn tenant(number: usize) -> String {
    match number {
        0 => "_".to_owned(),
        number => format!("tenant-{number}"),
    }
}

struct Agent {
    load: Load,
    client: Client,
    tenant: String,
    seen: Seen,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    latest: Arc<Mutex<Vec<Duration>>>,
}

impl Agent {
    async fn work(mut self, number: usize) -> Seen {
        let mut turn = tokio::time::interval(self.load.every.max(Duration::from_nanos(1)));
        for round in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            if !self.load.every.is_zero() {
                turn.tick().await;
            }
            let number = 1_000_000 + number * 100_000 + round;
            let attempt = match self.load.work {
                Work::Record => None,
                Work::Retrieve | Work::Both => {
                    let ask = json!({ "task": task(number) });
                    let Some(told) = self.ask("retrieve", &ask, false).await else {
                        continue;
                    };
                    Some(told["attempt"].as_str().unwrap_or_default().to_owned())
                }
            };
            if self.load.work != Work::Retrieve {
                let told = self.load.record(number, attempt.as_deref());
                if let Some(kept) = self.ask("record", &told, attempt.is_some()).await {
                    let attempt = kept["attempt"].as_str().unwrap_or_default();
                    self.seen
                        .kept
                        .push((self.tenant.clone(), attempt.to_owned()));
                }
            }
        }
        self.seen
    }

    /// Asks once, and again where the connection broke, if that is safe; else whoever asks begins anew.
    async fn ask(&mut self, call: &str, body: &Value, is_safe: bool) -> Option<Value> {
        let patience = Instant::now() + self.load.patience;
        loop {
            let started = Instant::now();
            let answer = self.load.post(&self.client, call, &self.tenant, body).await;
            let took = started.elapsed();
            match answer {
                Ok((status, answer)) if status.is_success() => {
                    if let Some(degraded) = answer.get("degraded") {
                        self.seen.wrong.push(format!("{call}: {degraded}"));
                    }
                    self.done.fetch_add(1, Ordering::Relaxed);
                    if call == "retrieve" {
                        self.seen.retrieves.push(took);
                        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
                        latest.push(took);
                    } else {
                        self.seen.records.push(took);
                    }
                    return Some(answer);
                }
                // The same request again is safe, and this says so.
                Ok((status, _)) if status == StatusCode::SERVICE_UNAVAILABLE => {}
                Ok((status, answer)) if answer["type"] == "/problems/in-flight" => {
                    assert_eq!(status, StatusCode::CONFLICT);
                }
                Ok((status, answer)) => {
                    self.seen.wrong.push(format!("{call}: {status}: {answer}"));
                    return None;
                }
                Err(_) => self.seen.broken += 1,
            }
            if self.stop.load(Ordering::Relaxed) || Instant::now() > patience {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            if !is_safe {
                return None;
            }
        }
    }
}

/// The time that so many of a hundred stayed below; zero for none.
pub fn percentile(times: &mut [Duration], percent: f64) -> Duration {
    times.sort_unstable();
    let place = (times.len() as f64 * percent / 100.0).ceil() as usize;
    let place = place.saturating_sub(1);
    times.get(place).copied().unwrap_or_default()
}
