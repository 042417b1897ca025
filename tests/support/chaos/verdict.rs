//! What must be true when the chaos is over.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    time::Instant,
};

use segue::sandbox::Post;
use serde_json::Value;

use crate::support::{
    chaos::{Chaos, LOOK, Request, Said, transcripts},
    phone::PATIENCE,
    processes::living,
    wait::until,
};

/// Records by the words that they hold.
type Taken = HashMap<String, Vec<Value>>;

/// What a turn says that its CLI did not live to end.
const BROKEN: [&str; 2] = ["cut off here", "ended unexpectedly"];

/// Whether a message ends the answer to a prompt.
pub(crate) fn is_last(post: &Post, prompt: i64) -> bool {
    is_part(post, prompt) && post.text.contains('↳')
}

/// Whether a message is a part of the answer to a prompt. What is drawn anew is none, and what has
/// a button of a turn that runs is none either.
fn is_part(post: &Post, prompt: i64) -> bool {
    // What was done is a card of its own.
    let card = post.text.starts_with('↳') && !post.text.starts_with("↳ Stopped");
    post.reply_to == Some(prompt) && post.edits == 0 && !card && !is_open(post)
}

fn is_taken_in(post: &Post) -> bool {
    post.text.contains("taken this into the running turn")
}

fn is_open(post: &Post) -> bool {
    post.buttons().any(|button| ["Stop", "Take back"].contains(&button.text.as_str()))
}

/// The words of a part, without the small line, whose time may differ.
fn words(post: &Post) -> &str {
    post.text.split('↳').next().unwrap_or_default().trim()
}

impl Chaos {
    /// What has no last word yet. What was taken into another turn has it when that has.
    pub(crate) fn open(&self) -> Vec<usize> {
        let (posts, taken) = (self.posts(), taken(&self.home));
        let of = |said: &Said| taken.get(&said.text).map_or(&[][..], Vec::as_slice);
        let mut open: Vec<usize> = Vec::new();
        for (index, said) in self.said.iter().enumerate() {
            let is_there =
                posts[&self.spots[said.spot].chat].iter().any(|post| is_last(post, said.id));
            let waits = open.iter().any(|before| self.said[*before].spot == said.spot);
            if !(is_there || (is_folded(of(said)) && !waits)) {
                open.push(index);
            }
        }
        open
    }

    /// Waits until everything is answered, and checks all of it against what the bot was told and
    /// what Claude was asked.
    pub(crate) async fn judge(mut self, requests: impl Fn() -> Vec<Request>) {
        for spot in 0..self.spots.len() {
            self.say(spot, "last");
        }
        let deadline = Instant::now() + PATIENCE * 2;
        loop {
            self.read_log();
            let stale = self.stale();
            if self.open().is_empty() && self.phone.state().is_empty() && stale.is_empty() {
                break;
            }
            let diary = || self.spots.iter().map(|spot| self.diary(spot.chat)).collect::<Vec<_>>();
            assert!(
                Instant::now() < deadline,
                "stale: {stale:#?}\n{}\n{}",
                diary().join("\n\n"),
                self.trouble()
            );
            tokio::time::sleep(LOOK).await;
        }
        let posts = self.posts();
        let taken = taken(&self.home);
        for said in &self.said {
            let records = taken.get(&said.text).map_or(&[][..], Vec::as_slice);
            let posts = &posts[&self.spots[said.spot].chat];
            let heard = posts.iter().filter(|post| post.reply_to == Some(said.id));
            let heard: Vec<&str> = heard.map(|post| post.text.as_str()).collect();
            let traces = traces(&self.home, &said.text);
            // The CLI writes a moment later: what is killed then leaves no record.
            let is_once = records.len() == 1 || (said.hurt && records.is_empty());
            assert!(is_once, "{:?}, {heard:#?}, {traces:#?}", said.text);
            self.judge_answer(said, posts, &taken);
        }
        for spot in 0..self.spots.len() {
            self.judge_order(spot, &posts);
            self.judge_requests(spot, &requests(), &taken);
        }
        self.phone.terminate();
        until("the end of every process", || living(&self.home).is_empty());
        let (kills, said, lost) = (self.kills, self.said.len(), self.lost.len());
        println!("{kills} kills, {said} prompts, {lost} lost replies");
    }

    /// Cards of turns that are over, and words on what was taken in, of whose arrival the bot has
    /// heard.
    fn stale(&self) -> Vec<String> {
        let posts = self.posts();
        let of_chat = posts.iter().flat_map(|(chat, posts)| {
            let heard = |post: &&Post| {
                (is_open(post) || is_taken_in(post)) && !self.lost.contains(&(*chat, post.id))
            };
            posts.iter().filter(heard).map(move |post| {
                format!("{chat}: #{} to {:?}: {:?}", post.id, post.reply_to, post.text)
            })
        });
        of_chat.collect()
    }

    fn judge_answer(&self, said: &Said, posts: &[Post], taken: &Taken) {
        let chat = self.spots[said.spot].chat;
        let is_lost = |post: &&Post| self.lost.contains(&(chat, post.id));
        let parts: Vec<&Post> = posts.iter().filter(|post| is_part(post, said.id)).collect();
        let joined = taken.get(&said.text).is_some_and(|records| is_folded(records));
        if joined && parts.is_empty() {
            return;
        }
        let text = &said.text;
        assert!(
            !joined || said.hurt,
            "{text:?} is answered and taken into another turn: {parts:?}"
        );
        let mut alike: HashMap<&str, Vec<&Post>> = HashMap::new();
        for part in &parts {
            alike.entry(words(part)).or_default().push(part);
        }
        let lasts: Vec<&Post> =
            parts.iter().filter(|post| is_last(post, said.id)).copied().collect();
        for copies in alike.into_values().chain([lasts]) {
            let lost = copies.iter().copied().filter(is_lost).count();
            let ids: Vec<i64> = copies.iter().map(|post| post.id).collect();
            let few = copies.len() <= 1 + lost;
            assert!(few, "{text:?} has {ids:?} alike in\n{}\n{:?}", self.diary(chat), self.lost);
        }
        let whole: Vec<&str> = parts.iter().map(|part| words(part)).collect();
        let whole = whole.join("\n");
        let broken = BROKEN.iter().any(|words| whole.contains(words));
        if broken {
            assert!(said.hurt, "{text:?} was broken off by nobody: {whole:?}");
        } else {
            let about = self.said.iter().filter(|other| other.spot == said.spot);
            let folded = |other: &Said| taken.get(&other.text).is_some_and(|all| is_folded(all));
            let mut about =
                about.filter(|other| other.id == said.id || (other.id > said.id && folded(other)));
            let right = about.any(|other| whole.contains(&format!("Done with {}", other.text)));
            assert!(right, "{text:?} is answered with {whole:?}");
        }
        if text.starts_with("long") && !broken {
            let mut parts = (1..=4).map(|part| format!("Sentence 7 of part {part} "));
            assert!(parts.all(|part| whole.contains(&part)), "{text:?} lacks a part");
        }
    }

    /// First answers stand in the order of their prompts.
    fn judge_order(&self, spot: usize, posts: &HashMap<i64, Vec<Post>>) {
        let posts = &posts[&self.spots[spot].chat];
        let said: Vec<&Said> = self.said.iter().filter(|said| said.spot == spot).collect();
        let first = |said: &Said| {
            let post = posts.iter().find(|post| is_last(post, said.id))?;
            Some((post.id, said.text.clone()))
        };
        let order: Vec<_> = said.into_iter().filter_map(first).collect();
        assert!(order.is_sorted_by_key(|(id, _)| *id), "out of order: {order:?}");
    }

    /// Each prompt was new to Claude once, in its session only, and is in the conversation at the
    /// end.
    fn judge_requests(&self, spot: usize, requests: &[Request], taken: &Taken) {
        let said: Vec<&Said> = self.said.iter().filter(|said| said.spot == spot).collect();
        let mine: HashSet<&str> = said.iter().map(|said| said.text.as_str()).collect();
        let lines = |request: &Request| -> Vec<String> {
            request.talk.prompts.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
        };
        let sessions: HashSet<&str> = requests
            .iter()
            .filter(|request| lines(request).iter().any(|line| mine.contains(line.as_str())))
            .map(|request| request.session.as_str())
            .collect();
        assert_eq!(sessions.len(), 1, "place {spot} has one conversation");
        for said in &said {
            let opens = |request: &&Request| {
                let talk = &request.talk;
                let newest = talk.prompts.get(talk.before..).unwrap_or_default();
                talk.replies == 0
                    && newest.iter().any(|text| text.lines().any(|line| line == said.text))
            };
            let count = requests.iter().filter(opens).count();
            assert!(count <= 1 || said.hurt, "{:?} began {count} turns", said.text);
        }
        let of_here = |request: &&Request| sessions.contains(request.session.as_str());
        let last = requests.iter().rev().find(of_here).map(lines).unwrap_or_default();
        let mut heard: Vec<&String> =
            last.iter().filter(|line| mine.contains(line.as_str())).collect();
        // One whose CLI was killed before Claude said anything is asked anew by the CLI itself.
        let hurt = |text: &str| said.iter().any(|said| said.text == text && said.hurt);
        heard.dedup_by(|a, b| a == b && hurt(a));
        let wanted = said.iter().map(|said| &said.text).filter(|text| taken.contains_key(*text));
        let wanted: Vec<&String> = wanted.collect();
        assert_eq!(heard, wanted, "what Claude knows at the end in place {spot}");
    }
}

/// Whether a prompt was taken into the turn of another one, whose answer is about it, too.
fn is_folded(records: &[Value]) -> bool {
    records.iter().any(|record| record["type"] == "attachment")
}

/// Every record that holds a text in any way.
fn traces(home: &Path, text: &str) -> Vec<String> {
    let texts = transcripts(home).into_iter();
    let texts = texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let lines: Vec<String> = texts.flat_map(|all| lines_with(&all, text)).collect();
    lines
}

fn lines_with(all: &str, text: &str) -> Vec<String> {
    let found = all.lines().filter(|line| line.contains(text));
    found.map(|line| line.chars().take(900).collect()).collect()
}

/// The records that hold each line as a prompt.
fn taken(home: &Path) -> Taken {
    let mut counts = Taken::new();
    for text in transcripts(home) {
        let lines = text.split(|byte| *byte == b'\n');
        for record in lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok()) {
            let content = match record["type"].as_str() {
                Some("user") => &record["message"]["content"],
                Some("attachment") => &record["attachment"]["prompt"],
                _ => continue,
            };
            let texts: Vec<&str> = match content {
                Value::String(text) => vec![text],
                Value::Array(blocks) => {
                    blocks.iter().filter_map(|block| block["text"].as_str()).collect()
                }
                _ => continue,
            };
            for line in texts.into_iter().flat_map(str::lines) {
                counts.entry(line.to_owned()).or_default().push(record.clone());
            }
        }
    }
    counts
}
