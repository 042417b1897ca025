//! What of a shell's environment a service needs to find and run the Claude CLI as the shell does.
//!
//! A service starts with next to nothing. Managers of Node versions (nvm, fnm, Volta) and Homebrew
//! put the CLI on the `PATH` in the start files of a shell, which a service never reads.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{
    claude::process::{find, is_private},
    config::Sources,
};

/// Variables that are kept, besides `PATH`.
const KEPT: [&str; 13] = [
    "CLAUDE_CONFIG_DIR",
    "CLOUD_ML_REGION",
    "DISABLE_AUTOUPDATER",
    "LANG",
    "NODE_EXTRA_CA_CERTS",
    "NVM_DIR",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
    "VOLTA_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];
/// Families of variables that are kept.
const KEPT_FAMILIES: [&str; 6] =
    ["ANTHROPIC_", "AWS_", "CLAUDE_CODE_", "GOOGLE_", "LC_", "VERTEX_REGION_"];
/// Kept in upper and lower case.
const PROXIES: [&str; 4] = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"];
/// Where programs are on any system.
const USUAL: [&str; 5] = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"];

/// The variables of the service, in the order of their names; `claude` is path or name of the CLI.
pub(super) fn for_service(sources: &Sources, claude: &Path) -> Vec<(String, String)> {
    let is_kept = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let known = KEPT.contains(&name) || PROXIES.contains(&lower.as_str());
        let family = KEPT_FAMILIES.iter().any(|family| name.starts_with(family));
        (known || family) && !is_private(name.as_ref())
    };
    let text = |(name, value): &(OsString, OsString)| {
        let (name, value) = (name.to_str()?, value.to_str()?);
        let plain = !value.is_empty() && !value.contains(char::is_control);
        (is_kept(name) && plain).then(|| (name.to_owned(), value.to_owned()))
    };
    let mut kept: Vec<_> = sources.environment.iter().filter_map(text).collect();
    kept.extend(path(sources, claude).map(|path| ("PATH".to_owned(), path)));
    kept.sort();
    kept
}

/// The directories of the shell's `PATH` that are there to stay, that of the CLI, and the usual.
fn path(sources: &Sources, claude: &Path) -> Option<String> {
    let shell = sources.environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path);
    let mut dirs: Vec<PathBuf> = Vec::new();
    let cli = find(claude, shell).and_then(|cli| cli.parent().map(Path::to_owned));
    let of_shell = shell.into_iter().flat_map(|path| env::split_paths(path)).map(permanent);
    for dir in of_shell.chain(cli).chain(USUAL.map(PathBuf::from)) {
        if dir.is_absolute() && dir.is_dir() && !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    env::join_paths(dirs).ok()?.into_string().ok()
}

/// fnm links each shell's directory anew and removes it with the shell: what it leads to stays.
fn permanent(dir: PathBuf) -> PathBuf {
    if dir.components().any(|part| part.as_os_str() == "fnm_multishells") {
        return dir.canonicalize().unwrap_or(dir);
    }
    dir
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn sources(variables: &[(&str, &str)]) -> Sources {
        let environment = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Sources { file: None, environment: environment.collect() }
    }

    #[test]
    fn what_the_cli_needs_is_kept_and_nothing_of_ours_or_of_an_outer_session() {
        let sources = sources(&[
            ("ANTHROPIC_BASE_URL", "http://a"),
            ("CLAUDE_CODE_USE_BEDROCK", "1"),
            ("CLAUDE_CODE_SSE_PORT", "9"),
            ("HTTPS_PROXY", "http://p"),
            ("https_proxy", "http://p"),
            ("TELEGRAM_BOT_TOKEN", "1:x"),
            ("SEGUE_LOG", "debug"),
            ("HOME", "/home/ada"),
            ("LANG", ""),
            ("AWS_PROFILE", "a\nb"),
        ]);
        let kept = for_service(&sources, Path::new("claude"));
        let names: Vec<_> = kept.iter().map(|(name, _)| name.as_str()).collect();
        let expected =
            ["ANTHROPIC_BASE_URL", "CLAUDE_CODE_USE_BEDROCK", "HTTPS_PROXY", "PATH", "https_proxy"];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_path_leads_to_the_cli_and_holds_no_directory_that_goes_with_the_shell() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["nvm/bin", "node/bin", "fnm_multishells/7", "cli"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        symlink(root.join("node"), root.join("fnm_multishells/7/link")).unwrap();
        fs::write(root.join("cli/claude"), "").unwrap();
        let shell = [
            root.join("nvm/bin"),
            root.join("fnm_multishells/7/link/bin"),
            root.join("gone"),
            "relative".into(),
            root.join("nvm/bin"),
        ];
        let shell = env::join_paths(shell).unwrap().into_string().unwrap();
        let path = path(&sources(&[("PATH", &shell)]), &root.join("cli/claude")).unwrap();
        let dirs: Vec<_> = env::split_paths(&path).collect();
        let expected = [root.join("nvm/bin"), root.join("node/bin"), root.join("cli")];
        assert_eq!(dirs[..3], expected);
        assert!(dirs.contains(&"/usr/bin".into()) && !path.contains("multishells"), "{path}");
    }
}
