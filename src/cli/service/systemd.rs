//! The service as a user unit of systemd.
//!
//! Asks `systemctl --user`, `loginctl` and `journalctl`; writes one unit file and no other.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::getuid;

use super::{Logs, State, Unit, call, write};
use crate::cli::output::Failure;

/// The unit's name.
const UNIT: &str = "segue.service";

/// Between a failure and the next start, seconds.
const RESTART_SECONDS: u32 = 5;

/// Whether there is a systemd that runs units of this user.
pub(super) fn available() -> Result<(), String> {
    call("systemctl", &["--user", "show-environment"]).map(drop).map_err(|why| {
        format!(
            "systemd runs no services for you here: {why}. Have your own service manager start \
             `segue run`, or run it in tmux."
        )
    })
}

/// Writes the unit, has it started with each session and starts it now.
pub(super) fn install(home: &Path, unit: &Unit) -> Result<PathBuf, Failure> {
    let file = file(home);
    write(&file, &text(unit))?;
    for args in [&["daemon-reload"][..], &["enable", UNIT], &["restart", UNIT]] {
        systemctl(args).map_err(|why| {
            Failure::Failed(format!(
                "{why}; {} is written, `segue service logs` says more",
                file.display()
            ))
        })?;
    }
    Ok(file)
}

/// Stops the unit and removes it; `None` where there is none.
pub(super) fn uninstall(home: &Path) -> Result<Option<PathBuf>, Failure> {
    let file = file(home);
    if !file.exists() {
        return Ok(None);
    }
    systemctl(&["disable", "--now", UNIT]).map_err(Failure::Failed)?;
    let removed = fs::remove_file(&file);
    removed.map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    systemctl(&["daemon-reload"]).map_err(Failure::Failed)?;
    Ok(Some(file))
}

/// What systemd says of the unit.
pub(super) fn state(home: &Path) -> State {
    let file = file(home);
    if !file.exists() {
        return State::default();
    }
    let properties = "--property=ActiveState,SubState,Result,StatusText,UnitFileState";
    let told = match systemctl(&["show", UNIT, properties]) {
        Ok(told) => told,
        Err(words) => return State { file: Some(file), words, ..State::default() },
    };
    let property = |name: &str| {
        let lines = told.lines().filter_map(|line| line.split_once('='));
        lines.clone().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    };
    let active = property("ActiveState");
    let mut words = format!("{active} ({})", property("SubState"));
    if !property("StatusText").is_empty() {
        let _ = write!(words, ", {}", property("StatusText"));
    }
    let result = property("Result");
    if !["", "success"].contains(&result) {
        let _ = write!(words, ", result {result}");
    }
    if property("UnitFileState") == "disabled" {
        words.push_str(", not started at login");
    }
    let failed = active == "failed" || property("SubState") == "auto-restart";
    State { file: Some(file), running: active == "active", failed, words }
}

/// The program that shows the unit's log.
pub(super) fn logs(logs: &Logs) -> Command {
    let mut command = Command::new("journalctl");
    command.args(["--user", "--unit", UNIT, "--lines", &logs.lines.to_string()]);
    if logs.follow {
        command.arg("--follow");
    } else {
        command.arg("--no-pager");
    }
    command
}

/// Whether services of this user go on while they are logged out; `None` where nobody says.
pub(super) fn lingers() -> Option<bool> {
    let user = getuid().as_raw().to_string();
    let told = call("loginctl", &["show-user", &user, "--property=Linger", "--value"]).ok()?;
    match told.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// Lets services of this user go on while they are logged out.
pub(super) fn enable_linger() -> Result<(), String> {
    call("loginctl", &["enable-linger"]).map(drop)
}

fn systemctl(args: &[&str]) -> Result<String, String> {
    call("systemctl", &[&["--user"], args].concat())
}

fn file(home: &Path) -> PathBuf {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.filter(|dir| dir.is_absolute()).unwrap_or_else(|| home.join(".config"));
    config.join("systemd/user").join(UNIT)
}

/// The unit file. systemd expands `%` everywhere and `$` in commands.
fn text(unit: &Unit) -> String {
    let mut command = quoted(&unit.program.to_string_lossy()).replace('$', "$$");
    command.push_str(" run");
    if let Some(config) = &unit.config {
        let config = quoted(&config.to_string_lossy()).replace('$', "$$");
        let _ = write!(command, " --config {config}");
    }
    let mut environment = String::new();
    for (name, value) in &unit.environment {
        let _ = writeln!(environment, "Environment={}", quoted(&format!("{name}={value}")));
    }
    let stop = unit.stop_seconds;
    format!(
        "# Written by `segue service install`, removed by `segue service uninstall`.
[Unit]
Description=segue: Claude Code sessions on Telegram
# It starts again however often it fails: a laptop is often without a network.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
WorkingDirectory=%h
{environment}Restart=on-failure
RestartSec={RESTART_SECONDS}
# Settings that cannot be used do not get better by a restart.
RestartPreventExitStatus=2
# segue ends what it has started. If it is killed, Claude goes on, and the next start follows it.
KillMode=process
TimeoutStopSec={stop}

[Install]
WantedBy=default.target
"
    )
}

/// A word in double quotes, as unit files have them.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_survives_odd_names() {
        let unit = Unit {
            program: "/home/ada/my $bin/se%gue".into(),
            config: Some("/home/ada/a \"b\".toml".into()),
            environment: vec![("PATH".to_owned(), "/a b:/c%d".to_owned())],
            stop_seconds: 30,
        };
        let text = text(&unit);
        for line in [
            "ExecStart=\"/home/ada/my $$bin/se%%gue\" run --config \"/home/ada/a \\\"b\\\".toml\"",
            "Environment=\"PATH=/a b:/c%%d\"",
            "TimeoutStopSec=30",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
    }
}
