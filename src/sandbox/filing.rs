//! Files over HTTP: what the bot downloads, what people send and look at.

use std::{convert::Infallible, str::FromStr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    client::Client,
    faults::{self, Trouble},
    files::{DOWNLOAD, File, Media, Upload},
    hub::Hub,
    person::{Missing, Saying},
};

/// Largest body that is read at all, bytes: an upload of Telegram's limit and its frame.
pub(super) const LARGEST: usize = 64 << 20;
/// Types that the page may show in itself; everything else is handed out as a download.
const SHOWN: [&str; 7] =
    ["image/png", "image/jpeg", "image/gif", "image/webp", "audio/ogg", "audio/mpeg", "audio/wav"];

/// Pieces of a file on a slow line.
const PIECES: usize = 20;

/// Routes of files, and the limit that they need on all others.
pub(super) fn routes() -> Router<Arc<Hub>> {
    Router::new()
        .route("/file/bot{token}/{*path}", get(download))
        .route("/sandbox/send", post(send))
        .route("/sandbox/files/{id}", get(look))
}

/// How large a body may be.
pub(super) fn limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(LARGEST)
}

/// What the bot fetches after `getFile`. As on Telegram's own server, the slash of the path may be
/// escaped.
async fn download(
    State(hub): State<Arc<Hub>>,
    Path((token, path)): Path<(String, String)>,
) -> Response {
    let id = path.strip_prefix("documents/").unwrap_or_default();
    let file = Client { hub: Arc::clone(&hub) }.file(id);
    let given = file.filter(|file| file.bytes.len() as u64 <= DOWNLOAD);
    let Some(file) = given.filter(|_| token == hub.options.token) else {
        return (StatusCode::NOT_FOUND, "Not Found").into_response();
    };
    match hub.with(|world| world.strike(faults::DOWNLOAD, None)) {
        None => file.bytes.to_vec().into_response(),
        Some(Trouble::Delay { ms }) => trickle(&file.bytes, Duration::from_millis(ms)),
        Some(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// A file in pieces, all within `time`.
fn trickle(bytes: &[u8], time: Duration) -> Response {
    let piece = bytes.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = bytes.chunks(piece).map(Bytes::copy_from_slice).collect();
    let pause = time / PIECES as u32;
    let stream = stream::iter(pieces).then(move |piece| async move {
        sleep(pause).await;
        Ok::<_, Infallible>(piece)
    });
    let length = [(header::CONTENT_LENGTH, bytes.len())];
    (length, Body::from_stream(stream)).into_response()
}

/// What the page shows of a file. Nothing in it is run.
async fn look(State(hub): State<Arc<Hub>>, Path(id): Path<String>) -> Response {
    let Some(file) = (Client { hub }).file(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let shown = SHOWN.iter().find(|kind| **kind == file.mime);
    let headers = [
        (header::CONTENT_TYPE, *shown.unwrap_or(&"application/octet-stream")),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_DISPOSITION, if shown.is_some() { "inline" } else { "attachment" }),
    ];
    (headers, file.bytes.to_vec()).into_response()
}

/// As what something is sent.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Photo,
    Document,
    Voice,
    Audio,
    Video,
}

impl Kind {
    fn carry(self, file: File) -> Media {
        match self {
            Self::Photo => Media::Photo(file),
            Self::Document => Media::Document(file),
            Self::Voice => Media::Voice(file),
            Self::Audio => Media::Audio(file),
            Self::Video => Media::Video(file),
        }
    }
}

#[derive(Deserialize)]
struct Sending {
    chat: i64,
    user: i64,
    kind: Kind,
    name: String,
    mime: String,
    #[serde(default)]
    text: String,
    reply_to: Option<String>,
    thread: Option<String>,
    album: Option<String>,
}

async fn send(
    State(hub): State<Arc<Hub>>,
    Query(sending): Query<Sending>,
    body: Bytes,
) -> Result<Json<Value>, Missing> {
    let client = Client { hub };
    let Sending { chat, user, kind, name, mime, text, reply_to, thread, album } = sending;
    let file = client.upload(Upload { name, mime, bytes: body.to_vec().into() });
    let number = |text: Option<String>| text.and_then(|id| i64::from_str(&id).ok());
    let (reply_to, thread) = (number(reply_to), number(thread));
    let media = Some(kind.carry(file));
    let saying = Saying { text, reply_to, media, album, thread, ..Saying::default() };
    let message = client.send((chat, user), saying)?;
    Ok(Json(json!({ "message": message })))
}
