//! What becomes of a job that Telegram refused. Pure.
//!
//! A job ends, or goes again: as it is, in a plainer form, or outside of its topic. What Telegram
//! refuses loses something at each try and so comes to an end.

use tracing::warn;

use crate::telegram::outbox::job::{Act, Call, SendError, SendOptions, Sound};
use crate::telegram::outgoing::SendAs;
use crate::telegram::refusal::Refusal;

/// What becomes of a job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is over: the id of the message, or why there is none.
    Ended(Result<i32, SendError>),
    /// It goes again, in this form.
    Again(Call),
    /// It goes again, outside of its topic; that wants a word.
    OutOfTopic(Call),
}

/// Decides.
pub(super) fn decide(mut call: Call, refusal: Refusal) -> Outcome {
    let about = match call.act {
        Act::Send(..) | Act::File(..) => return decide_new(call, refusal),
        Act::Edit(id, _) | Act::Delete(id) | Act::Pin(id) | Act::Unpin(id) => id,
        _ => call.place.thread.unwrap_or_default(),
    };
    let is_message = call.act.target().is_some();
    match refusal {
        Refusal::NotModified => Outcome::Ended(Ok(about)),
        Refusal::Gone if is_message => match call.act {
            Act::Edit(_, screen) => {
                let how = SendOptions { reply_to: None, sound: Sound::Silent };
                Outcome::Again(Call { act: Act::Send(screen, how), ..call })
            }
            _ => Outcome::Ended(Ok(about)),
        },
        Refusal::ThreadGone if is_message && call.place.thread.is_some() => {
            call.place.thread = None;
            Outcome::OutOfTopic(call)
        }
        Refusal::ThreadGone if call.act == Act::DeleteTopic => Outcome::Ended(Ok(about)),
        Refusal::Gone | Refusal::ThreadGone => Outcome::Ended(Err(SendError::Gone)),
        Refusal::Blocked(_) if is_message => Outcome::Ended(Err(SendError::Blocked)),
        // An older server does not know the method.
        Refusal::Unauthorized if !is_message => {
            Outcome::Ended(Err(SendError::Refused("this server cannot do that".to_owned())))
        }
        Refusal::Blocked(text) | Refusal::BadRequest(text) => plainer(call, text),
        Refusal::RetryAfter(_)
        | Refusal::Migrated(_)
        | Refusal::Unauthorized
        | Refusal::Conflict(_)
        | Refusal::Unknown(_) => Outcome::Again(call),
    }
}

/// Decides about what makes a new message.
fn decide_new(mut call: Call, refusal: Refusal) -> Outcome {
    match refusal {
        Refusal::ThreadGone if call.place.thread.is_some() => {
            call.place.thread = None;
            Outcome::OutOfTopic(call)
        }
        Refusal::Blocked(_) => Outcome::Ended(Err(SendError::Blocked)),
        Refusal::BadRequest(text) => plainer(call, text),
        Refusal::NotModified | Refusal::Gone | Refusal::ThreadGone => {
            plainer(call, refusal.to_string())
        }
        Refusal::RetryAfter(_)
        | Refusal::Migrated(_)
        | Refusal::Unauthorized
        | Refusal::Conflict(_)
        | Refusal::Unknown(_) => Outcome::Again(call),
    }
}

/// A picture or a voice message as a file; then without formatting, then without the message that
/// it answers, then not at all.
fn plainer(mut call: Call, text: String) -> Outcome {
    match &mut call.act {
        Act::Send(screen, _) | Act::Edit(_, screen) if !screen.text.entities.is_empty() => {
            screen.text.entities.clear();
        }
        Act::File(file, _) if file.content.is_unreadable() => {
            return Outcome::Ended(Err(SendError::Refused("it cannot be read".to_owned())));
        }
        Act::File(file, _) if file.send_as != SendAs::Document => file.send_as = SendAs::Document,
        Act::File(file, _) if !file.caption.text.entities.is_empty() => {
            file.caption.text.entities.clear();
        }
        Act::Send(_, how) | Act::File(_, how) if how.reply_to.is_some() => how.reply_to = None,
        _ => return Outcome::Ended(Err(SendError::Refused(text))),
    }
    warn!("a message goes out plainer, because it was refused: {text}");
    Outcome::Again(call)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bridge::place::Place;
    use crate::telegram::outgoing::{Content, OutgoingFile};
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

    fn bad() -> Refusal {
        Refusal::BadRequest("Bad Request: no".into())
    }

    fn refused() -> Outcome {
        Outcome::Ended(Err(SendError::Refused("Bad Request: no".into())))
    }

    #[test]
    fn each_refusal_has_its_outcome() {
        let send = |how| call(Act::Send(screen(), how));
        let send_plain = |how| call(Act::Send(plain(), how));
        let edit = || call(Act::Edit(5, screen()));
        let blocked = || Refusal::Blocked("x".into());
        let checks = [
            (edit(), Refusal::NotModified, Outcome::Ended(Ok(5))),
            (edit(), Refusal::Gone, Outcome::Again(send(QUIET))),
            (edit(), bad(), Outcome::Again(call(Act::Edit(5, plain())))),
            (call(Act::Edit(5, plain())), bad(), refused()),
            (call(Act::Delete(5)), Refusal::Gone, Outcome::Ended(Ok(5))),
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
                Outcome::Ended(Err(SendError::Refused("the topic is gone".into()))),
            ),
            (send(REPLY), blocked(), Outcome::Ended(Err(SendError::Blocked))),
            (call(Act::Pin(5)), Refusal::Gone, Outcome::Ended(Err(SendError::Gone))),
            (call(Act::Pin(5)), bad(), refused()),
            (call(Act::CloseTopic), Refusal::ThreadGone, Outcome::Ended(Err(SendError::Gone))),
            (call(Act::CloseTopic), Refusal::NotModified, Outcome::Ended(Ok(7))),
            (call(Act::DeleteTopic), Refusal::ThreadGone, Outcome::Ended(Ok(7))),
            (
                outside(Act::CreateTopic("Beans".into())),
                Refusal::Unauthorized,
                Outcome::Ended(Err(SendError::Refused("this server cannot do that".into()))),
            ),
            (
                outside(Act::CreateTopic("Beans".into())),
                Refusal::Blocked("Bad Request: no".into()),
                refused(),
            ),
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

    #[test]
    fn a_picture_goes_as_a_file_then_plainer_then_not_at_all() {
        let content = Content::bytes(*b"x");
        let file = |send_as, caption| OutgoingFile {
            send_as,
            name: "map.png".into(),
            content: content.clone(),
            caption,
        };
        let mut next = call(Act::File(file(SendAs::Photo, screen()), REPLY));
        for expected in [
            Act::File(file(SendAs::Document, screen()), REPLY),
            Act::File(file(SendAs::Document, plain()), REPLY),
            Act::File(file(SendAs::Document, plain()), ALONE),
        ] {
            let Outcome::Again(plainer) = decide(next, bad()) else { panic!("not {expected:?}") };
            assert_eq!(plainer.act, expected);
            next = plainer;
        }
        assert_eq!(decide(next, bad()), refused());
    }
}
