//! Where updates come in: each is handled, or kept in the book, before Telegram hears that it came,
//! and a fault in handling one costs only that one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use crate::{
    app::{App, replies::Fault},
    bridge::{book::Provenance, place::Place},
    screens::{help, notice},
    telegram::{
        intent::{Intent, Stranger},
        poll::{Delivery, Redelivery},
    },
};

impl App {
    /// Handles an update. Whatever comes of it, it need not come again.
    pub(super) fn handed(&mut self, handed: Delivery) {
        let Delivery { update, raw, redelivery, ack } = handed;
        let (id, place) = (update.id, update.place());
        let intent = self.setup.access.intent(update);
        let kept = raw.clone().unwrap_or_default();
        if let Intent::Undecodable(why) = &intent {
            tracing::error!(update = id, why, "an update cannot be read: set aside");
            self.book.lay_aside(id, &kept);
            if self.faults.is_new(Fault::Updates) {
                self.tell_owners(&notice::plain(notice::UNREAD));
            }
        }
        if self.guarded(place, |app| app.take(intent, kept, redelivery)).is_none() {
            self.lay_aside(id, &raw.unwrap_or_default());
        }
        ack.confirm();
    }

    /// An update that breaks us does not come again, nor what the book has of it.
    fn lay_aside(&self, update: i64, raw: &Value) {
        tracing::error!(update, "an update is set aside");
        self.book.lay_aside(update, raw);
    }

    /// What brings a prompt is in the book before Telegram hears that it came.
    fn take(&mut self, intent: Intent, raw: Value, redelivery: Redelivery) {
        let provenance = match redelivery {
            Redelivery::Possible => Provenance::MaybeRepeated,
            Redelivery::No => Provenance::New,
        };
        if let Some(message) = intent.message() {
            self.receipts.heard(message.place, message.id, message.date);
        }
        match intent {
            Intent::Prompt(input) => self.input(&input, raw, provenance),
            Intent::Spoken(message) => self.spoken(&message, raw, provenance),
            Intent::Edited(input) => self.edited(&input, &raw),
            Intent::Callback(tap, press) => self.press(tap, &press, provenance),
            other => self.intent(other),
        }
    }

    /// Somebody who is not allowed: told once that this is so.
    pub(super) fn stranger(&mut self, stranger: Stranger) {
        match stranger {
            Stranger::Wrote(message) if self.faults.is_new(Fault::Stranger(message.from.id)) => {
                tracing::warn!(id = message.from.id, "a stranger wrote");
                self.say(message.place, help::stranger(message.from.id));
            }
            Stranger::Anonymous(message)
                if self.faults.is_new(Fault::Stranger(message.place.chat.unsigned_abs())) =>
            {
                tracing::warn!(chat = message.place.chat, "an admin wrote in the group's name");
                self.tell_owners(&notice::plain(notice::ANONYMOUS));
            }
            Stranger::Pressed(press) => {
                tracing::warn!(id = press.from.id, "a stranger pressed a button");
                let notice = "This bot answers to its owner only.".to_owned();
                self.outbox.answer(press.id, Some(notice));
            }
            Stranger::Wrote(_) | Stranger::Anonymous(_) | Stranger::Passing => {}
        }
    }

    /// Does something at the border: a fault in it costs what it was about, and is said. None then.
    pub(super) fn guarded<T>(
        &mut self,
        place: Option<Place>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(|| work(self))).ok();
        if done.is_none()
            && let Some(place) = place
        {
            self.say(place, notice::plain(notice::BROKEN));
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path, time::Duration};

    use axum::Router;
    use serde_json::json;
    use tokio::{net::TcpListener, sync::mpsc, time::timeout};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        app::Setup,
        bridge::{
            book::{Arrival, Book, Stage},
            prompt::{Prompt, PromptId, Source},
        },
        claude::home::Home,
        telegram::{
            client::{Abilities, Client, Me},
            intent::AccessPolicy,
            outbox::{Outbox, Pace},
        },
    };

    const SOON: Duration = Duration::from_secs(20);

    /// A server that takes every call, and what it is sent.
    async fn telegram() -> (String, mpsc::UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (calls, heard) = mpsc::unbounded_channel();
        let take = async move |body: String| {
            calls.send(body).unwrap();
            r#"{"ok": true, "result": {"message_id": 1}}"#
        };
        let server = Router::new().fallback(take);
        tokio::spawn(async move { axum::serve(listener, server).await });
        (url, heard)
    }

    fn app(url: &str, directory: &Path) -> App {
        let client = Client::connect("1:x", url).unwrap();
        let (outbox, _) =
            Outbox::start(client.clone(), Pace::every(SOON / 1_000), CancellationToken::new());
        let setup = Setup {
            me: Me { id: 1, username: "segue_bot".to_owned(), abilities: Abilities::default() },
            access: AccessPolicy { username: "segue_bot".to_owned(), allowed: BTreeSet::new() },
            state: directory.join("state"),
            home: Home::at(directory.join("claude")),
            user_home: directory.to_owned(),
            project: None,
            roots: Vec::new(),
            claude: "claude".into(),
            environment: Vec::new(),
            mode: None,
            model: None,
            allow_bypass: false,
            always_quote: false,
            idle: SOON,
            warm: 1,
            turns: 1,
            grace: SOON,
            client,
            inbox: None,
            transcriber: None,
            notices: crate::bridge::notices::Settings::default(),
        };
        App::new(setup, outbox).0
    }

    #[tokio::test]
    async fn a_fault_costs_what_it_was_about_and_is_said() {
        let (url, mut heard) = telegram().await;
        let directory = tempfile::tempdir().unwrap();
        let mut app = app(&url, directory.path());
        let place = Place { chat: 9, thread: None };
        let source = Source { bot: 1, place, message: 1 };
        let id = PromptId::of(source, 0);
        let raw = json!({"update_id": 5, "message": {}});
        let arrival = Arrival {
            prompt: Prompt::new(source, "sow", 0),
            from: 9,
            group: false,
            session: None,
            messages: vec![raw.clone()],
        };
        assert!(app.book.arrive(arrival, Provenance::New));
        app.book.stand(id, Stage::Gathering).unwrap();
        assert_eq!(app.guarded(Some(place), |_| 7), Some(7));
        let broken: Option<()> = app.guarded(Some(place), |_| panic!("of this test"));
        assert_eq!(broken, None);
        app.lay_aside(5, &raw);
        app.book.flush();
        let said = timeout(SOON, heard.recv()).await.unwrap().unwrap();
        assert!(said.contains(notice::BROKEN), "{said}");
        let state = directory.path().join("state");
        let aside = fs::read_to_string(state.join("set-aside/update-5.json")).unwrap();
        assert_eq!(aside, raw.to_string());
        assert_eq!(Book::open(state).1.entries, [], "it does not come back");
    }
}
