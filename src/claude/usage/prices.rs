//! What tokens cost, by model.
//!
//! The table is the one that the CLI itself reckons with, of the day below; a model that is not in it
//! has no price, and is said rather than guessed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Tokens;

/// The day of the table: that of Claude Code 2.1.332.
pub const AS_OF: &str = "2026-11-24";

/// US dollars for one search of the web by the API.
const WEB_SEARCH: f64 = 0.01;

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Read, neither from nor to the cache.
    pub input: f64,
    /// Written by the model.
    pub output: f64,
    /// Put into the cache for five minutes.
    pub cache_write: f64,
    /// Put into the cache for an hour.
    pub cache_write_1h: f64,
    /// Read from the cache.
    pub cache_read: f64,
}

/// A model's price, and another one for long prompts, of more than so many tokens.
type Entry = (Price, Option<(u64, Price)>);

/// Prices by the model's name, without date and provider.
#[derive(Clone, Debug)]
pub struct Prices(BTreeMap<String, Entry>);

/// Names, price, and tokens and price of a long prompt. Writing to the cache costs 1.25 times the input
/// for five minutes, and twice for an hour.
#[rustfmt::skip]
const TABLE: [(&[&str], [f64; 3]); 12] = [
    (&["claude-opus-4-5", "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5"], [5.0, 25.0, 0.5]),
    (&["claude-opus-5-5"], [4.0, 20.0, 0.2]),
    (&["claude-opus-4", "claude-opus-4-0", "claude-opus-4-1", "claude-3-opus"], [15.0, 75.0, 1.5]),
    (&["claude-3-5-sonnet", "claude-3-7-sonnet", "claude-sonnet-4", "claude-sonnet-4-0", "claude-sonnet-4-5", "claude-sonnet-4-6"], [3.0, 15.0, 0.3]),
    (&["claude-sonnet-5"], [2.0, 10.0, 0.2]),
    (&["claude-sonnet-5-5"], [2.0, 10.0, 0.1]),
    (&["claude-fable-5", "claude-mythos-5"], [10.0, 50.0, 1.0]),
    (&["claude-fable-5-1", "claude-mythos-5-1"], [10.0, 50.0, 0.25]),
    (&["claude-fable-5-2", "claude-mythos-5-2"], [8.0, 40.0, 0.2]),
    (&["claude-3-5-haiku"], [0.8, 4.0, 0.08]),
    (&["claude-haiku-4-5"], [1.0, 5.0, 0.1]),
    (&["claude-haiku-5-5"], [0.1, 0.5, 0.01]),
];

/// The one model whose long prompts cost more: from so many tokens on.
const LONG: (&str, u64, [f64; 3]) = ("claude-haiku-5-5", 100_000, [0.5, 2.5, 0.05]);

impl Default for Prices {
    fn default() -> Self {
        let price = |[input, output, cache_read]: [f64; 3]| Price {
            input,
            output,
            cache_write: input * 1.25,
            cache_write_1h: input * 2.0,
            cache_read,
        };
        let each = TABLE.into_iter().flat_map(|(names, rates)| {
            names.iter().map(move |name| {
                let (long, above, rates_above) = LONG;
                let long = (*name == long).then(|| (above, price(rates_above)));
                ((*name).to_owned(), (price(rates), long))
            })
        });
        Self(each.collect())
    }
}

impl Prices {
    /// Puts other prices in the place of those of the table, or beside them.
    pub fn set(&mut self, prices: impl IntoIterator<Item = (String, Price)>) {
        self.0.extend(
            prices.into_iter().map(|(model, price)| (named(&model).to_owned(), (price, None))),
        );
    }

    /// US dollars for one message; `None` for a model without a price.
    pub fn cost(&self, model: &str, tokens: Tokens) -> Option<f64> {
        let (price, long) = self.0.get(named(model))?;
        let read = tokens.input + tokens.cache_creation + tokens.cache_read;
        let price =
            long.as_ref().filter(|(above, _)| read > *above).map_or(price, |(_, long)| long);
        let five_minutes = tokens.cache_creation.saturating_sub(tokens.cache_creation_1h);
        let million = [
            (tokens.input, price.input),
            (tokens.output, price.output),
            (five_minutes, price.cache_write),
            (tokens.cache_creation_1h, price.cache_write_1h),
            (tokens.cache_read, price.cache_read),
        ];
        let dollars: f64 = million.iter().map(|(count, price)| *count as f64 * price).sum();
        Some(dollars / 1e6 + tokens.web_searches as f64 * WEB_SEARCH)
    }
}

/// A model's name without what providers put around it: `us.anthropic.claude-opus-4-5-20251101-v1:0`
/// and `claude-opus-4-5@20251101` are `claude-opus-4-5`.
fn named(model: &str) -> &str {
    let model = model.find("claude-").map_or(model, |at| &model[at..]);
    let model = model.split(['@', '[', ':']).next().unwrap_or(model);
    let without = |model: &'_ str, is_end: fn(&str) -> bool| match model.rsplit_once('-') {
        Some((before, end)) if is_end(end) => before.len(),
        _ => model.len(),
    };
    let version = |end: &str| end.len() > 1 && end.starts_with('v') && is_number(&end[1..]);
    let model = &model[..without(model, version)];
    let date = |end: &str| (end.len() == 8 && is_number(end)) || end == "latest";
    &model[..without(model, date)]
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_whoever_provides_them() {
        for (model, name) in [
            ("claude-opus-4-5-20251101", "claude-opus-4-5"),
            ("us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
            ("us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"),
            ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5"),
            ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
            ("anthropic/claude-fable-5", "claude-fable-5"),
            ("gpt-9", "gpt-9"),
        ] {
            assert_eq!(named(model), name, "{model}");
        }
    }

    #[test]
    fn tokens_cost_what_the_table_says() {
        let tokens = Tokens {
            input: 1_000_000,
            output: 2_000_000,
            cache_creation: 3_000_000,
            cache_creation_1h: 1_000_000,
            cache_read: 4_000_000,
            web_searches: 3,
        };
        let mut prices = Prices::default();
        let cost = |prices: &Prices, model| prices.cost(model, tokens);
        // 5 + 2×25 + 2×6.25 + 10 + 4×0.5, and the searches.
        assert_eq!(cost(&prices, "claude-opus-4-5-20251101"), Some(79.53));
        assert_eq!(cost(&prices, "claude-tomorrow"), None);
        let short = Tokens { input: 100_000, ..Tokens::default() };
        assert_eq!(prices.cost("claude-haiku-5-5", short), Some(0.01));
        let long = Tokens { input: 100_001, ..Tokens::default() };
        assert!(prices.cost("claude-haiku-5-5", long).unwrap() > 0.05);
        let own = Price {
            input: 1.0,
            output: 0.0,
            cache_write: 0.0,
            cache_write_1h: 0.0,
            cache_read: 0.0,
        };
        prices.set([("claude-tomorrow".to_owned(), own), ("claude-opus-4-5".to_owned(), own)]);
        assert_eq!(cost(&prices, "claude-tomorrow-20270101"), Some(1.03));
        assert_eq!(cost(&prices, "claude-opus-4-5"), Some(1.03));
    }
}
