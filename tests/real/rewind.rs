//! A session of the real CLI that goes on from an earlier point.

use std::path::Path;

use segue::sandbox::Post;

use crate::{
    path::{Bench, sees, talk},
    support::{
        laptop::Laptop,
        phone::{Phone, session_of},
    },
};

/// What is shown around the peas.
async fn peas(phone: &Phone) -> Post {
    phone.say("/search peas in:claude");
    let page = phone.see_text(&["Found peas in:claude", "1. ", "session"]).await;
    phone.press(&page, "1").await;
    phone.see_text(&["You · ", "water the peas", &sees(2, "water the peas")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_from_an_earlier_point_and_the_laptop_follows() {
    let three = |laptop: &Laptop, garden: &Path| {
        let terminal = laptop.open(garden, &[]);
        talk(&terminal, "sow the beans", 1);
        talk(&terminal, "water the peas", 2);
        talk(&terminal, "weed the roses", 3);
        terminal.exit();
    };
    let Some(bench) = Bench::set_up_after("going back in a session", three).await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;
    // A copy that ends there.
    let around = peas(phone).await;
    phone.press(&around, "Fork from here").await;
    phone.see_text(&["that ends there, without the exchange after it"]).await;
    let copied = phone.ask("pick the plums").await;
    assert!(copied.text.contains(&sees(3, "pick the plums")), "{copied:?}");
    assert_eq!(laptop.transcripts(garden).len(), 2);
    // The session itself.
    phone.press(&around, "Rewind to here").await;
    phone.see_text(&["from there: the exchange after it will be no part"]).await;
    let answer = phone.ask("cut the hedge").await;
    assert!(answer.text.contains(&sees(3, "cut the hedge")), "{answer:?}");
    assert_eq!(laptop.transcripts(garden).len(), 2);
    assert_ne!(session_of(&answer), session_of(&copied));
    let answer = phone.ask("rake the leaves").await;
    assert!(answer.text.contains(&sees(4, "rake the leaves")), "{answer:?}");
    // The laptop goes on where the phone is.
    let terminal = laptop.open(garden, &["--resume", &session_of(&answer)]);
    let screen = terminal.wait_for("rake the leaves");
    assert!(screen.contains("cut the hedge") && !screen.contains("weed the roses"), "{screen}");
    talk(&terminal, "pick the beans", 5);
    // While it is open there, nothing of it is taken back.
    laptop.wait_for_terminal("idle");
    phone.press(&around, "Rewind to here").await;
    phone.see_text(&["is open on the laptop, so nothing of it is taken back"]).await;
    terminal.exit();
}
