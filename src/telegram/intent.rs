//! What a person wants: an update, once its sender is allowed, becomes an [`Intent`].
//!
//! Here it is decided who is let in. Nothing an unknown person writes or presses goes further.

use std::collections::BTreeSet;

use crate::{
    bridge::attachment::Kind,
    claude::session::SessionId,
    telegram::{
        callback::Callback,
        command::Command,
        text::{Entity, EntityKind},
        update::{CallbackQuery, ChatKind, Message, Replied, Update, What},
        wording,
    },
};

/// Start of a link in a message of ours that opens a session when tapped.
const DEEP_LINK: &str = "?start=s_";
/// The account by which Telegram names an admin who hides behind the group (`@GroupAnonymousBot`).
const GROUP_BOT: u64 = 1_087_968_824;

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Something for Claude.
    Prompt(UserInput),
    /// Something for us.
    Command(Command, Message),
    /// A button of ours.
    Callback(Callback, Box<CallbackQuery>),
    /// A button that says nothing we know: of another version.
    Unknown(Box<CallbackQuery>),
    /// A recording, to be written down before it is a prompt.
    Spoken(Message),
    /// The new form of a message that was a prompt.
    Edited(UserInput),
    /// A message without text that we can use; the kind of what it carries.
    Unreadable(String, Message),
    /// Somebody we do not know; pressed or written.
    Stranger(Stranger),
    /// A group has another chat id: the old one and the new.
    Moved(i64, i64),
    /// An update that could not be decoded, and why.
    Undecodable(String),
    /// Nothing to do.
    Nothing,
}

impl Intent {
    /// The message that somebody has written to bring it.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Prompt(asking) => Some(&asking.message),
            Self::Command(_, message) | Self::Spoken(message) | Self::Unreadable(_, message) => {
                Some(message)
            }
            _ => None,
        }
    }
}

/// A message for Claude.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInput {
    /// The message.
    pub message: Message,
    /// The session of the message of ours that it replies to.
    pub session: Option<SessionId>,
    /// What the command in front of its words does with them; the message is without it.
    pub opening: Option<Opening>,
}

/// A command that takes a prompt: what follows it, and what its message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// `/new`: it begins a session.
    New,
    /// `/fork`: it goes on in a copy of the session.
    Fork,
    /// `/btw`: it is asked aside.
    Aside,
}

/// Somebody who is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// Wrote in a private chat.
    Wrote(Box<Message>),
    /// Writes in the name of a group, as an admin who hides: nobody can tell who it is.
    Anonymous(Box<Message>),
    /// Pressed a button.
    Pressed(Box<CallbackQuery>),
    /// Wrote in a group, where a word to each would be a nuisance.
    Passing,
}

/// Who we are, and whom we listen to.
#[derive(Clone, Debug)]
pub struct AccessPolicy {
    /// Our user name, without `@`.
    pub username: String,
    /// Telegram ids of the people who may use the bot.
    pub allowed: BTreeSet<u64>,
}

impl AccessPolicy {
    /// Turns an update into what its sender wants.
    pub fn intent(&self, update: Update) -> Intent {
        match update.what {
            What::Message(message) => self.message(message),
            What::CallbackQuery(press) => self.press(press),
            What::Moved(from, to) => Intent::Moved(from, to),
            What::Undecodable(why) => Intent::Undecodable(why),
            What::Edited(message) => self.edited(message),
            What::Other(_) => Intent::Nothing,
        }
    }

    /// The prompt in a message that a button takes along; None where it carries none of a person's.
    pub fn carried(&self, reply: &Replied) -> Option<String> {
        let words = wording::of_reply(reply);
        if reply.from_bot || (words.is_empty() && reply.extra.file.is_none()) {
            return None;
        }
        if reply.extra.origin.is_some() {
            return Some(words);
        }
        match self.addressed(&reply.text) {
            Addressed::Claude => Some(self.without_our_name(&words)),
            Addressed::Us(Command::New(prompt) | Command::Fork(prompt)) => prompt,
            Addressed::Us(_) | Addressed::AnotherBot => None,
        }
    }

    fn message(&self, message: Message) -> Intent {
        if message.from.id == GROUP_BOT && message.chat == ChatKind::Group {
            return Intent::Stranger(Stranger::Anonymous(Box::new(message)));
        }
        if message.chat == ChatKind::Channel || message.from.bot {
            return Intent::Nothing;
        }
        if !self.allowed.contains(&message.from.id) {
            let private = message.chat == ChatKind::Private;
            let stranger =
                if private { Stranger::Wrote(Box::new(message)) } else { Stranger::Passing };
            return Intent::Stranger(stranger);
        }
        if message.extra.file.as_ref().is_some_and(|file| file.kind == Kind::Sound) {
            return Intent::Spoken(message);
        }
        let extra = &message.extra;
        if message.text.trim().is_empty() && extra.file.is_none() && extra.words.is_none() {
            return match message.media.clone() {
                Some(kind) => Intent::Unreadable(kind, message),
                None => Intent::Nothing,
            };
        }
        // A forwarded message is somebody else's words: never a command.
        let addressed =
            if message.forwarded { Addressed::Claude } else { self.addressed(&message.text) };
        match addressed {
            Addressed::Us(command) => match opened(command, &message) {
                Ok((opening, text)) => {
                    let (opening, session) = (Some(opening), None);
                    // What it marks in the text, it marks behind the command.
                    let message = Message { text, entities: Vec::new(), ..message };
                    Intent::Prompt(UserInput { message, session, opening })
                }
                Err(command) => Intent::Command(command, message),
            },
            Addressed::AnotherBot => Intent::Nothing,
            Addressed::Claude => {
                let text = self.without_our_name(&message.text);
                let message = Message { text, ..message };
                let session = message.reply.as_deref().and_then(session_of);
                Intent::Prompt(UserInput { message, session, opening: None })
            }
        }
    }

    /// What a person writes anew is offered to be sent anew; a command without a prompt is not.
    fn edited(&self, message: Message) -> Intent {
        match self.message(message) {
            Intent::Prompt(asking)
                if !asking.message.text.trim().is_empty()
                    && asking.opening != Some(Opening::Aside) =>
            {
                Intent::Edited(asking)
            }
            _ => Intent::Nothing,
        }
    }

    /// A command of the CLI as the CLI knows it: in a group Telegram adds our name to it.
    fn without_our_name(&self, text: &str) -> String {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        match word.strip_prefix('/').and_then(|word| word.split_once('@')) {
            Some((name, bot)) if bot.eq_ignore_ascii_case(&self.username) => {
                format!("/{name}{rest}")
            }
            _ => text.to_owned(),
        }
    }

    fn press(&self, press: CallbackQuery) -> Intent {
        if !self.allowed.contains(&press.from.id) {
            return Intent::Stranger(Stranger::Pressed(Box::new(press)));
        }
        match Callback::decode(&press.data) {
            Some(tap) => Intent::Callback(tap, Box::new(press)),
            None => Intent::Unknown(Box::new(press)),
        }
    }

    fn addressed(&self, text: &str) -> Addressed {
        let Some(line) = text.strip_prefix('/') else {
            return Addressed::Claude;
        };
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (name, bot) = word.split_once('@').unwrap_or((word, &self.username));
        if !bot.eq_ignore_ascii_case(&self.username) {
            return Addressed::AnotherBot;
        }
        Command::read(name, rest.trim()).map_or(Addressed::Claude, Addressed::Us)
    }
}

/// The prompt that a command takes, where there is one; else the command.
fn opened(command: Command, message: &Message) -> Result<(Opening, String), Command> {
    let carries = message.extra.file.is_some() || message.extra.album.is_some();
    match command {
        Command::New(Some(text)) => Ok((Opening::New, text)),
        Command::Fork(Some(text)) => Ok((Opening::Fork, text)),
        Command::Aside(Some(text)) => Ok((Opening::Aside, text)),
        Command::New(None) if carries => Ok((Opening::New, String::new())),
        Command::Fork(None) if carries => Ok((Opening::Fork, String::new())),
        command => Err(command),
    }
}

enum Addressed {
    Us(Command),
    AnotherBot,
    /// Also a slash command that the CLI may know.
    Claude,
}

/// The session that a message of ours belongs to, by the link in its small line.
pub fn session_of(reply: &Replied) -> Option<SessionId> {
    if !reply.from_me {
        return None;
    }
    reply.links.iter().rev().find_map(|link| opened_by(link))
}

/// The session of a message of ours, by the same link.
pub fn session_in(entities: &[Entity]) -> Option<SessionId> {
    let linked = |entity: &Entity| match &entity.kind {
        EntityKind::Link(address) => opened_by(address),
        _ => None,
    };
    // The link that nobody sees is ours; what follows it may be anybody's.
    let hidden = entities.first().filter(|first| (first.offset, first.length) == (0, 1));
    hidden.and_then(linked).or_else(|| entities.iter().rev().find_map(linked))
}

fn opened_by(link: &str) -> Option<SessionId> {
    let (_, id) = link.split_once(DEEP_LINK)?;
    id.parse().ok()
}

/// The address that opens a session in our chat.
pub fn deep_link(username: &str, session: SessionId) -> String {
    format!("https://t.me/{username}{DEEP_LINK}{session}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bridge::place::Place,
        telegram::update::{Extra, User},
    };

    const ID: &str = "11111111-1111-8111-8111-111111111111";

    fn policy() -> AccessPolicy {
        AccessPolicy { username: "segue_bot".to_owned(), allowed: BTreeSet::from([1]) }
    }

    fn message(from: u64, chat: ChatKind, text: &str) -> Message {
        let mut message = Message::written(Place { chat: 1, thread: None }, 5, text);
        (message.from.id, message.chat) = (from, chat);
        message
    }

    fn wants(message: Message) -> Intent {
        policy().intent(Update { id: 1, what: What::Message(message) })
    }

    #[test]
    fn nobody_else() {
        let stranger = wants(message(2, ChatKind::Private, "hello"));
        assert!(matches!(stranger, Intent::Stranger(Stranger::Wrote(_))), "{stranger:?}");
        let passing = wants(message(2, ChatKind::Group, "/stop"));
        assert!(matches!(passing, Intent::Stranger(Stranger::Passing)), "{passing:?}");
        let press = CallbackQuery {
            id: "q".to_owned(),
            from: User { id: 2, name: String::new(), bot: false },
            place: None,
            message: None,
            data: "w".to_owned(),
        };
        let pressed = policy().intent(Update { id: 1, what: What::CallbackQuery(press) });
        assert!(matches!(pressed, Intent::Stranger(Stranger::Pressed(_))), "{pressed:?}");
    }

    #[test]
    fn commands_are_ours_claudes_or_another_bots() {
        let id = ID.parse().unwrap();
        for (text, expected) in [
            ("/NEW", Some(Command::New(None))),
            ("/resume@Segue_Bot tidy up", Some(Command::Sessions("tidy up".to_owned()))),
            ("/start s_11111111-1111-8111-8111-111111111111", Some(Command::Start(Some(id)))),
            ("/start s_nonsense", Some(Command::Start(None))),
            ("/cd ~/garden", Some(Command::Cd(Some("~/garden".to_owned())))),
            ("/compact", None),
            ("/home/ada is my directory", None),
            ("new", None),
        ] {
            match (wants(message(1, ChatKind::Private, text)), expected) {
                (Intent::Command(command, _), Some(expected)) => assert_eq!(command, expected),
                (Intent::Prompt(asking), None) => assert_eq!(asking.message.text, text),
                (other, _) => panic!("{text}: {other:?}"),
            }
        }
        assert_eq!(wants(message(1, ChatKind::Group, "/new@other_bot")), Intent::Nothing);
        let forwarded = Message { forwarded: true, ..message(1, ChatKind::Private, "/stop") };
        assert!(matches!(wants(forwarded), Intent::Prompt(_)));
    }

    #[test]
    fn a_command_that_takes_a_prompt_is_one_with_all_that_it_carries() {
        let album = |message: Message| {
            let extra = Extra { album: Some("a".to_owned()), ..Extra::default() };
            Message { extra, ..message }
        };
        let written = |text: &str| message(1, ChatKind::Private, text);
        for (message, opening, text) in [
            (written("/new fix it\nnow"), Opening::New, "fix it\nnow"),
            (written("/fork and then?"), Opening::Fork, "and then?"),
            (written("/btw why?"), Opening::Aside, "why?"),
            (album(written("/new sow these")), Opening::New, "sow these"),
            (album(written("/fork")), Opening::Fork, ""),
        ] {
            let Intent::Prompt(asking) = wants(message.clone()) else { panic!("{message:?}") };
            assert_eq!((asking.opening, &*asking.message.text), (Some(opening), text));
            assert_eq!(asking.message.extra, message.extra);
        }
        for bare in ["/new", "/fork", "/btw"] {
            assert!(matches!(wants(written(bare)), Intent::Command(..)), "{bare}");
        }
        let edited = |text: &str| {
            let what = What::Edited(message(1, ChatKind::Private, text));
            policy().intent(Update { id: 1, what })
        };
        assert!(matches!(edited("/new fix it well"), Intent::Edited(_)));
        assert_eq!(edited("/stop"), Intent::Nothing);
    }

    #[test]
    fn an_admin_who_hides_is_heard_of() {
        let hidden = message(GROUP_BOT, ChatKind::Group, "sow");
        let hidden = Message { from: User { bot: true, ..hidden.from }, ..hidden };
        assert!(matches!(wants(hidden), Intent::Stranger(Stranger::Anonymous(_))));
    }

    #[test]
    fn a_reply_to_our_small_line_names_its_session() {
        let mut said = message(1, ChatKind::Private, "and then?");
        let session = ID.parse().unwrap();
        let reply = Replied {
            id: 4,
            from_me: true,
            from_bot: true,
            text: String::new(),
            links: vec!["https://example.org".to_owned(), deep_link("segue_bot", session)],
            extra: Extra::default(),
        };
        for (from_me, expected) in [(true, Some(session)), (false, None)] {
            said.reply = Some(Box::new(Replied { from_me, ..reply.clone() }));
            let Intent::Prompt(asking) = wants(said.clone()) else { panic!("no prompt") };
            assert_eq!(asking.session, expected);
        }
    }
}
