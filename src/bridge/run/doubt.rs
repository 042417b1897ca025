//! Whether an idle process still knows its session, looked at whenever the transcript changes.
//!
//! The transcript may be ahead of the stream for a moment, when a background task has ended and a
//! turn of our own begins. So what the process has not told is looked at again before the process
//! is ended for it.

use std::time::Duration;

use tokio::time::Instant;

use crate::bridge::run::{actor::Actor, mirror};

/// Time for the stream to catch up with the transcript.
const CATCH_UP: Duration = Duration::from_millis(500);

impl Actor {
    /// The transcript has changed while nothing was to do.
    pub(super) async fn doubt(&mut self) {
        if self.doubted.is_none() && self.is_idle() && self.is_stale().await {
            self.doubted = Some(Instant::now() + CATCH_UP);
        }
    }

    /// Whether the transcript holds a turn that the process did not tell.
    pub(super) async fn is_stale(&mut self) -> bool {
        let session = self.seat.conversation.session();
        let Some(transcript) = self.process.as_ref().and(self.settings.home.transcript(session))
        else {
            return false;
        };
        let (mirror, stale) = mirror::checked(std::mem::take(&mut self.mirror), transcript).await;
        self.mirror = mirror;
        stale
    }
}
