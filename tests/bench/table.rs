//! Measurements into a table for people and for the README.

use std::{fmt, time::Duration};

/// What was measured, in its unit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Amount {
    Time(Duration),
    /// KiB of memory.
    Memory(u64),
}

impl Amount {
    fn over(self, other: Self) -> f64 {
        match (self, other) {
            (Self::Time(mine), Self::Time(its)) => mine.as_secs_f64() / its.as_secs_f64(),
            (Self::Memory(mine), Self::Memory(its)) => mine as f64 / its as f64,
            _ => f64::NAN,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(kib) => write!(f, "{:.1} MB", *kib as f64 * 1024.0 / 1e6),
            Self::Time(time) => {
                let millis = time.as_secs_f64() * 1e3;
                let digits = if millis < 1.0 { 3 } else { usize::from(millis < 100.0) };
                write!(f, "{millis:.digits$} ms")
            }
        }
    }
}

/// What we want of a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// At most so much.
    AtMost(Amount),
    /// At most so many times the floor.
    Times(f64),
    /// At least so many times faster than the floor, which is somebody else's.
    Faster(f64),
    /// None: it is said for comparison.
    None,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) measured: Amount,
    /// What it is compared with.
    pub(crate) floor: Option<(&'static str, Amount)>,
    /// Measured over floor, in the rounds that they took turns in; none: computed from both.
    pub(crate) ratio: Option<f64>,
    pub(crate) goal: Goal,
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.ratio.or_else(|| self.floor.map(|(_, floor)| self.measured.over(floor)))
    }

    fn is_met(&self) -> Option<bool> {
        match self.goal {
            Goal::AtMost(most) => Some(self.measured.over(most) <= 1.0),
            Goal::Times(most) => self.ratio().map(|ratio| ratio <= most),
            Goal::Faster(least) => self.ratio().map(|ratio| 1.0 / ratio >= least),
            Goal::None => None,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dash = || "–".to_owned();
        let floor = self.floor.map_or_else(dash, |(name, floor)| format!("{floor} ({name})"));
        let ratio = match (self.goal, self.ratio()) {
            (_, None) => dash(),
            (Goal::Faster(_), Some(ratio)) => format!("{:.0} × faster", 1.0 / ratio),
            (_, Some(ratio)) => format!("{ratio:.2} ×"),
        };
        let goal = match self.goal {
            Goal::AtMost(most) => format!("≤ {most}"),
            Goal::Times(most) => format!("≤ {most} ×"),
            Goal::Faster(least) => format!("≥ {least} × faster"),
            Goal::None => dash(),
        };
        let met = self.is_met().map_or("–", |met| if met { "yes" } else { "**no**" });
        write!(f, "| {} | {} | {floor} | {ratio} | {goal} | {met} |", self.what, self.measured)
    }
}

/// What stands above the rows.
pub(crate) const HEAD: &str =
    "| What | Measured | Floor | Ratio | Goal | Met |\n|---|---|---|---|---|---|";
