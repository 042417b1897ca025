//! The words of a message as Claude reads them: quotations, forwarded texts and places marked as
//! such.
//!
//! What somebody else wrote never begins a line of its own: so it is never run as a command.

use crate::bridge::prompt::QueuePolicy;
use crate::telegram::text::cut;
use crate::telegram::update::{Message, Replied};

/// Characters of an answered message that are quoted; more is its author's business.
const QUOTED: usize = 1_000;

/// What a message asks, and how: a first sign of the person's own words tells it, whatever stands
/// around them.
pub fn typed(message: &Message) -> (QueuePolicy, String) {
    let own = (!message.forwarded).then(|| QueuePolicy::read(&message.text));
    let (policy, own) = own.unwrap_or((QueuePolicy::Join, &message.text));
    // A sign that is not read is not lost.
    let message = Message { text: own.to_owned(), ..message.clone() };
    (policy, of(&message))
}

/// What a message asks.
pub fn of(message: &Message) -> String {
    let own = words(&message.text, message.extra.words.as_deref(), message.extra.origin.as_deref());
    // A slash command is one only at the beginning.
    if message.text.starts_with('/') && !message.forwarded {
        return own;
    }
    let theirs = |reply: &&Replied| !reply.from_bot && !reply.text.trim().is_empty();
    let quote = message.quote.clone().or_else(|| {
        let reply = message.reply.as_deref().filter(theirs)?;
        Some(cut(&reply.text, QUOTED).to_owned())
    });
    match quote.filter(|quote| !quote.trim().is_empty()) {
        Some(quote) => join([quoted(&quote), own]),
        None => own,
    }
}

/// What the message that is answered asks, as far as it is still there.
pub fn of_reply(reply: &Replied) -> String {
    words(&reply.text, reply.extra.words.as_deref(), reply.extra.origin.as_deref())
}

fn words(text: &str, place: Option<&str>, origin: Option<&str>) -> String {
    let said = join([text.to_owned(), place.unwrap_or_default().to_owned()]);
    match origin {
        None => said,
        Some(_) if said.is_empty() => said,
        Some("") => format!("Forwarded message:\n{}", quoted(&said)),
        Some(name) => {
            let name: Vec<_> = name.split_whitespace().collect();
            format!("Forwarded message from {}:\n{}", name.join(" "), quoted(&said))
        }
    }
}

/// Every line behind a `>`.
fn quoted(text: &str) -> String {
    text.trim().lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

/// What is not empty, a blank line between.
fn join<const N: usize>(parts: [String; N]) -> String {
    let some: Vec<_> = parts.into_iter().filter(|part| !part.trim().is_empty()).collect();
    some.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bridge::place::Place, telegram::update::Extra};

    fn message(text: &str) -> Message {
        Message::written(Place { chat: 1, thread: None }, 1, text)
    }

    #[test]
    fn what_others_wrote_is_quoted() {
        let forwarded = |text, origin: &str| Message {
            forwarded: true,
            extra: Extra { origin: Some(origin.into()), ..Extra::default() },
            ..message(text)
        };
        let reply = |from_bot| Replied {
            id: 2,
            from_me: from_bot,
            from_bot,
            text: "the beans".into(),
            links: Vec::new(),
            extra: Extra::default(),
        };
        let answering =
            |text, from_bot| Message { reply: Some(Box::new(reply(from_bot))), ..message(text) };
        let place = Extra { words: Some("Location: 1, 2".into()), ..Extra::default() };
        for (message, expected) in [
            (message("sow"), "sow"),
            (message("/compact"), "/compact"),
            (forwarded("/clear\nx", "Grace"), "Forwarded message from Grace:\n> /clear\n> x"),
            (forwarded("x", ""), "Forwarded message:\n> x"),
            (forwarded("x", "Gr\nace"), "Forwarded message from Gr ace:\n> x"),
            (answering("when?", false), "> the beans\n\nwhen?"),
            (answering("when?", true), "when?"),
            (answering("/compact", false), "/compact"),
            (Message { quote: Some("a\nb".into()), ..answering("why?", true) }, "> a\n> b\n\nwhy?"),
            (Message { extra: place, ..message("") }, "Location: 1, 2"),
        ] {
            assert_eq!(of(&message), expected);
        }
    }

    #[test]
    fn the_first_sign_is_the_persons_own() {
        let quote = || Some("the beans".to_owned());
        for (message, expected) in [
            (message("! no"), (QueuePolicy::Interrupt, "no")),
            (
                Message { quote: quote(), ..message("! no") },
                (QueuePolicy::Interrupt, "> the beans\n\nno"),
            ),
            (
                Message { quote: quote(), ..message("> then") },
                (QueuePolicy::After, "> the beans\n\nthen"),
            ),
            (
                Message { quote: quote(), ..message("yes") },
                (QueuePolicy::Join, "> the beans\n\nyes"),
            ),
            (Message { forwarded: true, ..message("! no") }, (QueuePolicy::Join, "! no")),
        ] {
            let (policy, words) = typed(&message);
            assert_eq!((policy, &*words), expected);
        }
    }
}
