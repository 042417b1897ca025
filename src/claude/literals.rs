//! The literal words by which the CLI marks what it writes: model names, sentences, tags, types.
//!
//! They are no protocol, only what was seen (2.1.328 to 2.1.332), and each release may add some.
//! They stand here once, so that a change is made in one place.

/// The model name on messages that the CLI wrote in Claude's place, such as API errors.
pub const SYNTHETIC: &str = "<synthetic>";

/// How the `user` text begins that notes an interrupted turn; `]` or ` for tool use]` follows.
pub const INTERRUPTED: &str = "[Request interrupted by user";

/// What the CLI writes in Claude's place before it takes up a prompt that never was answered.
pub const NO_RESPONSE: &str = "No response requested.";

/// What stands before a message that another session sent.
pub const PEER_BEGIN: &str = "Another Claude session sent a message:\n";
/// How the words begin that stand behind it.
pub const PEER_END: &str = "\n\nThis came from another Claude session";

/// How the note begins that may stand behind a prompt.
pub const SENT_AT: &str = "\n<system-reminder>Message sent at ";

/// `attachment.type` of a prompt that was folded into a running turn.
pub const QUEUED_COMMAND: &str = "queued_command";

/// `subtype` of the `system` record by which a terminal says how long a turn took that is over.
pub const TURN_DURATION: &str = "turn_duration";

/// `subtype` of the `system` record at which a compacted conversation begins anew.
pub const COMPACT_BOUNDARY: &str = "compact_boundary";

/// `entrypoint` of sessions that programs began: the CLI's picker does not show them.
pub const PROGRAMS: [&str; 3] = ["sdk-cli", "sdk-ts", "sdk-py"];

/// `sessionKind` of the daemons' own sessions: it does not show them either.
pub const DAEMONS: [&str; 2] = ["daemon", "daemon-worker"];

/// The picker's title of a session that has none.
pub const UNTITLED: &str = "(session)";

/// The picker's title of a session that an automatic tick began.
pub const PROACTIVE: &str = "Proactive session";

/// Around the name of a slash command, with its slash.
pub const COMMAND_NAME: &str = "command-name";
/// Around what the terminal shows of a slash command; stands first in a command that goes to Claude.
pub const COMMAND_MESSAGE: &str = "command-message";
/// Around the arguments of a slash command.
pub const COMMAND_ARGS: &str = "command-args";
/// Around a shell command that was typed after `!`.
pub const BASH_INPUT: &str = "bash-input";
/// Around what a shell command printed.
pub const BASH_STDOUT: &str = "bash-stdout";
/// Around what a shell command printed as errors.
pub const BASH_STDERR: &str = "bash-stderr";
/// Around what a command that the CLI answers by itself has said.
pub const LOCAL_STDOUT: &str = "local-command-stdout";
/// Around how such a command failed.
pub const LOCAL_STDERR: &str = "local-command-stderr";
/// Around a note for Claude that may stand before and behind what the person said.
pub const REMINDER: &str = "system-reminder";
/// A turn that a timer began.
pub const TICK: &str = "tick";

/// Tags that only the CLI, its hooks and editors open a `user` text with. A text that begins with
/// any other tag was typed. (`browser`, `channel` and `terminal` are the CLI's, too, but also what
/// people write about; the CLI marks those records in other ways.)
#[rustfmt::skip]
const WRAPPERS: [&str; 40] = [
    BASH_INPUT, BASH_STDERR, BASH_STDOUT, COMMAND_ARGS, COMMAND_MESSAGE, COMMAND_NAME,
    LOCAL_STDERR, LOCAL_STDOUT, REMINDER, TICK,
    "agent-message", "artifact-origin-notes", "artifact-stored-declaration", "bash-exit-code",
    "browser_instruction", "coordinator-relay", "cross-session-message", "fetched-web-content",
    "fork-boilerplate", "function_results", "ide_opened_file", "ide_selection",
    "local-command-caveat", "mcp-polling-update", "mcp-resource-update", "persisted-output",
    "post-tool-use-hook", "remote-review", "remote-review-progress", "sandbox_violations",
    "slack-ping", "slack-tag-message", "system_reminder", "task-notification",
    "teammate-message", "tool_use_error", "total_tokens", "untrusted-widget-state",
    "user-memory-input", "user-prompt-submit-hook",
];

/// Commands that the CLI answers by itself, as its picker tells them from those for Claude
/// (2.1.328): it names no session after their arguments.
#[rustfmt::skip]
const LOCAL_COMMANDS: [&str; 92] = [
    "/add-dir", "/advisor", "/agents", "/allowed-tools", "/app", "/autofix-pr", "/background",
    "/bashes", "/bg", "/branch", "/btw", "/bug", "/checkpoint", "/chrome", "/clear", "/color",
    "/compact", "/config", "/context", "/continue", "/copy", "/cost", "/desktop", "/diff",
    "/effort", "/exit", "/export", "/extra-usage", "/fast", "/feedback", "/focus", "/fork",
    "/goal", "/heapdump", "/help", "/hooks", "/ide", "/init", "/insights", "/install-github-app",
    "/install-slack-app", "/keybindings", "/login", "/logout", "/loops", "/mcp", "/memory",
    "/mobile", "/model", "/new", "/output-style", "/passes", "/permissions", "/plan", "/plugin",
    "/plugins", "/powerup", "/privacy-settings", "/quit", "/rate-limit-options", "/recap",
    "/release-notes", "/reload-plugins", "/remote-control", "/remote-env", "/rename", "/reset",
    "/resume", "/rewind", "/sandbox", "/security-review", "/settings", "/skills", "/stats",
    "/status", "/statusline", "/stickers", "/stop", "/tasks", "/team-onboarding", "/teleport",
    "/terminal-setup", "/theme", "/tui", "/ultraplan", "/ultrareview", "/undo", "/upgrade",
    "/usage", "/vim", "/voice", "/workflows",
];

/// Whether only the CLI, a hook or an editor opens a `user` text with the tag `name`.
pub fn is_wrapper(name: &str) -> bool {
    WRAPPERS.contains(&name)
}

/// Whether the CLI's picker takes the slash command `name` for one that the CLI answers by itself.
pub fn is_local_command(name: &str) -> bool {
    LOCAL_COMMANDS.contains(&name)
}
