//! What a person types into what is looked for.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use serde::Serialize;
use thiserror::Error;

use super::term::Term;
use crate::claude::names::folded;

/// Who said or did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The person: prompts and commands.
    User,
    /// Claude, a sub-agent, or a summary of the conversation.
    Claude,
    /// What tools were called with and what they gave, and what was printed.
    Tools,
}

impl Speaker {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::User, Self::Claude, Self::Tools];

    /// As it is written behind `in:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Claude => "claude",
            Self::Tools => "tools",
        }
    }
}

/// What is looked for.
#[derive(Debug)]
pub struct Query {
    /// Each must stand in one message; at least one.
    pub(super) terms: Vec<Term>,
    /// Whose messages.
    pub(super) speakers: Vec<Speaker>,
    /// In sessions of these directories.
    pub(super) directory: Option<Directory>,
    /// Said then or later, milliseconds since the Unix epoch.
    pub(super) since: Option<u64>,
}

/// Which directories are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directory {
    /// One, and those below.
    Below(PathBuf),
    /// All whose path holds this, folded.
    Named(String),
}

impl Directory {
    pub(super) fn covers(&self, directory: &Path) -> bool {
        match self {
            Self::Below(top) => directory.starts_with(top),
            Self::Named(part) => folded(&directory.to_string_lossy()).contains(part),
        }
    }
}

/// Where and when a query is read.
#[derive(Clone, Debug)]
pub struct QueryContext<'a> {
    /// The person's home directory, for `~`.
    pub home: &'a Path,
    /// The directory that `.` stands for.
    pub here: &'a Path,
    /// Milliseconds since the Unix epoch.
    pub now: u64,
}

/// Why a query cannot be used; each says how to write it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadQuery {
    /// There are no words in it.
    #[error(
        "Give a word to look for, such as `beans`, `\"two words\"` or `beans since:7d in:user`."
    )]
    Empty,
    /// What follows `since:` is no time.
    #[error(
        "`since:{0}` is no time: write `since:7d`, `since:12h`, `since:yesterday` or `since:2026-05-01`."
    )]
    Since(String),
    /// What follows `in:` is nobody.
    #[error("`in:{0}` is not known: write `in:user`, `in:claude`, `in:tools` or `in:all`.")]
    In(String),
    /// Nothing follows `dir:`.
    #[error("`dir:` wants a directory: write `dir:~/garden`, `dir:.` or a part of its name.")]
    Directory,
}

impl Query {
    /// Reads words, `"phrases"`, `dir:`, `since:` and `in:`; anything else with a colon is a word.
    pub fn parse(text: &str, asked: &QueryContext<'_>) -> Result<Self, BadQuery> {
        let mut query = Self {
            terms: Vec::new(),
            speakers: Speaker::ALL.to_vec(),
            directory: None,
            since: None,
        };
        for piece in pieces(text) {
            match piece {
                QueryPart::Field("in", value) => query.speakers = speakers(&value)?,
                QueryPart::Field("since", value) => {
                    query.since = Some(moment(&value, asked.now).ok_or(BadQuery::Since(value))?);
                }
                QueryPart::Field(_, value) => query.directory = Some(directory(&value, asked)?),
                QueryPart::Words(words) => query.terms.extend(Term::new(&words)),
            }
        }
        if query.terms.is_empty() { Err(BadQuery::Empty) } else { Ok(query) }
    }

    /// What could be left out to find more, as it was written; none where nothing narrows it.
    pub fn narrowed_by(&self) -> Vec<&'static str> {
        let by = [
            self.directory.is_some().then_some("dir:"),
            self.since.is_some().then_some("since:"),
            (self.speakers.len() < Speaker::ALL.len()).then_some("in:"),
            (self.terms.len() > 1).then_some("a word"),
        ];
        by.into_iter().flatten().collect()
    }
}

/// A part of what was typed.
#[derive(Debug, PartialEq, Eq)]
enum QueryPart {
    Field(&'static str, String),
    Words(String),
}

/// Parts at white space, but for quotation marks; one that is not closed reaches to the end.
fn pieces(text: &str) -> Vec<QueryPart> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let field = ["dir", "since", "in"].into_iter().find_map(|name| {
            let after = rest.get(name.len()..)?.strip_prefix(':')?;
            rest[..name.len()].eq_ignore_ascii_case(name).then_some((name, after))
        });
        let (name, value) = field.map_or((None, rest), |(name, after)| (Some(name), after));
        let (value, after) = match value.strip_prefix(['"', '“', '”', '„']) {
            Some(quoted) => {
                let end = quoted.find(['"', '“', '”']).unwrap_or(quoted.len());
                let after = quoted[end..].chars().next().map_or(0, char::len_utf8);
                (&quoted[..end], &quoted[end + after..])
            }
            None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        pieces.push(match name {
            Some(name) => QueryPart::Field(name, value.to_owned()),
            None => QueryPart::Words(value.to_owned()),
        });
        rest = after.trim_start();
    }
    pieces
}

fn speakers(text: &str) -> Result<Vec<Speaker>, BadQuery> {
    let mut all = Vec::new();
    for name in text.split(',') {
        match Speaker::ALL.into_iter().find(|who| who.name().eq_ignore_ascii_case(name)) {
            Some(who) => all.push(who),
            None if name.eq_ignore_ascii_case("all") => all.extend(Speaker::ALL),
            None => return Err(BadQuery::In(text.to_owned())),
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn directory(text: &str, asked: &QueryContext<'_>) -> Result<Directory, BadQuery> {
    let text = text.trim();
    let below = |path: PathBuf| Ok(Directory::Below(path.components().collect()));
    match text.strip_prefix('~') {
        _ if text.is_empty() => Err(BadQuery::Directory),
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            below(asked.home.join(rest.trim_start_matches('/')))
        }
        _ if text == "." || text.starts_with("./") => below(asked.here.join(text)),
        _ if text.starts_with('/') => below(PathBuf::from(text)),
        _ => Ok(Directory::Named(folded(text))),
    }
}

/// A time in the past, in words or as a date of the local calendar; milliseconds since the Unix
/// epoch. `None` for what is no time.
pub fn moment(text: &str, now: u64) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let today =
        DateTime::from_timestamp_millis(now.cast_signed())?.with_timezone(&Local).date_naive();
    match text.as_str() {
        "today" => return midnight(today),
        "yesterday" => return midnight(today.checked_sub_days(Days::new(1))?),
        _ => {}
    }
    if let Ok(date) = NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
        return midnight(date);
    }
    for form in ["%Y-%m-%dt%H:%M", "%Y-%m-%dt%H:%M:%S"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(&text, form) {
            return local(time);
        }
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(&text) {
        return u64::try_from(time.timestamp_millis()).ok();
    }
    let unit = text.chars().next_back()?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        'w' => 7 * 24 * 60,
        _ => return None,
    };
    let count: u64 = text[..text.len() - 1].parse().ok()?;
    Some(now.saturating_sub(count.checked_mul(minutes)?.checked_mul(60_000)?))
}

fn midnight(date: NaiveDate) -> Option<u64> {
    local(date.and_time(NaiveTime::MIN))
}

/// Of a time that a change of the clocks has left out or brought twice, the earliest there is.
fn local(time: NaiveDateTime) -> Option<u64> {
    let here = Local.from_local_datetime(&time).earliest();
    let millis = here.map_or_else(|| time.and_utc().timestamp_millis(), |at| at.timestamp_millis());
    u64::try_from(millis).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_777_885_953_000;

    fn parse(text: &str) -> Result<Query, BadQuery> {
        let home = Path::new("/home/ada");
        Query::parse(text, &QueryContext { home, here: Path::new("/home/ada/garden"), now: NOW })
    }

    #[test]
    fn queries_are_read() {
        let query = parse(r#" Beans "the Green  house" dir:~/garden in:user,tools since:2d x:y"#);
        let query = query.unwrap();
        let words: Vec<_> = query.terms.iter().map(Term::words).collect();
        assert_eq!(words, ["beans", "the green house", "x:y"]);
        assert_eq!(query.directory, Some(Directory::Below("/home/ada/garden".into())));
        assert_eq!(query.speakers, [Speaker::User, Speaker::Tools]);
        assert_eq!(query.since, Some(NOW - 2 * 86_400_000));
        assert_eq!(query.narrowed_by(), ["dir:", "since:", "in:", "a word"]);
        let query = parse("\"not closed in:user").unwrap();
        assert_eq!(query.terms[0].words(), "not closed in:user");
        assert_eq!(query.narrowed_by(), [""; 0]);
        assert_eq!(parse("“curly words” IN:Claude").unwrap().speakers, [Speaker::Claude]);
    }

    #[test]
    fn directories_are_paths_or_parts_of_names() {
        for (text, path, covered) in [
            ("dir:.", "/home/ada/garden/beds", true),
            ("dir:.", "/home/ada/gardens", false),
            ("dir:./beds", "/home/ada/garden/beds", true),
            ("dir:~", "/home/ada", true),
            ("dir:/home", "/home/ada", true),
            ("dir:GARD", "/home/ada/garden", true),
            ("dir:\"my garden\"", "/home/my garden", true),
            ("dir:shed", "/home/ada/garden", false),
        ] {
            let directory = parse(&format!("x {text}")).unwrap().directory.unwrap();
            assert_eq!(directory.covers(Path::new(path)), covered, "{text} {path}");
        }
    }

    #[test]
    fn what_cannot_be_used_says_how() {
        for (text, expected) in [
            ("", BadQuery::Empty),
            (" \"\" ", BadQuery::Empty),
            ("in:user", BadQuery::Empty),
            ("x in:me", BadQuery::In("me".into())),
            ("x in:", BadQuery::In(String::new())),
            ("x dir:", BadQuery::Directory),
            ("x since:", BadQuery::Since(String::new())),
            ("x since:soon", BadQuery::Since("soon".into())),
            ("x since:2026-13-01", BadQuery::Since("2026-13-01".into())),
            ("x since:é", BadQuery::Since("é".into())),
            ("x since:99999999999999999999d", BadQuery::Since("99999999999999999999d".into())),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn times_are_read() {
        let day = 86_400_000;
        let today = moment("today", NOW).unwrap();
        assert!(today <= NOW && NOW - today < day + 3_600_000);
        for (text, expected) in [
            ("90m", NOW - 90 * 60_000),
            ("3h", NOW - 3 * 3_600_000),
            ("1W", NOW - 7 * day),
            ("1970-01-05T00:00:00Z", 4 * day),
            ("9999999d", 0),
        ] {
            assert_eq!(moment(text, NOW), Some(expected), "{text}");
        }
        let date = moment("2026-05-01", NOW).unwrap();
        assert_eq!(moment("2026-05-01T01:30", NOW), Some(date + 5_400_000));
        assert!(moment("yesterday", NOW).unwrap() < today);
    }
}
