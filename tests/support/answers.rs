//! Which messages of the bot's are answers, and to what.

use segue::sandbox::Post;

/// All answers to a prompt: those that quote it, and those that quote nothing and stand below it and
/// no later message of the person.
pub(crate) fn answers_to(posts: &[Post], prompt: i64) -> Vec<Post> {
    let bot = posts.iter().find(|post| is_answer(post)).map(|post| post.from);
    let asked = |id: i64| {
        let before = posts.iter().filter(|post| post.id < id && Some(post.from) != bot);
        before.map(|post| post.id).max()
    };
    let is_its = |post: &&Post| match post.reply_to {
        Some(to) => to == prompt,
        None => asked(post.id) == Some(prompt),
    };
    posts.iter().filter(|post| is_answer(post)).filter(is_its).cloned().collect()
}

/// The answer to a prompt: the one that quotes it, or else the first one behind it that quotes
/// nothing.
pub(crate) fn answer_to(posts: &[Post], prompt: i64) -> Option<&Post> {
    let answers = || posts.iter().filter(|post| is_answer(post));
    let quoting = answers().find(|post| post.reply_to == Some(prompt));
    let behind = || answers().find(|post| post.reply_to.is_none() && post.id > prompt);
    // What is quoted was not clear, so it is nobody else's.
    let quoted = |prompt| posts.iter().any(|post| is_answer(post) && post.reply_to == Some(prompt));
    quoting.or_else(|| behind().filter(|_| !quoted(prompt)))
}

/// Whether a message ends a turn: it ends in the small line, or says that it was stopped.
pub(crate) fn is_answer(post: &Post) -> bool {
    let ends = post.text.lines().last().is_some_and(|line| line.starts_with('↳'));
    let aside = post.text.contains("↳ Aside:");
    (ends && !aside && !post.text.starts_with('↳')) || post.text.starts_with("↳ Stopped")
}

/// Whether a button says this. What stands for an hour or a name is left out: `Continue at …`.
pub(crate) fn is_label(shown: &str, label: &str) -> bool {
    match label.strip_suffix('…') {
        Some(start) => shown.starts_with(start) || shown == label,
        None => shown == label,
    }
}
