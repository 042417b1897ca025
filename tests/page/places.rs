//! What the page shows around messages, and what a person does there: topics, pins, reactions,
//! sounds, the command menu, and labels as a telephone cuts them.

use segue::sandbox::Rights;
use serde_json::{Value, json};

use crate::{
    bot::{ADA, Bot},
    button, talk,
    view::{Screen, View},
};

const GROUP: i64 = -1_002_000_000_001;

/// The next update of a kind.
async fn next(bot: &mut Bot, kind: &str) -> Value {
    loop {
        let mut update = bot.update().await;
        if update[kind].is_object() {
            return update[kind].take();
        }
    }
}

/// Makes a topic by the page's own dialog.
fn make_topic(view: &mut View, name: &str) {
    view.click("#topic-new");
    view.see("#topic-dialog[open]", "New topic");
    view.write(name);
    view.enter();
    view.see("#topics [aria-selected='true']", name);
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_of_a_group_are_made_used_and_ended() {
    let Some((mut bot, mut view)) = talk("topics of a group", Screen::Tall).await else { return };
    view.click("#back-button");
    view.click(&format!("[data-chat='{GROUP}']"));
    view.miss("#topics");
    let client = bot.sandbox.client();
    client.set_forum(GROUP, segue::sandbox::Forum::On).unwrap();
    make_topic(&mut view, "Beans and peas");
    let topic = next(&mut bot, "message").await["message_id"].as_i64().unwrap();
    view.see(".post.service", "Ada Lovelace made the topic “Beans and peas”");
    view.say("Sow them");
    assert_eq!(next(&mut bot, "message").await["message_thread_id"], topic);

    let typing = json!({ "chat_id": GROUP, "message_thread_id": topic, "action": "typing" });
    bot.call("sendChatAction", typing).await;
    view.see("#chat-status", "typing…");
    let sown = json!({ "chat_id": GROUP, "message_thread_id": topic, "text": "Sown" });
    bot.call("sendMessage", sown).await;
    view.see(".post.in", "Sown");
    view.see("#chat-status", "people");
    view.keep("topics-group");
    bot.call("sendMessage", json!({ "chat_id": GROUP, "text": "In the open" })).await;
    view.see("#topics [data-topic=''] b", "1");
    view.click("#topics [data-topic='']");
    view.see(".post.in", "In the open");
    assert_eq!(view.eval("document.querySelectorAll('.post').length"), 1, "General has its own");
    view.say("And water them");
    assert!(next(&mut bot, "message").await["message_thread_id"].is_null());

    view.click(&format!("#topics [data-topic='{topic}']"));
    for (button, said) in [("#topic-close", "closed the topic"), ("#topic-close", "opened")] {
        view.click(&format!("#topics [data-more='{topic}']"));
        view.click(button);
        view.see(".post.service", said);
    }
    view.click(&format!("#topics [data-more='{topic}']"));
    view.eval("document.querySelector('#topic-form input').select()");
    view.write("Beans");
    view.enter();
    view.see("#topics [aria-selected='true']", "Beans");
    view.click(&format!("#topics [data-more='{topic}']"));
    view.click("#topic-delete");
    view.miss(&format!("#topics [data-topic='{topic}']"));
    view.see(".post.out", "And water them");
    assert_eq!(view.overhang(), 0);
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_of_a_private_chat_are_where_the_bot_lets_them_be() {
    let Some((mut bot, mut view)) = talk("topics of a private chat", Screen::Tall).await else {
        return;
    };
    view.miss("#topics");
    let on = json!({ "has_topics_enabled": true, "allows_users_to_create_topics": true });
    bot.call("setMySettings", on).await;
    let made = bot.call("createForumTopic", json!({ "chat_id": ADA, "name": "Greenhouse" })).await;
    let theirs = made["message_thread_id"].as_i64().unwrap();
    view.see(&format!("#topics [data-topic='{theirs}']"), "Greenhouse");
    make_topic(&mut view, "Almanac");
    view.say("Which week is it?");
    let mine = loop {
        let message = next(&mut bot, "message").await;
        if message["text"].is_string() {
            break message["message_thread_id"].as_i64().unwrap();
        }
    };
    assert_ne!(mine, theirs);
    bot.send(json!({ "text": "Too warm", "message_thread_id": theirs })).await;
    view.see(&format!("#topics [data-topic='{theirs}'] b"), "1");
    view.click("#topics [data-topic='']");
    view.see(".post.in .in-topic", "# Greenhouse");
    view.see(".post.out .in-topic", "# Almanac");
    view.keep("topics-private");
    view.click(".post.in .in-topic");
    view.see("#topics [aria-selected='true']", "Greenhouse");
    assert_eq!(view.overhang(), 0);
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_reactions_and_sounds_are_shown_and_made() {
    let test = "pins, reactions and sounds";
    let Some((mut bot, mut view)) = talk(test, Screen::Tall).await else { return };
    let asked = json!(["message", "callback_query", "message_reaction"]);
    bot.call("getUpdates", json!({ "allowed_updates": asked })).await;
    let card =
        bot.send(json!({ "text": "Needs you: nothing", "disable_notification": true })).await;
    let answer = bot.send(json!({ "text": "Two rows of beans are sown." })).await;
    let post = |id: i64| format!("[data-message='{id}']");
    view.see(&format!("{} .meta .silent[aria-label]", post(card)), "");
    view.see(&format!("{} .meta .loud[aria-label]", post(answer)), "");
    let pin = json!({ "chat_id": ADA, "message_id": card, "disable_notification": true });
    bot.call("pinChatMessage", pin).await;
    view.see("#pin-bar", "Needs you: nothing");
    view.see(".post.service", "segue pinned “Needs you: nothing”");
    view.act(&answer.to_string(), "pin");
    view.see("#pin-bar", "Two rows of beans");
    view.see("#pin-title", "2 of 2");
    view.click("#pin-off");
    view.see("#pin-bar", "Needs you");

    view.act(&answer.to_string(), "react");
    view.click("[data-react='🔥']");
    view.see(&format!("{} .reaction.mine", post(answer)), "🔥");
    assert_eq!(next(&mut bot, "message_reaction").await["new_reaction"][0]["emoji"], "🔥");
    view.say("Thank you");
    let mine = next(&mut bot, "message").await["message_id"].as_i64().unwrap();
    let seen = json!({ "chat_id": ADA, "message_id": mine, "reaction": [{ "type": "emoji", "emoji": "👀" }] });
    bot.call("setMessageReaction", seen).await;
    view.see(&format!("{} .reaction", post(mine)), "👀segue");
    bot.call("sendChatAction", json!({ "chat_id": ADA, "action": "typing" })).await;
    view.see("#chat-status", "typing…");
    view.keep("pins-and-reactions");
    view.click(&format!("{} .reaction.mine", post(answer)));
    view.miss(&format!("{} .reaction", post(answer)));
    assert_eq!(view.overhang(), 0);
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_cut_as_on_a_telephone() {
    let Some((bot, mut view)) = talk("labels are cut", Screen::Desktop).await else { return };
    let long = "Watering schedule for the greenhouse and all of the beds · 12 min ago";
    let keyboard = json!({ "inline_keyboard": [
        [{ "text": long, "callback_data": "a" }],
        [{ "text": "Short", "callback_data": "b" }, { "text": long, "callback_data": "c" }],
    ] });
    bot.send(json!({ "text": "Which?", "reply_markup": keyboard })).await;
    view.see(".post", "Short");
    for screen in [Screen::Desktop, Screen::Tall] {
        view.resize(screen);
        let cut = "[...document.querySelectorAll('.key span')].map((one) => [
            one.scrollWidth > one.clientWidth, one.getClientRects().length,
            one.closest('.key').offsetHeight < 44, one.closest('.key').title.length])";
        let length = long.chars().count();
        let expected =
            json!([[true, 1, true, length], [false, 1, true, 5], [true, 1, true, length]]);
        view.wait("cut labels", &format!("JSON.stringify({cut}) === '{expected}'"));
    }
    view.keep("labels");
    assert_eq!(view.overhang(), 0);
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_opens_while_the_person_writes() {
    let Some((mut bot, mut view)) = talk("the menu", Screen::Tall).await else { return };
    let commands = json!([{ "command": "new", "description": "Begin a session" },
                          { "command": "stop", "description": "Stop this turn" }]);
    bot.call("setMyCommands", json!({ "commands": commands })).await;
    view.click("#input");
    // The page may not have heard of the commands yet.
    let open = "(() => {
        if (document.querySelector('#menu').hidden) document.querySelector('#menu-button').click();
        return !document.querySelector('#menu').hidden;
    })()";
    view.wait("the menu", open);
    view.see("#menu", "Begin a session");
    view.eval("new Promise((done) => setTimeout(done, 400))");
    view.see("#menu", "Begin a session");
    assert_eq!(view.eval("document.activeElement.id"), "input", "the keyboard stays");
    view.keep("menu");
    view.click("#menu-button");
    view.miss("#menu");
    view.click("#menu-button");
    view.click("#menu [data-command='stop']");
    assert_eq!(bot.update().await["message"]["text"], "/stop");
    view.click("#menu-button");
    view.see("#menu", "Begin a session");
    view.click("#scroll");
    view.miss("#menu");
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_sets_chat_and_bot_up() {
    let Some((mut bot, mut view)) = talk("set-up", Screen::Desktop).await else { return };
    view.click(&format!("[data-chat='{GROUP}']"));
    view.click(".chat [data-open='drawer']");
    view.click("#tab-setup");
    view.click("[name='forum']");
    view.see("#topics", "General");
    view.click("[name='manage_topics']");
    view.see("#chat-status", "administrator");
    let rights = Rights { manage_topics: true, ..Rights::default() };
    let client = bot.sandbox.client();
    let chat = client.state().chats.into_iter().find(|chat| chat.chat.id == GROUP).unwrap();
    assert_eq!(chat.rights, Some(rights));
    view.click("[name='guise']");
    view.say("Who is this?");
    let message = next(&mut bot, "message").await;
    assert_eq!(message["from"]["username"], "GroupAnonymousBot");
    view.see(".post", "Who is this?");
    bot.call("setMyShortDescription", json!({ "short_description": "Goes on" })).await;
    view.see("#bot-about", "Goes on");
    view.click("[name='has_topics_enabled']");
    view.wait("the setting", "fetch('/sandbox/state').then((state) => state.json()).then((state) => state.settings.has_topics_enabled)");
    view.keep("set-up");
    bot.call(
        "sendMessage",
        json!({ "chat_id": GROUP, "text": "x", "reply_markup": button("Ok", "ok") }),
    )
    .await;
    view.see(".key", "Ok");
    view.assert_content();
}
