//! One segue for a bot on a machine: two would take each other's messages.
//!
//! The lock is the system's (`flock`) on an empty file, so it ends with the process however that
//! ends; the file says nothing and may stay. It lies in the runtime directory of the user, where
//! there is none in the temporary one, and never in the state directory, which is empty at rest. A
//! second segue of another user or machine is not seen here: Telegram tells the first by a 409.

use std::{
    env,
    fs::File,
    io,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
    process::getuid,
};
use sha2::{Digest, Sha256};

use crate::config::Token;

/// How long a segue that was killed may still hold its bot: a CLI that it was about to start has
/// its open files until it begins.
const ENDS: Duration = Duration::from_secs(1);
/// How often to look whether it does.
const LOOK: Duration = Duration::from_millis(20);

/// The hold on a bot, as long as it lives.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "closing it ends the lock")] File);

/// Why there is no hold.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// Somebody has it.
    #[error(
        "segue is running for this bot already on this machine. End that one first, or give this \
         one the token of another bot."
    )]
    Taken,
    /// The file cannot be used.
    #[error("the lock {} cannot be used: {error}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
}

impl Lock {
    /// Takes hold of the bot that `token` is of at the server `api`.
    pub(super) fn take(token: &Token, api: &str) -> Result<Self, Refused> {
        let path = directory().join(name(token, api));
        let unusable = |error| Refused::Unusable { path: path.clone(), error };
        let mut options = File::options();
        options.write(true).create(true).truncate(false).mode(0o600);
        // A link that somebody else laid into a common directory is not followed.
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(&path).map_err(unusable)?;
        let begun = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(file)),
                Err(Errno::WOULDBLOCK) if begun.elapsed() < ENDS => sleep(LOOK),
                Err(Errno::WOULDBLOCK) => return Err(Refused::Taken),
                Err(error) => return Err(unusable(error.into())),
            }
        }
    }
}

fn directory() -> PathBuf {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    runtime.filter(|dir| dir.is_dir()).unwrap_or_else(env::temp_dir)
}

/// The token cannot be told from it.
fn name(token: &Token, api: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(token.reveal());
    hash.update([0]);
    hash.update(api);
    let digest = hash.finalize();
    let mut short = [0; 8];
    short.copy_from_slice(&digest[..8]);
    format!("segue-{}-{:016x}.lock", getuid().as_raw(), u64::from_be_bytes(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_is_held_once_and_let_go() {
        let token = |text: &str| Token::from(text.to_owned());
        let api = "http://127.0.0.1:9/a_bot_is_held_once";
        let first = Lock::take(&token("1:a"), api).unwrap();
        assert!(matches!(Lock::take(&token("1:a"), api), Err(Refused::Taken)));
        let other = Lock::take(&token("2:b"), api).unwrap();
        drop(first);
        Lock::take(&token("1:a"), api).unwrap();
        drop(other);
        for text in ["1:a", "2:b"] {
            std::fs::remove_file(directory().join(name(&token(text), api))).unwrap();
        }
    }
}
