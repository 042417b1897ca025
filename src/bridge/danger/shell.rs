//! A shell's command line, taken apart far enough to be recognised: simple commands, their words,
//! and the files that they write. It is no shell: nothing is expanded.

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// Its words, quotes taken off.
    pub(super) words: Vec<String>,
    /// Where its output goes, by `>`, `>>` and their like.
    pub(super) writes: Vec<String>,
    /// What it has to do with the one before it.
    pub(super) link: Link,
}

/// What a command has to do with the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    /// Nothing but the order.
    #[default]
    Follows,
    /// It reads what that one writes.
    Pipe,
    /// Its output becomes a word or a file of that one.
    Feeds,
}

/// How deep quoted command lines are looked into, as in `bash -c "ssh host 'rm -rf /'"`.
const DEPTH: usize = 3;
/// Programs that run a command line that they are given as a word.
const RUNNERS: [&str; 12] =
    ["sh", "bash", "zsh", "dash", "fish", "ssh", "eval", "su", "xargs", "watch", "env", "exec"];
/// Programs that write the file that their last word names.
const LAST: [&str; 6] = ["cp", "mv", "ln", "install", "rsync", "scp"];
/// Programs that write, make or delete every file that they name.
const EVERY: [&str; 9] =
    ["tee", "touch", "mkdir", "rm", "rmdir", "truncate", "shred", "chmod", "chown"];

impl Command {
    /// The file name of the program.
    pub(super) fn program(&self) -> &str {
        let skipped = |word: &&String| word.contains('=') || *word == "sudo" || *word == "command";
        self.words.iter().find(|word| !skipped(word)).map_or("", |word| base(word))
    }

    /// The paths that it writes, makes or deletes.
    pub(super) fn written(&self) -> impl Iterator<Item = &str> {
        let mut named = self.words.iter().skip(1).filter(|word| !word.starts_with('-'));
        let named: Vec<&String> = match self.program() {
            program if LAST.contains(&program) => named.next_back().into_iter().collect(),
            program if EVERY.contains(&program) => named.collect(),
            _ => Vec::new(),
        };
        self.writes.iter().chain(named).map(String::as_str)
    }
}

/// The last part of a path.
pub(super) fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Every simple command in a text, those in quoted command lines and substitutions included.
pub(super) fn commands(text: &str) -> Vec<Command> {
    within(text, DEPTH)
}

fn within(text: &str, depth: usize) -> Vec<Command> {
    let mut found = split(text);
    if depth == 0 {
        return found;
    }
    let runs = |command: &Command| command.words.iter().any(|word| RUNNERS.contains(&base(word)));
    let inner: Vec<Command> = found
        .iter()
        .filter(|command| runs(command))
        .flat_map(|command| &command.words)
        .filter(|word| word.contains(char::is_whitespace))
        .flat_map(|word| within(word, depth - 1))
        .collect();
    found.extend(inner);
    found
}

/// What the reader is at.
#[derive(Default)]
struct Reader {
    found: Vec<Command>,
    command: Command,
    word: String,
    /// A word was begun, perhaps an empty one in quotes.
    begun: bool,
    /// The next word is a file that is written.
    writes: bool,
}

impl Reader {
    fn end_word(&mut self) {
        if std::mem::take(&mut self.begun) {
            let word = std::mem::take(&mut self.word);
            let into = if self.writes { &mut self.command.writes } else { &mut self.command.words };
            into.push(word);
            self.writes = false;
        }
    }

    fn end_command(&mut self, link: Link) {
        self.end_word();
        let next = Command { link, ..Command::default() };
        let ended = std::mem::replace(&mut self.command, next);
        if !ended.words.is_empty() || !ended.writes.is_empty() {
            self.found.push(ended);
        }
    }

    fn push(&mut self, letter: char) {
        self.word.push(letter);
        self.begun = true;
    }
}

fn split(text: &str) -> Vec<Command> {
    let mut reader = Reader::default();
    let mut letters = text.chars().peekable();
    let mut quote = None;
    // Quotes that go on behind a substitution.
    let mut outer = Vec::new();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some('\''), _) => reader.push(letter),
            (_, '\\') => match letters.next() {
                Some('\n') | None => {}
                Some(next) => reader.push(next),
            },
            (Some(_), '`') => {
                outer.extend(quote.take());
                reader.end_command(Link::Feeds);
            }
            // A substitution inside of double quotes runs all the same.
            (_, '$' | '<') if letters.next_if_eq(&'(').is_some() => {
                outer.extend(quote.take());
                reader.end_command(Link::Feeds);
            }
            (Some(_), _) => reader.push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                reader.begun = true;
            }
            (None, '|') => {
                let or = letters.next_if_eq(&'|').is_some();
                reader.end_command(if or { Link::Follows } else { Link::Pipe });
            }
            (None, '&') if letters.next_if_eq(&'>').is_some() => {
                letters.next_if_eq(&'>');
                reader.end_word();
                reader.writes = true;
            }
            (None, ')' | '`') => {
                quote = outer.pop();
                reader.end_command(Link::Follows);
            }
            (None, ';' | '&' | '\n' | '(' | '{' | '}') => reader.end_command(Link::Follows),
            (None, '>') => {
                // `2>` is no word, and `>&2` writes no file.
                if reader.word.chars().all(|digit| digit.is_ascii_digit()) {
                    (reader.word, reader.begun) = (String::new(), false);
                }
                reader.end_word();
                letters.next_if(|next| matches!(next, '>' | '|'));
                reader.writes = letters.next_if_eq(&'&').is_none();
            }
            (None, '<') => reader.end_word(),
            (None, letter) if letter.is_whitespace() => reader.end_word(),
            (None, letter) => reader.push(letter),
        }
    }
    reader.end_command(Link::Follows);
    reader.found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<String> = commands(text)
            .iter()
            .map(|command| {
                let writes = command.writes.iter().map(|path| format!(" >{path}"));
                let link = match command.link {
                    Link::Follows => "",
                    Link::Pipe => "| ",
                    Link::Feeds => "$ ",
                };
                format!("{link}{}{}", command.words.join(" "), writes.collect::<String>())
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn commands_are_parted_where_a_shell_parts_them() {
        check("ls -l && rm -rf x; echo done & wait", &["ls -l", "rm -rf x", "echo done", "wait"]);
        check("a || b | c\nd", &["a", "b", "| c", "d"]);
        check("echo \"a; b\" 'c | d' e\\;f", &["echo a; b c | d e;f"]);
        check("x=$(rm -r y) z", &["x=", "$ rm -r y", "z"]);
        check("echo \"now: $(rm -r y)\"", &["echo now: ", "$ rm -r y"]);
        check("make > out.txt 2>&1 >>log", &["make 1 >out.txt >log"]);
        check("make &> /dev/null", &["make >/dev/null"]);
        check("''", &[""]);
    }

    #[test]
    fn quoted_command_lines_are_looked_into() {
        check("ssh host 'sudo rm -rf /srv'", &["ssh host sudo rm -rf /srv", "sudo rm -rf /srv"]);
        check("git commit -m 'rm -rf all'", &["git commit -m rm -rf all"]);
    }

    #[test]
    fn written_files_are_found() {
        let written = |text: &str| -> Vec<String> {
            commands(text).iter().flat_map(Command::written).map(str::to_owned).collect()
        };
        assert_eq!(written("cp -r a b /etc"), ["/etc"]);
        assert_eq!(written("echo x | tee -a /etc/hosts ~/y"), ["/etc/hosts", "~/y"]);
        assert_eq!(written("cat /etc/hosts > here"), ["here"]);
    }
}
