//! A file on its way to a person.

use std::{
    io,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    fs::File,
    io::{AsyncRead, ReadBuf},
};

use crate::telegram::screen::Screen;

/// Largest file that Telegram takes from a bot, bytes. <https://core.telegram.org/bots/api#sending-files>
pub const LARGEST: u64 = 50 << 20;
/// Largest photo that it takes, bytes.
pub const LARGEST_PHOTO: u64 = 10 << 20;

/// A file to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingFile {
    /// How it is shown.
    pub send_as: SendAs,
    /// Its name.
    pub name: String,
    /// What is in it.
    pub body: Body,
    /// What stands beneath it, at most 1,024 UTF-16 units.
    pub caption: Screen,
}

/// How a file is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAs {
    /// As a picture; as a file where Telegram makes no picture of it.
    Photo,
    /// As a file.
    Document,
}

/// Where the content of a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// On the disk, read when it is sent.
    Path(PathBuf),
    /// Here.
    Bytes(Arc<[u8]>),
}

/// How many bytes of a file have gone out. Clones count the same file.
#[derive(Clone, Debug, Default)]
pub struct ByteCounter(Arc<AtomicU64>);

impl ByteCounter {
    /// How many there are.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts what is read of a file, from nothing.
    pub(super) fn on(&self, file: File) -> Counted {
        self.0.store(0, Ordering::Relaxed);
        Counted { file, counter: self.clone() }
    }
}

/// A file that is counted while it is read.
pub(super) struct Counted {
    file: File,
    counter: ByteCounter,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.file).poll_read(cx, buffer);
        self.counter.0.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}
