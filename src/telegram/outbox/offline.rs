//! A day without a network, in virtual time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    bridge::place::Place,
    telegram::{
        outbox::{
            budget::Pace,
            job::{Act, Job, SendOptions, Sent, Signal},
            schedule::{Next, Schedule},
        },
        refusal::Refusal,
        screen::Screen,
        text::Text,
    },
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
/// How long a call takes to fail, or to succeed.
const CALL: Duration = Duration::from_millis(300);

fn screen(text: &str) -> Screen {
    Screen { text: Text { text: text.into(), entities: Vec::new() }, keyboard: Vec::new() }
}

/// A day in which every place is told something each half an hour, and nothing goes out until it
/// is over; then on until all is out.
#[derive(Default)]
struct Day {
    told: BTreeMap<Place, Vec<String>>,
    arrived: BTreeMap<Place, Vec<String>>,
    tries: usize,
    waiting: Vec<Sent>,
}

impl Day {
    /// When all was out, counted from the return of the network.
    fn run(&mut self, places: &[Place]) -> Duration {
        let start = Instant::now();
        let (mut now, mut next_word, mut world) = (start, start, Schedule::new(Pace::default()));
        loop {
            if now >= next_word && now < start + DAY {
                self.tell(&mut world, places, now);
                next_word += 30 * MINUTE;
            }
            match world.next(now) {
                Next::Call(ticket, call) => {
                    now += CALL;
                    self.tries += 1;
                    let outcome = match &call.act {
                        _ if now < start + DAY => Err(Refusal::Unknown("offline".into())),
                        Act::Send(screen, _) => {
                            let here = self.arrived.entry(call.place).or_default();
                            here.push(screen.text.text.clone());
                            Ok(1)
                        }
                        Act::Probe => Ok(0),
                        _ => Ok(1),
                    };
                    world.finish(ticket, outcome, now);
                }
                Next::At(moment) if now < start + DAY => now = moment.min(next_word).max(now),
                Next::At(moment) => now = moment,
                Next::Nothing if now < start + DAY => now = next_word,
                Next::Nothing => return now - (start + DAY),
            }
        }
    }

    fn tell(&mut self, world: &mut Schedule, places: &[Place], now: Instant) {
        for place in places {
            let told = self.told.entry(*place).or_default();
            let text = told.len().to_string();
            let (job, sent) = Job::new(*place, Act::Send(screen(&text), SendOptions::default()));
            world.push(job, now);
            self.waiting.push(sent);
            told.push(text);
            // A picture that nobody waits for is not kept for the day.
            drop(Signal::repaint(*place, 1, screen("frame")));
        }
    }
}

#[test]
fn after_a_day_offline_all_arrives_in_order() {
    let places: Vec<Place> = (1..=6)
        .map(|chat| Place { chat, thread: None })
        .chain([5, 6].map(|thread| Place { chat: -1, thread: Some(thread) }))
        .collect();
    let mut day = Day::default();
    let after = day.run(&places);
    assert_eq!(day.told[&places[0]].len(), 48);
    assert_eq!(day.arrived, day.told, "each once, in order");
    assert!(day.waiting.iter_mut().all(|sent| sent.0.try_recv() == Ok(Ok(1))));
    // The group has 96 messages for its 20 a minute.
    assert!(after < 7 * MINUTE, "{after:?}");
    // At most a try in 15 s and chat, give or take.
    assert!(day.tries < 7 * 24 * 60 * 4, "{} tries", day.tries);
}
