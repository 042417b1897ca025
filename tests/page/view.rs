//! The page as a person sees and uses it: looks, clicks, keys.

use std::{path::Path, time::Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{PATIENCE, chromium::Chromium};

/// Keeps a click from everything but what it is aimed at, and notes whether it was struck.
const GUARD: &str = "window.struck ??= (() => {
    const guard = (event) => {
        if (!window.aim) return;
        if (window.aim.contains(event.target)) window.struck ||= event.type === 'click';
        else event.preventDefault(), event.stopImmediatePropagation();
    };
    for (const kind of ['pointerdown', 'pointerup', 'mousedown', 'mouseup', 'click'])
        window.addEventListener(kind, guard, { capture: true });
    return false;
})()";

/// A window on the page.
pub(crate) struct View {
    pub(crate) chromium: Chromium,
    url: String,
}

/// What the window is shown on.
#[derive(Clone, Copy)]
pub(crate) enum Screen {
    Desktop,
    Phone,
    /// As most people hold one today.
    Tall,
}

/// A value as JavaScript writes it.
fn quoted(value: &str) -> String {
    json!(value).to_string()
}

/// The last element that a selector finds.
fn last(selector: &str) -> String {
    format!("[...document.querySelectorAll({})].at(-1)", quoted(selector))
}

impl View {
    /// Opens the page at `url` and waits until it knows its chats.
    pub(crate) fn open(program: &Path, url: &str, screen: Screen) -> Self {
        let mut view = Self { chromium: Chromium::start(program), url: url.to_owned() };
        view.resize(screen);
        view.prefer("light");
        view.load();
        view
    }

    /// Shows the page on another screen.
    pub(crate) fn resize(&mut self, screen: Screen) {
        let (width, height, phone) = match screen {
            Screen::Desktop => (1280, 800, false),
            Screen::Phone => (360, 640, true),
            Screen::Tall => (390, 844, true),
        };
        self.chromium.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone }),
        );
        self.chromium.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": phone }));
    }

    /// Sets what the system prefers, `light` or `dark`; nothing moves, so that it can be clicked.
    pub(crate) fn prefer(&mut self, scheme: &str) {
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme });
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        self.chromium.call("Emulation.setEmulatedMedia", json!({ "features": [scheme, still] }));
    }

    /// Loads the page, anew if it was there.
    pub(crate) fn load(&mut self) {
        self.chromium.call("Page.navigate", json!({ "url": self.url }));
        self.wait("the chats", "document.querySelector('#chats [data-chat]')");
    }

    /// The value of an expression, its promise kept.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let wish = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.chromium.call("Runtime.evaluate", wish);
        let wrong = answer.get("exceptionDetails");
        assert!(wrong.is_none(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Waits, from one picture to the next, until an expression gives something.
    pub(crate) fn wait(&mut self, what: &str, expression: &str) -> Value {
        let wait = format!(
            "new Promise((done) => {{
                const end = performance.now() + {};
                const look = () => {{
                    const found = {expression};
                    if (found) return done([found instanceof Node || found]);
                    if (performance.now() > end) return done([null, document.body.innerText]);
                    requestAnimationFrame(look);
                }};
                look();
            }})",
            PATIENCE.as_millis() * 3 / 4
        );
        let mut found = self.eval(&wait);
        assert!(!found[0].is_null(), "never: {what}; the page shows\n{}", found[1]);
        found[0].take()
    }

    /// Waits until what a selector finds last shows this text.
    pub(crate) fn see(&mut self, selector: &str, text: &str) {
        let shows = format!("{}?.textContent.includes({})", last(selector), quoted(text));
        self.wait(&format!("“{text}” in {selector}"), &shows);
    }

    /// Waits for a message of the bot's with this text. Gives its id.
    pub(crate) fn message(&mut self, text: &str) -> String {
        let has = format!("(post) => post.textContent.includes({})", quoted(text));
        let found = format!("[...document.querySelectorAll('.post.in')].findLast({has})");
        let id = self.wait(&format!("a message “{text}”"), &format!("{found}?.dataset.message"));
        id.as_str().unwrap().to_owned()
    }

    /// Waits for a message of the bot's with this text that is newer than another. Gives its id.
    pub(crate) fn newer(&mut self, than: &str, text: &str) -> String {
        let has = format!(
            "(post) => Number(post.dataset.message) > {than} && post.textContent.includes({})",
            quoted(text)
        );
        let found = format!("[...document.querySelectorAll('.post.in')].findLast({has})");
        let what = format!("a message “{text}” after #{than}");
        let id = self.wait(&what, &format!("{found}?.dataset.message"));
        id.as_str().unwrap().to_owned()
    }

    /// The id of the newest message.
    pub(crate) fn newest(&mut self) -> String {
        let id = self.eval("[...document.querySelectorAll('.post')].at(-1)?.dataset.message");
        id.as_str().unwrap_or("0").to_owned()
    }

    /// Waits until no turn runs: nothing can be stopped.
    pub(crate) fn settled(&mut self) {
        let keys = "[...document.querySelectorAll('.key')]";
        self.wait(
            "the end of all turns",
            &format!("!{keys}.some((key) => key.textContent === 'Stop')"),
        );
    }

    /// Keeps a picture of the window where the telephone shows every label whole.
    pub(crate) fn keep_whole(&mut self, name: &str) {
        let cut = "[...document.querySelectorAll('.key span')].filter(
            (label) => label.scrollWidth > label.clientWidth
        ).map((label) => label.textContent).join(' | ')";
        assert_eq!(self.eval(cut), "", "labels that a telephone cuts, in {name}");
        self.keep(name);
    }

    /// Keeps a picture of the window, light and dark, in the directory that `SEGUE_PICTURES` names.
    pub(crate) fn keep(&mut self, name: &str) {
        let Some(directory) = std::env::var_os("SEGUE_PICTURES") else { return };
        for scheme in ["dark", "light"] {
            self.prefer(scheme);
            // Colours may be on their way to the other scheme.
            self.eval(
                "Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(
                () => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))",
            );
            let shot = self.chromium.call("Page.captureScreenshot", json!({ "format": "png" }));
            let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
            let path = Path::new(&directory).join(format!("{name}-{scheme}.png"));
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// Waits until a selector finds nothing that is shown.
    pub(crate) fn miss(&mut self, selector: &str) {
        let none = format!("!document.querySelector({})?.checkVisibility()", quoted(selector));
        self.wait(&format!("no {selector}"), &none);
    }

    /// Clicks the middle of what a selector finds last, once it lies open there.
    pub(crate) fn click(&mut self, selector: &str) {
        self.click_on(&last(selector));
    }

    /// Presses the last button beneath a message that has this label.
    pub(crate) fn press(&mut self, label: &str) {
        let labelled = format!("(key) => key.textContent === {}", quoted(label));
        self.click_on(&format!("[...document.querySelectorAll('.key')].findLast({labelled})"));
    }

    /// Presses the last button beneath a message whose label begins so.
    pub(crate) fn press_like(&mut self, start: &str) {
        let labelled = format!("(key) => key.textContent.startsWith({})", quoted(start));
        self.click_on(&format!("[...document.querySelectorAll('.key')].findLast({labelled})"));
    }

    /// Does something to a message that its own buttons do.
    pub(crate) fn act(&mut self, message: &str, action: &str) {
        self.eval(&format!("document.querySelector('[data-message=\"{message}\"]').focus()"));
        self.click(&format!("[data-message='{message}'] [data-action='{action}']"));
    }

    /// Clicks the middle of an element. What lies there may move before the click arrives: then
    /// the page does not hear of it, and it is made again.
    fn click_on(&mut self, element: &str) {
        self.eval(GUARD);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let aim = "window.aim = element, window.struck = false, \
                       element.contains(document.elementFromPoint(x, y))";
            let middle = self.middle(element, aim);
            for kind in ["mousePressed", "mouseReleased"] {
                let (x, y) = (&middle["x"], &middle["y"]);
                let click =
                    json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
                self.chromium.call("Input.dispatchMouseEvent", click);
            }
            if self.eval("delete window.aim, window.struck") == true {
                return;
            }
            assert!(Instant::now() < deadline, "{element} cannot be hit");
        }
    }

    /// Moves the mouse over what a selector finds last.
    pub(crate) fn hover(&mut self, selector: &str) {
        let middle = self.middle(&last(selector), "true");
        let (x, y) = (&middle["x"], &middle["y"]);
        let hover = json!({ "type": "mouseMoved", "x": x, "y": y });
        self.chromium.call("Input.dispatchMouseEvent", hover);
    }

    /// Where an element's middle is, once that is shown and `fit` holds for it.
    fn middle(&mut self, element: &str, fit: &str) -> Value {
        let middle = format!(
            "(() => {{
                const element = {element};
                if (!element?.checkVisibility({{ visibilityProperty: true }})) return null;
                element.scrollIntoView({{ block: 'nearest', behavior: 'instant' }});
                const box = element.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                return {fit} && {{ x, y }};
            }})()"
        );
        self.wait(&format!("a place to click on {element}"), &middle)
    }

    /// Types into whatever has the focus.
    pub(crate) fn write(&mut self, text: &str) {
        self.chromium.call("Input.insertText", json!({ "text": text }));
    }

    pub(crate) fn enter(&mut self) {
        let key = json!({ "type": "keyDown", "key": "Enter", "code": "Enter", "text": "\r",
                          "windowsVirtualKeyCode": 13 });
        self.chromium.call("Input.dispatchKeyEvent", key);
        let up = json!({ "type": "keyUp", "key": "Enter", "code": "Enter" });
        self.chromium.call("Input.dispatchKeyEvent", up);
    }

    /// Says something in the open chat.
    pub(crate) fn say(&mut self, text: &str) {
        self.click("#input");
        self.write(text);
        self.enter();
    }

    /// How far the page is wider than its window, pixels.
    pub(crate) fn overhang(&mut self) -> i64 {
        let wider = "Math.max(...[document.documentElement, document.body, \
                     ...document.querySelectorAll('.list, .chat, #scroll, #chats')] \
                     .map((one) => one.scrollWidth - one.clientWidth))";
        self.eval(wider).as_i64().unwrap()
    }

    /// Fails if anything went wrong in the page since this was last asked.
    pub(crate) fn assert_content(&mut self) {
        assert_eq!(self.chromium.complaints(), Vec::<String>::new());
    }
}
