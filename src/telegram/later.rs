//! The button *Continue then*: what it sends, where, and when.

use crate::{bridge::prompt::Prompt, claude::session::SessionId, telegram::button::session};

/// What *Continue* says to Claude.
pub const GO_ON: &str = "Continue from where you left off.";

/// A prompt that is to be sent when a usage limit resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    /// The session.
    pub session: SessionId,
    /// As this attempt.
    pub attempt: u32,
    /// When, seconds since the epoch.
    pub at: u64,
    /// What is sent.
    pub words: Words,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// The prompt, which Claude has not read.
    Prompt,
    /// That Claude may go on with it.
    GoOn,
}

impl Later {
    /// Whether it may be sent; `now` in milliseconds since the epoch.
    pub fn is_due(&self, now: u64) -> bool {
        self.at.saturating_mul(1_000) <= now
    }

    /// What becomes of a prompt that waits.
    pub fn prompt(&self, prompt: Prompt) -> Prompt {
        match self.words {
            Words::Prompt => prompt.again(self.attempt),
            Words::GoOn => Prompt::new(prompt.source, GO_ON, self.attempt),
        }
    }

    pub(super) fn encode(&self) -> String {
        let words = match self.words {
            Words::Prompt => 'p',
            Words::GoOn => 'g',
        };
        format!("{words}{}:{:x}:{:x}", self.session.0.simple(), self.attempt, self.at)
    }

    pub(super) fn decode(data: &str) -> Option<Self> {
        let mut chars = data.chars();
        let words = match chars.next()? {
            'p' => Words::Prompt,
            'g' => Words::GoOn,
            _ => return None,
        };
        let mut fields = chars.as_str().splitn(3, ':');
        Some(Self {
            session: session(fields.next()?)?,
            attempt: u32::from_str_radix(fields.next()?, 16).ok()?,
            at: u64::from_str_radix(fields.next()?, 16).ok()?,
            words,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::button::{LIMIT, Tap};

    #[test]
    fn the_time_is_in_the_button() {
        let session = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        for words in [Words::Prompt, Words::GoOn] {
            let later = Later { session, attempt: u32::MAX, at: 99_999_999_999, words };
            let data = Tap::Later(later).encode().unwrap();
            assert!(data.len() <= LIMIT);
            assert_eq!(Tap::decode(&data), Some(Tap::Later(later)), "{data}");
        }
        for broken in ["Z", "Zp", "Zx1:2:3", "Zp11111111111141118111111111111111:1"] {
            assert_eq!(Tap::decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_clock_that_jumps_makes_it_due() {
        let session = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let later = Later { session, attempt: 1, at: 10, words: Words::GoOn };
        assert!(!later.is_due(9_999));
        assert!(later.is_due(10_000) && later.is_due(u64::MAX));
        assert!(!Later { at: u64::MAX, ..later }.is_due(10_000));
    }
}
