//! Every kind of input that comes from outside, and what holds for any bytes in its place: nothing
//! panics, and what was read is the same when it is written and read again.
//!
//! One function for each kind. The property tests call them with damaged inputs, cargo-fuzz with
//! whatever it finds.

#![allow(clippy::unwrap_used, reason = "what cannot be written again is found that way")]

use std::collections::BTreeSet;

use segue::{
    bridge::{binding::Binding, book},
    claude::{history::Entry, live, record::Record, wire::Line},
    telegram::{callback::Callback, decode::decode, intent::AccessPolicy},
};

/// The bot, and the person whom it listens to.
const BOT: u64 = 7_000_000_001;
const ADA: u64 = 1001;

/// An update of Telegram's.
pub(crate) fn update(bytes: &[u8]) {
    let Ok(raw) = serde_json::from_slice(bytes) else { return };
    let access = AccessPolicy { username: "segue_bot".to_owned(), allowed: BTreeSet::from([ADA]) };
    let update = decode(&raw, BOT);
    let _ = update.place();
    let _ = format!("{:?}", access.intent(update));
}

/// A line of a transcript.
pub(crate) fn record(bytes: &[u8]) {
    if let Ok(record) = Record::decode(bytes) {
        let _ = (record.prompt(), record.said().count(), format!("{record:?}"));
    }
}

/// A line of the CLI's stream.
pub(crate) fn stream(bytes: &[u8]) {
    if let Ok(line) = Line::decode(bytes) {
        let _ = format!("{line:?}");
    }
}

/// An entry of the registry of running processes.
pub(crate) fn registry(bytes: &[u8]) {
    if let Some(live) = live::decode(bytes) {
        let _ = (live.is_background(), format!("{live:?}"));
    }
}

/// A line of the history of prompts.
pub(crate) fn history(bytes: &[u8]) {
    let Some(entry) = Entry::decode(bytes) else { return };
    let _ = Binding::read(&entry);
    let written = serde_json::to_vec(&entry).unwrap();
    let again = Entry::decode(&written).unwrap();
    assert_eq!((again.project, again.display), (entry.project, entry.display));
    assert_eq!(again.session, entry.session);
}

/// What a pressed button carries.
pub(crate) fn button(bytes: &[u8]) {
    let Some(tap) = str::from_utf8(bytes).ok().and_then(Callback::decode) else { return };
    let data = tap.encode();
    assert_eq!(Callback::decode(&data), Some(tap));
}

/// A file of the spool.
pub(crate) fn spool(bytes: &[u8]) {
    let Some(kept) = book::decode(bytes) else { return };
    let written = serde_json::to_vec(&kept).unwrap();
    assert_eq!(book::decode(&written), Some(kept));
}
