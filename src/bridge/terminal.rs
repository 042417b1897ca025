//! What a turn has to do with a terminal on the laptop that has its session open.

/// A terminal that a prompt is for, or waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// It is to be ended as soon as it is idle, and the turn goes on in a run of ours.
    pub leaving: bool,
    /// The prompt lies in its inbox.
    pub sent: bool,
    /// What it waits for its person to do, in the CLI's words: `permission prompt`, ….
    pub waits: Option<String>,
}

/// What goes wrong with a prompt for a session that a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The terminal was closed while Claude worked there.
    Closed,
    /// It takes no messages.
    Deaf,
    /// It was told to end and did not.
    Stays,
    /// It is idle and does not take what was sent to it.
    Ignores,
}

/// What is to be done with a prompt whose session a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalRoute {
    /// It goes into the terminal.
    Send,
    /// The terminal is ended, and the prompt goes on in a process of ours.
    TakeOver(When),
}

/// When a terminal is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once; the turn it is in is lost.
    Now,
    /// When it does nothing.
    Idle,
}
