//! Every key there is: the one place that documents them.

/// One documented setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in `config.toml`.
    pub name: &'static str,
    /// The environment variable that goes over the file, or empty.
    pub variable: &'static str,
    /// What holds without it.
    pub default: &'static str,
    /// What it means.
    pub about: &'static str,
}

const fn key(
    name: &'static str,
    variable: &'static str,
    default: &'static str,
    about: &'static str,
) -> Key {
    Key { name, variable, default, about }
}

/// Every key there is. The README's table is this one.
pub const KEYS: [Key; 23] = [
    key("token", "TELEGRAM_BOT_TOKEN", "none", "the bot's token, as BotFather gave it"),
    key("token_file", "", "none", "a file that holds the token instead"),
    key(
        "allowed_users",
        "SEGUE_ALLOWED_USERS",
        "none",
        "Telegram ids of the people who may use the bot; in the variable separated by commas",
    ),
    key(
        "project",
        "SEGUE_PROJECT",
        "the project used last on the laptop",
        "directory of a chat that was never used",
    ),
    key(
        "roots",
        "",
        "your home directory and the projects Claude knows",
        "directories outside which Claude does not run and nothing is listed or sent",
    ),
    key("claude", "SEGUE_CLAUDE", "`claude` on the PATH", "path of the Claude CLI"),
    key("api_url", "SEGUE_API_URL", "https://api.telegram.org", "Bot API server"),
    key(
        "mode",
        "",
        "Claude's own",
        "permission mode of new runs: manual, acceptEdits, plan, auto or dontAsk",
    ),
    key("model", "", "Claude's own", "model of new runs"),
    key(
        "allow_bypass",
        "",
        "false",
        "whether /mode may choose `bypassPermissions`, in which Claude asks about nothing",
    ),
    key("idle_minutes", "", "10", "how long an unused Claude process is kept warm"),
    key(
        "warm_runs",
        "",
        "3",
        "how many unused Claude processes are kept warm, 210 MB and more each",
    ),
    key("turns_at_once", "", "4", "how many turns may run at once"),
    key(
        "pace_ms",
        "",
        "1000",
        "milliseconds between two calls in a private chat, 3.3 times that in groups; Telegram punishes less",
    ),
    key(
        "always_quote",
        "",
        "false",
        "whether all messages of a turn quote yours, also where nothing came between",
    ),
    key("grace_seconds", "", "5", "how long running turns may finish when segue ends"),
    key(
        "inbox",
        "",
        ".segue/inbox in the project",
        "directory where files sent to the bot are put down; it must exist",
    ),
    key(
        "transcriber",
        "",
        "none",
        "shell command that prints what is said in the recording `$1`; with whisper.cpp: \
         ffmpeg -v error -i \"$1\" -ar 16000 -ac 1 \"$1.wav\" && whisper-cli -m ~/ggml-base.bin \
         -l auto -nt -np -f \"$1.wav\"",
    ),
    key(
        "notify",
        "",
        "false",
        "whether people hear what sessions on the laptop do, until they say otherwise by /notify",
    ),
    key("notify_after_seconds", "", "60", "how long a turn must take for its end to be told"),
    key(
        "notify_delay_seconds",
        "",
        "10",
        "how long a session must wait before that is told: who sits at the terminal answers there",
    ),
    key("quiet", "", "none", "hours without notices, such as 22:00-07:00; one digest comes after"),
    key("log", "SEGUE_LOG", "info", "log filter, such as `warn` or `segue=debug`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_every_key() {
        let readme = include_str!("../../README.md");
        for Key { name, variable, default, about } in KEYS {
            let variable = match variable {
                "" => String::new(),
                variable => format!("`{variable}`"),
            };
            let row = format!("| `{name}` | {variable} | {default} | {about} |");
            assert!(readme.contains(&row), "the README misses the row {row}");
        }
    }
}
