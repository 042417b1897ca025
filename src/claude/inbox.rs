//! A prompt into the inbox of a session that is open in a terminal.
//!
//! The inbox is the Unix socket that the registry names; it is documented for scripts and hooks,
//! takes one JSON line, and answers nothing: what becomes of the prompt stands in the transcript.
//! Claude reads it framed as the message of another session. The inbox drops a text that repeats
//! the last one of the same sender, so that a prompt under a name of its own is taken once.

use std::{io, path::Path, time::Duration};

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::UnixStream, time::timeout};
use uuid::Uuid;

use super::transcript::SENDER;

/// A terminal that does not take a line within this hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a prompt under its own name: [`super::transcript::holds`] finds it by that.
pub async fn send(socket: &Path, prompt: Uuid, text: &str) -> io::Result<()> {
    let line = json!({
        "type": "user",
        "message": {"role": "user", "content": text},
        "uuid": prompt,
        "from": format!("{SENDER}{prompt}"),
        "priority": "next",
    });
    let sent = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(format!("{line}\n").as_bytes()).await?;
        stream.shutdown().await
    };
    timeout(PATIENCE, sent).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
