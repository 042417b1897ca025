//! Faults on demand, and the pace.

use segue::sandbox::{Fault, Pace, Trouble};
use serde_json::json;

use crate::{Bench, GROUP};

#[tokio::test]
async fn faults_strike_as_ordered() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let body = |text: &str| json!({ "chat_id": 1001, "text": text });
    let texts = || client.messages(1001).into_iter().map(|post| post.text).collect::<Vec<_>>();

    client.fault(Fault::on("sendMessage", Trouble::RetryAfter { seconds: 7 }));
    let response = bench.try_call("sendMessage", body("a")).await.unwrap();
    let too_many = json!({
        "ok": false,
        "error_code": 429,
        "description": "Too Many Requests: retry after 7",
        "parameters": { "retry_after": 7 },
    });
    assert_eq!(response, (429, too_many));
    client.fault(Fault { times: 2, ..Fault::next(Trouble::Status { code: 502 }) });
    for _ in 0..2 {
        assert_eq!(bench.refused("getMe", json!({})).await, (502, "Bad Gateway".to_owned()));
    }
    client.fault(Fault::next(Trouble::Cut));
    assert!(bench.try_call("sendMessage", body("b")).await.is_err());
    assert_eq!(texts(), Vec::<String>::new());
    client.fault(Fault::next(Trouble::Lose));
    assert!(bench.try_call("sendMessage", body("c")).await.is_err());
    assert_eq!(texts(), ["c"]);
    client.fault(Fault { chat: Some(GROUP), ..Fault::next(Trouble::Cut) });
    bench.send(body("d")).await;
    assert_eq!(texts(), ["c", "d"]);
    let hits: Vec<_> = client.faults().iter().map(|armed| armed.hits).collect();
    assert_eq!(hits, [1, 2, 1, 1, 0]);
    let log: Vec<_> = client.calls(0).into_iter().map(|call| (call.method, call.status)).collect();
    let entry = |method: &str, status| (method.to_owned(), status);
    assert_eq!(
        log,
        [
            entry("sendMessage", Some(429)),
            entry("getMe", Some(502)),
            entry("getMe", Some(502)),
            entry("sendMessage", None),
            entry("sendMessage", None),
            entry("sendMessage", Some(200)),
        ]
    );
}

#[tokio::test]
async fn a_strict_pace_counts_edits_and_deletions_too() {
    let bench = Bench::new(Pace::Strict).await;
    let message = bench.send(json!({ "chat_id": 1001, "text": "0" })).await;
    for n in 1..3 {
        bench
            .call(
                "editMessageText",
                json!({ "chat_id": 1001, "message_id": message, "text": n.to_string() }),
            )
            .await;
    }
    bench.call("deleteMessage", json!({ "chat_id": 1001, "message_id": message })).await;
    let (status, envelope) =
        bench.try_call("sendMessage", json!({ "chat_id": 1001, "text": "x" })).await.unwrap();
    assert_eq!(status, 429);
    assert!(envelope["parameters"]["retry_after"].as_u64().is_some_and(|seconds| seconds > 0));
    bench.send(json!({ "chat_id": GROUP, "text": "another chat goes on" })).await;
    bench.call("sendChatAction", json!({ "chat_id": 1001, "action": "typing" })).await;
}
