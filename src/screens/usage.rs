//! What Claude used, in tokens and dollars.

use chrono::{DateTime, Days, Local, NaiveDate};

use crate::{
    claude::usage::{Sum, Usage, prices::AS_OF},
    screens::{
        Scene,
        chart::{DAYS, costs},
        screen, words,
    },
    telegram::{screen::Screen, text::Text},
};

/// Entries of a list.
const SHOWN: usize = 5;
/// Days of the bars.
const WEEK: u64 = 7;
/// Signs of the longest bar.
const BAR: f64 = 12.0;
/// Characters of a name.
const NAME: usize = 60;

/// How the last days are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// By a picture that follows.
    Picture,
    /// By bars of letters.
    Bars,
}

/// The day that it is where the person is.
pub fn today(scene: &Scene) -> NaiveDate {
    let now = DateTime::from_timestamp_millis(scene.now.cast_signed()).unwrap_or_default();
    now.with_timezone(&Local).date_naive()
}

/// What stands below the picture of the days.
pub fn caption(usage: &Usage, today: NaiveDate) -> Screen {
    let mut text = Text::default();
    text.push("What each of the last ").data(&DAYS.to_string()).push(" days cost, ");
    text.data(&dollars(since(usage, today, DAYS).cost)).push(" together.");
    screen(text, Vec::new())
}

/// The sums, the last days where no picture shows them, and what used most; `titles` are those of the
/// dearest sessions.
pub fn usage(scene: &Scene, usage: &Usage, titles: &[(String, Sum)], days: Shape) -> Screen {
    let mut text = Text::default();
    if usage.sessions.is_empty() {
        text.push("No message of Claude's stands in the transcripts yet.");
        return screen(text, Vec::new());
    }
    let today = today(scene);
    for (name, sum) in [
        ("Today", since(usage, today, 1)),
        ("7 days", since(usage, today, 7)),
        ("30 days", since(usage, today, 30)),
        ("In all", usage.total),
    ] {
        text.bold(name).push("  ").data(&figures(&sum)).push("\n");
    }
    let bars = if days == Shape::Picture { String::new() } else { bars(usage, today) };
    if !bars.is_empty() {
        text.push("\n").pre(&bars, None).push("\n");
    }
    text.append(list("Models", usage.models.iter().map(|(name, sum)| (name.clone(), *sum))));
    let projects = usage.projects.iter();
    text.append(list("Projects", projects.map(|(dir, sum)| (words::path(dir, &scene.home), *sum))));
    text.append(list("Sessions", titles.iter().cloned()));
    if !usage.unknown.is_empty() {
        let models: Vec<&str> = usage.unknown.iter().map(String::as_str).collect();
        text.push("\nNo price is known for ").code(&words::line(&models.join(", "), 200));
        text.push(": it costs nothing here.");
    }
    text.push("\nPrices of ").code(AS_OF).push(".");
    screen(text, Vec::new())
}

fn since(usage: &Usage, today: NaiveDate, days: u64) -> Sum {
    let first = today.checked_sub_days(Days::new(days - 1)).unwrap_or(today);
    let mut sum = Sum::default();
    for (_, day) in usage.days.range(first..) {
        sum += *day;
    }
    sum
}

fn dollars(cost: f64) -> String {
    if cost > 0.0 { words::dollars(cost) } else { "$0".to_owned() }
}

fn figures(sum: &Sum) -> String {
    let tokens = sum.tokens;
    let [read, written, cached] =
        [tokens.input + tokens.cache_creation, tokens.output, tokens.cache_read].map(words::tokens);
    format!("{} · {read} in · {written} out · {cached} cached", dollars(sum.cost))
}

/// What each of the last days cost.
fn bars(usage: &Usage, today: NaiveDate) -> String {
    let costs = costs(usage, today, WEEK);
    let most = costs.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
    if most == 0.0 {
        return String::new();
    }
    let line = |(day, cost): &(NaiveDate, f64)| {
        let bar = "█".repeat((cost / most * BAR).round() as usize);
        format!("{} {:>7} {bar}", day.format("%a"), dollars(*cost)).trim_end().to_owned()
    };
    costs.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn list(name: &'static str, all: impl Iterator<Item = (String, Sum)>) -> Text {
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| b.1.cost.total_cmp(&a.1.cost));
    let mut text = Text::plain("\n");
    text.bold(name).push("\n");
    for (name, sum) in all.iter().take(SHOWN) {
        text.data(&dollars(sum.cost)).push("  ").code(&words::line(name, NAME)).push("\n");
    }
    text
}
