//! What is asked of the CLI beside the conversation: side questions and titles.
//!
//! The answer is awaited in a task of its own and goes straight to the chat.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    app::{App, note::Note, out::Wish},
    bridge::prompt::Source,
    claude::{session::SessionId, transcript},
    screens::{Scene, notice, steering as screens},
    telegram::{
        outbox::{Outbox, SendOptions, Sent, Sound},
        screen::Screen,
        text::cut,
    },
};

/// How long the CLI may take to start and to answer what needs no thought.
pub(super) const LOOK: Duration = Duration::from_secs(30);
/// How long Claude may think about a side question or a title.
const THOUGHT: Duration = Duration::from_secs(300);
/// Characters of a title.
const TITLE: usize = 200;

impl App {
    // ---- /btw ----

    pub(super) fn aside(&mut self, source: Source, question: &str) {
        let (session, spec) = match self.reach_spoken(source.place) {
            Ok((session, spec)) => (session.id, spec),
            Err(why) => return self.reply_to(source.place, source.message, notice::plain(why)),
        };
        let body = json!({"subtype": "side_question", "question": question});
        let answer = self.sessions.control(spec, body, None);
        let teller = self.teller(source);
        self.painters.spawn(async move {
            let asking = teller.send(screens::asking_aside(&teller.scene, session), Sound::Silent);
            let asking = asking.await.ok();
            let answer = answered(answer, THOUGHT).await;
            let text = answer.as_ref().ok().and_then(|answer| answer["response"].as_str());
            if let Some(text) = text {
                let mut sound = Sound::Aloud;
                for part in screens::aside(&teller.scene, session, text) {
                    drop(teller.send(part, sound));
                    sound = Sound::Silent;
                }
            } else {
                let why = answer.err().unwrap_or_default();
                teller.say(screens::failed("Asking aside", &why));
            }
            if let Some(asking) = asking {
                teller.outbox.delete(source.place, asking);
            }
        });
    }

    // ---- Titles ----

    pub(super) fn rename_here(&mut self, source: Source, title: Option<String>) {
        let (_, session) = self.whereabouts(source.place);
        match (session.and_then(|session| self.found(session)), title) {
            (None, _) => {
                let words = "This session has not begun: write first, then give it a title.";
                self.reply_to(source.place, source.message, notice::plain(words));
            }
            (Some(session), Some(title)) => self.rename(source, session.id, &title),
            (Some(session), None) => {
                let screen = screens::title(&self.scene(), &session);
                self.reply_to(source.place, source.message, screen);
            }
        }
    }

    pub(super) fn rename(&mut self, source: Source, session: SessionId, title: &str) {
        let words: Vec<_> = title.split_whitespace().collect();
        let title: String = cut(&words.join(" "), TITLE).to_owned();
        let body = json!({"subtype": "rename_session", "title": title});
        let Some(answer) = self.ask_session(source, session, body) else { return };
        let teller = self.teller(source);
        self.painters.spawn(async move {
            match answered(answer, LOOK).await {
                Ok(_) => teller.say(screens::renamed(&teller.scene, session, &title)),
                Err(why) => teller.say(screens::failed("Renaming", &why)),
            }
        });
    }

    pub(super) fn suggest(&mut self, source: Source, session: SessionId) {
        let path = self.setup.home.transcript(session);
        let digest = path.and_then(|path| transcript::digest(&path).ok()).unwrap_or_default();
        let first = self.found(session).map(|session| session.title).unwrap_or_default();
        let last = digest
            .last
            .map_or_else(String::new, |last| format!("\n\n{}\n\n{}", last.prompt, last.answer));
        let description: String = cut(&format!("{first}{last}"), 4_000).to_owned();
        let body = json!({
            "subtype": "generate_session_title", "description": description, "persist": false,
        });
        let Some(answer) = self.ask_session(source, session, body) else { return };
        let teller = self.teller(source);
        self.painters.spawn(async move {
            let answer = answered(answer, THOUGHT).await;
            match answer.as_ref().map(|answer| answer["title"].as_str()) {
                Ok(Some(title)) => {
                    teller.say(screens::suggestion(&teller.scene, session, title));
                }
                Ok(None) => teller.say(notice::plain("Claude has no title to suggest.")),
                Err(why) => teller.say(screens::failed("Suggesting a title", why)),
            }
        });
    }

    /// Asks the process of a session; says why not where it cannot be ours.
    fn ask_session(
        &mut self,
        source: Source,
        session: SessionId,
        body: Value,
    ) -> Option<oneshot::Receiver<Result<Value, String>>> {
        let (binding, _) = self.whereabouts(source.place);
        match self.spec_of(source.place, &binding, session) {
            Ok(spec) => Some(self.sessions.control(spec, body, None)),
            Err(why) => {
                self.reply_to(source.place, source.message, notice::plain(why));
                None
            }
        }
    }

    pub(super) fn teller(&self, source: Source) -> Teller {
        Teller {
            outbox: self.outbox.clone(),
            notes: self.notes.clone(),
            scene: self.scene(),
            quote: self.answering(source.place, source.message).reply_to,
            source,
        }
    }
}

/// Tells a place what came of something, from a task that outlives the moment.
pub(super) struct Teller {
    pub(super) outbox: Outbox,
    notes: mpsc::UnboundedSender<Note>,
    scene: Scene,
    source: Source,
    /// The message that is answered, where that would not be clear.
    quote: Option<i32>,
}

impl Teller {
    pub(super) fn say(&self, screen: Screen) {
        drop(self.send(screen, Sound::Silent));
    }

    /// Says that a wish has come true: in answer to what was written, in place of what was pressed.
    pub(super) fn grant(&self, wish: Wish, screen: Screen) {
        match wish {
            Wish::Written(_) => self.say(screen),
            Wish::Pressed(Source { place, message, .. }) => {
                drop(self.outbox.edit(place, message, screen));
            }
        }
    }

    fn send(&self, screen: Screen, sound: Sound) -> Sent {
        let how = SendOptions { reply_to: self.quote, sound };
        self.outbox.send(self.source.place, screen, how)
    }

    pub(super) fn note(&self, note: Note) {
        let _ = self.notes.send(note);
    }
}

/// What the CLI has answered, or why not.
pub(super) async fn answered(
    answer: oneshot::Receiver<Result<Value, String>>,
    patience: Duration,
) -> Result<Value, String> {
    match timeout(patience, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err("Claude ended before it answered.".to_owned()),
        Err(_) => Err("Claude takes too long.".to_owned()),
    }
}
