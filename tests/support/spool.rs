//! The files of a bot's state directory, read while it writes them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// All files below a directory.
pub(crate) fn below(directory: &Path) -> Vec<PathBuf> {
    let mut left = vec![directory.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = left.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => left.extend(entries.map(|entry| entry.unwrap().path())),
            Err(_) if path.exists() => files.push(path),
            Err(_) => {}
        }
    }
    files
}

/// Those that hold a prompt: what is being written has another name, and may be left half written by
/// a kill.
pub(crate) fn whole(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files
}

/// Whether a prompt has something in this field, or is at this stage.
pub(crate) fn notes(files: &[PathBuf], field: &str) -> bool {
    files.iter().any(|file| {
        let kept: Value =
            serde_json::from_slice(&fs::read(file).unwrap_or_default()).unwrap_or_default();
        kept[field].is_i64()
            || kept[field].is_object()
            || !kept[field][0].is_null()
            || kept["stage"] == field
    })
}
