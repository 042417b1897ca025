//! Faults on demand, and the pace.

use segue::sandbox::{Fault, Pace, Saying, Stage, Trouble};
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
    let typing = json!({ "chat_id": 1001, "action": "typing" });
    assert_eq!(bench.try_call("sendChatAction", typing).await.unwrap().0, 429);
    bench.call("getChat", json!({ "chat_id": 1001 })).await;
}

#[tokio::test]
async fn a_call_is_held_before_or_after_it_has_happened() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let body = |text: &str| json!({ "chat_id": 1001, "text": text });
    let texts = || client.messages(1001).into_iter().map(|post| post.text).collect::<Vec<_>>();
    let held = async |count| {
        while client.held() != count {
            tokio::task::yield_now().await;
        }
    };
    let arm = |at| client.fault(Fault::on("sendMessage", Trouble::Hold { at }));

    arm(Stage::Asked);
    tokio::select! {
        _ = bench.send(body("a")) => panic!("it is held"),
        () = held(1) => assert_eq!(texts(), [""; 0]),
    }
    held(0).await;
    arm(Stage::Done);
    tokio::select! {
        _ = bench.send(body("b")) => panic!("it is held"),
        () = held(1) => {}
    }
    held(0).await;
    assert_eq!(texts(), ["b"], "what broke off before never happens");
    arm(Stage::Asked);
    tokio::join!(bench.send(body("c")), async {
        held(1).await;
        client.let_go();
    });
    client.disarm(arm(Stage::Done));
    bench.send(body("d")).await;
    assert_eq!(texts(), ["b", "c", "d"]);
    let log: Vec<_> = client.calls(0).into_iter().map(|call| call.status).collect();
    assert_eq!(log, [None, Some(200), Some(200)], "nobody heard of the first that happened");
}

#[tokio::test]
async fn a_topic_is_a_place_of_its_own() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let topic = client.open_topic((GROUP, 1001), "Beds").unwrap();
    let saying = Saying { text: "here".to_owned(), thread: Some(topic), ..Saying::default() };
    client.send((GROUP, 1001), saying).unwrap();
    let updates = bench.updates().await;
    assert_eq!(updates[1]["message"]["message_thread_id"], topic);
    assert_eq!(updates[1]["message"]["is_topic_message"], true);
    let body = |thread| json!({"chat_id": GROUP, "message_thread_id": thread, "text": "there"});
    bench.send(body(topic)).await;
    let refused = bench.refused("sendMessage", body(topic + 100)).await;
    assert_eq!(refused, (400, "Bad Request: message thread not found".to_owned()));
    let threads: Vec<_> = client.messages(GROUP).iter().map(|post| post.thread).collect();
    assert_eq!(threads, [Some(topic); 3], "the first tells of the topic");
}
