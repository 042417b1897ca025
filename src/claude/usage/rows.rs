//! A part of a transcript into the tokens of each API message in it.
//!
//! A message has several records, each with the tokens so far: that with the most counts. Its
//! key is made of the API's ids of message and request, so that it is known again in a copy.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::PathBuf,
};

use chrono::{DateTime, Local, NaiveDate};
use memchr::memmem;

use super::Tokens;
use crate::claude::{
    catalog,
    corpus::Owner,
    json::{Raw, object},
    literals::SYNTHETIC,
    prefilter::{Buffers, Literal, Prefilter, tail},
    record::moment,
    sweep::{Part, Sweep},
};

/// Bytes at the end of a transcript in which the CLI's own costs stand, if they are of the end.
const TAIL: u64 = 64 << 10;

/// The tokens of one message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row {
    /// Number of the model among those of the part.
    pub(super) model: usize,
    /// When, milliseconds since the Unix epoch; 0 where it does not say.
    pub(super) at: u64,
    /// The local day of that.
    pub(super) day: NaiveDate,
    pub(super) tokens: Tokens,
}

/// What a part of a session tells.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) models: Vec<String>,
    /// By key.
    pub(super) known: HashMap<u64, Row>,
    /// Without a message id, which nothing is known again by.
    pub(super) nameless: Vec<Row>,
    pub(super) too_long: usize,
    /// Where the session began, from the first part.
    pub(super) project: Option<PathBuf>,
    /// US dollars as the CLI last wrote them, from the last part.
    pub(super) cli_cost: Option<f64>,
}

/// Reads them from a moment on, milliseconds since the Unix epoch.
pub(super) struct Reader {
    anchor: Literal,
    since: u64,
}

impl Reader {
    pub(super) fn new(since: u64) -> Self {
        // In text that holds JSON the quotes are escaped.
        Self { anchor: Literal::new("\"usage\""), since }
    }
}

impl Sweep for Reader {
    type Part = Rows;

    fn part(&self, part: &Part<'_>, buffers: &mut Buffers) -> io::Result<Rows> {
        let mut rows = Rows::default();
        let mut calendar = Calendar::default();
        let sieve = Prefilter { finder: &self.anchor, shared: part.shared };
        let too_long = sieve.lines(part.file, part.range.clone(), buffers, |_, line| {
            if let Some((key, model, at, tokens)) = read(line)
                && at >= self.since
            {
                let row = Row { model: rows.model(&model), at, day: calendar.day(at), tokens };
                rows.add(key, row);
            }
            part.is_wanted()
        })?;
        rows.too_long = too_long;
        if part.number == 0 && part.range.start == 0 {
            rows.project = catalog::began_in(part.file)?;
        }
        if part.of.owner == Owner::Session && part.range.end == part.of.size {
            rows.cli_cost = cost_state(&tail(part.file, part.of.size, TAIL)?);
        }
        Ok(rows)
    }
}

impl Rows {
    fn model(&mut self, model: &str) -> usize {
        self.models.iter().position(|known| known == model).unwrap_or_else(|| {
            self.models.push(model.to_owned());
            self.models.len() - 1
        })
    }

    fn add(&mut self, key: Option<u64>, row: Row) {
        match key {
            None => self.nameless.push(row),
            Some(key) => {
                let known = self.known.entry(key).or_insert(row);
                if row.tokens.count() > known.tokens.count() {
                    *known = row;
                }
            }
        }
    }

    /// What the parts of a session tell together.
    pub(super) fn of(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_default();
        for part in parts {
            let models: Vec<usize> = part.models.iter().map(|model| all.model(model)).collect();
            let renamed = |row: Row| Row { model: models[row.model], ..row };
            for (key, row) in part.known {
                all.add(Some(key), renamed(row));
            }
            all.nameless.extend(part.nameless.into_iter().map(renamed));
            all.too_long += part.too_long;
            all.project = all.project.take().or(part.project);
            all.cli_cost = part.cli_cost.or(all.cli_cost);
        }
        all
    }
}

/// Key, model, time and tokens of a record of Claude's; `None` for every other.
fn read(line: &[u8]) -> Option<(Option<u64>, String, u64, Tokens)> {
    let [kind, message, request, at] =
        Raw::new(object(line)).fields(["type", "message", "requestId", "timestamp"]);
    kind.and_then(Raw::string).filter(|kind| kind == "assistant")?;
    let [id, model, usage] = message?.fields(["id", "model", "usage"]);
    let model = model?.string().filter(|model| *model != SYNTHETIC)?.into_owned();
    let [input, output, creation, read, split, server] = usage?.fields([
        "input_tokens",
        "output_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "server_tool_use",
    ]);
    let number = |value: Option<Raw<'_>>| value.and_then(Raw::number).unwrap_or_default();
    let tokens = Tokens {
        input: number(input),
        output: number(output),
        cache_creation: number(creation),
        cache_creation_1h: number(split.and_then(|it| it.field("ephemeral_1h_input_tokens"))),
        cache_read: number(read),
        web_searches: number(server.and_then(|it| it.field("web_search_requests"))),
    };
    let id = id.and_then(Raw::string).filter(|id| !id.is_empty());
    let key = id.map(|id| {
        let mut hasher = DefaultHasher::new();
        (id, request.and_then(Raw::string)).hash(&mut hasher);
        hasher.finish()
    });
    Some((key, model, at.and_then(moment).unwrap_or_default(), tokens))
}

/// The last costs that the CLI wrote down in these lines.
fn cost_state(lines: &[u8]) -> Option<f64> {
    memmem::find(lines, b"cost-state")?;
    let lines = lines.rsplit(|byte| *byte == b'\n').map(Raw::new);
    let mut of_state = lines.filter(|line| {
        line.field("type").and_then(Raw::string).is_some_and(|kind| kind == "cost-state")
    });
    of_state.find_map(|line| line.field("totalCostUSD")?.number())
}

/// Times into local days; most follow another of the same day.
#[derive(Default)]
struct Calendar {
    /// A day and the times in it, milliseconds since the Unix epoch.
    last: Option<(NaiveDate, std::ops::Range<u64>)>,
}

impl Calendar {
    fn day(&mut self, at: u64) -> NaiveDate {
        const QUARTER: u64 = 15 * 60 * 1000;
        if let Some((day, times)) = &self.last
            && times.contains(&at)
        {
            return *day;
        }
        let time = DateTime::from_timestamp_millis(at.cast_signed()).unwrap_or_default();
        let day = time.with_timezone(&Local).date_naive();
        // Days begin, and clocks change, at a full quarter of an hour.
        let from = at / QUARTER * QUARTER;
        self.last = Some((day, from..from + QUARTER));
        day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cli_s_own_costs_are_the_last_ones() {
        let lines = b"{\"type\":\"cost-state\",\"totalCostUSD\":1}\n{\"type\": \"cost-state\", \"totalCostUSD\": 2.5}\n{\"type\":\"user\",\"x\":\"cost-state\"}\n";
        assert_eq!(cost_state(lines), Some(2.5));
        assert_eq!(cost_state(b"{\"type\":\"user\"}"), None);
    }

    #[test]
    fn a_day_is_the_local_one() {
        let mut calendar = Calendar::default();
        for at in [0, 1_777_885_953_456, 1_777_885_953_457, 1_777_972_353_000, 899_999, 900_000] {
            let time = DateTime::from_timestamp_millis(at).unwrap().with_timezone(&Local);
            assert_eq!(calendar.day(at.cast_unsigned()), time.date_naive(), "{at}");
        }
    }
}
