//! Never lost, never twice, with everything going wrong at once: prompts from several places while
//! the bot and the CLI are killed and Telegram refuses, breaks and forgets to answer.
//!
//! A seed decides all of it, moments included: these are events, such as the third call of a
//! method after it has taken effect, and no times. What must be true at the end is in
//! [`verdict`]. It is the same on the scripted and on the real CLI.

pub(crate) mod plan;
pub(crate) mod verdict;

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use segue::sandbox::{Call, Fault, Post, Saying, Trouble, claude::script::Conversation};
use serde_json::{Value, json};

use crate::support::{
    chaos::plan::{Moment, Step, Victim},
    phone::{ADA, GROUP, PATIENCE, Phone, session_of},
    processes::{end, living},
    wait::until,
};

/// Pause between two looks at files, which tell nobody when they change.
const LOOK: Duration = Duration::from_millis(3);
/// How long a bot may take to write down what it has heard. What it was told just before it was
/// killed is as good as unheard.
const A_NOTE: u64 = 2_000;
/// Longest wait for a moment.
const FOR_A_MOMENT: Duration = Duration::from_secs(100);

/// What Claude says. Every answer ends in the prompt that it is about.
pub(crate) fn script() -> Value {
    let sentences = |part: u32| -> String {
        let each = (0..60).map(|n| format!("Sentence {n} of part {part} is read once."));
        each.collect::<Vec<_>>().join(" ")
    };
    let long: Vec<String> = (1..=4).map(sentences).collect();
    json!({"pace": {"chunk": 400, "delay": 2}, "rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"pause": 400}, {"text": "Done with {last}"},
        ]]},
        {"words": ["work"], "replies": [
            [{"text": "I look. "}, {"pause": 200},
             {"tool": {"name": "Bash", "input": {"command": "ls"}, "asks": "never"}}],
            [{"pause": 100}, {"text": "Done with {last}"}],
        ]},
        {"words": ["long"], "replies": [[
            {"text": long.join("\n\n")}, {"text": "\n\nDone with {last}"},
        ]]},
        {"replies": [[{"text": "Done with {last}"}]]},
    ]})
}

/// One request to Claude: whose conversation, and what is in it.
pub(crate) struct Request {
    pub(crate) session: String,
    pub(crate) talk: Conversation,
}

/// Where somebody talks with the bot.
pub(crate) struct Spot {
    pub(crate) chat: i64,
    thread: Option<i64>,
    pub(crate) session: String,
}

/// A message of the bot's.
#[derive(Clone, Copy)]
struct Sent {
    chat: i64,
    id: i64,
    /// The prompt that it is about.
    to: i64,
    /// When, milliseconds since the epoch.
    at: u64,
}

/// Something that was said.
pub(crate) struct Said {
    pub(crate) spot: usize,
    pub(crate) id: i64,
    pub(crate) text: String,
    /// A CLI that may have worked on it was killed.
    pub(crate) hurt: bool,
}

/// A run.
pub(crate) struct Chaos {
    pub(crate) phone: Phone,
    /// `$HOME`
    pub(crate) home: PathBuf,
    pub(crate) spots: Vec<Spot>,
    pub(crate) said: Vec<Said>,
    /// Messages of whose arrival the bot never heard: chat and id.
    pub(crate) lost: HashSet<(i64, i64)>,
    pub(crate) kills: usize,
    /// How many calls of the log have been looked at.
    calls: u64,
    /// What the living bot has sent.
    sent: Vec<Sent>,
    /// What happened when, for whoever reads of a failure.
    diary: Vec<String>,
}

impl Chaos {
    /// A session each in a private chat, in a group, in another group, and in a topic of that.
    ///
    /// Every answer quotes its message, and no chat allows reactions: so each message of the bot's
    /// says which prompt it is about.
    pub(crate) async fn begin(mut phone: Phone, home: &Path) -> Self {
        phone.terminate();
        phone.provoke("REACTION_INVALID");
        phone.configure("pace_ms = 20\nalways_quote = true\n");
        phone.boot().await;
        let yard = phone.client.add_group("Yard", &[ADA]).unwrap();
        let shed = phone.client.open_topic((yard, ADA), "Shed").unwrap();
        let (lost, sent) = (HashSet::new(), Vec::new());
        let (spots, said, home) = (Vec::new(), Vec::new(), home.to_owned());
        let mut chaos =
            Self { phone, home, spots, said, lost, kills: 0, calls: 0, sent, diary: Vec::new() };
        for (chat, thread) in [(ADA, None), (GROUP, None), (yard, None), (yard, Some(shed))] {
            chaos.phone.client.allow_reactions(chat, Some(Vec::new())).unwrap();
            chaos.spots.push(Spot { chat, thread, session: String::new() });
            let spot = chaos.spots.len() - 1;
            let id = chaos.write(spot, &format!("/new to begin with {spot}"));
            let answer = chaos.phone.answer_in(chat, id).await;
            chaos.spots[spot].session = session_of(&answer);
        }
        chaos
    }

    fn write(&self, spot: usize, text: &str) -> i64 {
        let Spot { chat, thread, .. } = self.spots[spot];
        let saying = Saying { text: text.to_owned(), thread, ..Saying::default() };
        self.phone.client.send((chat, ADA), saying).unwrap()
    }

    pub(crate) fn say(&mut self, spot: usize, word: &str) {
        let text = format!("{word} number {} here", self.said.len());
        let id = self.write(spot, &text);
        self.said.push(Said { spot, id, text, hurt: false });
    }

    /// Does what a step says.
    pub(crate) async fn step(&mut self, step: &Step) {
        println!("{}: {step:?}", self.kills);
        for (method, what) in &step.troubles {
            self.phone.client.fault(Fault::on(method, what.clone()));
        }
        let before = self.look();
        let held = match step.moment {
            Moment::Call { method, skip, stage } => {
                let hold = Trouble::Hold { at: stage };
                Some(self.phone.client.fault(Fault { skip, ..Fault::on(method, hold) }))
            }
            _ => None,
        };
        for (spot, word) in &step.says {
            self.say(*spot, word);
        }
        self.reach(step.moment, &before).await;
        let pids = living(&self.home);
        match step.victim {
            Victim::Claude(number) if !pids.is_empty() => self.hurt(pids[number % pids.len()]),
            _ => self.kill(),
        }
        if let Some(id) = held {
            self.phone.client.disarm(id);
            self.phone.client.let_go();
        }
        if !self.phone.is_up() {
            self.phone.boot().await;
        }
        self.kills += 1;
    }

    fn kill(&mut self) {
        self.phone.kill();
        let killed = now();
        // What was held is dropped as soon as its connection is seen to be broken.
        until("free of the calls of a killed bot", || self.phone.client.held() == 0);
        self.read_log();
        let kept = self.kept();
        self.diary.push(format!("{killed}: kill; kept: {kept:?}"));
        let sent = std::mem::take(&mut self.sent);
        for (place, one) in sent.iter().enumerate() {
            let is_newest = sent[place + 1..].iter().all(|later| later.chat != one.chat);
            let is_late = is_newest || one.at + A_NOTE >= killed;
            // What is kept no more was heard to its end.
            let is_noted = kept.get(&(one.chat, one.to)).is_none_or(|ids| ids.contains(&one.id));
            if is_late && !is_noted {
                self.lost.insert((one.chat, one.id));
            }
        }
    }

    fn hurt(&mut self, pid: i32) {
        let entry = fs::read(self.home.join(format!(".claude/sessions/{pid}.json")));
        let entry: Value = serde_json::from_slice(&entry.unwrap_or_default()).unwrap_or_default();
        end(pid);
        let open = self.open();
        for said in open {
            let said = &mut self.said[said];
            said.hurt |= self.spots[said.spot].session == entry["sessionId"].as_str().unwrap_or("");
        }
    }

    /// Takes from the log of calls which messages the bot has not heard of.
    pub(crate) fn read_log(&mut self) {
        for call in self.phone.client.calls(self.calls) {
            self.calls = call.id;
            self.diary.extend(change_of(&call));
            let Some(id) = call.response["result"]["message_id"].as_i64() else { continue };
            let Some(chat) = call.chat.filter(|_| call.method == "sendMessage") else { continue };
            let Call { at, took, status, .. } = call;
            let to = call.body["reply_parameters"]["message_id"].as_i64().unwrap_or_default();
            let text: String =
                call.body["text"].as_str().unwrap_or_default().chars().take(60).collect();
            self.diary.push(format!("{at} + {took}: {chat}/{id} to {to}, {status:?} {text:?}"));
            self.sent.push(Sent { chat, id, to, at: at + took });
            if call.status.is_none() {
                self.lost.insert((chat, id));
            }
        }
    }

    /// The messages that the spool knows of, by the prompts that are in it.
    fn kept(&self) -> HashMap<(i64, i64), Vec<i64>> {
        // A killed bot may leave a file that it had not put in place yet: that is not kept.
        let is_whole = |file: &PathBuf| file.extension().is_some_and(|end| end == "json");
        let kept = self.phone.state().into_iter().filter(is_whole);
        let kept = kept.filter_map(|file| fs::read(file).ok());
        let kept = kept.filter_map(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        kept.map(|kept| {
            let source = &kept["prompt"]["source"];
            let [chat, id] = [&source["place"]["chat"], &source["message"]]
                .map(|number| number.as_i64().unwrap());
            let sent = kept["sent"].as_array().into_iter().flatten().chain([&kept["progress"]]);
            ((chat, id), sent.filter_map(Value::as_i64).collect())
        })
        .collect()
    }

    /// The diary of a chat.
    pub(crate) fn diary(&self, chat: i64) -> String {
        let is_of_it =
            |line: &&String| line.contains("kill") || line.contains(&format!(": {chat}/"));
        self.diary.iter().filter(is_of_it).cloned().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn posts(&self) -> HashMap<i64, Vec<Post>> {
        let of = |spot: &Spot| (spot.chat, self.phone.client.messages(spot.chat));
        self.spots.iter().map(of).collect()
    }

    /// Waits for a moment, or else until everything is answered.
    async fn reach(&self, moment: Moment, before: &Look) {
        let deadline = Instant::now() + FOR_A_MOMENT;
        loop {
            let there = match moment {
                Moment::Call { .. } => self.phone.client.held() > 0,
                Moment::Record(count) => self.look().records >= before.records + count,
                Moment::Spooled(count) => {
                    self.phone.state().iter().filter(|file| !before.spool.contains(*file)).count()
                        >= count
                }
                Moment::Begun => living(&self.home).iter().any(|pid| !before.pids.contains(pid)),
                Moment::Rest => false,
            };
            if there || (self.phone.state().is_empty() && self.open().is_empty()) {
                return;
            }
            assert!(Instant::now() < deadline, "{moment:?} does not come: {}", self.trouble());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is open, for whoever reads of a failure.
    pub(crate) fn trouble(&self) -> String {
        let open = self.open().into_iter().map(|said| &self.said[said].text);
        let open: Vec<_> = open.collect();
        let kept = self.phone.state().into_iter().filter_map(|file| fs::read_to_string(file).ok());
        let kept: Vec<_> = kept.collect();
        let calls = self.phone.client.calls(self.calls.saturating_sub(20));
        let calls: Vec<_> = calls
            .iter()
            .map(|call| format!("{} {:?} {:?} {}", call.at, call.method, call.status, call.body))
            .collect();
        format!("no answer: {open:?}\nkept: {kept:#?}\ncalls: {calls:#?}\n{}", self.phone.said())
    }

    fn look(&self) -> Look {
        let texts = transcripts(&self.home);
        let lines = |text: &Vec<u8>| memchr::memchr_iter(b'\n', text).count();
        Look {
            records: texts.iter().map(lines).sum(),
            spool: self.phone.state(),
            pids: living(&self.home),
        }
    }
}

/// A line for the diary on a message that was changed or taken away.
fn change_of(call: &Call) -> Option<String> {
    let id = call.body["message_id"].as_i64()?;
    let Call { at, took, status, method, .. } = call;
    let text: String = call.body["text"].as_str().unwrap_or_default().chars().take(60).collect();
    Some(format!("{at} + {took}: {}/{id} {method} {status:?} {text:?}", call.chat?))
}

/// Milliseconds since the epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// How things are.
struct Look {
    records: usize,
    spool: Vec<PathBuf>,
    pids: Vec<i32>,
}

/// The content of every transcript.
pub(crate) fn transcripts(home: &Path) -> Vec<Vec<u8>> {
    let folders = fs::read_dir(home.join(".claude/projects")).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten());
    let paths = files.flatten().map(|file| file.path());
    let paths = paths.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    paths.filter_map(|path| fs::read(path).ok()).collect()
}
