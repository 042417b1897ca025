//! What the machine has to offer: a place for what is under way, one segue at a time, tmux, the
//! transcriber, the service.

use std::{fs, io, path::Path, process::Stdio, time::Duration};

use rustix::fs::{Access, access};
use tokio::{process::Command, time::timeout};

use super::{Finding, claude::existing};
use crate::{
    cli::{
        lock::{Lock, Refused},
        service,
    },
    config::Config,
    screens::words,
};

/// How long the transcriber may take for a second of silence; a large model takes a while to load.
const PATIENCE: Duration = Duration::from_secs(60);
/// Samples a second of the silence.
const RATE: u32 = 16_000;

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = vec![state(&config.state)];
    findings.extend(lock(config));
    findings.push(tmux().await);
    findings.push(transcriber(config).await);
    findings.push(service_state(&config.user_home));
    findings
}

/// The state directory, where messages are kept until they are answered.
fn state(dir: &Path) -> Finding {
    const STATE: &str = "state";
    let shown = dir.display();
    let nearest = existing(dir);
    let remedy = "make it a directory that you may write";
    if !nearest.is_dir() {
        let found = format!("{} is in the way of {shown}", nearest.display());
        return Finding::fault(STATE, found, remedy);
    }
    if let Err(error) = access(&nearest, Access::WRITE_OK) {
        return Finding::fault(STATE, format!("{shown} cannot be written: {error}"), remedy);
    }
    let waiting = walkdir::WalkDir::new(dir).into_iter().flatten();
    let waiting = waiting.filter(|entry| entry.file_type().is_file()).count();
    let kept = match waiting {
        0 => "nothing waits".to_owned(),
        waiting => format!("{} for an answer", words::plural(waiting as u64, "file")),
    };
    Finding::good(STATE, format!("{shown} can be written, {kept}"))
}

/// Whether segue runs for this bot.
fn lock(config: &Config) -> Option<Finding> {
    const LOCK: &str = "lock";
    let token = config.token.as_ref()?;
    Some(match Lock::take(token, &config.api_url) {
        Ok(_) => Finding::note(LOCK, "segue does not run for this bot on this machine"),
        Err(Refused::Taken) => Finding::good(LOCK, "segue runs for this bot on this machine"),
        Err(error @ Refused::Unusable { .. }) => {
            Finding::fault(LOCK, error.to_string(), "remove the file, or set XDG_RUNTIME_DIR")
        }
    })
}

async fn tmux() -> Finding {
    const TMUX: &str = "tmux";
    match Command::new("tmux").arg("-V").output().await {
        Ok(output) if output.status.success() => {
            Finding::good(TMUX, String::from_utf8_lossy(&output.stdout).trim())
        }
        Ok(output) => Finding::note(TMUX, format!("does not run: {}", output.status)),
        Err(_) => Finding::note(TMUX, "not installed: needed for nothing but sessions kept in it"),
    }
}

/// Has the transcriber write down a second of silence.
async fn transcriber(config: &Config) -> Finding {
    const TRANSCRIBER: &str = "transcriber";
    let Some(program) = &config.transcriber else {
        let found = "not set: voice messages are not written down";
        return Finding::note(TRANSCRIBER, found);
    };
    let remedy = "run it in a shell with a recording as $1, and mend `transcriber`";
    match try_out(program).await {
        Ok(Ok(())) => Finding::good(TRANSCRIBER, "has taken a second of silence"),
        Ok(Err(why)) => Finding::fault(TRANSCRIBER, format!("fails: {why}"), remedy),
        Err(error) => Finding::note(TRANSCRIBER, format!("cannot be tried: {error}")),
    }
}

/// The inner error is the program's.
async fn try_out(program: &str) -> io::Result<Result<(), String>> {
    let folder = tempfile::tempdir()?;
    let recording = folder.path().join("recording");
    fs::write(&recording, silence())?;
    let mut command = Command::new("sh");
    command.args(["-c", program, "segue"]).arg(&recording).stdin(Stdio::null());
    command.env_remove("TELEGRAM_BOT_TOKEN").kill_on_drop(true);
    let Ok(output) = timeout(PATIENCE, command.output()).await else {
        return Ok(Err(format!("no end within {} s", PATIENCE.as_secs())));
    };
    let output = output?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
    Ok(Err(format!("{}: {}", output.status, last.unwrap_or("it says nothing"))))
}

/// A second of silence, as a WAV file: one channel, 16 bits a sample.
fn silence() -> Vec<u8> {
    let bytes = RATE * 2;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    wav.extend([RATE, bytes].map(u32::to_le_bytes).concat());
    wav.extend([2_u16, 16].map(u16::to_le_bytes).concat());
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    wav.resize(wav.len() + bytes as usize, 0);
    wav
}

fn service_state(home: &Path) -> Finding {
    const SERVICE: &str = "service";
    let state = service::state(home);
    match (&state.file, state.running) {
        (None, _) => Finding::note(SERVICE, "not installed (`segue service install`)"),
        (Some(_), true) => Finding::good(SERVICE, state.words),
        (Some(_), false) => {
            Finding::fault(SERVICE, state.words, "`segue service logs` says why it does not run")
        }
    }
}
