//! What a test waits for that no chat shows: files of the bot and of Claude, and what Telegram was
//! told. Each is written beside what the chat shows, and may come a moment after it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use segue::sandbox::{Fault, Stage, Trouble};
use serde_json::Value;

use crate::support::{
    phone::{GRACE, GROUP, PATIENCE, Phone},
    wait::until_or,
};

impl Phone {
    /// The prompts that are kept: what was being written when the bot was killed has another name.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let mut files = self.state();
        files.retain(|file| file.extension().is_some_and(|end| end == "json"));
        files
    }

    /// Whether a prompt of the spool has something in this field, or is at this stage.
    pub(crate) fn noted(&self, field: &str) -> bool {
        self.kept().iter().any(|file| {
            let kept: Value =
                serde_json::from_slice(&fs::read(file).unwrap_or_default()).unwrap_or_default();
            kept[field].is_i64()
                || kept[field].is_object()
                || !kept[field][0].is_null()
                || kept["stage"] == field
        })
    }

    /// Waits until every answer is in the chat: the state directory is empty.
    pub(crate) fn at_rest(&self) {
        until_or(
            || self.state().is_empty(),
            || format!("{:?} stays:\n{}", self.state(), self.said()),
        );
    }

    /// Waits until Telegram brings nothing again that was handled: not after a kill, either.
    pub(crate) async fn confirmed(&self) {
        let polls = self.client.wait_poll(PATIENCE).await;
        polls.unwrap_or_else(|late| panic!("the bot does not confirm: {late}\n{}", self.said()));
    }

    /// Waits until the line of a message stands in Claude's history, which is written beside the
    /// answer: what it binds outlives a kill from then on. Of `/new …`, that of its prompt.
    pub(crate) fn bound(&self, message: i64) {
        let is_it = |line: &Value| {
            line["telegram"]["message"] == message && line["telegram"]["new"].is_null()
        };
        until_or(
            || self.history().iter().any(is_it),
            || format!("no line of #{message} in {:#?}\n{}", self.history(), self.said()),
        );
    }

    /// Waits until this mode is what the newest line of a place remembers.
    pub(crate) fn mode_is(&self, mode: &str) {
        let newest = || self.history().into_iter().rfind(|line| line["telegram"]["chat"].is_i64());
        until_or(
            || newest().is_some_and(|line| line["telegram"]["mode"] == mode),
            || format!("not the mode {mode}: {:?}\n{}", newest(), self.said()),
        );
    }

    /// The whole lines of Claude's history.
    fn history(&self) -> Vec<Value> {
        let home = self.variable("HOME").unwrap();
        let text = fs::read_to_string(Path::new(home).join(".claude/history.jsonl"));
        let text = text.unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// What is said from now on reaches the bot in one batch, when it is let go.
    pub(crate) fn hold_polls(&self) {
        self.client.fault(Fault::on("getUpdates", Trouble::Hold { at: Stage::Asked }));
        // The poll that is under way ends with something that is none of the bot's business.
        self.client.say((GROUP, GRACE), "good morning").unwrap();
        until_or(|| self.client.held() > 0, || format!("no poll is held\n{}", self.said()));
    }
}
