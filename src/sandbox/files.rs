//! Files that were sent, and how messages carry them.

use std::{collections::BTreeMap, io::Cursor, sync::Arc};

use image::ImageReader;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Most that a bot may download, bytes. <https://core.telegram.org/bots/api#getfile>
pub(super) const DOWNLOAD: u64 = 20 << 20;

/// A file on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Its content.
    pub bytes: Arc<[u8]>,
}

impl Upload {
    /// A file of this name and content.
    pub fn new(name: &str, mime: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.to_owned(), mime: mime.to_owned(), bytes: bytes.into() }
    }
}

/// A file that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct File {
    /// `file_id`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// Width and height, where it is a picture.
    pub sides: Option<(u32, u32)>,
}

/// What a message carries besides its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Media {
    /// A picture that Telegram shows.
    Photo(File),
    /// Any file.
    Document(File),
    /// Something spoken into the telephone.
    Voice(File),
    /// Music, or anything to be heard.
    Audio(File),
    /// A film.
    Video(File),
    /// A sticker; its emoji.
    Sticker {
        /// What it stands for.
        emoji: String,
    },
    /// A place on earth, millionths of a degree.
    Location {
        /// North.
        latitude: i32,
        /// East.
        longitude: i32,
    },
}

impl Media {
    /// The file, where there is one.
    pub fn file(&self) -> Option<&File> {
        match self {
            Self::Photo(file)
            | Self::Document(file)
            | Self::Voice(file)
            | Self::Audio(file)
            | Self::Video(file) => Some(file),
            Self::Sticker { .. } | Self::Location { .. } => None,
        }
    }

    /// The fields of a message that carry it.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let (name, value) = match self {
            Self::Photo(file) => ("photo", json!([file.measured(json!({}))])),
            Self::Document(file) => ("document", file.named(json!({}))),
            Self::Voice(file) => ("voice", file.typed(json!({"duration": 1}))),
            Self::Audio(file) => ("audio", file.named(json!({"duration": 1}))),
            Self::Video(file) => {
                ("video", file.named(json!({"duration": 1, "width": 1, "height": 1})))
            }
            Self::Sticker { emoji } => (
                "sticker",
                json!({
                    "file_id": "sticker", "file_unique_id": "sticker", "type": "regular",
                    "width": 512, "height": 512, "is_animated": false, "is_video": false,
                    "emoji": emoji,
                }),
            ),
            Self::Location { latitude, longitude } => (
                "location",
                json!({"latitude": degrees(*latitude), "longitude": degrees(*longitude)}),
            ),
        };
        [(name.to_owned(), value)].into_iter().collect()
    }
}

fn degrees(millionths: i32) -> f64 {
    f64::from(millionths) / 1e6
}

impl File {
    fn base(&self, mut value: Value) -> Value {
        value["file_id"] = json!(self.id);
        value["file_unique_id"] = json!(format!("u{}", self.id));
        value["file_size"] = json!(self.size);
        value
    }

    fn typed(&self, value: Value) -> Value {
        let mut value = self.base(value);
        value["mime_type"] = json!(self.mime);
        value
    }

    fn named(&self, value: Value) -> Value {
        let mut value = self.typed(value);
        value["file_name"] = json!(self.name);
        value
    }

    fn measured(&self, value: Value) -> Value {
        let (width, height) = self.sides.unwrap_or((1, 1));
        let mut value = self.base(value);
        (value["width"], value["height"]) = (json!(width), json!(height));
        value
    }
}

/// Width and height of a picture that Telegram shows, pixels.
pub(super) fn sides(bytes: &[u8]) -> Option<(u32, u32)> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.into_dimensions().ok()
}

/// All files, by id.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, Upload>);

impl Files {
    /// Takes a file in.
    pub(super) fn add(&mut self, upload: Upload) -> File {
        let id = format!("file-{}", self.0.len() + 1);
        let sides = sides(&upload.bytes);
        let file = File {
            id: id.clone(),
            name: upload.name.clone(),
            mime: upload.mime.clone(),
            size: upload.bytes.len() as u64,
            sides,
        };
        self.0.insert(id, upload);
        file
    }

    /// A file by its id.
    pub(super) fn get(&self, id: &str) -> Option<&Upload> {
        self.0.get(id)
    }
}
