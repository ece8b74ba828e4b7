use std::num::NonZeroU64;
use std::time::Duration;

use memhost_testing::loopback::{Heard, Loopback, Turn, nobody};
use serde_json::{Value, json};

use super::*;
use crate::endpoint::EndpointSettings;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

fn endpoint(url: String) -> Arc<Endpoint> {
    let settings = EndpointSettings {
        retries: 1,
        retry_delay_ms: NonZeroU64::new(1).unwrap(),
        concurrency: NonZeroUsize::new(2).unwrap(),
        ..EndpointSettings::at(url)
    };
    Arc::new(Endpoint::new(settings, None).unwrap())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Answers with `[length, 0, 0]` for each text, in reverse order, as the index allows.
fn lengths(heard: &Heard) -> Turn {
    let input = heard.body["input"].as_array().unwrap();
    let vector = |(index, text): (usize, &Value)| json!({"index": index, "embedding": [text.as_str().unwrap().len(), 0, index]});
    let mut data: Vec<Value> = input.iter().enumerate().map(vector).collect();
    data.reverse();
    Turn::json(json!({"data": data}))
}

async fn connect(
    server: &Loopback,
    options: EmbeddingOptions,
) -> Result<OpenAiEmbedder, EmbeddingError> {
    OpenAiEmbedder::connect(endpoint(server.url()), "small", options).await
}

fn three() -> EmbeddingOptions {
    EmbeddingOptions {
        dimension: NonZeroUsize::new(3),
        ..EmbeddingOptions::default()
    }
}

fn steady(error: EmbeddingError) -> String {
    let text = error.to_string();
    let (before, port) = text.split_once("127.0.0.1:").unwrap();
    format!(
        "{before}127.0.0.1:PORT{}",
        port.trim_start_matches(|c: char| c.is_ascii_digit())
    )
}

#[tokio::test]
async fn the_dimension_is_asked_for_unless_it_is_known() {
    let server = Loopback::answering(lengths).await;
    let asked = connect(&server, EmbeddingOptions::default()).await.unwrap();
    assert_eq!(asked.identity().name, "openai:small");
    assert_eq!(asked.identity().dimension, 3);
    assert_eq!(server.heard().len(), 1);
    connect(&server, three()).await.unwrap();
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn vectors_come_in_the_order_of_texts_and_at_unit_length() {
    let server = Loopback::answering(lengths).await;
    let embedder = connect(&server, three()).await.unwrap();
    let vectors = embedder
        .embed(&texts(&["aaa", "aaaa"]), Side::Document)
        .await
        .unwrap()
        .vectors;
    assert_eq!(vectors[0], [1.0, 0.0, 0.0]);
    let expected = [4.0 / 17_f32.sqrt(), 0.0, 1.0 / 17_f32.sqrt()];
    assert!(
        vectors[1]
            .iter()
            .zip(expected)
            .all(|(x, y)| (x - y).abs() < 1e-6)
    );
    assert_eq!(
        server.heard()[0].body,
        json!({"model": "small", "input": ["aaa", "aaaa"], "encoding_format": "float"})
    );
}

#[tokio::test]
async fn many_texts_go_in_batches_and_keep_their_places() {
    let server = Loopback::answering(|heard| match lengths(heard) {
        Turn::Say(status, _, body) => Turn::SayLater(Duration::from_millis(5), status, body),
        other => other,
    })
    .await;
    let options = EmbeddingOptions {
        batch: NonZeroUsize::new(1).unwrap(),
        ..three()
    };
    let embedder = connect(&server, options).await.unwrap();
    let many = texts(&["a", " ", "aa", "", "aaa", "\t\n", "aaaa"]);
    let vectors = embedder.embed(&many, Side::Document).await.unwrap().vectors;
    let zero: Vec<bool> = vectors.iter().map(|vector| vector[0] == 0.0).collect();
    assert_eq!(zero, [false, true, false, true, false, true, false]);
    let heard = server.heard();
    assert_eq!(heard.len(), 4, "blank texts are not sent");
    assert!(server.busiest() <= 2);
}

#[tokio::test]
async fn nothing_is_asked_for_nothing() {
    let server = Loopback::start([]).await;
    let embedder = connect(&server, three()).await.unwrap();
    let nothing = embedder.embed(&[], Side::Query).await.unwrap();
    assert_eq!(nothing, Embedded::default());
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn each_side_gets_its_prefix_and_the_endpoint_the_dimension_where_asked() {
    let server = Loopback::answering(lengths).await;
    let options = EmbeddingOptions {
        request_dimension: true,
        query_prefix: "query: ".to_owned(),
        document_prefix: "passage: ".to_owned(),
        ..three()
    };
    let embedder = connect(&server, options).await.unwrap();
    embedder.embed(&texts(&["a"]), Side::Query).await.unwrap();
    embedder
        .embed(&texts(&["a"]), Side::Document)
        .await
        .unwrap();
    let heard = server.heard();
    assert_eq!(heard[0].body["input"], json!(["query: a"]));
    assert_eq!(heard[1].body["input"], json!(["passage: a"]));
    assert_eq!(heard[0].body["dimensions"], 3);
}

#[tokio::test]
async fn replies_that_are_no_vectors_for_the_texts_are_reported() {
    let replies = [
        json!({"data": []}),
        json!({"data": [{"index": 0, "embedding": [1.0, 2.0]}]}),
        json!({"data": [{"index": 0, "embedding": [1e39, 0.0, 0.0]}]}),
        json!({"data": [{"index": 0, "embedding": "AAAA"}]}),
        json!({"data": [{"index": 0, "embedding": "no base64"}]}),
        json!({"vectors": [[1.0]]}),
    ];
    let server = Loopback::start(replies.map(Turn::json)).await;
    let embedder = connect(&server, three()).await.unwrap();
    let mut told = String::new();
    for _ in 0..6 {
        told += &steady(
            embedder
                .embed(&texts(&["a"]), Side::Query)
                .await
                .unwrap_err(),
        );
        told += "\n";
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_named_when_it_is_asked_for_its_dimension() {
    let error = OpenAiEmbedder::connect(
        endpoint(nobody().await),
        "small",
        EmbeddingOptions::default(),
    )
    .await
    .err()
    .unwrap();
    insta::assert_snapshot!(steady(error));
}

/// What a server takes, in bytes and texts, and how it refuses the rest.
#[derive(Debug, Clone, Copy)]
struct Takes {
    longest: usize,
    bytes: usize,
    texts: usize,
}

/// A server that takes no more, and embeds a text as its length and its first letter.
fn taking(takes: Takes, refusal: Turn) -> impl Fn(&Heard) -> Turn + Send + Sync + 'static {
    move |heard| {
        let input = heard.body["input"].as_array().unwrap();
        let lengths = input.iter().map(|text| text.as_str().unwrap().len());
        if lengths.clone().any(|length| length > takes.longest)
            || lengths.clone().sum::<usize>() > takes.bytes
            || lengths.len() > takes.texts
        {
            return refusal.clone();
        }
        let vector = |text: &Value| {
            let text = text.as_str().unwrap();
            json!({"embedding": [text.len(), text.as_bytes()[0], 1]})
        };
        Turn::json(json!({"data": input.iter().map(vector).collect::<Vec<_>>()}))
    }
}

fn refusing(status: u16, message: &str) -> Turn {
    Turn::status(status, &json!({"error": {"message": message}}).to_string())
}

const NO_LIMIT: Takes = Takes {
    longest: usize::MAX,
    bytes: usize::MAX,
    texts: usize::MAX,
};

/// How many bytes of a text were embedded, as its vector tells.
fn embedded_bytes(vector: &[f32]) -> usize {
    (vector[0] / vector[2]).round() as usize
}

#[tokio::test]
async fn a_text_over_the_limit_is_cut_counted_and_costs_no_other_its_vector() {
    let takes = Takes {
        longest: 400,
        ..NO_LIMIT
    };
    for refusal in [
        refusing(400, "this input has 143 tokens, and the model takes 100"),
        refusing(413, ""),
        refusing(422, "inputs must have less than 100 tokens"),
        refusing(500, "the input length exceeds the context length"),
        Turn::json(json!({"error": "the prompt is too long"})),
    ] {
        let server = Loopback::answering(taking(takes, refusal)).await;
        let embedder = connect(&server, three()).await.unwrap();
        let long = "a long text. ".repeat(100);
        let all = texts(&["a", "bb", &long, "dddd", &format!("é{long}"), "fff"]);
        let found = embedder.embed(&all, Side::Document).await.unwrap();
        assert_eq!(found.cut, [2, 4]);
        for (text, vector) in all.iter().zip(&found.vectors) {
            let bytes = embedded_bytes(vector);
            match text.len() {
                short @ ..=400 => assert_eq!(bytes, short),
                _ => assert!((200..=400).contains(&bytes), "{bytes}"),
            }
        }
        // What is learnt holds: soon nothing is asked for twice, and nearly all that is taken is sent.
        for _ in 0..4 {
            embedder.embed(&all, Side::Query).await.unwrap();
        }
        let before = server.heard().len();
        let again = embedder.embed(&all, Side::Query).await.unwrap();
        assert_eq!(again.cut, [2, 4]);
        assert_eq!(server.heard().len(), before + 1);
        let bytes = embedded_bytes(&again.vectors[2]);
        assert!((350..=400).contains(&bytes), "{bytes}");
    }
}

#[tokio::test]
async fn a_request_over_the_limit_is_made_smaller_and_nothing_is_cut() {
    for takes in [
        Takes {
            bytes: 600,
            ..NO_LIMIT
        },
        Takes {
            texts: 10,
            ..NO_LIMIT
        },
    ] {
        let server = Loopback::answering(taking(takes, refusing(400, "invalid parameter"))).await;
        let embedder = connect(&server, three()).await.unwrap();
        let all: Vec<String> = (1..=200)
            .map(|number| "x".repeat(1 + number % 90))
            .collect();
        let found = embedder.embed(&all, Side::Document).await.unwrap();
        assert!(found.cut.is_empty());
        let bytes: Vec<usize> = found.vectors.iter().map(|v| embedded_bytes(v)).collect();
        assert_eq!(bytes, all.iter().map(String::len).collect::<Vec<_>>());
        let before = server.heard().len();
        embedder.embed(&all, Side::Document).await.unwrap();
        let requests = server.heard().len() - before;
        assert!(
            requests <= 45,
            "{requests} requests for 200 texts the second time"
        );
    }
}

#[tokio::test]
async fn a_server_that_leaves_out_what_is_too_much_is_sent_less() {
    let server = Loopback::answering(|heard| {
        let mut input = heard.body["input"].as_array().unwrap().clone();
        input.truncate(5);
        let vector = |text: &Value| json!({"embedding": [text.as_str().unwrap().len(), 0, 1]});
        Turn::json(json!({"data": input.iter().map(vector).collect::<Vec<_>>()}))
    })
    .await;
    let embedder = connect(&server, three()).await.unwrap();
    let all: Vec<String> = (1..30).map(|length| "x".repeat(length)).collect();
    let found = embedder.embed(&all, Side::Document).await.unwrap();
    let bytes: Vec<usize> = found.vectors.iter().map(|v| embedded_bytes(v)).collect();
    assert_eq!(bytes, (1..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_long_text_that_begins_with_blanks_has_a_beginning() {
    let takes = Takes {
        longest: 100,
        ..NO_LIMIT
    };
    let server = Loopback::answering(taking(takes, refusing(400, "too long"))).await;
    let embedder = connect(&server, three()).await.unwrap();
    let all = texts(&[&format!(
        "{}word {}",
        " ".repeat(5_000),
        "more ".repeat(500)
    )]);
    let found = embedder.embed(&all, Side::Document).await.unwrap();
    assert_eq!(found.cut, [0]);
    let letter = found.vectors[0][1] / found.vectors[0][2];
    assert_eq!(letter.round() as u8, b'w');
}

#[tokio::test]
async fn what_is_refused_for_another_reason_ends_soon_and_teaches_nothing() {
    let refusal = refusing(400, "this model does not embed");
    let takes = Takes {
        longest: 0,
        ..NO_LIMIT
    };
    let server = Loopback::answering(taking(takes, refusal)).await;
    let embedder = connect(&server, three()).await.unwrap();
    let all: Vec<String> = (0..64)
        .map(|number| format!("{number} ").repeat(300))
        .collect();
    let error = embedder.embed(&all, Side::Query).await.unwrap_err();
    assert!(
        error.to_string().contains("this model does not embed"),
        "{error}"
    );
    let requests = server.heard().len();
    assert!(requests <= 50, "{requests}");
    assert_eq!(embedder.limits().text, Limits::default().text);
}

#[tokio::test]
async fn a_configured_limit_is_kept_without_asking() {
    let server = Loopback::answering(taking(NO_LIMIT, refusing(400, ""))).await;
    let options = EmbeddingOptions {
        longest_text: NonZeroUsize::new(10),
        document_prefix: "p: ".to_owned(),
        ..three()
    };
    let embedder = connect(&server, options).await.unwrap();
    let all = texts(&["sieben.", "acht ist es"]);
    let found = embedder.embed(&all, Side::Document).await.unwrap();
    assert_eq!(found.cut, [1]);
    assert_eq!(
        server.heard()[0].body["input"],
        json!(["p: sieben.", "p: acht is"])
    );
}

#[tokio::test]
async fn base64_is_read_whether_or_not_it_was_asked_for() {
    let bytes: Vec<u8> = [3.0_f32, 0.0, -4.0]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let vector = json!({"data": [{"embedding": BASE64_STANDARD.encode(bytes)}]});
    let server = Loopback::start([Turn::json(vector)]).await;
    let embedder = connect(&server, three()).await.unwrap();
    let found = embedder.embed(&texts(&["a"]), Side::Query).await.unwrap();
    assert_eq!(found.vectors, [[0.6, 0.0, -0.8]]);
}

#[tokio::test]
async fn an_endpoint_that_refuses_the_encoding_is_asked_without_it_from_then_on() {
    for said in ["unknown field: encoding_format", "invalid parameter"] {
        for dimension in [None, NonZeroUsize::new(3)] {
            let server =
                Loopback::answering(move |heard| match heard.body.get("encoding_format") {
                    Some(_) => refusing(400, said),
                    None => lengths(heard),
                })
                .await;
            let options = EmbeddingOptions {
                dimension,
                ..EmbeddingOptions::default()
            };
            let embedder = connect(&server, options).await.unwrap();
            let long = "word ".repeat(1_000);
            for _ in 0..2 {
                let all = texts(&["a", &long]);
                let found = embedder.embed(&all, Side::Document).await.unwrap();
                assert!(found.cut.is_empty(), "nothing was too long");
            }
            let tries = server.heard().len();
            assert_eq!(tries, 3 + usize::from(dimension.is_none()), "refused once");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_the_limits_every_text_gets_its_vector_in_order_and_few_requests_are_refused(
        lengths in proptest::collection::vec(prop_oneof![1_usize..80, 1_usize..5_000], 1..90),
        longest in 40_usize..4_000,
        bytes in 60_usize..20_000,
        most in 1_usize..70,
        batch in 1_usize..70,
    ) {
        let takes = Takes { longest, bytes, texts: most };
        let longest = longest.min(bytes);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Loopback::answering(taking(takes, refusing(400, "no"))).await;
            let options = EmbeddingOptions { batch: NonZeroUsize::new(batch).unwrap(), ..three() };
            let embedder = connect(&server, options).await.unwrap();
            let all: Vec<String> = lengths
                .iter()
                .enumerate()
                .map(|(place, length)| char::from(b'a' + (place % 26) as u8).to_string().repeat(*length))
                .collect();
            let found = embedder.embed(&all, Side::Document).await.unwrap();
            prop_assert_eq!(found.vectors.len(), all.len());
            for (place, (text, vector)) in all.iter().zip(&found.vectors).enumerate() {
                let letter = (vector[1] / vector[2]).round() as u8;
                prop_assert_eq!(letter, text.as_bytes()[0], "order is kept");
                let taken = embedded_bytes(vector);
                prop_assert_eq!(found.cut.contains(&place), taken < text.len());
                prop_assert!(taken <= longest);
                prop_assert!(text.len() > longest || taken == text.len() || taken * 2 >= longest, "{} of {}", taken, text.len());
            }
            // Two batches at a time learn the same things twice.
            let bound = all.len() + 2 * 35;
            prop_assert!(server.heard().len() <= bound, "{} requests", server.heard().len());
            let before = server.heard().len();
            embedder.embed(&all, Side::Document).await.unwrap();
            let again = server.heard().len() - before;
            prop_assert!(again <= all.len() + 2 * 8, "{} requests the second time", again);
            Ok(())
        })?;
    }
}
