//! A large file on its way to the chat, and how far it is.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    app::App,
    bridge::place::Place,
    screens::files,
    telegram::{
        outbox::{Outbox, SendOptions},
        outgoing::{ByteCounter, OutgoingFile},
    },
};

/// From so many bytes on a file takes a while on a slow line.
pub(super) const LARGE: u64 = 4 << 20;
/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_secs(1);

impl App {
    /// Sends a file of this size beside all else. What is said of its way goes when it is there.
    pub(super) fn post_large(
        &self,
        place: Place,
        (file, how): (OutgoingFile, SendOptions),
        size: u64,
    ) {
        let outbox = self.outbox.clone();
        tokio::spawn(async move { large(&outbox, place, (file, how), size).await });
    }
}

/// Sends a file of this size beside all else, and returns when it is there or given up.
pub(super) async fn large(
    outbox: &Outbox,
    place: Place,
    (file, how): (OutgoingFile, SendOptions),
    size: u64,
) {
    let name = file.name.clone();
    let counter = ByteCounter::default();
    let mut sent = outbox.send_large(place, (file, how), counter.clone());
    let Ok(id) = outbox.send(place, files::sending(&name, size, 0), how).await else {
        // Nobody can be told how far it is, but it goes.
        _ = sent.await;
        return;
    };
    let mut shown = 0;
    let result = loop {
        tokio::select! {
            result = &mut sent => break result,
            () = sleep(LOOK) => {}
        }
        let percent = (counter.bytes() * 100 / size).min(100);
        if percent != shown {
            shown = percent;
            let _ = outbox.repaint(place, id, files::sending(&name, size, percent)).await;
        }
    };
    match result {
        Ok(_) => drop(outbox.delete(place, id)),
        Err(lost) => {
            let screen = files::not_taken(&name, &lost.to_string());
            drop(outbox.edit(place, id, screen));
        }
    }
}
