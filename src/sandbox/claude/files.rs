//! Claude's directory as the scripted `claude` uses it: where transcripts lie and are looked for.

use std::{
    env, fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde_json::Value;
use uuid::Uuid;

/// Longest folder name before the real one cuts it and appends a hash.
const LONGEST_SLUG: usize = 200;

/// Claude's directory.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    /// `$CLAUDE_CONFIG_DIR`, else `~/.claude`.
    pub(super) fn find() -> Self {
        let root = env::var_os("CLAUDE_CONFIG_DIR").filter(|dir| !dir.is_empty());
        let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".claude");
        Self { root: root.map_or_else(home, PathBuf::from) }
    }

    /// Where running processes are registered.
    pub(super) fn sessions(&self) -> PathBuf {
        self.root.join("sessions")
    }

    /// Where copies of files before prompts lie.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.root.join("file-history")
    }

    /// Where background sessions are listed.
    pub(super) fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    /// Appends a line to the history of what was typed.
    pub(super) fn append_history(&self, line: &Value) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        let path = self.root.join("history.jsonl");
        let mut options = fs::OpenOptions::new();
        let mut file = options.append(true).create(true).mode(0o600).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    /// Where the output styles of the person would lie.
    pub(super) fn output_styles(&self) -> PathBuf {
        self.root.join("output-styles")
    }

    /// The folder of a directory's transcripts.
    pub(super) fn folder(&self, directory: &Path) -> PathBuf {
        self.root.join("projects").join(slug(&directory.to_string_lossy()))
    }

    /// The transcript of a session, in whichever project it is.
    pub(super) fn find_session(&self, id: Uuid) -> Option<PathBuf> {
        let name = format!("{id}.jsonl");
        let mut folders = fs::read_dir(self.root.join("projects")).into_iter().flatten();
        folders.find_map(|folder| {
            let path = folder.ok()?.path().join(&name);
            path.is_file().then_some(path)
        })
    }

    /// The session of a directory that was written to last.
    pub(super) fn newest(&self, directory: &Path) -> Option<Uuid> {
        let entries = fs::read_dir(self.folder(directory)).into_iter().flatten();
        let sessions = entries.filter_map(|entry| {
            let path = entry.ok()?.path();
            let id = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
            let changed: SystemTime = path.metadata().ok()?.modified().ok()?;
            Some((changed, Uuid::try_parse(id).ok()?))
        });
        sessions.max().map(|(_, id)| id)
    }
}

/// The working directory as the CLI names it, symbolic links resolved.
pub(super) fn here() -> io::Result<PathBuf> {
    env::current_dir()?.canonicalize()
}

/// The checked-out branch of a directory, or `HEAD` where there is none, as the CLI writes it.
pub(super) fn branch(directory: &Path) -> String {
    // In a worktree `.git` is a file that says where the rest is.
    let head = directory.ancestors().find_map(|dir| {
        let git = dir.join(".git");
        let file = fs::read_to_string(&git).ok();
        let elsewhere = file.as_ref().and_then(|file| file.trim().strip_prefix("gitdir: "));
        let folder = elsewhere.map_or(git, PathBuf::from);
        fs::read_to_string(folder.join("HEAD")).ok()
    });
    head.and_then(|head| Some(head.trim().strip_prefix("ref: refs/heads/")?.to_owned()))
        .unwrap_or_else(|| "HEAD".to_owned())
}

/// A path as a folder name. Over-long ones are cut; the real one's hash is not imitated.
fn slug(path: &str) -> String {
    let units = path.encode_utf16().map(|unit| match char::from_u32(unit.into()) {
        Some(sign) if sign.is_ascii_alphanumeric() => sign,
        _ => '-',
    });
    units.take(LONGEST_SLUG).collect()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_keeps_letters_and_digits() {
        assert_eq!(slug("/home/me/we_ird.dir (x) ünï"), "-home-me-we-ird-dir--x---n-");
        assert_eq!(slug("/🌷").len(), 3);
    }
}
