//! A file on its way to the chat: how far a large one is, and a word when it does not get there.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    app::App,
    bridge::place::Place,
    screens::files,
    telegram::{
        outbox::{Outbox, SendError, SendOptions, Sent},
        outgoing::{ByteCounter, OutgoingFile},
    },
};

/// From so many bytes on a file takes a while on a slow line.
const LARGE: u64 = 4 << 20;
/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_secs(1);

impl App {
    /// Sends a file.
    pub(super) fn post(&self, place: Place, file: OutgoingFile, how: SendOptions) {
        tokio::spawn(deliver(self.outbox.clone(), place, (file, how)));
    }
}

/// Sends a file, and says so when it does not get there.
pub(super) async fn deliver(
    outbox: Outbox,
    place: Place,
    (file, how): (OutgoingFile, SendOptions),
) {
    let (name, size, counter) = (file.name.clone(), file.content.size(), file.content.counter());
    let sent = outbox.send_file(place, file, how);
    if size < LARGE {
        if let Err(error) = sent.await {
            drop(outbox.send(place, files::not_taken(&name, &error.to_string()), how));
        }
        return;
    }
    let Ok(id) = outbox.send(place, files::sending(&name, size, 0), how).await else { return };
    let shown = (place, id, &*name);
    match watched(&outbox, shown, (sent, size, counter)).await {
        Ok(_) => drop(outbox.delete(place, id)),
        Err(error) => {
            drop(outbox.edit(place, id, files::not_taken(&name, &error.to_string())));
        }
    }
}

/// Shows in a message how far a file is, until it is there or lost.
async fn watched(
    outbox: &Outbox,
    (place, id, name): (Place, i32, &str),
    (mut sent, size, counter): (Sent, u64, ByteCounter),
) -> Result<i32, SendError> {
    let mut shown = 0;
    loop {
        tokio::select! {
            result = &mut sent => return result,
            () = sleep(LOOK) => {}
        }
        let percent = (counter.bytes() * 100 / size).min(100);
        if percent != shown {
            shown = percent;
            let _ = outbox.repaint(place, id, files::sending(name, size, percent)).await;
        }
    }
}
