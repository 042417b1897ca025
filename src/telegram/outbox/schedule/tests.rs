//! The schedule with a clock that the test turns.

use std::time::Duration;

use super::*;
use crate::bridge::place::Place;
use crate::telegram::outbox::job::{
    Act, Reacted, Reaction, Repaint, SendError, SendOptions, Sent, Typing,
};
use crate::telegram::outgoing::{Content, OutgoingFile, SendAs};
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
        let (job, sent) = Job::new(place, act);
        self.schedule.push(job, self.now);
        sent
    }

    fn file(&mut self, place: Place, name: &str) -> Sent {
        let (name, content) = (name.to_owned(), Content::bytes(*b"x"));
        let file = OutgoingFile { send_as: SendAs::Document, name, content, caption: screen("") };
        self.durable(place, Act::File(file, SendOptions::default()))
    }

    fn repaint(&mut self, place: Place, id: i32, text: &str) -> Repaint {
        let (signal, repaint) = Signal::repaint(place, id, screen(text));
        self.schedule.signal(signal, self.now);
        repaint
    }

    fn react(&mut self, place: Place, id: i32, reaction: Option<Reaction>) -> Reacted {
        let (signal, reacted) = Signal::reaction(place, id, reaction);
        self.schedule.signal(signal, self.now);
        reacted
    }

    fn typing(&mut self, place: Place) -> Typing {
        let (signal, typing) = Signal::typing(place, self.now);
        self.schedule.signal(signal, self.now);
        typing
    }

    fn flush(&mut self, scope: Scope) -> mpsc::Receiver<Infallible> {
        let (flush, held) = mpsc::channel(1);
        self.schedule.hold(scope, &flush);
        held
    }

    /// Turns the clock until a call goes, for at most `limit`; tells it as “place text”.
    fn call_within(&mut self, limit: Duration) -> Option<(Ticket, Call)> {
        let end = self.now + limit;
        loop {
            match self.schedule.next(self.now) {
                Next::Call(ticket, call) => return Some((ticket, call)),
                Next::At(moment) if moment <= end => self.now = moment,
                Next::At(_) | Next::Nothing => return None,
            }
        }
    }

    /// Makes the next call of the next minutes and answers it.
    fn pass(&mut self, outcome: Result<i32, Refusal>) -> String {
        let (ticket, told) = self.leave();
        self.land(ticket, outcome);
        told
    }

    /// Makes the next call of the next minutes.
    fn leave(&mut self) -> (Ticket, String) {
        let (ticket, call) = self.call_within(300 * SECOND).expect("a call");
        (ticket, told(&call))
    }

    fn land(&mut self, ticket: Ticket, outcome: Result<i32, Refusal>) {
        self.schedule.finish(ticket, outcome, self.now);
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
        Act::React(id, reaction) => {
            format!("react {id} {}", reaction.map_or("", Reaction::emoji))
        }
        Act::Type => "type".to_owned(),
        Act::Probe => "probe".to_owned(),
        other => format!("{other:?}"),
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
    let (ticket, _) = bench.leave();
    let _last = bench.edit(HERE, 1, "last");
    bench.land(ticket, unknown());
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
    let (ticket, _) = bench.leave();
    assert!(bench.schedule.owes(), "on its way");
    bench.land(ticket, Ok(1));
    assert!(!bench.schedule.owes());
}

fn lost() -> Result<i32, Refusal> {
    Err(Refusal::Unknown("cut".into()))
}

/// Whether nothing holds a flush any more.
fn is_flushed(held: &mut mpsc::Receiver<Infallible>) -> bool {
    held.try_recv() == Err(mpsc::error::TryRecvError::Disconnected)
}

#[test]
fn messages_go_past_files() {
    let mut bench = Bench::new();
    let mut files = ["one", "two"].map(|name| bench.file(HERE, name));
    let _first = bench.send(HERE, "a");
    assert_eq!(bench.pass(Ok(1)), "9: send a", "given in later, and first");
    let (file, told) = bench.leave();
    assert_eq!(told, "9: file one");
    for text in ["b", "c"] {
        let _sent = bench.send(HERE, text);
        assert_eq!(bench.pass(Ok(2)), format!("9: send {text}"), "beside the file");
    }
    assert!(bench.call_within(60 * SECOND).is_none(), "one file at a time");
    bench.land(file, Ok(7));
    assert_eq!(bench.pass(Ok(8)), "9: file two");
    assert_eq!(files.each_mut().map(|sent| sent.0.try_recv()), [Ok(Ok(7)), Ok(Ok(8))]);
    assert!(bench.is_at_rest());
}

#[test]
fn a_file_that_does_not_get_there_delays_no_message_and_has_an_end() {
    let mut bench = Bench::new();
    let mut file = bench.file(HERE, "film");
    assert_eq!(bench.pass(lost()), "9: file film");
    let failed = bench.now;
    let _sent = bench.send(HERE, "a");
    assert_eq!(bench.pass(Ok(1)), "9: send a");
    assert_eq!(bench.now, failed, "no wait for what befell the file");
    while file.0.try_recv().is_err() {
        assert_eq!(bench.pass(lost()), "9: file film");
    }
    assert!(bench.now - failed < 60 * SECOND, "{:?}", bench.now - failed);
    assert!(bench.is_at_rest());
}

#[test]
fn a_penalty_holds_for_files_and_from_files() {
    let mut bench = Bench::new();
    let penalty = || Err(Refusal::RetryAfter(60 * SECOND));
    let (_sent, _file) = (bench.send(HERE, "a"), bench.file(HERE, "film"));
    let start = bench.now;
    bench.pass(penalty());
    assert_eq!([0; 2].map(|_| bench.pass(Ok(1))), ["9: send a", "9: file film"]);
    assert!(bench.now >= start + 60 * SECOND);
    let (_file, start) = (bench.file(HERE, "map"), bench.now);
    bench.pass(penalty());
    let (_there, _here) = (bench.send(THERE, "b"), bench.send(HERE, "c"));
    assert_eq!(bench.pass(Ok(1)), "8: send b");
    assert!(bench.now < start + 60 * SECOND, "no other chat waits");
    assert_eq!(bench.pass(Ok(1)), "9: send c");
    assert!(bench.now >= start + 60 * SECOND);
}

#[test]
fn a_message_at_which_telegram_fails_every_time_gives_way() {
    let mut bench = Bench::new();
    let start = bench.now;
    let mut bad = bench.send(HERE, "bad");
    let _good = bench.send(HERE, "good");
    let error = || Err(Refusal::Unknown("Internal Server Error".into()));
    loop {
        let (ticket, told) = bench.leave();
        let answer = match told.as_str() {
            "9: send bad" => error(),
            "9: probe" => Ok(0),
            "9: send good" => break,
            other => panic!("{other}"),
        };
        bench.land(ticket, answer);
    }
    assert!(bench.now < start + 180 * SECOND, "{:?}", bench.now - start);
    let end = bench_end(&mut bad);
    assert!(matches!(&end, Err(SendError::Refused(why)) if why.contains("Internal")), "{end:?}");
}

fn bench_end(sent: &mut Sent) -> Result<i32, SendError> {
    sent.0.try_recv().expect("an end")
}

#[test]
fn groups_that_move_in_circles_hold_nothing_up() {
    let mut bench = Bench::new();
    let mut sent = bench.send(GROUP, "a");
    for _ in 0..100 {
        if let Ok(end) = sent.0.try_recv() {
            assert!(matches!(end, Err(SendError::Refused(_))), "{end:?}");
            return;
        }
        let (ticket, told) = bench.leave();
        let answer = match told.as_str() {
            "-5: send a" => Err(Refusal::Migrated(-100)),
            "-100: send a" => Err(Refusal::Migrated(-5)),
            _ => Ok(0),
        };
        bench.land(ticket, answer);
    }
    panic!("it never ends");
}

#[test]
fn a_group_that_moves_takes_along_what_is_on_its_way() {
    let mut bench = Bench::new();
    let mut file = bench.file(GROUP, "film");
    let (on_its_way, _) = bench.leave();
    let mut sent = bench.send(GROUP, "a");
    assert_eq!(bench.pass(Err(Refusal::Migrated(-100))), "-5: send a");
    assert_eq!(bench.pass(Ok(2)), "-100: send a");
    bench.land(on_its_way, Err(Refusal::Migrated(-100)));
    assert_eq!(bench.pass(Ok(3)), "-100: file film");
    assert_eq!((bench_end(&mut sent), bench_end(&mut file)), (Ok(2), Ok(3)));
    assert!(bench.is_at_rest());
}

#[test]
fn a_flush_waits_for_what_came_before_it_in_its_chat() {
    let mut bench = Bench::new();
    let (_held, _here) = (bench.send(THERE, "held"), bench.send(HERE, "a"));
    let _film = bench.file(HERE, "film");
    let mut here = bench.flush(Scope::Messages(9));
    let mut all = bench.flush(Scope::All);
    let _later = bench.send(HERE, "b");
    let penalty = Err(Refusal::RetryAfter(900 * SECOND));
    assert_eq!(bench.pass(penalty), "8: send held");
    let (ticket, told) = bench.leave();
    assert_eq!(told, "9: send a");
    assert!(!is_flushed(&mut here), "it is on its way");
    bench.land(ticket, Ok(1));
    assert!(is_flushed(&mut here) && !is_flushed(&mut all));
    for expected in ["9: send b", "9: file film"] {
        assert_eq!(bench.pass(Ok(1)), expected);
    }
    assert!(!is_flushed(&mut all));
    bench.now += 900 * SECOND;
    assert_eq!(bench.pass(Ok(1)), "8: send held");
    assert!(is_flushed(&mut all));
}

#[test]
fn of_reactions_the_newest_goes_before_repaints_and_after_messages() {
    let mut bench = Bench::new();
    let _frame = bench.repaint(HERE, 1, "frame");
    let mut old = bench.react(HERE, 5, Some(Reaction::Eyes));
    let mut new = bench.react(HERE, 5, None);
    let _sent = bench.send(HERE, "a");
    let told = [0; 3].map(|_| bench.pass(Ok(1)));
    assert_eq!(told, ["9: send a", "9: react 5 ", "9: edit 1 frame"]);
    assert_eq!(old.0.try_recv(), Ok(ReactionOutcome::Dropped));
    assert_eq!(new.0.try_recv(), Ok(ReactionOutcome::Set));
    assert!(bench.is_at_rest());
}

#[test]
fn a_chat_that_takes_no_reactions_is_not_asked_again() {
    let mut bench = Bench::new();
    let mut first = bench.react(GROUP, 5, Some(Reaction::Eyes));
    let refusal = Refusal::BadRequest("Bad Request: REACTION_INVALID".into());
    assert_eq!(bench.pass(Err(refusal)), "-5: react 5 👀");
    assert!(bench.is_at_rest());
    let mut later = bench.react(GROUP, 6, Some(Reaction::Writing));
    for reacted in [&mut first, &mut later] {
        assert_eq!(reacted.0.try_recv(), Ok(ReactionOutcome::NotAllowed));
    }
    let mut elsewhere = bench.react(HERE, 6, Some(Reaction::Eyes));
    assert_eq!(bench.pass(Err(Refusal::Gone)), "9: react 6 👀");
    assert_eq!(elsewhere.0.try_recv(), Ok(ReactionOutcome::Gone), "no fault of the chat");
    let _again = bench.react(HERE, 7, Some(Reaction::Eyes));
    assert_eq!(bench.pass(Ok(7)), "9: react 7 👀");
}

#[test]
fn typing_goes_on_as_long_as_it_is_wanted() {
    let mut bench = Bench::new();
    let (typing, twice) = (bench.typing(HERE), bench.typing(HERE));
    let mut gaps = Vec::new();
    for _ in 0..3 {
        let last = bench.now;
        assert_eq!(bench.pass(Ok(0)), "9: type");
        gaps.push(bench.now - last);
    }
    assert_eq!(gaps, [0, 4_500, 4_500].map(Duration::from_millis));
    drop(twice);
    let _sent = bench.send(HERE, "a");
    assert_eq!(bench.pass(Ok(1)), "9: send a", "never before a message");
    assert_eq!(bench.pass(Ok(0)), "9: type");
    drop(typing);
    assert!(bench.is_at_rest());
}

#[test]
fn typing_ends_where_telegram_asks_for_a_pause() {
    let mut bench = Bench::new();
    let _typing = bench.typing(HERE);
    bench.pass(Err(Refusal::RetryAfter(10 * SECOND)));
    let start = bench.now;
    let _sent = bench.send(HERE, "a");
    assert_eq!(bench.pass(Ok(1)), "9: send a");
    assert!(bench.call_within(100 * SECOND).is_none(), "not for a while");
    bench.pass(Ok(0));
    assert!(bench.now - start > 120 * SECOND);
    let _group = bench.typing(GROUP);
    assert_eq!(bench.pass(Err(Refusal::Blocked("no rights".into()))), "-5: type");
    assert_eq!(bench.pass(Ok(0)), "9: type", "nobody types where it cannot be seen");
}
