//! Files of the laptop on their way to the chat, and what Claude has changed in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    app::{App, git, upload},
    claude::{
        json::Raw,
        record::{Block, Kind},
        session::SessionId,
        transcript,
    },
    config::expand,
    screens::{
        export::patch::{self, Shown},
        files::{self, Entry, Folder},
        notice, words,
    },
    telegram::{
        callback::Key,
        intent::session_in,
        outgoing::{Content, LARGEST, LARGEST_PHOTO, OutgoingFile, SendAs},
        text::{EntityKind, Text},
        update::Message,
    },
};

/// Endings of what Telegram shows as a picture.
const PICTURES: [&str; 4] = ["png", "jpg", "jpeg", "webp"];
/// Tools that write the file they name.
pub(super) const WRITERS: [&str; 4] = ["Write", "Edit", "MultiEdit", "NotebookEdit"];

impl App {
    // ---- /get ----

    pub(super) fn get(&self, message: &Message, path: Option<&str>) {
        let here = self.directory_here(message.place);
        let wanted = here.join(expand(path.unwrap_or("."), &self.setup.user_home));
        if wanted.exists() {
            return self.get_path(message, &wanted);
        }
        let start = wanted.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match wanted.parent().and_then(|folder| folder.canonicalize().ok()) {
            Some(folder) if self.is_within_roots(&folder) => {
                let screen = files::folder(&self.scene(), &list(&folder, &start));
                self.reply(message, screen);
            }
            _ => self.reply(message, notice::about_path("There is no ", &words_of(&wanted), ".")),
        }
    }

    fn get_path(&self, message: &Message, path: &Path) {
        match path.canonicalize() {
            Ok(path) if !self.is_within_roots(&path) => {
                self.reply(message, files::outside(&words_of(&path)));
            }
            Ok(path) if path.is_dir() => {
                self.reply(message, files::folder(&self.scene(), &list(&path, "")));
            }
            Ok(path) => self.send_file(message, &path),
            Err(_) => self.reply(message, notice::about_path("There is no ", &words_of(path), ".")),
        }
    }

    /// An entry of the folder that a message of ours shows.
    pub(super) fn get_entry(&self, message: &Message, key: Key) {
        let shown = in_code(message).map(|path| expand(&path, &self.setup.user_home));
        let folder = shown.filter(|folder| folder.is_dir() && self.is_within_roots(folder));
        let entry = folder.and_then(|folder| {
            let parent = folder.parent().map(Path::to_owned);
            let entries = fs::read_dir(&folder).ok()?.flatten().map(|entry| entry.path());
            entries.chain(parent).find(|path| Key::of_path(path) == key)
        });
        match entry.filter(|entry| self.is_within_roots(entry)) {
            Some(path) if path.is_dir() => {
                let path = path.canonicalize().unwrap_or(path);
                let screen = files::folder(&self.scene(), &list(&path, ""));
                drop(self.outbox.edit(message.place, message.id, screen));
            }
            Some(path) => self.send_file(message, &path),
            None => self.say(message.place, files::forgotten()),
        }
    }

    pub(super) fn send_file(&self, message: &Message, path: &Path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !path.is_file() {
            return self
                .reply(message, notice::about_path("There is no file ", &words_of(path), "."));
        }
        let content = match Content::open(path) {
            Ok(content) => content,
            Err(error) => return self.reply(message, files::not_taken(&name, &error.to_string())),
        };
        let size = content.size();
        if size == 0 || size > LARGEST {
            return self.reply(message, files::not_to_send(&name, size));
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let is_picture = PICTURES.contains(&&*ending) && size <= LARGEST_PHOTO;
        let send_as = if is_picture { SendAs::Photo } else { SendAs::Document };
        let caption = files::sent(&self.scene(), path, size);
        let file = OutgoingFile { send_as, name, content, caption };
        let how = self.answering(message.place, message.id);
        self.post(message.place, file, how);
    }

    // ---- What Claude has written ----

    /// The file that a button beneath an answer names: one that Claude has written in its session.
    pub(super) fn written_file(&self, message: &Message, key: Key) -> Option<PathBuf> {
        let session = session_in(&message.entities)?;
        let transcript = self.setup.home.transcript(session)?;
        let mut found = None;
        let read = transcript::since(&transcript, 0, |record| {
            let Kind::Assistant(message) = &record.kind else { return };
            for block in &message.blocks {
                if let Block::ToolUse { name, input, .. } = block
                    && WRITERS.contains(&&**name)
                    && let Some(path) = named(*input)
                    && Key::of_path(&path) == key
                {
                    found = Some(path);
                }
            }
        });
        read.ok().and(found)
    }

    // ---- /diff ----

    pub(super) fn diff(&self, message: &Message) {
        self.diff_of(message, None);
    }

    pub(super) fn diff_of(&self, message: &Message, file: Option<PathBuf>) {
        let session = session_in(&message.entities);
        let project = session.and_then(|session: SessionId| Some(self.found(session)?.project));
        let directory = project.unwrap_or_else(|| self.directory_here(message.place));
        let folder = git::folder_of(&directory, file.as_deref());
        let is_inside = folder.starts_with(&directory) && self.is_trusted(&directory);
        if !is_inside && !self.is_trusted(folder) {
            return self.reply(message, files::untrusted());
        }
        let what = words::path(file.as_deref().unwrap_or(&directory), &self.setup.user_home);
        let (outbox, place) = (self.outbox.clone(), message.place);
        let how = self.answering(message.place, message.id);
        tokio::spawn(async move {
            let screen = match git::diff(&directory, file.as_deref()).await {
                Ok(diff) if diff.trim().is_empty() => files::unchanged(&what),
                Ok(diff) => match patch::shown(&what, &diff) {
                    Shown::Here(text) => files::bare(text),
                    Shown::Page(page, text) => {
                        let content = Content::bytes(page.into_bytes());
                        let (send_as, name) = (SendAs::Document, "changes.html".to_owned());
                        let caption = files::bare(text);
                        let file = OutgoingFile { send_as, name, content, caption };
                        upload::deliver(outbox, place, (file, how)).await;
                        return;
                    }
                },
                Err(why) => files::no_diff(&what, &why),
            };
            drop(outbox.send(place, screen, how));
        });
    }
}

fn words_of(path: &Path) -> String {
    path.display().to_string()
}

/// What a folder holds, folders first, of those whose names begin so.
fn list(folder: &Path, start: &str) -> Folder {
    let wanted = start.to_lowercase();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<Entry> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let hidden = name.starts_with('.') && !wanted.starts_with('.');
            let fits = name.to_lowercase().starts_with(&wanted) && !hidden;
            let path = entry.path();
            fits.then(|| Entry { name, is_folder: path.is_dir(), key: Key::of_path(&path) })
        })
        .collect();
    entries.sort_by_key(|entry| (!entry.is_folder, entry.name.to_lowercase()));
    let up = folder.parent().map(Key::of_path);
    Folder { path: folder.to_owned(), start: start.to_owned(), entries, up }
}

/// The first text of a message that is set as code.
fn in_code(message: &Message) -> Option<String> {
    let shown = Text { text: message.text.clone(), entities: message.entities.clone() };
    shown.first(|kind| *kind == EntityKind::Code)
}

/// The file that a tool is used on.
fn named(input: Raw<'_>) -> Option<PathBuf> {
    let path = input.field("file_path").or_else(|| input.field("notebook_path"))?;
    Some(PathBuf::from(path.string()?.into_owned()))
}
