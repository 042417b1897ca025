//! A file on its way to a person: opened before it is queued, read when it is sent, and counted on
//! its way.
//!
//! Whoever wants to send a file opens it here, so a file that is gone or cannot be read is an error
//! at once, with its owner still there to say so. What is open stays readable when its name is
//! deleted or given to another file.

use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use rustix::fs::OFlags;
use tokio::{
    io::{AsyncRead, ReadBuf},
    task::{JoinHandle, spawn_blocking},
};

use crate::telegram::screen::Screen;

/// Largest file that Telegram takes from a bot, bytes. <https://core.telegram.org/bots/api#sending-files>
pub const LARGEST: u64 = 50 << 20;
/// Largest photo that it takes, bytes.
pub const LARGEST_PHOTO: u64 = 10 << 20;

/// Bytes that are read at once.
const CHUNK: u64 = 64 << 10;

/// A file to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingFile {
    /// How it is shown.
    pub send_as: SendAs,
    /// Its name.
    pub name: String,
    /// What is in it.
    pub content: Content,
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
    /// As a voice message, which must be Opus in Ogg, MP3 or M4A; as a file where the person takes
    /// none.
    Voice,
}

/// The content of a file. Clones are the same content, and share one counter.
#[derive(Clone, Debug)]
pub struct Content {
    source: Source,
    size: u64,
    counter: ByteCounter,
    /// A read has failed: it would fail again.
    unreadable: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum Source {
    Open(Arc<File>),
    Bytes(Arc<[u8]>),
}

impl Content {
    /// Opens a file. The error says in words what is wrong with it; what is no regular file, such
    /// as a pipe, is an error, too.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Opening a pipe would wait for its other end.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let file = File::options().read(true).custom_flags(flags).open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        Ok(Self::new(Source::Open(Arc::new(file)), about.len()))
    }

    /// What is here already.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Self::new(Source::Bytes(bytes), size)
    }

    fn new(source: Source, size: u64) -> Self {
        Self { source, size, counter: ByteCounter::default(), unreadable: Arc::default() }
    }

    /// How many bytes there are; what a file grows by later is not sent.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Tells how many of them have gone out.
    pub fn counter(&self) -> ByteCounter {
        self.counter.clone()
    }

    /// What is here already; nothing of a file on the disk.
    #[cfg(test)]
    pub(crate) fn held(&self) -> &[u8] {
        match &self.source {
            Source::Open(_) => &[],
            Source::Bytes(bytes) => bytes,
        }
    }

    /// Whether a read has failed.
    pub(super) fn is_unreadable(&self) -> bool {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Reads it from the start, and counts from nothing.
    pub(super) fn reader(&self) -> Reader {
        self.counter.0.store(0, Ordering::Relaxed);
        Reader { content: self.clone(), at: 0, reading: None }
    }
}

/// The same content, not only the same bytes.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.unreadable, &other.unreadable)
    }
}

impl Eq for Content {}

/// How many bytes of a file have gone out. Clones count the same file.
#[derive(Clone, Debug, Default)]
pub struct ByteCounter(Arc<AtomicU64>);

impl ByteCounter {
    /// How many there are.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reads a content by position, so that several reads of it do not move each other.
pub(super) struct Reader {
    content: Content,
    at: u64,
    reading: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl Reader {
    /// The next bytes, at most `most`; none at the end.
    fn poll_chunk(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<io::Result<Vec<u8>>> {
        let left = self.content.size.saturating_sub(self.at);
        let length = left.min(CHUNK).min(most as u64) as usize;
        let reading = match (&self.content.source, &mut self.reading) {
            (Source::Bytes(bytes), _) => {
                let start = self.at as usize;
                return Poll::Ready(Ok(bytes[start..start + length].to_vec()));
            }
            (Source::Open(_), Some(reading)) => reading,
            (Source::Open(file), reading) => {
                let (file, at) = (file.clone(), self.at);
                reading.insert(spawn_blocking(move || {
                    let mut chunk = vec![0; length];
                    let read = file.read_at(&mut chunk, at)?;
                    chunk.truncate(read);
                    Ok(chunk)
                }))
            }
        };
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        Poll::Ready(read.unwrap_or_else(|broken| Err(io::Error::other(broken))))
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let chunk = ready!(self.poll_chunk(cx, buffer.remaining()));
        if chunk.is_err() {
            self.content.unreadable.store(true, Ordering::Relaxed);
        }
        let chunk = chunk?;
        // The buffer may be another one than when the read began.
        let taken = &chunk[..chunk.len().min(buffer.remaining())];
        buffer.put_slice(taken);
        self.at += taken.len() as u64;
        self.content.counter.0.store(self.at, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tokio::io::AsyncReadExt;

    use super::*;

    async fn read(content: &Content) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        content.reader().read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    #[tokio::test]
    async fn what_is_open_is_read_whatever_becomes_of_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("film");
        let film: Vec<u8> = (0..300_000_u32).map(|at| at as u8).collect();
        fs::write(&path, &film).unwrap();
        let content = Content::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for content in [content, Content::bytes(film.clone())] {
            assert_eq!(content.size(), 300_000);
            // Once more after an attempt that came half way.
            let mut half = vec![0; 1_000];
            content.reader().read_exact(&mut half).await.unwrap();
            assert_eq!(content.counter().bytes(), 1_000);
            assert_eq!(read(&content).await.unwrap(), film);
            assert_eq!(content.counter().bytes(), 300_000);
            assert!(!content.is_unreadable());
        }
    }

    #[test]
    fn what_is_no_file_is_an_error_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        for path in [directory.path(), &pipe, &directory.path().join("nothing")] {
            assert!(Content::open(path).is_err(), "{}", path.display());
        }
    }

    #[tokio::test]
    async fn a_read_that_fails_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let folder = Source::Open(Arc::new(File::open(directory.path()).unwrap()));
        let content = Content::new(folder, 10);
        assert!(read(&content).await.is_err());
        assert!(content.is_unreadable());
    }
}
