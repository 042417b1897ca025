//! A file of a person's message, from Telegram to us.
//!
//! Knows Telegram's limit, and that a file which cannot be had now may be had in a moment.

use std::{io, pin::Pin, task, task::Poll, time::Duration};

use serde::Deserialize;
use teloxide::{payloads::GetFile, types::FileId};
use tokio::{io::AsyncWrite, time::sleep};

use crate::telegram::{
    backoff,
    client::{Client, Lean},
    refusal::Refusal,
};

/// Most that Telegram lets a bot download, bytes. <https://core.telegram.org/bots/api#getfile>
pub const LARGEST: u64 = 20 << 20;
/// How long one download may take: 20 MB over a slow line.
const LIMIT: Duration = Duration::from_secs(300);
/// How often a download is tried.
const TRIES: u32 = 4;

/// What is read of `getFile`'s answer.
#[derive(Deserialize)]
struct Path {
    file_path: Option<String>,
}

/// Is told how many bytes of a file are here.
pub type Progress<'a> = &'a mut (dyn FnMut(u64) + Send);

/// The content of a file, by its `file_id`.
pub async fn download(
    client: &Client,
    id: &str,
    progress: Progress<'_>,
) -> Result<Vec<u8>, Refusal> {
    let mut tries = 1;
    loop {
        match attempt(client, id, progress).await {
            Err(Refusal::RetryAfter(pause)) if tries < TRIES => sleep(pause).await,
            Err(Refusal::Unknown(_)) if tries < TRIES => sleep(backoff::delay(tries, 0)).await,
            other => return other,
        }
        tries += 1;
    }
}

async fn attempt(client: &Client, id: &str, progress: Progress<'_>) -> Result<Vec<u8>, Refusal> {
    let file: Path = client.call(Lean::new(GetFile::new(FileId(id.to_owned())))).await?;
    let path = file.file_path.ok_or_else(|| Refusal::BadRequest("no path".to_owned()))?;
    let mut content = Capped { bytes: Vec::new(), progress };
    client.download(&path, &mut content, LIMIT).await?;
    Ok(content.bytes)
}

/// Takes as much as Telegram may send, and no more.
struct Capped<'a> {
    bytes: Vec<u8>,
    progress: Progress<'a>,
}

impl AsyncWrite for Capped<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let here = (self.bytes.len() + bytes.len()) as u64;
        if here > LARGEST {
            return Poll::Ready(Err(io::Error::other("larger than Telegram allows")));
        }
        self.bytes.extend_from_slice(bytes);
        (self.progress)(here);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
