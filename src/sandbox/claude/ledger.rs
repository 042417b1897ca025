//! What a run has cost, in the forms in which the CLI tells it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::stock;

/// Dollars for a token that goes in, as for Opus.
const IN: f64 = 4e-6;
/// Dollars for a token that comes out.
const OUT: f64 = 20e-6;
/// Tokens that fit in the context of every model, where the script says nothing else.
const WINDOW: u64 = 1_000_000;

/// Tokens of one or more requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) output: u64,
}

impl Tokens {
    /// A guess from the length of the texts: four characters a token.
    pub(super) fn of(asked: &str, said: &str) -> Self {
        let count = |text: &str| (text.chars().count() as u64).div_ceil(4);
        Self { input: 100 + count(asked), output: count(said).max(1) }
    }

    pub(super) fn add(&mut self, more: Self) {
        self.input += more.input;
        self.output += more.output;
    }

    fn cost(self) -> f64 {
        self.input as f64 * IN + self.output as f64 * OUT
    }

    /// The `usage` of a finished message, turn or run.
    pub(super) fn usage(self) -> Value {
        let mut usage = stock::usage();
        usage["input_tokens"] = self.input.into();
        usage["output_tokens"] = self.output.into();
        usage
    }

    /// The `usage` of a message that has just begun.
    pub(super) fn begun(self) -> Value {
        json!({
            "input_tokens": self.input, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0, "output_tokens": 1,
        })
    }
}

/// Tokens by model.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    total: BTreeMap<String, Tokens>,
    since_result: BTreeMap<String, Tokens>,
    window: u64,
}

impl Ledger {
    /// Empty books; `window`: tokens that fit in the context.
    pub(super) fn new(window: Option<u64>) -> Self {
        let (total, since_result) = (BTreeMap::new(), BTreeMap::new());
        Self { total, since_result, window: window.unwrap_or(WINDOW) }
    }

    /// Enters a request.
    pub(super) fn enter(&mut self, model: &str, tokens: Tokens) {
        for book in [&mut self.total, &mut self.since_result] {
            book.entry(model.to_owned()).or_default().add(tokens);
        }
    }

    /// Dollars so far.
    pub(super) fn cost(&self) -> f64 {
        self.total.values().map(|tokens| tokens.cost()).sum()
    }

    /// The fields of a `result`; the next one counts from here.
    pub(super) fn close(&mut self) -> (Value, Value) {
        let since = std::mem::take(&mut self.since_result);
        (
            by_model(&self.total, Detail::Full(self.window)),
            by_model(&since, Detail::Full(self.window)),
        )
    }

    /// What every model was used for so far.
    pub(super) fn total(&self) -> Value {
        by_model(&self.total, Detail::Full(self.window))
    }

    /// The `modelUsage` of a `cost-state` record.
    pub(super) fn state(&self) -> Value {
        by_model(&self.total, Detail::Short)
    }
}

#[derive(Clone, Copy)]
enum Detail {
    /// With the size of the context window.
    Full(u64),
    Short,
}

fn by_model(book: &BTreeMap<String, Tokens>, detail: Detail) -> Value {
    let rows = book.iter().map(|(model, tokens)| {
        let mut row = json!({
            "inputTokens": tokens.input, "outputTokens": tokens.output, "thinkingTokens": 0,
            "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0,
            "cacheCreationEphemeral5mInputTokens": 0, "cacheCreationEphemeral1hInputTokens": 0,
            "webSearchRequests": 0, "costUSD": tokens.cost(),
        });
        if let Detail::Full(window) = detail {
            row["contextWindow"] = window.into();
            row["maxOutputTokens"] = 128_000.into();
            row["canonicalModel"] = model.as_str().into();
            row["provider"] = "firstParty".into();
            row["costBasis"] = "list".into();
        }
        (model.clone(), row)
    });
    Value::Object(rows.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::{Ledger, Tokens};

    #[test]
    fn a_result_counts_from_the_one_before() {
        let mut ledger = Ledger::new(None);
        let tokens = Tokens { input: 100, output: 20 };
        ledger.enter("opus", tokens);
        ledger.close();
        ledger.enter("opus", tokens);
        let (total, since) = ledger.close();
        assert_eq!(total["opus"]["inputTokens"], 200);
        assert_eq!(since["opus"]["inputTokens"], 100);
        assert!((ledger.cost() - 0.0016).abs() < 1e-9);
    }
}
