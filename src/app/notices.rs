//! Notices: what a person is told of sessions that others run, and the card of what waits.
//!
//! Which notices, [`Watched`] decides; here they get their words, from the transcript, and find the
//! people who want them. In memory is what was said in a message: that of a wait goes when the wait is
//! over. What happens in the quiet hours is written down as well, until its digest is in the chat.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{Local, Timelike};
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
    time::Instant,
};

use crate::{
    app::{
        App, card::Card, happened::describe, insight::title, limits::Plan, note::Note, now,
        sessions::Shown,
    },
    bridge::{
        notices::{Happened, Quiet, Settings, Watched, What},
        place::Place,
        remembered::Memory,
        wishes::{Wish, Wishes},
    },
    claude::{
        live::{self, Live},
        session::{SessionId, Status},
    },
    screens::{
        Scene, notice,
        notices::{self as screens, Told, Whose},
    },
    telegram::{
        outbox::{Outbox, SendOptions, Sound},
        screen::Screen,
        update::Message,
    },
};

/// What is known of notices.
#[derive(Default)]
pub(super) struct Notices {
    settings: Settings,
    pub(super) wishes: Wishes,
    watched: Watched,
    shared: Shared,
    cards: HashMap<u64, watch::Sender<Option<Screen>>>,
}

/// What the tasks that find words and send them share.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Sent>>);

#[derive(Default)]
struct Sent {
    /// Waits that last, each with its message when that is in the chat.
    waits: HashMap<(u64, SessionId), Option<i32>>,
    /// What happened in the quiet hours.
    kept: HashMap<u64, Vec<(Whose, Told)>>,
}

impl Shared {
    fn get(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notices {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// When to look again though nothing is heard.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let look = self.watched.deadline(self.settings.delay);
        let look = look.map(|at| Duration::from_millis(at.saturating_sub(now())));
        let digest = || {
            (!self.shared.get().kept.is_empty()).then(|| quiet_left(self.settings.quiet)).flatten()
        };
        let wait = look.into_iter().chain(digest()).min()?;
        Some(Instant::now() + wait)
    }

    fn wants(&self, person: u64) -> bool {
        self.wishes.notices.get(&person).copied().unwrap_or(self.settings.on)
    }

    fn hears_of(&self, person: u64, session: SessionId) -> bool {
        !self.wishes.muted.contains(&(person, session))
    }
}

/// How long it stays quiet; `None` while it is not.
fn quiet_left(quiet: Option<Quiet>) -> Option<Duration> {
    let time = Local::now();
    let left = quiet?.left((60 * time.hour() + time.minute()) as u16)?;
    let seconds = (60 * u64::from(left)).saturating_sub(u64::from(time.second()));
    Some(Duration::from_secs(seconds.max(1)))
}

impl App {
    /// Takes up what was wished for before this start.
    pub(super) fn wish_again(&mut self) {
        let remembered = self.remembered();
        self.plan = Plan::of_before(&remembered);
        self.notices = Notices::new(self.setup.notices);
        for (person, session, kept) in remembered.kept {
            let entry = (self.whose(session), Told::from(kept));
            self.notices.shared.get().kept.entry(person).or_default().push(entry);
        }
        match Wishes::read(&self.setup.home, self.setup.me.id) {
            Ok(wishes) => {
                self.follow_again(&wishes);
                self.notices.wishes = wishes;
            }
            Err(error) => tracing::warn!(%error, "the history cannot be read"),
        }
        self.look_at_notices(&live::list(&self.setup.home));
    }

    /// Looks at what runs: after each change of the registry, and when a wait has lasted long enough.
    pub(super) fn look_at_notices(&mut self, all: &[Live]) {
        let people: Vec<u64> = self.setup.access.allowed.iter().copied().collect();
        let told: Vec<_> = people.into_iter().filter(|one| self.notices.wants(*one)).collect();
        let elsewhere: Vec<_> =
            all.iter().filter(|live| self.is_elsewhere(live)).cloned().collect();
        self.keep_cards(&elsewhere);
        if told.is_empty() {
            self.notices.watched = Watched::default();
            return;
        }
        let first = !self.notices.watched.has_begun();
        let of_terminal = |shown: &Shown| {
            let turn = shown.turn.borrow();
            turn.terminal.is_some().then_some(turn.session)
        };
        let shown: Vec<_> = self.sessions.shown.iter().filter_map(of_terminal).collect();
        let is_shown = |live: &Live| shown.contains(&live.session);
        let delay = self.notices.settings.delay;
        let looked = self.notices.watched.look(now(), delay, &elsewhere, is_shown);
        for live in looked.answered {
            self.no_longer_waits(live.session);
        }
        for happened in looked.happened {
            self.tell_people(&told, happened);
        }
        if first {
            self.say_what_waits(&told, &elsewhere);
        }
        self.say_what_was_kept(&elsewhere);
    }

    /// What waits when segue starts: one message without sound.
    fn say_what_waits(&self, people: &[u64], elsewhere: &[Live]) {
        for person in people {
            let all = self.waiting_for(*person, elsewhere);
            if !all.is_empty() {
                self.say(private(*person), screens::waiting(&self.scene(), &all));
            }
        }
    }

    /// What waits for a person, with titles.
    fn waiting_for(&self, person: u64, elsewhere: &[Live]) -> Vec<(Live, String)> {
        let waits = elsewhere.iter().filter(|live| {
            live.status == Status::Waiting && self.notices.hears_of(person, live.session)
        });
        waits.map(|live| (live.clone(), title(&self.setup.home, live))).collect()
    }

    fn no_longer_waits(&self, session: SessionId) {
        let mut sent = self.notices.shared.get();
        sent.waits.retain(|(person, of), message| {
            if *of == session
                && let Some(message) = message
            {
                self.outbox.delete(private(*person), *message);
            }
            *of != session
        });
    }

    /// Tells all who want to hear of it, once its words are found.
    fn tell_people(&mut self, people: &[u64], happened: Happened) {
        let session = happened.live.session;
        let hear = people.iter().copied().filter(|one| self.notices.hears_of(*one, session));
        let people: Vec<u64> = hear.collect();
        let quiet = quiet_left(self.notices.settings.quiet).is_some();
        if happened.what == What::Waits && !quiet {
            let mut sent = self.notices.shared.get();
            sent.waits.extend(people.iter().map(|person| ((*person, session), None)));
        }
        let (home, after) = (self.setup.home.clone(), self.notices.settings.after);
        let described = spawn_blocking(move || describe(&home, &happened, after));
        let teller = Teller {
            shared: self.notices.shared.clone(),
            outbox: self.outbox.clone(),
            notes: self.notes.clone(),
            scene: self.scene(),
            quiet,
        };
        self.errands.spawn(async move {
            if let Ok(Some((whose, told))) = described.await {
                for person in people {
                    teller.tell(person, &whose, &told).await;
                }
            }
        });
    }

    /// The quiet hours are over: one message says what happened, and what waits still.
    fn say_what_was_kept(&mut self, elsewhere: &[Live]) {
        if quiet_left(self.notices.settings.quiet).is_some() {
            return;
        }
        let kept = std::mem::take(&mut self.notices.shared.get().kept);
        let waits = |whose: &Whose| {
            let is_it = |live: &Live| live.session == whose.session;
            elsewhere.iter().any(|live| is_it(live) && live.status == Status::Waiting)
        };
        for (person, mut all) in kept {
            all.retain(|(whose, told)| !matches!(told, Told::Waits { .. }) || waits(whose));
            if all.is_empty() {
                continue;
            }
            let needed = all.iter().any(|(_, told)| matches!(told, Told::Waits { .. }));
            let sound = if needed { Sound::Aloud } else { Sound::Silent };
            let digest = (screens::digest(&self.scene(), &all), sound);
            self.say_once(private(person), digest, Memory::Digest(person));
        }
    }

    // ---- The card ----

    fn keep_cards(&mut self, elsewhere: &[Live]) {
        for person in self.setup.access.allowed.clone() {
            if !self.notices.wishes.cards.contains(&person) {
                if let Some(card) = self.notices.cards.remove(&person) {
                    card.send_replace(None);
                }
                continue;
            }
            let all = self.waiting_for(person, elsewhere);
            let screen = (!all.is_empty()).then(|| screens::waiting(&self.scene(), &all));
            if let Some(card) = self.notices.cards.get(&person) {
                card.send_if_modified(|shown| {
                    let is_new = *shown != screen;
                    *shown = screen;
                    is_new
                });
                continue;
            }
            let (sender, wanted) = watch::channel(screen);
            let card = Card {
                client: self.setup.client.clone(),
                outbox: self.outbox.clone(),
                place: private(person),
                me: self.setup.me.id,
            };
            self.errands.spawn(card.keep(wanted));
            self.notices.cards.insert(person, sender);
        }
    }

    // ---- /notify ----

    /// `/notify [on or off]`
    pub(super) fn notify(&mut self, message: &Message, which: Option<&str>) {
        match which.map(str::trim) {
            None => self.reply(message, self.notice_state(message.from.id)),
            Some("on") => self.wish_notices(message, message.from.id, true),
            Some("off") => self.wish_notices(message, message.from.id, false),
            Some(_) => self.reply(message, notice::plain("Usage: /notify on, or /notify off.")),
        }
    }

    pub(super) fn wish_notices(&mut self, message: &Message, person: u64, on: bool) {
        let display = if on { "/notify on" } else { "/notify off" };
        self.wish(message.place, (Wish::Notices(person), on), None, display);
        self.look_at_notices(&live::list(&self.setup.home));
        self.reply(message, self.notice_state(person));
    }

    pub(super) fn wish_card(&mut self, message: &Message, person: u64, on: bool) {
        self.wish(message.place, (Wish::Card(person), on), None, "/notify");
        self.keep_cards_of_now();
        self.reply(message, self.notice_state(person));
    }

    pub(super) fn mute(
        &mut self,
        message: &Message,
        person: u64,
        (session, on): (SessionId, bool),
    ) {
        self.wish(message.place, (Wish::Mute(person), on), Some(session), "/notify");
        if on {
            self.notices.shared.get().waits.remove(&(person, session));
        }
        self.keep_cards_of_now();
        self.reply(message, screens::muted(&self.scene(), &self.whose(session), on));
    }

    fn keep_cards_of_now(&mut self) {
        let all = live::list(&self.setup.home);
        let elsewhere: Vec<_> = all.into_iter().filter(|live| self.is_elsewhere(live)).collect();
        self.keep_cards(&elsewhere);
    }

    /// Remembers a wish.
    pub(super) fn wish(
        &mut self,
        place: Place,
        (wish, on): (Wish, bool),
        session: Option<SessionId>,
        display: &str,
    ) {
        let project = session.and_then(|session| Some(self.found(session)?.project));
        let project = project.unwrap_or_else(|| self.directory_here(place));
        let entry = wish.entry(self.setup.me.id, on, (project, session), (display, now()));
        self.ledger.log(place, entry);
        self.notices.wishes.set(wish, on, session);
    }

    fn notice_state(&self, person: u64) -> Screen {
        let wishes = &self.notices.wishes;
        let mut muted: Vec<_> = wishes.muted.iter().filter(|(of, _)| *of == person).collect();
        muted.sort_unstable_by_key(|(_, session)| *session);
        screens::state(&screens::State {
            on: self.notices.wants(person),
            after: self.notices.settings.after.as_secs(),
            quiet: self.notices.settings.quiet,
            card: wishes.cards.contains(&person),
            muted: muted.into_iter().map(|(_, session)| self.whose(*session)).collect(),
        })
    }

    fn whose(&self, session: SessionId) -> Whose {
        let found = self.found(session);
        let title = found.as_ref().map_or_else(|| session.to_string(), |found| found.title.clone());
        Whose { session, title, directory: found.map(|found| found.project).unwrap_or_default() }
    }
}

/// A person's own chat with the bot has their number.
fn private(person: u64) -> Place {
    Place { chat: person.cast_signed(), thread: None }
}

/// Brings notices into chats.
struct Teller {
    shared: Shared,
    outbox: Outbox,
    notes: mpsc::UnboundedSender<Note>,
    scene: Scene,
    quiet: bool,
}

impl Teller {
    async fn tell(&self, person: u64, whose: &Whose, told: &Told) {
        if self.quiet {
            let entry = (whose.clone(), told.clone());
            self.shared.get().kept.entry(person).or_default().push(entry);
            // What waits at a start is said then.
            if let Some(kept) = told.kept() {
                let about = Some((whose.session, whose.directory.clone()));
                let (place, memory) = (private(person), Memory::Kept(person, kept));
                let _ = self.notes.send(Note::Remember { place, memory, about });
            }
            return;
        }
        let key = (person, whose.session);
        let waits = matches!(told, Told::Waits { .. });
        if waits && !self.shared.get().waits.contains_key(&key) {
            return;
        }
        let how = SendOptions { reply_to: None, sound: Sound::Aloud };
        let screen = screens::notice(&self.scene, whose, told);
        let Ok(message) = self.outbox.send(private(person), screen, how).await else { return };
        if !waits {
            return;
        }
        let mut sent = self.shared.get();
        match sent.waits.get_mut(&key) {
            Some(known) => *known = Some(message),
            // It was answered meanwhile.
            None => drop(self.outbox.delete(private(person), message)),
        }
    }
}
