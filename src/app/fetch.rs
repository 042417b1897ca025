//! The files of a prompt, from Telegram to where Claude finds them: pictures into the prompt, other
//! files into a folder with their path in its words, and short texts in full.

use std::{path::PathBuf, sync::Arc};

use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
};

use crate::{
    app::{
        App,
        events::AppEvent,
        inbox,
        picture::{self, PictureKind},
    },
    bridge::{
        attachment::{Attached, Attachment, Kind, Unfit},
        prompt::{Prompt, PromptId, Source},
        session::{Order, Queued, RunSpec},
        turn::{Phase, Turn, Wait},
    },
    screens::{files, words},
    telegram::{client::Client, download},
};

/// A text file of up to so many bytes stands in the prompt itself.
const SHORT: usize = 16 << 10;
/// From so many bytes on it is worth a word how far they are.
const LARGE: u64 = 1 << 20;

/// A large picture takes memory while it is made smaller: one at a time.
static ONE_PICTURE: Semaphore = Semaphore::const_new(1);

/// Where files go.
#[derive(Clone, Debug)]
struct Folders {
    /// The folder of the configuration.
    inbox: Option<PathBuf>,
    /// The session's directory.
    project: PathBuf,
}

/// What files are fetched with.
#[derive(Clone)]
struct Fetch {
    client: Client,
    folders: Folders,
    /// Where it is shown how far it is.
    turn: watch::Sender<Turn>,
}

/// A prompt with all that belongs to it.
#[derive(Debug)]
struct FetchedPrompt {
    /// The prompt: of its files only pictures are left, the others stand in its words.
    prompt: Prompt,
    /// Pictures that Claude got as files only, by what they are called.
    unseen: Vec<(String, Unfit)>,
}

impl App {
    /// Fetches the files of a prompt, which waits in its session's queue meanwhile.
    pub(super) fn fetch(&mut self, spec: &RunSpec, queued: &mut Queued) {
        let count = queued.prompt.files().count();
        let wait = Phase::Waiting(Wait::Files { count, percent: None });
        queued.turn.send_modify(|turn| turn.phase = wait);
        let fetch = Fetch {
            client: self.setup.client.clone(),
            folders: Folders { inbox: self.setup.inbox.clone(), project: spec.directory.clone() },
            turn: queued.turn.clone(),
        };
        let (files, fetched) = watch::channel(None);
        queued.files = Some(fetched);
        let (events, prompt) = (self.events.clone(), queued.prompt.clone());
        self.errands.spawn(async move {
            let id = prompt.id;
            let (result, unseen) = match fetch.all(prompt).await {
                Ok(FetchedPrompt { prompt, unseen }) => (Ok(prompt), unseen),
                Err(message) => (Err(message), Vec::new()),
            };
            files.send_replace(Some(result));
            let _ = events.send(AppEvent::Fetched { id, unseen });
        });
    }

    /// The files of a prompt are here, or will not be; some pictures Claude cannot see.
    pub(super) fn fetched(&mut self, id: PromptId, unseen: &[(String, Unfit)]) {
        if let Some(entry) = self.book.known(id) {
            let Source { place, message, .. } = entry.prompt.source;
            for (label, unfit) in unseen {
                self.reply_to(place, message, files::unseen(label, *unfit));
            }
        }
        self.sessions.order_of(id, Order::Fetched);
    }
}

impl Fetch {
    /// The prompt with its files fetched, or why it cannot be had, in a sentence.
    async fn all(self, mut prompt: Prompt) -> Result<FetchedPrompt, String> {
        let files: Vec<Attached> = prompt.files().cloned().collect();
        let total: Option<u64> = files.iter().map(|attached| attached.size).sum();
        let (mut images, mut unseen, mut before) = (Vec::new(), Vec::new(), 0);
        for attached in files {
            let label = attached.label().to_owned();
            let mut counter = |here| self.tell(before + here, total);
            let bytes = download::download(&self.client, &attached.id, &mut counter)
                .await
                .map_err(|refusal| format!("{label}: {refusal}"))?;
            before += bytes.len() as u64;
            let bytes = Arc::new(bytes);
            match self.look(&bytes).await {
                PictureKind::Picture(image) => {
                    images.push(Attachment::Image(image));
                    if attached.kind == Kind::Photo {
                        continue;
                    }
                }
                PictureKind::Unfit(unfit) => unseen.push((label.clone(), unfit)),
                PictureKind::NoPicture => {}
            }
            let folders = self.folders.clone();
            let put = spawn_blocking(move || put_down(&folders, &label, &bytes)).await;
            let (path, said) = put.map_err(|error| error.to_string())??;
            self.turn.send_modify(|turn| turn.files.push(path));
            prompt.text = [prompt.text.trim_end(), &said].join("\n\n").trim_start().into();
        }
        prompt.attachments = images;
        Ok(FetchedPrompt { prompt, unseen })
    }

    /// What is to be seen in a file. What the decoder stumbles over is damaged.
    async fn look(&self, bytes: &Arc<Vec<u8>>) -> PictureKind {
        let _permit = ONE_PICTURE.acquire().await;
        let bytes = Arc::clone(bytes);
        let seen = spawn_blocking(move || picture::look(&bytes)).await;
        seen.unwrap_or(PictureKind::Unfit(Unfit::Damaged))
    }

    /// Shows how much of the files is here.
    fn tell(&self, here: u64, total: Option<u64>) {
        let Some(total) = total.filter(|total| *total >= LARGE) else { return };
        let now = (here * 100 / total).min(100) as u8;
        self.turn.send_if_modified(|turn| match &mut turn.phase {
            Phase::Waiting(Wait::Files { percent, .. }) => percent.replace(now) != Some(now),
            _ => false,
        });
    }
}

/// Puts a file down and says so to Claude: where it lies, and the words.
fn put_down(folders: &Folders, label: &str, bytes: &[u8]) -> Result<(PathBuf, String), String> {
    let path = inbox::save(folders.inbox.as_deref(), &folders.project, (label, bytes))
        .map_err(|error| format!("{label} could not be saved: {error}"))?;
    let size = words::bytes(bytes.len() as u64);
    let said = format!("Attached file: {} ({size})", path.display());
    let said = match str::from_utf8(bytes) {
        Ok(text) if text.len() <= SHORT && !text.contains('\0') && !text.trim().is_empty() => {
            let fence = fence(text);
            format!("{said}\n{fence}\n{}\n{fence}", text.trim_end_matches('\n'))
        }
        _ => said,
    };
    Ok((path, said))
}

/// More backticks than stand together anywhere in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_cannot_be_closed_from_inside() {
        assert_eq!(fence("plain"), "```");
        assert_eq!(fence("a ```` b"), "`````");
    }

    #[test]
    fn short_texts_stand_in_the_prompt_and_others_are_named() {
        let project = tempfile::tempdir().unwrap();
        let folders = Folders { inbox: None, project: project.path().to_owned() };
        let (_, text) = put_down(&folders, "a.txt", b"one\ntwo\n").unwrap();
        assert!(text.ends_with("a.txt (8 bytes)\n```\none\ntwo\n```"), "{text}");
        for bytes in [vec![0, 1, 2], vec![0xff; 3], vec![b'x'; SHORT + 1]] {
            let (_, said) = put_down(&folders, "b.bin", &bytes).unwrap();
            assert!(said.starts_with("Attached file: ") && !said.contains('`'), "{said}");
        }
    }
}
