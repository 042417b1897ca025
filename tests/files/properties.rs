//! What holds for arbitrary bytes.

use std::{fs, io::Cursor, path::PathBuf};

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest},
    sample::{Index, select},
};
use segue::claude::{
    json::Raw,
    jsonl::{Backward, Lines, RawLine},
    record::Record,
};

use super::fixture;

/// Every line of every transcript of the fixture.
pub(super) fn lines() -> Vec<Vec<u8>> {
    let folders = fs::read_dir(fixture().projects()).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let paths = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let mut paths: Vec<PathBuf> = paths.collect();
    paths.sort();
    let bytes =
        paths.into_iter().flat_map(|path| fs::read(path).unwrap().into_iter().chain([b'\n']));
    let bytes: Vec<u8> = bytes.collect();
    bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

/// What is done to a line.
#[derive(Clone, Debug)]
pub(super) enum Harm {
    Set(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Double(Index, Index),
}

pub(super) fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<Index>;
    let telling = || select(b"\"\\{}[]:,0n \xff\x00u".to_vec());
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        (at(), telling()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        at().prop_map(Harm::Cut),
        (at(), vec(telling(), 1..5)).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        (at(), at()).prop_map(|(from, to)| Harm::Double(from, to)),
    ]
}

impl Harm {
    pub(super) fn apply(self, line: &mut Vec<u8>) {
        if line.is_empty() {
            return;
        }
        let len = line.len();
        match self {
            Self::Set(at, byte) => line[at.index(len)] = byte,
            Self::Cut(at) => line.truncate(at.index(len)),
            Self::Insert(at, bytes) => drop(line.splice(at.index(len)..at.index(len), bytes)),
            Self::Double(from, to) => {
                let copy = line[from.index(len)..].to_vec();
                line.splice(to.index(len)..to.index(len), copy);
            }
        }
    }
}

/// Uses everything a record offers.
fn use_up(line: &[u8]) {
    if let Ok(record) = Record::decode(line) {
        let _ = (record.prompt(), record.said().count(), format!("{record:?}"));
    }
    let raw = Raw::new(line);
    let _ = (raw.string(), raw.text(), raw.field("message"), raw.get(), raw.number::<u64>());
}

/// Bytes with many line breaks.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![3 => Just(b'\n'), 2 => Just(b'\r'), 8 => any::<u8>()], 0..400)
}

/// A line as (offset, bytes or length, torn).
fn told(line: RawLine<'_>) -> (u64, Result<Vec<u8>, u64>, bool) {
    match line {
        RawLine::Whole { offset, bytes } => (offset, Ok(bytes.to_vec()), false),
        RawLine::Torn { offset, bytes } => (offset, Ok(bytes.to_vec()), true),
        RawLine::TooLong { offset, len } => (offset, Err(len), false),
    }
}

proptest! {
    #[test]
    fn damaged_lines_are_decoded_or_refused_but_never_panic(
        line in select(lines()),
        harms in vec(harm(), 1..6),
    ) {
        let mut line = line;
        for harm in harms {
            harm.apply(&mut line);
        }
        use_up(&line);
    }

    #[test]
    fn arbitrary_bytes_never_panic(line in vec(any::<u8>(), 0..200)) {
        use_up(&line);
    }

    #[test]
    fn strings_decode_as_serde_decodes_them(text in any::<String>(), escape in any::<bool>()) {
        let mut json = serde_json::to_string(&text).unwrap();
        if escape {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            json = format!("\"{}\"", units.collect::<String>());
        }
        let line = format!("{{\"a\":{json},\"b\":[{json},{{}}]}}");
        let raw = Raw::new(line.as_bytes());
        let string = raw.field("a").and_then(Raw::string);
        prop_assert_eq!(string.as_deref(), Some(&*text));
        prop_assert!(raw.field("b").is_some());
    }

    #[test]
    fn backwards_is_forwards_reversed(bytes in bytes(), cap in 0..60_usize) {
        let mut forwards = Vec::new();
        let mut lines = Lines::new(&bytes[..], cap);
        while let Some(line) = lines.next().unwrap() {
            forwards.push(told(line));
        }
        let mut backwards = Vec::new();
        let mut lines = Backward::new(Cursor::new(&bytes), cap).unwrap();
        while let Some(line) = lines.next().unwrap() {
            backwards.push(told(line));
        }
        backwards.reverse();
        prop_assert_eq!(forwards, backwards);
    }
}

#[test]
fn every_json_value_of_the_fixture_is_read_as_serde_reads_it() {
    let mut seen = 0;
    for line in lines() {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&line) else { continue };
        let Some(fields) = value.as_object() else { continue };
        assert!(Record::decode(&line).is_ok());
        for (name, value) in fields {
            let raw = Raw::new(&line).field(name).unwrap();
            assert_eq!(&raw.value(), value, "{name}");
            assert_eq!(raw.string().as_deref(), value.as_str(), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 1000, "{seen}");
}
