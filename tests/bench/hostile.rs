//! Transcripts that nobody would write by hand, each the worst for some way of reading.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
};

use super::{corpus::Corpus, dice::Dice};

/// A line just below what readers take, in bytes.
const LARGE: usize = 15 << 20;
/// Bytes of titles alone.
const TITLES: usize = 4 << 20;

/// Sessions of which nobody may hold everything at once, `copies` of each kind, since lists read
/// several at a time. What is above the cap has `huge` bytes.
pub(crate) fn corpus(copies: usize, huge: usize) -> io::Result<Corpus> {
    let corpus = Corpus::empty()?;
    let directory = corpus.directory();
    fs::create_dir_all(&directory)?;
    let folder = corpus.home().folder(&directory);
    fs::create_dir_all(&folder)?;
    let mut dice = Dice::new(6);
    for kind in [Kind::LargeFirst, Kind::HugeFirst, Kind::Untitled, Kind::Tiny, Kind::Garbage] {
        for _ in 0..copies {
            let path = folder.join(format!("{}.jsonl", dice.uuid()));
            let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
            kind.write(&mut out, &directory.to_string_lossy(), huge)?;
            out.flush()?;
        }
    }
    Ok(corpus)
}

#[derive(Clone, Copy)]
enum Kind {
    /// The first prompt, which is the title, carries an image of many MB.
    LargeFirst,
    /// The first line is above the cap, and the title stands behind it.
    HugeFirst,
    /// Large lines of tool output before the first prompt.
    Untitled,
    /// Nothing but titles.
    Tiny,
    /// No line at all.
    Garbage,
}

impl Kind {
    fn write(self, out: &mut impl Write, cwd: &str, huge: usize) -> io::Result<()> {
        let prompt = |out: &mut dyn Write, text: &str| {
            writeln!(
                out,
                r#"{{"type":"user","cwd":"{cwd}","message":{{"role":"user","content":"{text}"}}}}"#
            )
        };
        match self {
            Self::LargeFirst => {
                write!(
                    out,
                    r#"{{"type":"user","cwd":"{cwd}","message":{{"role":"user","content":[{{"type":"image","source":{{"data":""#
                )?;
                fill(out, b'A', LARGE)?;
                writeln!(out, r#""}}}},{{"type":"text","text":"What is this?"}}]}}}}"#)?;
                fill(out, b'\n', 1 << 20)
            }
            Self::HugeFirst => {
                write!(out, r#"{{"type":"progress","cwd":"{cwd}","data":""#)?;
                fill(out, b'A', huge)?;
                writeln!(out, r#""}}"#)?;
                prompt(out, "Hello")
            }
            Self::Untitled => {
                for _ in 0..3 {
                    write!(out, r#"{{"type":"user","cwd":"{cwd}","toolUseResult":""#)?;
                    fill(out, b'A', LARGE)?;
                    writeln!(
                        out,
                        r#"","message":{{"content":[{{"type":"tool_result","content":"done"}}]}}}}"#
                    )?;
                }
                prompt(out, "Hello")?;
                fill(out, b'\n', 1 << 20)
            }
            Self::Tiny => {
                prompt(out, "Hello")?;
                let lines = TITLES / 40;
                (0..lines).try_for_each(|line| {
                    writeln!(out, r#"{{"type":"ai-title","aiTitle":"{line}"}}"#)
                })
            }
            Self::Garbage => fill(out, 0, huge),
        }
    }
}

fn fill(out: &mut impl Write, byte: u8, mut len: usize) -> io::Result<()> {
    let chunk = [byte; 4096];
    while len > 0 {
        let now = len.min(chunk.len());
        out.write_all(&chunk[..now])?;
        len -= now;
    }
    Ok(())
}
