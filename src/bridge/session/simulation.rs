//! Random events against the core: no processes, no files. The world that answers it is a small
//! model of the CLI, its transcript, and a terminal that comes and goes.
//!
//! It notes which invariant is the first that does not hold, and each has its test: `invariant_1_…`
//! fails for invariant 1 of the module alone. What the events are is the same every time;
//! `SEGUE_SIMULATIONS=N` tries so many, `SEGUE_SIMULATIONS_SEED=N` others.

use std::{
    collections::{HashMap, HashSet},
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    time::Duration,
};

use proptest::collection::vec;
use serde_json::json;
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};
use uuid::Uuid;

use super::{
    Control, EndReason, Fetched, Order, Queued, Report, RunSpec,
    holder::{Observation, OtherHolder},
    state::{Cause, Effect, Holder, Lookup, Prepared, Session, Slot},
};
use crate::{
    bridge::{
        binding::Cut,
        choices::Choices,
        invariants::{self, Broken},
        place::Place,
        prompt::{Prompt, PromptId, QueuePolicy, Source},
        reader::TurnReader,
        terminal::{TerminalRoute, Trouble, When},
        turn::{Outcome, Turn},
    },
    claude::{
        identity::Started,
        live::{self, Live},
        process::{Conversation, Ended},
        session::SessionId,
        wire::Line,
    },
};

const SESSION: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

/// A process of ours, as the model has it.
#[derive(Default)]
struct Cli {
    /// Prompts that were written and not begun.
    inbox: Vec<Uuid>,
    /// The turn that runs, and what it has taken in.
    turn: Option<Vec<Uuid>>,
    /// Control requests that are not answered.
    requests: Vec<String>,
    interrupted: bool,
    /// Its stdout has ended, or it was told to end.
    ending: bool,
}

/// Everything around the core.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct World {
    core: Session,
    now: Instant,
    cli: Option<Cli>,
    /// Effects that have not been answered.
    open: Vec<Effect>,
    /// Prompts in the transcript, and whether their turn is over.
    transcript: HashMap<Uuid, bool>,
    /// Prompts of which nobody could say whether they ran.
    unreadable: HashSet<Uuid>,
    /// Somebody else's process.
    terminal: Option<Live>,
    orphan: bool,
    turns: HashMap<PromptId, watch::Receiver<Turn>>,
    given_back: Vec<Queued>,
    slot_free: bool,
    slot: bool,
    count: i32,
    replies: Vec<oneshot::Receiver<Result<serde_json::Value, String>>>,
    /// Files that are still fetched.
    fetches: Vec<(watch::Sender<Option<Fetched>>, Prompt)>,
    /// Prompts that may have run, as long as nobody has looked.
    suspects: HashSet<Uuid>,
    /// It was seen that nobody else has the session, and no process was started since.
    is_free: bool,
    /// A CLI has said that the session's id is in use.
    in_use: bool,
    /// The first invariant that does not hold, and how.
    broken: Option<Broken>,
}

fn session() -> SessionId {
    SESSION.parse().unwrap()
}

fn terminal() -> Live {
    let entry = json!({
        "pid": 4_000_001, "sessionId": SESSION, "cwd": "/home/ada", "status": "idle",
        "messagingSocketPath": "/run/x.sock", "kind": "interactive",
    });
    live::decode(entry.to_string().as_bytes()).unwrap()
}

impl World {
    fn new() -> Self {
        let spec = RunSpec::of("/home/ada".into(), Conversation::New(session()));
        Self {
            core: Session::new(spec, (Duration::from_secs(60), 1)),
            now: Instant::now(),
            cli: None,
            open: Vec::new(),
            transcript: HashMap::new(),
            unreadable: HashSet::new(),
            terminal: None,
            orphan: false,
            turns: HashMap::new(),
            given_back: Vec::new(),
            slot_free: true,
            slot: false,
            count: 0,
            replies: Vec::new(),
            fetches: Vec::new(),
            suspects: HashSet::new(),
            is_free: false,
            in_use: false,
            broken: None,
        }
    }

    /// Invariant `number` holds, or this is what breaks it.
    fn must(&mut self, number: u8, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            self.broken = Some((number, otherwise()));
        }
    }

    // ---- The shell, without its I/O ----

    fn carry_out(&mut self) {
        for _ in 0..1_000 {
            if self.broken.is_some() {
                return;
            }
            if self.core.over.is_none() {
                self.core.advance(self.now);
            }
            if self.core.effects.is_empty() {
                return;
            }
            for effect in std::mem::take(&mut self.core.effects) {
                self.effect(effect);
            }
        }
        self.must(8, false, || "the core wants something for ever".to_owned());
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Start => {
                let rests = self.core.resting.is_some_and(|until| until > self.now);
                // What is asked beside prompts may have its process.
                let asks = self.core.running.is_some();
                self.must(8, !rests || !asks, || "a start without a pause".to_owned());
                self.must(3, self.cli.is_none(), || "a second process".to_owned());
                let is_free = std::mem::take(&mut self.is_free);
                self.must(3, is_free, || "started without a look at who has it".to_owned());
                let is_new = matches!(self.core.spec.conversation, Conversation::New(_));
                let exists = !self.transcript.is_empty() || self.in_use;
                self.must(5, is_new || exists, || "what was new is resumed".to_owned());
                if self.broken.is_some() {
                    return;
                }
                self.cli = Some(Cli::default());
                self.core.started(7);
            }
            Effect::Write(line) | Effect::Ask(_, line) => self.write(&line),
            Effect::Answer { request, input, .. } => self.core.answered(&request, &input),
            Effect::End(_) => {
                match &mut self.cli {
                    Some(cli) => cli.ending = true,
                    None => self.must(3, false, || "ends what is gone".to_owned()),
                }
                self.open.push(effect);
            }
            Effect::WantSlot if self.slot_free => {
                (self.slot_free, self.slot) = (false, true);
                self.core.slot_granted();
            }
            Effect::WantSlot => {
                self.core.slot_is_awaited();
                self.open.push(effect);
            }
            Effect::FreeSlot => {
                self.slot_free |= std::mem::take(&mut self.slot);
                self.open.retain(|open| !matches!(open, Effect::WantSlot));
            }
            Effect::Report(Report::Opened { queued, .. }) => self.given_back.push(queued),
            Effect::Renew { old, prompt } => {
                let turn = self.turns.remove(&old).expect("it was shown");
                self.turns.insert(prompt.id, turn);
            }
            Effect::Terminate(_) | Effect::Kill(_) => self.orphan = false,
            Effect::Report(_) | Effect::TurnOver => {}
            other => self.open.push(other),
        }
    }

    fn write(&mut self, line: &[u8]) {
        let Some(cli) = self.cli.as_mut().filter(|cli| !cli.ending) else { return };
        let line: serde_json::Value = serde_json::from_slice(line).unwrap();
        if line["type"] == "user" {
            let prompt: Uuid = line["uuid"].as_str().unwrap().parse().unwrap();
            let is_there = cli.inbox.contains(&prompt);
            cli.inbox.push(prompt);
            let unfetched = |(_, fetched): &(_, Prompt)| fetched.id.0 == prompt;
            let unfetched = self.fetches.iter().any(unfetched);
            let nobody_knows = self.unreadable.contains(&prompt) || self.suspects.contains(&prompt);
            self.must(7, !nobody_knows, || format!("{prompt} is sent though nobody knows"));
            self.must(2, !is_there, || format!("{prompt} is written twice"));
            let ran = self.transcript.contains_key(&prompt);
            self.must(2, !ran, || format!("{prompt} is sent, and stands in the transcript"));
            self.must(2, !unfetched, || format!("{prompt} is sent without its files"));
            return self.must(4, self.slot, || "a turn without a slot".to_owned());
        }
        match line["request"]["subtype"].as_str() {
            Some("interrupt") => cli.interrupted = true,
            Some("cancel_async_message") => {
                let prompt: Uuid =
                    line["request"]["message_uuid"].as_str().unwrap().parse().unwrap();
                if cli.inbox.contains(&prompt) {
                    cli.inbox.retain(|one| *one != prompt);
                    self.told(&json!({
                        "type": "command_lifecycle", "command_uuid": prompt, "state": "cancelled",
                    }));
                }
            }
            _ => cli.requests.push(line["request_id"].as_str().unwrap().to_owned()),
        }
    }

    fn told(&mut self, line: &serde_json::Value) {
        let line = line.to_string();
        self.core.line(&Line::decode(line.as_bytes()).unwrap(), self.now);
    }

    // ---- What happens ----

    fn ask(&mut self, kind: u32) {
        self.count += 1;
        let place = Place { chat: i64::from(kind % 2) + 1, thread: None };
        let source = Source { bot: 1, place, message: self.count };
        let mut prompt = Prompt::new(source, "water", 0);
        prompt.policy =
            [QueuePolicy::Join, QueuePolicy::After, QueuePolicy::Interrupt][kind as usize / 2 % 3];
        let (turn, shown) = watch::channel(Turn::new(&prompt, session(), self.now));
        self.turns.insert(prompt.id, shown);
        let mut queued = Queued::new(prompt, turn);
        let cut = Cut { at: queued.prompt.id.0, from: Some(Uuid::nil()) };
        queued.cut = Some(cut).filter(|_| self.count % 5 == 0);
        if self.terminal.is_some() {
            queued.plan = [
                None,
                Some(TerminalRoute::Send),
                Some(TerminalRoute::TakeOver(When::Now)),
                Some(TerminalRoute::TakeOver(When::Idle)),
            ][kind as usize / 6 % 4];
        }
        if kind.is_multiple_of(7) {
            let (fetched, files) = watch::channel(None);
            self.fetches.push((fetched, queued.prompt.clone()));
            queued.files = Some(files);
        }
        queued.may_have_run = kind.is_multiple_of(5) && queued.files.is_none();
        if queued.may_have_run {
            self.suspects.insert(queued.prompt.id.0);
        }
        if queued.may_have_run && kind.is_multiple_of(3) {
            self.transcript.insert(queued.prompt.id.0, true);
        }
        self.core.order(Order::Ask(Box::new(queued)), self.now);
    }

    /// One of the prompts that are not done.
    fn some_prompt(&self, pick: u32) -> Option<PromptId> {
        let mut open: Vec<_> = self.turns.iter().filter(|(_, turn)| !is_over(turn)).collect();
        open.sort_by_key(|(id, _)| id.0);
        (!open.is_empty()).then(|| *open[pick as usize % open.len()].0)
    }

    fn happens(&mut self, (what, pick): (u8, u32)) {
        if self.core.over.is_some() {
            return;
        }
        match what {
            0..=3 => self.ask(pick),
            4..=9 => self.answer_open(pick),
            10..=13 => self.cli_goes_on(pick),
            14 => {
                if let Some(prompt) = self.some_prompt(pick) {
                    self.core.order(Order::TakeBack(prompt), self.now);
                }
            }
            15 => {
                let place = Place { chat: i64::from(pick % 2) + 1, thread: None };
                self.core.order(Order::Stop(place), self.now);
            }
            16 => {
                self.now += Duration::from_secs(u64::from(pick % 100));
                self.timer();
            }
            17 => self.terminal_changes(pick),
            18 => {
                let (reply, answer) = oneshot::channel();
                self.replies.push(answer);
                let body = json!({"subtype": "get_session_cost"});
                self.core.order(Order::Control(Control { body, choice: None, reply }), self.now);
            }
            19 => self.core.order(
                if pick.is_multiple_of(2) { Order::LetGo } else { Order::Changed },
                self.now,
            ),
            20 => {
                self.slot_free = !self.slot && pick.is_multiple_of(2);
                self.grant();
            }
            21 => {
                if let Some(prompt) = self.some_prompt(pick) {
                    let plan = [TerminalRoute::Send, TerminalRoute::TakeOver(When::Now)]
                        [pick as usize % 2];
                    let waits = |one: &Queued| one.prompt.id == prompt && one.plan.is_some();
                    if self.core.queue.iter().any(waits) {
                        self.core.order(Order::Choose(prompt, plan), self.now);
                    }
                }
            }
            22 => self.fetch(pick),
            23 => {
                if let Some(prompt) = self.some_prompt(pick) {
                    let is_it = |queued: &&Queued| queued.prompt.id == prompt;
                    let prompt = self.core.queue.iter().find(is_it).map(|one| one.prompt.clone());
                    let edited = prompt.map(|prompt| Prompt { text: "weed".to_owned(), ..prompt });
                    if let Some(prompt) = edited {
                        self.core.order(Order::Edit(Box::new(prompt)), self.now);
                    }
                }
            }
            _ => self.core.order(Order::Relaunch(Choices::default()), self.now),
        }
        self.carry_out();
    }

    /// A moment may have come that the core has named.
    fn timer(&mut self) {
        if self.core.deadline().is_none_or(|at| at > self.now) {
            return;
        }
        let core = &self.core;
        let pending = matches!(&core.holder, Holder::Ours(ours) if !ours.pending.is_empty());
        let waits = pending || !core.queue.is_empty() || !core.controls.is_empty();
        let runs = core.running.is_some() || core.inside.is_some() || core.asking.is_some();
        self.core.timer(self.now);
        let ends = matches!(self.core.holder, Holder::Closing(Cause::Idle));
        self.must(5, !ends || !(waits || runs), || "a timer ends what waits".to_owned());
    }

    /// The files of a prompt are here, or are not to be had.
    fn fetch(&mut self, pick: u32) {
        if self.fetches.is_empty() {
            return;
        }
        let index = pick as usize % self.fetches.len();
        let (fetched, prompt) = self.fetches.remove(index);
        match pick % 5 {
            0 => fetched.send_modify(|fetched| *fetched = Some(Err("of this test".to_owned()))),
            1 => {}
            _ => fetched.send_modify(|fetched| *fetched = Some(Ok(prompt))),
        }
        drop(fetched);
        self.core.order(Order::Fetched, self.now);
    }

    fn terminal_changes(&mut self, pick: u32) {
        match pick % 4 {
            0 => self.terminal = None,
            1 if self.cli.is_none() => self.orphan = true,
            2 => self.orphan = false,
            _ => self.terminal = Some(terminal()),
        }
    }

    fn grant(&mut self) {
        let waits = |open: &Effect| matches!(open, Effect::WantSlot);
        if self.slot_free
            && let Some(index) = self.open.iter().position(waits)
        {
            self.open.remove(index);
            (self.slot_free, self.slot) = (false, true);
            self.core.slot_granted();
        }
    }

    /// Answers one of the effects that wait for it.
    fn answer_open(&mut self, pick: u32) {
        let can = |open: &&Effect| !matches!(open, Effect::WantSlot);
        let count = self.open.iter().filter(can).count();
        if count == 0 {
            return self.grant();
        }
        let nth = self.open.iter().enumerate().filter(|(_, open)| can(open));
        let index = nth.map(|(index, _)| index).nth(pick as usize % count).unwrap();
        let odd = pick.is_multiple_of(7);
        match self.open.remove(index) {
            Effect::Prepare => {
                let prepared = Prepared {
                    live: self.terminal.clone(),
                    orphan: self.orphan.then(|| Started { pid: 9, start: String::new() }),
                    exists: !self.transcript.is_empty(),
                    at: self.core.spec.cut.filter(|_| !odd).map(|cut| cut.at),
                    spent: 0.0,
                };
                self.is_free = prepared.live.is_none() && prepared.orphan.is_none();
                self.core.prepared(prepared, self.now);
            }
            Effect::Compare => self.core.compared(odd, self.now),
            Effect::Look(prompt, turn) => self.look(prompt, turn, odd),
            Effect::End(_) => self.exit(pick),
            Effect::Watch => self.sight(),
            Effect::Inbox(_, prompt, _) => {
                let taken = self.terminal.is_some() && !odd;
                if taken {
                    let told = self.turns[&prompt].borrow().outcome().cloned();
                    let back = told == Some(Outcome::TakenBack);
                    self.must(6, !back, || format!("{prompt:?} is not taken back, as was said"));
                    let ran = self.transcript.insert(prompt.0, pick.is_multiple_of(2)).is_some();
                    self.must(2, !ran, || format!("{prompt:?} goes to a terminal again"));
                }
                self.core.sent(prompt, taken, self.now);
            }
            Effect::TakeOver(_) => {
                if !odd {
                    self.terminal = None;
                }
                self.core.taken_over(!odd, self.now);
            }
            other => panic!("{other:?} is no question"),
        }
    }

    fn look(&mut self, prompt: PromptId, mut turn: Box<Turn>, odd: bool) {
        let found = if odd {
            self.unreadable.insert(prompt.0);
            Lookup::Unreadable("of this test".to_owned())
        } else if self.transcript.contains_key(&prompt.0) {
            turn.finish(Outcome::Answered);
            Lookup::Turn(turn)
        } else {
            self.suspects.remove(&prompt.0);
            Lookup::Nothing
        };
        self.core.looked(prompt, found);
    }

    fn sight(&mut self) {
        let Holder::Elsewhere(elsewhere) = &self.core.holder else { return };
        let alive = match elsewhere.who {
            OtherHolder::Terminal(_) => self.terminal.is_some(),
            OtherHolder::Orphan(_) => self.orphan,
        };
        let live = self.terminal.clone().filter(|_| alive);
        let head = self.core.queue.front().map(|head| head.prompt.id);
        let known = elsewhere.tail.clone();
        let tail = head.map(|head| {
            let mut tail = match known {
                Some((id, tail)) if id == head => tail,
                _ => TurnReader::new(None, head),
            };
            let stands = self.transcript.get(&head.0).copied();
            (tail.sent, tail.taken) = (tail.sent || stands.is_some(), stands.is_some());
            (head, tail, (stands == Some(true)).then_some(Outcome::Answered))
        });
        self.core.seen(Observation { live, alive, tail }, self.now);
    }

    fn exit(&mut self, pick: u32) {
        let status = Some(if pick.is_multiple_of(2) {
            ExitStatus::from_raw(9)
        } else {
            ExitStatus::default()
        });
        let stderr = match pick % 11 {
            0 => format!("Session ID {SESSION} is already in use"),
            1 => "a hook: No conversation found".to_owned(),
            _ => String::new(),
        };
        let gone = self.cli.take().unwrap_or_default();
        self.suspects.extend(gone.inbox.into_iter().chain(gone.turn.unwrap_or_default()));
        self.in_use |= stderr.contains("in use");
        self.core.exited(&Ended { status, stderr }, self.now);
    }

    /// The process does something by itself.
    fn cli_goes_on(&mut self, pick: u32) {
        let Some(cli) = self.cli.as_mut().filter(|cli| !cli.ending) else { return };
        if pick.is_multiple_of(13) {
            cli.ending = true;
            self.core.ends();
            return self.open.push(Effect::End(crate::claude::process::Ending::Polite));
        }
        if !cli.requests.is_empty() && pick.is_multiple_of(3) {
            let request = cli.requests.remove(0);
            let failed = request == super::state::MODES;
            let response = if failed {
                json!({"subtype": "error", "request_id": request, "error": "of this test"})
            } else {
                json!({"subtype": "success", "request_id": request, "response": {}})
            };
            return self.told(&json!({"type": "control_response", "response": response}));
        }
        let started = |prompt: &Uuid| json!({"type": "command_lifecycle", "command_uuid": prompt, "state": "started"});
        if cli.turn.is_some() && (cli.interrupted || pick.is_multiple_of(2)) {
            let turn = cli.turn.take().unwrap_or_default();
            let stopped = std::mem::take(&mut cli.interrupted);
            for prompt in turn {
                self.transcript.insert(prompt, true);
            }
            let reason = if stopped { "aborted_tools" } else { "completed" };
            return self.told(&json!({
                "type": "result", "is_error": stopped, "terminal_reason": reason, "result": "wet",
            }));
        }
        if !cli.inbox.is_empty() {
            let prompt = cli.inbox.remove(0);
            let begins = cli.turn.is_none();
            cli.turn.get_or_insert_default().push(prompt);
            self.transcript.insert(prompt, false);
            self.told(&started(&prompt));
            if begins {
                self.told(&json!({
                    "type": "system", "subtype": "init", "session_id": SESSION,
                    "user_message_uuids": [prompt],
                }));
            }
        } else if cli.interrupted {
            cli.interrupted = false;
        }
    }

    // ---- What must hold ----

    fn check(&mut self) {
        let core = &self.core;
        let astray = self.turns.iter().find_map(|(id, turn)| {
            let is_it = |queued: &&Queued| queued.prompt.id == *id;
            let held = core.queue.iter().chain(&core.running).chain(&core.inside);
            let places = held.filter(is_it).count() + self.given_back.iter().filter(is_it).count();
            let phase = || turn.borrow().phase.clone();
            (places != usize::from(!is_over(turn)))
                .then(|| format!("{id:?} is in {places} places: {:?}", phase()))
        });
        let waits = !core.queue.is_empty();
        let runs = core.running.is_some() || core.inside.is_some();
        let elsewhere = matches!(core.holder, Holder::Elsewhere(_));
        let (slot, over) = (core.slot, core.over);
        self.must(1, astray.is_none(), || astray.clone().unwrap_or_default());
        self.must(4, slot == Slot::None || waits || runs, || "a slot for nothing".to_owned());
        self.must(4, slot == Slot::None || !elsewhere, || "a slot for somebody else".to_owned());
        let ended = over == Some(EndReason::Idle) && (waits || runs);
        self.must(5, !ended, || "ended while something waits".to_owned());
    }

    /// Lets all that was begun come to its end, with nothing in the way.
    fn settle(&mut self) {
        self.terminal = None;
        self.orphan = false;
        for round in 0..4_000_u32 {
            if self.core.over.is_some() || self.broken.is_some() {
                break;
            }
            self.slot_free |= !self.slot;
            self.fetch(round);
            // Never odd, never a crash.
            self.answer_open(7 * round + 1);
            self.carry_out();
            self.cli_goes_on([2, 3, 14, 1][round as usize % 4]);
            self.carry_out();
            self.now += Duration::from_secs(1);
            self.timer();
            self.carry_out();
            self.check();
        }
        let waits = self.turns.iter().find(|(id, turn)| {
            let back = self.given_back.iter().any(|queued| queued.prompt.id == **id);
            !back && !is_over(turn)
        });
        let waits = waits.map(|(id, turn)| format!("{id:?} waits: {:?}", turn.borrow().phase));
        self.must(6, waits.is_none(), || waits.clone().unwrap_or_default());
        let waits = |reply: &mut oneshot::Receiver<_>| {
            matches!(reply.try_recv(), Err(oneshot::error::TryRecvError::Empty))
        };
        let unanswered = self.replies.iter_mut().any(waits);
        self.must(6, !unanswered, || "a request waits".to_owned());
    }
}

fn is_over(turn: &watch::Receiver<Turn>) -> bool {
    turn.borrow().outcome().is_some()
}

/// The first invariant that does not hold.
fn run(moves: &[(u8, u32)]) -> Result<(), Broken> {
    let mut world = World::new();
    world.ask(1);
    world.carry_out();
    for step in moves {
        world.happens(*step);
        world.check();
        if let Some(broken) = world.broken {
            return Err(broken);
        }
    }
    world.settle();
    world.broken.map_or(Ok(()), Err)
}

/// Random events never break this invariant first.
fn holds(number: u8) {
    let moves = vec((0..26_u8, 0..10_000_u32), 1..60);
    invariants::holds(number, CASES, &moves, |moves| run(&moves));
}

/// Runs of each property.
const CASES: u32 = 300;

#[test]
fn invariant_1_no_prompt_vanishes() {
    holds(1);
}

#[test]
fn invariant_2_none_is_sent_twice() {
    holds(2);
}

#[test]
fn invariant_3_there_is_one_process_and_its_successor_waits_for_its_end() {
    holds(3);
}

#[test]
fn invariant_4_a_slot_is_held_by_a_running_turn_alone() {
    holds(4);
}

#[test]
fn invariant_5_no_timer_ends_what_waits_and_what_is_new_stays_new() {
    holds(5);
}

#[test]
fn invariant_6_each_way_to_wait_has_a_way_back() {
    holds(6);
}

#[test]
fn invariant_7_what_cannot_be_read_has_not_never_run() {
    holds(7);
}

#[test]
fn invariant_8_nothing_repeats_itself_without_a_pause() {
    holds(8);
}

// ---- Terminals ----

#[test]
fn invariant_6_a_terminal_that_takes_nothing_is_given_up_with_a_word() {
    let mut world = World::new();
    world.terminal = Some(terminal());
    // Its plan is to send.
    world.ask(8);
    world.carry_out();
    let id = *world.turns.keys().next().unwrap();
    for _ in 0..200 {
        let inbox = world.open.iter().position(|open| matches!(open, Effect::Inbox(..)));
        if let Some(index) = inbox {
            // The inbox takes it, and nobody reads it.
            world.open.remove(index);
            world.core.sent(id, true, world.now);
        } else {
            world.answer_open(1);
        }
        world.carry_out();
        world.now += Duration::from_secs(1);
        world.timer();
        world.carry_out();
    }
    let turn = world.turns[&id].borrow();
    assert_eq!(turn.outcome(), Some(&Outcome::Terminal(Trouble::Ignores)), "{:?}", turn.phase);
}

// ---- Orders that cannot be followed at once ----

/// A session whose only prompt is answered, and that owes the answer to a request.
fn owing() -> World {
    let mut world = World::new();
    world.ask(1);
    world.carry_out();
    for _ in 0..20 {
        world.answer_open(1);
        world.carry_out();
        // It begins, and it ends, but it answers no request.
        world.cli_goes_on(
            [1, 2][usize::from(world.cli.as_ref().is_some_and(|cli| cli.turn.is_some()))],
        );
        world.carry_out();
    }
    assert!(world.turns.values().all(is_over) && world.core.running.is_none());
    world.happens((18, 0));
    world.answer_open(1);
    world.carry_out();
    assert!(matches!(&world.core.holder, Holder::Ours(ours) if !ours.pending.is_empty()));
    world
}

/// All that was asked is answered.
fn answered(world: &mut World) {
    for _ in 0..4 {
        world.cli_goes_on(3);
        world.carry_out();
    }
}

#[test]
fn invariant_6_a_process_that_is_to_go_goes_when_it_has_answered() {
    let mut world = owing();
    world.happens((19, 0));
    assert!(matches!(world.core.holder, Holder::Ours(_)), "it owes an answer");
    answered(&mut world);
    assert!(matches!(world.core.holder, Holder::Closing(Cause::Idle)), "{:?}", world.core.holder);
    // Somebody needs it again.
    let mut world = owing();
    world.happens((19, 0));
    world.ask(1);
    world.carry_out();
    answered(&mut world);
    assert!(matches!(world.core.holder, Holder::Ours(_)), "{:?}", world.core.holder);
}

#[test]
fn invariant_6_a_change_that_comes_during_a_look_is_looked_at() {
    let mut world = owing();
    answered(&mut world);
    let compares =
        |world: &World| world.open.iter().filter(|open| matches!(open, Effect::Compare)).count();
    for _ in 0..2 {
        world.happens((19, 1));
    }
    assert_eq!(compares(&world), 1, "one look at a time");
    world.answer_open(1);
    world.carry_out();
    assert_eq!(compares(&world), 1, "and another for what came meanwhile");
    world.answer_open(1);
    world.carry_out();
    assert_eq!(compares(&world), 0);
}
