//! What the outbox is asked to do, and what it answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use crate::bridge::place::Place;
use crate::telegram::outbox::tries::Tries;
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

/// Why what was given to the outbox will never be in the chat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The chat takes no messages from the bot.
    #[error("the chat takes no messages from the bot")]
    Blocked,
    /// The topic that it is about is gone.
    #[error("the topic is gone")]
    Gone,
    /// Telegram does not take it in any form that we know; its words.
    #[error("Telegram does not take it ({0})")]
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

/// What became of a reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReactionOutcome {
    /// It stands on the message.
    Set,
    /// A newer one took its place, or there was no way to Telegram.
    Dropped,
    /// The chat takes no reactions from the bot, now or later.
    NotAllowed,
    /// There is no such message any more.
    Gone,
}

/// A reaction: one of the emoji that Telegram lets a bot set without being asked to.
/// <https://core.telegram.org/bots/api#reactiontypeemoji>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// 👀
    Eyes,
    /// ✍
    Writing,
    /// 👌
    Okay,
    /// 😴
    Asleep,
    /// 🤔
    Thinking,
}

impl Reaction {
    /// The emoji, as Telegram spells it.
    pub fn emoji(self) -> &'static str {
        match self {
            Self::Eyes => "👀",
            Self::Writing => "✍",
            Self::Okay => "👌",
            Self::Asleep => "😴",
            Self::Thinking => "🤔",
        }
    }
}

/// The future of something durable: the id of the message or topic that it made or was about. To
/// drop it cancels nothing.
pub struct Sent(pub(super) oneshot::Receiver<Result<i32, SendError>>);

/// The future of a repaint. To drop it takes the repaint back, unless it is on its way already.
#[must_use = "a repaint is taken back when its future is dropped"]
pub struct Repaint(pub(super) oneshot::Receiver<RepaintOutcome>);

/// The future of a reaction. To drop it cancels nothing.
pub struct Reacted(pub(super) oneshot::Receiver<ReactionOutcome>);

/// As long as it lives, the person sees that the bot writes.
#[must_use = "the typing ends when this is dropped"]
#[derive(Debug)]
pub struct Typing(
    #[expect(dead_code, reason = "it lives, that is all")] oneshot::Receiver<Infallible>,
);

impl Future for Sent {
    type Output = Result<i32, SendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(SendError::Ended)))
    }
}

impl Future for Repaint {
    type Output = RepaintOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(RepaintOutcome::Dropped))
    }
}

impl Future for Reacted {
    type Output = ReactionOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(ReactionOutcome::Dropped))
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
    /// Message `.0` on top of its chat, without a sound.
    Pin(i32),
    /// Message `.0` no longer on top of its chat.
    Unpin(i32),
    /// A new topic of this name.
    CreateTopic(String),
    /// Another name for the topic of the place.
    RenameTopic(String),
    /// No more messages in the topic of the place.
    CloseTopic,
    /// Messages in the topic of the place again.
    ReopenTopic,
    /// Neither the topic of the place nor its messages any more.
    DeleteTopic,
    /// This reaction, or none, on message `.0`.
    React(i32, Option<Reaction>),
    /// The person sees for a moment that the bot writes.
    Type,
    /// Nothing: asks whether Telegram is there.
    Probe,
}

impl Act {
    /// The message that looks otherwise afterwards.
    pub(super) fn target(&self) -> Option<i32> {
        match self {
            Self::Edit(id, _) | Self::Delete(id) => Some(*id),
            _ => None,
        }
    }
}

/// What a flush waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What is durable in this chat, files left out: a person does not wait for a film.
    Messages(i64),
    /// All that is durable.
    All,
}

impl Scope {
    /// The same with the id that its chat has now.
    pub(super) fn moved(self, current: impl FnOnce(i64) -> i64) -> Self {
        match self {
            Self::Messages(chat) => Self::Messages(current(chat)),
            Self::All => Self::All,
        }
    }

    pub(super) fn has(self, chat: i64) -> bool {
        self == Self::All || self == Self::Messages(chat)
    }
}

/// Something durable: a message, a file, a change of a topic. It is tried until Telegram has it or
/// will never take it.
pub(super) struct Job {
    pub(super) call: Call,
    /// The place in whose order it stands, wherever it goes.
    pub(super) queue: Place,
    pub(super) tries: Tries,
    answer: oneshot::Sender<Result<i32, SendError>>,
    /// A flush waits until all of these are dropped.
    flushes: Vec<mpsc::Sender<Infallible>>,
}

impl Job {
    pub(super) fn new(place: Place, act: Act) -> (Self, Sent) {
        let (answer, sent) = oneshot::channel();
        let call = Call { place, act };
        let (tries, flushes) = (Tries::default(), Vec::new());
        (Self { call, queue: place, tries, answer, flushes }, Sent(sent))
    }

    /// Tells whoever waits.
    pub(super) fn end(self, result: Result<i32, SendError>) {
        // Nobody waiting is no failure: the message is in the chat all the same.
        let _ = self.answer.send(result);
    }

    /// A flush waits for this job, too.
    pub(super) fn hold(&mut self, flush: &mpsc::Sender<Infallible>) {
        self.flushes.push(flush.clone());
    }

    /// Its chat has another id.
    pub(super) fn move_to(&mut self, chat: i64) {
        (self.call.place.chat, self.queue.chat) = (chat, chat);
    }
}

/// Something of which only the newest counts.
pub(super) struct Signal {
    pub(super) call: Call,
    pub(super) kind: Kind,
}

/// What a signal shows, and who hears of it.
pub(super) enum Kind {
    /// A message in another look. It is wanted as long as somebody waits for it.
    Repaint(oneshot::Sender<RepaintOutcome>),
    /// A reaction, tried so often in vain.
    Reaction(oneshot::Sender<ReactionOutcome>, u32),
    /// That the bot writes: again and again from this moment on, as long as somebody wants it.
    Typing(oneshot::Sender<Infallible>, Instant),
}

impl Signal {
    pub(super) fn repaint(place: Place, id: i32, screen: Screen) -> (Self, Repaint) {
        let (answer, repaint) = oneshot::channel();
        let call = Call { place, act: Act::Edit(id, screen) };
        (Self { call, kind: Kind::Repaint(answer) }, Repaint(repaint))
    }

    pub(super) fn reaction(
        place: Place,
        message: i32,
        reaction: Option<Reaction>,
    ) -> (Self, Reacted) {
        let (answer, reacted) = oneshot::channel();
        let call = Call { place, act: Act::React(message, reaction) };
        (Self { call, kind: Kind::Reaction(answer, 0) }, Reacted(reacted))
    }

    pub(super) fn typing(place: Place, now: Instant) -> (Self, Typing) {
        let (alive, typing) = oneshot::channel();
        let call = Call { place, act: Act::Type };
        (Self { call, kind: Kind::Typing(alive, now) }, Typing(typing))
    }

    /// Whether `other` shows the same thing, older or newer.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (&self.call.act, &other.call.act) {
            (Act::React(one, _), Act::React(another, _)) => one == another,
            (one, another) => one.target().is_some() && one.target() == another.target(),
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        match &self.kind {
            Kind::Repaint(answer) => !answer.is_closed(),
            Kind::Reaction(..) => true,
            Kind::Typing(alive, _) => !alive.is_closed(),
        }
    }

    /// Tells whoever waits that something newer took its place, or that nothing came of it.
    pub(super) fn drop_it(self) {
        self.end(RepaintOutcome::Dropped, ReactionOutcome::Dropped);
    }

    /// Tells whoever waits.
    pub(super) fn end(self, repaint: RepaintOutcome, reaction: ReactionOutcome) {
        // Nobody waiting any more is no failure.
        match self.kind {
            Kind::Repaint(answer) => drop(answer.send(repaint)),
            Kind::Reaction(answer, _) => drop(answer.send(reaction)),
            Kind::Typing(..) => {}
        }
    }
}
