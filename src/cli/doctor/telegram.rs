//! The bot as Telegram sees it: token, people, clock, webhook, and who else receives its messages.

use std::time::{Duration, Instant, SystemTime};

use tokio::time::sleep;

use super::Finding;
use crate::{
    cli::{
        bot_api,
        lock::{Lock, Refused},
    },
    config::Config,
    screens::words,
    telegram::{
        account::{self, Webhook},
        client::{Abilities, Client, Me},
        refusal::Refusal,
    },
};

/// A clock that is off by more than this shows in times and limits.
const SKEW: Duration = Duration::from_secs(60);
/// For how long to receive the bot's messages: another receiver tries again within that time.
const LISTEN: Duration = Duration::from_secs(6);
/// Between two calls while listening.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    const TOKEN: &str = "token";
    let Some(token) = &config.token else {
        return vec![Finding::fault(TOKEN, "there is none", "run `segue setup`")];
    };
    let client = match Client::connect(token.reveal(), &config.api_url) {
        Ok(client) => client,
        Err(error) => return vec![Finding::fault(TOKEN, error.to_string(), "run `segue setup`")],
    };
    let clock = clock(&client).await;
    let me = match client.get_me().await {
        Ok(me) => me,
        Err(Refusal::Unauthorized) => {
            let found = "Telegram knows no bot with this token";
            let remedy = "@BotFather shows the one that holds: /mybots; then `segue setup`";
            return [Some(Finding::fault(TOKEN, found, remedy)), clock]
                .into_iter()
                .flatten()
                .collect();
        }
        Err(refusal) => {
            let found = format!("{} does not answer: {refusal}", config.api_url);
            let remedy = "look at the network, at HTTPS_PROXY and at `api_url`";
            return vec![Finding::fault("telegram", found, remedy)];
        }
    };
    let mut findings = vec![Finding::good(TOKEN, format!("of @{}", me.username))];
    findings.extend(clock);
    findings.extend(abilities(&client).await);
    findings.extend(people(&client, config, &me).await);
    findings.extend(receiver(&client, config).await);
    findings
}

/// What the bot may do. Never a fault: people choose.
async fn abilities(client: &Client) -> Option<Finding> {
    let Abilities { has_topics_enabled, can_join_groups, can_read_all_group_messages } =
        client.get_me().await.ok()?.abilities;
    let topics = if has_topics_enabled { "topics on" } else { "topics off" };
    let groups = match (can_join_groups, can_read_all_group_messages) {
        (false, _) => "no groups",
        (true, false) => "in groups it sees commands and replies to it (privacy mode)",
        (true, true) => "in groups it sees every message",
    };
    Some(Finding::good("chats", format!("{topics}; {groups}")))
}

/// Whether the bot may write to each person: it may once they have written.
async fn people(client: &Client, config: &Config, me: &Me) -> Vec<Finding> {
    const PEOPLE: &str = "people";
    if config.allowed.is_empty() {
        return vec![Finding::fault(PEOPLE, "nobody may use the bot", "run `segue setup`")];
    }
    let mut findings = Vec::new();
    for &person in &config.allowed {
        findings.push(match bot_api::name(client, person).await {
            Ok(name) => Finding::good(PEOPLE, format!("{name} ({person})")),
            Err(Refusal::BadRequest(_) | Refusal::Blocked(_)) => Finding::fault(
                PEOPLE,
                format!("{person} has never written to the bot"),
                format!("open https://t.me/{} as this person and press Start", me.username),
            ),
            Err(refusal) => Finding::note(PEOPLE, format!("{person}: {refusal}")),
        });
    }
    findings
}

async fn clock(client: &Client) -> Option<Finding> {
    const CLOCK: &str = "clock";
    let theirs = client.server_time().await?;
    let ours = SystemTime::now();
    let (off, direction) = match ours.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    Some(if off <= SKEW {
        Finding::good(CLOCK, "as Telegram's")
    } else {
        let found = format!("{} s {direction} Telegram's", off.as_secs());
        Finding::fault(CLOCK, found, "set the clock, or let the system do it (NTP)")
    })
}

/// Who receives the bot's messages besides us.
async fn receiver(client: &Client, config: &Config) -> Vec<Finding> {
    const WEBHOOK: &str = "webhook";
    const POLLING: &str = "polling";
    let mut findings = Vec::new();
    match account::webhook(client).await {
        Ok(Webhook { url, .. }) if !url.is_empty() => {
            let host = url.split('/').nth(2).unwrap_or(&url).to_owned();
            let remedy = "take another bot; or call deleteWebhook, if no program needs it";
            let found = format!("the bot's messages go to {host}");
            return vec![Finding::fault(WEBHOOK, found, remedy)];
        }
        Ok(Webhook { pending_update_count, .. }) => {
            let waiting = words::plural(pending_update_count, "update");
            findings.push(Finding::good(WEBHOOK, format!("none; {waiting} to be fetched")));
        }
        Err(refusal) => findings.push(Finding::note(WEBHOOK, refusal.to_string())),
    }
    let runs_here = config
        .token
        .as_ref()
        .is_some_and(|token| matches!(Lock::take(token, &config.api_url), Err(Refused::Taken)));
    if runs_here {
        findings.push(Finding::good(POLLING, "by the segue that runs here"));
        return findings;
    }
    findings.push(match listen(client).await {
        Ok(()) => Finding::good(POLLING, "no other program receives the bot's messages"),
        Err(Refusal::Conflict(_)) => Finding::fault(
            POLLING,
            "another program receives the bot's messages",
            "end it (a segue on another machine?), or take another bot",
        ),
        Err(refusal) => Finding::note(POLLING, refusal.to_string()),
    });
    findings
}

/// Receives without confirming. Of two receivers Telegram refuses the earlier, which comes again
/// and then has us refused.
async fn listen(client: &Client) -> Result<(), Refusal> {
    let until = Instant::now() + LISTEN;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        bot_api::updates(client, None, left.as_secs() as u32).await?;
        if Instant::now() >= until || left.as_secs() == 0 {
            return Ok(());
        }
        // Where something waits, the answer comes at once.
        sleep(PAUSE).await;
    }
}
