//! Questions about more than a message shows.

use segue::sandbox::{Fault, Post, Trouble};
use serde_json::{Value, json};

use crate::{
    out::file,
    support::{
        phone::{Phone, phone_with},
        scratch::Scratch,
    },
};

/// A bot whose Claude wants to use these tools, each when its word is said.
async fn phone(tools: &[(&str, &str, Value)]) -> (Scratch, Phone) {
    let rules = tools.iter().map(|(word, name, input)| {
        let tool = json!({"tool": {"name": name, "input": input, "result": "Done."}});
        json!({"words": [word], "replies": [[tool], [{"text": "So be it."}]]})
    });
    let script = json!({"rules": rules.collect::<Vec<_>>()});
    let (scratch, _, phone) = phone_with(&script).await;
    (scratch, phone)
}

/// Asks for something, sees the question and its file, and allows it.
async fn asked(phone: &Phone, word: &str, name: &str) -> (Post, Vec<u8>) {
    let prompt = phone.say(word);
    let question = phone.see_text(&["Claude asks", "All of it is in the file."]).await;
    let (post, bytes) = file(phone, name).await;
    assert!(post.id < question.id, "the question is the newest message");
    assert!(post.silent && !question.silent, "one sound for both");
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    let gone = |posts: &[Post]| posts.iter().all(|one| one.id != post.id).then_some(());
    phone.see("the file gone with its question", gone).await;
    (question, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_message_cannot_show_is_a_file() {
    let command = (1..=600).map(|n| format!("echo line {n}")).collect::<Vec<_>>().join("\n");
    let notes = "sow in May\n".repeat(500);
    let (_scratch, phone) = phone(&[
        ("prune", "Bash", json!({"command": command, "description": "Prune"})),
        ("seed", "Write", json!({"file_path": "/etc/seeds.md", "content": notes})),
        (
            "graft",
            "Edit",
            json!({"file_path": "/etc/seeds.md", "old_string": "May\n", "new_string": notes}),
        ),
    ])
    .await;
    let (question, bytes) = asked(&phone, "prune", "command.sh").await;
    assert!(question.text.contains("echo line 1\n") && !question.text.contains("echo line 600"));
    assert_eq!(bytes, command.as_bytes());
    let (_, bytes) = asked(&phone, "seed", "seeds.md").await;
    assert_eq!(bytes, notes.as_bytes());
    let (_, bytes) = asked(&phone, "graft", "seeds.md.diff").await;
    let diff = String::from_utf8(bytes).unwrap();
    assert_eq!(diff.lines().filter(|line| *line == "+sow in May").count(), 500, "{diff}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_comes_through_a_bad_connection() {
    let command = "true; ".repeat(1_000);
    let (_scratch, phone) = phone(&[("prune", "Bash", json!({"command": command}))]).await;
    phone.client.fault(Fault::on("sendDocument", Trouble::RetryAfter { seconds: 1 }));
    phone.client.fault(Fault::on("sendDocument", Trouble::Cut));
    let (_, bytes) = asked(&phone, "prune", "command.sh").await;
    assert_eq!(bytes, command.as_bytes());
}
