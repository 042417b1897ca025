//! Small facts in words: ages, durations, costs, paths.

use std::path::Path;

use chrono::{DateTime, Local};
use unicode_width::UnicodeWidthStr;

use crate::{
    bridge::danger::Danger,
    claude::session::Session,
    telegram::{
        screen::Button,
        text::{clean, cut},
    },
};

/// Columns of a label that a telephone shows, by how many buttons stand in its row.
const FITS: [usize; 5] = [36, 17, 10, 6, 4];
/// Parts of a deep path that are shown.
const PARTS: usize = 3;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long ago something was; both times in milliseconds since the epoch.
pub(crate) fn age(now: u64, then: u64) -> String {
    match now.saturating_sub(then) / 1000 {
        ..MINUTE => "just now".to_owned(),
        seconds @ MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h ago", seconds / HOUR),
        seconds if seconds < 2 * DAY => "yesterday".to_owned(),
        seconds if seconds < 14 * DAY => format!("{} days ago", seconds / DAY),
        _ => date(then),
    }
}

fn date(then: u64) -> String {
    let time = DateTime::from_timestamp_millis(then.cast_signed()).unwrap_or_default();
    time.with_timezone(&Local).format("%-d %b %Y").to_string()
}

/// A time of day, from seconds since the epoch.
pub(crate) fn clock(seconds: u64) -> String {
    let time = DateTime::from_timestamp(seconds.cast_signed(), 0).unwrap_or_default();
    time.with_timezone(&Local).format("%H:%M, %-d %b").to_string()
}

/// The same without its day.
pub(crate) fn time(seconds: u64) -> String {
    let time = DateTime::from_timestamp(seconds.cast_signed(), 0).unwrap_or_default();
    time.with_timezone(&Local).format("%H:%M").to_string()
}

/// Keeps a number and its unit on one line, and what belongs together.
pub(crate) const GLUE: char = '\u{a0}';

/// A span of so many seconds.
pub(crate) fn span(seconds: u64) -> String {
    let two = |big: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big}{GLUE}{unit}"),
        small => format!("{big}{GLUE}{unit} {small}{GLUE}{small_unit}"),
    };
    match seconds {
        0 => format!("<1{GLUE}s"),
        1..MINUTE => format!("{seconds}{GLUE}s"),
        MINUTE..HOUR => two(seconds / MINUTE, "min", seconds % MINUTE, "s"),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        _ => plural(seconds / DAY, "day"),
    }
}

/// US dollars.
pub(crate) fn dollars(cost: f64) -> String {
    if cost < 0.005 { "<$0.01".to_owned() } else { format!("${cost:.2}") }
}

/// A number of things, `word` in the singular.
pub(crate) fn plural(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A path as the person would write it, with `~`.
pub(crate) fn path(path: &Path, home: &Path) -> String {
    match path.strip_prefix(home) {
        Ok(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Ok(rest) => clean(&format!("~/{}", rest.display())).into_owned(),
        Err(_) => clean(&path.display().to_string()).into_owned(),
    }
}

/// The same in about so many characters: of a longer one its last part.
pub(crate) fn short_path(path: &Path, home: &Path, most: usize) -> String {
    let whole = self::path(path, home);
    match path.file_name().filter(|_| whole.chars().count() > most) {
        Some(name) => format!("…/{}", line(&name.to_string_lossy(), most.saturating_sub(2))),
        None => whole,
    }
}

/// A git branch. Outside a repository, and off any branch, the CLI writes `HEAD`: no news.
pub(crate) fn branch(branch: Option<&str>) -> Option<String> {
    branch.filter(|branch| *branch != "HEAD").map(|branch| line(branch, 40))
}

/// One line of at most so many characters, safe to show.
pub(crate) fn line(text: &str, most: usize) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = clean(&words.join(" ")).into_owned();
    clip(&line, most)
}

/// The same, cut between words where one stands near the end.
pub(crate) fn whole(text: &str, most: usize) -> String {
    let all = line(text, usize::MAX);
    let clipped = clip(&all, most);
    let kept = clipped.strip_suffix('…').filter(|_| clipped != all);
    let within = kept.filter(|kept| !all[kept.len()..].starts_with(' '));
    match within.and_then(|kept| kept.rsplit_once(' ')) {
        Some((words, _)) if words.chars().count() >= most / 2 => format!("{words}…"),
        _ => clipped,
    }
}

/// What a tool is used on, in one line of at most so many characters: of a path that lies deep its
/// end, where the name stands.
pub(crate) fn used_on(subject: &str, most: usize) -> String {
    let is_path = subject.starts_with('/') && !subject.contains(char::is_whitespace);
    let mut ends = subject.rmatch_indices('/').map(|(at, _)| at);
    match ends.nth(PARTS - 1).filter(|at| is_path && *at > 0) {
        Some(at) => line(&format!("…{}", &subject[at..]), most),
        None => line(subject, most),
    }
}

/// Why a session is not to be gone on with, if its own notes say so.
pub(crate) fn put_away(session: &Session) -> Option<String> {
    let why = match (session.continued_in, session.archived) {
        (Some(_), _) => "continued in another session",
        (None, true) => "archived",
        (None, false) => return None,
    };
    Some(why.to_owned())
}

/// That so many lines of a transcript could not be read; none where all could.
pub(crate) fn unreadable(lines: usize) -> Option<String> {
    (lines > 0).then(|| format!("{} could not be read", plural(lines as u64, "line")))
}

/// Buttons in rows of at most so many, as even as possible.
pub(crate) fn rows(buttons: &[Button], most: usize) -> Vec<Vec<Button>> {
    let count = buttons.len().div_ceil(most.max(1)).max(1);
    let width = buttons.len().div_ceil(count).max(1);
    buttons.chunks(width).map(<[Button]>::to_vec).collect()
}

/// A row of buttons, in as many rows as it takes for a telephone to show each label whole. No row
/// where there are no buttons.
pub(crate) fn fit(row: Vec<Button>) -> Vec<Vec<Button>> {
    let longest = row.iter().map(|button| button.label.width()).max().unwrap_or_default();
    match row.len() {
        0 => Vec::new(),
        1 => vec![row],
        across if FITS.get(across - 1).is_some_and(|fits| longest <= *fits) => vec![row],
        across => rows(&row, across - 1).into_iter().flat_map(fit).collect(),
    }
}

/// A file's name of at most so many characters, its ending kept.
pub(crate) fn file_name(name: &str, most: usize) -> String {
    let name = line(name, usize::MAX);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.chars().count() + 1);
    match ending.filter(|ending| *ending <= 8 && name.chars().count() > most) {
        Some(ending) => {
            let all: Vec<char> = name.chars().collect();
            let end: String = all[all.len() - ending..].iter().collect();
            format!("{}{end}", clip(&name, most.saturating_sub(ending)))
        }
        None => clip(&name, most),
    }
}

/// A model's full name as people say it: `claude-opus-5-5` is Opus 5.5. Others as they are.
pub(crate) fn model(full: &str) -> String {
    let mut parts = full.strip_prefix("claude-").unwrap_or_default().split('-');
    let family = parts.next().filter(|family| !family.is_empty());
    let is_number = |part: &&str| part.len() < 4 && part.bytes().all(|sign| sign.is_ascii_digit());
    let numbers: Vec<_> = parts.by_ref().take_while(is_number).collect();
    match family {
        Some(family) if !numbers.is_empty() && family.bytes().all(|s| s.is_ascii_lowercase()) => {
            let (first, rest) = family.split_at(1);
            format!("{}{rest} {}", first.to_ascii_uppercase(), numbers.join("."))
        }
        _ => line(full, 60),
    }
}

/// At most so many characters; an ellipsis stands for the rest.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.char_indices().nth(most).is_none() {
        text.to_owned()
    } else {
        format!("{}…", cut(text, most.saturating_sub(1)).trim_end())
    }
}

/// A size in bytes.
pub(crate) fn bytes(count: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = count * 10 / unit;
        if tenths >= 100 || tenths.is_multiple_of(10) {
            (tenths / 10).to_string()
        } else {
            format!("{}.{}", tenths / 10, tenths % 10)
        }
    };
    match count {
        ..1_024 => plural(count, "byte"),
        1_024..1_048_576 => format!("{} kB", tenths(1_024)),
        _ => format!("{} MB", tenths(1_048_576)),
    }
}

/// Tokens, in thousands where there are many.
pub(crate) fn tokens(count: u64) -> String {
    match count {
        ..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

/// Characters of a tool's name.
const TOOL: usize = 60;

/// A tool's name as a person would say it.
pub(super) fn tool_name(tool: &str) -> String {
    let name = match tool {
        "Bash" => "Run",
        "Grep" | "Glob" | "LS" => "Search",
        "MultiEdit" => "Edit",
        "WebFetch" => "Fetch",
        "WebSearch" => "Search the web",
        "Task" => "Agent",
        "TodoWrite" => "Plan",
        "AskUserQuestion" => "Ask you",
        "ExitPlanMode" => "Show the plan",
        other => match other.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")) {
            Some((server, tool)) => {
                return line(&format!("{server}: {tool}").replace('_', " "), TOOL);
            }
            None => other,
        },
    };
    line(name, TOOL)
}

/// A danger's name for scripts, and in words.
pub(crate) fn danger_name(danger: Danger) -> (&'static str, &'static str) {
    match danger {
        Danger::Deletes => ("deletes", "Deletes files for good"),
        Danger::Discards => ("discards", "Throws changes away"),
        Danger::Rewrites => ("rewrites", "Overwrites what others may have"),
        Danger::Database => ("database", "Deletes from a database"),
        Danger::Disk => ("disk", "Overwrites a disk"),
        Danger::Opens => ("opens", "Changes who may do what with files"),
        Danger::Root => ("root", "Runs as administrator"),
        Danger::Fetched => ("fetched", "Runs what it downloads or decodes"),
        Danger::Stops => ("stops", "Stops processes or the machine"),
        Danger::Infrastructure => ("infrastructure", "Deletes servers or volumes"),
        Danger::Publishes => ("publishes", "Publishes something"),
        Danger::Secrets => ("secrets", "Touches secrets"),
        Danger::Startup => ("startup", "Changes what runs by itself"),
        Danger::Outside => ("outside", "Writes outside of the project"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let now = 1_800_000_000_000;
        for (seconds, expected) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 min ago"),
            (3 * 3600 + 5, "3 h ago"),
            (30 * 3600, "yesterday"),
            (5 * 86400, "5 days ago"),
        ] {
            assert_eq!(age(now, now - seconds * 1000), expected);
        }
        assert_eq!(age(now, now + 5_000), "just now", "a clock that jumped");
        assert!(age(now, now - 40 * 86_400_000).contains("20"));
    }

    #[test]
    fn spans_and_costs() {
        for (seconds, expected) in [
            (0, "<1\u{a0}s"),
            (61, "1\u{a0}min 1\u{a0}s"),
            (120, "2\u{a0}min"),
            (3900, "1\u{a0}h 5\u{a0}min"),
            (200_000, "2 days"),
        ] {
            assert_eq!(span(seconds), expected);
        }
        assert_eq!((dollars(0.0004), dollars(1.239)), ("<$0.01".to_owned(), "$1.24".to_owned()));
        assert_eq!((tokens(999), tokens(15_300)), ("999".to_owned(), "15k".to_owned()));
    }

    #[test]
    fn deep_paths_show_their_end() {
        for (subject, expected) in [
            ("/home/ada/garden/src/watering.rs", "…/garden/src/watering.rs"),
            ("/garden/src/watering.rs", "/garden/src/watering.rs"),
            ("/etc/passwd", "/etc/passwd"),
            ("src/a/b/c/d", "src/a/b/c/d"),
            ("/usr/bin/env a/b/c/d", "/usr/bin/env a/b/c/d"),
            ("cargo test", "cargo test"),
            ("", ""),
        ] {
            assert_eq!(used_on(subject, 60), expected);
        }
    }

    #[test]
    fn rows_are_even() {
        let widths = |count: usize, most: usize| -> Vec<usize> {
            let button = |at| Button { label: format!("{at}"), data: "x".to_owned() };
            let buttons: Vec<_> = (0..count).map(button).collect();
            rows(&buttons, most).iter().map(Vec::len).collect()
        };
        for (count, most, expected) in [
            (6, 5, vec![3, 3]),
            (5, 5, vec![5]),
            (10, 5, vec![5, 5]),
            (7, 3, vec![3, 3, 1]),
            (4, 3, vec![2, 2]),
            (0, 3, vec![]),
        ] {
            assert_eq!(widths(count, most), expected, "{count} in {most}");
        }
    }

    #[test]
    fn labels_are_shown_whole() {
        let widths = |labels: &[&str]| -> Vec<usize> {
            let button = |label: &&str| Button { label: (*label).to_owned(), data: "x".to_owned() };
            let buttons: Vec<_> = labels.iter().map(button).collect();
            fit(buttons).iter().map(Vec::len).collect()
        };
        for (labels, expected) in [
            (&[][..], vec![]),
            (&["Allow once", "Always here"], vec![2]),
            (&["‹ Earlier", "Later ›", "All as a page"], vec![2, 1]),
            (&["Take over when idle", "Take over now"], vec![1, 1]),
            (&["Try again", "Continue at 18:28"], vec![2]),
            (&["1", "2", "3", "4", "5"], vec![5]),
            (&["夏の庭の水やり当番", "New"], vec![1, 1]),
        ] {
            assert_eq!(widths(labels), expected, "{labels:?}");
        }
    }

    #[test]
    fn names_are_cut_by_what_they_mean() {
        for (name, expected) in [
            ("watering.rs", "watering.rs"),
            ("a_very_long_name_of_a_module.rs", "a_very_long_na….rs"),
            ("a_very_long_name_without_ending", "a_very_long_name_…"),
        ] {
            assert_eq!(file_name(name, 18), expected);
        }
        for (full, expected) in [
            ("claude-opus-5-5", "Opus 5.5"),
            ("claude-sonnet-4-20250514", "Sonnet 4"),
            ("claude-haiku", "claude-haiku"),
            ("my/own-model", "my/own-model"),
        ] {
            assert_eq!(model(full), expected);
        }
    }

    #[test]
    fn lines_are_clipped_by_characters() {
        assert_eq!(line("a\n b\tc", 9), "a b c");
        assert_eq!(clip("äöüß", 3), "äö…");
        for (text, expected) in [
            ("sow the beans", "sow the beans"),
            ("sow the beans and peas", "sow the beans…"),
            ("sow the beans behind", "sow the beans…"),
            ("sow marigoldsinalltheir", "sow marigoldsi…"),
        ] {
            assert_eq!(whole(text, 15), expected);
        }
        assert_eq!(path("/home/ada/x".as_ref(), "/home/ada".as_ref()), "~/x");
        assert_eq!(path("/home/adam".as_ref(), "/home/ada".as_ref()), "/home/adam");
        let short = |path: &str| short_path(path.as_ref(), "/home/ada".as_ref(), 12);
        assert_eq!(short("/home/ada/garden"), "~/garden");
        assert_eq!(short("/home/ada/garden/greenhouse"), "…/greenhouse");
        assert_eq!(short("/home/ada/garden/greenhouses"), "…/greenhous…");
    }
}
