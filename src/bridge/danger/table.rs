//! The table of destructive commands.
//!
//! A row is a pattern over the words of one simple command. Its first word is a program, which may
//! stand anywhere in the command (behind `sudo`, `xargs`, `-exec`); each further word must follow
//! somewhere behind it, in any order:
//!
//! | Written | Means |
//! |---|---|
//! | `word` | this very word |
//! | `-x` | this letter in a group of short options, such as `-fx` |
//! | `--long` | this option, with a value or without |
//! | `word*` | a word that begins like this |
//! | `a\|b` | either |

use crate::bridge::danger::{
    Danger,
    shell::{Command, Link, base},
};

use Danger::{
    Database, Deletes, Discards, Disk, Infrastructure, Opens, Publishes, Rewrites, Root, Startup,
    Stops,
};

const ROWS: &[(Danger, &str)] = &[
    (Deletes, "rm -r|-R|-f|--recursive|--force"),
    (Deletes, "shred|srm"),
    (Deletes, "find -delete"),
    (Deletes, "git clean -f|--force"),
    (Deletes, "rsync --delete*"),
    (Deletes, "truncate -s|--size"),
    (Deletes, "Remove-Item -Recurse|-Force"),
    (Discards, "git reset --hard|--merge"),
    (Discards, "git checkout --|.|-f|--force"),
    (Discards, "git switch -f|--force|--discard-changes"),
    (Discards, "git restore"),
    (Discards, "git stash drop|clear"),
    (Discards, "git branch -D"),
    (Discards, "git worktree remove"),
    (Discards, "git reflog expire|delete"),
    (Discards, "git filter-branch|filter-repo"),
    (Discards, "git update-ref|tag -d|--delete"),
    (Rewrites, "git push -f|--force*|--mirror|--delete|-d|--prune|+*|:*"),
    (Database, "dropdb|dropuser"),
    (Database, "redis-cli flushall|flushdb|FLUSHALL|FLUSHDB"),
    (Database, "rails|rake|bin/rails db:drop*|db:reset|db:purge|db:schema:load"),
    (Database, "prisma reset|--force-reset"),
    (Database, "manage.py|artisan flush|migrate:fresh|migrate:reset|db:wipe"),
    (Disk, "dd of=*"),
    (Disk, "mkfs*|mkswap|fdisk|sfdisk|sgdisk|parted|wipefs|blkdiscard"),
    (Disk, "diskutil erase*|partitionDisk"),
    (Opens, "chmod 777|0777|666|0666|a+w|a+rw|a+rwx|o+w|o+rw|o+rwx|ugo+rwx|+s|u+s|-R"),
    (Opens, "chown|chgrp -R|--recursive"),
    (Opens, "setfacl|xattr"),
    (Root, "sudo|doas|su|pkexec|runas"),
    (Stops, "kill -9|-KILL|-SIGKILL"),
    (Stops, "pkill|killall"),
    (Stops, "shutdown|reboot|halt|poweroff"),
    (Stops, "systemctl stop|disable|mask|restart"),
    (Stops, "launchctl unload|bootout|remove"),
    (Stops, "iptables|ip6tables|nft -F|flush"),
    (Stops, "ufw disable|reset"),
    (Startup, "crontab"),
    (Startup, "systemctl enable"),
    (Infrastructure, "terraform|tofu|pulumi destroy|-auto-approve|--yes"),
    (Infrastructure, "kubectl|oc delete|drain|--prune"),
    (Infrastructure, "helm uninstall|delete"),
    (Infrastructure, "docker|podman prune"),
    (Infrastructure, "docker|podman volume rm"),
    (Infrastructure, "docker-compose|docker|podman down -v|--volumes"),
    (Infrastructure, "aws rm|rb|delete-*|terminate-*|remove-*"),
    (Infrastructure, "gcloud|az|doctl|hcloud|linode-cli delete|destroy"),
    (Infrastructure, "gh|glab delete"),
    (Infrastructure, "fly|flyctl|heroku destroy|apps:destroy|pg:reset"),
    (Publishes, "npm|pnpm|yarn|bun|cargo|poetry|uv|flit publish"),
    (Publishes, "twine upload"),
    (Publishes, "gem|docker|podman push"),
    (Publishes, "gh release|gist create"),
    (Publishes, "vercel|netlify --prod"),
];

/// What SQL may do, in upper case and with single spaces.
const SQL: &[&str] = &[
    "DROP TABLE",
    "DROP DATABASE",
    "DROP SCHEMA",
    "DROP VIEW",
    "DROP INDEX",
    "DROP COLUMN",
    "DROP USER",
    "DROP ROLE",
    "TRUNCATE TABLE",
    "DROPDATABASE(",
    "DELETEMANY({})",
];
/// Programs that run what they read.
const INTERPRETERS: [&str; 11] =
    ["sh", "bash", "zsh", "dash", "fish", "python", "python3", "node", "perl", "ruby", "php"];
/// Programs whose output somebody else has written, or that nobody can read before.
const SOURCES: [&str; 6] = ["curl", "wget", "fetch", "base64", "xxd", "openssl"];
/// A function that calls itself twice until the machine stands.
const FORK_BOMB: &str = ":(){:|:&};:";

/// What the rows say of a command.
pub(super) fn of_command(command: &Command) -> Vec<Danger> {
    let mut found: Vec<Danger> = ROWS
        .iter()
        .filter(|(_, row)| fits(row, &command.words))
        .map(|(danger, _)| *danger)
        .collect();
    let devices = ["/dev/sd", "/dev/nvme", "/dev/disk", "/dev/hd", "/dev/vd", "/dev/mapper"];
    if command.writes.iter().any(|path| devices.iter().any(|device| path.starts_with(device))) {
        found.push(Disk);
    }
    found
}

/// What stands in any text: SQL, and the fork bomb.
pub(super) fn of_text(text: &str) -> Vec<Danger> {
    let mut found = Vec::new();
    let sql = text.to_uppercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let deletes_all = sql.split(';').any(|statement| {
        statement.split_once("DELETE FROM ").is_some_and(|(_, rest)| !rest.contains("WHERE"))
    });
    if deletes_all || SQL.iter().any(|words| sql.contains(words)) {
        found.push(Database);
    }
    if text.split_whitespace().collect::<String>().contains(FORK_BOMB) {
        found.push(Stops);
    }
    found
}

/// Whether something downloaded or decoded is run: `curl … | sh`, `bash <(curl …)`.
pub(super) fn of_pipe(commands: &[Command]) -> bool {
    let is_source =
        |command: &Command| command.words.iter().any(|word| SOURCES.contains(&base(word)));
    commands.iter().enumerate().any(|(at, command)| match command.link {
        Link::Follows => false,
        Link::Pipe => runs(command) && commands[..at].iter().any(is_source),
        Link::Feeds => is_source(command) && at > 0 && runs(&commands[at - 1]),
    })
}

/// Whether a command runs what it reads.
fn runs(command: &Command) -> bool {
    let program = command.program();
    INTERPRETERS.contains(&program) || matches!(program, "eval" | "source" | ".")
}

fn fits(row: &str, words: &[String]) -> bool {
    let mut parts = row.split(' ');
    let program = parts.next().unwrap_or_default();
    let Some(at) =
        words.iter().position(|word| is_one(program, base(word)) || is_one(program, word))
    else {
        return false;
    };
    let behind = &words[at + 1..];
    parts.all(|part| behind.iter().any(|word| is_one(part, word)))
}

fn is_one(alternatives: &str, word: &str) -> bool {
    alternatives.split('|').any(|pattern| is(pattern, word))
}

fn is(pattern: &str, word: &str) -> bool {
    if let Some(begin) = pattern.strip_suffix('*') {
        return word.starts_with(begin);
    }
    let mut letters = pattern.chars();
    match (letters.next(), letters.next(), letters.next()) {
        (Some('-'), Some(letter), None) if letter != '-' => {
            word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
        }
        (Some('-'), Some('-'), Some(_)) => {
            word.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        }
        _ => word == pattern,
    }
}
