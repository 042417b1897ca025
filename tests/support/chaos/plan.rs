//! What happens in a chaos run, decided by its seed before it begins: what is said where, what
//! goes wrong, and at which event something is killed.

use std::env;

use segue::sandbox::{Stage, Trouble};

/// A sequence that its seed decides (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// From 0 to below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize].clone()
    }
}

/// The number in a variable of the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// When something is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// A Bot API call is under way: the one after so many others.
    Call { method: &'static str, skip: u32, stage: Stage },
    /// So many further records stand in transcripts.
    Record(usize),
    /// So many further prompts stand in the spool.
    Spooled(usize),
    /// A further CLI has begun.
    Begun,
    /// Everything is answered.
    Rest,
}

/// What is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Victim {
    Bot,
    /// The CLI of this number, counted around those that live; the bot, where none does.
    Claude(usize),
}

/// Something said, something that goes wrong, and a kill.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Number of the place, and the word that the script goes by.
    pub(crate) says: Vec<(usize, &'static str)>,
    pub(crate) troubles: Vec<(&'static str, Trouble)>,
    pub(crate) moment: Moment,
    pub(crate) victim: Victim,
}

/// The steps of a seed.
pub(crate) fn draw(seed: u64, kills: usize, places: usize) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    (0..kills).map(|_| step(&mut dice, places)).collect()
}

fn step(dice: &mut Dice, places: usize) -> Step {
    let words = ["quick", "slow", "work", "long"];
    let says = (0..=dice.roll(3))
        .map(|_| (dice.roll(places as u64) as usize, dice.pick(&words)))
        .collect();
    let troubles = (0..dice.roll(3)).map(|_| trouble(dice)).collect();
    let moment = moment(dice);
    let victim =
        if dice.roll(4) == 0 { Victim::Claude(dice.roll(4) as usize) } else { Victim::Bot };
    Step { says, troubles, moment, victim }
}

fn trouble(dice: &mut Dice) -> (&'static str, Trouble) {
    let what = match dice.roll(5) {
        0 => Trouble::Cut,
        1 => Trouble::Status { code: 502 },
        2 => Trouble::RetryAfter { seconds: 1 },
        _ => Trouble::Lose,
    };
    (dice.pick(&["sendMessage", "sendMessage", "editMessageText", "getUpdates"]), what)
}

fn moment(dice: &mut Dice) -> Moment {
    match dice.roll(8) {
        0 | 1 => Moment::Record(1 + dice.roll(12) as usize),
        2 => Moment::Spooled(1 + dice.roll(2) as usize),
        3 => Moment::Begun,
        4 if dice.roll(4) == 0 => Moment::Rest,
        _ => Moment::Call {
            method: dice.pick(&["sendMessage", "sendMessage", "editMessageText", "getUpdates"]),
            skip: dice.roll(4) as u32,
            stage: dice.pick(&[Stage::Asked, Stage::Done]),
        },
    }
}
