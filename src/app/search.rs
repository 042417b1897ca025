//! `/search`: what was said anywhere, found beside the loop and shown while it is looked for.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{sync::watch, task::spawn_blocking};

use crate::{
    app::App,
    bridge::place::Place,
    claude::{
        catalog,
        home::{Home, is_below},
        search::{self, Asked, Event, Query},
        session::SessionId,
        transcript::{
            messages::Messages,
            story::{self, Event as Told, Outline, Story},
        },
    },
    screens::{
        history::{self, Past},
        notice,
        search::{self as screens, PAGE, Results, State},
    },
    telegram::{
        callback::Words,
        outbox::{Outbox, SendOptions, Sound},
        screen::Screen,
        text::{EntityKind, Text},
        update::Message,
    },
};

/// The searches that run, one in a place: a new one ends the one before.
#[derive(Default)]
pub(super) struct Searches(HashMap<Place, Arc<AtomicBool>>);

impl Searches {
    /// Ends the search of a place, and says by what the next is ended.
    fn next(&mut self, place: Place) -> Arc<AtomicBool> {
        let ended = Arc::new(AtomicBool::new(false));
        if let Some(before) = self.0.insert(place, ended.clone()) {
            before.store(true, Ordering::Relaxed);
        }
        ended
    }
}

/// The message that shows what is found.
#[derive(Clone, Copy)]
enum Page {
    /// A new one, in answer to that message.
    Answer(i32),
    /// That one.
    Turned(i32),
}

impl App {
    /// `/search WORDS`
    pub(super) fn search(&mut self, message: &Message, words: &str) {
        self.look_for(message.place, words, 0, Page::Answer(message.id));
    }

    /// A page of a search, whose words stand in its message where the button has no room for them.
    pub(super) fn tap_search(&mut self, message: &Message, words: &Words, skip: u16) {
        let shown = Text { text: message.text.clone(), entities: message.entities.clone() };
        let bold = shown.first(|kind| *kind == EntityKind::Bold);
        match words.find(bold.as_deref()).map(str::to_owned) {
            Some(words) => self.look_for(message.place, &words, skip, Page::Turned(message.id)),
            None => self.say(message.place, notice::plain("That search is not known any more.")),
        }
    }

    fn look_for(&mut self, place: Place, words: &str, skip: u16, page: Page) {
        let scene = self.scene();
        let here = self.directory_here(place);
        let asked = Asked { home: &scene.home, here: &here, now: scene.now };
        let query = match Query::parse(words, &asked) {
            Ok(query) => query,
            Err(error) => return self.say(place, screens::misread(&error.to_string())),
        };
        let ended = self.searches.next(place);
        let results = Results {
            query: screens::query(words),
            skip,
            found: Vec::new(),
            more: false,
            state: State::Running,
            narrowed: query.narrowed_by(),
        };
        let (sender, seen) = watch::channel(results);
        let home = self.setup.home.clone();
        let roots = self.setup.roots.clone();
        drop(spawn_blocking(move || run(&home, &roots, (&query, &ended), &sender)));
        let outbox = self.outbox.clone();
        self.errands.spawn(async move {
            let draw = |results: &Results| screens::results(&scene, results);
            show(&outbox, (place, page), seen, draw).await;
        });
    }

    /// What was said around a moment in a session, with the ways to go on from it.
    pub(super) fn open_point(&self, message: &Message, session: SessionId, at: u64) {
        if let Some(screen) = self.may_not_show(session) {
            return self.reply(message, screen);
        }
        let home = self.setup.home.clone();
        let read = spawn_blocking(move || around(&home, session, at));
        let (scene, outbox, place) = (self.scene(), self.outbox.clone(), message.place);
        let how = self.answering(message.place, message.id);
        tokio::spawn(async move {
            let screens = match read.await.ok().flatten() {
                Some((past, story, point)) => {
                    let mut screens = history::history(&scene, &past, &story);
                    if let Some(last) = screens.last_mut() {
                        last.keyboard.extend(history::ways_on(session, point));
                    }
                    screens
                }
                None => vec![notice::plain("That session is gone. /search finds what is there.")],
            };
            for screen in screens {
                drop(outbox.send(place, screen, how));
            }
        });
    }
}

/// Searches, and keeps what was found so far below `roots` in `sender`.
fn run(
    home: &Home,
    roots: &[PathBuf],
    (query, ended): (&Query, &AtomicBool),
    sender: &watch::Sender<Results>,
) {
    let mut skip = usize::from(sender.borrow().skip);
    let summary = search::run(home, query, |event| {
        if ended.load(Ordering::Relaxed) || sender.is_closed() {
            return ControlFlow::Break(());
        }
        let Event::Found(found) = event else { return ControlFlow::Continue(()) };
        if !are_above(roots, &found.project) {
            return ControlFlow::Continue(());
        }
        if skip > 0 {
            skip -= 1;
            return ControlFlow::Continue(());
        }
        if sender.borrow().found.len() == PAGE {
            sender.send_modify(|results| results.more = true);
            return ControlFlow::Break(());
        }
        sender.send_modify(|results| results.found.push(found));
        ControlFlow::Continue(())
    });
    let is_ended = ended.load(Ordering::Relaxed);
    let state = if is_ended { State::Ended } else { State::Done(summary) };
    sender.send_modify(|results| results.state = state);
}

/// Whether the bot may tell of a directory: below one of its roots, if it has any.
pub(super) fn are_above(roots: &[PathBuf], directory: &Path) -> bool {
    roots.is_empty() || roots.iter().any(|root| is_below(directory, root))
}

/// Shows what is found: a first message as soon as there is something, and what follows in it.
async fn show(
    outbox: &Outbox,
    (place, page): (Place, Page),
    mut seen: watch::Receiver<Results>,
    draw: impl Fn(&Results) -> Screen,
) {
    let _typing = outbox.typing(place);
    let mut shown = match page {
        Page::Answer(_) => None,
        Page::Turned(id) => Some(id),
    };
    while seen.changed().await.is_ok() {
        let results = seen.borrow_and_update().clone();
        let screen = draw(&results);
        let is_last = results.state != State::Running;
        shown = match (shown, page) {
            (Some(id), _) if is_last => {
                let _ = outbox.edit(place, id, screen).await;
                return;
            }
            (Some(id), _) => {
                let _ = outbox.repaint(place, id, screen).await;
                Some(id)
            }
            (None, Page::Answer(message)) => {
                let how = SendOptions { reply_to: Some(message), sound: Sound::Silent };
                outbox.send(place, screen, how).await.ok()
            }
            (None, Page::Turned(_)) => None,
        };
        if is_last {
            return;
        }
    }
}

/// The exchange of a session that was the last to begin by a moment, how many are newer, and when it
/// began if the session can be gone back to its end.
fn around(home: &Home, session: SessionId, at: u64) -> Option<(Past, Story, Option<u64>)> {
    let title = catalog::find(home, session)?.title;
    let path = home.transcript(session)?;
    let skip = newer_than(&path, at)?;
    let story = story::story(&path, usize::from(skip), 1).ok()?;
    let began = story.chapters.last().and_then(|chapter| chapter.at);
    let end = began.and_then(|began| Messages::read(&path).ok()?.end_of(began));
    let point = end.filter(|end| end.newer > 0).and(began);
    Some((Past { session, title, skip, take: 1 }, story, point))
}

/// How many exchanges of a transcript began after a moment.
pub(super) fn newer_than(path: &Path, at: u64) -> Option<u16> {
    let mut newer = 0_u16;
    let count = |event: Told<'_>| {
        if let Told::Asked { at: Some(asked), .. } = event {
            newer = newer.saturating_add(u16::from(asked > at));
        }
        Ok(())
    };
    Outline::of(path).ok()?.tell(count).ok()?;
    Some(newer)
}
