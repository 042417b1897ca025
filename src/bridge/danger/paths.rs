//! Paths that are worth a look: secrets, what runs by itself, and what lies outside of the project.

use std::path::{Component, Path, PathBuf};

use crate::bridge::danger::ToolContext;

/// Names of files and directories that hold secrets.
const SECRET: &[&str] = &[
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    ".htpasswd",
    ".vault-token",
    "authorized_keys",
    "credentials",
    "credentials.json",
    "secrets.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.toml",
    "shadow",
    "sudoers",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    "master.key",
    "wallet.dat",
];
/// Endings of files that hold keys.
const KEYS: &[&str] = &["pem", "key", "p12", "pfx", "jks", "keystore", "kdbx", "ppk", "asc"];
/// Endings of `.env.…` that are meant to be shared.
const SHARED: &[&str] = &["example", "sample", "template", "dist", "defaults"];
/// Ends of paths that are run without anybody asking for it.
const STARTUP: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".git/config",
    ".gitconfig",
    ".mcp.json",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".envrc",
    "authorized_keys",
];
/// Directories whose files are run without anybody asking for it.
const STARTUP_IN: &[&str] = &[
    ".git/hooks",
    ".husky",
    ".github/workflows",
    "cron.d",
    "cron.daily",
    "systemd/system",
    "systemd/user",
    "LaunchAgents",
    "LaunchDaemons",
    "init.d",
    ".config/autostart",
];
/// Files that swallow or echo what is written to them.
const NOWHERE: [&str; 5] = ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd"];

/// Whether a path or a word names something secret.
pub(super) fn secret(word: &str) -> bool {
    // Also in `KEY=value`, `host:path` and `@file`.
    word.split(['=', ':', '@', ',']).flat_map(|part| part.split('/')).any(|name| {
        if let Some(rest) = name.strip_prefix(".env") {
            return rest.is_empty()
                || rest.strip_prefix('.').is_some_and(|end| !SHARED.contains(&end));
        }
        let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
        SECRET.contains(&name) || ending.is_some_and(|(_, ending)| KEYS.contains(&ending))
    })
}

/// Whether what a path names is run without anybody asking for it.
pub(super) fn startup(path: &str) -> bool {
    let path = Path::new(path);
    let inside = |dir: &&str| path.ancestors().skip(1).any(|above| above.ends_with(dir));
    STARTUP.iter().any(|end| path.ends_with(end)) || STARTUP_IN.iter().any(inside)
}

/// Whether a path leads out of the project. False where the project is not known.
pub(super) fn outside(path: &str, context: &ToolContext) -> bool {
    if path.is_empty()
        || context.directory.as_os_str().is_empty()
        || NOWHERE.iter().any(|nowhere| path.starts_with(nowhere))
    {
        return false;
    }
    let path = match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            context.home.join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(path.replace("$HOME", &context.home.to_string_lossy())),
    };
    !plain(&context.directory.join(path)).starts_with(&context.directory)
}

/// A path without `.` and `..`, by its words alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name() {
        for path in [
            ".env",
            "app/.env.production",
            "~/.ssh/config",
            "/etc/shadow",
            "certs/server.key",
            "host:.aws/credentials",
            "--data=@token.pem",
            "ID=/x/id_rsa",
        ] {
            assert!(secret(path), "{path}");
        }
        for path in [".env.example", "src/environment.rs", "key", ".key", "keys.rs", "monkey"] {
            assert!(!secret(path), "{path}");
        }
    }

    #[test]
    fn startup_files_are_known_by_place() {
        for path in ["/home/ada/.zshrc", ".git/hooks/pre-commit", ".github/workflows/ci.yml"] {
            assert!(startup(path), "{path}");
        }
        for path in ["zshrc.md", "docs/git/hooks.md", ".github/workflows"] {
            assert!(!startup(path), "{path}");
        }
    }

    #[test]
    fn outside_is_what_leads_out() {
        let context =
            ToolContext { directory: "/home/ada/garden".into(), home: "/home/ada".into() };
        for path in
            ["/etc/hosts", "../orchard/x", "~/x", "$HOME/x", "a/../../x", "/home/ada/gardens"]
        {
            assert!(outside(path, &context), "{path}");
        }
        for path in ["a/b", "./a", "a/../b", "/home/ada/garden/a", "~/garden/a", "/dev/null", ""] {
            assert!(!outside(path, &context), "{path}");
        }
        assert!(!outside("/etc/hosts", &ToolContext::default()), "unknown ground");
    }
}
