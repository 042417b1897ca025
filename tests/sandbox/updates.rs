//! Who gets which update, when, and what becomes of pressed buttons.

use segue::sandbox::{Answer, Call, Missing};
use serde_json::{Value, json};

use crate::{ADA, Bench, PATIENCE, button};

#[tokio::test]
async fn a_long_poll_ends_with_the_first_update() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let poll = bench.call("getUpdates", json!({ "timeout": 50 }));
    let (updates, said) = tokio::join!(poll, async {
        client.wait_poll(PATIENCE).await.unwrap();
        client.say(ADA, "now").unwrap()
    });
    assert_eq!(updates[0]["message"]["message_id"], said);
    assert_eq!(bench.updates().await.len(), 1, "not confirmed, so it comes again");
    assert_eq!(bench.updates().await, Vec::<Value>::new());
}

#[tokio::test]
async fn of_two_pollers_the_first_is_sent_away() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let poll = || bench.try_call("getUpdates", json!({ "timeout": 50 }));
    let (first, second) = tokio::join!(poll(), async {
        client.wait_poll(PATIENCE).await.unwrap();
        let (second, ()) = tokio::join!(poll(), async {
            let conflict = |calls: &[Call]| calls.iter().find_map(|call| call.status);
            let status = client.wait_calls(PATIENCE, conflict).await;
            assert_eq!(status, Ok(409));
            client.say(ADA, "for the second").unwrap();
        });
        second
    });
    let (status, envelope) = first.unwrap();
    assert_eq!(status, 409);
    assert_eq!(
        envelope["description"],
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    );
    assert_eq!(second.unwrap().1["result"][0]["message"]["text"], "for the second");
}

#[tokio::test]
async fn a_poller_that_breaks_off_takes_no_update_with_it() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    {
        let poll = bench.call("getUpdates", json!({ "timeout": 50 }));
        tokio::select! {
            _ = poll => panic!("nothing was said"),
            polls = client.wait_poll(PATIENCE) => polls.unwrap(),
        }
    }
    client.say(ADA, "still there?").unwrap();
    assert_eq!(bench.updates().await.len(), 1);
}

#[tokio::test]
async fn presses_are_answered_once_and_in_time() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let message =
        bench.send(json!({ "chat_id": 1001, "text": "?", "reply_markup": button("go") })).await;
    let id = |updates: &[Value]| updates[0]["callback_query"]["id"].clone();
    let (pressed, query) = tokio::join!(client.press(ADA, message, "go"), async {
        let query = id(&bench.updates().await);
        let answer = json!({ "callback_query_id": query, "text": "Going", "show_alert": true });
        bench.call("answerCallbackQuery", answer).await;
        query
    });
    let expected = Answer { text: "Going".to_owned(), show_alert: true, url: None };
    assert_eq!(pressed, Ok(Some(expected)));
    let (unanswered, late) = tokio::join!(client.press(ADA, message, "go"), async {
        let query = id(&bench.updates().await);
        client.expire();
        query
    });
    assert_eq!(unanswered, Ok(None));
    let too_old =
        "Bad Request: query is too old and response timeout expired or query ID is invalid";
    for query in [query, late] {
        let refusal =
            bench.refused("answerCallbackQuery", json!({ "callback_query_id": query })).await;
        assert_eq!(refusal, (400, too_old.to_owned()));
    }
    assert_eq!(client.press(ADA, message, "stop").await, Err(Missing::Button));
    assert_eq!(client.press((1001, 1002), message, "go").await, Err(Missing::User(1002)));
}
