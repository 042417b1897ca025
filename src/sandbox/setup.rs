//! The other half of the control API: how people and chats are set up, as the owner of a group or of
//! the bot does.
//!
//! | Path | Body | Gives |
//! |---|---|---|
//! | `POST users` | `first_name username?` | `user` |
//! | `POST chats` | `user`, or `title members` | `chat` |
//! | `POST standing` | `chat user standing rights?`: `member` or `kicked` | |
//! | `POST topics` | `chat user name` | `topic` |
//! | `POST topic` | `chat user topic change`: `rename` with `name`, `close`, `reopen`, `delete` | |
//! | `POST forum` | `chat forum`: `on` or `off` | |
//! | `POST reactions` | `chat allowed?` | |
//! | `POST guise` | `chat user guise`: `person` or `group` | |
//! | `POST settings` | the bot's switches | |

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    bot::Settings,
    control::{Answer, client, done},
    hub::Hub,
    person::{Forum, Guise},
    room::{Rights, Standing},
    topics::TopicChange,
};

/// Routes that set things up.
pub(super) fn routes() -> Router<Arc<Hub>> {
    Router::new()
        .route("/sandbox/users", post(add_user))
        .route("/sandbox/chats", post(add_chat))
        .route("/sandbox/standing", post(admit))
        .route("/sandbox/topics", post(open_topic))
        .route("/sandbox/topic", post(change_topic))
        .route("/sandbox/forum", post(set_forum))
        .route("/sandbox/reactions", post(allow_reactions))
        .route("/sandbox/guise", post(set_guise))
        .route("/sandbox/settings", post(set_settings))
}

#[derive(Deserialize)]
struct NewUser {
    first_name: String,
    username: Option<String>,
}

async fn add_user(State(hub): State<Arc<Hub>>, Json(user): Json<NewUser>) -> Json<Value> {
    let id = client(hub).add_user(&user.first_name, user.username.as_deref());
    Json(json!({ "user": id }))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NewChat {
    Group { title: String, members: Vec<i64> },
    Private { user: i64 },
}

async fn add_chat(State(hub): State<Arc<Hub>>, Json(chat): Json<NewChat>) -> Answer {
    let id = match chat {
        NewChat::Group { title, members } => client(hub).add_group(&title, &members),
        NewChat::Private { user } => client(hub).add_private(user),
    }?;
    Ok(Json(json!({ "chat": id })))
}

#[derive(Deserialize)]
struct Admit {
    chat: i64,
    user: i64,
    standing: Standing,
    rights: Option<Rights>,
}

async fn admit(State(hub): State<Arc<Hub>>, Json(admit): Json<Admit>) -> Answer {
    let who = (admit.chat, admit.user);
    match admit.rights {
        Some(rights) if admit.standing == Standing::Member => client(hub).promote(who, rights),
        _ => client(hub).admit(who, admit.standing),
    }?;
    Ok(done())
}

#[derive(Deserialize)]
struct NewTopic {
    chat: i64,
    user: i64,
    name: String,
}

async fn open_topic(State(hub): State<Arc<Hub>>, Json(new): Json<NewTopic>) -> Answer {
    let topic = client(hub).open_topic((new.chat, new.user), &new.name)?;
    Ok(Json(json!({ "topic": topic })))
}

#[derive(Deserialize)]
struct Changed {
    chat: i64,
    user: i64,
    topic: i64,
    #[serde(flatten)]
    change: TopicChange,
}

async fn change_topic(State(hub): State<Arc<Hub>>, Json(changed): Json<Changed>) -> Answer {
    let who = (changed.chat, changed.user);
    client(hub).change_topic(who, changed.topic, &changed.change)?;
    Ok(done())
}

#[derive(Deserialize)]
struct WithForum {
    chat: i64,
    forum: Forum,
}

async fn set_forum(State(hub): State<Arc<Hub>>, Json(body): Json<WithForum>) -> Answer {
    client(hub).set_forum(body.chat, body.forum)?;
    Ok(done())
}

#[derive(Deserialize)]
struct Allowed {
    chat: i64,
    allowed: Option<Vec<String>>,
}

async fn allow_reactions(State(hub): State<Arc<Hub>>, Json(body): Json<Allowed>) -> Answer {
    client(hub).allow_reactions(body.chat, body.allowed)?;
    Ok(done())
}

#[derive(Deserialize)]
struct WithGuise {
    chat: i64,
    user: i64,
    guise: Guise,
}

async fn set_guise(State(hub): State<Arc<Hub>>, Json(body): Json<WithGuise>) -> Answer {
    client(hub).set_guise((body.chat, body.user), body.guise)?;
    Ok(done())
}

async fn set_settings(State(hub): State<Arc<Hub>>, Json(settings): Json<Settings>) -> Json<Value> {
    client(hub).set_settings(settings);
    done()
}
