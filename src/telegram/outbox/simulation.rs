//! Hours of virtual time: the schedule against a Telegram that is strict to the call.
//!
//! What runs here is the schedule of the shipped outbox; only clock, network and Telegram are of
//! the test.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use crate::bridge::place::Place;
use crate::telegram::outbox::budget::Pace;
use crate::telegram::outbox::job::{
    Act, Call, Job, Repaint, RepaintOutcome, SendOptions, Sent, Signal, Sound, Typing,
};
use crate::telegram::outbox::schedule::{Next, Schedule, Ticket};
use crate::telegram::outgoing::{Content, OutgoingFile, SendAs};
use crate::telegram::refusal::Refusal;
use crate::telegram::screen::Screen;
use crate::telegram::text::Text;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// One answer in so many is a long one, of several messages.
const LONG: usize = 6;

/// Numbers that are the same in every run (splitmix64).
struct Rng(u64);

impl Rng {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.roll(to - from))
    }
}

/// What goes wrong by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NetworkState {
    Calm,
    /// Penalties out of the blue, requests and replies that get lost.
    Rough,
}

/// Telegram, counting every arrival.
struct Telegram {
    weather: NetworkState,
    arrivals: HashMap<i64, VecDeque<Instant>>,
    all: VecDeque<Instant>,
    penalties: HashMap<i64, Instant>,
    /// When the bot got to know of them.
    known: HashMap<i64, Instant>,
    /// Calls that came too fast, or during a penalty.
    violations: Vec<String>,
    /// Texts of new messages, per place.
    messages: HashMap<Place, Vec<String>>,
    /// Names of files.
    files: Vec<String>,
    /// Last texts, per message.
    shown: HashMap<(i64, i32), String>,
}

impl Telegram {
    fn new(weather: NetworkState) -> Self {
        Self {
            weather,
            arrivals: HashMap::new(),
            all: VecDeque::new(),
            penalties: HashMap::new(),
            known: HashMap::new(),
            violations: Vec::new(),
            messages: HashMap::new(),
            files: Vec::new(),
            shown: HashMap::new(),
        }
    }

    fn arrive(
        &mut self,
        (call, left): (&Call, Instant),
        now: Instant,
        dice: &mut Rng,
    ) -> Result<i32, Refusal> {
        let chat = call.place.chat;
        // What left before the penalty was known breaks no rule, and is told of it, too.
        if let Some(until) = self.penalties.get(&chat).filter(|until| now < **until)
            && self.known.get(&chat).is_none_or(|known| left < *known)
        {
            return Err(Refusal::RetryAfter(*until - now));
        }
        if let Some(broken) = self.broken_limit(chat, now) {
            self.violations.push(format!("{chat}: {broken}"));
            return Err(Refusal::RetryAfter(30 * SECOND));
        }
        let luck = if self.weather == NetworkState::Rough { dice.roll(200) } else { 200 };
        match luck {
            0 => {
                let pause = Duration::from_secs(5 + dice.roll(60));
                self.penalties.insert(chat, now + pause);
                self.known.remove(&chat);
                Err(Refusal::RetryAfter(pause))
            }
            1..=3 => Err(Refusal::Unknown("the request is lost".into())),
            4..=6 => self.take(call).and(Err(Refusal::Unknown("the reply is lost".into()))),
            _ => self.take(call),
        }
    }

    /// 30 a second over all, 20 a minute in a group, and in a private chat one a second with 3
    /// more at once, over any stretch of time.
    fn broken_limit(&mut self, chat: i64, now: Instant) -> Option<&'static str> {
        if self.penalties.get(&chat).is_some_and(|until| now < *until) {
            return Some("a call during a penalty");
        }
        let here = self.arrivals.entry(chat).or_default();
        for (arrivals, length) in [(&mut *here, 60 * SECOND), (&mut self.all, SECOND)] {
            arrivals.push_back(now);
            arrivals.retain(|arrival| *arrival + length > now);
        }
        let crowded = |(older, arrival): (usize, &Instant)| {
            let allowed = 3.0 + (now - *arrival).as_secs_f64();
            older as f64 + 1.0 > allowed
        };
        if self.all.len() > 30 {
            Some("more than 30 a second")
        } else if chat < 0 && here.len() > 20 {
            Some("more than 20 a minute")
        } else if chat > 0 && here.iter().rev().enumerate().any(crowded) {
            Some("more than one a second")
        } else {
            None
        }
    }

    fn take(&mut self, call: &Call) -> Result<i32, Refusal> {
        let chat = call.place.chat;
        match &call.act {
            Act::Send(screen, _) => {
                let id = self.shown.len() as i32 + 1;
                self.shown.insert((chat, id), screen.text.text.clone());
                let here = self.messages.entry(call.place).or_default();
                here.push(screen.text.text.clone());
                Ok(id)
            }
            Act::Edit(id, screen) => {
                let shown = self.shown.get_mut(&(chat, *id)).ok_or(Refusal::Gone)?;
                if *shown == screen.text.text {
                    return Err(Refusal::NotModified);
                }
                shown.clone_from(&screen.text.text);
                Ok(*id)
            }
            Act::File(file, _) => {
                self.files.push(file.name.clone());
                Ok(0)
            }
            _ => Ok(0),
        }
    }
}

/// A turn after the other in one place: a progress message, repainted as often as the outbox
/// lets it, then the answer, then the progress message reduced to a line.
struct Painter {
    place: Place,
    turns: usize,
    turn: SimulatedTurn,
    /// All that was sent, in order.
    sent: Vec<String>,
    /// Progress messages and what they are reduced to.
    reduced: Vec<(i32, String)>,
    /// Names of the files that were sent.
    files: Vec<String>,
    frames: usize,
    last_frame: Instant,
    longest_still: Duration,
    slowest_answer: Duration,
}

enum SimulatedTurn {
    Resting { until: Instant },
    Starting(Sent),
    Painting { id: i32, until: Instant, painted: Repaint, typing: Option<Typing> },
    Answering { answer: Sent, since: Instant, line: Sent },
    Ending { line: Sent },
}

impl Painter {
    fn new(place: Place, begin: Instant) -> Self {
        Self {
            place,
            turns: 0,
            turn: SimulatedTurn::Resting { until: begin },
            sent: Vec::new(),
            reduced: Vec::new(),
            files: Vec::new(),
            frames: 0,
            last_frame: begin,
            longest_still: Duration::ZERO,
            slowest_answer: Duration::ZERO,
        }
    }

    /// Moves on as far as it can; returns when to be asked again, if not for a reply.
    fn act(&mut self, world: &mut Schedule, now: Instant, last: Instant) -> Option<Instant> {
        loop {
            match &mut self.turn {
                SimulatedTurn::Resting { until } => {
                    if now < *until || now > last {
                        return (now <= last).then_some(*until);
                    }
                    self.turns += 1;
                    let progress = self.send(format!("progress {}", self.turns), world, now);
                    self.turn = SimulatedTurn::Starting(progress);
                }
                SimulatedTurn::Starting(sent) => {
                    let id = sent.0.try_recv().ok()?.expect("sent");
                    self.last_frame = now;
                    let until = now + 45 * SECOND;
                    let painted = self.frame(id, world, now);
                    let (signal, typing) = Signal::typing(self.place, now);
                    world.signal(signal, now);
                    self.turn =
                        SimulatedTurn::Painting { id, until, painted, typing: Some(typing) };
                }
                SimulatedTurn::Painting { id, until, painted, typing } => {
                    let (id, end) = (*id, *until);
                    if now >= end {
                        self.finish(id, world, now);
                        continue;
                    }
                    match painted.0.try_recv() {
                        Ok(RepaintOutcome::Shown) => {
                            self.longest_still = self.longest_still.max(now - self.last_frame);
                            self.last_frame = now;
                        }
                        Ok(other) => panic!("{other:?}"),
                        Err(_) => return Some(end),
                    }
                    let typing = typing.take();
                    let painted = self.frame(id, world, now);
                    self.turn = SimulatedTurn::Painting { id, until: end, painted, typing };
                }
                SimulatedTurn::Answering { answer, since, .. } => {
                    answer.0.try_recv().ok()?.expect("sent");
                    self.slowest_answer = self.slowest_answer.max(now - *since);
                    let SimulatedTurn::Answering { line, .. } =
                        std::mem::replace(&mut self.turn, SimulatedTurn::Resting { until: now })
                    else {
                        return None;
                    };
                    self.turn = SimulatedTurn::Ending { line };
                }
                SimulatedTurn::Ending { line } => {
                    line.0.try_recv().ok()?.expect("edited");
                    self.turn = SimulatedTurn::Resting { until: now + 10 * SECOND };
                }
            }
        }
    }

    fn finish(&mut self, id: i32, world: &mut Schedule, now: Instant) {
        let answer = self.send(format!("answer {}", self.turns), world, now);
        let more = if self.turns.is_multiple_of(LONG) { 5 } else { 0 };
        if self.turns % LONG == 1 {
            self.send_file(world, now);
        }
        for part in 0..more {
            self.send(format!("answer {}, part {part}", self.turns), world, now);
        }
        let done = format!("done {}", self.turns);
        let (job, line) = Job::new(self.place, Act::Edit(id, screen(&done)));
        world.push(job, now);
        self.reduced.push((id, done));
        self.turn = SimulatedTurn::Answering { answer, since: now, line };
    }

    fn send(&mut self, text: String, world: &mut Schedule, now: Instant) -> Sent {
        let how = SendOptions { reply_to: None, sound: Sound::Silent };
        let (job, sent) = Job::new(self.place, Act::Send(screen(&text), how));
        world.push(job, now);
        self.sent.push(text);
        sent
    }

    fn send_file(&mut self, world: &mut Schedule, now: Instant) {
        let name = format!("{} file {}", self.place, self.turns);
        let (send_as, content) = (SendAs::Document, Content::bytes(*b"x"));
        let file = OutgoingFile { send_as, name: name.clone(), content, caption: screen("") };
        let (job, _) = Job::new(self.place, Act::File(file, SendOptions::default()));
        world.push(job, now);
        self.files.push(name);
    }

    fn frame(&mut self, id: i32, world: &mut Schedule, now: Instant) -> Repaint {
        self.frames += 1;
        let frame = screen(&format!("frame {}", self.frames));
        let (job, painted) = Signal::repaint(self.place, id, frame);
        world.signal(job, now);
        painted
    }
}

fn screen(text: &str) -> Screen {
    Screen { text: Text { text: text.into(), entities: Vec::new() }, keyboard: Vec::new() }
}

/// A call on its way.
struct InFlightCall {
    ticket: Ticket,
    call: Call,
    left: Instant,
    arrives: Instant,
    lands: Instant,
    outcome: Option<Result<i32, Refusal>>,
}

/// Runs all painters for an hour and then on until all that is durable is out.
fn simulate(weather: NetworkState) -> (Telegram, Vec<Painter>) {
    let start = Instant::now();
    let mut now = start;
    let mut dice = Rng(7);
    let mut telegram = Telegram::new(weather);
    let mut world = Schedule::new(Pace::default());
    let mut painters = painters(start, &mut dice);
    let mut away: Vec<InFlightCall> = Vec::new();
    loop {
        let mut wakes = Vec::new();
        for painter in &mut painters {
            wakes.extend(painter.act(&mut world, now, start + HOUR));
        }
        loop {
            match world.next(now) {
                Next::Call(ticket, call) => {
                    let slow = matches!(call.act, Act::File(..));
                    let arrives = now + dice.millis(10, if slow { 30_000 } else { 200 });
                    let lands = arrives + dice.millis(10, if slow { 5_000 } else { 200 });
                    away.push(InFlightCall {
                        ticket,
                        call,
                        left: now,
                        arrives,
                        lands,
                        outcome: None,
                    });
                }
                Next::At(moment) => break wakes.push(moment),
                Next::Nothing => break,
            }
        }
        wakes.extend(away.iter().map(|away| match away.outcome {
            None => away.arrives,
            Some(_) => away.lands,
        }));
        let resting =
            painters.iter().all(|painter| matches!(painter.turn, SimulatedTurn::Resting { .. }));
        if now > start + HOUR && resting && away.is_empty() && !world.owes() {
            return (telegram, painters);
        }
        now = now.max(wakes.into_iter().min().expect("something is to come"));
        assert!(now < start + 3 * HOUR, "it never ends");
        for flying in away.iter_mut().filter(|away| away.outcome.is_none()) {
            if flying.arrives <= now {
                flying.outcome = Some(telegram.arrive((&flying.call, flying.left), now, &mut dice));
            }
        }
        for index in (0..away.len()).rev() {
            if away[index].outcome.is_some() && away[index].lands <= now {
                let InFlightCall { ticket, call, outcome, .. } = away.swap_remove(index);
                let outcome = outcome.expect("it arrived");
                if matches!(outcome, Err(Refusal::RetryAfter(_))) {
                    telegram.known.entry(call.place.chat).or_insert(now);
                }
                world.finish(ticket, outcome, now);
            }
        }
    }
}

/// 20 chats: 12 private and 8 groups, of which two have two topics, half a turn apart.
fn painters(start: Instant, dice: &mut Rng) -> Vec<Painter> {
    let mut painters = Vec::new();
    for number in 1..=20_i64 {
        let chat = if number <= 12 { number } else { -number };
        let begin = start + dice.millis(0, 5000);
        let threads: &[Option<i32>] = if number > 18 { &[Some(5), Some(6)] } else { &[None] };
        for (index, thread) in threads.iter().enumerate() {
            let place = Place { chat, thread: *thread };
            painters.push(Painter::new(place, begin + index as u32 * 28 * SECOND));
        }
    }
    painters
}

/// Each durable message is there, in order; where a reply was lost, possibly twice in a row.
fn check_nothing_lost(telegram: &Telegram, painters: &[Painter]) {
    let mut files = telegram.files.clone();
    files.sort_unstable();
    files.dedup();
    let sent = painters.iter().flat_map(|painter| painter.files.clone());
    assert_eq!(files.into_iter().collect::<HashSet<_>>(), sent.collect(), "files");
    let places: HashSet<_> = painters.iter().map(|painter| painter.place).collect();
    assert_eq!(places.len(), 22);
    for painter in painters {
        let mut texts = telegram.messages[&painter.place].clone();
        texts.dedup();
        assert_eq!(texts, painter.sent, "{}", painter.place);
        for (id, line) in &painter.reduced {
            assert_eq!(&telegram.shown[&(painter.place.chat, *id)], line, "{}", painter.place);
        }
    }
}

/// How long a picture may stand still while its turn runs, and how long an answer may take. In
/// private chats there is a call a second; in groups one each 3.3 s and the time of the calls;
/// a topic takes turns with the other one, whose long answer comes to seven calls. A file is one
/// call more.
fn limits(place: Place) -> (Duration, Duration) {
    match place {
        Place { chat: 1.., .. } => (3 * SECOND, 3 * SECOND),
        Place { thread: None, .. } => (7 * SECOND, 5 * SECOND),
        Place { thread: Some(_), .. } => (35 * SECOND, 8 * SECOND),
    }
}

#[test]
fn an_hour_of_twenty_streams_earns_no_penalty() {
    let (telegram, painters) = simulate(NetworkState::Calm);
    assert_eq!(telegram.violations, Vec::<String>::new());
    check_nothing_lost(&telegram, &painters);
    for painter in &painters {
        let place = painter.place;
        assert!(painter.turns > 55, "{place}: {} turns", painter.turns);
        let (still, answer) = limits(place);
        assert!(painter.longest_still < still, "{place}: {:?}", painter.longest_still);
        assert!(painter.slowest_answer < answer, "{place}: {:?}", painter.slowest_answer);
    }
}

#[test]
fn nothing_is_lost_through_penalties_and_lost_replies() {
    let (telegram, painters) = simulate(NetworkState::Rough);
    assert_eq!(telegram.violations, Vec::<String>::new());
    check_nothing_lost(&telegram, &painters);
    for painter in &painters {
        let Painter { place, turns, frames, .. } = painter;
        assert!(*turns > 50 && *frames > 250, "{place}: {turns} turns, {frames} frames");
    }
}
