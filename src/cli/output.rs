//! What a command says at the terminal, and how it ends.
//!
//! Colour is for terminals that want it (`NO_COLOR` and pipes get none). A reader that closes its
//! pipe has had enough: the command ends quietly.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use rustix::termios::tcgetwinsize;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{config::ConfigError, screens::words::plural};

/// Exit code for arguments and settings that cannot be used.
const MISUSED: u8 = 2;
/// Columns of a terminal that does not say how wide it is.
const COLUMNS: usize = 80;

/// Something good.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Something wrong.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What matters in a line.
pub(super) const STRONG: Style = Style::new().bold();
/// What is there for completeness.
pub(super) const FAINT: Style = Style::new().dimmed();
/// What a person may type.
pub(super) const CODE: Style = AnsiColor::Cyan.on_default();

/// How a command ends: with an exit code, or for a reason that is told on stderr.
pub(super) type CommandResult = Result<ExitCode, Failure>;

/// Why a command ends early.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody reads what it says any more.
    Unread,
    /// It has failed, in these words.
    Failed(String),
    /// Its arguments or settings cannot be used, in these words.
    Misused(String),
}

impl Failure {
    /// A failure in the words of an error.
    pub(super) fn failed(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Arguments or settings that cannot be used.
    pub(super) fn misused(error: impl Display) -> Self {
        Self::Misused(error.to_string())
    }

    /// Tells it on stderr.
    pub(super) fn tell(self) -> ExitCode {
        let (words, code) = match self {
            Self::Unread => return ExitCode::SUCCESS,
            Self::Failed(words) => (words, ExitCode::FAILURE),
            Self::Misused(words) => (words, ExitCode::from(MISUSED)),
        };
        complain(&words);
        code
    }
}

/// What is written is what a command prints.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::failed(error),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::misused(error)
    }
}

/// Says each line of a complaint on stderr. Where that cannot be written, there is no place to say
/// so.
pub(super) fn complain(words: &str) {
    let mut stderr = anstream::stderr();
    for line in words.lines() {
        let _ = writeln!(stderr, "{BAD}segue:{BAD:#} {line}");
    }
}

/// Says on stderr what a look at Claude's files had to pass over, if anything.
pub(super) fn passed_over(files: usize, lines: usize) {
    if files > 0 {
        complain(&format!("{} could not be read.", plural(files as u64, "file")));
    }
    if lines > 0 {
        complain(&format!("{} too long to be looked into.", plural(lines as u64, "line")));
    }
}

/// Milliseconds since the epoch.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// Standard output, for lines.
pub(super) fn stdout() -> AutoStream<io::StdoutLock<'static>> {
    anstream::stdout().lock()
}

/// Width of the terminal that stdout is; `None` where it is none.
pub(super) fn columns() -> Option<usize> {
    let stdout = io::stdout();
    if !io::IsTerminal::is_terminal(&stdout) {
        return None;
    }
    let told = tcgetwinsize(&stdout).map_or(0, |size| usize::from(size.ws_col));
    Some(if told == 0 { COLUMNS } else { told })
}

/// The text in so many columns at most; an ellipsis stands for the rest.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut width = 0;
    for grapheme in text.graphemes(true) {
        width += grapheme.width();
        if width >= columns {
            break;
        }
        fitted.push_str(grapheme);
    }
    format!("{}…", fitted.trim_end())
}

/// The text and as many spaces as it takes to fill the columns.
pub(super) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// A word that stands out in a sentence, as a person would type it.
pub(super) fn code(text: impl Display) -> String {
    format!("{CODE}{text}{CODE:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_by_what_is_seen() {
        for (text, columns, expected) in [
            ("beds", 4, "beds"),
            ("garden", 4, "gar…"),
            ("花园花园", 5, "花园…"),
            ("花园花园", 8, "花园花园"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ] {
            let fitted = fit(text, columns);
            assert_eq!(fitted, expected);
            assert!(fitted.width() <= columns);
        }
        assert_eq!(pad("花园", 6), "花园  ");
        assert_eq!(pad("garden", 4), "garden");
    }
}
