//! The service as an agent of launchd.
//!
//! Asks `launchctl`; writes one property list and no other. The log is a file, since launchd keeps
//! none.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::getuid;

use super::{Logs, State, Unit, call, write};
use crate::cli::output::Failure;

/// The agent's name.
const LABEL: &str = "segue";

/// Between two starts, seconds: launchd's own least.
const RESTART_SECONDS: u32 = 10;

/// Whether there is a launchd that runs agents of this user.
pub(super) fn available() -> Result<(), String> {
    let domain = domain();
    call("launchctl", &["print", &domain]).map(drop).map_err(|why| {
        format!("launchd runs no agents for you here ({why}). Log in at the screen, or run `segue run` in tmux.")
    })
}

/// Writes the agent, has it started at each login and starts it now.
pub(super) fn install(home: &Path, unit: &Unit) -> Result<PathBuf, Failure> {
    let file = file(home);
    write(&file, &text(unit, home))?;
    // An agent that is loaded already is taken down first; where there is none, that fails.
    let _ = call("launchctl", &["bootout", &target()]);
    let path = file.to_string_lossy();
    call("launchctl", &["bootstrap", &domain(), &path]).map_err(Failure::Failed)?;
    Ok(file)
}

/// Stops the agent and removes it; `None` where there is none.
pub(super) fn uninstall(home: &Path) -> Result<Option<PathBuf>, Failure> {
    let file = file(home);
    if !file.exists() {
        return Ok(None);
    }
    // It may be written and not loaded.
    let _ = call("launchctl", &["bootout", &target()]);
    let removed = fs::remove_file(&file);
    removed.map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    Ok(Some(file))
}

/// What launchd says of the agent.
pub(super) fn state(home: &Path) -> State {
    let file = file(home);
    if !file.exists() {
        return State::default();
    }
    match call("launchctl", &["print", &target()]) {
        Ok(told) => read(file, &told),
        Err(words) => State { file: Some(file), words, ..State::default() },
    }
}

/// Reads what `launchctl print` says: lines of `name = value`.
fn read(file: PathBuf, told: &str) -> State {
    let value = |name: &str| {
        let lines = told.lines().filter_map(|line| line.split_once(" = "));
        lines.clone().find(|(key, _)| key.trim() == name).map_or("", |(_, value)| value.trim())
    };
    let (state, code) = (value("state"), value("last exit code"));
    let running = state == "running";
    let failed = !running && !["", "0", "(never exited)"].contains(&code);
    let words = if failed { format!("{state}, last exit code {code}") } else { state.to_owned() };
    State { file: Some(file), running, failed, words }
}

/// The program that shows the agent's log.
pub(super) fn logs(home: &Path, logs: &Logs) -> Command {
    let mut command = Command::new("tail");
    command.args(["-n", &logs.lines.to_string()]);
    if logs.follow {
        command.arg("-F");
    }
    command.arg(log(home));
    command
}

/// Where agents of this user run.
fn domain() -> String {
    format!("gui/{}", getuid().as_raw())
}

fn target() -> String {
    format!("{}/{LABEL}", domain())
}

fn file(home: &Path) -> PathBuf {
    home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"))
}

fn log(home: &Path) -> PathBuf {
    home.join("Library/Logs").join(format!("{LABEL}.log"))
}

/// The property list.
fn text(unit: &Unit, home: &Path) -> String {
    let mut arguments = vec![unit.program.to_string_lossy().into_owned(), "run".to_owned()];
    if let Some(config) = &unit.config {
        arguments.extend(["--config".to_owned(), config.to_string_lossy().into_owned()]);
    }
    let mut list = String::new();
    for argument in arguments {
        let _ = writeln!(list, "        <string>{}</string>", escaped(&argument));
    }
    let mut variables = String::new();
    for (name, value) in &unit.environment {
        let (name, value) = (escaped(name), escaped(value));
        let _ = writeln!(variables, "        <key>{name}</key>\n        <string>{value}</string>");
    }
    let (home, log) = (escaped(&home.to_string_lossy()), escaped(&log(home).to_string_lossy()));
    let stop = unit.stop_seconds;
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by `segue service install`, removed by `segue service uninstall`. -->
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{LABEL}</string>
    <key>ProgramArguments</key>
    <array>
{list}    </array>
    <key>WorkingDirectory</key>
    <string>{home}</string>
    <key>EnvironmentVariables</key>
    <dict>
{variables}    </dict>
    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <dict>
        <key>SuccessfulExit</key>
        <false/>
    </dict>
    <key>ThrottleInterval</key>
    <integer>{RESTART_SECONDS}</integer>
    <key>ExitTimeOut</key>
    <integer>{stop}</integer>
    <key>StandardOutPath</key>
    <string>{log}</string>
    <key>StandardErrorPath</key>
    <string>{log}</string>
</dict>
</plist>
"#
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_property_list_survives_odd_names() {
        let unit = Unit {
            program: "/Users/ada/a & b/segue".into(),
            config: Some("/Users/ada/<c>.toml".into()),
            environment: vec![("PATH".to_owned(), "/opt/homebrew/bin:/bin".to_owned())],
            stop_seconds: 30,
        };
        let text = text(&unit, Path::new("/Users/ada"));
        for line in [
            "<string>/Users/ada/a &amp; b/segue</string>",
            "<string>/Users/ada/&lt;c&gt;.toml</string>",
            "<string>/opt/homebrew/bin:/bin</string>",
            "<string>/Users/ada/Library/Logs/segue.log</string>",
        ] {
            assert!(text.lines().any(|found| found.trim() == line), "{text}");
        }
    }

    #[test]
    fn what_launchd_says_is_read() {
        for (told, running, failed) in [
            ("gui/501/segue = {\n\tstate = running\n\tpid = 7\n}", true, false),
            ("x = {\n\tstate = not running\n\tlast exit code = 1\n}", false, true),
            ("x = {\n\tstate = not running\n\tlast exit code = (never exited)\n}", false, false),
        ] {
            let state = read("/x".into(), told);
            assert_eq!((state.running, state.failed), (running, failed), "{told}");
        }
    }
}
