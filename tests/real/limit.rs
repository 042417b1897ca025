//! A usage limit on the real CLI, and what goes on when it has reset.

use segue::sandbox::Post;
use serde_json::json;

use crate::{
    path::{Bench, sees},
    steering::with_rule,
    support::headless::script,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_waits_for_the_limit_to_reset() {
    let Some(mut bench) = Bench::set_up("a usage limit").await else { return };
    // Limits are those of a subscription, which has a token and no key.
    bench.phone.terminate();
    bench.phone.set("ANTHROPIC_API_KEY", "");
    bench.phone.set("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-anything");
    bench.phone.boot().await;
    let limit = json!({"error": {
        "status": 429, "type": "rate_limit_error", "resets_in": 20,
        "message": "This request would exceed your account's rate limit.",
    }});
    let rule = json!({"words": ["beans"], "replies": [[limit]]});
    bench.api.play(with_rule(rule, &bench.laptop.home));
    let phone = &bench.phone;
    let prompt = phone.say("sow the beans");
    let failed = phone.answer(prompt).await;
    assert!(failed.text.contains("A usage limit was reached. It resets at"), "{failed:?}");
    phone.settled().await;
    bench.api.play(script(&bench.laptop.home));
    phone.press(&failed, "Continue at …").await;
    phone.see_text(&["Waiting for the limit to reset"]).await;
    let words = sees(2, "Continue from where you left off.");
    let is_it =
        |post: &&Post| post.reply_to == Some(prompt) && !post.silent && post.text.contains(&words);
    phone.see(&words, |posts| posts.iter().find(is_it).cloned()).await;
}
