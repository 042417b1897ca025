//! Messages that are one prompt: an album, a long text that the person's client has split, and a
//! comment with what is forwarded below it.
//!
//! Telegram brings them one by one and does not say which is the last, so a moment is waited for
//! more. Everything else is a prompt at once. Pure: what was gathered is in the book.

use std::time::Duration;

use crate::telegram::{
    intent::UserInput,
    update::{Extra, Message},
};

/// A client splits a text at 4,096 UTF-16 units or a little before; a shorter one is whole.
pub(super) const SPLIT: usize = 3_800;
/// How long after a part the next one comes: they are sent in one go.
const MOMENT: Duration = Duration::from_millis(700);
/// The same after a text that may be a comment: every text waits for so long.
const COMMENT: Duration = Duration::from_millis(200);
/// The same for parts that an earlier process has got: the next ones come with the first poll.
pub(super) const FIRST_POLL: Duration = Duration::from_secs(3);
/// What is forwarded has the time of its comment, or that of a moment later; seconds.
const FORWARDED_WITHIN: i64 = 1;

/// How long more is waited for, where there may be more of a prompt than these messages.
pub(super) fn wait_for_more(parts: &[UserInput]) -> Option<Duration> {
    let last = &parts.last()?.message;
    if last.extra.album.is_some() || is_long(last) || last.forwarded {
        return Some(MOMENT);
    }
    (parts.len() == 1 && may_be_comment(&parts[0])).then_some(COMMENT)
}

/// Whether a message belongs to the same prompt as these.
pub(super) fn goes_on_with(parts: &[UserInput], next: &UserInput) -> bool {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    if next.opening.is_some() || first.message.from.id != next.message.from.id {
        return false;
    }
    let is_forwarded_with = (last.message.forwarded || may_be_comment(last))
        && next.message.forwarded
        && (0..=FORWARDED_WITHIN).contains(&(next.message.date - last.message.date));
    is_forwarded_with || goes_on(&last.message, &next.message)
}

/// Whether a message is the next one of an album, or of a text that was split.
fn goes_on(last: &Message, next: &Message) -> bool {
    if last.extra.album.is_some() {
        return last.extra.album == next.extra.album;
    }
    let unedited = |message: &Message| Extra { edited: None, ..message.extra.clone() };
    is_long(last) && unedited(next) == unedited(last) && next.reply.is_none()
}

/// What stands between the words of these messages: those of a split text follow each other.
pub(super) fn between(parts: &[UserInput]) -> &'static str {
    let follows = |pair: &[UserInput]| {
        pair[0].message.extra.album.is_none() && goes_on(&pair[0].message, &pair[1].message)
    };
    if parts.windows(2).all(follows) { "\n" } else { "\n\n" }
}

/// Whether something may be forwarded with a message. What answers a message or interrupts Claude
/// comes alone.
fn may_be_comment(input: &UserInput) -> bool {
    let UserInput { message, opening, .. } = input;
    opening.is_none()
        && !message.forwarded
        && message.reply.is_none()
        && message.quote.is_none()
        && message.extra.file.is_none()
        && !message.text.is_empty()
        && !message.text.starts_with(['/', '!'])
}

/// Whether a text may have been split.
fn is_long(message: &Message) -> bool {
    message.extra.file.is_none() && message.text.encode_utf16().count() >= SPLIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::place::Place;

    fn input(id: i32, text: &str) -> UserInput {
        let message = Message::written(Place { chat: 1, thread: None }, id, text);
        UserInput { message, session: None, opening: None }
    }

    fn album(name: &str) -> UserInput {
        let mut input = input(1, "");
        input.message.extra.album = Some(name.to_owned());
        input
    }

    fn forwarded(date: i64) -> UserInput {
        let mut input = input(2, "from afar");
        (input.message.forwarded, input.message.date) = (true, date);
        input.message.extra.origin = Some("Grace".to_owned());
        input
    }

    #[test]
    fn what_belongs_together_is_one() {
        let long = input(1, &"x".repeat(SPLIT));
        for (parts, next, expected) in [
            (vec![long.clone()], input(2, "the end"), true),
            (vec![long.clone(), long.clone()], input(2, "the end"), true),
            (vec![long.clone(), input(2, "the end")], input(3, "another"), false),
            (vec![input(1, "short")], input(2, "another"), false),
            (vec![album("a")], album("a"), true),
            (vec![album("a")], album("b"), false),
            (vec![album("a")], input(2, "another"), false),
            (vec![input(1, "look at this")], forwarded(1), true),
            (vec![input(1, "look at this"), forwarded(0)], forwarded(0), true),
            (vec![input(1, "look at this")], forwarded(9), false),
            (vec![forwarded(0)], forwarded(0), true),
            (vec![forwarded(0)], input(3, "and this"), false),
            (vec![input(1, "! stop")], forwarded(0), false),
        ] {
            assert_eq!(goes_on_with(&parts, &next), expected, "{parts:?} {next:?}");
        }
        let mut of_another = input(2, "the end");
        of_another.message.from.id = 9;
        assert!(!goes_on_with(&[long], &of_another));
    }

    #[test]
    fn more_is_waited_for_where_it_may_come() {
        let long = input(1, &"x".repeat(SPLIT));
        for (parts, expected) in [
            (vec![input(1, "sow")], Some(COMMENT)),
            (vec![input(1, "/compact")], None),
            (vec![input(1, "! stop")], None),
            (vec![long.clone()], Some(MOMENT)),
            (vec![long, input(2, "the end")], None),
            (vec![album("a")], Some(MOMENT)),
            (vec![forwarded(0)], Some(MOMENT)),
            (vec![input(1, "look"), forwarded(0)], Some(MOMENT)),
        ] {
            assert_eq!(wait_for_more(&parts), expected, "{parts:?}");
        }
    }
}
