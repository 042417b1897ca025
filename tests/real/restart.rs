//! What an earlier process has left, on the real CLI.

use segue::sandbox::claude::script::Script;

use crate::{
    path::Bench,
    support::{headless, rows, wait::until},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_go_down_has_its_way_back() {
    let Some(mut bench) = Bench::set_up("the ways back").await else { return };
    bench.api.play(Script::parse(&rows::script().to_string()).unwrap());
    let home = bench.laptop.home.clone();
    rows::go_through(&mut bench.phone, &home).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_a_killed_bot_is_asked_again() {
    let Some(mut bench) = Bench::set_up("a question of a killed bot").await else { return };
    bench.api.play(Script::parse(&headless::asking_again_text(&bench.laptop.home)).unwrap());
    let gate = bench.garden.join("gate.txt");
    let phone = &mut bench.phone;
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate.txt").await;
    until("noted", || phone.noted("questions"));
    phone.kill();
    phone.boot().await;
    let lost = phone.see_text(&["✗ Not granted, since segue ended before you answered"]).await;
    assert_eq!(lost.id, question.id);
    assert!(lost.text.ends_with("Run touch gate.txt"), "{lost:?}");
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Then not, since: Tool permission request failed"), "{answer:?}");
    assert!(!gate.exists());

    phone.press(&lost, "Ask again").await;
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Allow once").await;
    phone.answer(lost.id).await;
    assert!(gate.exists());
    phone.at_rest();
}
