//! The command line of the scripted `claude`: the flags of the real one, told apart as strictly.
//!
//! Flags that change nothing here (system prompts, MCP servers, …) are accepted and forgotten.

use uuid::Uuid;

use super::wire::Told;

/// Flags without a value that change nothing here.
const IGNORED: [&str; 10] = [
    "--allow-dangerously-skip-permissions",
    "--bare",
    "--brief",
    "--disable-slash-commands",
    "--forward-subagent-text",
    "--ide",
    "--include-hook-events",
    "--no-chrome",
    "--safe-mode",
    "--strict-mcp-config",
];
/// Flags with a value that change nothing here.
const IGNORED_WITH_VALUE: [&str; 20] = [
    "--add-dir",
    "--agent",
    "--agents",
    "--allowed-tools",
    "--allowedTools",
    "--append-system-prompt",
    "--betas",
    "--debug-file",
    "--disallowed-tools",
    "--disallowedTools",
    "--effort",
    "--fallback-model",
    "--json-schema",
    "--max-budget-usd",
    "--mcp-config",
    "--plugin-dir",
    "--setting-sources",
    "--settings",
    "--system-prompt",
    "--tools",
];
/// Flags with a value that matters.
const VALUED: [&str; 10] = [
    "--session-id",
    "--input-format",
    "--output-format",
    "--permission-prompt-tool",
    "--permission-mode",
    "--model",
    "-n",
    "--name",
    "--resume-session-at",
    "--resume-drops-turn",
];
/// What `--permission-mode` may say. `default` is an older name for `manual`.
pub(super) const MODES: [&str; 6] =
    ["acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "plan"];

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// A headless run.
    Run(Args),
    /// The version.
    Version,
    /// A list of flags.
    Help,
    /// `auth status`
    Login,
    /// `--bg`: a session in the background, with these arguments.
    Background(Args),
    /// `agents`, `stop`, `logs`: what is done with background sessions.
    Sessions(Command),
}

/// What is done with background sessions.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Lists those that run, or all.
    List(Which),
    /// Ends one.
    Stop(String),
    /// Shows what is on the screen of one.
    Logs(String),
}

/// Which sessions are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Running,
    All,
}

/// How a headless run is to be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Args {
    pub(super) print: bool,
    pub(super) verbose: bool,
    pub(super) input: Format,
    pub(super) output: Format,
    /// Texts are told while they grow.
    pub(super) partial: Told,
    /// Prompts are told back.
    pub(super) replay: Told,
    /// Somebody answers permission requests on standard input.
    pub(super) asks: Told,
    pub(super) conversation: Conversation,
    /// A resumed conversation goes on in a copy.
    pub(super) fork: bool,
    pub(super) id: Option<Uuid>,
    pub(super) mode: Option<String>,
    pub(super) model: Option<String>,
    pub(super) name: Option<String>,
    /// The record that a resumed conversation goes on from.
    pub(super) at: Option<String>,
    /// The prompt whose turn alone may be lost by that.
    pub(super) drops: Option<String>,
    /// The worktree to work in; empty: one with a name of its own.
    pub(super) worktree: Option<String>,
    /// The next prompt is suggested.
    pub(super) suggests: Told,
    /// The prompt on the command line.
    pub(super) prompt: Option<String>,
}

/// Where the conversation comes from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Conversation {
    /// Nowhere.
    #[default]
    New,
    /// The newest of the directory.
    Newest,
    /// The one with this id, or else this title.
    Named(String),
}

/// The form of input and output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Text,
    Json,
    Stream,
}

/// Reads the arguments; the error is the line that goes to standard error.
pub(super) fn parse(arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut args = Args::default();
    let mut background = false;
    let mut rest = arguments.peekable();
    if rest.next_if_eq("auth").is_some() {
        return Ok(Wish::Login);
    }
    let word = rest.next_if(|word| ["agents", "stop", "logs"].contains(&word.as_str()));
    if let Some(word) = word {
        return sessions(&word, rest.collect());
    }
    while let Some(argument) = rest.next() {
        if !argument.starts_with('-') || argument == "-" {
            args.prompt.get_or_insert(argument);
            continue;
        }
        let (flag, attached) = match argument.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        match flag {
            "-v" | "--version" => return Ok(Wish::Version),
            "-h" | "--help" => return Ok(Wish::Help),
            "-r" | "--resume" => {
                let named = attached.or_else(|| rest.next_if(|next| !next.starts_with('-')));
                args.conversation = Conversation::Named(named.unwrap_or_default());
            }
            "--bg" | "--background" => background = true,
            "-w" | "--worktree" => {
                let named = attached.or_else(|| rest.next_if(|next| !next.starts_with('-')));
                args.worktree = Some(named.unwrap_or_default());
            }
            flag if switch(&mut args, flag) || IGNORED.contains(&flag) => {}
            flag if VALUED.contains(&flag) || IGNORED_WITH_VALUE.contains(&flag) => {
                let missing = || format!("error: option '{flag} <value>' argument missing");
                let value = attached.or_else(|| rest.next()).ok_or_else(missing)?;
                set(&mut args, flag, value)?;
            }
            _ => return Err(format!("error: unknown option '{argument}'")),
        }
    }
    if background {
        return Ok(Wish::Background(args));
    }
    check(&args)?;
    Ok(Wish::Run(args))
}

/// What follows the word for background sessions.
fn sessions(word: &str, rest: Vec<String>) -> Result<Wish, String> {
    let all = rest.iter().any(|flag| flag == "--all");
    let named = rest.into_iter().find(|word| !word.starts_with('-'));
    let missing = || "error: missing required argument 'id'".to_owned();
    Ok(Wish::Sessions(match word {
        "stop" => Command::Stop(named.ok_or_else(missing)?),
        "logs" => Command::Logs(named.ok_or_else(missing)?),
        _ => Command::List(if all { Which::All } else { Which::Running }),
    }))
}

/// Does what a flag without a value says. False if there is no such flag.
fn switch(args: &mut Args, flag: &str) -> bool {
    match flag {
        "-p" | "--print" => args.print = true,
        "-c" | "--continue" => args.conversation = Conversation::Newest,
        "--fork-session" => args.fork = true,
        "--prompt-suggestions" => args.suggests = Told::Yes,
        "--verbose" => args.verbose = true,
        "--include-partial-messages" => args.partial = Told::Yes,
        "--replay-user-messages" => args.replay = Told::Yes,
        "--dangerously-skip-permissions" => args.mode = Some("bypassPermissions".to_owned()),
        _ => return false,
    }
    true
}

/// Does what a flag with a value says.
fn set(args: &mut Args, flag: &str, value: String) -> Result<(), String> {
    match flag {
        "--session-id" => args.id = Some(id(&value)?),
        "--input-format" => args.input = format(flag, &value)?,
        "--output-format" => args.output = format(flag, &value)?,
        "--permission-prompt-tool" => args.asks = (value == "stdio").into(),
        "--permission-mode" => args.mode = Some(mode(&value)?),
        "--model" => args.model = Some(value),
        "-n" | "--name" => args.name = Some(value),
        "--resume-session-at" => args.at = Some(value),
        "--resume-drops-turn" => args.drops = Some(value),
        _ => {}
    }
    Ok(())
}

/// Refuses what does not go together, in the real one's words.
fn check(args: &Args) -> Result<(), String> {
    let resumed = args.conversation != Conversation::New;
    if args.id.is_some() && resumed && !args.fork {
        let line = "Error: --session-id with --continue or --resume also needs --fork-session.";
        return Err(line.to_owned());
    }
    if args.at.is_some() && !resumed {
        return Err("Error: --resume-session-at requires --resume".to_owned());
    }
    if args.drops.is_some() && args.at.is_none() {
        return Err("Error: --resume-drops-turn requires --resume-session-at".to_owned());
    }
    if args.input == Format::Stream && args.output != Format::Stream {
        return Err(
            "Error: --input-format=stream-json requires output-format=stream-json.".to_owned()
        );
    }
    if args.output == Format::Stream && !args.verbose {
        let line = "Error: When using --print, --output-format=stream-json requires --verbose";
        return Err(line.to_owned());
    }
    if args.print && args.input == Format::Text && args.prompt.is_none() {
        let line = "Error: Input must be provided either through stdin or as a prompt argument \
                    when using --print";
        return Err(line.to_owned());
    }
    Ok(())
}

fn id(text: &str) -> Result<Uuid, String> {
    Uuid::try_parse(text).map_err(|_| "Error: Invalid session ID. Must be a valid UUID.".to_owned())
}

fn format(flag: &str, text: &str) -> Result<Format, String> {
    match text {
        "text" => Ok(Format::Text),
        "json" if flag == "--output-format" => Ok(Format::Json),
        "stream-json" => Ok(Format::Stream),
        _ => {
            let json = if flag == "--output-format" { "json, " } else { "" };
            Err(format!(
                "error: option '{flag} <format>' argument '{text}' is invalid. Allowed choices \
                 are text, {json}stream-json."
            ))
        }
    }
}

fn mode(text: &str) -> Result<String, String> {
    match text {
        "manual" => Ok("default".to_owned()),
        mode if MODES.contains(&mode) => Ok(mode.to_owned()),
        _ => Err(format!(
            "error: option '--permission-mode <mode>' argument '{text}' is invalid. Allowed \
             choices are acceptEdits, auto, bypassPermissions, manual, dontAsk, plan."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Conversation, Format, Told, Wish, parse};

    fn wish(line: &str) -> Result<Wish, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_flags_of_a_headless_run_are_read() {
        let line = "-p --input-format stream-json --output-format=stream-json --verbose \
                    --replay-user-messages --permission-prompt-tool stdio --resume abc \
                    --model sonnet --add-dir /x hello";
        let Ok(Wish::Run(args)) = wish(line) else {
            panic!("{:?}", wish(line));
        };
        assert!(args.print);
        let told = (args.replay, args.asks, args.partial);
        assert_eq!(told, (Told::Yes, Told::Yes, Told::No));
        assert_eq!((args.input, args.output), (Format::Stream, Format::Stream));
        assert_eq!(args.conversation, Conversation::Named("abc".to_owned()));
        assert_eq!(args.prompt.as_deref(), Some("hello"));
    }

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        for (line, says) in [
            ("-p --frobnicate", "unknown option '--frobnicate'"),
            ("--session-id tulip", "Must be a valid UUID"),
            ("--permission-mode careful", "'careful' is invalid"),
            ("--model", "argument missing"),
            ("-p", "Input must be provided"),
            ("-p --output-format stream-json hi", "requires --verbose"),
            ("--input-format stream-json", "requires output-format"),
            ("-p --resume-session-at x hi", "requires --resume"),
            ("-p --resume x --resume-drops-turn y hi", "requires --resume-session-at"),
            ("stop", "missing required argument"),
            ("-c --session-id 11111111-0000-4000-8000-000000000001", "--fork-session"),
        ] {
            let refused = wish(line).unwrap_err();
            assert!(refused.contains(says), "{line}: {refused}");
        }
    }
}
