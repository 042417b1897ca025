//! Prompts on their way in: gathered, composed of their messages, and opened by their command.

use std::{iter, slice};

use serde_json::Value;
use tokio::time::Instant;

use crate::{
    app::{
        App,
        gather::{self, SPLIT},
    },
    bridge::{
        attachment::{Attached, Kind},
        book::{Arrival, Entry, Provenance, Stage, replace},
        place::Place,
        prompt::{Prompt, PromptId},
        session::Order,
    },
    screens::files,
    telegram::{
        decode::decode,
        download::LARGEST,
        intent::{Intent, Opening, UserInput},
        update::{ChatKind, Replied},
        wording,
    },
};

impl App {
    // ---- Messages ----

    /// A message for Claude, or a part of one.
    pub(super) fn input(&mut self, input: &UserInput, raw: Value, provenance: Provenance) {
        if self.book.has(raw["update_id"].as_i64().unwrap_or_default()) {
            return;
        }
        if let Some(entry) = self.book.gathering(input.message.place) {
            let mut parts = self.inputs(&entry.messages);
            if gather::goes_on_with(&parts, input) {
                parts.push(input.clone());
                return self.joined(&entry, &parts, raw);
            }
            self.whole(entry.prompt.id);
        }
        let parts = slice::from_ref(input);
        let Some(arrival) = self.composed(parts, vec![raw]) else { return };
        let (id, wait) = (arrival.prompt.id, gather::wait_for_more(parts));
        // A first part alone does not tell: until it is whole, it may not be what was answered.
        let known = wait.is_none()
            && provenance == Provenance::MaybeRepeated
            && self.is_answered(&arrival.prompt);
        if known || self.book.is_done(id) || !self.book.arrive(arrival, provenance) {
            return tracing::info!(prompt = %id.0, "came again: nothing to do");
        }
        match wait {
            Some(wait) => {
                let gathers = self.book.gather(id, Instant::now() + wait);
                self.spooled(&gathers);
            }
            None => self.whole(id),
        }
    }

    /// One more part has come.
    fn joined(&mut self, entry: &Entry, parts: &[UserInput], raw: Value) {
        let id = entry.prompt.id;
        let Some(arrival) = self.composed(parts, Vec::new()) else { return };
        let joined = self.book.join(arrival.prompt, raw);
        self.spooled(&joined);
        match gather::wait_for_more(parts) {
            Some(wait) => drop(self.book.gather(id, Instant::now() + wait)),
            None => self.whole(id),
        }
    }

    /// Some part had no other for a moment. The loop comes to this last: an update that is here
    /// already may be the part that is waited for.
    pub(super) fn gathered(&mut self) {
        for entry in self.book.gathered(Instant::now()) {
            self.whole(entry.prompt.id);
        }
    }

    /// Something else comes in a place: what was gathered there is whole.
    pub(super) fn flush(&mut self, place: Place) {
        if let Some(entry) = self.book.gathering(place) {
            self.whole(entry.prompt.id);
        }
    }

    /// All of a prompt is here.
    pub(super) fn whole(&mut self, id: PromptId) {
        let Some(entry) = self.book.begin(id) else { return };
        let parts = self.inputs(&entry.messages);
        let Some(UserInput { message, opening, .. }) = parts.first() else {
            tracing::warn!(prompt = %id.0, "its sender is not allowed any more: set aside");
            return self.book.set_aside(id);
        };
        let place = message.place;
        if opening.is_none()
            && parts.iter().all(|part| part.message.extra.file.is_none())
            && self.is_for_question(message, &entry.prompt.text)
        {
            return self.book.remove(id);
        }
        if self.book.provenance(id) == Provenance::MaybeRepeated && self.is_answered(&entry.prompt)
        {
            tracing::info!(prompt = %id.0, "came again and was answered: nothing to do");
            return self.book.remove(id);
        }
        match *opening {
            Some(opening) => self.open_with(opening, entry.into()),
            None => self.receive(entry.into()),
        }
        self.settle(id, place);
    }

    /// Does with a prompt what the command in front of it says.
    fn open_with(&mut self, opening: Opening, arrival: Arrival) {
        let source = arrival.prompt.source;
        if self.refuses_files(&arrival.prompt) {
            return;
        }
        match opening {
            Opening::New => {
                self.new_session(source, &self.directory_here(source.place), Some(arrival));
            }
            Opening::Fork => self.fork(source, Some(arrival)),
            Opening::Aside => {
                if arrival.prompt.files().next().is_some() {
                    self.reply_to(source.place, source.message, files::left_out());
                }
                self.aside(source, &arrival.prompt.text);
            }
        }
    }

    /// Sends a prompt on, unless Telegram will not let us have its file.
    fn receive(&mut self, arrival: Arrival) {
        if !self.refuses_files(&arrival.prompt) {
            self.send(arrival);
        }
    }

    /// Whether a prompt has a file that Telegram does not hand out; that is said.
    fn refuses_files(&mut self, prompt: &Prompt) -> bool {
        let source = prompt.source;
        let is_large = |file: &&Attached| file.size.is_some_and(|size| size > LARGEST);
        let Some(file) = prompt.files().find(is_large) else { return false };
        let screen = files::too_large_to_fetch(file);
        self.reply_to(source.place, source.message, screen);
        true
    }

    // ---- Edits ----

    /// A message was edited: what waits goes in its new form. Of what Claude has read, the new form
    /// is offered: all of it, where the message is a part.
    pub(super) fn edited(&mut self, input: &UserInput, raw: &Value) {
        let message = &input.message;
        let raw = as_written(raw);
        let Some(entry) = self.book.of_message(message.place.chat, message.id) else {
            return self.offer_alone(input);
        };
        let mut messages = entry.messages.clone();
        replace(&mut messages, raw.clone());
        let Some(arrival) = self.composed(&self.inputs(&messages), Vec::new()) else { return };
        // What a button has put in its place stands.
        let own = entry.prompt.text == self.text_of(&entry);
        let prompt =
            if own { arrival.prompt.again(entry.prompt.attempt) } else { entry.prompt.clone() };
        let id = prompt.id;
        let Some(stage) = self.book.stage(id) else {
            self.book.rewrite_recent(prompt, raw);
            return self.offer_again(id);
        };
        let written = self.book.rewrite(prompt.clone(), Some(raw));
        self.spooled(&written);
        match stage {
            Stage::Gathering | Stage::Asking | Stage::Deferred { .. } if own => {}
            Stage::Queued if own && self.sessions.waits(id) => {
                self.sessions.order_of(id, Order::Edit(Box::new(prompt)));
            }
            _ => self.offer_again(id),
        }
    }

    /// Offers to send a prompt again as its messages are now.
    pub(super) fn offer_again(&mut self, id: PromptId) {
        let Some(entry) = self.book.known(id) else { return };
        let parts = self.inputs(&entry.messages);
        let place = entry.prompt.source.place;
        let bound = || self.places.binding(place)?.session;
        let at = parts.iter().filter_map(|part| part.message.extra.edited).max();
        let Some((session, at)) = entry.session.or_else(bound).zip(at) else { return };
        let screen = match parts.len() {
            1 => files::edited(session, at),
            _ => files::edited_part(session, at),
        };
        self.reply_to(place, entry.prompt.source.message, screen);
    }

    /// The same for a message of which nothing else is known: of a part that is not all.
    fn offer_alone(&mut self, input: &UserInput) {
        let message = &input.message;
        let bound = || self.places.binding(message.place)?.session;
        let Some(edited) = message.extra.edited else { return };
        if message.extra.album.is_some() {
            return self.reply(message, files::edited_alone());
        }
        let Some(session) = input.session.or_else(bound) else { return };
        self.reply(message, files::edited(session, edited));
    }

    /// What the messages of a prompt say.
    fn text_of(&self, entry: &Entry) -> String {
        let composed = self.composed(&self.inputs(&entry.messages), Vec::new());
        composed.map(|arrival| arrival.prompt.text).unwrap_or_default()
    }

    // ---- Composition ----

    /// What the messages of a prompt bring, of people who are allowed.
    pub(super) fn inputs(&self, messages: &[Value]) -> Vec<UserInput> {
        let read = |raw: &Value| match self.setup.access.intent(decode(raw, self.setup.me.id)) {
            Intent::Prompt(input) => Some(input),
            _ => None,
        };
        messages.iter().filter_map(read).collect()
    }

    /// The prompt that messages are together. None without any.
    pub(super) fn composed(&self, parts: &[UserInput], messages: Vec<Value>) -> Option<Arrival> {
        let UserInput { message, session, .. } = parts.first()?;
        let (policy, first) = wording::typed(message);
        let others = parts.iter().skip(1).map(|part| wording::of(&part.message));
        let words: Vec<_> = iter::once(first).chain(others).collect();
        let said: Vec<_> = words.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
        let attached: Vec<Attached> =
            parts.iter().flat_map(|part| part.message.files()).cloned().collect();
        let source = self.source(message.place, message.id);
        let prompt = Prompt::new(source, said.join(gather::between(parts)), 0);
        Some(Arrival {
            prompt: Prompt { policy, ..prompt.with(attached) },
            from: message.from.id,
            group: message.chat == ChatKind::Group,
            session: *session,
            messages,
        })
    }

    /// The prompt of a message that a button takes along, where only the button knows it; None where
    /// it is not whole there.
    pub(super) fn carried(&self, place: Place, reply: &Replied) -> Option<Prompt> {
        let source = self.source(place, reply.id);
        let is_sound = |file: &Attached| file.kind == Kind::Sound;
        if reply.extra.album.is_some()
            || reply.extra.file.as_ref().is_some_and(is_sound)
            || reply.text.encode_utf16().count() >= SPLIT
        {
            return None;
        }
        let text = self.setup.access.carried(reply)?;
        // What somebody else wrote is no sign of this person's.
        let prompt = match reply.extra.origin {
            Some(_) => Prompt::new(source, text, 0),
            None => Prompt::typed(source, &text, 0),
        };
        Some(prompt.with(reply.extra.file.clone()))
    }
}

/// An edited message as one that was written so.
fn as_written(raw: &Value) -> Value {
    let mut raw = raw.clone();
    if let Some(update) = raw.as_object_mut()
        && let Some(message) = update.remove("edited_message")
    {
        update.insert("message".to_owned(), message);
    }
    raw
}
