//! The server as its callers meet it.

mod describe;
mod ending;
mod health;
mod hostile;
mod isolation;
mod keys;
pub(crate) mod place;
mod problems;
mod schema;

use serde_json::json;

use place::Place;

#[tokio::test]
async fn an_agent_asks_works_tells_and_is_told_what_it_told() {
    let place = Place::new().await;
    let told = place
        .post(
            "retrieve",
            json!({"task": {"text": "refund a double charge"}}),
        )
        .await;
    assert_eq!(told.status, 200);
    assert_eq!(told.body["text"], "");
    let attempt = told.body["attempt"].as_str().unwrap();

    let record = json!({
        "attempt": attempt,
        "answer": "refunded",
        "outcome": {"verdict": "success", "authority": "ground-truth"},
        "wait": "learnt",
    });
    let recorded = place.post("record", record).await;
    assert_eq!(
        (recorded.status, &recorded.body["learnt"]),
        (200, &json!(true))
    );
    assert_eq!(recorded.body["credited"], true);

    let told = place
        .post("retrieve", json!({"task": {"text": "another refund"}}))
        .await;
    assert_eq!(
        told.body["text"],
        "refund a double charge: refunded, success"
    );
    let attempt = told.body["attempt"].as_str().unwrap();
    let outcome = json!({"attempt": attempt, "outcome": {"verdict": "failure", "score": 0.2}});
    let heard = place.post("feedback", outcome).await;
    assert_eq!((heard.status, &heard.body["credited"]), (202, &json!(true)));
    let why = place
        .get(&format!("/v1/slots/desk/attempts/{attempt}/why"))
        .await;
    let cited = &why.body["handed_out"][0]["cited"][0];
    assert_eq!(
        cited["now"]["content"],
        "refund a double charge: refunded, success"
    );
    place.end().await;
}
