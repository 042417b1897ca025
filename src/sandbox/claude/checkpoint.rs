//! What files held before each prompt, to be put back: `rewind_files`.
//!
//! As with the real one a later process of the session knows them, too. How they are kept is a
//! matter of this one alone.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use uuid::Uuid;

use super::{files::Files, script::Tool};

/// The copies of a session, if any are kept.
pub(super) struct Checkpoints {
    /// Where they lie; none: nothing is kept.
    path: Option<PathBuf>,
    all: Vec<Checkpoint>,
}

/// What was there before a prompt.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    prompt: Uuid,
    /// Files that changed since, and what they held; none: they were not there.
    files: Vec<(PathBuf, Option<String>)>,
}

impl Checkpoints {
    /// Those of a session, kept where the environment says so.
    pub(super) fn find(files: &Files, session: Uuid) -> Self {
        let wish = env::var("CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING");
        let path = files.checkpoints().join(format!("{session}.json"));
        Self::at(wish.is_ok_and(|wish| wish == "1" || wish == "true").then_some(path))
    }

    fn at(path: Option<PathBuf>) -> Self {
        let kept = path.as_ref().and_then(|path| fs::read(path).ok());
        let all = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
        Self { path, all: all.unwrap_or_default() }
    }

    /// A prompt begins a turn.
    pub(super) fn begin(&mut self, prompt: Uuid) {
        self.all.push(Checkpoint { prompt, files: Vec::new() });
        self.save();
    }

    /// A tool is about to change a file.
    pub(super) fn keep(&mut self, directory: &Path, tool: &Tool) {
        let Some(file) = tool.input["file_path"].as_str().filter(|_| tool.writes) else { return };
        let file = directory.join(file);
        for checkpoint in &mut self.all {
            if checkpoint.files.iter().all(|(known, _)| *known != file) {
                checkpoint.files.push((file.clone(), fs::read_to_string(&file).ok()));
            }
        }
        self.save();
    }

    fn save(&self) {
        let Some(path) = &self.path else { return };
        // A full disk must not end a turn.
        let _ = path.parent().map(fs::create_dir_all);
        let _ = fs::write(path, json!(self.all).to_string());
    }

    /// Puts files back to before a prompt, or tells what that would change. The error is the CLI's
    /// refusal.
    pub(super) fn rewind(&self, body: &Value) -> Result<Value, String> {
        if self.path.is_none() {
            return Ok(json!({"canRewind": false, "error": "File rewinding is not enabled."}));
        }
        let prompt = body["user_message_id"].as_str().unwrap_or_default();
        let checkpoint = self
            .all
            .iter()
            .find(|checkpoint| checkpoint.prompt.to_string() == prompt)
            .ok_or_else(|| "No file checkpoint found for this message.".to_owned())?;
        if body["dry_run"] == true {
            return Ok(checkpoint.changes());
        }
        checkpoint.put_back().map_err(|error| error.to_string())?;
        Ok(json!({"canRewind": true, "skippedLinks": 0}))
    }
}

impl Checkpoint {
    /// What would change if the files were put back.
    fn changes(&self) -> Value {
        let (mut changed, mut insertions, mut deletions) = (Vec::new(), 0, 0);
        for (file, old) in &self.files {
            let now = fs::read_to_string(file).ok();
            if now == *old {
                continue;
            }
            changed.push(file);
            let (now, old) = (now.unwrap_or_default(), old.clone().unwrap_or_default());
            for change in TextDiff::from_lines(&now, &old).iter_all_changes() {
                match change.tag() {
                    ChangeTag::Insert => insertions += 1,
                    ChangeTag::Delete => deletions += 1,
                    ChangeTag::Equal => {}
                }
            }
        }
        json!({
            "canRewind": true, "filesChanged": changed, "insertions": insertions,
            "deletions": deletions,
        })
    }

    fn put_back(&self) -> io::Result<()> {
        for (file, old) in &self.files {
            match old {
                Some(old) => fs::write(file, old)?,
                None if file.exists() => fs::remove_file(file)?,
                None => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_go_back_to_before_a_prompt() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.md");
        let tool: Tool = serde_json::from_value(
            json!({"name": "Write", "input": {"file_path": path}, "writes": true}),
        )
        .unwrap();
        let kept = directory.path().join("kept/session.json");
        let mut checkpoints = Checkpoints::at(Some(kept.clone()));
        let [first, second] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        for (prompt, content) in [(first, "beans\n"), (second, "beans\npeas\n")] {
            checkpoints.begin(prompt);
            checkpoints.keep(directory.path(), &tool);
            fs::write(&path, content).unwrap();
        }
        let later = Checkpoints::at(Some(kept));
        let ask = |prompt: Uuid, dry: bool| {
            later.rewind(&json!({"user_message_id": prompt, "dry_run": dry}))
        };
        let dry = ask(second, true).unwrap();
        assert_eq!((&dry["deletions"], &dry["filesChanged"]), (&json!(1), &json!([path])));
        ask(second, false).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "beans\n");
        ask(first, false).unwrap();
        assert!(!path.exists());
        assert_eq!(ask(first, true).unwrap()["filesChanged"], json!([]));
        assert!(ask(Uuid::nil(), true).is_err());
        let off = Checkpoints::at(None).rewind(&json!({})).unwrap();
        assert_eq!(off["canRewind"], false);
    }
}
