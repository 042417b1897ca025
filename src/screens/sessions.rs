//! Sessions and directories to pick from, and the card of the one that was picked.

use std::path::PathBuf;

use crate::{
    claude::session::{Session, SessionId, Status},
    screens::{Scene, anchor, button, row, screen, words},
    telegram::{
        callback::{Callback, Carry, Key, List},
        markdown,
        screen::{Button, Screen},
        text::{EntityKind, Text, cut},
    },
};

/// Entries a page: what a phone shows without scrolling, and two rows of number buttons.
pub const PAGE: usize = 10;
/// Number buttons in a row.
const ACROSS: usize = 5;
/// Characters of a title in a list.
const TITLE: usize = 80;
/// Characters of a search: few enough to be shown whole, since a button whose words are too long
/// for it finds them again in its message ([`searched`]).
const SEARCH: usize = 200;
/// Characters of either side's last words on a card.
const LAST_WORDS: usize = 600;
/// Entities of the same.
const LAST_WORDS_ENTITIES: usize = 40;

/// The words of a search as they are shown: on one line, without what would not be shown as it is.
pub fn search(words: &str) -> String {
    cut(&words::line(words, usize::MAX), SEARCH).trim_end().to_owned()
}

/// The words that the message of a picker was searched for, if it was.
pub fn searched(shown: &Text) -> Option<String> {
    shown.first(|kind| *kind == EntityKind::Bold)
}

/// A page of sessions.
#[derive(Clone, Debug)]
pub struct Picker {
    /// What is listed, as its buttons say it.
    pub list: List,
    /// The directory of the list, or None for all.
    pub directory: Option<PathBuf>,
    /// The sessions of this page, newest first.
    pub sessions: Vec<Session>,
    /// There are older ones.
    pub more: bool,
    /// Transcripts that could not be read.
    pub unreadable: usize,
    /// The session that the place points at.
    pub current: Option<SessionId>,
    /// Whether a prompt waits for the pick.
    pub carry: Carry,
}

/// The picker.
pub fn picker(scene: &Scene, picker: &Picker) -> Screen {
    let mut text = heading(scene, picker);
    for (index, session) in picker.sessions.iter().enumerate() {
        text.push("\n\n").append(entry(scene, picker, index, session));
    }
    if picker.unreadable > 0 {
        let count = words::plural(picker.unreadable as u64, "transcript");
        text.push("\n\n").italic(&format!("{count} could not be read."));
    }
    screen(text, keyboard(picker))
}

fn heading(scene: &Scene, picker: &Picker) -> Text {
    let mut text = Text::default();
    let none = picker.sessions.is_empty();
    text.push(match (none, picker.list.page) {
        (true, 0) => "No session ",
        (true, _) => "No more sessions ",
        (false, _) => "Sessions ",
    });
    match &picker.directory {
        Some(directory) => text.push("in ").code(&words::path(directory, &scene.home)),
        None if none => text.push("anywhere"),
        None => text.push("everywhere"),
    };
    if let Some(search) = picker.list.words.whole().filter(|search| !search.is_empty()) {
        text.push(" with ").bold(search);
    }
    if picker.list.hidden {
        text.push(", hidden ones too");
    }
    if picker.list.page > 0 && !none {
        text.data(&format!(", page {}", picker.list.page + 1));
    }
    text.push(if none { "." } else { "" });
    text
}

fn entry(scene: &Scene, picker: &Picker, index: usize, session: &Session) -> Text {
    let mut text = Text::of_data(&format!("{}. ", index + 1));
    text.bold(&words::line(&session.title, TITLE)).push("\n");
    let mut facts = vec![words::age(scene.now, session.modified)];
    facts.extend(words::branch(session.branch.as_deref()));
    facts.extend(words::put_away(session));
    text.data(&facts.join(" · "));
    if picker.directory.is_none() {
        text.push(" · ").code(&words::path(&session.project, &scene.home));
    }
    if let Some(status) = session.status {
        text.push(" · ").append(live(status));
    }
    if picker.current == Some(session.id) {
        text.push(" · ").italic("this chat is here");
    }
    text
}

/// The mark of a session that is open in a process.
fn live(status: Status) -> Text {
    Text::plain(match status {
        Status::Idle => "● open, idle",
        Status::Busy => "● open, busy",
        Status::Waiting => "● open, waiting for an answer",
    })
}

fn keyboard(picker: &Picker) -> Vec<Vec<Button>> {
    let picks: Vec<Button> = picker
        .sessions
        .iter()
        .enumerate()
        .map(|(index, session)| {
            button((index + 1).to_string(), &Callback::Pick(session.id, picker.carry))
        })
        .collect();
    let mut rows = words::rows(&picks, ACROSS);
    let list = &picker.list;
    let turned = |page| Callback::Sessions(List { page, ..list.clone() }, picker.carry);
    let mut pages = Vec::new();
    if list.page > 0 {
        pages.push(button("‹ Newer", &turned(list.page - 1)));
    }
    if picker.more {
        pages.push(button("Older ›", &turned(list.page + 1)));
    }
    rows.push(pages);
    let mut ways = row([("Projects", Callback::Directories(0, picker.carry))]);
    if list.directory.is_some() {
        let all = List { page: 0, directory: None, ..list.clone() };
        ways.push(button("Everywhere", &Callback::Sessions(all, picker.carry)));
    }
    let other = List { page: 0, hidden: !list.hidden, ..list.clone() };
    let label = if list.hidden { "− hidden" } else { "+ hidden" };
    ways.push(button(label, &Callback::Sessions(other, picker.carry)));
    ways.push(button("New", &Callback::New(list.directory, picker.carry)));
    rows.extend(words::rows(&ways, 3));
    rows
}

/// A directory to pick.
#[derive(Clone, Debug)]
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// When a session of it was last used, milliseconds since the epoch.
    pub modified: u64,
    /// How many sessions it has.
    pub sessions: usize,
}

/// What a directory button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryAction {
    /// Lists its sessions.
    List,
    /// Works there, and sends the prompt on if there is one.
    Go,
}

/// A page of directories, under a first line of the caller's.
pub fn directories(scene: &Scene, mut text: Text, page: &[Place], paging: Paging) -> Screen {
    let mut rows: Vec<Vec<Button>> = Vec::new();
    let mut picks = Vec::new();
    for (index, place) in page.iter().enumerate() {
        text.data(&format!("\n\n{}. ", index + 1));
        text.code(&words::path(&place.directory, &scene.home)).push("\n");
        text.data(&words::plural(place.sessions as u64, "session"));
        text.push(" · ").data(&words::age(scene.now, place.modified));
        let key = Key::of_path(&place.directory);
        let tap = match paging.purpose {
            DirectoryAction::List => {
                Callback::Sessions(List { directory: Some(key), ..List::default() }, paging.carry)
            }
            DirectoryAction::Go => Callback::Directory(key, paging.carry),
        };
        picks.push(button((index + 1).to_string(), &tap));
    }
    rows.extend(words::rows(&picks, ACROSS));
    if paging.purpose == DirectoryAction::List {
        let mut pages = Vec::new();
        if paging.page > 0 {
            pages.push(button("‹ Newer", &Callback::Directories(paging.page - 1, paging.carry)));
        }
        if paging.more {
            pages.push(button("Older ›", &Callback::Directories(paging.page + 1, paging.carry)));
        }
        rows.push(pages);
        rows.push(row([("Everywhere", Callback::Sessions(List::default(), paging.carry))]));
    }
    screen(text, rows)
}

/// Which page of directories, and what their buttons do.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    /// 0 for the first.
    pub page: u16,
    /// There are older ones.
    pub more: bool,
    /// What a button does.
    pub purpose: DirectoryAction,
    /// Whether a prompt waits for the pick.
    pub carry: Carry,
}

/// What a card tells of a session.
#[derive(Clone, Debug)]
pub struct SessionCard {
    /// The session.
    pub session: Session,
    /// How many prompts it holds.
    pub prompts: usize,
    /// From first to last record, seconds.
    pub seconds: u64,
    /// The last prompt and Claude's last words.
    pub last: Option<(String, String)>,
}

/// The card of a session that was picked.
pub fn card(scene: &Scene, card: &SessionCard) -> Screen {
    let mut text = about(scene, card);
    text.push("\n\nWrite to continue here.");
    let here = here(&card.session);
    screen(
        text,
        vec![row([
            ("Other session", Callback::Sessions(here.clone(), Carry::Nothing)),
            ("New", Callback::New(here.directory, Carry::Nothing)),
        ])],
    )
}

/// The card of the only session that a search has found, which is not picked yet.
pub fn preview(scene: &Scene, card: &SessionCard) -> Screen {
    let mut text = about(scene, card);
    text.push("\n\nThe only one that fits. Continue here?");
    let ways = row([
        ("Continue", Callback::Pick(card.session.id, Carry::Nothing)),
        ("Other session", Callback::Sessions(here(&card.session), Carry::Nothing)),
    ]);
    screen(text, vec![ways])
}

fn here(session: &Session) -> List {
    List { directory: Some(Key::of_path(&session.project)), ..List::default() }
}

/// A session, its directory, age and last words.
pub(super) fn about(scene: &Scene, card: &SessionCard) -> Text {
    let SessionCard { session, .. } = card;
    let mut text = anchor(scene, session.id);
    text.push(" ").bold(&words::line(&session.title, TITLE)).push("\n");
    text.code(&words::path(&session.project, &scene.home));
    if let Some(branch) = words::branch(session.branch.as_deref()) {
        text.push(" · ").data(&branch);
    }
    let prompts = words::plural(card.prompts as u64, "prompt");
    text.push("\n").data(&words::age(scene.now, session.modified)).push(" · ").data(&prompts);
    if card.seconds >= 60 {
        text.push(" over ").data(&words::span(card.seconds));
    }
    if let Some(why) = words::put_away(session) {
        text.push(" · ").data(&why);
    }
    if let Some(status) = session.status {
        text.push("\n").append(live(status));
    }
    if let Some((prompt, answer)) = &card.last {
        text.push("\n\n").bold("You").push("\n");
        text.append(quote(prompt, Side::Person));
        text.push("\n").bold("Claude").push("\n");
        text.append(quote(answer, Side::Claude));
    }
    text
}

#[derive(Clone, Copy)]
enum Side {
    Person,
    Claude,
}

fn quote(words: &str, side: Side) -> Text {
    let shown = match side {
        _ if words.trim().is_empty() => Text::plain("(nothing yet)"),
        Side::Person => Text::of_prose(words.trim()),
        Side::Claude => markdown::render(words).trim(),
    };
    let first = shown.head(LAST_WORDS).split(LAST_WORDS, LAST_WORDS_ENTITIES).into_iter().next();
    first.unwrap_or_default().wrap(EntityKind::Quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_long_words_keeps_its_buttons_and_its_words() {
        let asked = format!("/the @beans behind\n  a.rs {} of last spring", "green ".repeat(90));
        let words = search(&asked);
        assert_eq!(words.chars().count(), SEARCH);
        let list = List { words: words.as_str().into(), page: 1, ..List::default() };
        let picker = Picker {
            list,
            directory: Some("/home/ada".into()),
            sessions: Vec::new(),
            more: true,
            unreadable: 0,
            current: None,
            carry: Carry::Nothing,
        };
        let scene = Scene { home: "/home/ada".into(), bot: "segue_bot".to_owned(), now: 0 };
        let screen = super::picker(&scene, &picker);
        let buttons: Vec<_> = screen.keyboard.iter().flatten().collect();
        let labels: Vec<_> = buttons.iter().map(|button| button.label.as_str()).collect();
        assert_eq!(labels, ["‹ Newer", "Older ›", "Projects", "+ hidden", "New"]);
        for button in [buttons[0], buttons[1], buttons[3]] {
            let pressed = Callback::decode(&button.data).unwrap();
            let Callback::Sessions(list, _) = pressed else { panic!("{pressed:?}") };
            assert_eq!(list.words.find(searched(&screen.text).as_deref()), Some(words.as_str()));
        }
    }
}
