//! Mode, model and effort of a place: what is picked or typed, held against what the CLI offers.

use serde_json::json;

use crate::{
    app::{
        App,
        aside::{LOOK, answered},
        note::Note,
        now,
        out::Wish,
        steering::offers_of,
    },
    bridge::{
        choices::{BYPASS, Choice, PLAN},
        place::Place,
        prompt::Source,
        session::Order,
    },
    claude::{
        session::SessionId,
        wire::offers::{Offers, mode_name},
    },
    screens::{
        notice,
        steering::{self as screens, Bypass, Current},
    },
};

impl App {
    pub(super) fn offer_choices(&mut self, source: Source, choice: Choice) {
        let now = self.current(source.place, choice);
        let bypass = if self.setup.allow_bypass { Bypass::Allowed } else { Bypass::Forbidden };
        self.with_offers(source, move |offers| screens::picker(choice, offers, &now, bypass));
    }

    /// What holds in a place.
    fn current(&self, place: Place, choice: Choice) -> Current {
        let chosen = self.ledger.choices(place);
        let own = chosen.get(choice).is_some();
        let mut choices = self.permitted(chosen);
        if let (_, Some(session)) = self.whereabouts(place)
            && let Some(state) = self.sessions.state(session)
        {
            choices.mode = state.mode.or(choices.mode);
        }
        Current { choices, own }
    }

    // ---- Mode, model, effort ----

    /// Somebody has typed or pressed a mode, model or effort; nothing: the default.
    pub(super) fn pick_choice(&mut self, wish: Wish, choice: Choice, value: &str) {
        let source = wish.source();
        let place = source.place;
        if value.is_empty() {
            return self.unchoose(wish, choice);
        }
        if choice == Choice::Mode && mode_name(BYPASS) == mode_name(value) {
            let allowed = self.setup.allow_bypass;
            let screen =
                if allowed { screens::bypass_warning() } else { screens::bypass_forbidden() };
            return self.reply_to(place, source.message, screen);
        }
        let spec = self.reach(place).unwrap_or_else(|_| self.empty_spec(place));
        if let Some(offers) = self.sessions.offers(&spec.directory) {
            return self.choose_of(&offers, wish, choice, value);
        }
        let session = spec.conversation.session();
        let answer = self.sessions.control(spec, json!({"subtype": "get_session_cost"}), None);
        let (state, teller) = (self.sessions.watch(session), self.teller(source));
        let value = value.to_owned();
        self.painters.spawn(async move {
            let answer = answered(answer, LOOK).await;
            if let Some(offers) = offers_of(state) {
                teller.note(Note::Offered { wish, choice, value, offers });
            } else {
                let why = answer.err().unwrap_or_default();
                teller.say(screens::failed("Asking Claude what it offers", &why));
            }
        });
    }

    /// Chooses what the CLI offers; what it does not offer is refused.
    pub(super) fn choose_of(&mut self, offers: &Offers, wish: Wish, choice: Choice, value: &str) {
        let source = wish.source();
        let now = self.current(source.place, choice);
        let Some(value) = screens::offered(choice, offers, &now.choices, value) else {
            let screen = screens::unknown(choice, value, offers, &now);
            return self.reply_to(source.place, source.message, screen);
        };
        let Ok(spec) = self.reach(source.place) else {
            self.chosen(source, choice, &value);
            return self.grant(wish, screens::chosen(choice, &value, Some(offers)));
        };
        let session = spec.conversation.session();
        let chosen = Some((choice, value.clone()));
        let answer = self.sessions.control(spec, choice.request(&value), chosen);
        let (state, teller) = (self.sessions.watch(session), self.teller(source));
        self.painters.spawn(async move {
            match answered(answer, LOOK).await {
                Ok(_) => {
                    let offers = offers_of(state);
                    teller.grant(wish, screens::chosen(choice, &value, offers.as_ref()));
                    teller.note(Note::Chosen { source, choice, value });
                }
                Err(why) => teller.say(screens::refused(choice, &value, &why)),
            }
        });
    }

    /// Leaves a choice to the configuration and the CLI again, from the next process on.
    fn unchoose(&mut self, wish: Wish, choice: Choice) {
        let source = wish.source();
        let (mut binding, session) = self.whereabouts(source.place);
        binding.choices.clear(choice);
        let choices = self.permitted(binding.choices.clone());
        self.ledger.choose(source, binding, &format!("/{} default", choice.name()), now());
        if let Some(session) = session {
            self.sessions.order(session, Order::Relaunch(choices));
        }
        self.grant(wish, screens::unset(choice));
    }

    /// Remembers a choice for the place.
    pub(super) fn chosen(&mut self, source: Source, choice: Choice, value: &str) {
        let (mut binding, _) = self.whereabouts(source.place);
        binding.choices.set(choice, value);
        self.ledger.choose(source, binding, &format!("/{} {value}", choice.name()), now());
    }

    /// Claude, or an approved plan, has changed the mode of a session. A plan's beginning and end hold
    /// for the place, or the next process would begin in the mode that was left. What was granted for
    /// a session is no such choice.
    pub(super) fn mode_changed(&mut self, source: Source, session: SessionId, mode: &str) {
        let (binding, bound) = self.whereabouts(source.place);
        let before = self.permitted(binding.choices).mode;
        let plans = mode == PLAN || before.as_deref() == Some(PLAN);
        if bound == Some(session) && plans && before.as_deref() != Some(mode) {
            self.chosen(source, Choice::Mode, mode);
        }
    }

    pub(super) fn bypass(&mut self, wish: Wish) {
        let source = wish.source();
        if !self.setup.allow_bypass {
            return self.say(source.place, screens::bypass_forbidden());
        }
        self.chosen(source, Choice::Mode, BYPASS);
        if let (_, Some(session)) = self.whereabouts(source.place) {
            let choices = self.permitted(self.ledger.choices(source.place));
            self.sessions.order(session, Order::Relaunch(choices));
        }
        let words = "Claude asks about nothing here, from the next turn on. /mode changes it back.";
        self.grant(wish, notice::plain(words));
    }
}
