//! Steering: pickers made of what the CLI offers, and what became of a choice.

use crate::{
    bridge::choices::{BYPASS, Choice, Choices, DEFAULT},
    claude::{
        session::{Session, SessionId},
        wire::offers::{Offers, SlashCommand, mode_name},
    },
    screens::{Scene, anchor, button, row, screen, words},
    telegram::{
        callback::{Callback, Carry},
        markdown,
        screen::{Button, Screen},
        text::{Text, clean},
    },
};

/// Commands in one message: more is a search, not a list.
const COMMANDS: usize = 20;
/// Agents in one message.
const AGENTS: usize = 20;
/// Characters of a label that fits a third of a telephone.
const NARROW: usize = 10;
/// Characters of a description.
const ABOUT: usize = 90;
/// What Telegram takes in a message, UTF-16 units and entities with a margin.
const MESSAGE: usize = 4_096;
const ENTITIES: usize = 90;

/// Whether the mode that asks about nothing may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// The configuration allows it.
    Allowed,
    /// It does not.
    Forbidden,
}

/// What holds in a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Current {
    /// Mode, model and effort, whoever has chosen them.
    pub choices: Choices,
    /// Whether the place has chosen the one that is asked about.
    pub own: bool,
}

/// A picker of what can be chosen, with what holds now.
pub fn picker(choice: Choice, offers: &Offers, now: &Current, bypass: Bypass) -> Screen {
    let mut text = Text::plain(match choice {
        Choice::Mode => "How much Claude asks here. Now: ",
        Choice::Model => "Which model answers here. Now: ",
        Choice::Effort => "How hard the model thinks here. Now: ",
    });
    text.bold(&standing(choice, offers, now)).push(".");
    pick_below(text, (choice, offers), now, bypass)
}

/// The refusal of what is not offered, with what is.
pub fn unknown(choice: Choice, value: &str, offers: &Offers, now: &Current) -> Screen {
    let mut text = Text::of_data(&format!("Claude offers no {} ", choice.name()));
    text.code(&words::line(value, 60)).push(" here. It offers:");
    pick_below(text, (choice, offers), now, Bypass::Forbidden)
}

fn pick_below(
    mut text: Text,
    (choice, offers): (Choice, &Offers),
    now: &Current,
    bypass: Bypass,
) -> Screen {
    let current = now.choices.get(choice).filter(|_| now.own);
    let mut buttons = Vec::new();
    match choice {
        Choice::Mode => {
            for mode in offers.modes.iter().filter(|mode| may(mode, bypass)) {
                text.push("\n• ").bold(&words::line(mode_name(mode), 40));
                text.push(meaning(mode));
                buttons.push(chooser(choice, mode, mode_name(mode), current));
            }
        }
        Choice::Model => {
            for model in offers.models.iter().filter(|model| model.value != DEFAULT) {
                text.push("\n• ").bold(&words::line(&model.name, 40)).push(": ");
                text.data(&words::line(&model.about, ABOUT));
                buttons.push(chooser(choice, &model.value, &model.name, current));
            }
        }
        Choice::Effort => {
            for effort in offers.efforts(now.choices.model.as_deref()) {
                buttons.push(chooser(choice, effort, effort, current));
            }
        }
    }
    if buttons.is_empty() {
        text.push("\nThis Claude lists none: send /").push(choice.name()).push(" and its name.");
    }
    let mark = if now.own { "" } else { "✓ " };
    buttons.push(button(format!("{mark}Default"), &Callback::Choose(choice, "".into())));
    // A long label needs half of a telephone.
    let is_long = buttons.iter().any(|button| button.label.chars().count() > NARROW);
    screen(text, words::rows(&buttons, if is_long { 2 } else { 3 }))
}

/// What holds, in words: the name of what was chosen, or that it is the default and which.
fn standing(choice: Choice, offers: &Offers, now: &Current) -> String {
    let value = now.choices.get(choice);
    let model = |value: &str| {
        let known = offers.model(value).filter(|model| !model.resolved.is_empty());
        words::model(known.map_or(value, |model| &model.resolved))
    };
    let name = match (choice, value) {
        (Choice::Mode, Some(mode)) => words::line(mode_name(mode), 60),
        (Choice::Model, value) if value.is_some() || offers.model(DEFAULT).is_some() => {
            model(value.unwrap_or(DEFAULT))
        }
        (_, Some(value)) => words::line(value, 60),
        (_, None) => return DEFAULT.to_owned(),
    };
    if now.own { name } else { format!("{name} (default)") }
}

/// What of the CLI's offers a word means; None where it offers no such thing. A model's full name
/// is taken as it is, since the CLI lists only the newest.
pub fn offered(choice: Choice, offers: &Offers, now: &Choices, word: &str) -> Option<String> {
    let known = match choice {
        Choice::Mode if offers.modes.is_empty() => Some(word),
        Choice::Mode => offers.mode(word),
        Choice::Model => match offers.model(word) {
            Some(model) => Some(model.value.as_str()),
            None if offers.models.is_empty() => Some(word),
            None => Some(word).filter(|word| word.contains(['-', '/', ':'])),
        },
        Choice::Effort => {
            let efforts = offers.efforts(now.model.as_deref());
            let is = |effort: &&String| effort.eq_ignore_ascii_case(word);
            match efforts.iter().find(is) {
                Some(effort) => Some(effort.as_str()),
                None => Some(word).filter(|_| efforts.is_empty() && offers.models.is_empty()),
            }
        }
    };
    known.map(str::to_owned)
}

fn may(mode: &str, bypass: Bypass) -> bool {
    mode != BYPASS || bypass == Bypass::Allowed
}

fn chooser(choice: Choice, value: &str, label: &str, current: Option<&str>) -> Button {
    let mark = if current == Some(value) { "✓ " } else { "" };
    let label = format!("{mark}{}", words::line(label, 30));
    button(label, &Callback::Choose(choice, value.into()))
}

/// What a mode that we know means; nothing of one that is new.
fn meaning(mode: &str) -> &'static str {
    match mode {
        "default" | "manual" => ": asks before it changes or runs anything",
        "acceptEdits" => ": edits files without asking",
        "plan" => ": reads and plans, changes nothing",
        "auto" => ": decides by itself what is safe",
        "dontAsk" => ": does what is allowed already, refuses the rest",
        BYPASS => ": never asks",
        _ => "",
    }
}

/// A choice holds, at once or from the next process on.
pub fn chosen(choice: Choice, value: &str, offers: Option<&Offers>) -> Screen {
    let mut text = Text::plain(match choice {
        Choice::Mode => "Mode: ",
        Choice::Model => "Model: ",
        Choice::Effort => "Effort: ",
    });
    let model = offers.filter(|_| choice == Choice::Model).and_then(|offers| offers.model(value));
    let name = if choice == Choice::Mode { mode_name(value) } else { value };
    text.bold(&words::line(model.map_or(name, |model| &model.name), 60));
    text.push(", from now on, in every session of this chat.");
    let listed = offers.is_none_or(|offers| offers.models.is_empty() || model.is_some());
    if choice == Choice::Model && !listed {
        text.push(" Claude's own list does not have it: if it does not exist, its turns fail.");
    }
    screen(text, Vec::new())
}

/// A choice is left to the configuration and the CLI again.
pub fn unset(choice: Choice) -> Screen {
    let mut text = Text::plain(match choice {
        Choice::Mode => "Mode: ",
        Choice::Model => "Model: ",
        Choice::Effort => "Effort: ",
    });
    text.bold("default").push(", from the next turn on.");
    screen(text, Vec::new())
}

/// The CLI does not agree.
pub fn refused(choice: Choice, value: &str, why: &str) -> Screen {
    let mut text = Text::of_data(&format!("Claude does not take the {} ", choice.name()));
    text.code(&words::line(value, 60)).push(": ").data(&words::line(why, 300));
    text.push("\n/").push(choice.name()).push(" shows what there is.");
    screen(text, Vec::new())
}

/// What it means to be asked about nothing.
pub fn bypass_warning() -> Screen {
    let mut text = Text::default();
    text.bold("Claude would ask about nothing any more").push(
        ": every command and every change runs at once, on your laptop, with your rights. A web \
         page or a file that misleads Claude is enough for harm.",
    );
    let tap = Callback::Bypass;
    screen(text, vec![row([("Yes, stop asking", tap)])])
}

/// The configuration forbids it.
pub fn bypass_forbidden() -> Screen {
    let mut text = Text::plain("The mode ");
    text.code(BYPASS).push(" is not allowed here. Whoever runs this bot can allow it with ");
    text.code("allow_bypass = true").push(" in its configuration.");
    screen(text, Vec::new())
}

/// Something that the CLI was asked for did not come.
pub fn failed(what: &str, why: &str) -> Screen {
    let mut text = Text::of_data(&format!("{what} did not work"));
    if why.is_empty() {
        text.push(": Claude has not answered.");
    } else {
        text.push(": ").data(&words::line(why, 400));
    }
    screen(text, Vec::new())
}

/// The agents that a session can begin with, those whose name holds `word`.
pub fn agents(offers: &Offers, word: &str) -> Screen {
    let wanted = word.to_lowercase();
    let fits = |name: &str| name.to_lowercase().contains(&wanted);
    let found: Vec<_> = offers.agents.iter().filter(|agent| fits(&agent.name)).collect();
    let mut text = if found.is_empty() {
        let mut text = Text::plain("Claude has no agent ");
        text.code(&words::line(word, 60)).push(" here. /agent lists those that there are.");
        text
    } else {
        Text::plain("Start a session with one of Claude's agents:")
    };
    for agent in found.iter().take(AGENTS) {
        text.push("\n• ").bold(&words::line(&agent.name, 60)).push(": ");
        text.data(&words::line(&agent.about, ABOUT));
    }
    let buttons: Vec<_> = found
        .iter()
        .take(AGENTS)
        .map(|agent| {
            button(words::line(&agent.name, 30), &Callback::Agent(agent.name.as_str().into()))
        })
        .collect();
    screen(text, words::rows(&buttons, 2))
}

/// A session with an agent begins with the next message.
pub fn with_agent(scene: &Scene, session: SessionId, name: &str) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" New session with the agent ").bold(&words::line(name, 60));
    text.push(". It begins with your next message.");
    screen(text, Vec::new())
}

/// The CLI's commands that all of the words fit.
pub fn commands(offers: &Offers, query: &str) -> Screen {
    let query = query.to_lowercase();
    let fits = |command: &&SlashCommand| {
        let all = format!("{} {} {}", command.name, command.aliases.join(" "), command.about);
        let all = all.to_lowercase();
        query.split_whitespace().all(|word| all.contains(word))
    };
    let mut found: Vec<_> = offers.commands.iter().filter(fits).collect();
    // A name that fits is meant more than a description that does.
    found.sort_by_key(|command| !command.name.to_lowercase().contains(query.trim()));
    let mut text = match found.len() {
        0 => Text::plain("Claude has no such command here. /commands lists all."),
        count => Text::of_data(&format!(
            "{}. Send one as it stands, with what it needs behind it.",
            words::plural(count as u64, "command")
        )),
    };
    for command in found.iter().take(COMMANDS) {
        text.push("\n").command(&words::line(&typed(&command.name), 60));
        if !command.hint.is_empty() {
            text.push(" ").italic(&words::line(&command.hint, 40));
        }
        text.push(" — ").data(&words::line(first_sentence(&command.about), ABOUT));
    }
    let more = found.len().saturating_sub(COMMANDS);
    if more > 0 {
        text.data(&format!("\n… {more} more: ")).code("/commands WORD").push(" finds one.");
    }
    screen(text, Vec::new())
}

/// A name as it can be tapped, where that leads back to it.
fn typed(name: &str) -> String {
    name.replace('-', "_")
}

fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").or_else(|| text.find('\n')).unwrap_or(text.len());
    &text[..end]
}

/// A side question is with Claude.
pub fn asking_aside(scene: &Scene, session: SessionId) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" ").italic("Asking aside…");
    screen(text, Vec::new())
}

/// The answer to a side question.
pub fn aside(scene: &Scene, session: SessionId, answer: &str) -> Vec<Screen> {
    let mut text = markdown::render(answer);
    text.push("\n\n").append(anchor(scene, session));
    text.push(" ").italic("Aside: the conversation does not know of this.");
    text.split(MESSAGE, ENTITIES).into_iter().map(|part| screen(part, Vec::new())).collect()
}

/// The place goes on in a copy, from the next message on.
pub fn will_fork(scene: &Scene, of: &Session, into: SessionId) -> Screen {
    let mut text = anchor(scene, into);
    text.push(" Your next message goes to a copy of ").bold(&words::line(&of.title, 80));
    text.push("; the original stays as it is.");
    let back = Callback::Pick(of.id, Carry::Nothing);
    screen(text, vec![row([("Back to the original", back)])])
}

/// What a session is called, and how to change it.
pub fn title(scene: &Scene, session: &Session) -> Screen {
    let mut text = anchor(scene, session.id);
    text.push(" This session is called ").bold(&words::line(&session.title, 80));
    text.push(". Rename it with ").code("/rename TITLE").push(".");
    let suggest = Callback::SuggestTitle(session.id);
    screen(text, vec![row([("Suggest a title", suggest)])])
}

/// A title that Claude suggests: the last line, where [`suggested`] finds it.
pub fn suggestion(scene: &Scene, session: SessionId, title: &str) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" It could be called:\n").bold(&words::line(title, 120));
    let (take, again) = (Callback::UseTitle(session), Callback::SuggestTitle(session));
    screen(text, vec![row([("Use it", take), ("Another", again)])])
}

/// The title that a suggestion shows.
pub fn suggested(message: &str) -> Option<String> {
    let title = clean(message.lines().nth(1)?).trim().to_owned();
    (!title.is_empty()).then_some(title)
}

/// A session has a new title.
pub fn renamed(scene: &Scene, session: SessionId, title: &str) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" Renamed: ").bold(&words::line(title, 120)).push(".");
    screen(text, Vec::new())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn offers() -> Offers {
        let mut offers = Offers::read(&json!({
            "commands": [
                {"name": "code-review", "description": "Review it. At length.", "argumentHint": "[pr]"},
                {"name": "compact", "description": "Review less"},
            ],
            "models": [
                {"value": "default", "resolvedModel": "claude-opus-5-5", "displayName": "Default", "supportedEffortLevels": ["low", "max"]},
                {"value": "haiku", "displayName": "Haiku", "supportedEffortLevels": []},
            ],
            "agents": [{"name": "Explore", "description": "Looks"}, {"name": "Plan"}],
        }));
        offers.modes = ["plan", "bypassPermissions"].map(str::to_owned).to_vec();
        offers
    }

    fn labels(screen: &Screen) -> Vec<&str> {
        screen.keyboard.iter().flatten().map(|button| button.label.as_str()).collect()
    }

    #[test]
    fn a_picker_has_what_is_offered_and_marks_what_holds() {
        let plan = Choices { mode: Some("plan".to_owned()), ..Choices::default() };
        let mut now = Current { choices: plan, own: true };
        let pick = |choice, now: &Current, bypass| picker(choice, &offers(), now, bypass);
        let modes = pick(Choice::Mode, &now, Bypass::Forbidden);
        assert_eq!(labels(&modes), ["✓ plan", "Default"]);
        let modes = pick(Choice::Mode, &now, Bypass::Allowed);
        assert_eq!(labels(&modes), ["✓ plan", "bypass permissions", "Default"]);
        now.own = false;
        let modes = pick(Choice::Mode, &now, Bypass::Forbidden);
        assert_eq!(labels(&modes), ["plan", "✓ Default"]);
        assert!(modes.text.text.contains("Now: plan (default)."), "{}", modes.text.text);
        let offered = pick(Choice::Model, &now, Bypass::Forbidden);
        assert_eq!(labels(&offered), ["Haiku", "✓ Default"]);
        assert!(offered.text.text.contains("Now: Opus 5.5 (default)."), "{}", offered.text.text);
        let efforts = pick(Choice::Effort, &now, Bypass::Forbidden);
        assert_eq!(labels(&efforts), ["low", "max", "✓ Default"]);
        now.choices.model = Some("haiku".to_owned());
        let none = pick(Choice::Effort, &now, Bypass::Forbidden);
        assert!(labels(&none) == ["✓ Default"] && none.text.text.contains("lists none"));
        let refused = unknown(Choice::Effort, "banana", &offers(), &Current::default());
        assert!(refused.text.text.contains("no effort banana here. It offers:"));
        assert_eq!(labels(&refused), ["low", "max", "✓ Default"]);
    }

    #[test]
    fn commands_are_found_by_words_names_first() {
        let all = commands(&offers(), "").text.text;
        assert!(
            all.contains("2 commands") && all.contains("/code_review [pr] — Review it"),
            "{all}"
        );
        let found = commands(&offers(), "review").text.text;
        assert!(found.find("/code_review") < found.find("/compact"), "{found}");
        assert!(commands(&offers(), "dig").text.text.contains("no such command"));
    }

    #[test]
    fn a_suggested_title_is_read_back() {
        let scene = Scene { home: "/home/ada".into(), bot: "segue_bot".to_owned(), now: 0 };
        let shown = suggestion(&scene, SessionId(uuid::Uuid::nil()), "Sow the\n#beans").text.text;
        assert_eq!(suggested(&shown).as_deref(), Some("Sow the #beans"));
        assert_eq!(labels(&agents(&offers(), "expl")), ["Explore"]);
    }
}
