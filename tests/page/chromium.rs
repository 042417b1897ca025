//! A headless Chromium, spoken to in the `DevTools` protocol over two pipes: requests go out,
//! answers come back, and what the browser complains of in between is kept.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>, messages of JSON that end in a NUL byte.
//! It reaches nothing but this machine.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    mem::take,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Instant,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::PATIENCE;

/// What Chromium is called on different systems.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// No window, no errands of its own, no way to any other machine, and a mouse.
const FLAGS: [&str; 15] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,\
     primaryPointerType=4,availablePointerTypes=4",
    "--remote-debugging-pipe",
];

/// A browser with one page. It ends with the value.
pub(crate) struct Chromium {
    child: Child,
    requests: ChildStdin,
    messages: Receiver<Value>,
    count: u64,
    /// Of the page; none until it is attached.
    session: Option<String>,
    complaints: Vec<String>,
    profile: TempDir,
}

/// Chromium, for a test that needs it; none after one line that names the test as left out. With
/// `SEGUE_TESTS=all` in the environment the test fails instead.
pub(crate) fn find_for(test: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = places.find(|place| place.is_file());
    if found.is_none() {
        let all = env::var_os("SEGUE_TESTS").is_some_and(|wish| wish == "all");
        assert!(!all, "{test} needs Chromium on the PATH");
        println!("left out: {test} (no Chromium on the PATH)");
    }
    found
}

impl Chromium {
    /// Starts it with an empty page.
    pub(crate) fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().unwrap();
        // Chromium wants its pipes as descriptors 3 and 4.
        let mut command = Command::new("sh");
        command.args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#]);
        command.arg(program).args(FLAGS);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.env("HOME", profile.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(fs::File::create(profile.path().join("stderr")).unwrap());
        let mut child = command.spawn().unwrap();
        let requests = child.stdin.take().unwrap();
        let messages = listen(child.stdout.take().unwrap());
        let mut chromium = Self {
            child,
            requests,
            messages,
            count: 0,
            session: None,
            complaints: Vec::new(),
            profile,
        };
        chromium.attach();
        chromium
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let wish = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("Target.attachToTarget", wish);
        self.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Makes a request and gives its result.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.count += 1;
        let mut request = json!({ "id": self.count, "method": method });
        request["params"] = params;
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(mut message) = self.messages.recv_timeout(left) else {
                let stderr = fs::read_to_string(self.profile.path().join("stderr"));
                panic!("no answer to {request}\n{}", stderr.unwrap_or_default());
            };
            if message["id"] == self.count {
                assert!(message.get("error").is_none(), "{request}: {message}");
                return message["result"].take();
            }
            self.complaints.extend(complaint(&message));
        }
    }

    /// What went wrong in the page since this was last asked, a line each.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        // What was under way is told by the next picture.
        let picture = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))";
        let wish = json!({ "expression": picture, "awaitPromise": true });
        self.call("Runtime.evaluate", wish);
        take(&mut self.complaints)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let close = json!({ "id": 0, "method": "Browser.close" });
        let _ = self.requests.write_all(format!("{close}\0").as_bytes());
        // The last process of the browser closes the pipe.
        let deadline = Instant::now() + PATIENCE;
        let left = || deadline.saturating_duration_since(Instant::now());
        while self.messages.recv_timeout(left()).is_ok() {}
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads messages for as long as there is somebody to hear them.
fn listen(pipe: ChildStdout) -> Receiver<Value> {
    let (sink, messages) = mpsc::channel();
    thread::spawn(move || {
        for message in BufReader::new(pipe).split(0).map_while(Result::ok) {
            let Ok(message) = serde_json::from_slice(&message) else { return };
            if sink.send(message).is_err() {
                return;
            }
        }
    });
    messages
}

/// What is wrong, if an event says so: an exception, a warning or an error on the console, a
/// breach of the page's policy, a request that failed.
fn complaint(event: &Value) -> Option<String> {
    let params = &event["params"];
    let (kind, text) = match event["method"].as_str()? {
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            ("error", format!("{} {}", details["text"], details["exception"]["description"]))
        }
        "Runtime.consoleAPICalled" => (params["type"].as_str()?, params["args"].to_string()),
        "Log.entryAdded" => {
            let entry = &params["entry"];
            (entry["level"].as_str()?, format!("{} {}", entry["text"], entry["url"]))
        }
        _ => return None,
    };
    ["error", "warning", "assert"].contains(&kind).then(|| format!("{kind}: {text}"))
}
