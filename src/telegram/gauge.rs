//! How much of a file has gone out: counts what is read of it on its way.

use std::{
    io,
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

/// Bytes that are on their way. Clones count the same file.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// How many there are.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts what is read of a file, from nothing.
    pub(super) fn on(&self, file: File) -> Counted {
        self.0.store(0, Ordering::Relaxed);
        Counted { file, gauge: self.clone() }
    }
}

/// A file that is counted while it is read.
pub(super) struct Counted {
    file: File,
    gauge: Gauge,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.file).poll_read(cx, buffer);
        self.gauge.0.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}
