//! What is wrong with a setting, in words that name the place, the key, the value and what is
//! allowed. No error shows a token, wherever one was written by mistake.

use std::{io, path::PathBuf};

/// Signs behind the colon from which a text is taken for a token; Telegram's have 35.
const SECRET_LENGTH: usize = 8;

/// What stands in place of a token.
pub(super) const HIDDEN: &str = "(hidden)";

/// The variable that names Claude's directory.
pub(super) const CLAUDE_DIRECTORY: &str = "CLAUDE_CONFIG_DIR";

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("{}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file is not TOML. The offending line is not quoted: it may hold the token.
    #[error("{}: line {line}: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// 1 for the first.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A key that does not exist.
    #[error("{}: there is no key `{key}`; the keys are {known}", file.display())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// As it is written there.
        key: String,
        /// The keys there are.
        known: String,
    },
    /// A value that cannot be used.
    #[error("{place}: `{key}` is {value}, but must be {expected}")]
    Invalid {
        /// The file, or `environment`.
        place: String,
        /// The key or variable.
        key: String,
        /// The value as it stands there, tokens masked.
        value: String,
        /// What it must be.
        expected: String,
    },
    /// Something without which the bot does not start.
    #[error("{0}")]
    Missing(&'static str),
}

impl ConfigError {
    /// Whether it is not known for it where Claude's files are.
    pub fn hides_claude(&self) -> bool {
        matches!(self, Self::Invalid { key, .. } if key == CLAUDE_DIRECTORY)
    }
}

/// The text without what looks like a token (`123456:ABC…`).
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, after) = (&rest[..colon], &rest[colon + 1..]);
        let id = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let end = after.find(|c: char| !is_secret_sign(c)).unwrap_or(after.len());
        if id.len() < before.len() && end >= SECRET_LENGTH {
            masked.push_str(id);
            masked.push_str(HIDDEN);
            rest = &after[end..];
        } else {
            masked.push_str(&rest[..=colon]);
            rest = after;
        }
    }
    masked.push_str(rest);
    masked
}

/// Whether a text that stands where a path belongs may be a token, or half of one: no path that a
/// person writes is so long without a slash, a dot or a tilde.
pub(super) fn may_be_token(text: &str) -> bool {
    mask(text) != text || (!text.contains(['/', '.', '~']) && text.len() >= SECRET_LENGTH)
}

fn is_secret_sign(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_masked_wherever_they_stand() {
        for (text, expected) in [
            ("123456:AAF7-g0gYncWnm5Iyf", "(hidden)"),
            ("http://a/bot123456:AAF7-g0gYncWnm5Iyf/getMe", "http://a/bot(hidden)/getMe"),
            ("[\"1:AAAAAAAAA\", \"2:BBBBBBBBB\"]", "[\"(hidden)\", \"(hidden)\"]"),
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("segue=debug", "segue=debug"),
            ("a:b:c1:", "a:b:c1:"),
        ] {
            assert_eq!(mask(text), expected);
        }
    }

    #[test]
    fn a_path_is_told_from_a_token() {
        for text in ["/etc/token", "~/token", "./t", "bot.token", "token"] {
            assert!(!may_be_token(text), "{text}");
        }
        for text in ["123456:AAF7-g0gYncWnm5Iyf", "AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao"] {
            assert!(may_be_token(text), "{text}");
        }
    }
}
