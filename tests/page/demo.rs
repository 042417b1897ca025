//! The demo as a person meets it: the built program, its scripted `claude`, and the page.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    PATIENCE,
    bot::ADA,
    chromium::find_for,
    view::{Screen, View},
};

/// A running demo. It ends with the value, as by Ctrl-C.
pub(crate) struct Demo {
    child: Child,
    pub(crate) url: String,
    /// Where it may think that it is at home.
    home: TempDir,
}

impl Demo {
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
        command.args(["sandbox", "--demo", "--no-open", "--port", "0"]);
        command.env_clear().env("HOME", home.path()).env("TMPDIR", home.path());
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("SEGUE_SCRIPT_GATE", gate(&home)).env("SEGUE_SCRIPT_RESET", "3600");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let url = address(child.stdout.take().unwrap());
        Self { child, url, home }
    }

    /// Has Claude stay where it is as soon as it has said this, or uses a tool of this name or
    /// input.
    pub(crate) fn stay_at(&self, part: &str) {
        // The file is read at any moment: it is never half written.
        let new = self.home.path().join("gate.new");
        fs::write(&new, part).unwrap();
        fs::rename(new, gate(&self.home)).unwrap();
    }

    /// Lets Claude go on.
    pub(crate) fn go_on(&self) {
        self.stay_at("");
    }
}

fn gate(home: &TempDir) -> PathBuf {
    home.path().join("gate")
}

/// The page's address, which the program prints when it listens.
fn address(output: ChildStdout) -> String {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("http://")).expect("an address");
    let url = line.split_whitespace().find(|word| word.starts_with("http://"));
    url.unwrap().to_owned()
}

impl Drop for Demo {
    fn drop(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() && Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let _ = self.child.kill();
    }
}

#[test]
fn the_demo_is_a_conversation() {
    let Some(program) = find_for("the demo is a conversation") else { return };
    let demo = Demo::start();
    let mut view = View::open(&program, &demo.url, Screen::Desktop);
    view.click(&format!("[data-chat='{ADA}']"));
    view.see("#chat-status", "online");

    demo.stay_at("Read");
    view.say("Slow, please");
    view.message("Continuing Watering schedule for the greenhouse");
    let progress = view.message("▸ Read");
    let post = format!("[data-message='{progress}']");
    demo.stay_at("List the sources");
    view.see(&post, "▸ Run");
    view.see(&post, "✓ Read");
    demo.go_on();
    view.message("↳ 3 steps");
    let answer = view.message("Three files, one entry point");
    view.see(&format!("[data-message='{answer}'] a[href*='?start=s_']"), "↳");

    view.say("Run the tests");
    view.message("Claude asks: Run");
    view.press("Allow once");
    view.message("you allowed it");
    view.message("All 24 tests pass");
    view.settled();
    view.keep_whole("desktop");

    view.say("/sessions");
    view.message("Sessions in ~/garden/greenhouse");
    view.press("2");
    view.message("Soil sensor reads zero");
    view.click(&format!("[data-message='{answer}']"));
    view.click(&format!("[data-message='{answer}'] [data-action='reply']"));
    view.write("Is that all?");
    view.enter();
    view.see(&format!(".post.out [data-quote='{answer}']"), "Three files");
    let stay = view.message("Stay in this session");
    view.see(&format!("[data-message='{stay}']"), "Watering schedule for…");

    view.resize(Screen::Phone);
    view.wait("the phone's width", "innerWidth < 400");
    assert_eq!(view.overhang(), 0);
    view.assert_content();
}
