//! Prompts of more than one message, remembered for the day when one of these is edited.
//!
//! In memory only: of what was sent before a restart, a part is known by itself at most.

use std::collections::VecDeque;

use crate::{app::gather::Bundle, telegram::intent::UserInput};

/// Prompts that are remembered.
const KEPT: usize = 100;

/// The messages of each prompt, the newest last.
#[derive(Debug, Default)]
pub(super) struct Parts(VecDeque<Bundle>);

impl Parts {
    /// Remembers a prompt, if it has several messages.
    pub(super) fn keep(&mut self, bundle: &Bundle) {
        if bundle.parts.len() > 1 {
            self.0.push_back(bundle.clone());
            if self.0.len() > KEPT {
                self.0.pop_front();
            }
        }
    }

    /// Puts an edited message in the place of what it was; the prompt that it is a part of.
    pub(super) fn edit(&mut self, edited: &UserInput) -> Option<&Bundle> {
        let (place, id) = (edited.message.place, edited.message.id);
        let is_it = |part: &UserInput| (part.message.place, part.message.id) == (place, id);
        self.0.iter_mut().rev().find_map(|bundle| {
            let part = bundle.parts.iter_mut().find(|part| is_it(part))?;
            part.message = edited.message.clone();
            Some(&*bundle)
        })
    }
}
