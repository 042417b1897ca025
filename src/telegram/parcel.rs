//! A file on its way to a person.

use std::{path::PathBuf, sync::Arc};

use crate::telegram::screen::Screen;

/// Largest file that Telegram takes from a bot, bytes. <https://core.telegram.org/bots/api#sending-files>
pub const LARGEST: u64 = 50 << 20;
/// Largest photo that it takes, bytes.
pub const LARGEST_PHOTO: u64 = 10 << 20;

/// A file to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// How it is shown.
    pub look: Look,
    /// Its name.
    pub name: String,
    /// What is in it.
    pub body: Body,
    /// What stands beneath it, at most 1,024 UTF-16 units.
    pub caption: Screen,
}

/// How a file is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As a picture; as a file where Telegram makes no picture of it.
    Photo,
    /// As a file.
    Document,
}

/// Where the content of a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// On the disk, read when it is sent.
    Path(PathBuf),
    /// Here.
    Bytes(Arc<[u8]>),
}
