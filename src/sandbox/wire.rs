//! The objects of the Bot API that the sandbox sends and takes, as they look on the wire.
//!
//! Knows names and shapes, no rules. Everything that a caller may nest in a request refuses
//! unknown fields. Source of all names: <https://core.telegram.org/bots/api>.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A person or the bot. <https://core.telegram.org/bots/api#user>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Telegram's id, positive.
    pub id: i64,
    /// Whether this is the bot.
    pub is_bot: bool,
    /// First name, never empty.
    pub first_name: String,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Name without the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// IETF language tag of the person's client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
}

/// Where messages are. <https://core.telegram.org/bots/api#chat>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// The person's id in a private chat, negative in a group.
    pub id: i64,
    /// What kind of chat it is.
    #[serde(rename = "type")]
    pub kind: ChatKind,
    /// Title of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// First name of the person in a private chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name of the person in a private chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Name without the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether a supergroup has topics; never `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_forum: Option<bool>,
}

/// Kinds of chats that the sandbox has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// One person and the bot.
    Private,
    /// A basic group.
    Group,
    /// A supergroup.
    Supergroup,
}

/// What a range of text is. <https://core.telegram.org/bots/api#messageentity>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// `@username`, detected
    Mention,
    /// `/start@bot`, detected
    BotCommand,
    /// A bare address, detected
    Url,
    /// Bold
    Bold,
    /// Italic
    Italic,
    /// Underlined
    Underline,
    /// Struck through
    Strikethrough,
    /// Hidden until tapped
    Spoiler,
    /// Monospace in the line
    Code,
    /// Monospace block, with `language`
    Pre,
    /// Text with a `url`
    TextLink,
    /// Quotation
    Blockquote,
    /// Quotation folded until tapped
    ExpandableBlockquote,
}

impl EntityKind {
    /// Whether Telegram finds this kind itself; one that a bot sends is thrown away.
    pub(super) fn detected(self) -> bool {
        matches!(self, Self::Mention | Self::BotCommand | Self::Url)
    }

    /// Monospace: holds no other entity, and stands in a quotation at most.
    pub(super) fn mono(self) -> bool {
        matches!(self, Self::Code | Self::Pre)
    }

    /// A quotation, folded or not.
    pub(super) fn quote(self) -> bool {
        matches!(self, Self::Blockquote | Self::ExpandableBlockquote)
    }

    /// Order of entities that cover the same range, outer first, as `TDLib` sorts them.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Blockquote | Self::ExpandableBlockquote => 0,
            Self::Pre => 10,
            Self::Code => 20,
            Self::TextLink => 49,
            Self::Mention | Self::BotCommand | Self::Url => 50,
            Self::Bold => 90,
            Self::Italic => 91,
            Self::Underline => 92,
            Self::Strikethrough => 93,
            Self::Spoiler => 94,
        }
    }
}

/// One formatted range. <https://core.telegram.org/bots/api#messageentity>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// What the range is.
    #[serde(rename = "type")]
    pub kind: EntityKind,
    /// Start in UTF-16 code units.
    pub offset: usize,
    /// Length in UTF-16 code units.
    pub length: usize,
    /// Target of a `text_link`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Language of a `pre`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl Entity {
    /// First UTF-16 code unit after the range.
    pub fn end(&self) -> usize {
        self.offset.saturating_add(self.length)
    }
}

/// Buttons beneath a message. <https://core.telegram.org/bots/api#inlinekeyboardmarkup>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyboard {
    /// Rows, each from left to right.
    pub inline_keyboard: Vec<Vec<Button>>,
}

/// One button. <https://core.telegram.org/bots/api#inlinekeyboardbutton>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// What it says.
    pub text: String,
    /// What the bot gets when it is pressed, 1–64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_data: Option<String>,
    /// What it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it puts on the clipboard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_text: Option<CopyText>,
    /// Its colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<Style>,
}

/// <https://core.telegram.org/bots/api#copytextbutton>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyText {
    /// 1–256 characters.
    pub text: String,
}

/// Colour of a button (Bot API 9.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Blue
    Primary,
    /// Green
    Success,
    /// Red
    Danger,
}

/// How links are previewed. <https://core.telegram.org/bots/api#linkpreviewoptions>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkPreview {
    /// No preview at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_disabled: Option<bool>,
    /// The link to preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Shrink the media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefer_small_media: Option<bool>,
    /// Enlarge the media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefer_large_media: Option<bool>,
    /// Preview above the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_above_text: Option<bool>,
}

/// A message as the bot gets it. <https://core.telegram.org/bots/api#message>
#[derive(Clone, Debug, Serialize)]
pub(super) struct Message {
    #[serde(rename = "message_id")]
    pub(super) id: i64,
    pub(super) from: User,
    pub(super) chat: Chat,
    pub(super) date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) edit_date: Option<i64>,
    #[serde(rename = "reply_to_message", skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<Box<Message>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) entities: Vec<Entity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caption: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) caption_entities: Vec<Entity>,
    /// What it carries, and where it comes from.
    #[serde(flatten)]
    pub(super) more: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link_preview_options: Option<LinkPreview>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_markup: Option<Keyboard>,
}

/// A pressed button. <https://core.telegram.org/bots/api#callbackquery>
#[derive(Debug, Serialize)]
pub(super) struct CallbackQuery {
    pub(super) id: String,
    pub(super) from: User,
    pub(super) message: Message,
    pub(super) chat_instance: String,
    pub(super) data: String,
}

/// One line of the command menu. <https://core.telegram.org/bots/api#botcommand>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Name without the slash.
    pub command: String,
    /// What it does.
    pub description: String,
}
