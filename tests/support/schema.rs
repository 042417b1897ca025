//! A request of the bot, read by types that are not ours: frankenstein's `*Params`.
//!
//! What is read is written again, and must be what was sent: a field that the types do not know,
//! because it is misspelt or belongs to another method, does not come back. Lengths and rights
//! are not in the types; the sandbox looks at those.

use frankenstein::methods::{
    AnswerCallbackQueryParams, CloseForumTopicParams, CreateForumTopicParams,
    DeleteForumTopicParams, DeleteMessageParams, DeleteMessagesParams, DeleteWebhookParams,
    EditForumTopicParams, EditMessageReplyMarkupParams, EditMessageTextParams, GetChatParams,
    GetFileParams, GetMyCommandsParams, GetMyDescriptionParams, GetMyNameParams,
    GetMyShortDescriptionParams, GetUpdatesParams, PinChatMessageParams, ReopenForumTopicParams,
    SendChatActionParams, SendDocumentParams, SendMessageDraftParams, SendMessageParams,
    SendPhotoParams, SendVoiceParams, SetMessageReactionParams, SetMyCommandsParams,
    SetMyDescriptionParams, SetMyNameParams, SetMyShortDescriptionParams, SetWebhookParams,
    UnpinAllChatMessagesParams, UnpinChatMessageParams,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// `getMe` and `getWebhookInfo` take nothing, and frankenstein has no type for that.
#[derive(Deserialize, Serialize)]
struct Nothing {}

/// Newer than frankenstein (Bot API 10.5).
#[derive(Deserialize, Serialize)]
struct SetMySettingsParams {
    #[serde(skip_serializing_if = "Option::is_none")]
    has_topics_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allows_users_to_create_topics: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_topic_sidebar: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_join_groups: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_read_all_group_messages: Option<bool>,
}

/// Checks the body of a call of `method`, named in any case.
///
/// The error says what is wrong, and where. A method that stands in no line here is an error.
pub(crate) fn check(method: &str, body: &Value) -> Result<(), String> {
    let again = match method.to_ascii_lowercase().as_str() {
        "answercallbackquery" => again::<AnswerCallbackQueryParams>,
        "closeforumtopic" => again::<CloseForumTopicParams>,
        "createforumtopic" => again::<CreateForumTopicParams>,
        "deleteforumtopic" => again::<DeleteForumTopicParams>,
        "deletemessage" => again::<DeleteMessageParams>,
        "deletemessages" => again::<DeleteMessagesParams>,
        "deletewebhook" => again::<DeleteWebhookParams>,
        "editforumtopic" => again::<EditForumTopicParams>,
        "editmessagereplymarkup" => again::<EditMessageReplyMarkupParams>,
        "editmessagetext" => again::<EditMessageTextParams>,
        "getchat" => again::<GetChatParams>,
        "getfile" => again::<GetFileParams>,
        "getme" | "getwebhookinfo" => again::<Nothing>,
        "getmycommands" => again::<GetMyCommandsParams>,
        "getmydescription" => again::<GetMyDescriptionParams>,
        "getmyname" => again::<GetMyNameParams>,
        "getmyshortdescription" => again::<GetMyShortDescriptionParams>,
        "getupdates" => again::<GetUpdatesParams>,
        "pinchatmessage" => again::<PinChatMessageParams>,
        "reopenforumtopic" => again::<ReopenForumTopicParams>,
        "sendchataction" => again::<SendChatActionParams>,
        "senddocument" => again::<SendDocumentParams>,
        "sendmessage" => again::<SendMessageParams>,
        "sendmessagedraft" => again::<SendMessageDraftParams>,
        "sendphoto" => again::<SendPhotoParams>,
        "sendvoice" => again::<SendVoiceParams>,
        "setmessagereaction" => again::<SetMessageReactionParams>,
        "setmycommands" => again::<SetMyCommandsParams>,
        "setmydescription" => again::<SetMyDescriptionParams>,
        "setmyname" => again::<SetMyNameParams>,
        "setmysettings" => again::<SetMySettingsParams>,
        "setmyshortdescription" => again::<SetMyShortDescriptionParams>,
        "setwebhook" => again::<SetWebhookParams>,
        "unpinallchatmessages" => again::<UnpinAllChatMessagesParams>,
        "unpinchatmessage" => again::<UnpinChatMessageParams>,
        _ => return Err(format!("{method}: the schema has no such method")),
    };
    let read = again(body).map_err(|error| format!("{method}: {error} in {body}"))?;
    match difference(body, &read) {
        None => Ok(()),
        Some(path) => Err(format!("{method}: {path} does not fit the schema in {body}")),
    }
}

/// What `T` makes of a body.
fn again<T: DeserializeOwned + Serialize>(body: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(T::deserialize(body)?)
}

/// Where the first value is that is not the same in both, as `.field[index]`.
fn difference(sent: &Value, read: &Value) -> Option<String> {
    match (sent, read) {
        (Value::Object(sent), Value::Object(read)) => {
            let added = read.keys().find(|name| !sent.contains_key(*name));
            let within = |(name, value)| {
                let found =
                    read.get(name).map_or(Some(String::new()), |read| difference(value, read));
                found.map(|rest| format!(".{name}{rest}"))
            };
            sent.iter().find_map(within).or_else(|| added.map(|name| format!(".{name}")))
        }
        (Value::Array(sent), Value::Array(read)) if sent.len() == read.len() => {
            let mut pairs = sent.iter().zip(read).enumerate();
            pairs.find_map(|(at, (sent, read))| {
                difference(sent, read).map(|rest| format!("[{at}]{rest}"))
            })
        }
        _ => (sent != read).then(String::new),
    }
}
