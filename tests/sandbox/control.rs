//! The control API, its events, and who may use it.

use std::time::Duration;

use reqwest::{Method, header, redirect::Policy};
use segue::sandbox::Late;
use serde_json::{Value, json};

use crate::{ADA, Bench, GROUP, PATIENCE, button};

#[tokio::test]
async fn foreign_pages_are_kept_out() {
    let bench = Bench::relaxed().await;
    let ask = |method, path: &str, name, value: &str| {
        let request = bench.http.request(method, bench.page(path)).header(name, value);
        async { request.send().await.unwrap().status() }
    };
    let state = "/sandbox/state";
    assert_eq!(ask(Method::GET, state, header::HOST, "rebound.example").await, 403);
    assert_eq!(
        ask(Method::POST, "/sandbox/reset", header::ORIGIN, "https://evil.example").await,
        403
    );
    assert_eq!(
        ask(Method::POST, "/sandbox/reset", header::ORIGIN, &bench.sandbox.api_url()).await,
        200
    );
}

#[tokio::test]
async fn the_page_is_for_who_has_its_key() {
    let bench = Bench::relaxed().await;
    let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let get = |url: String, cookie: &str| {
        let request = http.get(url).header(header::COOKIE, cookie);
        async { request.send().await.unwrap() }
    };
    for path in ["/", "/?key=wrong", "/page/main.js", "/sandbox/state", "/sandbox/files/file-1"] {
        let refused = get(bench.url(path), "").await;
        assert_eq!(refused.status(), 403, "{path}");
        assert!(refused.text().await.unwrap().contains("key"), "{path}");
    }
    // What a command line shows is good once, what was printed stays good.
    let once = bench.sandbox.open_url();
    assert_eq!(get(once.clone(), "").await.status(), 303);
    assert_eq!(get(once, "").await.status(), 403);
    let opened = get(bench.sandbox.page_url(), "").await;
    assert_eq!(
        (opened.status().as_u16(), &opened.headers()[header::LOCATION]),
        (303, &"/".parse().unwrap())
    );
    let cookie = opened.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    for path in ["/", "/page/main.js", "/sandbox/state"] {
        assert_eq!(get(bench.url(path), cookie).await.status(), 200, "{path}");
    }
    let page = get(bench.url("/"), cookie).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
}

#[tokio::test]
async fn watchers_get_the_state_and_then_each_change() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    client.say(ADA, "before").unwrap();
    let mut events = bench.http.get(bench.page("/sandbox/events")).send().await.unwrap();
    let mut seen = String::new();
    let mut said = false;
    let mut types = Vec::new();
    while types.len() < 3 {
        let chunk = tokio::time::timeout(PATIENCE, events.chunk()).await.unwrap().unwrap().unwrap();
        seen.push_str(std::str::from_utf8(&chunk).unwrap());
        types = seen
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
            .map(|event| (event["type"].clone(), event["post"]["text"].clone()))
            .collect();
        if !said && types.len() == 1 {
            said = true;
            client.say(ADA, "after").unwrap();
            bench.call("getMe", json!({})).await;
        }
    }
    let expected = [
        (json!("state"), Value::Null),
        (json!("post"), json!("after")),
        (json!("call"), Value::Null),
    ];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn the_control_api_does_what_people_do() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let message =
        bench.send(json!({ "chat_id": 1001, "text": "?", "reply_markup": button("go") })).await;
    let post = |path: &'static str, body: Value| {
        let request = bench
            .http
            .post(bench.page(path))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let text = response.text().await.unwrap();
            (status, serde_json::from_str::<Value>(&text).unwrap())
        }
    };
    let who = json!({ "chat": 1001, "user": 1001, "message": message, "row": 0, "col": 0 });
    let (pressed, ()) = tokio::join!(post("/sandbox/press", who), async {
        let updates = bench.call("getUpdates", json!({ "timeout": 50 })).await;
        let id = &updates[0]["callback_query"]["id"];
        bench.call("answerCallbackQuery", json!({ "callback_query_id": id, "text": "ok" })).await;
    });
    let answer = json!({ "answer": { "text": "ok", "show_alert": false, "url": null } });
    assert_eq!(pressed, (200, answer));
    let table = [
        (
            "/sandbox/say",
            json!({ "chat": 1001, "user": 1001, "text": "hi", "reply_to": message }),
            200,
            json!({ "message": 2 }),
        ),
        (
            "/sandbox/say",
            json!({ "chat": 5, "user": 1001, "text": "hi" }),
            404,
            json!({ "error": "there is no chat 5" }),
        ),
        (
            "/sandbox/edit",
            json!({ "chat": 1001, "user": 1001, "message": 2, "text": "ho" }),
            200,
            json!({}),
        ),
        (
            "/sandbox/delete",
            json!({ "chat": 1001, "user": 1001, "message": message }),
            404,
            json!({ "error": "there is no message 1" }),
        ),
        ("/sandbox/users", json!({ "first_name": "Alan" }), 200, json!({ "user": 1003 })),
        ("/sandbox/chats", json!({ "user": 1003 }), 200, json!({ "chat": 1003 })),
        (
            "/sandbox/chats",
            json!({ "title": "Bletchley", "members": [1003, 1001] }),
            200,
            json!({ "chat": GROUP - 1 }),
        ),
        (
            "/sandbox/faults",
            json!({ "what": { "kind": "cut" }, "times": 3 }),
            200,
            json!({ "fault": 1 }),
        ),
        (
            "/sandbox/standing",
            json!({ "chat": 1003, "user": 1003, "standing": "kicked" }),
            200,
            json!({}),
        ),
    ];
    for (path, body, status, expected) in table {
        assert_eq!(post(path, body.clone()).await, (status, expected), "{path} {body}");
    }
    assert_eq!(client.messages(1001)[1].text, "ho");
    client.reset();
    assert_eq!((client.messages(1001).len(), client.faults().len()), (0, 0));
}

#[tokio::test]
async fn a_wait_in_vain_shows_what_there_was() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    client.say(ADA, "hello").unwrap();
    let waited: Result<(), Late> = client.wait(1001, Duration::ZERO, |_| None).await;
    assert!(waited.unwrap_err().to_string().contains("#1 from 1001: \"hello\""));
}
