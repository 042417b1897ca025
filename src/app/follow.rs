//! `/follow`: which place follows which session, remembered in Claude's history.

use std::collections::HashMap;

use tokio::{sync::watch, task::AbortHandle};

use crate::{
    app::{
        App,
        commands::only_fit,
        mirror::{LaptopState, Mirror, OwnTurns},
    },
    bridge::{
        place::Place,
        subscriptions::{Subscription, Subscriptions},
        turn::Turn,
    },
    claude::{
        catalog::{self, Query},
        live::{self, Live},
        session::{SessionId, Status},
        watch::Wakers,
    },
    screens::{
        follow::{self as screens, Followed, WatchMode},
        notice,
    },
    telegram::{
        callback::{Callback, See},
        screen::{Button, Screen},
        text::Text,
        update::Message,
    },
};

/// What is followed where.
#[derive(Default)]
pub(super) struct Follows {
    all: HashMap<Place, Follow>,
    wakers: Wakers,
    own: OwnTurns,
}

impl Follows {
    /// Who is woken when a transcript changes.
    pub(super) fn wakers(&self) -> Wakers {
        self.wakers.clone()
    }

    /// A turn is shown in the place that asked for it: its mirror leaves it out.
    pub(super) fn shown_here(&self, place: Place, turn: watch::Receiver<Turn>) {
        self.own.add(place, turn);
    }
}

struct Follow {
    session: SessionId,
    there: watch::Sender<LaptopState>,
    mirror: AbortHandle,
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.mirror.abort();
    }
}

impl App {
    /// `/follow [session or off]`
    pub(super) fn follow_command(&mut self, message: &Message, which: Option<&str>) {
        match which.map(str::trim) {
            Some("off") => self.unfollow(message),
            Some(words) => {
                if let Some(session) = self.meant(words) {
                    return self.follow_session(message, session);
                }
                let after = " is no session that I can tell from others. /follow alone shows what \
                             runs now.";
                self.reply(message, notice::about_path("", words, after));
            }
            None => self.offer_to_follow(message),
        }
    }

    /// The session that a person means by an id, the beginning of one, or words of its title; what runs
    /// now goes before the rest.
    pub(super) fn meant(&self, words: &str) -> Option<SessionId> {
        if let Ok(session) = words.parse() {
            return Some(session);
        }
        if let &[one] = &catalog::beginning_with(&self.setup.home, words)[..] {
            return Some(one);
        }
        let all = live::list(&self.setup.home);
        let running: Vec<_> = all.iter().filter_map(|live| self.found(live.session)).collect();
        only_fit(&running, words)
            .filter(|id| {
                running.iter().any(|session| {
                    session.id == *id
                        && session.title.to_lowercase().contains(&words.to_lowercase())
                })
            })
            .or_else(|| {
                let query = Query {
                    words: words.split_whitespace().map(str::to_owned).collect(),
                    within: self.setup.roots.clone(),
                    take: 50,
                    ..Query::default()
                };
                only_fit(&catalog::page(&self.setup.home, &query).sessions, words)
            })
    }

    /// What runs elsewhere: the only one is followed, of several one is chosen.
    fn offer_to_follow(&mut self, message: &Message) {
        let followed = self.follows.all.get(&message.place).map(|follow| follow.session);
        let elsewhere: Vec<_> = live::by_need(&self.setup.home)
            .into_iter()
            .filter(|live| Some(live.session) != followed && self.is_elsewhere(live))
            .filter_map(|live| Some((self.found(live.session)?.title, live)))
            .map(|(title, live)| (live, title))
            .collect();
        if let ([(live, _)], None) = (&elsewhere[..], followed) {
            return self.follow_session(message, live.session);
        }
        let mut lead = Text::default();
        if let Some(session) = followed {
            let title = self.title_of(session);
            lead.push("Following ").bold(&title).push(". ");
        }
        lead.push(match (elsewhere.is_empty(), followed) {
            (true, None) => {
                "Nothing runs elsewhere on the laptop now. With a title or an id behind it, /follow \
                 waits for a session until it does."
            }
            (true, Some(_)) => "Nothing else runs on the laptop now.",
            (false, _) => "Which one to follow?",
        });
        let mut screen = screens::choose(&self.scene(), lead, &elsewhere);
        if followed.is_some() {
            screen.keyboard.push(vec![way("Stop following", See::Unfollow)]);
        }
        self.reply(message, screen);
    }

    /// The title of a session, or its id where it has said nothing yet.
    pub(super) fn title_of(&self, session: SessionId) -> String {
        self.found(session).map_or_else(|| session.to_string(), |found| found.title)
    }

    /// Whether a process is somebody else's, in a directory that the bot may tell of.
    pub(super) fn is_elsewhere(&self, live: &Live) -> bool {
        live.is_foreign() && !self.sessions.has(live.pid) && self.may_work_in(&live.cwd)
    }

    /// Follows a session in the place of a message, from now on and over restarts.
    pub(super) fn follow_session(&mut self, message: &Message, session: SessionId) {
        let Some(found) = self.found(session) else {
            let lead = "There is no session ";
            let after = " that has said anything. /live shows what runs, /sessions what there is.";
            return self.reply(message, notice::about_path(lead, &session.to_string(), after));
        };
        if !self.may_work_in(&found.project) {
            return self.reply(message, notice::forbidden(&self.scene(), &found.project));
        }
        let display = format!("/follow {session}");
        self.subscription(
            message.place,
            (Subscription::Follow(message.place), true),
            Some(session),
            &display,
        );
        self.mirror(message.place, session, Some(message));
    }

    /// Begins to mirror; `asked` is the message that wanted it, none after a restart.
    fn mirror(&mut self, place: Place, session: SessionId, asked: Option<&Message>) {
        let there = self.there(session, None);
        let title = self.title_of(session);
        let followed = Followed { session, title, live: there.live.clone() };
        let wakers = self.follows.wakers.clone();
        let sight = if wakers.are_blind() { WatchMode::Polled } else { WatchMode::Told };
        let screen = screens::begun(&self.scene(), &followed, asked.is_none(), sight);
        match asked {
            Some(message) => self.reply(message, screen),
            None => self.say(place, screen),
        }
        let (sender, there) = watch::channel(there);
        let mirror = Mirror {
            outbox: self.outbox.clone(),
            home: self.setup.home.clone(),
            scene: self.scene(),
            place,
            followed,
            there,
            wakers,
            own: self.follows.own.clone(),
        };
        let mirror = self.errands.spawn(mirror.run());
        self.follows.all.insert(place, Follow { session, there: sender, mirror });
    }

    /// `/follow off`, or its button.
    pub(super) fn unfollow(&mut self, message: &Message) {
        let Some(follow) = self.follows.all.remove(&message.place) else {
            return self.reply(message, notice::plain("Nothing is followed here."));
        };
        let session = follow.session;
        let subscription = (Subscription::Follow(message.place), false);
        self.subscription(message.place, subscription, Some(session), "/follow off");
        let title = self.title_of(session);
        self.reply(message, screens::ended(&self.scene(), session, &title));
    }

    /// What places followed before this start.
    pub(super) fn follow_again(&mut self, subscriptions: &Subscriptions) {
        for (place, session) in &subscriptions.follows {
            let allowed =
                |found: &crate::claude::session::Session| self.may_work_in(&found.project);
            if self.found(*session).as_ref().is_some_and(allowed) {
                self.mirror(*place, *session, None);
            }
        }
    }

    /// The registry has changed.
    pub(super) fn look_at_followed(&self, all: &[Live]) {
        for follow in self.follows.all.values() {
            let had = follow.there.borrow().live.as_ref().map(|live| live.pid);
            let there = self.there_in(all, follow.session, had);
            follow.there.send_if_modified(|known| {
                let is_new = *known != there;
                *known = there;
                is_new
            });
        }
    }

    fn there(&self, session: SessionId, had: Option<u32>) -> LaptopState {
        self.there_in(&live::list(&self.setup.home), session, had)
    }

    fn there_in(&self, all: &[Live], session: SessionId, had: Option<u32>) -> LaptopState {
        let live = all.iter().find(|live| live.session == session && self.is_elsewhere(live));
        let next = all.iter().find(|live| Some(live.pid) == had && live.session != session);
        LaptopState { live: live.cloned(), next: next.map(|live| live.session) }
    }

    /// Adds to the card of a session that it can be followed, where somebody else works in it.
    pub(super) fn offer_follow(&self, card: &mut Screen, session: SessionId) {
        let works = self.holder(session).is_some_and(|live| live.status != Status::Idle);
        if works {
            card.keyboard.push(vec![way("Follow what it does", See::Follow(session))]);
        }
    }

    /// Buttons about other sessions.
    pub(super) fn tap_see(&mut self, see: See, message: &Message, person: u64) {
        match see {
            See::Follow(session) => self.follow_session(message, session),
            See::Unfollow => {
                self.strip(message);
                self.unfollow(message);
            }
            See::Hold(until) => {
                self.strip(message);
                self.hold_until(message, until);
            }
            See::Archive(session, archived) => self.tap_archive(message, session, archived),
            See::Delete(session, sure) => self.tap_delete(message, session, sure),
            See::Restore(session) => self.tap_restore(message, session),
            See::ForkAt(session, at) => self.fork_at(message, session, at),
            See::Rewind(session, at) => self.rewind(message, session, at),
            See::Mute(session, on) => self.mute(message, person, (session, on)),
            See::Notices(on) => {
                self.strip(message);
                self.wish_notices(message, person, on);
            }
            See::Card(on) => {
                self.strip(message);
                self.wish_card(message, person, on);
            }
        }
    }
}

fn way(label: &str, see: See) -> Button {
    Button { label: label.to_owned(), data: Callback::See(see).encode() }
}
