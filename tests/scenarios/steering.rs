//! Steering: interrupting, waiting, taking back; mode, model, effort; asides, copies, titles.

use std::fs;

use segue::sandbox::{Fault, Post, Stage, Trouble};

use crate::support::{
    phone::{ADA, phone, session_of},
    wait::until,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_exclamation_mark_interrupts_first() {
    let (_scratch, _, phone) = phone().await;
    let first = phone.say("ramble on");
    phone.see_text(&["It all began"]).await;
    let second = phone.say("! water the beans");
    let stopped = phone.answer(first).await;
    assert!(stopped.text.contains("It all began") && stopped.text.contains("Stopped here."));
    let answer = phone.answer(second).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: water the beans"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_inside_goes_behind_what_interrupts() {
    let (_scratch, _, phone) = phone().await;
    let first = phone.say("ramble on");
    phone.see_text(&["It all began"]).await;
    let second = phone.say("weed");
    phone.see_reaction(second, Some("😴")).await;
    let third = phone.say("!water");
    phone.answer(first).await;
    let third = phone.answer(third).await;
    assert!(third.text.contains("the last is: water"), "{third:?}");
    let second = phone.answer(second).await;
    assert!(second.text.contains("the last is: weed"), "{second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greater_sign_waits_until_the_turn_is_done() {
    let (_scratch, _, phone) = phone().await;
    let first = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks"]).await;
    let second = phone.say("> and daffodils");
    phone.see_reaction(second, Some("😴")).await;
    phone.press(&question, "Allow once").await;
    let answer = phone.answer(first).await;
    assert!(!answer.text.contains("You added on the way"), "{answer:?}");
    let answer = phone.answer(second).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: and daffodils"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_started_can_be_taken_back() {
    let (_scratch, _, phone) = phone().await;
    let first = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks"]).await;
    let inside = phone.say("and daffodils");
    phone.see_reaction(inside, Some("😴")).await;
    let waiting = phone.say(">and roses");
    phone.see_reaction(waiting, Some("😴")).await;
    for label in ["Take back: and r", "Take back: and d"] {
        let card = phone.see_with(&format!("{label}…")).await;
        assert_eq!(phone.press(&card, &format!("{label}…")).await, "Taking it back…");
    }
    let back = |post: &Post| post.text.contains("Taken back: Claude has not read this.");
    phone
        .see("both taken back", |posts| {
            (posts.iter().filter(|post| back(post)).count() == 2).then_some(())
        })
        .await;
    phone.press(&question, "Allow once").await;
    let answer = phone.answer(first).await;
    assert!(!answer.text.contains("daffodils") && !answer.text.contains("roses"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_started_is_not_taken_back() {
    let (scratch, garden, phone) = phone().await;
    let first = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks"]).await;
    let inside = phone.say("and daffodils");
    phone.see_reaction(inside, Some("😴")).await;
    let shown = phone.see_with("Take back").await;
    // The button outlives its use where Telegram is slow.
    let slow = Fault::on("editMessageText", Trouble::Hold { at: Stage::Asked });
    let slow = phone.client.fault(slow);
    phone.press(&question, "Allow once").await;
    let transcript = scratch.folder(&garden).join(format!("{}.jsonl", session_of(&question)));
    until("taken in", || {
        std::fs::read_to_string(&transcript).is_ok_and(|text| text.contains("absorbed_mid_turn"))
    });
    // Until that is heard of here, taking it back is tried, and comes too late there.
    while phone.press(&shown, "Take back").await != "Too late: Claude has it." {}
    phone.client.disarm(slow);
    phone.client.let_go();
    let answer = phone.answer(first).await;
    assert!(answer.text.contains("You added on the way: and daffodils."), "{answer:?}");
    phone.see_reaction(inside, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_claude_begins_and_the_person_approves_decides_the_mode() {
    let (_scratch, _, mut phone) = phone().await;
    let prompt = phone.say("think of a scheme");
    let question = phone.see_with("Approve").await;
    phone.say("/status");
    phone.see_text(&["mode plan"]).await;
    phone.mode_is("plan");
    phone.press(&question, "Approve + edits").await;
    phone.answer(prompt).await;
    phone.settled().await;
    phone.mode_is("acceptEdits");
    phone.kill();
    phone.boot().await;
    phone.say("/status");
    phone.see_text(&["Asleep", "mode accept edits"]).await;
    let answer = phone.ask("write it down").await;
    assert!(answer.text.contains("Written."), "no question: {answer:?}");
    phone.mode_is("acceptEdits");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_for_a_session_is_no_mode_of_the_place() {
    let (scratch, _, phone) = phone().await;
    let prompt = phone.say("open the gate");
    let question = phone.see_text(&["Claude asks"]).await;
    phone.press(&question, "More…").await;
    let question = phone.see_with("Accept edits").await;
    phone.press(&question, "Accept edits").await;
    phone.answer(prompt).await;
    phone.say("/status");
    phone.see_text(&["mode accept edits"]).await;
    phone.ask("/new weed").await;
    assert!(scratch.history().iter().all(|line| line["telegram"]["mode"].is_null()));
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_model_and_effort_are_picked_hold_at_once_and_are_remembered() {
    let (scratch, _, mut phone) = phone().await;
    phone.ask("sow the beans").await;
    phone.say("/mode");
    let picker = phone.see_text(&["How much Claude asks here", "plan"]).await;
    assert!(picker.buttons().all(|button| button.text != "bypass permissions"), "{picker:?}");
    phone.press(&picker, "accept edits").await;
    let chosen = phone.see_text(&["Mode: accept edits"]).await;
    assert!(chosen.id == picker.id && chosen.buttons().count() == 0, "in its place: {chosen:?}");
    phone.say("/model");
    let picker = phone.see_text(&["Which model answers here"]).await;
    phone.press(&picker, "Sonnet").await;
    phone.see_text(&["Model: Sonnet"]).await;
    phone.say("/effort low");
    phone.see_text(&["Effort: low"]).await;
    phone.say("/effort banana");
    let offered = phone.see_text(&["Claude offers no effort banana here"]).await;
    assert!(offered.buttons().any(|button| button.text == "✓ low"), "{offered:?}");
    phone.say("/model banana");
    phone.see_text(&["Claude offers no model banana here", "• Sonnet"]).await;
    phone.say("/mode careful");
    phone.see_text(&["Claude offers no mode careful here", "• accept edits"]).await;
    phone.ask("water the beans").await;
    phone.say("/status");
    phone.see_text(&["Sonnet 5.5", "effort low", "mode accept edits"]).await;
    phone.kill();
    phone.boot().await;
    phone.say("/status");
    phone.see_text(&["Asleep", "sonnet · effort low · mode accept edits"]).await;
    phone.ask("/new weed").await;
    phone.say("/status");
    phone.see_text(&["weed", "Sonnet 5.5", "effort low", "mode accept edits"]).await;
    let history = scratch.history();
    let tag = &history.last().unwrap()["telegram"];
    assert_eq!((&tag["mode"], &tag["model"]), (&"acceptEdits".into(), &"sonnet".into()), "{tag}");
    phone.say("/model");
    let picker = phone.see_text(&["Now: Sonnet 5.5."]).await;
    phone.press(&picker, "Default").await;
    phone.see_text(&["Model: default, from the next turn on"]).await;
    phone.say("/mode default");
    phone.see_text(&["Mode: default"]).await;
    phone.ask("water the weeds").await;
    phone.say("/status");
    phone.see_text(&["Opus 5.5", "effort low", "mode manual"]).await;
    let history = scratch.history();
    let tag = &history.last().unwrap()["telegram"];
    assert!(tag["mode"].is_null() && tag["model"].is_null() && tag["effort"] == "low", "{tag}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_about_nothing_takes_a_setting_and_a_warning() {
    let (_scratch, _, mut phone) = phone().await;
    phone.ask("sow the beans").await;
    phone.say("/mode bypassPermissions");
    phone.see_text(&["is not allowed here", "allow_bypass = true"]).await;
    phone.terminate();
    phone.configure("pace_ms = 20\nallow_bypass = true\n");
    phone.boot().await;
    phone.say("/mode bypassPermissions");
    let warning = phone.see_text(&["Claude would ask about nothing any more"]).await;
    phone.press(&warning, "Yes, stop asking").await;
    phone.see_text(&["Claude asks about nothing here"]).await;
    phone.ask("plant tulips").await;
    phone.say("/status");
    phone.see_text(&["mode bypass permissions"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aside_leaves_no_trace() {
    let (_scratch, _, phone) = phone().await;
    phone.ask("sow the beans").await;
    phone.say("/btw what did I sow?");
    let aside = phone.see_text(&["the last is: what did I sow?", "Aside: the conversation"]).await;
    assert!(!aside.silent);
    let answer = phone.ask("water them").await;
    assert!(answer.text.contains("I see 2 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_leaves_the_original_as_it_is() {
    let (scratch, _, mut phone) = phone().await;
    let original = session_of(&phone.ask("sow the beans").await);
    phone.say("/fork");
    let said = phone.see_text(&["Your next message goes to a copy of sow the beans"]).await;
    until("remembered", || {
        scratch.history().iter().any(|line| line["telegram"]["fork"].is_string())
    });
    phone.kill();
    phone.boot().await;
    let copy = phone.ask("water them").await;
    assert!(copy.text.contains("I see 2 prompts"), "{copy:?}");
    assert_eq!(session_of(&copy), session_of(&said));
    let again = phone.ask("/fork weed them").await;
    assert!(again.text.contains("I see 3 prompts"), "{again:?}");
    phone.say(&format!("/sessions {original}"));
    phone.see_text(&["sow the beans", "1 prompt"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renamed_and_a_title_suggested() {
    let (_scratch, _, phone) = phone().await;
    phone.ask("sow the beans").await;
    phone.say("/rename All about beans");
    phone.see_text(&["Renamed: All about beans."]).await;
    phone.say("/rename");
    let title = phone.see_text(&["This session is called All about beans"]).await;
    phone.press(&title, "Suggest a title").await;
    let suggestion = phone.see_text(&["It could be called:"]).await;
    let suggested = suggestion.text.lines().nth(1).unwrap().to_owned();
    phone.press(&suggestion, "Use it").await;
    phone.see_text(&[&format!("Renamed: {suggested}.")]).await;
    let answer = phone.ask("water them").await;
    assert!(answer.text.contains(&format!("↳ {suggested}")), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_begins_a_session() {
    let (_scratch, _, phone) = phone().await;
    let before = phone.ask("sow the beans").await;
    phone.say("/agent");
    let picker = phone.see_text(&["Start a session with one of Claude's agents"]).await;
    phone.press(&picker, "Explore").await;
    phone.see_text(&["New session with the agent Explore"]).await;
    let answer = phone.ask("look around").await;
    assert_ne!(session_of(&answer), session_of(&before));
    assert!(answer.text.contains("I see 1 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_the_cli_are_found_and_work_as_typed() {
    let (_scratch, _, phone) = phone().await;
    phone.say("/commands review");
    phone.see_text(&["/code_review", "Send one as it stands"]).await;
    let answer = phone.ask("/code_review now").await;
    assert!(answer.text.contains("the last is: /code-review now"), "{answer:?}");
    let answer = phone.ask("/my_own thing").await;
    assert!(answer.text.contains("the last is: /my_own thing"), "unknown ones as they are");
    let answer = phone.ask("/compact").await;
    assert!(answer.text.contains("Compacted: the conversation continues"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_moves_the_place_to_the_new_session() {
    let (_scratch, _, mut phone) = phone().await;
    let before = phone.ask("sow the beans").await;
    let cleared = phone.answer(phone.say("/clear")).await;
    assert!(cleared.text.contains("Cleared: this chat continues in a new, empty session"));
    let answer = phone.ask("water them").await;
    assert!(answer.text.contains("I see 1 prompts"), "{answer:?}");
    assert_ne!(session_of(&answer), session_of(&before));
    phone.kill();
    phone.boot().await;
    let next = phone.ask("weed them").await;
    assert_eq!(session_of(&next), session_of(&answer));
    assert!(next.text.contains("I see 2 prompts"), "{next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_turn_that_a_background_task_begins_is_delivered_and_marked() {
    let (_scratch, garden, phone) = phone().await;
    let prompt = phone.say("pump");
    let question = phone.see_text(&["Claude asks"]).await;
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    fs::write(garden.join("pumped"), "").unwrap();
    let stray = phone.see_text(&["Background command \"Fill the barrel\" completed", "↳"]).await;
    assert!(!stray.silent && stray.reply_to.is_none(), "{stray:?}");
    assert!(phone.client.messages(ADA).iter().filter(|post| post.id == stray.id).count() == 1);
}
