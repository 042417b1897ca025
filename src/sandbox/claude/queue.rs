//! Prompts that wait for their turn, and which of them become one.

use serde_json::json;

use super::{
    input::Prompt,
    run::Run,
    turn::Opening,
    wire::{now, replay},
};

/// A prompt that waits for its turn.
pub(super) struct Queued {
    pub(super) prompt: Prompt,
    /// When it came, as the CLI writes it.
    pub(super) at: String,
    pub(super) record: Record,
}

/// Whether a prompt's record stands in the transcript.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    There,
    Missing,
}

/// Where a prompt ran that is not run again.
#[derive(Clone, Copy)]
pub(super) enum Seen {
    Before,
    Here,
}

impl Run {
    /// What the next turn begins with, if there is anything.
    pub(super) fn next_opening(&mut self) -> Option<Opening> {
        if self.queue.is_empty() {
            return self.notices.pop_front().map(Opening::Notice);
        }
        let calls = |queued: &Queued, name: &str| queued.prompt.text().starts_with(name);
        let is_command = |queued: &Queued| calls(queued, "/compact") || calls(queued, "/clear");
        if is_command(&self.queue[0]) {
            let clears = calls(&self.queue[0], "/clear");
            let opening = if clears { Opening::Clear } else { Opening::Compact };
            return self.queue.pop_front().map(opening);
        }
        let plain = self.queue.iter().take_while(|queued| !is_command(queued)).count();
        Some(Opening::Prompts(self.queue.drain(..plain).collect()))
    }

    /// Lets a prompt wait for its turn, unless it had it.
    pub(super) fn enqueue(&mut self, prompt: Prompt) {
        if let Some((uuid, seen)) = prompt.uuid.and_then(|id| Some((id, self.seen.get(&id)?))) {
            self.wire.tell_replay(replay(uuid, &prompt.content));
            if matches!(seen, Seen::Before) {
                self.wire.tell_lifecycle(Some(uuid), "completed");
            }
            return;
        }
        self.wire.tell_lifecycle(prompt.uuid, "queued");
        self.transcript.queue("enqueue", json!({"content": prompt.content}));
        let known = prompt.uuid.is_some() && prompt.uuid == self.unanswered;
        if let Some(uuid) = prompt.uuid {
            self.seen.insert(uuid, Seen::Here);
        }
        self.queue.push_back(Queued {
            prompt,
            at: now(),
            record: if known { Record::There } else { Record::Missing },
        });
    }
}
