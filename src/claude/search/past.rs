//! Prompts of sessions that were deleted, from Claude's history.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use super::{
    Found, Place,
    message::excerpt_of,
    query::{Query, Speaker},
};
use crate::claude::{
    history::Entry,
    home::Home,
    jsonl::{Lines, RawLine},
    session::SessionId,
};

/// Characters of a prompt that stand for the title of a session that is gone.
const TITLE: usize = 200;

/// What is found in prompts whose session is not `known`, each session once.
pub(super) fn search(
    home: &Home,
    query: &Query,
    known: &HashSet<SessionId>,
) -> impl Iterator<Item = Found> {
    let mut found: HashMap<(Option<SessionId>, PathBuf, Option<u64>), Found> = HashMap::new();
    if query.speakers.contains(&Speaker::User) {
        let Ok(mut lines) = Lines::open(&home.history(), 0) else { return found.into_values() };
        let anchor = query.rarest().anchor();
        // What comes before a failure is found.
        while let Ok(Some(line)) = lines.next() {
            let hit = RawLine::bytes(line)
                .filter(|bytes| anchor.find(bytes, 0, super::anchor::Within::Json).is_some());
            let Some(entry) = hit.and_then(Entry::decode) else { continue };
            if entry.session.is_some_and(|session| known.contains(&session)) {
                continue;
            }
            let Some(one) = look(&entry, query) else { continue };
            // Prompts that name no session cannot be put together.
            let alone = entry.session.is_none().then_some(entry.timestamp);
            let key = (entry.session, entry.project, alone);
            let messages = found.get(&key).map_or(0, |before| before.messages);
            found.insert(key, Found { messages: messages + 1, ..one });
        }
    }
    found.into_values()
}

fn look(entry: &Entry, query: &Query) -> Option<Found> {
    let is_recent = query.since.is_none_or(|since| entry.timestamp >= since);
    let is_there = query.directory.as_ref().is_none_or(|dir| dir.covers(&entry.project));
    if !is_recent || !is_there {
        return None;
    }
    let text = &entry.display;
    let first = query.terms.first()?.find(text, 0)?;
    if !query.terms.iter().all(|term| term.find(text, 0).is_some()) {
        return None;
    }
    Some(Found {
        session: entry.session,
        title: text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TITLE).collect(),
        project: entry.project.clone(),
        at: entry.timestamp,
        by: Speaker::User,
        excerpt: excerpt_of(text, first, query),
        messages: 1,
        place: Place::History,
    })
}
