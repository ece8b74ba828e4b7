use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::join_all;
use memhost_contract::model::NoModel;
use memhost_contract::{Message, Reply, Speaker};
use memhost_testing::loopback::{Loopback, Turn};

use super::*;
use crate::endpoint::{ApiKey, Endpoint, EndpointSettings};
use crate::model::{ModelSettings, OpenAiModel};

/// Numbers its replies over all scopes; answers the later the earlier it was asked. Fails on "bad", and never
/// answers "slow".
#[derive(Default)]
struct Numbering(AtomicU32);

#[async_trait]
impl LanguageModel for Numbering {
    fn name(&self) -> &str {
        "numbering"
    }

    fn caveat(&self) -> Option<&str> {
        Some("it counts")
    }

    async fn ready(&self) -> Result<(), Fault> {
        Err(Fault::Unavailable("not in a replay".to_owned()))
    }

    async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        match request.messages[0].text.as_str() {
            "bad" => return Err(Fault::Unavailable(format!("down {number}"))),
            "slow" => std::future::pending::<()>().await,
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(u64::from(
            20_u32.saturating_sub(number),
        )))
        .await;
        Ok(Reply {
            text: format!("{} {number}", request.messages[0].text),
            input_tokens: 1,
            output_tokens: 2,
        }
        .into())
    }
}

fn request(text: &str) -> Request {
    Request {
        role: Role::Judge,
        messages: vec![Message {
            speaker: Speaker::User,
            text: text.to_owned(),
        }],
        temperature: Some(0.7),
        max_tokens: None,
        schema: None,
        purpose: "judge".to_owned(),
    }
}

fn numbering() -> Models {
    Models::all(Arc::new(Numbering::default()))
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("run.cassette")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }
}

async fn ask(models: &Models, texts: &[&str]) -> Vec<Result<Completion, Fault>> {
    let requests: Vec<Request> = texts.iter().map(|text| request(text)).collect();
    join_all(
        requests
            .iter()
            .map(|request| models.judge.complete(request)),
    )
    .await
}

/// Records one scope with these requests, all at once.
async fn recorded(place: &Place, texts: &[&str]) -> Vec<Result<Completion, Fault>> {
    let models = numbering();
    let cassette = Cassette::record(&place.file(), &models).unwrap();
    let answers = ask(&cassette.models(&models, "a"), texts).await;
    cassette.finish("a").unwrap();
    answers
}

#[tokio::test]
async fn a_replay_gives_every_answer_again_whatever_the_order_they_came_in() {
    let place = Place::new();
    let asked = ["x", "y", "x", "bad", "x", "bad"];
    let answers = recorded(&place, &asked).await;
    assert_ne!(
        answers[0], answers[2],
        "the same question has another answer"
    );
    for _ in 0..2 {
        let cassette = Cassette::replay(&place.file()).unwrap();
        let stand_ins = cassette.recorded_models();
        assert_eq!(stand_ins.judge.name(), "numbering");
        assert_eq!(stand_ins.judge.caveat(), Some("it counts"));
        let models = cassette.models(&stand_ins, "a");
        assert_eq!(models.ready().await, Ok(()), "a replay needs nobody");
        assert_eq!(models.judge.name(), "numbering");
        assert_eq!(ask(&models, &asked).await, answers);
        cassette.finish("a").unwrap();
        assert!(cassette.trouble().is_none());
        assert!(cassette.unused().is_empty());
    }
}

#[tokio::test]
async fn scopes_that_run_side_by_side_never_swap_replies() {
    let place = Place::new();
    let models = numbering();
    let cassette = Cassette::record(&place.file(), &models).unwrap();
    let (a, b) = (cassette.models(&models, "a"), cassette.models(&models, "b"));
    let of_a = ask(&a, &["x"]).await;
    let of_b = ask(&b, &["x", "x"]).await;
    let more_of_a = ask(&a, &["x"]).await;
    cassette.finish("a").unwrap();
    cassette.finish("b").unwrap();

    let cassette = Cassette::replay(&place.file()).unwrap();
    let stand_ins = cassette.recorded_models();
    let (b, a) = (
        cassette.models(&stand_ins, "b"),
        cassette.models(&stand_ins, "a"),
    );
    assert_eq!(ask(&a, &["x", "x"]).await, [of_a, more_of_a].concat());
    assert_eq!(ask(&b, &["x", "x"]).await, of_b);
}

#[tokio::test]
async fn the_number_of_a_request_is_taken_when_it_is_made() {
    let place = Place::new();
    let answers = recorded(&place, &["x", "x"]).await;
    let cassette = Cassette::replay(&place.file()).unwrap();
    let models = cassette.models(&cassette.recorded_models(), "a");
    let x = request("x");
    let (first, second) = (models.judge.complete(&x), models.judge.complete(&x));
    assert_eq!(second.await, answers[1]);
    assert_eq!(first.await, answers[0]);
}

#[tokio::test]
async fn a_miss_names_the_request_and_makes_the_scope_fail() {
    let place = Place::new();
    recorded(&place, &["x"]).await;
    let cassette = Cassette::replay(&place.file()).unwrap();
    let stand_ins = cassette.recorded_models();
    let models = cassette.models(&stand_ins, "a");
    let answers = ask(&models, &["x", "x"]).await;
    assert!(answers[0].is_ok());
    let Err(Fault::Unavailable(told)) = &answers[1] else {
        panic!("{answers:?}");
    };
    for expected in [
        "run.cassette` does not hold a call of `a`: ",
        "purpose `judge`, role `judge`, model `numbering`, asked for time 2",
        "begins `x`",
        "record it again",
    ] {
        assert!(told.contains(expected), "no `{expected}` in {told}");
    }
    assert_eq!(&cassette.finish("a").unwrap_err().to_string(), told);
    assert_eq!(&cassette.trouble().unwrap().to_string(), told);

    let elsewhere = cassette.models(&stand_ins, "b");
    ask(&elsewhere, &["x"]).await;
    let told = cassette.finish("b").unwrap_err().to_string();
    assert!(
        told.contains("`b`, which was not recorded to its end"),
        "{told}"
    );
}

#[tokio::test]
async fn any_difference_in_the_request_is_another_request() {
    let place = Place::new();
    recorded(&place, &["x"]).await;
    let change: [fn(&mut Request); 6] = [
        |request| request.role = Role::Agent,
        |request| request.messages[0].speaker = Speaker::System,
        |request| request.temperature = None,
        |request| request.max_tokens = Some(1),
        |request| request.schema = Some("true".to_owned()),
        |request| request.purpose.push('2'),
    ];
    for change in change {
        let cassette = Cassette::replay(&place.file()).unwrap();
        let models = cassette.models(&cassette.recorded_models(), "a");
        let mut changed = request("x");
        change(&mut changed);
        assert!(
            models.judge.complete(&changed).await.is_err(),
            "{changed:?}"
        );
    }
}

#[tokio::test]
async fn what_nobody_waited_for_is_waited_for_again_in_vain() {
    let place = Place::new();
    let models = numbering();
    let cassette = Cassette::record(&place.file(), &models).unwrap();
    let recording = cassette.models(&models, "a");
    let slow = request("slow");
    let gave_up = tokio::time::timeout(Duration::from_millis(10), recording.judge.complete(&slow));
    assert!(gave_up.await.is_err());
    cassette.finish("a").unwrap();

    let cassette = Cassette::replay(&place.file()).unwrap();
    let models = cassette.models(&cassette.recorded_models(), "a");
    assert!(models.judge.complete(&slow).now_or_never().is_none());
    assert!(cassette.trouble().is_none(), "that is no miss");
}

#[tokio::test]
async fn what_was_recorded_and_not_asked_for_is_counted() {
    let place = Place::new();
    recorded(&place, &["x", "x", "y"]).await;
    let cassette = Cassette::replay(&place.file()).unwrap();
    assert!(cassette.unused().is_empty(), "nothing has been opened");
    let models = cassette.models(&cassette.recorded_models(), "a");
    ask(&models, &["x"]).await;
    assert_eq!(cassette.unused(), [("a".to_owned(), 2)]);
}

#[tokio::test]
async fn a_recording_that_was_killed_is_not_replayed_and_can_be_gone_on_with() {
    let place = Place::new();
    recorded(&place, &["x"]).await;
    let models = numbering();
    let cassette = Cassette::record(&place.file(), &models).unwrap();
    assert!(cassette.holds("a") && !cassette.holds("b"));
    ask(&cassette.models(&models, "b"), &["x", "y"]).await;
    drop(cassette);
    let torn = &place.text()[..place.text().len() - 10];
    std::fs::write(place.file(), torn).unwrap();

    let cassette = Cassette::replay(&place.file()).unwrap();
    assert!(cassette.holds("a") && !cassette.holds("b"));

    let cassette = Cassette::record(&place.file(), &models).unwrap();
    let again = ask(&cassette.models(&models, "b"), &["x"]).await;
    cassette.finish("b").unwrap();
    let cassette = Cassette::replay(&place.file()).unwrap();
    let models = cassette.models(&cassette.recorded_models(), "b");
    assert_eq!(ask(&models, &["x"]).await, again);
    assert!(
        ask(&models, &["y"]).await[0].is_err(),
        "what was recorded before the kill is void"
    );
}

#[tokio::test]
async fn a_file_that_is_no_cassette_of_these_models_is_refused_and_left_alone() {
    let place = Place::new();
    let models = numbering();
    for (text, expected) in [
        (
            "mine",
            "does not begin with a line that can be a cassette's header",
        ),
        ("my own\nnotes\n", "does not begin with a cassette's header"),
        (
            "{\"memhost-cassette\":2}\n",
            "it has format 2, and this memhost reads format 1",
        ),
        ("{\"memhost-cassette\":1}\n", "its header is damaged"),
    ] {
        std::fs::write(place.file(), text).unwrap();
        for result in [
            Cassette::record(&place.file(), &models),
            Cassette::replay(&place.file()),
        ] {
            let told = result.err().unwrap().to_string();
            assert!(told.contains(expected), "{told}");
        }
        assert_eq!(place.text(), text);
    }
    std::fs::remove_file(place.file()).unwrap();
    assert!(Cassette::replay(&place.file()).is_err());

    recorded(&place, &["x"]).await;
    let before = place.text();
    let others = Models::all(Arc::new(NoModel));
    let told = Cassette::record(&place.file(), &others)
        .err()
        .unwrap()
        .to_string();
    assert!(
        told.contains("judge `numbering`") && told.contains("judge `none`"),
        "{told}"
    );
    assert_eq!(place.text(), before);
}

#[tokio::test]
async fn a_damaged_line_is_named() {
    let place = Place::new();
    recorded(&place, &["x"]).await;
    let damaged = place
        .text()
        .replace("\"occurrence\":0", "\"occurrence\":-1");
    std::fs::write(place.file(), damaged).unwrap();
    let told = Cassette::replay(&place.file()).err().unwrap().to_string();
    assert!(
        told.contains("line 3 of cassette") && told.contains("is damaged"),
        "{told}"
    );
}

#[tokio::test]
async fn a_cassette_never_holds_a_key_even_if_the_endpoint_repeats_it() {
    const KEY: &str = "sk-very-secret-0123456789";
    let place = Place::new();
    let server = Loopback::answering(|heard| {
        let authorization = heard.head.lines().find(|line| line.starts_with("authorization"));
        Turn::json(serde_json::json!({
            "choices": [{"message": {"content": format!("You sent {}", authorization.unwrap_or_default())}}]
        }))
    })
    .await;
    let endpoint = Endpoint::new(EndpointSettings::at(server.url()), ApiKey::new(KEY).ok());
    let model = OpenAiModel::new(
        Arc::new(endpoint.unwrap()),
        "small",
        ModelSettings::default(),
    );
    let models = Models::all(Arc::new(model));
    let cassette = Cassette::record(&place.file(), &models).unwrap();
    let answers = ask(&cassette.models(&models, "a"), &["What did I send?"]).await;
    assert!(
        answers[0].as_ref().unwrap().reply.text.contains("[key]"),
        "{answers:?}"
    );
    cassette.finish("a").unwrap();
    assert!(server.heard()[0].head.contains(KEY));
    assert!(!place.text().contains(KEY), "{}", place.text());
}
