//! What a person sends besides text, and what of it stands in the transcripts.

use std::{fs, path::Path};

use segue::sandbox::{Media, Saying, Upload};
use serde_json::Value;

use crate::support::{
    phone::{ADA, Phone},
    picture::png,
    scratch::Scratch,
};

/// Ada in her private chat.
pub(crate) const WHO: (i64, i64) = (ADA, ADA);

/// A photo of this size with a caption.
pub(crate) fn photo(phone: &Phone, text: &str, size: (u32, u32)) -> Saying {
    let upload = Upload::new("photo.png", "image/png", png(size));
    let media = Some(Media::Photo(phone.client.upload(upload)));
    Saying { text: text.to_owned(), media, ..Saying::default() }
}

/// A document with a caption.
pub(crate) fn document(phone: &Phone, text: &str, upload: Upload) -> Saying {
    let media = Some(Media::Document(phone.client.upload(upload)));
    Saying { text: text.to_owned(), media, ..Saying::default() }
}

/// The contents of the prompts in the transcripts of a project.
pub(crate) fn prompts(scratch: &Scratch, project: &Path) -> Vec<Value> {
    let files = fs::read_dir(scratch.folder(project)).unwrap().flatten();
    let text: String = files.map(|file| fs::read_to_string(file.path()).unwrap()).collect();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let prompts = records.filter(|record| record["type"] == "user");
    prompts.map(|record| record["message"]["content"].clone()).collect()
}

/// The types of the blocks of a prompt.
pub(crate) fn kinds(content: &Value) -> Vec<&str> {
    content.as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect()
}
