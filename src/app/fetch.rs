//! The files of a prompt, from Telegram to where Claude finds them: pictures into the prompt, other
//! files into a folder with their path in its words, and short texts in full.

use std::path::PathBuf;

use imagesize::{ImageType, blob_size, image_type};

use crate::{
    app::inbox,
    bridge::{
        attachment::{Attached, Attachment, Kind},
        prompt::Prompt,
    },
    claude::wire::say::Image,
    screens::words,
    telegram::{
        attached::{LARGEST_IMAGE, LONGEST_SIDE},
        client::Client,
        file,
    },
};

/// A text file of up to so many bytes stands in the prompt itself.
const SHORT: usize = 16 << 10;

/// Where files go.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    /// The folder of the configuration.
    pub(super) inbox: Option<PathBuf>,
    /// The session's directory.
    pub(super) project: PathBuf,
}

/// The prompt with its files fetched, or why it cannot be had, in a sentence.
pub(super) async fn fetch(
    client: &Client,
    mut prompt: Prompt,
    folders: Folders,
) -> Result<Prompt, String> {
    let files: Vec<Attached> = prompt.files().cloned().collect();
    let mut images = Vec::new();
    for attached in files {
        let bytes = file::download(client, &attached.id)
            .await
            .map_err(|refusal| format!("{}: {refusal}", attached.label()))?;
        let picture = picture(&bytes);
        if let (Kind::Photo, Some(image)) = (attached.kind, &picture) {
            images.push(Attachment::Image(image.clone()));
            continue;
        }
        let (folders, label) = (folders.clone(), attached.label().to_owned());
        let put = tokio::task::spawn_blocking(move || put_down(&folders, &label, bytes)).await;
        let said = put.map_err(|error| error.to_string())??;
        prompt.text = [prompt.text.trim_end(), &said].join("\n\n").trim_start().into();
        images.extend(picture.map(Attachment::Image));
    }
    prompt.attachments = images;
    Ok(prompt)
}

/// A picture that the API takes as it is. Of a larger one Claude gets the path, and its own tool
/// makes it smaller.
fn picture(bytes: &[u8]) -> Option<Image> {
    let media_type = match image_type(bytes).ok()? {
        ImageType::Jpeg => "image/jpeg",
        ImageType::Png => "image/png",
        ImageType::Gif => "image/gif",
        ImageType::Webp => "image/webp",
        _ => return None,
    };
    let sides = blob_size(bytes).ok()?;
    let fits = sides.width.max(sides.height) as u64 <= LONGEST_SIDE
        && sides.width.min(sides.height) > 0
        && bytes.len() as u64 <= LARGEST_IMAGE;
    fits.then(|| Image::new(media_type, bytes))
}

/// Puts a file down and says so to Claude.
fn put_down(folders: &Folders, label: &str, bytes: Vec<u8>) -> Result<String, String> {
    let path = inbox::save(folders.inbox.as_deref(), &folders.project, (label, &bytes))
        .map_err(|error| format!("{label} could not be saved: {error}"))?;
    let size = words::bytes(bytes.len() as u64);
    let said = format!("Attached file: {} ({size})", path.display());
    Ok(match String::from_utf8(bytes) {
        Ok(text) if text.len() <= SHORT && !text.contains('\0') && !text.trim().is_empty() => {
            let fence = fence(&text);
            format!("{said}\n{fence}\n{}\n{fence}", text.trim_end_matches('\n'))
        }
        _ => said,
    })
}

/// More backticks than stand together anywhere in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_cannot_be_closed_from_inside() {
        assert_eq!(fence("plain"), "```");
        assert_eq!(fence("a ```` b"), "`````");
    }

    #[test]
    fn short_texts_stand_in_the_prompt_and_others_are_named() {
        let project = tempfile::tempdir().unwrap();
        let folders = Folders { inbox: None, project: project.path().to_owned() };
        let text = put_down(&folders, "a.txt", b"one\ntwo\n".to_vec()).unwrap();
        assert!(text.ends_with("a.txt (8 bytes)\n```\none\ntwo\n```"), "{text}");
        for bytes in [vec![0, 1, 2], vec![0xff; 3], vec![b'x'; SHORT + 1]] {
            let said = put_down(&folders, "b.bin", bytes).unwrap();
            assert!(said.starts_with("Attached file: ") && !said.contains('`'), "{said}");
        }
    }

    #[test]
    fn only_what_the_api_takes_is_a_picture() {
        let png = |width: u32, height: u32| {
            let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
            bytes.extend(width.to_be_bytes());
            bytes.extend(height.to_be_bytes());
            bytes.extend([8, 6, 0, 0, 0]);
            bytes
        };
        assert_eq!(picture(&png(100, 50)).map(|image| image.media_type), Some("image/png"));
        for bytes in [png(9_000, 50), png(0, 5), b"BM plain text".to_vec(), Vec::new()] {
            assert_eq!(picture(&bytes), None);
        }
    }
}
