//! The files of the made-up Home.

/// One made-up file.
pub(super) struct Made {
    /// Path in Claude's directory.
    pub(super) name: &'static str,
    /// When it was last used, seconds since the epoch, in made-up time.
    pub(super) used: u64,
    /// What it holds.
    pub(super) bytes: &'static [u8],
}

/// Directories of the made-up sessions.
pub(super) const PROJECTS: &[&str] = &[];

/// Every made-up file.
pub(super) const FILES: &[Made] = &[];
