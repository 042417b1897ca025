//! What is read from Claude's files about all sessions, beside the loop: what runs, what was used, and
//! what tools did.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{process::Command, task::spawn_blocking};

use crate::{
    app::{App, limits::told, search::are_above, upload},
    bridge::audit::{self, Entry},
    claude::{
        audit::{self as transcripts, Scope},
        catalog,
        home::Home,
        live::{self, Live},
        search::moment,
        session::SessionId,
        usage::{self, Sum, Usage, prices::Prices},
    },
    screens::{
        audit::{self as audit_screen, SHOWN, Whose},
        chart, limits as limits_screen, live as live_screen, notice,
        usage::{self as usage_screen, Shape},
    },
    telegram::{
        callback::Sure,
        command::Insight,
        outbox::{SendOptions, Sound},
        outgoing::{Content, OutgoingFile, SendAs},
        update::Message,
    },
};

/// Sessions of `/usage` that are named.
const DEAREST: usize = 5;

impl App {
    /// `/search`, `/live`, `/usage`, `/audit`
    pub(super) fn insight(&mut self, wanted: Insight, message: &Message) {
        match wanted {
            Insight::Search(words) => self.search(message, &words),
            Insight::Live => self.live(message),
            Insight::Usage => self.usage(message),
            Insight::Audit(which) => self.audit(message, which.as_deref()),
            Insight::Follow(which) => self.follow_command(message, which.as_deref()),
            Insight::Archive(which) => self.archive(message, which.as_deref()),
            Insight::Delete(which) => self.delete(message, which.as_deref()),
            Insight::Recap => self.recap(message),
            Insight::From(when) => self.history_from(message, &when),
            Insight::Limits => self.limits(message),
            Insight::Notify(which) => self.notify(message, which.as_deref()),
        }
    }

    // ---- /live ----

    fn live(&self, message: &Message) {
        let home = &self.setup.home;
        let all = live::by_need(home).into_iter().filter(|live| self.may_work_in(&live.cwd));
        let all: Vec<_> = all.map(|live| (live.clone(), title(home, &live))).collect();
        let card = self.notices.wishes.cards.contains(&message.from.id);
        self.reply(message, live_screen::live(&self.scene(), &all, card));
    }

    /// Ends the process that has a session open, once the person is sure.
    pub(super) fn stop_live(&mut self, message: &Message, session: SessionId, sure: Sure) {
        let home = &self.setup.home;
        let is_it = |live: &Live| live.session == session && self.may_work_in(&live.cwd);
        let held = live::list(home).into_iter().find(is_it);
        let Some(live) = held else {
            let words = "That session does not run any more.";
            return self.reply(message, notice::plain(words));
        };
        if !live.is_foreign() {
            let words = "That session runs here: /stop ends its turn.";
            return self.reply(message, notice::plain(words));
        }
        let (scene, title) = (self.scene(), title(home, &live));
        if sure == Sure::Ask {
            return self.reply(message, live_screen::may_stop(&scene, &live, &title));
        }
        self.strip(message);
        let (outbox, place) = (self.outbox.clone(), message.place);
        let how = self.answering(message.place, message.id);
        let (program, home) = (self.setup.claude.clone(), home.clone());
        self.errands.spawn(async move {
            let screen = match end(&program, &home, &live).await {
                Ok(()) => live_screen::stopped(&scene, session, &title),
                Err(why) => live_screen::not_stopped(&scene, session, &title, &why),
            };
            drop(outbox.send(place, screen, how));
        });
    }

    // ---- /usage ----

    fn usage(&mut self, message: &Message) {
        let (home, roots) = (self.setup.home.clone(), self.setup.roots.clone());
        let scene = self.scene();
        let today = usage_screen::today(&scene);
        let counted = spawn_blocking(move || {
            let is_meant = |project: &Path| are_above(&roots, project);
            let usage = usage::of_projects(&home, &Prices::default(), 0, &is_meant, |_, _| {});
            let titles = dearest(&home, &usage);
            let picture = chart::days(&usage, today);
            (usage, titles, picture)
        });
        let plan = self.ask_plan();
        let outbox = self.outbox.clone();
        let (place, how) = (message.place, self.answering(message.place, message.id));
        self.errands.spawn(async move {
            let _typing = outbox.typing(place);
            let Ok((usage, titles, picture)) = counted.await else { return };
            let days = if picture.is_some() { Shape::Picture } else { Shape::Bars };
            let mut screen = usage_screen::usage(&scene, &usage, &titles, days);
            limits_screen::add(&mut screen, told(plan).await.as_ref(), None);
            // In their order: files have a lane of their own.
            let _ = outbox.send(place, screen, how).await;
            if let Some(png) = picture {
                let file = OutgoingFile {
                    send_as: SendAs::Photo,
                    name: "usage.png".to_owned(),
                    content: Content::bytes(png),
                    caption: usage_screen::caption(&usage, today),
                };
                let how = SendOptions { reply_to: None, sound: Sound::Silent };
                upload::deliver(outbox, place, (file, how)).await;
            }
        });
    }

    // ---- /audit ----

    /// `which` is `today`, a session's id or the beginning of one, or nothing for that of the place.
    fn audit(&mut self, message: &Message, which: Option<&str>) {
        let scene = self.scene();
        let here = || self.session_here(message.place);
        let session = match which {
            Some("today") => None,
            Some(start) => {
                let fitting = catalog::beginning_with(&self.setup.home, start);
                let &[one] = &fitting[..] else {
                    let after = " is no session's id. /audit takes this chat's session, /audit \
                                 today all of them.";
                    return self.reply(message, notice::about_path("", start, after));
                };
                Some(one)
            }
            None if here().is_none() => {
                let words = "There is no session here yet. /audit today shows all of them.";
                return self.reply(message, notice::plain(words));
            }
            None => here(),
        };
        let since = if session.is_none() { moment("today", scene.now).unwrap_or(0) } else { 0 };
        let (home, user_home) = (self.setup.home.clone(), self.setup.user_home.clone());
        let roots = self.setup.roots.clone();
        let read = spawn_blocking(move || {
            let mut entries = entries(&home, &user_home, Scope { session, since });
            entries.retain(|entry| are_above(&roots, &entry.call.directory));
            let titled = |session| catalog::find(&home, session).map(|found| found.title);
            let whose = match session {
                Some(id) => Whose::Session(id, titled(id).unwrap_or_else(|| id.to_string())),
                None => Whose::Today,
            };
            (whose, entries)
        });
        let (outbox, place) = (self.outbox.clone(), message.place);
        let how = self.answering(message.place, message.id);
        self.errands.spawn(async move {
            let Ok((whose, entries)) = read.await else { return };
            let screen = audit_screen::audit(&scene, &whose, &entries);
            if entries.len() <= SHOWN {
                drop(outbox.send(place, screen, how));
                return;
            }
            drop(outbox.send(place, screen.clone(), how));
            let file = OutgoingFile {
                send_as: SendAs::Document,
                name: "audit.txt".to_owned(),
                content: Content::bytes(audit_screen::lines(&entries).into_bytes()),
                caption: audit_screen::caption(&scene, &whose),
            };
            upload::deliver(outbox, place, (file, how)).await;
        });
    }
}

/// What tools did, the oldest first.
fn entries(home: &Home, user_home: &Path, scope: Scope) -> Vec<Entry> {
    let mut entries = Vec::new();
    transcripts::run(home, scope, |calls| {
        entries.extend(calls.into_iter().map(|call| audit::entry(call, user_home)));
        ControlFlow::Continue(())
    });
    entries.sort_by_key(|entry| entry.call.at);
    entries
}

/// The sessions that cost most, by title.
fn dearest(home: &Home, usage: &Usage) -> Vec<(String, Sum)> {
    let mut all: Vec<_> = usage.sessions.iter().collect();
    all.sort_by(|a, b| b.sum.cost.total_cmp(&a.sum.cost));
    let titled = |id: SessionId| catalog::find(home, id).map(|session| session.title);
    let named = all.iter().take(DEAREST).map(|used| {
        let title = titled(used.id).unwrap_or_else(|| used.id.to_string());
        (title, used.sum)
    });
    named.collect()
}

/// The title of a session, or what the process calls it before it has one.
pub(super) fn title(home: &Home, live: &Live) -> String {
    let title = catalog::find(home, live.session).map(|session| session.title);
    let named = || if live.name.is_empty() { "New session".to_owned() } else { live.name.clone() };
    title.unwrap_or_else(named)
}

/// Ends a process: a background session as the CLI does it, any other by TERM. The error says why it
/// was not.
async fn end(program: &PathBuf, home: &Home, live: &Live) -> Result<(), String> {
    let Some(job) = live.job.as_deref().filter(|_| live.is_background()) else {
        live.terminate();
        return Ok(());
    };
    let mut stop = Command::new(program);
    stop.args(["stop", job]).env("CLAUDE_CONFIG_DIR", &home.dir).env_remove("TELEGRAM_BOT_TOKEN");
    let stopped = stop.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = stopped.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(if words.is_empty() { format!("`claude stop {job}`: {}", output.status) } else { words })
}
