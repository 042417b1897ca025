//! Prompts on their way in: gathered, and their files fetched, before a run has them.
//!
//! A place's prompts keep their order: one that is whole waits behind one whose file still comes.

use std::{
    collections::{HashMap, VecDeque},
    iter,
    sync::Arc,
};

use serde_json::Value;
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    app::{
        App,
        fetch::{Fetch, Fetched, Folders},
        gather::{Bundle, SPLIT},
        note::Note,
        parts::Parts,
        prompts::Sending,
    },
    bridge::{
        attachment::{Attached, Kind},
        place::Place,
        prompt::{Prompt, PromptId, Source},
        session::{Queued, RunSpec},
        spool::{Came, Spool},
        turn::{Outcome, Phase, Wait},
    },
    screens::{files, notice},
    telegram::{
        download::LARGEST,
        intent::{Opening, UserInput},
        update::{ChatKind, Replied},
        wording,
    },
};

/// Prompts of more than one message that are remembered for their buttons.
const KEPT: usize = 100;

/// Prompts that no run has yet.
pub(super) struct Intake {
    queues: HashMap<Place, VecDeque<Load>>,
    /// Where one picture at a time is made smaller.
    desk: Arc<Semaphore>,
    /// What a button on a reply to one message could not find again there.
    kept: VecDeque<Kept>,
    pub(super) parts: Parts,
    spool: Spool,
}

/// A prompt that is remembered for its buttons.
struct Kept {
    prompt: Prompt,
    /// The updates that brought its parts.
    raws: Vec<Value>,
}

/// A prompt with the run it is for.
struct Load {
    spec: RunSpec,
    asked: Queued,
    ready: bool,
}

impl Intake {
    pub(super) fn new(spool: Spool) -> Self {
        let (queues, desk) = (HashMap::new(), Arc::new(Semaphore::new(1)));
        Self { queues, desk, kept: VecDeque::new(), parts: Parts::default(), spool }
    }

    /// Takes back what waits in a place; whether there was something.
    pub(super) fn take_back(&mut self, place: Place) -> bool {
        let queue = self.queues.remove(&place).unwrap_or_default();
        for load in &queue {
            end(load, Outcome::TakenBack);
        }
        !queue.is_empty()
    }

    /// Takes back one prompt; where it waited, if it waited here.
    fn take_back_one(&mut self, prompt: PromptId) -> Option<Place> {
        let is_it = |load: &Load| load.asked.prompt.id == prompt;
        self.queues.iter_mut().find_map(|(place, queue)| {
            let load = queue.iter().position(is_it).and_then(|index| queue.remove(index))?;
            end(&load, Outcome::TakenBack);
            Some(*place)
        })
    }

    /// What is whole and has nothing before it that is not.
    fn ready(&mut self, place: Place) -> Vec<Load> {
        let mut ready = Vec::new();
        let Some(queue) = self.queues.get_mut(&place) else { return ready };
        while queue.front().is_some_and(|load| load.ready) {
            ready.extend(queue.pop_front());
        }
        if queue.is_empty() {
            self.queues.remove(&place);
        }
        ready
    }

    /// Lets go of all that waits.
    pub(super) fn end(&mut self) {
        for load in self.queues.drain().flat_map(|(_, queue)| queue) {
            end(&load, Outcome::Shutdown);
        }
    }

    /// What is remembered of a message.
    pub(super) fn remembered(&self, source: Source) -> Option<Prompt> {
        self.find(source).map(|kept| kept.prompt.clone())
    }

    /// The updates that brought a remembered prompt.
    pub(super) fn raws(&self, source: Source) -> Vec<Value> {
        self.find(source).map(|kept| kept.raws.clone()).unwrap_or_default()
    }

    fn find(&self, source: Source) -> Option<&Kept> {
        self.kept.iter().rev().find(|kept| kept.prompt.source == source)
    }

    /// Whether a prompt is remembered.
    pub(super) fn keeps(&self, id: PromptId) -> bool {
        self.kept.iter().any(|kept| kept.prompt.id == id)
    }

    /// Puts other words into a remembered prompt.
    pub(super) fn rephrase(&mut self, source: Source, text: String) {
        if let Some(kept) = self.kept.iter_mut().rfind(|kept| kept.prompt.source == source) {
            kept.prompt.text = text;
        }
    }

    /// Remembers nothing of a message any more.
    pub(super) fn forget(&mut self, source: Source) {
        let Self { kept, spool, .. } = self;
        kept.retain(|kept| {
            let stays = kept.prompt.source != source;
            if !stays {
                spool.forget(kept.prompt.id);
            }
            stays
        });
    }

    /// Remembers a prompt, with the updates that the spool has of it.
    pub(super) fn keep(&mut self, prompt: &Prompt) {
        let raws = self.spool.read(prompt.id, |kept| kept.raws.clone()).unwrap_or_default();
        self.keep_parts(prompt, raws);
    }

    pub(super) fn keep_parts(&mut self, prompt: &Prompt, raws: Vec<Value>) {
        self.kept.push_back(Kept { prompt: prompt.clone(), raws });
        if self.kept.len() > KEPT
            && let Some(oldest) = self.kept.pop_front()
        {
            self.spool.forget(oldest.prompt.id);
        }
    }
}

fn end(load: &Load, outcome: Outcome) {
    load.asked.turn.send_modify(|turn| turn.finish(outcome));
}

impl App {
    /// A message for Claude, or a part of one.
    pub(super) fn prompt(&mut self, asking: UserInput) {
        let id = PromptId::of(self.source(asking.message.place, asking.message.id), 0);
        if let Some(whole) = self.gather.prompt_of(&asking) {
            let joined = self.spool.join(whole, id);
            self.spooled(&joined);
        }
        for bundle in self.gather.take((id, asking), Instant::now()) {
            self.whole(&bundle);
        }
    }

    /// Some part had no other for a moment.
    pub(super) fn gathered(&mut self) {
        for bundle in self.gather.due(Instant::now()) {
            self.whole(&bundle);
        }
    }

    /// Something else comes in a place: what was gathered there is whole.
    pub(super) fn flush(&mut self, place: Place) {
        if let Some(bundle) = self.gather.flush(place) {
            self.whole(&bundle);
        }
    }

    pub(super) fn whole(&mut self, bundle: &Bundle) {
        let Some(sending) = self.composed(&bundle.parts) else { return };
        let (id, UserInput { message, opening, .. }) = (sending.prompt.id, &bundle.parts[0]);
        if opening.is_none()
            && bundle.parts.iter().all(|part| part.message.extra.file.is_none())
            && self.is_for_question(message, &sending.prompt.text)
        {
            return self.rest(id, message.place);
        }
        // A first part alone does not tell: until it is whole, it may not be what was answered.
        if self.spool.came(id) == Came::Perhaps && self.is_answered(&sending.prompt) {
            tracing::info!(prompt = %id.0, "came again and was answered: nothing to do");
            return self.spool.remove(id);
        }
        if is_more_than_a_reply_shows(&bundle.parts) {
            self.intake.keep(&sending.prompt);
        }
        self.intake.parts.keep(bundle);
        let place = sending.prompt.source.place;
        match opening {
            Some(opening) => self.open_with(*opening, sending),
            None => self.receive(sending),
        }
        self.rest(id, place);
    }

    /// Does with a prompt what the command in front of it says.
    fn open_with(&mut self, opening: Opening, sending: Sending) {
        let source = sending.prompt.source;
        if self.refuses_files(&sending.prompt) {
            return;
        }
        match opening {
            Opening::New => {
                self.new_session(source, &self.directory_here(source.place), Some(sending));
            }
            Opening::Fork => self.fork(source, Some(sending)),
            Opening::Aside => {
                if sending.prompt.files().next().is_some() {
                    self.reply_to(source.place, source.message, files::left_out());
                }
                self.aside(source, &sending.prompt.text);
            }
        }
    }

    /// The prompt that messages are together. None without any.
    pub(super) fn composed(&self, parts: &[UserInput]) -> Option<Sending> {
        let UserInput { message, session, .. } = parts.first()?;
        let (manner, first) = wording::typed(message);
        let others = parts.iter().skip(1).map(|part| wording::of(&part.message));
        let words: Vec<_> = iter::once(first).chain(others).collect();
        // Of a split text the parts follow each other; captions of an album are apart.
        let between = if message.extra.album.is_some() { "\n\n" } else { "\n" };
        let said: Vec<_> = words.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
        let attached: Vec<Attached> =
            parts.iter().flat_map(|part| part.message.files()).cloned().collect();
        let source = self.source(message.place, message.id);
        let prompt = Prompt { manner, ..Prompt::new(source, said.join(between), 0) };
        let prompt = prompt.with(attached);
        let group = message.chat == ChatKind::Group;
        Some(Sending { prompt, session: *session, group })
    }

    /// Sends a prompt on, unless Telegram will not let us have its file.
    pub(super) fn receive(&mut self, sending: Sending) {
        if !self.refuses_files(&sending.prompt) {
            self.send(sending);
        }
    }

    /// Whether a prompt has a file that Telegram does not hand out; that is said.
    fn refuses_files(&mut self, prompt: &Prompt) -> bool {
        let source = prompt.source;
        let is_large = |file: &&Attached| file.size.is_some_and(|size| size > LARGEST);
        let Some(file) = prompt.files().find(is_large) else { return false };
        let screen = files::too_large_to_fetch(file);
        self.intake.forget(source);
        self.reply_to(source.place, source.message, screen);
        true
    }

    /// The prompt of a message that a button takes along; None where it is not whole any more.
    pub(super) fn carried(&self, place: Place, reply: &Replied) -> Option<Prompt> {
        let source = self.source(place, reply.id);
        if let Some(kept) = self.intake.remembered(source) {
            return Some(kept);
        }
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

    /// Gives a prompt to its run, once its files are there and it is its turn.
    pub(super) fn hand_over(&mut self, spec: RunSpec, asked: Queued) {
        let (place, id) = (asked.prompt.source.place, asked.prompt.id);
        if let Some(count) = self.sessions.one_more(spec.conversation.session()) {
            self.say(place, notice::one_more(count));
        }
        let files = asked.prompt.files().count();
        let queue = self.intake.queues.entry(place).or_default();
        if files == 0 && queue.is_empty() {
            self.intake.queues.remove(&place);
            return self.sessions.give(spec, asked);
        }
        let wait = Phase::Waiting(if files == 0 {
            Wait::Turn
        } else {
            Wait::Files { count: files, percent: None }
        });
        asked.turn.send_modify(|turn| turn.phase = wait);
        if files > 0 {
            let fetch = Fetch {
                client: self.setup.client.clone(),
                folders: Folders {
                    inbox: self.setup.inbox.clone(),
                    project: spec.directory.clone(),
                },
                desk: self.intake.desk.clone(),
                turn: asked.turn.clone(),
            };
            let (notes, prompt) = (self.notes.clone(), asked.prompt.clone());
            self.errands.spawn(async move {
                let fetched = fetch.all(prompt).await;
                let _ = notes.send(Note::Fetched { place, id, fetched });
            });
        }
        queue.push_back(Load { spec, asked, ready: files == 0 });
    }

    /// The files of a prompt are here, or will not be.
    pub(super) fn fetched(&mut self, place: Place, id: PromptId, fetched: Result<Fetched, String>) {
        if let Ok(Fetched { prompt, unseen }) = &fetched {
            for (label, unfit) in unseen {
                self.reply_to(place, prompt.source.message, files::unseen(label, *unfit));
            }
        }
        let Some(queue) = self.intake.queues.get_mut(&place) else { return };
        let Some(index) = queue.iter().position(|load| load.asked.prompt.id == id) else { return };
        match fetched {
            Ok(Fetched { prompt, .. }) => {
                let load = &mut queue[index];
                load.asked.turn.send_modify(|turn| turn.phase = Phase::Starting);
                (load.asked.prompt, load.ready) = (prompt, true);
            }
            Err(message) => {
                tracing::warn!(message, "a file of a prompt is not there");
                if let Some(load) = queue.remove(index) {
                    end(&load, Outcome::NoFile { message });
                }
            }
        }
        self.give_ready(place);
    }

    fn give_ready(&mut self, place: Place) {
        for load in self.intake.ready(place) {
            self.sessions.give(load.spec, load.asked);
        }
    }

    /// Takes back a prompt that has not gone to its session; whether there was one.
    pub(super) fn take_back_fetching(&mut self, prompt: PromptId) -> bool {
        let place = self.intake.take_back_one(prompt);
        if let Some(place) = place {
            self.give_ready(place);
        }
        place.is_some()
    }
}

/// Whether a button that replies to the first part would not find all of the prompt there.
pub(super) fn is_more_than_a_reply_shows(parts: &[UserInput]) -> bool {
    let Some(UserInput { message, .. }) = parts.first() else { return false };
    parts.len() > 1
        || message.extra.album.is_some()
        || message.text.encode_utf16().count() >= SPLIT
        || wording::of(message) != message.text
        || message.files().count() > usize::from(message.extra.file.is_some())
}
