//! How much a place shows of what Claude does: `/verbose`.

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// The words of Claude, and one line of state.
    Words,
    /// Also what it does, a line each.
    #[default]
    Steps,
    /// Also the beginning of what each tool gave.
    Results,
}

impl Verbosity {
    /// All there are, the quietest first.
    pub const ALL: [Self; 3] = [Self::Words, Self::Steps, Self::Results];

    /// Its number, as it is written.
    pub fn level(self) -> u8 {
        match self {
            Self::Words => 0,
            Self::Steps => 1,
            Self::Results => 2,
        }
    }

    /// The one of a number.
    pub fn of(level: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|one| u64::from(one.level()) == level)
    }
}
