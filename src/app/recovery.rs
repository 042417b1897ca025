//! Prompts that an earlier process left.
//!
//! There is no special path: what the spool holds goes the way of every prompt, which begins by
//! looking whether it has run.

use std::{io, slice, time::Instant};

use serde_json::Value;

use crate::{
    app::{
        App,
        gather::Bundle,
        intake::is_more_than_a_reply_shows,
        later::{GO_ON, deferred},
        prompts::Sending,
    },
    bridge::{
        binding::Binding,
        place::Place,
        prompt::{Prompt, PromptId},
        recover::{self, Past},
        session::RunSpec,
        spool::{Came, Found, Kept, Leg, Question, Stage, Start},
    },
    claude::{process::Conversation, session::SessionId},
    screens::{notice, question},
    telegram::{
        callback::Callback,
        decode::decode,
        intent::{Intent, UserInput},
        outbox::Scope,
        text::Text,
        update::ChatKind,
    },
};

impl App {
    /// Takes up what is in the spool.
    pub(super) fn recover(&mut self, found: Found) {
        for name in &found.damaged {
            tracing::error!(name, "a file of the spool cannot be read: set aside");
            self.tell_owners(&notice::damaged(name));
        }
        for kept in found.kept {
            let first = kept.raws.first().map(|raw| decode(raw, self.setup.me.id));
            let (id, place) = (kept.id, first.and_then(|update| update.place()));
            tracing::info!(prompt = %id, "taking up a prompt that was left");
            if self.guarded(place, |app| app.take_up(kept)).is_none() {
                self.spool.set_aside(id);
            }
        }
    }

    fn take_up(&mut self, kept: Kept) {
        let (parts, press) = self.unpacked(&kept.raws);
        let written = self.composed(&parts);
        if let Some(Sending { prompt, .. }) = &written
            && (press.is_some()
                || kept.stage == Stage::Waiting
                || is_more_than_a_reply_shows(&parts))
        {
            let raws = kept.raws.iter().take(parts.len()).cloned().collect();
            self.intake.keep_parts(prompt, raws);
        }
        let is_spoken = matches!(press, Some(Intent::Spoken(_)));
        match kept.stage {
            // A button in the chat sends it; what was said is written down first.
            Stage::Waiting if !is_spoken => return,
            Stage::Gathering => {
                return self.gather.resume((PromptId(kept.id), parts), Instant::now().into());
            }
            Stage::Waiting | Stage::Going => {}
        }
        let sent = match &press {
            Some(intent) => self.prompt_in(intent),
            None => written.map(|sending| (sending.prompt, sending.group)),
        };
        let sent = sent.map(|(prompt, group)| match kept.attempt {
            Some(attempt) => (prompt.again(attempt), group),
            None => (prompt, group),
        });
        let Some((prompt, group)) = sent.filter(|(prompt, _)| prompt.id.0 == kept.id) else {
            tracing::warn!(prompt = %kept.id, "nothing is asked there any more: set aside");
            return self.spool.set_aside(kept.id);
        };
        let (id, source) = (prompt.id, prompt.source);
        self.left.insert(source);
        self.close_questions(&prompt, &kept);
        match (kept.leg, press) {
            // Its press is too old to be answered.
            (None, Some(Intent::Callback(Callback::Defer(later), _))) => {
                self.continue_later(later, Sending { prompt, session: None, group });
            }
            (None, Some(intent)) => self.intent(intent),
            (None, None) => self.whole(&Bundle::of(id, parts)),
            (Some(leg), _) => {
                let binding = Binding {
                    fresh: leg.start == Start::New,
                    ..Binding::to(leg.directory.clone(), leg.session)
                };
                if leg.bound && self.ledger.is_older(source.place, kept.at) {
                    self.ledger.point(source.place, binding.clone());
                }
                let (session, exists) = (leg.session, self.setup.home.transcript(leg.session));
                match leg.start {
                    Start::Fork(of) if exists.is_none() => {
                        let fork = Conversation::Fork { of, into: session };
                        self.ask(self.spec(source.place, leg.directory, fork), prompt);
                    }
                    _ => {
                        let sending = Sending { prompt, session: Some(session), group };
                        self.route(sending, &binding, session);
                    }
                }
            }
        }
        self.rest(id, source.place);
    }

    /// What updates of the spool bring: the parts of a prompt, and the press or command that sent it.
    fn unpacked(&self, raws: &[Value]) -> (Vec<UserInput>, Option<Intent>) {
        let (mut parts, mut press) = (Vec::new(), None);
        for raw in raws {
            match self.setup.access.intent(decode(raw, self.setup.me.id)) {
                Intent::Prompt(asking) => parts.push(asking),
                other => press = Some(other),
            }
        }
        (parts, press)
    }

    /// The questions of an earlier process are lost with it, and nothing was granted: each says so,
    /// and offers to have it asked again.
    fn close_questions(&mut self, prompt: &Prompt, kept: &Kept) {
        let Some(leg) = &kept.leg else { return };
        for Question { message, about } in &kept.questions {
            let mut what = Text::default();
            what.code(about);
            let screen = question::lost(leg.session, &what);
            drop(self.outbox.edit(prompt.source.place, *message, screen));
            let closed = self.spool.closed(prompt.id, *message);
            self.spooled(&closed);
        }
    }

    /// The prompt that an update brings, and whether others read along.
    pub(super) fn prompt_in(&self, intent: &Intent) -> Option<(Prompt, bool)> {
        match intent {
            Intent::Prompt(asking) => {
                let Sending { prompt, group, .. } = self.composed(slice::from_ref(asking))?;
                Some((prompt, group))
            }
            Intent::Spoken(message) => {
                let source = self.source(message.place, message.id);
                Some((Prompt::new(source, "", 0), message.chat == ChatKind::Group))
            }
            Intent::Callback(tap, press) => {
                let Sending { prompt, group, .. } = self.taken_along(tap, press)?;
                Some((again(tap, prompt), group))
            }
            _ => None,
        }
    }

    /// Whether an update came before and was seen to its end: a prompt that ran is in the spool
    /// until its answer is in the chat.
    pub(super) fn is_answered(&self, prompt: &Prompt) -> bool {
        let session = self.ledger.session_of(prompt.source);
        let transcript = session.and_then(|session| self.setup.home.transcript(session));
        transcript.is_some_and(|path| recover::holds(&path, prompt.id).unwrap_or_default())
    }

    /// A prompt that may have run goes no further where its session holds it.
    pub(super) fn unless_run(&mut self, sending: Sending, session: SessionId) -> Option<Sending> {
        let id = sending.prompt.id;
        let came = self.spool.came(id);
        // What a terminal has is followed there.
        if came == Came::New
            || self.past(id, session) == Past::Unread
            || self.holder(session).is_some()
        {
            return Some(sending);
        }
        if came == Came::Perhaps {
            tracing::info!(prompt = %id.0, "came again and was answered: nothing to do");
            self.spool.remove(id);
            return None;
        }
        let bound = self.spool.read(id, |kept| kept.leg.clone()).flatten();
        let directory = self.found(session).map(|found| found.project);
        let directory = directory.or(bound.map(|leg| leg.directory)).unwrap_or_default();
        let place = sending.prompt.source.place;
        self.ask(self.spec(place, directory, Conversation::Resume(session)), sending.prompt);
        None
    }

    pub(super) fn past(&self, prompt: PromptId, session: SessionId) -> Past {
        let Some(path) = self.setup.home.transcript(session) else { return Past::Unread };
        recover::look(&path, prompt).unwrap_or_else(|error| {
            tracing::warn!(%error, path = %path.display(), "the transcript cannot be read");
            Past::Unread
        })
    }

    /// Writes down where a prompt goes, before it goes there.
    pub(super) fn note_leg(&mut self, spec: &RunSpec, prompt: &Prompt) {
        let session = spec.conversation.session();
        let bound = self.ledger.binding(prompt.source.place);
        let leg = Leg {
            directory: spec.directory.clone(),
            session,
            start: spec.conversation.into(),
            bound: bound.is_some_and(|binding| binding.session == Some(session)),
        };
        self.keep(prompt.id, Some(leg));
    }

    /// Writes a prompt into the spool. Where that cannot be done it goes on without.
    fn keep(&mut self, prompt: PromptId, leg: Option<Leg>) {
        let kept = self.spool.keep(prompt, leg);
        self.spooled(&kept);
    }

    /// Says once that the spool cannot be written.
    pub(super) fn spooled(&mut self, written: &io::Result<()>) {
        if let Err(error) = written
            && !self.spool_failed
        {
            tracing::error!(%error, "the spool takes no files: a crash would lose prompts");
            self.tell_owners(&notice::spool_closed(&error.to_string()));
        }
        self.spool_failed = written.is_err();
    }

    /// A prompt that no run has taken is done with when what was said about it is in the chat,
    /// unless more of it may come, or a button there sends what only the spool has.
    pub(super) fn rest(&mut self, prompt: PromptId, place: Place) {
        let Some(number) = self.spool.number(prompt).filter(|_| !self.sessions.is_shown(prompt))
        else {
            return;
        };
        let stage = match (self.gather.holds(prompt), self.intake.keeps(prompt)) {
            (true, _) => Stage::Gathering,
            (_, true) => Stage::Waiting,
            _ => Stage::Going,
        };
        if stage != Stage::Going {
            let stands = self.spool.stand(prompt, stage);
            return self.spooled(&stands);
        }
        self.keep(prompt, self.spool.read(prompt, |kept| kept.leg.clone()).flatten());
        if self.later.holds(prompt) {
            return;
        }
        self.remove_when_said((prompt, number), place);
    }

    /// A prompt is done with when what was said about it is in the chat.
    pub(super) fn remove_when_said(&mut self, (prompt, number): (PromptId, u64), place: Place) {
        let (outbox, spool) = (self.outbox.clone(), self.spool.clone());
        self.painters.spawn(async move {
            if outbox.flush(Scope::Messages(place.chat)).await.is_ok() {
                spool.remove_if(prompt, number);
            }
        });
    }
}

/// The prompt that a button sends, as its attempt.
fn again(tap: &Callback, prompt: Prompt) -> Prompt {
    match tap {
        Callback::Retry(_, attempt) => prompt.again(*attempt),
        Callback::Continue(_, attempt) => Prompt::new(prompt.source, GO_ON, *attempt),
        Callback::Defer(later) => deferred(*later, prompt),
        _ => prompt,
    }
}
