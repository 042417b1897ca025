//! What a person should see at a glance before they allow a tool: whether it destroys something,
//! and whether it touches what is secret or lies outside of the project.
//!
//! A warning, not a wall: it reads what a tool says it is about to do, by the table in `table`, and
//! decides nothing. A shell can hide anything from it, so that no warning is no promise.

mod paths;
mod shell;
mod table;

use std::path::PathBuf;

use serde_json::Value;

use self::shell::Command;

/// What a use of a tool may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// Deletes or overwrites files for good.
    Deletes,
    /// Throws away changes that are not committed or not on any branch.
    Discards,
    /// Overwrites or deletes what others have pulled.
    Rewrites,
    /// Deletes what is in a database.
    Database,
    /// Overwrites a disk.
    Disk,
    /// Opens files to everybody, or changes whose they are.
    Opens,
    /// Runs as administrator.
    Root,
    /// Runs what it has downloaded or decoded.
    Fetched,
    /// Ends processes or the machine.
    Stops,
    /// Deletes servers, volumes or clusters.
    Infrastructure,
    /// Publishes something.
    Publishes,
    /// Touches secrets.
    Secrets,
    /// Changes what runs by itself later.
    Startup,
    /// Writes outside of the project.
    Outside,
}

/// Where a tool works.
#[derive(Clone, Debug, Default)]
pub struct ToolContext {
    /// The project; empty where it is not known.
    pub directory: PathBuf,
    /// The person's home directory.
    pub home: PathBuf,
}

/// What a use of a tool may do, the worst first, each once.
pub fn find(tool: &str, input: &Value, context: &ToolContext) -> Vec<Danger> {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let mut found = Vec::new();
    match tool {
        "Bash" | "PowerShell" | "Monitor" => {
            found.extend(
                text("command").map(|command| of_shell(command, context)).unwrap_or_default(),
            );
        }
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => {
            let path = text("file_path").or_else(|| text("notebook_path")).unwrap_or_default();
            found.extend(paths::secret(path).then_some(Danger::Secrets));
            found.extend(paths::startup(path).then_some(Danger::Startup));
            found.extend(paths::outside(path, context).then_some(Danger::Outside));
        }
        "Read" | "Grep" | "Glob" | "LS" | "NotebookRead" => {
            let path = text("file_path").or_else(|| text("path")).unwrap_or_default();
            found.extend(paths::secret(path).then_some(Danger::Secrets));
        }
        // Tools of others: whatever they are handed may reach a database or a shell.
        _ => found.extend(texts(input).flat_map(table::of_text)),
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn of_shell(text: &str, context: &ToolContext) -> Vec<Danger> {
    let commands = shell::commands(text);
    let mut found = table::of_text(text);
    found.extend(commands.iter().flat_map(table::of_command));
    found.extend(table::of_pipe(&commands).then_some(Danger::Fetched));
    let words = commands.iter().flat_map(|command| command.words.iter().chain(&command.writes));
    found.extend(words.clone().any(|word| paths::secret(word)).then_some(Danger::Secrets));
    let written: Vec<&str> = commands.iter().flat_map(Command::written).collect();
    found.extend(written.iter().any(|path| paths::startup(path)).then_some(Danger::Startup));
    found.extend(
        written.iter().any(|path| paths::outside(path, context)).then_some(Danger::Outside),
    );
    found
}

/// Every text in a tool's input.
fn texts(input: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match input {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(all) => Box::new(all.iter().flat_map(texts)),
        Value::Object(fields) => Box::new(fields.values().flat_map(texts)),
        _ => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
mod tests;
