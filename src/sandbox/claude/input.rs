//! What comes in: the lines of standard input, its end, and TERM, in one channel.

use std::io::{self, BufRead};

use serde_json::Value;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use uuid::Uuid;

/// Lines that may wait while the process is at work.
const LINES: usize = 64;

/// Something that came in.
#[derive(Debug)]
pub(super) enum Input {
    /// A prompt.
    Prompt(Prompt),
    /// A control request of the other side.
    Request {
        /// Its `request_id`.
        id: String,
        /// Its `request`.
        body: Value,
    },
    /// The answer to a control request of ours: the whole line.
    Answer(Value),
    /// A line that is not JSON, of so many characters.
    Garbage(usize),
    /// Standard input was closed.
    Closed,
    /// The process was sent TERM.
    Terminated,
}

/// What the person sent.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    /// The sender's own id for it.
    pub(super) uuid: Option<Uuid>,
    /// A string or blocks, as it was sent.
    pub(super) content: Value,
}

impl Prompt {
    /// The words of the prompt.
    pub(super) fn text(&self) -> String {
        text(&self.content)
    }
}

/// The words of a message's content.
pub(super) fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().filter_map(|block| block["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// Opens the channel. Standard input is only read where `lines` says so.
pub(super) fn open(lines: Lines) -> io::Result<mpsc::Receiver<Input>> {
    let (inputs, received) = mpsc::channel(LINES);
    let mut terminate = signal(SignalKind::terminate())?;
    let terminated = inputs.clone();
    tokio::spawn(async move {
        while terminate.recv().await.is_some() {
            if terminated.send(Input::Terminated).await.is_err() {
                break;
            }
        }
    });
    if matches!(lines, Lines::Read) {
        std::thread::spawn(move || read(&inputs));
    }
    Ok(received)
}

/// Whether standard input is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lines {
    Read,
    Ignored,
}

fn read(inputs: &mpsc::Sender<Input>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let Some(input) = decode(&line) else { continue };
        if inputs.blocking_send(input).is_err() {
            return;
        }
    }
    let _ = inputs.blocking_send(Input::Closed);
}

/// One line; `None` for what the real one passes over.
fn decode(line: &str) -> Option<Input> {
    if line.trim().is_empty() {
        return None;
    }
    let Ok(value) = serde_json::from_str::<Value>(line) else {
        return Some(Input::Garbage(line.chars().count()));
    };
    match value["type"].as_str()? {
        "user" => Some(Input::Prompt(Prompt {
            uuid: value["uuid"].as_str().and_then(|text| Uuid::try_parse(text).ok()),
            content: value["message"]["content"].clone(),
        })),
        "control_request" => Some(Input::Request {
            id: value["request_id"].as_str()?.to_owned(),
            body: value["request"].clone(),
        }),
        "control_response" => Some(Input::Answer(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, decode};

    #[test]
    fn lines_become_inputs() {
        let prompt = r#"{"type":"user","message":{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"uuid":"x"}"#;
        let Some(Input::Prompt(prompt)) = decode(prompt) else {
            panic!("no prompt");
        };
        assert_eq!((prompt.uuid, prompt.text().as_str()), (None, "a\nb"));
        assert!(matches!(decode("tulips"), Some(Input::Garbage(6))));
        assert!(decode("  ").is_none());
        assert!(decode(r#"{"type":"tulips"}"#).is_none());
    }
}
