//! A gate that a test shuts: Claude stays where it is until the test says go.
//!
//! The file that `SEGUE_SCRIPT_GATE` names holds a part of what Claude says or does: of a text, of
//! a tool's name and input, of what a background task is called. As soon as Claude has said that
//! or is about to have done it, the turn goes no further while the file holds it. What comes in
//! meanwhile is read as ever. A gate that was never shut costs nothing.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    run::{Run, Stop},
    script::Tool,
};

/// How often a shut gate is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(5);

/// The gate of a run; most runs have none.
pub(super) struct Gate(Option<PathBuf>);

impl Gate {
    /// The one that the environment names.
    pub(super) fn find() -> Self {
        Self(env::var_os("SEGUE_SCRIPT_GATE").map(PathBuf::from))
    }

    /// Whether the gate is shut for what was said.
    pub(super) fn stops(&self, said: &str) -> bool {
        let Some(part) = self.0.as_ref().and_then(|path| fs::read_to_string(path).ok()) else {
            return false;
        };
        let part = part.trim();
        !part.is_empty() && said.contains(part)
    }
}

impl Run {
    /// Waits while the gate is shut for what was said.
    pub(super) async fn pass(&mut self, said: &str) -> Result<(), Stop> {
        while self.gate.stops(said) {
            self.rest(LOOK).await?;
        }
        Ok(())
    }

    /// The same for the use of a tool, which may wait for a file besides.
    pub(super) async fn pass_tool(&mut self, tool: &Tool) -> Result<(), Stop> {
        if let Some(file) = &tool.until {
            self.wait_for(file).await?;
        }
        self.pass(&format!("{} {}", tool.name, tool.input)).await
    }

    /// Waits until there is a file.
    pub(super) async fn wait_for(&mut self, file: &Path) -> Result<(), Stop> {
        while !file.exists() {
            self.rest(LOOK).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Gate;

    #[test]
    fn a_gate_stops_what_its_file_holds() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gate");
        let gate = Gate(Some(path.clone()));
        assert!(!gate.stops("sow the beans") && !Gate(None).stops("sow the beans"));
        for (held, stops) in [("the beans\n", true), ("peas", false), (" \n", false)] {
            fs::write(&path, held).unwrap();
            assert_eq!(gate.stops("sow the beans"), stops, "{held:?}");
        }
    }
}
