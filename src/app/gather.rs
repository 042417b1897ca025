//! Messages that are one prompt: an album, and a long text that the person's client has split.
//!
//! Telegram brings them one by one and does not say which is the last, so a moment is waited for
//! more. Everything else is a prompt at once. Pure: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    bridge::{place::Place, prompt::PromptId},
    telegram::intent::UserInput,
};

/// A client splits a text at 4,096 UTF-16 units or a little before; a shorter one is whole.
pub(super) const SPLIT: usize = 3_800;
/// How long after a part the next one comes: they are sent in one go.
const MOMENT: Duration = Duration::from_millis(700);
/// The same for parts that an earlier process has got: the next ones come with the first poll.
const FIRST_POLL: Duration = Duration::from_secs(3);

/// What has come and may not be all.
#[derive(Debug, Default)]
pub(super) struct Gather {
    open: Vec<Bundle>,
}

/// Messages of one prompt, in order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bundle {
    /// The prompt that they are: that of the first.
    pub(super) id: PromptId,
    pub(super) parts: Vec<UserInput>,
    /// Until when more is waited for.
    until: Instant,
}

impl Gather {
    /// The prompt that a message goes on with.
    pub(super) fn prompt_of(&self, asking: &UserInput) -> Option<PromptId> {
        let place = asking.message.place;
        let open = self.open.iter().find(|bundle| bundle.place() == place)?;
        open.goes_on_with(asking).then_some(open.id)
    }

    /// Whether a message may not be all of its prompt.
    pub(super) fn is_part(&self, asking: &UserInput) -> bool {
        may_be_followed(asking) || self.prompt_of(asking).is_some()
    }

    /// Whether more is waited for.
    pub(super) fn holds(&self, id: PromptId) -> bool {
        self.open.iter().any(|bundle| bundle.id == id)
    }

    /// Takes up what an earlier process has gathered.
    pub(super) fn resume(&mut self, (id, parts): (PromptId, Vec<UserInput>), now: Instant) {
        self.open.push(Bundle { id, parts, until: now + FIRST_POLL });
    }

    /// Takes a message in, the prompt `id` if it is a first part, and gives back what is whole now,
    /// in order.
    pub(super) fn take(
        &mut self,
        (id, asking): (PromptId, UserInput),
        now: Instant,
    ) -> Vec<Bundle> {
        let place = asking.message.place;
        let open = self.open.iter_mut().find(|bundle| bundle.place() == place);
        let mut whole = Vec::new();
        match open {
            Some(bundle) if bundle.goes_on_with(&asking) => {
                bundle.parts.push(asking);
                bundle.until = now + MOMENT;
                if !bundle.may_grow() {
                    whole.extend(self.flush(place));
                }
            }
            _ => {
                whole.extend(self.flush(place));
                let bundle = Bundle { id, parts: vec![asking], until: now + MOMENT };
                if bundle.may_grow() {
                    self.open.push(bundle);
                } else {
                    whole.push(bundle);
                }
            }
        }
        whole
    }

    /// What was gathered in a place, since something else comes there.
    pub(super) fn flush(&mut self, place: Place) -> Option<Bundle> {
        let index = self.open.iter().position(|bundle| bundle.place() == place)?;
        Some(self.open.remove(index))
    }

    /// What has waited long enough.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Bundle> {
        self.open.extract_if(.., |bundle| bundle.until <= now).collect()
    }

    /// When something will have.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.iter().map(|bundle| bundle.until).min()
    }
}

impl Bundle {
    /// Messages that are all of a prompt.
    pub(super) fn of(id: PromptId, parts: Vec<UserInput>) -> Self {
        Self { id, parts, until: Instant::now() }
    }

    fn place(&self) -> Place {
        self.parts[0].message.place
    }

    fn last(&self) -> &UserInput {
        &self.parts[self.parts.len() - 1]
    }

    /// Whether a message belongs to the same prompt.
    fn goes_on_with(&self, next: &UserInput) -> bool {
        let (first, last) = (&self.parts[0].message, &self.last().message);
        if last.extra.album.is_some() {
            return last.extra.album == next.message.extra.album;
        }
        is_long(last)
            && first.from.id == next.message.from.id
            && next.message.extra == last.extra
            && next.message.reply.is_none()
    }

    /// Whether there may be more of it.
    fn may_grow(&self) -> bool {
        may_be_followed(self.last())
    }
}

fn may_be_followed(asking: &UserInput) -> bool {
    let UserInput { message, .. } = asking;
    message.extra.album.is_some() || (message.extra.file.is_none() && is_long(message))
}

/// Whether a text may have been split.
fn is_long(message: &crate::telegram::update::Message) -> bool {
    message.text.encode_utf16().count() >= SPLIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bridge::prompt::Source, telegram::update::Message};

    fn asking(chat: i64, id: i32, text: &str, album: Option<&str>) -> (PromptId, UserInput) {
        let mut message = Message::written(Place { chat, thread: None }, id, text);
        message.extra.album = album.map(str::to_owned);
        let source = Source { bot: 1, place: message.place, message: id };
        (PromptId::of(source, 0), UserInput { message, session: None, opening: None })
    }

    fn ids(bundles: &[Bundle]) -> Vec<Vec<i32>> {
        let ids = |bundle: &Bundle| bundle.parts.iter().map(|part| part.message.id).collect();
        bundles.iter().map(ids).collect()
    }

    #[test]
    fn albums_and_split_texts_are_one() {
        let long = "x".repeat(SPLIT);
        let now = Instant::now();
        let mut gather = Gather::default();
        let mut take = |asking| ids(&gather.take(asking, now));
        assert_eq!(take(asking(1, 1, "short", None)), [[1]]);
        assert_eq!(take(asking(1, 2, &long, None)), [[0; 0]; 0]);
        assert_eq!(take(asking(1, 3, &long, None)), [[0; 0]; 0]);
        assert_eq!(take(asking(2, 9, "elsewhere", None)), [[9]]);
        assert_eq!(take(asking(1, 4, "the end", None)), [[2, 3, 4]]);
        assert_eq!(take(asking(1, 5, "", Some("a"))), [[0; 0]; 0]);
        assert_eq!(take(asking(1, 6, "", Some("a"))), [[0; 0]; 0]);
        assert_eq!(take(asking(1, 7, "", Some("b"))), [[5, 6]]);
        assert_eq!(take(asking(1, 8, "short", None)), vec![vec![7], vec![8]]);
        assert_eq!(gather.deadline(), None);
    }

    #[test]
    fn what_does_not_go_on_is_whole_after_a_moment() {
        let now = Instant::now();
        let mut gather = Gather::default();
        gather.take(asking(1, 1, "", Some("a")), now);
        assert_eq!(gather.deadline(), Some(now + MOMENT));
        assert_eq!(gather.due(now), []);
        assert_eq!(ids(&gather.due(now + MOMENT)), [[1]]);
        gather.take(asking(1, 2, "", Some("a")), now);
        assert!(gather.flush(Place { chat: 2, thread: None }).is_none());
        assert!(gather.flush(Place { chat: 1, thread: None }).is_some());
        assert_eq!(gather.deadline(), None);
    }

    #[test]
    fn what_an_earlier_process_has_got_goes_on() {
        let now = Instant::now();
        let mut gather = Gather::default();
        let (first, part) = asking(1, 1, "", Some("a"));
        assert!(gather.is_part(&part));
        gather.resume((first, vec![part]), now);
        let (second, part) = asking(1, 2, "", Some("a"));
        assert_eq!(gather.prompt_of(&part), Some(first));
        assert_eq!(gather.prompt_of(&asking(1, 3, "", None).1), None);
        gather.take((second, part), now);
        assert!(gather.holds(first) && !gather.holds(second));
        assert_eq!(ids(&gather.due(now + MOMENT)), [[1, 2]]);
    }
}
