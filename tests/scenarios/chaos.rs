//! Never lost, never twice, with everything going wrong at once: the bot and the CLI are killed at
//! random moments while Telegram refuses, breaks and forgets to answer.
//!
//! Short in the suite. The long form, at least 200 kills:
//! `SEGUE_CHAOS_KILLS=200 cargo test --test scenarios chaos`. The seed of a
//! run is printed when it fails; `SEGUE_CHAOS_SEED` repeats its choices.

use std::{
    collections::{HashMap, HashSet},
    env, fs,
    time::Duration,
};

use segue::sandbox::{Fault, Post, Trouble};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    recovery::{end, living, records, taken},
    support::{
        phone::{ADA, GROUP, Phone},
        scratch::Scratch,
    },
};

/// Kills of the short form.
const KILLS: u64 = 8;
/// Places that talk at the same time.
const PLACES: [i64; 2] = [ADA, GROUP];

/// A sequence that its seed decides (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// What was said, and what went wrong.
#[derive(Default)]
struct Story {
    prompts: Vec<(i64, i64, String)>,
    lost_replies: usize,
    kills: usize,
}

impl Story {
    fn say(&mut self, phone: &Phone, (place, words): (i64, &str)) {
        let text = format!("{words} number {}", self.prompts.len());
        let id = phone.client.say((place, ADA), &text).unwrap();
        self.prompts.push((place, id, text));
    }

    fn trouble(&mut self, phone: &Phone, dice: &mut Dice) {
        let what = match dice.roll(4) {
            0 => Trouble::Cut,
            1 => Trouble::Status { code: 502 },
            2 => Trouble::RetryAfter { seconds: 1 },
            _ => Trouble::Lose,
        };
        self.lost_replies += usize::from(what == Trouble::Lose);
        let method = ["sendMessage", "editMessageText", "getUpdates"][dice.roll(3) as usize];
        phone.client.fault(Fault::on(method, what));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos() {
    let seed = number("SEGUE_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()) + 1);
    let kills = number("SEGUE_CHAOS_KILLS").unwrap_or(KILLS) as usize;
    println!("SEGUE_CHAOS_SEED={seed}");
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let script = json!({"pace": {"chunk": 8, "delay": 5}, "rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"pause": 300}, {"text": "Done with {last}"},
        ]]},
        {"replies": [[{"text": "Done with {last}"}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    let mut story = Story::default();
    for place in PLACES {
        phone.client.say((place, ADA), "/new").unwrap();
        phone
            .see_in(place, "a new session", |posts| {
                posts.iter().any(|post| post.text.contains("It begins with")).then_some(())
            })
            .await;
    }
    while story.kills < kills {
        for _ in 0..=dice.roll(2) {
            let words = ["slow", "quick"][dice.roll(2) as usize];
            story.say(&phone, (PLACES[dice.roll(2) as usize], words));
        }
        if dice.roll(2) == 0 {
            story.trouble(&phone, &mut dice);
        }
        // Not a wait for something: the moment itself is at random.
        sleep(Duration::from_millis(dice.roll(900))).await;
        let pids = living(&scratch.home());
        if dice.roll(4) == 0 && !pids.is_empty() {
            end(pids[dice.roll(pids.len() as u64) as usize]);
        } else {
            phone.kill();
            phone.boot().await;
        }
        story.kills += 1;
    }
    check(&scratch, &mut phone, &story).await;
}

async fn check(scratch: &Scratch, phone: &mut Phone, story: &Story) {
    for (place, prompt, text) in &story.prompts {
        phone
            .see_in(*place, &format!("an answer to {text:?}"), |posts| {
                posts.iter().any(|post| is_answer(post, *prompt)).then_some(())
            })
            .await;
    }
    phone.at_rest();
    let records = records(scratch);
    for (_, _, text) in &story.prompts {
        assert_eq!(taken(&records, text), 1, "{text:?} is taken once");
    }
    let mut twice = 0;
    for place in PLACES {
        let posts = phone.client.messages(place);
        let prompts: Vec<i64> =
            story.prompts.iter().filter(|(at, _, _)| *at == place).map(|(_, id, _)| *id).collect();
        let answers: Vec<&Post> =
            posts.iter().filter(|post| !post.silent && post.reply_to.is_some()).collect();
        let mut seen = HashSet::new();
        let order: Vec<i64> =
            answers.iter().filter_map(|post| post.reply_to.filter(|id| seen.insert(*id))).collect();
        let at: HashMap<i64, usize> = prompts.iter().enumerate().map(|(n, id)| (*id, n)).collect();
        assert!(
            order.is_sorted_by_key(|id| at.get(id)),
            "{order:?} is not the order of {prompts:?}"
        );
        twice += answers.len() - order.len();
    }
    // A killed bot never hears the reply to what it was just sending.
    let most = story.lost_replies + story.kills;
    assert!(twice <= most, "{twice} answers came twice, {most} replies were lost");
    phone.terminate();
    assert_eq!(living(&scratch.home()), [0; 0], "no process is left");
}

/// The answer itself, or the word that another one holds it.
fn is_answer(post: &Post, prompt: i64) -> bool {
    post.reply_to == Some(prompt)
        && ((!post.silent && post.text.contains('↳'))
            || post.text.contains("taken this into the running turn"))
}
