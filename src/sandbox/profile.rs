//! What the bot is and says of itself: `getMe`, its name and its descriptions.

use serde_json::{Value, json};

use super::{args::Args, refusal::Refusal, world::World};

/// Longest name, description and short description, in characters.
/// <https://core.telegram.org/bots/api#setmyname>
const NAME: usize = 64;
const DESCRIPTION: usize = 512;
const SHORT: usize = 120;

/// `getMe`
pub(super) fn get_me(world: &World, args: &Args) -> Result<Value, Refusal> {
    args.finish()?;
    let mut me = json!(world.bot);
    let settings = json!(world.settings);
    for switch in [
        "can_join_groups",
        "can_read_all_group_messages",
        "has_topics_enabled",
        "allows_users_to_create_topics",
    ] {
        me[switch] = settings[switch].clone();
    }
    for ability in [
        "supports_inline_queries",
        "supports_guest_queries",
        "can_connect_to_business",
        "has_main_web_app",
        "can_manage_bots",
    ] {
        me[ability] = json!(false);
    }
    Ok(me)
}

/// One of the texts that the bot sets: its argument, its longest length, and where it is kept.
#[derive(Clone, Copy)]
pub(super) enum Words {
    Name,
    Description,
    Short,
}

impl Words {
    fn argument(self) -> (&'static str, usize) {
        match self {
            Self::Name => ("name", NAME),
            Self::Description => ("description", DESCRIPTION),
            Self::Short => ("short_description", SHORT),
        }
    }

    fn kept(self, world: &mut World) -> &mut String {
        match self {
            Self::Name => &mut world.bot.first_name,
            Self::Description => &mut world.profile.description,
            Self::Short => &mut world.profile.short_description,
        }
    }
}

/// `setMyName`, `setMyDescription`, `setMyShortDescription`
pub(super) fn set(world: &mut World, args: &mut Args, words: Words) -> Result<Value, Refusal> {
    let (argument, longest) = words.argument();
    let text = args.text(argument)?;
    no_language(args)?;
    args.finish()?;
    if text.chars().count() > longest {
        return Err(Refusal::strict(format!("\"{argument}\" has more than {longest} characters")));
    }
    match words {
        // Without a name it goes back to that of its account.
        Words::Name if text.is_empty() => {}
        _ => *words.kept(world) = text,
    }
    world.show_bot();
    Ok(json!(true))
}

/// `getMyName`, `getMyDescription`, `getMyShortDescription`
pub(super) fn get(world: &mut World, args: &mut Args, words: Words) -> Result<Value, Refusal> {
    no_language(args)?;
    args.finish()?;
    let text = words.kept(world).clone();
    Ok(json!({ words.argument().0: text }))
}

/// All people here speak one language.
fn no_language(args: &mut Args) -> Result<(), Refusal> {
    match args.text("language_code")?.as_str() {
        "" => Ok(()),
        _ => Err(Refusal::strict("texts for one language alone are not known here")),
    }
}
