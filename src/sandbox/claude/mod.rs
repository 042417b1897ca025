//! A `claude` that plays a script: the CLI of the demo on machines without one, and of the fast
//! tests.
//!
//! It turns the CLI's own protocol into the CLI's own protocol: the flags, the stream on standard
//! output, transcripts, the registry of running processes. Recordings of the real one hold it to
//! that. It is strict where the real one is, thinks nothing, executes nothing (but
//! writes a file where its script says so), connects to nothing, and like the real one never writes `history.jsonl` when it runs headless.
//!
//! | Variable | |
//! |---|---|
//! | `SEGUE_SCRIPT` | a script's path, in place of the demo's |
//! | `SEGUE_SCRIPT_DELAY` | milliseconds between two pieces of text, in place of the script's |
//! | `SEGUE_SCRIPT_RESET` | seconds until a usage limit resets, in place of the script's |
//! | `SEGUE_SCRIPT_LATE` | milliseconds from a record to its line in the transcript, as older ones take |
//! | `SEGUE_SCRIPT_BALLAST` | bytes of each large text that is no part of the conversation |
//! | `SEGUE_SCRIPT_GATE` | a file that holds what Claude must not get past |
//! | `SEGUE_SCRIPT_LOGIN` | `0`: nobody is logged in |
//! | `SEGUE_SCRIPT_REQUESTS` | a file that gets a line for each request to the model |

mod agent;
mod args;
mod background;
mod ballast;
mod block;
mod checkpoint;
mod clear;
mod compact;
mod control;
mod deed;
mod ending;
mod files;
mod found;
mod gate;
mod inner;
mod input;
mod ledger;
mod local;
mod message;
mod past;
mod permission;
mod queue;
mod registry;
mod run;
pub mod script;
mod stock;
mod task;
mod tool;
mod transcript;
mod turn;
mod wire;
mod worktree;

use std::{env, ffi::OsStr, fs, path::Path, process::ExitCode};

use self::{
    args::{Args, Format, Wish},
    run::Run,
    script::Script,
    wire::{complain, say},
};

/// The version whose behaviour was recorded.
const VERSION: &str = "2.1.332";

/// Whether the program was started under the name `claude`, as by a symbolic link.
pub fn is_meant(program: &OsStr) -> bool {
    Path::new(program).file_stem() == Some(OsStr::new("claude"))
}

/// Runs as `claude` with the arguments of the process.
pub fn main() -> ExitCode {
    match args::parse(env::args().skip(1)) {
        Ok(Wish::Version) => show(&format!("{VERSION} (Claude Code)")),
        Ok(Wish::Help) => show("Usage: claude -p [options] [prompt]\n\nA scripted Claude Code."),
        Ok(Wish::Login) => login(),
        Ok(Wish::Background(args)) => background::start(&args),
        Ok(Wish::Sessions(command)) => background::serve(&command),
        Ok(Wish::Run(args)) => start(args),
        Err(line) => refuse(&line),
    }
}

fn show(text: &str) -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}

/// `auth status`: nobody has to log in to a script, unless the environment says that nobody is.
fn login() -> ExitCode {
    let nobody = env::var("SEGUE_SCRIPT_LOGIN").is_ok_and(|login| login == "0");
    let status = serde_json::json!({
        "loggedIn": !nobody, "authMethod": if nobody { "none" } else { "script" },
        "apiProvider": "firstParty", "loginExpiresAt": null,
    });
    show(&format!("{status:#}"));
    if nobody { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn refuse(line: &str) -> ExitCode {
    complain(line);
    ExitCode::FAILURE
}

fn start(args: Args) -> ExitCode {
    if !args.print {
        return refuse("Error: the scripted claude has no terminal interface, use -p.");
    }
    let script = match script() {
        Ok(script) => script,
        Err(line) => return refuse(&line),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("Error: {error}")),
    };
    let output = args.output;
    let code = runtime.block_on(async {
        match Run::open(args, script) {
            Ok(run) => run.serve().await,
            Err(refusal) => {
                if let Some(result) = refusal.result.filter(|_| output == Format::Stream) {
                    say(&result);
                }
                complain(&refusal.line);
                1
            }
        }
    });
    // The thread that reads standard input may wait for a line that never comes.
    runtime.shutdown_background();
    ExitCode::from(code)
}

/// The script that the environment names, or the demo's.
fn script() -> Result<Script, String> {
    let mut script = match env::var_os("SEGUE_SCRIPT") {
        None => {
            let here = env::current_dir().map_err(|error| error.to_string())?;
            Script::demo(&here).map_err(|error| error.to_string())?
        }
        Some(path) => {
            let say = |error: String| format!("Error: {}: {error}", path.display());
            let text = fs::read_to_string(&path).map_err(|error| say(error.to_string()))?;
            Script::parse(&text).map_err(|error| say(error.to_string()))?
        }
    };
    if let Some(delay) = number("SEGUE_SCRIPT_DELAY") {
        script.set_delay(delay);
    }
    if let Some(seconds) = number("SEGUE_SCRIPT_RESET") {
        script.set_reset(seconds);
    }
    Ok(script)
}

/// A number in the environment.
fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// What the environment says the process was started from; `-p` alone is `sdk-cli`.
fn entrypoint() -> String {
    match env::var("CLAUDE_CODE_ENTRYPOINT") {
        Ok(name) if !name.is_empty() && name != "cli" => name,
        _ if background::is_meant() => "cli".to_owned(),
        _ => "sdk-cli".to_owned(),
    }
}
