//! Made-up transcripts in the CLI's own form, with the weight where real ones have it: most bytes
//! are tool output, written twice as the CLI does, and base64 images.

use std::{
    io::{self, Write},
    path::Path,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::dice::Dice;

/// Bytes of the longest line.
const LONGEST: usize = 8_000_000;
/// Bytes of tool output: half of the results are below, the mean is five times as much.
const OUTPUT: (f64, f64) = (1_000.0, 1.8);
/// Bytes of a base64 image, likewise.
const IMAGE: (f64, f64) = (180_000.0, 1.0);
/// Of a hundred tool results, how many are images.
const IMAGES: usize = 1;
/// Bytes of a piece of payload: no escape crosses its border.
const PIECE: usize = 80;
/// Bytes of prepared payload.
const POOL: usize = 9_000_000;
/// What the CLI writes beside a first prompt, and nobody has said: attachments by name, and records
/// of requests by type, with about as many bytes as seen on 2.1.332.
const ATTACHED: [(&str, usize); 7] = [
    ("environment", 1_400),
    ("model", 800),
    ("deferred_tools_delta", 1_300),
    ("agent_listing_delta", 3_800),
    ("skill_listing", 13_600),
    ("session_context", 400),
    ("prompt_snapshot", 7_500),
];
const REQUESTS: [(&str, usize); 4] = [
    ("api-request-shape", 38_500),
    ("api-request-blob", 800),
    ("api-request-blob", 9_600),
    ("api-request", 1_200),
];
/// The tools in full, behind the first answer.
const TOOLS: (&str, usize) = ("prompt_snapshot", 62_000);
/// Bytes that a session grows by in a second.
const PACE: u64 = 5_000;

/// Tool output as it stands in JSON, one piece each: code, logs, listings, documents. There is a quote
/// in 90 bytes, about as in source code; documents have fewer.
const LINES: [&str; 14] = [
    r"running 12 tests in 4 files, 0 ignored, 3 filtered out\n",
    r#"    let bed = beds.get(\"north\").unwrap_or(&fallback); // 12\n"#,
    r"2025-10-04T09:12:44Z  INFO watering bed=north litres=12 ok\n",
    r"drwxr-xr-x  4 ada ada    4096 Oct  4 09:12 garden/beds/north\n",
    r#"  \"name\": \"tulip\", \"bed\": \"north\", \"planted\": 20251004,\n"#,
    r"\u001b[32m+ planted tulips in the bed behind the house\u001b[0m\n",
    r"    at Garden.water (/home/ada/garden/src/water.ts:118:23)\n",
    r"The bed behind the house gets sun from nine to four; tulips\n",
    r"    for bed in garden.beds.iter().filter(|bed| bed.is_dry()) {\n",
    r"        bed.water(litres.min(tank.level()))?;\n",
    r"   118\u2192        return this.beds.map((bed) => bed.soil.moisture);\n",
    r#"   119\u2192    import { water } from \"./water\";\n"#,
    r"    }\n",
    r"src/garden/beds.rs:41:    pub fn plant(&mut self, bulbs: usize) -> Bed {\n",
];

/// Payload to cut tool output and images from.
static OUTPUTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut dice = Dice::new(1);
    let lines = std::iter::repeat_with(|| {
        let mut line = LINES[dice.below(LINES.len())].as_bytes().to_vec();
        let end = line.split_off(line.len() - 2);
        line.resize(PIECE - end.len(), b' ');
        line.extend(end);
        line
    });
    lines.take(POOL / PIECE).flatten().collect()
});
static BASE64: LazyLock<Vec<u8>> = LazyLock::new(|| {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut dice = Dice::new(2);
    std::iter::repeat_with(|| SIGNS[dice.below(SIGNS.len())]).take(POOL).collect()
});

/// How a session came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Typed at a terminal.
    Terminal,
    /// Begun by a program: the picker hides it.
    Program,
}

/// What a transcript is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plot<'p> {
    pub(crate) session: Uuid,
    pub(crate) directory: &'p Path,
    pub(crate) origin: Origin,
    /// When the last word in it was said.
    pub(crate) ended: SystemTime,
    /// Bytes.
    pub(crate) size: u64,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    /// Bytes of tool output and images.
    pub(crate) payload: u64,
    /// Bytes of the longest line.
    pub(crate) longest: u64,
}

/// One transcript being written.
pub(crate) struct Transcript<'p, W> {
    out: W,
    plot: Plot<'p>,
    dice: Dice,
    line: Vec<u8>,
    parent: Option<Uuid>,
    written: Written,
    /// Bytes that belong to no conversation, beyond [`Plot::size`].
    ballast: u64,
}

impl<'p, W: Write> Transcript<'p, W> {
    pub(crate) fn new(out: W, plot: Plot<'p>) -> Self {
        let dice = Dice::new(plot.session.as_u64_pair().0);
        Self {
            out,
            plot,
            dice,
            line: Vec::new(),
            parent: None,
            written: Written::default(),
            ballast: 0,
        }
    }

    /// Writes prompts and answers until it is as large as it shall be, then what the CLI writes last.
    pub(crate) fn fill(mut self) -> io::Result<Written> {
        let size = self.plot.size;
        // Where titles stand: anywhere, and not in every file.
        let by_model = self.dice.percent(70).then(|| (size as f64 * self.dice.unit()) as u64);
        let by_person = self.dice.percent(15).then(|| (size as f64 * self.dice.unit()) as u64);
        let mut titles =
            [("ai-title", "aiTitle", by_model), ("custom-title", "customTitle", by_person)];
        let mut prompt = self.prompt()?;
        self.surroundings()?;
        while self.written.bytes < size + self.ballast {
            for (kind, key, at) in &mut titles {
                if at.take_if(|at| *at <= self.said()).is_some() {
                    self.title(kind, key)?;
                }
            }
            if self.dice.percent(20) {
                self.says()?;
                prompt = self.prompt()?;
            }
            self.tool()?;
        }
        self.says()?;
        let leaf = self.parent.unwrap_or_default();
        let session = self.plot.session;
        write!(
            self.line,
            r#"{{"type":"last-prompt","lastPrompt":"{prompt}","leafUuid":"{leaf}","sessionId":"{session}"}}"#
        )?;
        self.end(0)?;
        self.out.flush()?;
        Ok(self.written)
    }

    fn prompt(&mut self) -> io::Result<String> {
        let number = self.dice.below(10_000);
        let prompt = format!("Please look at bed {number} and water it if the soil is dry");
        self.begin("user")?;
        write!(
            self.line,
            r#""promptSource":"typed","message":{{"role":"user","content":"{prompt}"}}}}"#
        )?;
        self.end(0)?;
        Ok(prompt)
    }

    /// The ballast of a young session, with the first answer in the middle of it.
    fn surroundings(&mut self) -> io::Result<()> {
        for (name, len) in ATTACHED {
            self.attachment(name, len)?;
        }
        for (kind, len) in REQUESTS {
            write!(self.line, r#"{{"type":"{kind}","sessionId":"{}","body":""#, self.plot.session)?;
            self.filler(len)?;
        }
        self.says()?;
        self.attachment(TOOLS.0, TOOLS.1)
    }

    fn attachment(&mut self, name: &str, len: usize) -> io::Result<()> {
        self.begin("attachment")?;
        write!(self.line, r#""attachment":{{"type":"{name}"}},"rendered":""#)?;
        self.filler(len)
    }

    /// Ends a record whose last field is a text of no importance.
    fn filler(&mut self, len: usize) -> io::Result<()> {
        let pieces = len / PIECE;
        let from = self.dice.below(OUTPUTS.len() / PIECE - pieces) * PIECE;
        self.line.extend_from_slice(&OUTPUTS[from..from + pieces * PIECE]);
        write!(self.line, r#""}}"#)?;
        self.ballast += self.line.len() as u64 + 1;
        self.end(0)
    }

    fn says(&mut self) -> io::Result<()> {
        let (words, id) = (LINES[7].repeat(2 + self.dice.below(12)), self.dice.roll());
        self.message(id)?;
        write!(self.line, r#"{{"type":"text","text":"{words}"}}]}}}}"#)?;
        self.end(0)
    }

    fn tool(&mut self) -> io::Result<()> {
        let id = self.dice.roll();
        self.message(id)?;
        write!(
            self.line,
            r#"{{"type":"tool_use","id":"toolu_{id:x}","name":"Bash","input":{{"command":"cat beds/north.txt","description":"Look at a bed"}}}}]}}}}"#
        )?;
        self.end(0)?;
        let room = self.remaining().max(PIECE as u64) as usize;
        self.begin("user")?;
        write!(
            self.line,
            r#""message":{{"role":"user","content":[{{"tool_use_id":"toolu_{id:x}","type":"tool_result","#
        )?;
        let payload =
            if self.dice.percent(IMAGES) { self.image(room)? } else { self.output(room)? };
        self.end(payload)
    }

    fn image(&mut self, room: usize) -> io::Result<usize> {
        let len = (self.dice.heavy(IMAGE.0, IMAGE.1) as usize).min(LONGEST).min(room);
        write!(
            self.line,
            r#""content":[{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":""#
        )?;
        let from = self.dice.below(BASE64.len() - len);
        self.line.extend_from_slice(&BASE64[from..from + len]);
        write!(self.line, r#""}}}}]}}]}},"toolUseResult":{{"type":"image"}}}}"#)?;
        Ok(len)
    }

    fn output(&mut self, room: usize) -> io::Result<usize> {
        let wanted = (self.dice.heavy(OUTPUT.0, OUTPUT.1) as usize).min(LONGEST / 2).min(room / 2);
        let pieces = (wanted / PIECE).max(1);
        let from = self.dice.below(OUTPUTS.len() / PIECE - pieces) * PIECE;
        let output = &OUTPUTS[from..from + pieces * PIECE];
        write!(self.line, r#""content":""#)?;
        self.line.extend_from_slice(output);
        write!(self.line, r#"","is_error":false}}]}},"toolUseResult":{{"stdout":""#)?;
        self.line.extend_from_slice(output);
        write!(self.line, r#"","stderr":"","interrupted":false,"isImage":false}}}}"#)?;
        Ok(2 * output.len())
    }

    fn title(&mut self, kind: &str, key: &str) -> io::Result<()> {
        let (number, session) = (self.dice.below(100_000), self.plot.session);
        write!(
            self.line,
            r#"{{"type":"{kind}","{key}":"Water bed {number}","sessionId":"{session}"}}"#
        )?;
        self.end(0)
    }

    /// The beginning of what Claude says, up to its first block.
    fn message(&mut self, id: u64) -> io::Result<()> {
        let read = self.dice.below(150_000);
        self.begin("assistant")?;
        write!(
            self.line,
            r#""requestId":"req_{id:x}","message":{{"model":"claude-opus-4-5","id":"msg_{id:x}","type":"message","role":"assistant","stop_reason":null,"usage":{{"input_tokens":4,"cache_creation_input_tokens":812,"cache_read_input_tokens":{read},"output_tokens":312}},"content":["#
        )
    }

    /// What every record of the conversation has.
    fn begin(&mut self, kind: &str) -> io::Result<()> {
        let uuid = self.dice.uuid();
        let parent = self.parent.replace(uuid);
        let parent = parent.map_or("null".to_owned(), |parent| format!("\"{parent}\""));
        let entrypoint = match self.plot.origin {
            Origin::Terminal => "cli",
            Origin::Program => "sdk-cli",
        };
        let at = self.plot.ended - Duration::from_secs(self.remaining() / PACE);
        let at = DateTime::<Utc>::from(at).format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let (session, directory) = (self.plot.session, self.plot.directory.display());
        write!(
            self.line,
            r#"{{"parentUuid":{parent},"isSidechain":false,"userType":"external","cwd":"{directory}","sessionId":"{session}","version":"2.1.328","gitBranch":"main","entrypoint":"{entrypoint}","type":"{kind}","uuid":"{uuid}","timestamp":"{at}","#
        )
    }

    /// Bytes without the ballast.
    fn said(&self) -> u64 {
        self.written.bytes.saturating_sub(self.ballast)
    }

    fn remaining(&self) -> u64 {
        self.plot.size.saturating_sub(self.said())
    }

    fn end(&mut self, payload: usize) -> io::Result<()> {
        self.line.push(b'\n');
        self.out.write_all(&self.line)?;
        let len = self.line.len() as u64;
        self.written.bytes += len;
        self.written.payload += payload as u64;
        self.written.longest = self.written.longest.max(len);
        self.line.clear();
        Ok(())
    }
}
