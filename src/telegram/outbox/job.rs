//! What the outbox is asked to do, and what it answers.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::bridge::place::Place;
use crate::telegram::outgoing::OutgoingFile;
use crate::telegram::screen::Screen;

/// Whether the person's device makes itself heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sound {
    /// With a notification.
    #[default]
    Aloud,
    /// Without sound (`disable_notification`).
    Silent,
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// The message of the same chat that it answers; sent all the same when that is gone.
    pub reply_to: Option<i32>,
    /// Whether it notifies.
    pub sound: Sound,
}

/// Why something durable will never be in the chat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The chat takes no messages from the bot.
    #[error("the chat takes no messages from the bot")]
    Blocked,
    /// Telegram does not take it in any form that we know; its words.
    #[error("Telegram refuses the message: {0}")]
    Refused(String),
    /// The outbox ended first.
    #[error("segue ended before the message was sent")]
    Ended,
}

/// What became of a repaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepaintOutcome {
    /// The message looks like that.
    Shown,
    /// Something newer took its place, or Telegram did not take it: the next one may succeed.
    Dropped,
    /// There is no such message any more.
    Gone,
}

/// The future of a durable job: the id of the message that shows it. To drop it cancels nothing.
pub struct Sent(pub(super) oneshot::Receiver<Result<i32, SendError>>);

impl Future for Sent {
    type Output = Result<i32, SendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(SendError::Ended)))
    }
}

/// The future of a repaint. To drop it takes the repaint back, unless it is on its way already.
#[must_use = "a repaint is taken back when its future is dropped"]
pub struct Repaint(pub(super) oneshot::Receiver<RepaintOutcome>);

impl Future for Repaint {
    type Output = RepaintOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(RepaintOutcome::Dropped))
    }
}

/// One call of the Bot API, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Where.
    pub(crate) place: Place,
    /// What.
    pub(crate) act: Act,
}

/// What a call does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A new message.
    Send(Screen, SendOptions),
    /// A new message that is a file.
    File(OutgoingFile, SendOptions),
    /// Another look for message `.0`.
    Edit(i32, Screen),
    /// No message `.0` any more.
    Delete(i32),
}

impl Act {
    /// The message that is changed.
    pub(super) fn target(&self) -> Option<i32> {
        match self {
            Self::Edit(id, _) | Self::Delete(id) => Some(*id),
            Self::Send(..) | Self::File(..) => None,
        }
    }
}

/// A call that must happen.
pub(super) struct Durable {
    pub(super) call: Call,
    pub(super) answer: oneshot::Sender<Result<i32, SendError>>,
}

/// A call that something newer may replace.
pub(super) struct Fleeting {
    pub(super) call: Call,
    /// It is wanted as long as somebody waits for it.
    pub(super) answer: oneshot::Sender<RepaintOutcome>,
}

impl Durable {
    pub(super) fn new(place: Place, act: Act) -> (Self, Sent) {
        let (answer, sent) = oneshot::channel();
        (Self { call: Call { place, act }, answer }, Sent(sent))
    }

    /// Tells whoever waits.
    pub(super) fn end(self, result: Result<i32, SendError>) {
        // Nobody waiting is no failure: the message is in the chat all the same.
        let _ = self.answer.send(result);
    }
}

impl Fleeting {
    pub(super) fn repaint(place: Place, id: i32, screen: Screen) -> (Self, Repaint) {
        let (answer, painted) = oneshot::channel();
        let call = Call { place, act: Act::Edit(id, screen) };
        (Self { call, answer }, Repaint(painted))
    }

    /// Whether `other` shows the same thing, older or newer.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.call.act.target() == other.call.act.target()
    }

    pub(super) fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    /// Tells whoever waits.
    pub(super) fn end(self, paint: RepaintOutcome) {
        // Nobody waiting any more is no failure.
        let _ = self.answer.send(paint);
    }
}
