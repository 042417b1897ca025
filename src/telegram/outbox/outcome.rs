//! What becomes of a durable call that Telegram refused. Pure.

use tracing::warn;

use crate::telegram::outbox::job::{Act, Call, SendError, SendOptions, Sound};
use crate::telegram::outgoing::SendAs;
use crate::telegram::refusal::Refusal;

/// What becomes of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is over: the id of the message, or why there is none.
    Settled(Result<i32, SendError>),
    /// It goes again, in this form.
    Again(Call),
    /// It goes again, outside of its topic; that wants a word.
    OutOfTopic(Call),
}

/// Decides. What Telegram never takes goes plainer at each try and so comes to an end; all that
/// may be taken later goes as it is for as long as it takes.
pub(super) fn decide(mut call: Call, refusal: Refusal) -> Outcome {
    let unchanged = match call.act {
        Act::Edit(id, _) | Act::Delete(id) => Some(id),
        Act::Send(..) | Act::File(..) => None,
    };
    match (refusal, unchanged) {
        (Refusal::NotModified, Some(id)) => Outcome::Settled(Ok(id)),
        (Refusal::Gone, Some(id)) => match call.act {
            Act::Edit(_, screen) => {
                let how = SendOptions { reply_to: None, sound: Sound::Silent };
                Outcome::Again(Call { act: Act::Send(screen, how), ..call })
            }
            _ => Outcome::Settled(Ok(id)),
        },
        (Refusal::ThreadGone, _) if call.place.thread.is_some() => {
            call.place.thread = None;
            Outcome::OutOfTopic(call)
        }
        (Refusal::Blocked(_), _) => Outcome::Settled(Err(SendError::Blocked)),
        (Refusal::BadRequest(text), _) => plainer(call, text),
        (refusal @ (Refusal::NotModified | Refusal::Gone | Refusal::ThreadGone), _) => {
            plainer(call, refusal.to_string())
        }
        (
            Refusal::RetryAfter(_)
            | Refusal::Migrated(_)
            | Refusal::Unauthorized
            | Refusal::Conflict(_)
            | Refusal::Unknown(_),
            _,
        ) => Outcome::Again(call),
    }
}

/// A picture as a file; then without formatting, then without the message that it answers, then not at all.
fn plainer(mut call: Call, text: String) -> Outcome {
    match &mut call.act {
        Act::Send(screen, _) | Act::Edit(_, screen) if !screen.text.entities.is_empty() => {
            screen.text.entities.clear();
        }
        Act::File(file, _) if file.send_as == SendAs::Photo => file.send_as = SendAs::Document,
        Act::File(file, _) if !file.caption.text.entities.is_empty() => {
            file.caption.text.entities.clear();
        }
        Act::Send(_, how) | Act::File(_, how) if how.reply_to.is_some() => how.reply_to = None,
        _ => return Outcome::Settled(Err(SendError::Refused(text))),
    }
    warn!("a message goes out plainer, because it was refused: {text}");
    Outcome::Again(call)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bridge::place::Place;
    use crate::telegram::screen::Screen;
    use crate::telegram::text::{Entity, EntityKind, Text};

    fn screen() -> Screen {
        let bold = Entity { kind: EntityKind::Bold, offset: 0, length: 1 };
        Screen { text: Text { text: "x".into(), entities: vec![bold] }, keyboard: Vec::new() }
    }

    fn plain() -> Screen {
        Screen { text: Text { text: "x".into(), entities: Vec::new() }, keyboard: Vec::new() }
    }

    fn call(act: Act) -> Call {
        Call { place: Place { chat: -1, thread: Some(7) }, act }
    }

    fn outside(act: Act) -> Call {
        Call { place: Place { chat: -1, thread: None }, act }
    }

    const REPLY: SendOptions = SendOptions { reply_to: Some(3), sound: Sound::Aloud };
    const ALONE: SendOptions = SendOptions { reply_to: None, sound: Sound::Aloud };
    const QUIET: SendOptions = SendOptions { reply_to: None, sound: Sound::Silent };

    #[test]
    fn each_refusal_has_its_fate() {
        let bad = || Refusal::BadRequest("Bad Request: no".into());
        let refused = || Outcome::Settled(Err(SendError::Refused("Bad Request: no".into())));
        let send = |how| call(Act::Send(screen(), how));
        let send_plain = |how| call(Act::Send(plain(), how));
        let edit = || call(Act::Edit(5, screen()));
        let checks = [
            (edit(), Refusal::NotModified, Outcome::Settled(Ok(5))),
            (edit(), Refusal::Gone, Outcome::Again(send(QUIET))),
            (edit(), bad(), Outcome::Again(call(Act::Edit(5, plain())))),
            (call(Act::Edit(5, plain())), bad(), refused()),
            (call(Act::Delete(5)), Refusal::Gone, Outcome::Settled(Ok(5))),
            (call(Act::Delete(5)), bad(), refused()),
            (send(REPLY), bad(), Outcome::Again(send_plain(REPLY))),
            (send_plain(REPLY), bad(), Outcome::Again(send_plain(ALONE))),
            (send_plain(ALONE), bad(), refused()),
            (
                send(REPLY),
                Refusal::ThreadGone,
                Outcome::OutOfTopic(outside(Act::Send(screen(), REPLY))),
            ),
            (
                outside(Act::Send(plain(), ALONE)),
                Refusal::ThreadGone,
                Outcome::Settled(Err(SendError::Refused("the topic is gone".into()))),
            ),
            (send(REPLY), Refusal::Blocked("x".into()), Outcome::Settled(Err(SendError::Blocked))),
        ];
        for (call, refusal, outcome) in checks {
            assert_eq!(decide(call.clone(), refusal.clone()), outcome, "{call:?} {refusal:?}");
        }
    }

    #[test]
    fn what_may_be_taken_later_goes_again_as_it_is() {
        for refusal in [
            Refusal::RetryAfter(Duration::from_secs(9)),
            Refusal::Migrated(-2),
            Refusal::Unauthorized,
            Refusal::Conflict("x".into()),
            Refusal::Unknown("x".into()),
        ] {
            for act in [Act::Send(screen(), REPLY), Act::Edit(1, screen()), Act::Delete(1)] {
                assert_eq!(decide(call(act.clone()), refusal.clone()), Outcome::Again(call(act)));
            }
        }
    }
}
