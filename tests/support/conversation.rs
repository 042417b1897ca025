//! Reads the person's side out of a request to the Messages API, as the CLI composes it.
//!
//! The CLI mixes the person's words with reminders of its own; what is left after these are taken
//! out is what the session really knows.

use segue::sandbox::claude::script::{Conversation, Newest};
use serde_json::Value;

/// How the CLI introduces a prompt that it takes into a running turn.
const FOLDED: &str = "The user sent a new message while you were working:\n";
/// What the CLI writes in the person's name when they interrupt.
const INTERRUPTED: &str = "[Request interrupted";
/// What follows such a prompt.
const FOLDED_END: &str = "\n\nThis is how Claude Code";

/// The conversation that a request carries.
pub(crate) fn read(request: &Value) -> Conversation {
    let mut talk = Conversation::default();
    for message in request["messages"].as_array().into_iter().flatten() {
        match message["role"].as_str() {
            Some("assistant") => talk.replies += 1,
            Some("system") => {
                talk.prompts.extend(texts(message).iter().filter_map(|text| folded(text)));
            }
            _ => read_user(&mut talk, message),
        }
    }
    talk
}

/// Whether the request asks for a summary of the conversation, as `/compact` does.
pub(crate) fn wants_summary(request: &Value) -> bool {
    let newest = request["messages"].as_array().and_then(|all| all.last());
    newest.is_some_and(|message| {
        let texts = texts(message);
        texts.iter().any(|text| text.contains("Respond with TEXT ONLY"))
    })
}

fn read_user(talk: &mut Conversation, message: &Value) {
    if let Some(result) = blocks(message).filter(|block| block["type"] == "tool_result").last() {
        let failed = result["is_error"] == true;
        talk.newest = if failed { Newest::Refusal } else { Newest::Result };
    }
    let results: Vec<String> = blocks(message)
        .filter(|block| block["type"] == "tool_result")
        .map(|block| texts_of(&block["content"]).join("\n"))
        .collect();
    let texts = texts(message);
    let interrupt = texts.iter().rposition(|text| text.starts_with(INTERRUPTED));
    // The prompt that was broken off may stand in the same message as the one that follows.
    let (earlier, newest) = texts.split_at(interrupt.unwrap_or_default());
    talk.prompts.extend(prompts(earlier));
    let newest = prompts(newest);
    // What follows an interrupt is a prompt of its own, though it comes with the tool's result.
    if (results.is_empty() || interrupt.is_some()) && !newest.is_empty() {
        talk.before = talk.prompts.len();
        talk.replies = 0;
        talk.results.clear();
        talk.newest = Newest::Result;
    } else {
        talk.results.extend(results);
    }
    talk.prompts.extend(newest);
}

/// What the person wrote among the texts of a message.
fn prompts(texts: &[String]) -> Vec<String> {
    let texts = texts.iter().map(|text| without_frame(without_reminders(text).trim()).to_owned());
    texts.filter(|text| is_prompt(text)).collect()
}

/// A text without the CLI's reminders in it.
pub(crate) fn without_reminders(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("<system-reminder>") {
        kept.push_str(before);
        rest = after.split_once("</system-reminder>").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// What was sent into the inbox of a terminal, without what the CLI says of where it comes from.
fn without_frame(text: &str) -> &str {
    let sent = text.strip_prefix("Another Claude session sent a message:\n");
    let sent = sent.and_then(|rest| rest.split_once("\n\nThis came from another Claude session"));
    sent.map_or(text, |(sent, _)| sent)
}

fn is_prompt(text: &str) -> bool {
    let ours = [INTERRUPTED, "<local-command", "<command-name>", "This session is being continued"];
    !text.is_empty() && !ours.iter().any(|start| text.starts_with(start))
}

fn folded(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(FOLDED)?;
    let (prompt, _) = rest.split_once(FOLDED_END).unwrap_or((rest, ""));
    Some(prompt.to_owned())
}

fn blocks(message: &Value) -> impl Iterator<Item = &Value> {
    message["content"].as_array().into_iter().flatten()
}

fn texts(message: &Value) -> Vec<String> {
    texts_of(&message["content"])
}

fn texts_of(content: &Value) -> Vec<String> {
    match content {
        Value::String(text) => vec![text.clone()],
        Value::Array(blocks) => {
            blocks.iter().filter_map(|block| block["text"].as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn prompts_are_what_the_person_wrote() {
        let talk = read(&json!({"messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "<system-reminder>\nbe kind\n</system-reminder>\n"},
                {"type": "text", "text": "hello"},
            ]},
            {"role": "system", "content": "# Environment"},
            {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
            {"role": "user", "content": "plant <system-reminder>x</system-reminder>tulips"},
            {"role": "assistant", "content": [{"type": "tool_use"}]},
            {"role": "user", "content": [{"type": "tool_result", "content": "planted"}]},
            {"role": "system", "content": [{"type": "text", "text":
                "The user sent a new message while you were working:\nand roses\n\nThis is how Claude Code surfaces"}]},
        ]}));
        assert_eq!(talk.prompts, ["hello", "plant tulips", "and roses"]);
        assert_eq!((talk.before, talk.replies), (1, 1));
        assert_eq!(talk.results, ["planted"]);
    }

    #[test]
    fn what_interrupts_a_tool_begins_a_turn() {
        let talk = read(&json!({"messages": [
            {"role": "user", "content": "drain the pond"},
            {"role": "assistant", "content": [{"type": "tool_use"}]},
            {"role": "user", "content": [
                {"type": "tool_result", "is_error": true, "content": "The tool use was rejected"},
                {"type": "text", "text": "[Request interrupted by user for tool use]"},
                {"type": "text", "text": "sow the peas"},
            ]},
        ]}));
        assert_eq!(talk.prompts, ["drain the pond", "sow the peas"]);
        assert_eq!((talk.before, talk.replies, talk.results.len()), (1, 0, 0));
    }
    #[test]
    fn what_follows_an_interrupt_is_a_turn_of_its_own_in_one_message_too() {
        let talk = read(&json!({"messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "ramble on"},
                {"type": "text", "text": "[Request interrupted by user]"},
                {"type": "text", "text": "sow the peas"},
            ]},
        ]}));
        assert_eq!(talk.prompts, ["ramble on", "sow the peas"]);
        assert_eq!((talk.before, talk.replies), (1, 0));
    }
}
