//! A part of a file into the messages in it that hold what is looked for.

use std::{collections::BTreeSet, io};

use super::{
    anchor::{Anchor, Within},
    message::{self, Match},
    query::Query,
};
use crate::claude::{
    corpus::Owner,
    prefilter::{Buffers, Find, Prefilter, line_at},
    record::Record,
    sweep::{Part, Sweep},
};

/// What was found in a session, or in a part of it.
#[derive(Default)]
pub(super) struct Matches {
    /// The newest message that holds what is looked for.
    pub(super) newest: Option<Newest>,
    /// File and offset of each that does.
    pub(super) messages: BTreeSet<(usize, u64)>,
    /// Lines that were too long.
    pub(super) too_long: usize,
}

/// The newest message.
pub(super) struct Newest {
    /// When it was written, milliseconds since the Unix epoch; 0 where it does not say.
    pub(super) at: u64,
    /// Where its line begins.
    offset: u64,
    pub(super) found: Match,
    pub(super) owner: Owner,
}

impl Matches {
    /// What the parts of a session have together.
    pub(super) fn of(parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            let is_newer = |new: &Newest| {
                all.newest.as_ref().is_none_or(|old| (new.at, new.offset) >= (old.at, old.offset))
            };
            if part.newest.as_ref().is_some_and(is_newer) {
                all.newest = part.newest;
            }
            // A line that two parts share stands in both.
            all.messages.extend(part.messages);
            all.too_long += part.too_long;
        }
        all
    }
}

impl Find for Anchor {
    fn longest(&self) -> usize {
        Anchor::longest(self)
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        Anchor::find(self, bytes, from, Within::Json)
    }
}

/// What the sweep does.
pub(super) struct Search<'q>(pub(super) &'q Query);

impl Sweep for Search<'_> {
    type Part = Matches;

    fn part(&self, part: &Part<'_>, buffers: &mut Buffers) -> io::Result<Matches> {
        let mut matches = Matches::default();
        let mut newest: Option<(u64, u64)> = None;
        let sieve = Prefilter { finder: self.0.rarest().anchor(), shared: part.shared };
        let each = |offset, line: &[u8]| {
            let at = Record::decode(line).ok().and_then(|record| self.0.at(&record));
            if let Some(at) = at {
                matches.messages.insert((part.number, offset));
                newest = newest.max(Some((at, offset)));
            }
            part.is_wanted()
        };
        matches.too_long = sieve.lines(part.file, part.range.clone(), buffers, each)?;
        if let Some((at, offset)) = newest
            && let Some(line) = line_at(part.file, offset)?
            && let Ok(record) = Record::decode(&line)
            && let Some(found) = message::look(&record, self.0)
        {
            matches.newest = Some(Newest { at, offset, found, owner: part.of.owner });
        }
        Ok(matches)
    }
}

impl Query {
    /// When a record was written that holds what is looked for, where it is not too old.
    fn at(&self, record: &Record<'_>) -> Option<u64> {
        let at = record.at.unwrap_or_default();
        if self.since.is_some_and(|since| at < since) {
            return None;
        }
        message::holds(record, self).map(|_| at)
    }
}
