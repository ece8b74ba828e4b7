use std::num::NonZeroU64;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::endpoint::EndpointSettings;
use crate::endpoint::loopback::{Heard, Loopback, Turn, nobody};

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
        .unwrap();
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
    let vectors = embedder.embed(&many, Side::Document).await.unwrap();
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
    assert!(embedder.embed(&[], Side::Query).await.unwrap().is_empty());
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
        json!({"vectors": [[1.0]]}),
    ];
    let server = Loopback::start(replies.map(Turn::json)).await;
    let embedder = connect(&server, three()).await.unwrap();
    let mut told = String::new();
    for _ in 0..5 {
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
