//! Random transitions against the book and its files: a slow, obvious model says what must be there.

use std::{collections::HashMap, fs, time::Duration};

use proptest::{
    collection::vec, prelude::any, proptest, sample::Index, test_runner::Config as ProptestConfig,
};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use tokio::time::Instant;
use uuid::Uuid;

use super::{disk::ASIDE, *};
use crate::{
    bridge::invariants::{self, Broken},
    claude::session::SessionId,
};

fn source(n: i32) -> Source {
    Source { bot: 1, place: Place { chat: i64::from(n % 3), thread: None }, message: n }
}

fn id(n: i32) -> PromptId {
    PromptId::of(source(n), 0)
}

fn message(n: i32) -> Value {
    let chat = json!({"id": source(n).place.chat});
    json!({"update_id": n, "message": {"message_id": n, "chat": chat}})
}

fn arrival(n: i32) -> Arrival {
    Arrival {
        prompt: Prompt::new(source(n), format!("sow {n}"), 0),
        from: 7,
        group: false,
        session: None,
        messages: vec![message(n)],
    }
}

fn about() -> HoldReason {
    HoldReason::Group(SessionId(Uuid::from_u128(9)))
}

fn destination() -> Destination {
    let session = SessionId(Uuid::from_u128(9));
    Destination { directory: "/home/ada".into(), session, start: Start::Fork(session), bound: true }
}

fn open(state: &TempDir) -> (Book, StoredBook) {
    Book::open(state.path().join("7"))
}

/// A book with one prompt that is at its session.
fn queued(state: &TempDir) -> Book {
    let (book, _) = open(state);
    assert!(book.arrive(arrival(1), Provenance::New));
    book.queue(id(1), destination(), None).unwrap();
    book
}

fn left(state: &TempDir, book: &Book) -> Vec<Entry> {
    book.flush();
    open(state).1.entries
}

#[test]
fn what_has_only_arrived_is_telegrams_to_bring_again() {
    let state = tempdir().unwrap();
    let (book, found) = open(&state);
    assert_eq!(found.entries, []);
    for n in [3, 1, 2] {
        assert!(book.arrive(arrival(n), Provenance::New));
        assert!(!book.arrive(arrival(n), Provenance::New), "it is there");
    }
    for n in [3, 1] {
        book.queue(id(n), destination(), None).unwrap();
    }
    let ids: Vec<_> = left(&state, &book).iter().map(|entry| entry.prompt.id).collect();
    assert_eq!(ids, [id(3), id(1)], "in the order in which they came");
    book.remove(id(1));
    book.remove(id(3));
    book.flush();
    assert!(book.is_done(id(1)) && !book.is_done(id(2)));
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0, "at rest it is empty");
}

#[test]
fn what_is_in_the_chat_is_known_to_the_next_process() {
    let state = tempdir().unwrap();
    let book = queued(&state);
    book.shown(id(1), 10);
    drop(book.sent(id(1), 11, 2));
    let question = |message| PostedQuestion { message, about: "Run ls".to_owned() };
    for message in [5, 6] {
        book.asked(id(1), question(message));
    }
    book.closed(id(1), 5);
    let entries = left(&state, &book);
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.progress, &entry.sent[..]), (Some(10), &[11][..]));
    assert_eq!(entry.questions, [question(6)]);
    assert_eq!([1, 2, 3].map(|parts| entry.delivered(parts)), [0, 1, 1]);
    assert_eq!(open(&state).0.provenance(id(1)), Provenance::Recovered);
}

#[test]
fn parts_are_one_file_from_the_first_on() {
    let state = tempdir().unwrap();
    let (book, _) = open(&state);
    book.arrive(arrival(1), Provenance::New);
    let whole_at = Instant::now() + Duration::from_secs(60);
    book.gather(id(1), whole_at).unwrap();
    for n in [2, 3] {
        book.join(Prompt::new(source(1), "more", 0), message(n)).unwrap();
    }
    let entries = left(&state, &book);
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.stage, entry.messages.len()), (Stage::Gathering, 3));
    assert_eq!([1, 2, 3, 4].map(|update| book.has(update)), [true, true, true, false]);
    assert_eq!(book.of_message(1, 1).unwrap().prompt.text, "more");
    assert_eq!(book.gathered(Instant::now()), []);
    assert_eq!(book.gathered(whole_at).len(), 1);
}

#[test]
fn a_late_removal_spares_what_goes_on() {
    let state = tempdir().unwrap();
    let (book, _) = open(&state);
    book.arrive(arrival(1), Provenance::New);
    let first = book.number(id(1)).unwrap();
    book.remove(id(1));
    book.arrive(arrival(1), Provenance::New);
    let second = book.number(id(1)).unwrap();
    book.remove_if(id(1), first);
    assert!(book.stage(id(1)).is_some(), "it came again");
    book.ask(id(1), about()).unwrap();
    book.remove_if(id(1), second);
    assert!(book.stage(id(1)).is_some(), "somebody is asked");
    book.deliver(id(1));
    book.remove_if(id(1), second);
    assert_eq!(book.stage(id(1)), None);
}

#[test]
fn another_attempt_is_the_same_prompt() {
    let state = tempdir().unwrap();
    let book = queued(&state);
    let next = PromptId::of(source(1), 1);
    book.renew(id(1), next, 1).unwrap();
    let entries = left(&state, &book);
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.prompt.id, entry.prompt.attempt), (next, 1));
}

#[test]
fn damage_is_set_aside_and_in_nobodys_way() {
    let state = tempdir().unwrap();
    let book = queued(&state);
    let directory = state.path().join("7");
    fs::write(directory.join("torn.json"), "{\"version\":1,").unwrap();
    fs::copy(directory.join(disk::name(id(1).0)), directory.join(disk::name(id(2).0))).unwrap();
    fs::write(directory.join("half.new"), "{").unwrap();
    let (again, found) = open(&state);
    assert_eq!((found.entries.len(), found.damaged.len()), (1, 2));
    assert_eq!(open(&state).1.damaged, [""; 0], "reported once");
    again.set_aside(id(1));
    assert_eq!(left(&state, &again), []);
    assert_eq!(fs::read_dir(directory.join(ASIDE)).unwrap().count(), 3);
    drop(book);
}

#[test]
fn only_so_many_wait_for_a_choice() {
    let state = tempdir().unwrap();
    let (book, _) = open(&state);
    let count = i32::try_from(ASKING).unwrap();
    for n in 1..=count + 1 {
        book.arrive(arrival(n), Provenance::New);
        book.ask(id(n), about()).unwrap();
    }
    assert_eq!(book.stage(id(1)), None);
    assert_eq!(book.asking(source(count)).len(), 33, "those of its place");
}

/// The model: what must be in the book, and whether a later process finds it.
#[derive(Default)]
struct Model {
    open: HashMap<i32, (Stage, bool)>,
    done: Vec<i32>,
}

impl Model {
    /// What a change that is written does.
    fn stand(&mut self, n: i32, stage: Stage) {
        if let Some(held) = self.open.get_mut(&n) {
            *held = (stage, true);
        }
    }
}

fn must(number: u8, holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err((number, otherwise())) }
}

fn change((book, model): (&Book, &mut Model), (what, n): (u8, i32)) -> Result<(), Broken> {
    match what {
        0..=3 => {
            let is_new = !model.open.contains_key(&n) && !model.done.contains(&n);
            if is_new {
                model.open.insert(n, (Stage::Arrived, false));
            }
            let comes_in = !book.is_done(id(n)) && book.arrive(arrival(n), Provenance::New);
            must(1, comes_in == is_new, || format!("{n} comes in: {comes_in}"))?;
        }
        4 => {
            book.gather(id(n), Instant::now()).unwrap();
            model.stand(n, Stage::Gathering);
        }
        5 => {
            book.ask(id(n), about()).unwrap();
            model.stand(n, Stage::Asking);
        }
        6 => {
            let stage = Stage::Deferred { until: n.unsigned_abs().into() };
            book.stand(id(n), stage).unwrap();
            model.stand(n, stage);
        }
        7 | 8 => {
            book.queue(id(n), destination(), None).unwrap();
            model.stand(n, Stage::Queued);
        }
        9 => {
            if model.open.get(&n).is_some_and(|(stage, _)| *stage == Stage::Queued) {
                book.deliver(id(n));
                drop(book.sent(id(n), n, 1));
                model.stand(n, Stage::Delivering);
            }
        }
        _ => {
            book.remove(id(n));
            if model.open.remove(&n).is_some() {
                model.done.push(n);
            }
        }
    }
    Ok(())
}

fn check(book: &Book, model: &Model) -> Result<(), Broken> {
    for n in 0..8 {
        let stage = model.open.get(&n).map(|(stage, _)| *stage);
        let is = book.stage(id(n));
        must(1, is == stage, || format!("{n} is {is:?}, not {stage:?}"))?;
        must(1, book.has(n.into()) == stage.is_some(), || format!("the update of {n}"))?;
        let asked = book.asking(source(n));
        let is_there = asked.iter().any(|entry| entry.prompt.id == id(n));
        must(6, is_there == (stage == Some(Stage::Asking)), || format!("{n} waits for a choice"))?;
    }
    let count =
        |is_it: fn(&Stage) -> bool| model.open.values().filter(|(stage, _)| is_it(stage)).count();
    let gathers = count(|stage| *stage == Stage::Gathering);
    let whole = book.gathered(Instant::now()).len();
    must(6, whole == gathers, || format!("{gathers} gather, {whole} are due"))?;
    let deferred = count(|stage| matches!(stage, Stage::Deferred { .. }));
    let waits = book.deferred().len();
    must(6, waits == deferred, || format!("{deferred} wait for a time, {waits} are known"))
}

/// The first invariant that does not hold while these things happen, with restarts before some.
fn run(moves: &[(u8, i32)], restarts: &[usize]) -> Result<(), Broken> {
    let state = tempdir().unwrap();
    let (mut book, mut model) = (open(&state).0, Model::default());
    for (step, next) in moves.iter().enumerate() {
        if restarts.contains(&step) {
            book.flush();
            model.open.retain(|_, (_, written)| *written);
            model.done.clear();
            let (again, found) = open(&state);
            let stands = |entry: &Entry| {
                let held = model.open.get(&entry.prompt.source.message);
                held.is_some_and(|(stage, _)| *stage == entry.stage)
            };
            let all = found.entries.len() == model.open.len() && found.entries.iter().all(stands);
            must(9, all, || format!("{:?} and not {:?}", found.entries, model.open))?;
            book = again;
        }
        change((&book, &mut model), *next)?;
        check(&book, &model)?;
    }
    Ok(())
}

/// Random transitions never break this invariant first.
fn holds(number: u8) {
    let happens = (vec((0..12_u8, 0..8_i32), 1..40), vec(0..40_usize, 0..3));
    invariants::holds(number, CASES, &happens, |(moves, restarts)| run(&moves, &restarts));
}

/// Runs of each property.
const CASES: u32 = 48;

#[test]
fn invariant_1_a_prompt_is_in_one_state_and_comes_in_once() {
    holds(1);
}

#[test]
fn invariant_6_what_waits_is_found_by_what_it_waits_for() {
    holds(6);
}

#[test]
fn invariant_9_a_restart_goes_on_in_the_same_state() {
    holds(9);
}

#[test]
fn what_runs_where_it_was_queued_is_written_once() {
    let state = tempdir().unwrap();
    let (book, _) = open(&state);
    assert!(book.arrive(arrival(1), Provenance::New));
    let process = |pid| Started { pid, start: "1".to_owned() };
    book.queue(id(1), destination(), Some(process(7))).unwrap();
    fs::remove_dir_all(state.path()).unwrap();
    fs::write(state.path(), "no directory").unwrap();
    assert!(book.runs_in(id(1), process(7)).is_ok(), "nothing is to be written");
    assert!(book.runs_in(id(1), process(8)).is_err());
    fs::remove_file(state.path()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_are_too_strange(harms in vec((any::<Index>(), any::<u8>()), 0..6), cut: Index) {
        let new = Entry::new(arrival(1), 5);
        let entry = Entry {
            destination: Some(destination()), progress: Some(1), sent: vec![2], ..new
        };
        let mut bytes = serde_json::to_vec(&entry).unwrap();
        assert_eq!(decode(&bytes), Some(entry));
        for (at, byte) in harms {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = decode(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        assert_eq!(decode(&bytes), None);
    }
}
