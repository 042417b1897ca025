//! Which call goes next, over all chats. Pure: the time is an argument.
//!
//! Knows the chats that have something to send or a budget that is not whole; all others are
//! forgotten, so at rest it holds nothing but who moved and who blocked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use tracing::{info, warn};

use crate::telegram::outbox::budget::{Pace, Window};
use crate::telegram::outbox::chat::{After, Chat, Class};
use crate::telegram::outbox::job::{Call, Durable, Fleeting};
use crate::telegram::refusal::Refusal;

/// The part of the overall budget that is kept for what must be sent: without it, answers wait
/// while many chats stream.
const KEPT: usize = 5;

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Make this call and report it with [`Schedule::finish`].
    Call(Call),
    /// Ask again at this moment.
    At(Instant),
    /// Ask again when something was pushed or finished.
    Nothing,
}

/// All chats.
pub(super) struct Schedule {
    pace: Pace,
    chats: BTreeMap<i64, Chat>,
    window: Window,
    /// Groups that became supergroups.
    moved: HashMap<i64, i64>,
    /// Chats that took nothing the last time.
    blocked: HashSet<i64>,
    /// Whether the last call found no answer.
    offline: bool,
}

impl Schedule {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            chats: BTreeMap::new(),
            window: Window::default(),
            moved: HashMap::new(),
            blocked: HashSet::new(),
            offline: false,
        }
    }

    /// Queues what must happen.
    pub(super) fn push_durable(&mut self, mut job: Durable, now: Instant) {
        job.call.place.chat = self.current(job.call.place.chat);
        self.chat(job.call.place.chat, now).push_durable(job);
    }

    /// Queues what something newer may replace.
    pub(super) fn push_fleeting(&mut self, mut job: Fleeting, now: Instant) {
        job.call.place.chat = self.current(job.call.place.chat);
        self.chat(job.call.place.chat, now).push_fleeting(job);
    }

    /// The id that a chat has now.
    fn current(&self, chat: i64) -> i64 {
        self.moved.get(&chat).copied().unwrap_or(chat)
    }

    fn chat(&mut self, id: i64, now: Instant) -> &mut Chat {
        let rate = self.pace.of(id);
        self.chats.entry(id).or_insert_with(|| Chat::new(rate, now))
    }

    /// Picks the call that has been allowed to go for the longest time, durable ones first.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        self.chats.retain(|_, chat| chat.forgotten_at().is_none_or(|at| at > now));
        let window = &self.window;
        let room = |class| match class {
            Class::Durable => window.below_at(self.pace.overall, now),
            Class::Fleeting => window.below_at(self.pace.overall.saturating_sub(KEPT).max(1), now),
        };
        let mut first: Option<(Class, Instant, i64)> = None;
        let mut wake: Option<Instant> = None;
        for (id, chat) in &mut self.chats {
            let at = match chat.next(now) {
                Some((class, ready)) => {
                    let Some(at) = room(class).map(|room| room.max(ready)) else { continue };
                    if at <= now {
                        let this = (class, ready, *id);
                        first = Some(first.map_or(this, |first| first.min(this)));
                    }
                    Some(at)
                }
                None => chat.forgotten_at(),
            };
            wake = wake.into_iter().chain(at).min();
        }
        let call = first.and_then(|(class, _, id)| self.chats.get_mut(&id)?.start(class, now));
        if let Some(call) = call {
            self.window.leave();
            return Next::Call(call);
        }
        wake.map_or(Next::Nothing, Next::At)
    }

    /// Takes note of what became of a call to `chat`.
    pub(super) fn finish(&mut self, chat: i64, outcome: Result<i32, Refusal>, now: Instant) {
        self.window.land(now);
        self.log(chat, &outcome);
        let after = self.chats.get_mut(&chat).map(|state| state.finish(outcome, now));
        if let Some(After::Moved(new)) = after
            && new != chat
            && let Some(old) = self.chats.remove(&chat)
        {
            info!(chat, new, "a group became a supergroup");
            self.moved.insert(chat, new);
            self.chat(new, now).adopt(old, new);
        }
    }

    /// Of trouble, one line when it begins and one when it is over, however many calls it takes.
    fn log(&mut self, chat: i64, outcome: &Result<i32, Refusal>) {
        match outcome {
            Err(refusal @ Refusal::Unknown(_)) => {
                if !self.offline {
                    warn!("sending fails, trying again: {refusal}");
                }
                self.offline = true;
                return;
            }
            Err(Refusal::Blocked(text)) => {
                if self.blocked.insert(chat) {
                    warn!(chat, "a chat takes no messages: {text}");
                }
            }
            Err(Refusal::RetryAfter(pause)) => {
                warn!(chat, seconds = pause.as_secs(), "Telegram asks a chat to wait");
            }
            Ok(_) => {
                self.blocked.remove(&chat);
            }
            Err(_) => {}
        }
        if self.offline {
            info!("sending works again");
        }
        self.offline = false;
    }

    /// Whether something durable waits or is on its way.
    pub(super) fn owes(&self) -> bool {
        self.chats.values().any(Chat::owes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bridge::place::Place;
    use crate::telegram::outbox::job::{
        Act, Repaint, RepaintOutcome, SendError, SendOptions, Sent,
    };
    use crate::telegram::screen::Screen;
    use crate::telegram::text::Text;

    const HERE: Place = Place { chat: 9, thread: None };
    const THERE: Place = Place { chat: 8, thread: None };
    const GROUP: Place = Place { chat: -5, thread: None };
    const TOPIC: Place = Place { chat: -5, thread: Some(7) };
    const SECOND: Duration = Duration::from_secs(1);

    /// A schedule with a clock that the test turns.
    struct Bench {
        schedule: Schedule,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self { schedule: Schedule::new(Pace::default()), now: Instant::now() }
        }

        fn send(&mut self, place: Place, text: &str) -> Sent {
            self.durable(place, Act::Send(screen(text), SendOptions::default()))
        }

        fn edit(&mut self, place: Place, id: i32, text: &str) -> Sent {
            self.durable(place, Act::Edit(id, screen(text)))
        }

        fn durable(&mut self, place: Place, act: Act) -> Sent {
            let (job, sent) = Durable::new(place, act);
            self.schedule.push_durable(job, self.now);
            sent
        }

        fn repaint(&mut self, place: Place, id: i32, text: &str) -> Repaint {
            let (job, painted) = Fleeting::repaint(place, id, screen(text));
            self.schedule.push_fleeting(job, self.now);
            painted
        }

        /// Turns the clock until a call goes, for at most `limit`; tells it as “place text”.
        fn call_within(&mut self, limit: Duration) -> Option<Call> {
            let end = self.now + limit;
            loop {
                match self.schedule.next(self.now) {
                    Next::Call(call) => return Some(call),
                    Next::At(moment) if moment <= end => self.now = moment,
                    Next::At(_) | Next::Nothing => return None,
                }
            }
        }

        /// Makes the next call of the next minutes and answers it.
        fn pass(&mut self, outcome: Result<i32, Refusal>) -> String {
            let call = self.call_within(300 * SECOND).expect("a call");
            self.schedule.finish(call.place.chat, outcome, self.now);
            told(&call)
        }

        fn is_at_rest(&mut self) -> bool {
            let none = self.call_within(3600 * SECOND).is_none();
            none && self.schedule.chats.is_empty()
        }
    }

    fn screen(text: &str) -> Screen {
        Screen { text: Text { text: text.into(), entities: Vec::new() }, keyboard: Vec::new() }
    }

    fn told(call: &Call) -> String {
        let what = match &call.act {
            Act::Send(screen, _) => format!("send {}", screen.text.text),
            Act::File(file, _) => format!("file {}", file.name),
            Act::Edit(id, screen) => format!("edit {id} {}", screen.text.text),
            Act::Delete(id) => format!("delete {id}"),
        };
        format!("{}: {what}", call.place)
    }

    fn paint(painted: &mut Repaint) -> Option<RepaintOutcome> {
        painted.0.try_recv().ok()
    }

    #[test]
    fn durable_calls_keep_their_order_and_go_first() {
        let mut bench = Bench::new();
        let _painted = bench.repaint(HERE, 1, "frame");
        let mut sent = ["a", "b", "c", "d"].map(|text| bench.send(HERE, text));
        let told = [0; 5].map(|_| bench.pass(Ok(3)));
        assert_eq!(told, ["9: send a", "9: send b", "9: send c", "9: send d", "9: edit 1 frame"]);
        assert!(sent.iter_mut().all(|sent| sent.0.try_recv() == Ok(Ok(3))));
        assert!(bench.is_at_rest());
    }

    #[test]
    fn of_repaints_the_latest_goes_in_the_turn_of_the_first() {
        let mut bench = Bench::new();
        let mut old = bench.repaint(HERE, 1, "old");
        let _other = bench.repaint(HERE, 2, "other");
        let mut new = bench.repaint(HERE, 1, "new");
        assert_eq!(paint(&mut old), Some(RepaintOutcome::Dropped));
        assert_eq!([0; 2].map(|_| bench.pass(Ok(1))), ["9: edit 1 new", "9: edit 2 other"]);
        assert_eq!(paint(&mut new), Some(RepaintOutcome::Shown));
    }

    #[test]
    fn a_repaint_nobody_waits_for_is_not_sent() {
        let mut bench = Bench::new();
        drop(bench.repaint(HERE, 1, "frame"));
        assert!(bench.is_at_rest());
    }

    #[test]
    fn a_durable_edit_has_the_last_word() {
        let mut bench = Bench::new();
        let mut before = bench.repaint(HERE, 1, "before");
        let _last = bench.edit(HERE, 1, "last");
        let mut after = bench.repaint(HERE, 1, "after");
        assert_eq!(paint(&mut before), Some(RepaintOutcome::Dropped));
        assert_eq!(paint(&mut after), Some(RepaintOutcome::Dropped));
        assert_eq!(bench.pass(Ok(1)), "9: edit 1 last");
        assert!(bench.is_at_rest());
    }

    #[test]
    fn a_repaint_that_failed_does_not_come_back_over_something_newer() {
        let unknown = || Err(Refusal::Unknown("cut".into()));
        let mut bench = Bench::new();
        let _painted = bench.repaint(HERE, 1, "a");
        assert_eq!(bench.pass(unknown()), "9: edit 1 a");
        assert_eq!(bench.pass(unknown()), "9: edit 1 a", "still wanted");
        let call = bench.call_within(60 * SECOND).expect("a call");
        let _last = bench.edit(HERE, 1, "last");
        bench.schedule.finish(call.place.chat, unknown(), bench.now);
        assert_eq!(bench.pass(Ok(1)), "9: edit 1 last");
        assert!(bench.is_at_rest());
    }

    #[test]
    fn a_penalty_pauses_its_chat_alone() {
        let mut bench = Bench::new();
        let start = bench.now;
        let mut sent = bench.send(HERE, "a");
        bench.pass(Err(Refusal::RetryAfter(60 * SECOND)));
        let _other = bench.send(THERE, "b");
        assert_eq!(bench.pass(Ok(1)), "8: send b");
        assert_eq!(bench.now, start);
        assert_eq!(bench.pass(Ok(5)), "9: send a");
        assert_eq!(bench.now, start + 60 * SECOND);
        assert_eq!(sent.0.try_recv(), Ok(Ok(5)));
    }

    #[test]
    fn after_a_penalty_repaints_are_slower_for_a_while() {
        let mut bench = Bench::new();
        let distance = |bench: &mut Bench| {
            let _first = bench.repaint(HERE, 1, "a");
            bench.pass(Ok(1));
            let last = bench.now;
            let _second = bench.repaint(HERE, 1, "b");
            bench.pass(Ok(1));
            bench.now - last
        };
        assert_eq!(distance(&mut bench), SECOND);
        let _painted = bench.repaint(HERE, 1, "c");
        bench.pass(Err(Refusal::RetryAfter(SECOND)));
        bench.pass(Ok(1));
        assert_eq!(distance(&mut bench), 2 * SECOND);
        bench.now += 150 * SECOND;
        assert_eq!(distance(&mut bench), SECOND);
    }

    #[test]
    fn a_blocked_chat_is_told_at_once_and_tried_again_later() {
        let mut bench = Bench::new();
        let mut sent = ["a", "b"].map(|text| bench.send(HERE, text));
        assert_eq!(bench.pass(Err(Refusal::Blocked("x".into()))), "9: send a");
        assert!(sent.iter_mut().all(|sent| sent.0.try_recv() == Ok(Err(SendError::Blocked))));
        let mut later = bench.send(HERE, "c");
        assert_eq!(bench.pass(Ok(4)), "9: send c");
        assert_eq!(later.0.try_recv(), Ok(Ok(4)));
    }

    #[test]
    fn a_moved_group_is_followed() {
        let mut bench = Bench::new();
        let mut sent = ["a", "b"].map(|text| bench.send(GROUP, text));
        let _painted = bench.repaint(GROUP, 1, "frame");
        assert_eq!(bench.pass(Err(Refusal::Migrated(-100))), "-5: send a");
        let _later = bench.send(GROUP, "c");
        let told = [0; 4].map(|_| bench.pass(Ok(2)));
        let all = ["-100: send a", "-100: send b", "-100: send c", "-100: edit 1 frame"];
        assert_eq!(told, all);
        assert!(sent.iter_mut().all(|sent| sent.0.try_recv() == Ok(Ok(2))));
        assert!(bench.is_at_rest());
    }

    #[test]
    fn a_gone_topic_is_said_once_in_its_chat() {
        let mut bench = Bench::new();
        let _sent = ["a", "b"].map(|text| bench.send(TOPIC, text));
        let gone = || Err(Refusal::ThreadGone);
        let told = [gone(), Ok(1), Ok(2), gone(), Ok(3)].map(|outcome| bench.pass(outcome));
        let word = "-5: send The topic is closed or deleted, so this comes here.";
        assert_eq!(told, ["-5/7: send a", word, "-5: send a", "-5/7: send b", "-5: send b"]);
    }

    #[test]
    fn edits_without_end_leave_room_for_an_answer() {
        for place in [HERE, GROUP] {
            let mut bench = Bench::new();
            for frame in 0..100 {
                let _painted = bench.repaint(place, 1, &frame.to_string());
                bench.pass(Ok(1));
            }
            let last = bench.now;
            let _sent = bench.send(place, "answer");
            bench.pass(Ok(2));
            assert_eq!(bench.now, last, "{place}");
        }
    }

    #[test]
    fn what_is_owed_is_known_until_it_is_out() {
        let mut bench = Bench::new();
        let _painted = bench.repaint(HERE, 1, "frame");
        assert!(!bench.schedule.owes());
        drop(bench.send(HERE, "a"));
        let call = bench.call_within(SECOND).expect("a call");
        assert!(bench.schedule.owes(), "on its way");
        bench.schedule.finish(call.place.chat, Ok(1), bench.now);
        assert!(!bench.schedule.owes());
    }
}
