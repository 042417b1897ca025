//! What a run asks its process beside the prompts, and what it learns when that starts.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::{
    bridge::{
        prompt::slash_command,
        run::{Activity, Control, actor::Actor},
    },
    claude::wire::{offers::Offers, say},
};

/// Request ids of what every process is asked first.
const INITIALIZE: &str = "segue-initialize";
const MODES: &str = "segue-modes";
/// How long a slash command may wait for the CLI's list of them.
const LEARN: std::time::Duration = std::time::Duration::from_secs(10);

impl Actor {
    /// Asks a process that has just started what it offers. No request lists the permission modes
    /// but the refusal of one that does not exist.
    pub(super) fn introduce(&mut self) {
        self.offers = Offers::default();
        if let Some(process) = &self.process {
            process.say(say::request(INITIALIZE, &json!({"subtype": "initialize"})));
            let body = json!({"subtype": "set_permission_mode", "mode": "?"});
            process.say(say::request(MODES, &body));
        }
    }

    /// Hands the requests that wait to the process, which is started if there is none.
    pub(super) async fn control(&mut self) {
        if self.controls.is_empty() {
            return;
        }
        if self.current.is_none() && self.inside.is_none() {
            self.let_go_if_stale().await;
        }
        if self.process.is_none()
            && let Err(error) = self.start().await
        {
            for control in self.controls.drain(..) {
                let _ = control.reply.send(Err(error.to_string()));
            }
            return;
        }
        self.touch();
        let Some(process) = &self.process else { return };
        for control in self.controls.drain(..) {
            let id = Uuid::new_v4().to_string();
            process.say(say::request(&id, &control.body));
            self.pending.insert(id, control);
        }
    }

    /// The process has answered a request of ours.
    pub(super) fn replied(&mut self, request: &str, result: &Result<Value, String>) {
        match (request, result) {
            (INITIALIZE, Ok(answer)) => self.offers = Offers::read(answer),
            (MODES, Err(words)) => {
                self.offers.modes = Offers::modes(words);
                let offers = Arc::new(self.offers.clone());
                self.state.send_modify(|state| state.offers = Some(offers));
            }
            (MODES, Ok(_)) => {
                let offers = Arc::new(self.offers.clone());
                self.state.send_modify(|state| state.offers = Some(offers));
            }
            _ => {}
        }
        let Some(Control { choice, reply, .. }) = self.pending.remove(request) else { return };
        self.touch();
        if let Some((choice, value)) = choice.filter(|_| result.is_ok()) {
            self.seat.choices.set(choice, value);
            self.tell_choices();
        }
        // Who asked may have gone.
        let _ = reply.send(result.clone());
    }

    pub(super) fn tell_choices(&self) {
        let chosen = self.seat.choices.clone();
        self.state.send_modify(|state| {
            state.mode = chosen.mode.or(state.mode.take());
            state.model = chosen.model.or(state.model.take());
            state.effort = chosen.effort.or(state.effort.take());
        });
    }

    /// The text of a prompt as the CLI knows its commands: Telegram's have `_` where those of the
    /// CLI may have `-`.
    pub(super) async fn in_the_clis_words(&mut self, text: &str) -> String {
        let Some(name) = slash_command(text).filter(|name| name.contains('_')) else {
            return text.to_owned();
        };
        let name = name.to_owned();
        self.learn().await;
        match self.offers.command(&name) {
            Some(known) => format!("/{known}{}", &text[1 + name.len()..]),
            None => text.to_owned(),
        }
    }

    /// Reads until the process has said what it offers.
    async fn learn(&mut self) {
        let deadline = Instant::now() + LEARN;
        while self.state.borrow().offers.is_none()
            && let Some(process) = &mut self.process
        {
            match timeout_at(deadline, process.read()).await {
                Ok(true) => self.line(),
                _ => return,
            }
        }
    }

    /// An idle run that is asked something is in use.
    fn touch(&self) {
        self.state.send_if_modified(|state| match &mut state.activity {
            Activity::Idle(since) => {
                *since = Instant::now();
                true
            }
            Activity::Busy => false,
        });
    }
}
