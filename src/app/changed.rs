//! The files that a turn has written, as far as they are there.

use std::path::{Path, PathBuf};

use crate::{
    app::files::WRITERS,
    bridge::turn::{StepState, Turn},
    screens::files::Changed,
    telegram::callback::Key,
};

/// What a turn has written, the newest last.
pub(super) async fn of(turn: &Turn) -> Vec<Changed> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for step in &turn.steps {
        let path = Path::new(&step.subject);
        if WRITERS.contains(&&*step.tool) && step.state == StepState::Done && path.is_absolute() {
            paths.retain(|known| known != path);
            paths.push(path.to_owned());
        }
    }
    if paths.is_empty() {
        return Vec::new();
    }
    let look = move || paths.iter().filter_map(|path| changed(path)).collect();
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn changed(path: &Path) -> Option<Changed> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let in_git = path.ancestors().any(|folder| folder.join(".git").exists());
    path.is_file().then(|| Changed { name, key: Key::of_path(path), in_git })
}
