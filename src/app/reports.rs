//! What comes back from the workers of sessions beside their turns.

use crate::{
    app::{App, now},
    bridge::{
        binding::{self, Binding},
        book::HoldReason,
        prompt::Source,
        route,
        session::{EndReason, Finished, Order, Queued, Report},
        turn::Outcome,
    },
    claude::{live::Live, process::Conversation, session::SessionId},
    screens::{laptop, notice},
};

impl App {
    /// A worker is done. Prompts that Claude never got go on.
    pub(super) fn finished(&mut self, finished: Finished) {
        let Finished { session, directory, why, unsent } = finished;
        tracing::debug!(%session, ?why, unsent = unsent.len(), "a worker is done");
        let mut next = session;
        for queued in unsent {
            let Source { place, .. } = queued.prompt.source;
            let conversation = match why {
                EndReason::Shutdown => {
                    queued.turn.send_modify(|turn| turn.finish(Outcome::Shutdown));
                    continue;
                }
                EndReason::Idle => Conversation::Resume(session),
                EndReason::NoConversation => {
                    if next == session {
                        let attempt = queued.prompt.attempt;
                        let Some(into) = route::instead(queued.prompt.source, attempt, session)
                        else {
                            queued.turn.send_modify(|turn| turn.finish(Outcome::NotBegun));
                            continue;
                        };
                        next = into;
                        self.replace(place, session, next, &directory);
                    }
                    queued.turn.send_modify(|turn| turn.session = next);
                    Conversation::New(next)
                }
            };
            let spec = self.spec(place, directory.clone(), conversation);
            self.note_destination(&spec, &queued.prompt);
            self.sessions.give(spec, queued);
        }
    }

    /// What concerns a session beside its turns.
    pub(super) fn report(&mut self, report: Report) {
        match report {
            Report::Unsolicited { place, turn } => {
                self.sessions.unsolicited(place, turn.clone());
                self.show(place, None, turn, String::new());
            }
            Report::NotEdited(source) => {
                if let Some(entry) = self.book.of_source(source) {
                    self.offer_again(entry.prompt.id);
                }
            }
            Report::Renewed { old, new } => self.sessions.renew(old, new),
            Report::Opened { queued, live } => self.opened_before(queued, &live),
        }
    }

    /// The session of a prompt that has not been sent is open elsewhere by now: it goes where the
    /// person has said, or they are asked.
    fn opened_before(&mut self, mut queued: Queued, live: &Live) {
        let (source, id, session) = (queued.prompt.source, queued.prompt.id, live.session);
        let files = queued.prompt.attachments.len();
        if let Some(plan) = self.plan_for(source.place, (session, id), live, files) {
            queued.plan = Some(plan);
            let directory = live.cwd.clone();
            let spec = self.spec(source.place, directory, Conversation::Resume(session));
            return self.sessions.tell(spec, Order::Ask(Box::new(queued)));
        }
        queued.turn.send_modify(|turn| turn.finish(Outcome::Silent));
        if let Some(found) = self.found(session) {
            let card = laptop::choose(&self.scene(), &found, live, files);
            return self.ask_person(&queued.prompt, HoldReason::Terminal(session), card);
        }
        self.say(source.place, notice::plain(notice::BROKEN));
        self.book.begin(id);
        self.settle(id, source.place);
    }

    /// A session has taken a prompt: the place points there, unless it has gone elsewhere since.
    pub(super) fn taken(&mut self, source: Source, display: &str, session: SessionId) {
        self.tell_the_other_place(source.place, session);
        if self.book.is_left(source) && self.places.session_of(source) == Some(session) {
            return; // An earlier process wrote it down.
        }
        let binding = self.binding_of(session, source.place);
        let known = self.places.binding(source.place);
        let here = known.as_ref().filter(|known| known.session == Some(session));
        // Until a resume follows the new branch, the next process must be told, too.
        let cut = here.and_then(|known| known.cut).filter(|cut| cut.from.is_some());
        let binding = Binding { fresh: false, fork: None, cut, agent: None, ..binding };
        let bound = known.and_then(|known| known.session);
        if bound.is_none_or(|bound| bound == session) {
            self.places.bind(source, binding, display, now());
        } else {
            self.places.log(source.place, binding::untagged(&binding, display, now()));
        }
    }
}
