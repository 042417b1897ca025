//! The CLI that is installed, asked about itself: its version, and whether it is logged in.
//!
//! Starts the CLI for a moment, never in a conversation, and reads no file of its own.

use std::{
    cmp::Ordering,
    ffi::OsString,
    fmt,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use serde::Deserialize;
use tokio::{process::Command, time::timeout};

use super::process::clean;

/// The oldest CLI that segue works with.
pub const OLDEST: Version = Version([2, 1, 100]);

/// How long the CLI may take to answer: it looks into a keychain, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A version of the CLI, such as 2.1.332.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 3]);

impl Version {
    /// Whether segue works with it.
    pub fn is_supported(self) -> bool {
        self.cmp(&OLDEST) != Ordering::Less
    }

    /// Reads what `claude --version` prints: `2.1.332 (Claude Code)`.
    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split_whitespace().next()?.splitn(3, '.');
        let mut next = || {
            let digits = numbers.next()?.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        };
        Some(Self([next()?, next()?, next()?]))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Whether the CLI has what it needs to talk to Claude.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// It has; and as whom or by what, where it says so.
    In(Option<String>),
    /// It has not.
    Out,
    /// It does not say; why.
    Unknown(String),
}

/// Asks for the version. The error is what went wrong, in words.
pub async fn version(
    program: &Path,
    environment: &[(OsString, OsString)],
) -> Result<Version, String> {
    let output = ask(program, environment, &["--version"]).await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.lines().next().unwrap_or_default();
    Version::read(first).ok_or_else(|| match first {
        "" => failure(&output),
        first => format!("`--version` says {first:?}"),
    })
}

/// Asks whether it is logged in (`auth status`, which prints JSON; seen on 2.1.332).
pub async fn login(program: &Path, environment: &[(OsString, OsString)]) -> Login {
    match ask(program, environment, &["auth", "status"]).await {
        Ok(output) => {
            read_login(&output.stdout).unwrap_or_else(|| Login::Unknown(failure(&output)))
        }
        Err(why) => Login::Unknown(why),
    }
}

fn read_login(json: &[u8]) -> Option<Login> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        logged_in: bool,
        auth_method: Option<String>,
        email: Option<String>,
        subscription_type: Option<String>,
    }

    let status: Status = serde_json::from_slice(json).ok()?;
    if !status.logged_in {
        return Some(Login::Out);
    }
    let by = status.auth_method.map(|method| method.replace('_', " "));
    let said = [status.email.or(by), status.subscription_type];
    let said: Vec<String> = said.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    Some(Login::In((!said.is_empty()).then(|| said.join(", "))))
}

async fn ask(
    program: &Path,
    environment: &[(OsString, OsString)],
    args: &[&str],
) -> Result<Output, String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    clean(&mut command, environment);
    match timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Why a command said nothing that can be read.
fn failure(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared_by_number() {
        for (text, expected, supported) in [
            ("2.1.332 (Claude Code)", "2.1.332", true),
            ("2.1.100-beta.1", "2.1.100", true),
            ("2.1.99", "2.1.99", false),
            ("10.0.0", "10.0.0", true),
        ] {
            let version = Version::read(text).unwrap();
            assert_eq!(
                (version.to_string().as_str(), version.is_supported()),
                (expected, supported)
            );
        }
        for text in ["", "Claude Code", "2.1", "v2.1.3"] {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }

    #[test]
    fn logins_are_read_as_the_cli_writes_them() {
        for (json, expected) in [
            (r#"{"loggedIn":false,"authMethod":"none"}"#, Some(Login::Out)),
            (
                r#"{"loggedIn":true,"authMethod":"api_key","apiKeySource":"ANTHROPIC_API_KEY"}"#,
                Some(Login::In(Some("api key".to_owned()))),
            ),
            (
                r#"{"loggedIn":true,"authMethod":"claude.ai","email":"a@b.c","subscriptionType":"max"}"#,
                Some(Login::In(Some("a@b.c, max".to_owned()))),
            ),
            (r#"{"loggedIn":true}"#, Some(Login::In(None))),
            ("Not logged in", None),
        ] {
            assert_eq!(read_login(json.as_bytes()), expected, "{json}");
        }
    }
}
