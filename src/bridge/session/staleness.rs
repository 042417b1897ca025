//! Has anybody but our process continued the session?
//!
//! The CLI takes no lock on a session: two processes append to one transcript, its tree forks, and
//! the next resume follows one leaf only. So before a prompt goes to a warm process, the transcript
//! is read from where it was when the process started, and every turn in it must be one that the
//! process told us of. Stream and transcript carry the same uuids.

use std::{collections::HashSet, io, path::Path};

use uuid::Uuid;

use crate::claude::{
    jsonl::Lines,
    record::{Kind, Record},
};

/// What we know of a transcript: how far it was read, and what our process said since.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownTranscript {
    offset: u64,
    /// Counts the transcripts that it was of: what was read of an earlier one does not count.
    file: u32,
    ours: HashSet<Uuid>,
    /// Compactions that our process told of, and those in what was read.
    compacted: usize,
    compactions: usize,
}

impl KnownTranscript {
    /// The mirror of a transcript that a process is about to resume. None: it does not exist yet.
    pub(super) fn before(transcript: Option<&Path>) -> Self {
        let offset = transcript.and_then(|path| path.metadata().ok()).map_or(0, |meta| meta.len());
        Self { offset, ..Self::default() }
    }

    /// Our process writes to another transcript now, from its beginning.
    pub(super) fn turn_over(&mut self) {
        (self.offset, self.file) = (0, self.file + 1);
        (self.compacted, self.compactions) = (0, 0);
    }

    /// What a copy of this has read is not read again.
    pub(super) fn read_as_far_as(&mut self, copy: &Self) {
        if copy.file == self.file {
            (self.offset, self.compactions) = (copy.offset, copy.compactions);
        }
    }

    /// Our process said this.
    pub(super) fn note(&mut self, uuid: Option<Uuid>) {
        self.ours.extend(uuid);
    }

    /// Our process has compacted the conversation.
    pub(super) fn note_compaction(&mut self) {
        self.compacted += 1;
    }

    /// Whether the transcript has grown by a turn, or a compaction, that our process did not tell. What could be read
    /// is not read again.
    pub(super) fn is_stale(&mut self, transcript: &Path) -> io::Result<bool> {
        let mut compactions = self.compactions;
        let mut lines = Lines::open(transcript, self.offset)?;
        while let Some(line) = lines.next()? {
            let Some(bytes) = line.bytes() else { continue };
            let Ok(record) = Record::decode(bytes) else {
                continue;
            };
            compactions += usize::from(is_compaction(&record));
            if compactions > self.compacted {
                return Ok(true);
            }
            if is_turn(&record) && record.uuid.is_some_and(|uuid| !self.ours.contains(&uuid)) {
                return Ok(true);
            }
        }
        (self.offset, self.compactions) = (lines.offset(), compactions);
        Ok(false)
    }
}

fn is_compaction(record: &Record<'_>) -> bool {
    !record.sidechain
        && matches!(&record.kind, Kind::System { subtype, .. } if subtype == "compact_boundary")
}

/// Whether a record is something that Claude or the person said in the main conversation.
fn is_turn(record: &Record<'_>) -> bool {
    if record.sidechain {
        return false;
    }
    match &record.kind {
        Kind::Assistant(message) => !message.is_synthetic(),
        Kind::User(_) => record.prompt().is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn line(kind: &str, uuid: &str) -> String {
        format!(
            r#"{{"type":"{kind}","uuid":"{uuid}","message":{{"role":"{kind}","content":"hello"}}}}"#
        ) + "\n"
    }

    const OURS: &str = "11111111-1111-8111-8111-111111111111";
    const THEIRS: &str = "22222222-2222-4222-8222-222222222222";

    #[test]
    fn only_a_turn_that_our_process_did_not_tell_makes_it_stale() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(line("user", THEIRS).as_bytes()).unwrap();
        let mut mirror = KnownTranscript::before(Some(file.path()));
        assert!(!mirror.is_stale(file.path()).unwrap(), "what was there before");
        mirror.note(Some(OURS.parse().unwrap()));
        file.write_all(line("assistant", OURS).as_bytes()).unwrap();
        file.write_all(b"{\"type\":\"last-prompt\"}\n{\"type\":\"us").unwrap();
        assert!(!mirror.is_stale(file.path()).unwrap(), "our own, and a line still being written");
        file.write_all(b"er\"}\n").unwrap();
        file.write_all(line("user", THEIRS).as_bytes()).unwrap();
        assert!(mirror.is_stale(file.path()).unwrap());
    }

    #[test]
    fn a_compaction_of_the_laptops_makes_it_stale_and_our_own_does_not() {
        const BOUNDARY: &[u8] = b"{\"type\":\"system\",\"subtype\":\"compact_boundary\"}\n";
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut mirror = KnownTranscript::before(Some(file.path()));
        mirror.note_compaction();
        file.write_all(BOUNDARY).unwrap();
        assert!(!mirror.is_stale(file.path()).unwrap());
        file.write_all(BOUNDARY).unwrap();
        assert!(mirror.is_stale(file.path()).unwrap());
    }
}
