//! One line of a transcript, or of the CLI's stream, into a record.
//!
//! Both have the same shape for what is said in a conversation (`user`, `assistant`, `system`), so
//! there is one decoder, and the answer of a run and the tail of a file render alike. It borrows
//! from the line and steps over what nobody asked for. The CLI grows new record types and fields
//! with every release: unknown types are [`Kind::Other`], a field of the wrong type is as if absent,
//! and of a field that stands twice the last counts.
//!
//! Files are damaged by power cuts, full disks and other programs. So a byte order mark and zero bytes
//! in front of the object are ignored, and so is whatever follows it on the line; bytes that are no
//! UTF-8 and half surrogates become replacement characters; depth is no matter. Only a line that does
//! not hold one whole object is refused.

mod decode;
pub mod prompt;

use std::borrow::Cow;

use thiserror::Error;
use uuid::Uuid;

use super::{
    json::{Broken, Raw},
    session::SessionId,
};

pub use decode::blocks;

pub(super) use decode::moment;

/// The line holds no whole JSON object: garbage, torn, or empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a record")]
pub struct NotARecord;

impl From<Broken> for NotARecord {
    fn from(_: Broken) -> Self {
        Self
    }
}

/// One decoded line. Field names of the CLI stand in the comments where they differ.
///
/// Ids are UUIDs where the CLI writes them; other programs write others. An id that is no UUID is
/// represented by one that is made from its SHA-256, so that equal ids stay equal.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are the CLI's own flags")]
pub struct Record<'a> {
    /// The record's own id; the same in the stream and in the transcript.
    pub uuid: Option<Uuid>,
    /// The record this one follows in the conversation's tree (`parentUuid`).
    pub parent: Option<Uuid>,
    /// Of a compact boundary: the last record that was compacted away (`logicalParentUuid`).
    pub logical_parent: Option<Uuid>,
    /// When it was written, milliseconds since the Unix epoch (`timestamp`).
    pub at: Option<u64>,
    /// The directory the CLI worked in.
    pub cwd: Option<Raw<'a>>,
    /// The tool call whose sub-agent speaks (`parent_tool_use_id`, stream only).
    pub parent_tool: Option<Cow<'a, str>>,
    /// Belongs to a sub-agent (`isSidechain`).
    pub sidechain: bool,
    /// Written by the CLI, not by the person (`isMeta`).
    pub meta: bool,
    /// The summary that replaces what came before a compaction (`isCompactSummary`).
    pub compact_summary: bool,
    /// An echo of what was sent (`isReplay`, stream only).
    pub replay: bool,
    /// What the record says.
    pub kind: Kind<'a>,
}

/// What a record says, by its `type`.
#[derive(Debug)]
pub enum Kind<'a> {
    /// The person, a tool's result, or the CLI in the person's name.
    User(Message<'a>),
    /// Claude: in transcripts one block per record, the same message id on each.
    Assistant(Message<'a>),
    /// The CLI about the session.
    System {
        /// `compact_boundary`, `init`, `local_command`, …; empty where absent.
        subtype: Cow<'a, str>,
        /// A sentence for the person.
        content: Option<Cow<'a, str>>,
    },
    /// The title the person gave.
    CustomTitle(Cow<'a, str>),
    /// The title a model gave.
    AiTitle(Cow<'a, str>),
    /// A title as older versions of the CLI gave it.
    Summary(Cow<'a, str>),
    /// Where the conversation stands.
    LastPrompt {
        /// The newest prompt, shortened by the CLI (`lastPrompt`).
        prompt: Option<Cow<'a, str>>,
        /// The newest record of the active branch (`leafUuid`).
        leaf: Option<Uuid>,
    },
    /// The conversation moved on into another session (`continuedInSessionId`).
    ContinuedIn(SessionId),
    /// Something the CLI added to the conversation.
    Attachment {
        /// The attachment's own `type`: `queued_command`, …; empty where absent.
        name: Cow<'a, str>,
        /// Of a prompt that was folded into a running turn: the uuid it was sent with.
        source_uuid: Option<Uuid>,
        /// Its text.
        prompt: Option<Cow<'a, str>>,
        /// The same with the pictures in it, as it stands: a string or an array that [`blocks`]
        /// reads.
        content: Option<Raw<'a>>,
        /// Who sent it into the session's inbox (`origin.from`).
        origin_from: Option<Cow<'a, str>>,
    },
    /// What happened to a prompt that waited in the CLI.
    QueueOperation {
        /// `enqueue`, `dequeue`, `remove`, …; empty where absent.
        operation: Cow<'a, str>,
        /// The uuid the prompt was sent with.
        command_uuid: Option<Uuid>,
        /// Its text.
        content: Option<Cow<'a, str>>,
    },
    /// Costs so far, written when a process ends.
    CostState {
        /// US dollars since the session began (`totalCostUSD`).
        total: Option<f64>,
    },
    /// Every other type, by name; empty where the record has none.
    Other(Cow<'a, str>),
}

/// What was said.
#[derive(Debug, Default)]
pub struct Message<'a> {
    /// The API's message id: the same on all records of one message.
    pub id: Option<Cow<'a, str>>,
    /// The model; `<synthetic>` on messages of the CLI itself.
    pub model: Option<Cow<'a, str>>,
    /// Why the model stopped (`stop_reason`): `end_turn`, `tool_use`, …; absent while it writes and
    /// in older transcripts.
    pub stop: Option<Cow<'a, str>>,
    /// The content; a plain string is one [`Block::Text`].
    pub blocks: Vec<Block<'a>>,
    /// Tokens, the same on all records of one message: count them once per id.
    pub usage: Option<Usage>,
    /// Who sent it into the session's inbox (`origin.from` of the record).
    pub origin_from: Option<Cow<'a, str>>,
}

/// Tokens of one API message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Read, and neither from nor to the cache.
    pub input: u64,
    /// Written by the model.
    pub output: u64,
    /// Read from the cache.
    pub cache_read: u64,
    /// Read and put into the cache.
    pub cache_creation: u64,
}

impl Usage {
    /// Tokens that the model had before it when it gave this answer, and the answer.
    pub fn context(self) -> u64 {
        self.input + self.cache_read + self.cache_creation + self.output
    }
}

/// One block of content.
#[derive(Debug)]
pub enum Block<'a> {
    /// Said.
    Text(Cow<'a, str>),
    /// Thought; may be empty where the model keeps it to itself.
    Thinking(Cow<'a, str>),
    /// A tool is called.
    ToolUse {
        /// The call's id.
        id: Cow<'a, str>,
        /// The tool's name.
        name: Cow<'a, str>,
        /// Its arguments, an object: [`Raw::value`] reads them. `null` where absent.
        input: Raw<'a>,
    },
    /// A tool has answered.
    ToolResult {
        /// The call's id.
        id: Cow<'a, str>,
        /// The tool failed, or was refused.
        error: bool,
        /// A string or an array of blocks; [`Raw::text`] reads either. Not looked into by decoding.
        content: Option<Raw<'a>>,
    },
    /// A picture, by its `source`: `type`, `media_type`, and the `data` as base64.
    Image(Option<Raw<'a>>),
    /// A document such as a PDF, by its `source`, likewise.
    Document(Option<Raw<'a>>),
    /// Every other type, by name.
    Other(Cow<'a, str>),
}
