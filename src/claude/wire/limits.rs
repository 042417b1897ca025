//! How much of a plan is used, and what fills the context, as the CLI answers `get_usage` and
//! `get_context_usage`.

use chrono::DateTime;
use serde_json::Value;

/// The windows of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// `max`, `pro`, …, where the CLI says it.
    pub plan: Option<String>,
    /// In the CLI's order.
    pub windows: Vec<Window>,
}

/// One window of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// `five_hour`, `seven_day`, …, or the name of a model.
    pub name: String,
    /// How much of it is used, percent.
    pub percent: f64,
    /// When it resets, seconds since the Unix epoch.
    pub resets: Option<u64>,
}

impl Limits {
    /// Reads the answer to `get_usage`; `None` where no plan's limits apply, as with an API key.
    pub fn read(answer: &Value) -> Option<Self> {
        let all = answer["rate_limits"].as_object()?;
        let named = all.iter().filter(|(name, _)| *name != "extra_usage");
        let mut windows: Vec<_> = named.filter_map(|(name, value)| window(name, value)).collect();
        let scoped = all.get("model_scoped").and_then(Value::as_array);
        windows.extend(
            scoped.into_iter().flatten().filter_map(|value| {
                window(value["display_name"].as_str().unwrap_or_default(), value)
            }),
        );
        let plan = answer["subscription_type"].as_str().map(str::to_owned);
        Some(Self { plan, windows })
    }
}

fn window(name: &str, value: &Value) -> Option<Window> {
    let percent = value["utilization"].as_f64()?;
    let resets = value["resets_at"].as_str().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    let resets = resets.and_then(|at| u64::try_from(at.timestamp()).ok());
    Some(Window { name: name.to_owned(), percent, resets })
}

/// What fills the context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Tokens that are used.
    pub used: u64,
    /// Tokens that fit.
    pub size: u64,
    /// What they are used by, with their tokens, as the CLI names it; the most first.
    pub parts: Vec<(String, u64)>,
}

impl Context {
    /// Reads the answer to `get_context_usage`.
    pub fn read(answer: &Value) -> Option<Self> {
        let used = answer["totalTokens"].as_u64()?;
        let size = answer["maxTokens"].as_u64().filter(|size| *size > 0)?;
        let parts = answer["categories"].as_array().into_iter().flatten();
        let is_used = |part: &&Value| part["kind"].as_str().is_none_or(|kind| kind == "used");
        let read =
            |part: &Value| Some((part["name"].as_str()?.to_owned(), part["tokens"].as_u64()?));
        let mut parts: Vec<_> = parts.filter(is_used).filter_map(read).collect();
        parts.sort_by_key(|(_, tokens)| std::cmp::Reverse(*tokens));
        Some(Self { used, size, parts })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn windows_are_read_as_far_as_they_are_told() {
        let answer = json!({"subscription_type": "max", "rate_limits": {
            "five_hour": {"utilization": 81.5, "resets_at": "2026-05-04T09:12:33Z"},
            "seven_day": {"utilization": null, "resets_at": null},
            "seven_day_opus": null,
            "model_scoped": [{"display_name": "Fable", "utilization": 7, "resets_at": "soon"}],
            "extra_usage": {"is_enabled": true, "utilization": 3},
        }});
        let window =
            |name: &str, percent, resets| Window { name: name.to_owned(), percent, resets };
        let windows =
            vec![window("five_hour", 81.5, Some(1_777_885_953)), window("Fable", 7.0, None)];
        let expected = Limits { plan: Some("max".to_owned()), windows };
        assert_eq!(Limits::read(&answer), Some(expected));
        assert_eq!(Limits::read(&json!({"rate_limits": null})), None);
        assert_eq!(Limits::read(&Value::Null), None);
    }

    #[test]
    fn a_context_is_read_by_what_fills_it() {
        let answer = json!({"totalTokens": 14_854, "maxTokens": 1_000_000, "categories": [
            {"name": "Skills", "tokens": 2_067, "kind": "used"},
            {"name": "System tools", "tokens": 10_450, "kind": "used"},
            {"name": "Free space", "tokens": 952_146, "kind": "free"},
        ]});
        let parts = vec![("System tools".to_owned(), 10_450), ("Skills".to_owned(), 2_067)];
        let expected = Context { used: 14_854, size: 1_000_000, parts };
        assert_eq!(Context::read(&answer), Some(expected));
        assert_eq!(Context::read(&json!({"totalTokens": 5, "maxTokens": 0})), None);
    }
}
