//! Where something was said: the page of a search, and what a person reads before and after.

use crate::{
    claude::search::{Excerpt, Found, Place, Speaker, Summary},
    screens::{Scene, button, screen, words},
    telegram::{
        callback::{Callback, Words},
        screen::{Button, Screen},
        text::{EntityKind, Text},
    },
};

/// Sessions of a page.
pub const PAGE: usize = 6;
/// Number buttons in a row.
const ACROSS: usize = 6;
/// Characters of a title.
const TITLE: usize = 80;
/// Characters of a query that are shown: few enough to be shown whole, since a button whose words are
/// too long finds them again in its message.
const QUERY: usize = 200;

/// A page of what was found, while it is looked for and after.
#[derive(Clone, Debug)]
pub struct Results {
    /// What is looked for, as typed, on one line.
    pub query: String,
    /// How many newer ones stand on earlier pages.
    pub skip: u16,
    /// Newest first, at most [`PAGE`].
    pub found: Vec<Found>,
    /// There are older ones.
    pub more: bool,
    /// How far it is.
    pub state: State,
    /// What may be left out to find more.
    pub narrowed: Vec<&'static str>,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It looks.
    Running,
    /// It has looked there.
    Done(Summary),
    /// Another search of the same place has ended it.
    Ended,
}

/// The words of a query as they are shown.
pub fn query(words: &str) -> String {
    words::line(words, QUERY)
}

/// The page.
pub fn results(scene: &Scene, results: &Results) -> Screen {
    let mut text = Text::default();
    let lead = match (results.state, results.found.is_empty()) {
        (State::Running, _) => "Looking for ",
        (State::Done(_), false) => "Found ",
        (State::Done(_), true) => "Nothing found for ",
        (State::Ended, _) => "Another search has ended that for ",
    };
    text.push(lead).bold(&results.query);
    if results.skip > 0 {
        text.data(&format!(", from the {}th on", results.skip + 1));
    }
    for (index, found) in results.found.iter().enumerate() {
        text.push("\n\n").append(entry(scene, index, found));
    }
    if let State::Done(summary) = results.state {
        text.push("\n\n").append(looked(summary, results));
    }
    screen(text, keyboard(results))
}

fn entry(scene: &Scene, index: usize, found: &Found) -> Text {
    let mut text = Text::of_data(&format!("{}. ", index + 1));
    text.bold(&words::line(&found.title, TITLE)).push("\n");
    let who = match found.by {
        Speaker::User => "you",
        Speaker::Claude => "Claude",
        Speaker::Tools => "a tool",
    };
    let mut facts = vec![words::age(scene.now, found.at), who.to_owned()];
    facts.extend((found.messages > 1).then(|| format!("{} messages", found.messages)));
    text.data(&facts.join(" · ")).push(" · ");
    text.code(&words::path(&found.project, &scene.home));
    text.push(match found.place {
        Place::Session => "",
        Place::Agent => " · in a sub-agent",
        Place::History => " · its transcript is gone",
    });
    text.push("\n").append(excerpt(&found.excerpt).wrap(EntityKind::Quote));
    text
}

/// The excerpt with what was looked for in bold.
fn excerpt(excerpt: &Excerpt) -> Text {
    let mut text = Text::default();
    let mut from = 0;
    for mark in &excerpt.marks {
        text.data(&excerpt.text[from..mark.start]).bold(&excerpt.text[mark.clone()]);
        from = mark.end;
    }
    text.data(&excerpt.text[from..]);
    text
}

fn looked(summary: Summary, results: &Results) -> Text {
    let sessions = words::plural(summary.sessions as u64, "session");
    let mut text = Text::of_data(&format!("{sessions}, {}", words::bytes(summary.bytes)));
    text.push(if results.more { ", and there is more." } else { "." });
    if results.found.is_empty() && results.narrowed.is_empty() {
        text.push(" A part of the word finds more than the whole.");
    } else if results.found.is_empty() {
        let narrowed = results.narrowed.join(" or ").replace("a word", "one of the words");
        text.push(" Without ").data(&narrowed).push(" it may find more.");
    }
    for (count, lead) in [(summary.unreadable, "file"), (summary.too_long, "long line")] {
        if count > 0 {
            let passed = words::plural(count as u64, lead);
            text.push("\n").italic(&format!("{passed} could not be read."));
        }
    }
    text
}

fn keyboard(results: &Results) -> Vec<Vec<Button>> {
    let points = results.found.iter().enumerate().filter_map(|(index, found)| {
        let session = found.session.filter(|_| found.place != Place::History)?;
        Some(button((index + 1).to_string(), &Callback::Point { session, at: found.at }))
    });
    let points: Vec<Button> = points.collect();
    let mut rows: Vec<Vec<Button>> = points.chunks(ACROSS).map(<[Button]>::to_vec).collect();
    let words = Words::from(&*results.query);
    let page = |skip| Callback::Search { words: words.clone(), skip };
    let mut pages = Vec::new();
    let step = PAGE as u16;
    if results.skip > 0 {
        pages.push(button("‹ Newer", &page(results.skip.saturating_sub(step))));
    }
    if results.more {
        pages.push(button("Older ›", &page(results.skip.saturating_add(step))));
    }
    rows.push(pages);
    rows
}

/// A query that cannot be used, in the words that say how to write it.
pub fn misread(why: &str) -> Screen {
    let mut text = Text::default();
    // Its examples stand between backquotes.
    for (number, part) in why.split('`').enumerate() {
        if number % 2 == 1 {
            text.code(part);
        } else {
            text.data(part);
        }
    }
    screen(text, Vec::new())
}
