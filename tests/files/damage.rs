//! Every kind of input, damaged: the property tests of what `cargo fuzz` looks for at length.

use std::fs;

use proptest::{
    collection::vec,
    prelude::{Strategy, any, proptest},
    sample::select,
};
use segue::{
    bridge::{
        book::{Arrival, Book, Came, Destination, Start},
        place::Place,
        prompt::{Prompt, Source},
    },
    claude::session::SessionId,
    telegram::callback::{Callback, Carry, Key, List},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    fixture, inputs,
    properties::{Harm, harm, lines},
};

const ID: Uuid = Uuid::from_u128(0x7f9c_2ba4_e88f_4f82_b71d_4b0e_6f6e_6a10);

fn update() -> Value {
    let ada = json!({"id": 1001, "is_bot": false, "first_name": "Ada", "username": "ada"});
    let chat = json!({"id": -100, "type": "supergroup", "title": "Engine", "is_forum": true});
    let answered = json!({
        "message_id": 8, "date": 1, "chat": chat, "from": {"id": 7, "is_bot": true, "first_name": "b"},
        "text": "\u{21b3} done", "entities": [{"type": "text_link", "offset": 0, "length": 1,
            "url": format!("https://t.me/segue_bot?start=s_{ID}")}],
    });
    json!({"update_id": 5, "message": {
        "message_id": 9, "date": 2, "chat": chat, "from": ada, "message_thread_id": 5,
        "is_topic_message": true, "reply_to_message": answered, "text": "/new g\u{fc}n \u{1f337} `x`",
        "entities": [{"type": "bot_command", "offset": 0, "length": 4},
                     {"type": "code", "offset": 12, "length": 3}],
        "media_group_id": "13", "quote": {"text": "done", "position": 2},
        "document": {"file_id": "f", "file_unique_id": "u", "file_name": "a.txt", "file_size": 7},
    }})
}

fn press() -> Value {
    let data = Callback::Pick(SessionId(ID), Carry::Prompt).encode();
    let mut message = update()["message"].clone();
    message["reply_markup"] = json!({"inline_keyboard": [[{"text": "Go", "callback_data": data}]]});
    let ada = message["from"].clone();
    json!({"update_id": 6, "callback_query": {
        "id": "77", "from": ada, "message": message, "chat_instance": "1", "data": data,
    }})
}

fn updates() -> Vec<Vec<u8>> {
    [update(), press()].iter().map(|update| update.to_string().into_bytes()).collect()
}

/// Lines of all recorded streams.
fn streams() -> Vec<Vec<u8>> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/streams");
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let texts = files.map(|path| fs::read(path).unwrap());
    let lines = texts.flat_map(|text| -> Vec<Vec<u8>> {
        text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    });
    lines.filter(|line| !line.is_empty()).collect()
}

fn entries() -> Vec<Vec<u8>> {
    let entry = json!({
        "pid": 4711, "sessionId": ID, "cwd": "/home/ada/garden", "startedAt": 1_700_000_000_000_u64,
        "procStart": "123456", "version": "2.1.328", "kind": "interactive", "entrypoint": "cli",
        "name": "garden-7f", "status": "waiting", "waitingFor": "permission prompt",
        "messagingSocketPath": "/tmp/x.sock", "tmux": "0:@1.%2", "jobId": "ab",
    });
    vec![entry.to_string().into_bytes()]
}

fn history() -> Vec<Vec<u8>> {
    let text = fs::read(fixture().history()).unwrap();
    let telegram = json!({"bot": 7, "chat": -100, "thread": 5, "message": 9, "new": true});
    let tagged = json!({
        "display": "water \u{1f337}\n", "pastedContents": {}, "timestamp": 1_700_000_000_000_u64,
        "project": "/home/ada/garden", "sessionId": ID, "telegram": telegram,
    });
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    let lines = lines.filter(|line| !line.is_empty());
    lines.chain([tagged.to_string().into_bytes()]).collect()
}

fn buttons() -> Vec<Vec<u8>> {
    let session = SessionId(ID);
    let taps = [
        Callback::Pick(session, Carry::Prompt),
        Callback::Retry(session, 3),
        Callback::Continue(session, 1),
        Callback::TakeBack(Key(7)),
        Callback::Agent("gardener".into()),
        Callback::Sessions(
            List { words: "beans".into(), page: 3, ..List::default() },
            Carry::Nothing,
        ),
    ];
    taps.iter().map(|tap| tap.encode().into_bytes()).collect()
}

fn spooled() -> Vec<Vec<u8>> {
    let state = tempfile::tempdir().unwrap();
    let (book, _) = Book::open(state.path().join("7"));
    let place = Place { chat: 1001, thread: None };
    let prompt = Prompt::new(Source { bot: 7, place, message: 5 }, "sow", 0);
    let (id, session) = (prompt.id, SessionId(ID));
    let messages = vec![update()];
    let arrival = Arrival { prompt, from: 1001, group: false, session: None, messages };
    assert!(book.arrive(arrival, Came::New));
    let start = Start::Fork(session);
    let to = Destination { directory: "/home/ada".into(), session, start, bound: true };
    book.queue(id, to, None).unwrap();
    book.shown(id, 10);
    drop(book.sent(id, 11, 2));
    book.flush();
    let files = fs::read_dir(state.path().join("7")).unwrap();
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

/// Some of these, damaged or not, or any bytes.
fn damaged(from: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let hurt = |(mut bytes, harms): (Vec<u8>, Vec<Harm>)| {
        for harm in harms {
            harm.apply(&mut bytes);
        }
        bytes
    };
    let harmed = (select(from), vec(harm(), 0..6)).prop_map(hurt);
    proptest::prop_oneof![9 => harmed, 1 => vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn updates_are_read_or_not(bytes in damaged(updates())) {
        inputs::update(&bytes);
    }

    #[test]
    fn records_are_read_or_not(bytes in damaged(lines())) {
        inputs::record(&bytes);
    }

    #[test]
    fn lines_of_the_stream_are_read_or_not(bytes in damaged(streams())) {
        inputs::stream(&bytes);
    }

    #[test]
    fn entries_of_the_registry_are_read_or_not(bytes in damaged(entries())) {
        inputs::registry(&bytes);
    }

    #[test]
    fn lines_of_the_history_are_read_or_not(bytes in damaged(history())) {
        inputs::history(&bytes);
    }

    #[test]
    fn what_buttons_carry_is_read_or_not(bytes in damaged(buttons())) {
        inputs::button(&bytes);
    }

    #[test]
    fn files_of_the_spool_are_read_or_not(bytes in damaged(spooled())) {
        inputs::spool(&bytes);
    }
}
