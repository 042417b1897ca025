//! The rules for inline keyboards.

use super::{
    args::Args,
    entities::good_url,
    refusal::Refusal,
    wire::{Button, Keyboard},
};

/// Most buttons beneath one message.
const BUTTONS: usize = 100;
/// Most buttons in a row.
const ROW: usize = 8;
/// Longest `callback_data`, in bytes.
const DATA: usize = 64;
/// Longest text that a button copies, in characters.
const COPY: usize = 256;

/// Takes `reply_markup` and checks it. An empty keyboard is none.
pub(super) fn take(args: &mut Args) -> Result<Option<Keyboard>, Refusal> {
    let Some(mut keyboard) = args.object::<Keyboard>("reply_markup", "inline keyboard")? else {
        return Ok(None);
    };
    keyboard.inline_keyboard.retain(|row| !row.is_empty());
    let rows = &keyboard.inline_keyboard;
    rows.iter().flatten().try_for_each(check)?;
    if rows.iter().map(Vec::len).sum::<usize>() > BUTTONS {
        return Err(Refusal::bad("reply markup is too long"));
    }
    if rows.iter().any(|row| row.len() > ROW) {
        return Err(Refusal::strict(format!("more than {ROW} buttons in a row")));
    }
    Ok((!rows.is_empty()).then_some(keyboard))
}

fn check(button: &Button) -> Result<(), Refusal> {
    if button.text.trim().is_empty() {
        return Err(Refusal::bad("inline keyboard button text must be non-empty"));
    }
    let data = button.callback_data.as_deref().filter(|data| !data.is_empty());
    match (data, button.url.as_deref(), button.copy_text.as_ref()) {
        (Some(data), None, None) if data.len() > DATA => Err(Refusal::bad("BUTTON_DATA_INVALID")),
        (None, Some(url), None) if !good_url(url) => Err(Refusal::bad(format!(
            "inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"
        ))),
        (None, None, Some(copy)) if !(1..=COPY).contains(&copy.text.chars().count()) => {
            Err(Refusal::bad("BUTTON_COPY_TEXT_INVALID"))
        }
        (Some(_), None, None) | (None, Some(_), None) | (None, None, Some(_)) => Ok(()),
        (None, None, None) => Err(Refusal::bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        )),
        _ => Err(Refusal::strict("a button does exactly one thing")),
    }
}
