//! The one codec of `callback_data`.
//!
//! The first letter is the kind of callback, in upper case where a prompt is carried; kinds that
//! begin with `v` (how Claude works), `h` (files, recordings, the past), `f` (what is found) or `e`
//! (what is seen of others) have a second letter. The fields follow, those of variable length divided
//! by colons; numbers are hexadecimal.

use std::fmt;

use uuid::Uuid;

use crate::{
    bridge::{
        choices::{Choice, Verbosity},
        question::Press,
        terminal::When,
    },
    claude::session::SessionId,
    telegram::callback::{
        Callback, Carry, Deferral, Deferred, Format, Key, List, See, Sure, Words,
    },
};

/// Digits of a [`Key`].
const KEY: usize = 16;

/// Longest words that stand in a button, bytes: what the other fields of a [`List`], at most 24
/// bytes, leave of the limit.
const WORDS: usize = 40;

/// Marks words that are hashed. Words that begin so are always hashed.
const HASHED: char = '#';

impl Callback {
    /// The callback as `callback_data`: at most [`LIMIT`](super::LIMIT) bytes.
    pub fn encode(&self) -> String {
        let plain = |kind: &str, fields: String| format!("{kind}{fields}");
        let carrying = |kind: char, fields: String, carry: Carry| match carry {
            Carry::Nothing => format!("{kind}{fields}"),
            Carry::Prompt => format!("{}{fields}", kind.to_ascii_uppercase()),
        };
        let attempt = |kind: &str, session: &SessionId, attempt: u32| {
            format!("{kind}{}:{attempt:x}", id(session))
        };
        match self {
            Self::Stop(key) => plain("x", key.to_string()),
            Self::TakeBack(key) => plain("vt", key.to_string()),
            Self::Answer(key, press) => format!("q{key}{}", encode_press(*press)),
            Self::AskAgain(session) => plain("r", id(session)),
            Self::Sessions(list, carry) => carrying('l', list.to_string(), *carry),
            Self::Directories(page, carry) => carrying('p', format!("{page:x}"), *carry),
            Self::Pick(session, carry) => carrying('s', id(session), *carry),
            Self::New(directory, carry) => {
                let directory = directory.map_or_else(String::new, |key| key.to_string());
                carrying('w', directory, *carry)
            }
            Self::Directory(key, carry) => carrying('d', key.to_string(), *carry),
            Self::Relocate(session, key) => format!("M{}:{key}", id(session)),
            Self::Trust(key) => plain("T", key.to_string()),
            Self::Fork(session) => plain("F", id(session)),
            Self::Terminal(session) => plain("I", id(session)),
            Self::TakeOver(session, When::Idle) => plain("O", id(session)),
            Self::TakeOver(session, When::Now) => plain("K", id(session)),
            Self::Retry(session, number) => attempt("A", session, *number),
            Self::Continue(session, number) => attempt("G", session, *number),
            Self::Defer(Deferral { session, attempt: number, at, what }) => {
                let kind = match what {
                    Deferred::Prompt => "Zp",
                    Deferred::Continue => "Zg",
                };
                format!("{}:{at:x}", attempt(kind, session, *number))
            }
            Self::Choose(Choice::Mode, value) => plain("vp", value.to_string()),
            Self::Choose(Choice::Model, value) => plain("vm", value.to_string()),
            Self::Choose(Choice::Effort, value) => plain("ve", value.to_string()),
            Self::Verbose(verbosity) => format!("vv{}", verbosity.level()),
            Self::Bypass => plain("vb", String::new()),
            Self::Agent(name) => plain("va", name.to_string()),
            Self::SuggestTitle(session) => plain("vs", id(session)),
            Self::UseTitle(session) => plain("vn", id(session)),
            Self::Compact(session) => plain("c", id(session)),
            Self::Entry(key) => plain("hg", key.to_string()),
            Self::SendFile(key) => plain("hs", key.to_string()),
            Self::DiffFile(key) => plain("hd", key.to_string()),
            Self::Diff => plain("ha", String::new()),
            Self::SendHeard => plain("hy", String::new()),
            Self::DropHeard => plain("hn", String::new()),
            Self::Earlier { session, skip, take } => {
                format!("he{}:{skip:x}:{take:x}", id(session))
            }
            Self::Export(session, Format::Html) => plain("hh", id(session)),
            Self::Export(session, Format::Markdown) => plain("hm", id(session)),
            Self::Search { words, skip } => format!("fs{skip:x}:{words}"),
            Self::Point { session, at } => format!("fp{}:{at:x}", id(session)),
            Self::Copy(session) => plain("fc", id(session)),
            Self::StopLive(session, Sure::Ask) => plain("fa", id(session)),
            Self::StopLive(session, Sure::Yes) => plain("fy", id(session)),
            Self::See(see) => plain("e", see.encode()),
        }
    }

    /// Reads `callback_data`; None for what is not, or no longer, ours.
    pub fn decode(data: &str) -> Option<Self> {
        let mut rest = data.chars();
        let kind = rest.next()?;
        let carry = if kind.is_ascii_uppercase() { Carry::Prompt } else { Carry::Nothing };
        let fields = rest.as_str();
        Some(match kind {
            'x' => Self::Stop(key(fields)?),
            'q' => {
                let (digits, press) = fields.split_at_checked(KEY)?;
                Self::Answer(key(digits)?, decode_press(press)?)
            }
            'r' => Self::AskAgain(session(fields)?),
            'c' => Self::Compact(session(fields)?),
            'l' | 'L' => Self::Sessions(list(fields)?, carry),
            'p' | 'P' => Self::Directories(page(fields)?, carry),
            's' | 'S' => Self::Pick(session(fields)?, carry),
            'w' | 'W' if fields.is_empty() => Self::New(None, carry),
            'w' | 'W' => Self::New(Some(key(fields)?), carry),
            'd' | 'D' => Self::Directory(key(fields)?, carry),
            'M' => {
                let (id, digits) = fields.split_once(':')?;
                Self::Relocate(session(id)?, key(digits)?)
            }
            'T' => Self::Trust(key(fields)?),
            'F' => Self::Fork(session(fields)?),
            'I' => Self::Terminal(session(fields)?),
            'O' => Self::TakeOver(session(fields)?, When::Idle),
            'K' => Self::TakeOver(session(fields)?, When::Now),
            'A' => {
                let (session, number) = attempt(fields)?;
                Self::Retry(session, number)
            }
            'G' => {
                let (session, number) = attempt(fields)?;
                Self::Continue(session, number)
            }
            'Z' => Self::Defer(deferral(fields)?),
            'v' => steering(fields)?,
            'h' => file_or_past(fields)?,
            'f' => found(fields)?,
            'e' => Self::See(See::decode(fields)?),
            _ => return None,
        })
    }
}

/// Kinds that begin with `v`.
fn steering(fields: &str) -> Option<Callback> {
    let mut rest = fields.chars();
    let (kind, fields) = (rest.next()?, rest.as_str());
    Some(match kind {
        't' => Callback::TakeBack(key(fields)?),
        'p' => Callback::Choose(Choice::Mode, words(fields)?),
        'm' => Callback::Choose(Choice::Model, words(fields)?),
        'e' => Callback::Choose(Choice::Effort, words(fields)?),
        'v' => Callback::Verbose(Verbosity::of(fields.parse().ok()?)?),
        'b' if fields.is_empty() => Callback::Bypass,
        'a' => Callback::Agent(words(fields)?),
        's' => Callback::SuggestTitle(session(fields)?),
        'n' => Callback::UseTitle(session(fields)?),
        _ => return None,
    })
}

/// Kinds that begin with `h`.
fn file_or_past(fields: &str) -> Option<Callback> {
    let mut rest = fields.chars();
    let (kind, fields) = (rest.next()?, rest.as_str());
    Some(match kind {
        'g' => Callback::Entry(key(fields)?),
        's' => Callback::SendFile(key(fields)?),
        'd' => Callback::DiffFile(key(fields)?),
        'a' if fields.is_empty() => Callback::Diff,
        'y' if fields.is_empty() => Callback::SendHeard,
        'n' if fields.is_empty() => Callback::DropHeard,
        'e' => {
            let mut fields = fields.splitn(3, ':');
            Callback::Earlier {
                session: session(fields.next()?)?,
                skip: page(fields.next()?)?,
                take: page(fields.next()?)?,
            }
        }
        'h' => Callback::Export(session(fields)?, Format::Html),
        'm' => Callback::Export(session(fields)?, Format::Markdown),
        _ => return None,
    })
}

/// Kinds that begin with `f`.
fn found(fields: &str) -> Option<Callback> {
    let mut rest = fields.chars();
    let (kind, fields) = (rest.next()?, rest.as_str());
    Some(match kind {
        's' => {
            let (skip, query) = fields.split_once(':')?;
            Callback::Search { words: words(query)?, skip: page(skip)? }
        }
        'p' => {
            let (id, at) = fields.split_once(':')?;
            Callback::Point { session: session(id)?, at: u64::from_str_radix(at, 16).ok()? }
        }
        'c' => Callback::Copy(session(fields)?),
        'a' => Callback::StopLive(session(fields)?, Sure::Ask),
        'y' => Callback::StopLive(session(fields)?, Sure::Yes),
        _ => return None,
    })
}

// ---- Fields ----

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A key has all its digits: a shorter one would be longer when it is written again.
fn key(text: &str) -> Option<Key> {
    (text.len() == KEY).then(|| u64::from_str_radix(text, 16).ok().map(Key))?
}

pub(super) fn id(session: &SessionId) -> String {
    session.0.simple().to_string()
}

pub(super) fn session(text: &str) -> Option<SessionId> {
    Uuid::try_parse(text).ok().map(SessionId)
}

fn page(text: &str) -> Option<u16> {
    u16::from_str_radix(text, 16).ok()
}

fn attempt(text: &str) -> Option<(SessionId, u32)> {
    let (id, number) = text.split_once(':')?;
    Some((session(id)?, u32::from_str_radix(number, 16).ok()?))
}

fn deferral(text: &str) -> Option<Deferral> {
    let mut rest = text.chars();
    let what = match rest.next()? {
        'p' => Deferred::Prompt,
        'g' => Deferred::Continue,
        _ => return None,
    };
    let (prompt, at) = rest.as_str().rsplit_once(':')?;
    let (session, attempt) = attempt(prompt)?;
    Some(Deferral { session, attempt, at: u64::from_str_radix(at, 16).ok()?, what })
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(words) if words.len() <= WORDS && !words.starts_with(HASHED) => {
                f.write_str(words)
            }
            Self::Whole(words) => write!(f, "{HASHED}{}", Key::of(words)),
            Self::Hashed(key) => write!(f, "{HASHED}{key}"),
        }
    }
}

fn words(text: &str) -> Option<Words> {
    match text.strip_prefix(HASHED) {
        Some(digits) => key(digits).map(Words::Hashed),
        None => (text.len() <= WORDS).then(|| Words::from(text)),
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(directory) = self.directory {
            write!(f, "{directory}")?;
        }
        write!(f, ":{:x}{}:{}", self.page, if self.hidden { "h" } else { "" }, self.words)
    }
}

fn list(text: &str) -> Option<List> {
    let mut fields = text.splitn(3, ':');
    let (directory, number, last) = (fields.next()?, fields.next()?, fields.next()?);
    let (number, hidden) = number.strip_suffix('h').map_or((number, false), |page| (page, true));
    Some(List {
        directory: if directory.is_empty() { None } else { Some(key(directory)?) },
        page: page(number)?,
        hidden,
        words: words(last)?,
    })
}

fn encode_press(press: Press) -> String {
    match press {
        Press::Allow => "y".to_owned(),
        Press::Grant(index) => format!("g{index}"),
        Press::Deny => "n".to_owned(),
        Press::Write => "w".to_owned(),
        Press::Unwrite => "u".to_owned(),
        Press::More => "m".to_owned(),
        Press::With => "t".to_owned(),
        Press::Pick(question, option) => format!("p{question}.{option}"),
        Press::Done(question) => format!("d{question}"),
        Press::Back(question) => format!("b{question}"),
    }
}

fn decode_press(text: &str) -> Option<Press> {
    let mut rest = text.chars();
    let (kind, fields) = (rest.next()?, rest.as_str());
    let number = |text: &str| text.parse::<u8>().ok();
    Some(match kind {
        'y' if fields.is_empty() => Press::Allow,
        'n' if fields.is_empty() => Press::Deny,
        'w' if fields.is_empty() => Press::Write,
        'u' if fields.is_empty() => Press::Unwrite,
        'm' if fields.is_empty() => Press::More,
        't' if fields.is_empty() => Press::With,
        'g' => Press::Grant(number(fields)?),
        'd' => Press::Done(number(fields)?),
        'b' => Press::Back(number(fields)?),
        'p' => {
            let (question, option) = fields.split_once('.')?;
            Press::Pick(number(question)?, number(option)?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

    use super::*;
    use crate::telegram::callback::{LIMIT, see};

    const ID: &str = "11111111-1111-4111-8111-111111111111";

    fn keys() -> impl Strategy<Value = Key> {
        any::<u64>().prop_map(Key)
    }

    fn sessions() -> impl Strategy<Value = SessionId> {
        any::<u128>().prop_map(|id| SessionId(Uuid::from_u128(id)))
    }

    fn carries() -> impl Strategy<Value = Carry> {
        prop_oneof![Just(Carry::Nothing), Just(Carry::Prompt)]
    }

    fn any_words() -> impl Strategy<Value = Words> {
        prop_oneof![
            "\\PC{0,100}".prop_map(|words| Words::from(&*words)),
            "#[0-9a-f]{16}".prop_map(|words| Words::from(&*words)),
            keys().prop_map(Words::Hashed),
        ]
    }

    fn lists() -> impl Strategy<Value = List> {
        (proptest::option::of(keys()), any::<u16>(), any::<bool>(), any_words())
            .prop_map(|(directory, page, hidden, words)| List { directory, page, hidden, words })
    }

    fn presses() -> impl Strategy<Value = Press> {
        prop_oneof![
            Just(Press::Allow),
            Just(Press::Deny),
            Just(Press::Write),
            Just(Press::Unwrite),
            Just(Press::More),
            Just(Press::With),
            any::<u8>().prop_map(Press::Grant),
            any::<u8>().prop_map(Press::Done),
            any::<u8>().prop_map(Press::Back),
            any::<(u8, u8)>().prop_map(|(question, option)| Press::Pick(question, option)),
        ]
    }

    fn deferrals() -> impl Strategy<Value = Deferral> {
        let what = prop_oneof![Just(Deferred::Prompt), Just(Deferred::Continue)];
        (sessions(), any::<u32>(), any::<u64>(), what)
            .prop_map(|(session, attempt, at, what)| Deferral { session, attempt, at, what })
    }

    fn processes() -> impl Strategy<Value = Callback> {
        prop_oneof![
            keys().prop_map(Callback::Stop),
            keys().prop_map(Callback::TakeBack),
            (keys(), presses()).prop_map(|(key, press)| Callback::Answer(key, press)),
            sessions().prop_map(Callback::AskAgain),
        ]
    }

    fn places() -> impl Strategy<Value = Callback> {
        let when = prop_oneof![Just(When::Idle), Just(When::Now)];
        prop_oneof![
            (lists(), carries()).prop_map(|(list, carry)| Callback::Sessions(list, carry)),
            (any::<u16>(), carries()).prop_map(|(page, carry)| Callback::Directories(page, carry)),
            (sessions(), carries()).prop_map(|(id, carry)| Callback::Pick(id, carry)),
            (proptest::option::of(keys()), carries())
                .prop_map(|(key, carry)| Callback::New(key, carry)),
            (keys(), carries()).prop_map(|(key, carry)| Callback::Directory(key, carry)),
            (sessions(), keys()).prop_map(|(id, key)| Callback::Relocate(id, key)),
            keys().prop_map(Callback::Trust),
            sessions().prop_map(Callback::Fork),
            sessions().prop_map(Callback::Terminal),
            (sessions(), when).prop_map(|(id, when)| Callback::TakeOver(id, when)),
            (sessions(), any::<u32>()).prop_map(|(id, attempt)| Callback::Retry(id, attempt)),
            (sessions(), any::<u32>()).prop_map(|(id, attempt)| Callback::Continue(id, attempt)),
            deferrals().prop_map(Callback::Defer),
        ]
    }

    fn choices() -> impl Strategy<Value = Callback> {
        let choice = prop_oneof![Just(Choice::Mode), Just(Choice::Model), Just(Choice::Effort)];
        prop_oneof![
            (choice, any_words()).prop_map(|(choice, value)| Callback::Choose(choice, value)),
            proptest::sample::select(&Verbosity::ALL[..]).prop_map(Callback::Verbose),
            Just(Callback::Bypass),
            any_words().prop_map(Callback::Agent),
            sessions().prop_map(Callback::SuggestTitle),
            sessions().prop_map(Callback::UseTitle),
            sessions().prop_map(Callback::Compact),
        ]
    }

    fn files() -> impl Strategy<Value = Callback> {
        let format = prop_oneof![Just(Format::Html), Just(Format::Markdown)];
        prop_oneof![
            keys().prop_map(Callback::Entry),
            keys().prop_map(Callback::SendFile),
            keys().prop_map(Callback::DiffFile),
            Just(Callback::Diff),
            Just(Callback::SendHeard),
            Just(Callback::DropHeard),
            (sessions(), any::<u16>(), any::<u16>())
                .prop_map(|(session, skip, take)| Callback::Earlier { session, skip, take }),
            (sessions(), format).prop_map(|(session, format)| Callback::Export(session, format)),
        ]
    }

    fn finds() -> impl Strategy<Value = Callback> {
        let sure = prop_oneof![Just(Sure::Ask), Just(Sure::Yes)];
        prop_oneof![
            (any_words(), any::<u16>()).prop_map(|(words, skip)| Callback::Search { words, skip }),
            (sessions(), any::<u64>()).prop_map(|(session, at)| Callback::Point { session, at }),
            sessions().prop_map(Callback::Copy),
            (sessions(), sure).prop_map(|(session, sure)| Callback::StopLive(session, sure)),
            see::tests::all().prop_map(Callback::See),
        ]
    }

    fn callbacks() -> impl Strategy<Value = Callback> {
        prop_oneof![processes(), places(), choices(), files(), finds()]
    }

    /// The number of a variant. A new variant does not compile before it has one here, and fails
    /// [`every_variant_is_tried`] before the strategies know it.
    fn variant(callback: &Callback) -> usize {
        match callback {
            Callback::Stop(_) => 0,
            Callback::TakeBack(_) => 1,
            Callback::Answer(..) => 2,
            Callback::AskAgain(_) => 3,
            Callback::Sessions(..) => 4,
            Callback::Directories(..) => 5,
            Callback::Pick(..) => 6,
            Callback::New(..) => 7,
            Callback::Directory(..) => 8,
            Callback::Trust(_) => 9,
            Callback::Fork(_) => 10,
            Callback::Terminal(_) => 11,
            Callback::TakeOver(..) => 12,
            Callback::Retry(..) => 13,
            Callback::Continue(..) => 14,
            Callback::Defer(_) => 15,
            Callback::Choose(..) => 16,
            Callback::Verbose(_) => 17,
            Callback::Bypass => 18,
            Callback::Agent(_) => 19,
            Callback::SuggestTitle(_) => 20,
            Callback::UseTitle(_) => 21,
            Callback::Compact(_) => 22,
            Callback::Entry(_) => 23,
            Callback::SendFile(_) => 24,
            Callback::DiffFile(_) => 25,
            Callback::Diff => 26,
            Callback::SendHeard => 27,
            Callback::DropHeard => 28,
            Callback::Earlier { .. } => 29,
            Callback::Export(..) => 30,
            Callback::Relocate(..) => 31,
            Callback::Search { .. } => 32,
            Callback::Point { .. } => 33,
            Callback::Copy(_) => 34,
            Callback::StopLive(..) => 35,
            Callback::See(_) => 36,
        }
    }

    /// What is read back of words: themselves, or their key where they are too long.
    fn stored(words: Words) -> Words {
        match words {
            Words::Whole(words) if words.len() > WORDS || words.starts_with('#') => {
                Words::Hashed(Key::of(words))
            }
            other => other,
        }
    }

    #[test]
    fn every_variant_is_tried() {
        let mut runner = TestRunner::deterministic();
        let any = callbacks();
        let mut next = || any.new_tree(&mut runner).map(|tree| variant(&tree.current()));
        let seen: BTreeSet<_> = (0..2_000).map(|_| next().unwrap()).collect();
        assert!(seen.iter().copied().eq(0..37), "{seen:?}");
    }

    proptest! {
        #[test]
        fn callbacks_round_trip_within_64_bytes(callback in callbacks()) {
            let data = callback.encode();
            prop_assert!(!data.is_empty() && data.len() <= LIMIT, "{data}");
            let expected = match callback {
                Callback::Sessions(list, carry) => {
                    let words = stored(list.words);
                    Callback::Sessions(List { words, ..list }, carry)
                }
                Callback::Choose(choice, value) => Callback::Choose(choice, stored(value)),
                Callback::Agent(name) => Callback::Agent(stored(name)),
                Callback::Search { words, skip } => Callback::Search { words: stored(words), skip },
                other => other,
            };
            prop_assert_eq!(expected.encode(), data.as_str());
            prop_assert_eq!(Callback::decode(&data), Some(expected));
        }

        #[test]
        fn what_is_read_is_read_again(kind in "[a-zA-Z]{1,2}", fields in "[0-9a-f:#.h+]{0,62}") {
            if let Some(callback) = Callback::decode(&format!("{kind}{fields}")) {
                prop_assert_eq!(Callback::decode(&callback.encode()), Some(callback));
            }
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(data in "\\PC{0,64}") {
            if let Some(callback) = Callback::decode(&data) {
                prop_assert!(callback.encode().len() <= LIMIT);
            }
        }
    }

    #[test]
    fn damaged_data_is_refused() {
        let digits = ID.replace('-', "");
        for broken in [
            "",
            "X",
            "vb1",
            "hax",
            "h",
            "hz",
            "v",
            "he1",
            "hg",
            "vt7",
            "Z",
            "Zp",
            "Zx1:2:3",
            "q",
            "q0000000000000000",
            "q0000000000000000y1",
            "q0000000000000000g256",
            "q0000000000000000p1.",
            "l0:0:",
            "l:0",
            "va#12",
            "t0000000000000000",
        ] {
            assert_eq!(Callback::decode(broken), None, "{broken}");
        }
        assert_eq!(Callback::decode(&format!("Zp{digits}:1")), None);
        assert_eq!(Callback::decode(&format!("va{}", "x".repeat(41))), None);
    }

    #[test]
    fn long_words_are_found_again() {
        let long = "the beans that Ada has sown behind the shed in the spring of last year";
        let list = List { words: Words::from(long), ..List::default() };
        let data = Callback::Sessions(list, Carry::Prompt).encode();
        let Some(Callback::Sessions(list, _)) = Callback::decode(&data) else { panic!("{data}") };
        assert_eq!(list.words.whole(), None);
        assert_eq!(list.words.find(["the beans", long]), Some(long));
        assert_eq!(list.words.find(["the beans"]), None);
    }
}
