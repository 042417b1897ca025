//! Every screen, drawn of hostile titles, names, paths and words: none of them becomes something to
//! tap, and none turns the direction of what stands around it. That none is left out is held by
//! `tests/tidy.rs`.

use std::path::Path;

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    bridge::{
        attachment::{Attached, Kind, Unfit},
        choices::{Choice, Choices},
        place::Place,
        prompt::{Prompt, Source},
        question::{Hands, Open, Press},
        terminal::{Terminal, Trouble},
        turn::{Decided, Outcome, Phase, Said, Step, StepState, Turn},
        verbosity::Verbosity,
        work::{Item, ItemState, Work},
    },
    claude::{
        audit::{Call, Outcome as CallOutcome},
        catalog::Left,
        corpus::Owner,
        live::{self, Live},
        search::{Excerpt, Found, Place as FoundIn, Speaker, Summary},
        session::{Session, SessionId, Status as Activity},
        transcript::{
            follow::{Ended, Growing},
            story::{Chapter, Part, Story, Tool},
        },
        usage::{SessionUsage, Sum, Usage},
        wire::{
            Ask,
            limits::{Context, Limits, Window},
            offers::Offers,
        },
    },
    screens::{
        Scene, audit, card, export, failure, files, follow, help, history, laptop, later, limits,
        live as live_screens, notice, notices, put_away, question, rewind, search, sessions,
        status, steering, turn, usage, verbose,
    },
    telegram::{
        callback::{Callback, Carry, Deferral, Deferred, Format, Key, List},
        command::COMMANDS,
        screen::Screen,
        text::{Text, lit::model::lit_in, rules},
    },
};

/// What a stranger would like to be tapped, or to be read otherwise.
const EVIL: [&str; 14] = [
    "/evil",
    "/evil@evil_bot now",
    "x /evil, and ~/evil",
    "ask @evil_name",
    "#evil",
    "$EVIL",
    "evil.rs",
    "src/evil.rs and ./evil",
    "www.evil.io",
    "https://evil.io/evil",
    "tg://resolve?domain=evil",
    "evil@evil.io",
    "+49 30 3141592653",
    "\u{202e}live\u{2066} \u{200f}evil\u{e0065}",
];

/// Who has written what a screen shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// It is a name, or one line.
    Names,
    /// It is a text, in which an address may be followed.
    Prose,
}

fn scene() -> Scene {
    Scene { home: "/home/ada".into(), bot: "segue_bot".to_owned(), now: 1_800_000_000_000 }
}

fn session(evil: &str) -> Session {
    Session {
        id: SessionId(Uuid::nil()),
        title: evil.to_owned(),
        project: evil.into(),
        branch: Some(evil.to_owned()),
        modified: 1_799_000_000_000,
        size: 1,
        origin: Some(evil.to_owned()),
        status: Some(Activity::Busy),
        archived: true,
        continued_in: Some(SessionId(Uuid::nil())),
    }
}

fn open(evil: &str) -> Live {
    let entry = json!({
        "pid": 1_234_567, "sessionId": Uuid::nil(), "cwd": evil, "status": "waiting",
        "kind": "interactive", "entrypoint": "cli", "waitingFor": evil, "tmux": evil,
        "messagingSocketPath": "/tmp/x.sock",
    });
    live::decode(entry.to_string().as_bytes()).unwrap()
}

fn offers(evil: &str) -> Offers {
    let mut offers = Offers::read(&json!({
        "commands": [{"name": evil, "description": evil, "argumentHint": evil}],
        "models": [{"value": evil, "displayName": evil, "description": evil,
            "supportedEffortLevels": [evil]}],
        "agents": [{"name": evil, "description": evil}],
    }));
    offers.modes = vec![evil.to_owned()];
    offers
}

fn step(evil: &str, state: StepState) -> Step {
    Step {
        id: "t".to_owned(),
        tool: format!("mcp__{evil}__{evil}"),
        subject: evil.to_owned(),
        state,
        result: evil.to_owned(),
        result_cut: true,
    }
}

/// A turn in which everything has happened.
fn eventful(evil: &str, phase: Phase) -> Turn {
    let source = Source { bot: 1, place: Place { chat: 1, thread: None }, message: 1 };
    let session = SessionId(Uuid::nil());
    let mut turn = Turn::new(&Prompt::new(source, "", 0), session, Instant::now());
    turn.phase = phase;
    turn.steps = vec![step(evil, StepState::Failed), step(evil, StepState::Running)];
    let item = |state| Item { id: String::new(), text: evil.to_owned(), state };
    turn.work = Work {
        items: vec![item(ItemState::Doing), item(ItemState::Open)],
        background: vec![evil.to_owned()],
        thoughts: vec![evil.to_owned()],
        ..Work::default()
    };
    turn.said =
        vec![Said { text: evil.to_owned(), after: 0 }, Said { text: evil.to_owned(), after: 2 }];
    turn.partial = evil.to_owned();
    turn.occasion = Some(evil.to_owned());
    turn.lost = vec![evil.to_owned()];
    turn.denials = vec![(evil.to_owned(), evil.to_owned())];
    for mut open in questions(evil) {
        for press in [Press::Deny, Press::Allow, Press::Grant(0)] {
            let decision = open.apply(&crate::bridge::question::Input::Press(press));
            turn.decided.extend(decision.map(|decision| Decided { open: open.clone(), decision }));
        }
    }
    turn.terminal = Some(Terminal { leaving: false, sent: false, waits: Some(evil.to_owned()) });
    (turn.joined, turn.context, turn.window) = (2, Some(190), Some(200));
    turn
}

fn questions(evil: &str) -> Vec<Open> {
    let option = json!({"label": evil, "description": evil});
    let asked = json!([{"question": evil, "header": evil, "options": [option, option]},
        {"question": evil, "header": evil, "options": [option, option]}]);
    let all = [
        ("Bash", json!({"command": evil, "description": evil})),
        ("Edit", json!({"file_path": evil, "old_string": evil, "new_string": "x"})),
        ("WebFetch", json!({"url": evil, "prompt": evil})),
        ("WebSearch", json!({"query": evil})),
        ("Read", json!({"file_path": evil})),
        (evil, json!({"anything": evil})),
        ("ExitPlanMode", json!({"plan": evil})),
        ("AskUserQuestion", json!({"questions": asked})),
    ];
    let rules = json!([{"toolName": evil, "ruleContent": evil}]);
    let grants = [
        json!({"type": "addRules", "rules": rules, "behavior": "allow", "destination": "session"}),
        json!({"type": "addDirectories", "directories": [evil], "destination": "session"}),
        json!({"type": "setMode", "mode": evil, "destination": "session"}),
    ];
    let open = |(tool, input): (&str, serde_json::Value)| {
        let ask = Ask {
            request: "r".to_owned(),
            tool: tool.to_owned(),
            input,
            description: Some(evil.to_owned()),
            suggestions: grants.to_vec(),
            ..Ask::default()
        };
        Open::new(ask, evil)
    };
    all.into_iter().map(open).collect()
}

fn of_notices(evil: &str) -> Vec<Screen> {
    let (scene, session, path) = (scene(), session(evil), Path::new(evil));
    let id = session.id;
    vec![
        help::start(),
        help::start_anew(&scene, Some(path)),
        help::start_anew(&scene, None),
        help::help(),
        help::stranger(1_234_567_890),
        notice::resumed(&scene, &session),
        notice::continued(&scene, &session),
        notice::may_resume(&scene, &session),
        notice::first(&scene, id, path),
        notice::fresh(&scene, id, path),
        notice::fell_back(&scene, id, id, path),
        files::bare(notice::no_directory(&scene, path)),
        Screen {
            keyboard: notice::left(&scene, id, &[Left::MainTree(path.to_owned())]),
            ..files::bare(Text::plain("Gone."))
        },
        notice::moved(&scene, path, Some(&session)),
        notice::moved(&scene, path, None),
        notice::distrusted(&scene, path),
        notice::nowhere(),
        notice::forbidden(&scene, path),
        notice::unsent(&scene, id, evil),
        notice::forked(&scene, &session, id),
        notice::one_more(2),
        notice::conflict(evil),
        notice::damaged(evil),
        notice::spool_closed(evil),
        notice::unreadable(evil),
        notice::plain(notice::BROKEN),
        notice::plain(notice::UNREAD),
        notice::about_path("There is no ", evil, ". /cd shows those that are known."),
        later::waiting(1_800_000_000, Key(1)),
        later::taken_back(Deferral { session: id, attempt: 1, at: 1, what: Deferred::Prompt }),
        verbose::picker(Verbosity::Steps),
        verbose::chosen(Verbosity::Words),
        verbose::unknown(),
    ]
}

fn of_the_laptop(evil: &str) -> Vec<Screen> {
    let (scene, session, live) = (scene(), session(evil), open(evil));
    let turn = eventful(evil, Phase::Working);
    let mut all = vec![
        laptop::choose(&scene, &session, &live, 0),
        laptop::choose(&scene, &session, &live, 1),
        laptop::let_go(&scene, &session, &live),
        laptop::opened(&scene, &session, &live, Some(Key(1))),
        laptop::used_elsewhere(&scene, &session),
        laptop::transcript_gone(&scene, session.id),
        laptop::history_closed(evil),
    ];
    all.extend(laptop::waits(&scene, &turn));
    all
}

fn of_lists(evil: &str) -> Vec<Screen> {
    let (scene, session) = (scene(), session(evil));
    let words = sessions::search(evil);
    let list = List { words: words.as_str().into(), page: 1, ..List::default() };
    let mut picker = sessions::Picker {
        list,
        directory: Some(evil.into()),
        sessions: vec![session.clone()],
        more: true,
        unreadable: 1_234_567,
        current: Some(session.id),
        carry: Carry::Nothing,
    };
    let here = sessions::picker(&scene, &picker);
    assert_eq!(sessions::searched(&here.text), Some(words));
    picker.directory = None;
    let place = sessions::Place { directory: evil.into(), modified: 1, sessions: 2 };
    let paging = sessions::Paging {
        page: 1,
        more: true,
        purpose: sessions::Purpose::List,
        carry: Carry::Nothing,
    };
    let running = status::Running {
        activity: evil.to_owned(),
        model: Some(evil.to_owned()),
        mode: Some(evil.to_owned()),
        effort: Some(evil.to_owned()),
        context: Some((1, Some(2))),
        cost: Some(1.0),
    };
    let mut choices = Choices { verbosity: Verbosity::Words, ..Choices::default() };
    for choice in [Choice::Mode, Choice::Model, Choice::Effort] {
        choices.set(choice, evil);
    }
    let mut state = status::Status {
        directory: evil.into(),
        session: Some((session.id, evil.to_owned())),
        begun: true,
        cost: Some(0.5),
        branch: Some(evil.to_owned()),
        run: Some(running),
        choices,
        others: vec![status::Other {
            session: None,
            title: evil.to_owned(),
            directory: evil.into(),
        }],
        warm: 1,
        busy: 1,
        version: Some(evil.to_owned()),
    };
    let awake = status::status(&scene, &state);
    state.run = None;
    vec![
        here,
        sessions::picker(&scene, &picker),
        sessions::directories(&scene, Text::plain("Where to?"), &[place], paging),
        awake,
        status::status(&scene, &state),
    ]
}

fn of_choices(evil: &str) -> Vec<Screen> {
    let (scene, session, offers) = (scene(), session(evil), offers(evil));
    let id = session.id;
    let mut now = Choices::default();
    now.set(Choice::Model, evil);
    let current = |own| steering::Current { choices: now.clone(), own };
    let mut all: Vec<_> = [Choice::Mode, Choice::Model, Choice::Effort]
        .into_iter()
        .flat_map(|choice| {
            [
                steering::picker(choice, &offers, &current(true), steering::Bypass::Allowed),
                steering::picker(choice, &offers, &current(false), steering::Bypass::Allowed),
                steering::unknown(choice, evil, &offers, &current(true)),
                steering::unset(choice),
                steering::chosen(choice, evil, Some(&offers)),
                steering::chosen(choice, evil, None),
                steering::refused(choice, evil, evil),
            ]
        })
        .collect();
    let suggestion = steering::suggestion(&scene, id, evil);
    let suggested = steering::suggested(&suggestion.text.text);
    assert_eq!(suggested.as_deref(), Some(&*crate::telegram::text::clean(evil)));
    all.extend([
        steering::bypass_warning(),
        steering::bypass_forbidden(),
        steering::failed("Asking aside", evil),
        steering::agents(&offers, ""),
        steering::agents(&offers, evil),
        steering::agents(&offers, "other"),
        steering::with_agent(&scene, id, evil),
        steering::commands(&offers, ""),
        steering::asking_aside(&scene, id),
        steering::will_fork(&scene, &session, id),
        steering::title(&scene, &session),
        suggestion,
        steering::renamed(&scene, id, evil),
    ]);
    all
}

fn of_insight(evil: &str) -> Vec<Screen> {
    let (scene, live, id) = (scene(), open(evil), SessionId(Uuid::nil()));
    let found = |place| Found {
        session: Some(id),
        title: evil.to_owned(),
        project: evil.into(),
        at: 1,
        by: Speaker::Tools,
        excerpt: Excerpt {
            text: format!("{evil} {evil}"),
            marks: vec![0..evil.len(), evil.len() + 1..2 * evil.len() + 1],
        },
        messages: 2,
        place,
    };
    let results = |state, found: Vec<Found>| search::Results {
        query: search::query(evil),
        skip: 6,
        found,
        more: true,
        state,
        narrowed: vec!["dir:"],
    };
    let done = search::State::Done(Summary { sessions: 1, bytes: 1, unreadable: 1, too_long: 1 });
    let all = vec![found(FoundIn::Agent), found(FoundIn::History)];
    let call = Call {
        session: id,
        at: 1,
        owner: Owner::Session,
        directory: evil.into(),
        tool: evil.to_owned(),
        input: json!({"command": evil}),
        outcome: CallOutcome::Denied,
    };
    let entry = crate::bridge::audit::entry(call, Path::new("/home/ada"));
    let (sum, whose) = (Sum::default(), audit::Whose::Session(id, evil.to_owned()));
    let mut used = Usage { total: sum, ..Usage::default() };
    used.unknown.insert(evil.to_owned());
    used.models.insert(evil.to_owned(), sum);
    used.projects.insert(evil.into(), sum);
    used.sessions.push(SessionUsage { id, project: evil.into(), last: 1, sum, cli_cost: None });
    vec![
        search::results(&scene, &results(done, all.clone())),
        search::results(&scene, &results(done, Vec::new())),
        search::results(&scene, &results(search::State::Running, all)),
        search::misread(&format!("`in:{evil}` is not known: {evil}")),
        live_screens::live(&scene, &[(live.clone(), evil.to_owned())], false),
        live_screens::may_stop(&scene, &live, evil),
        live_screens::stopped(&scene, id, evil),
        live_screens::not_stopped(&scene, id, evil, evil),
        usage::usage(&scene, &used, &[(evil.to_owned(), sum)], usage::Shape::Bars),
        usage::caption(&used, usage::today(&scene)),
        audit::audit(&scene, &whose, std::slice::from_ref(&entry)),
        audit::audit(&scene, &whose, &vec![entry; 60]),
        audit::caption(&scene, &whose),
    ]
}

fn of_followed(evil: &str) -> Vec<Screen> {
    let (named, id) = (session(evil), SessionId(Uuid::nil()));
    let (scene, live, session) = (scene(), open(evil), id);
    let followed = |live| follow::Followed { session, title: evil.to_owned(), live };
    let (held, closed) = (followed(Some(live.clone())), followed(None));
    let window = Window { name: evil.to_owned(), percent: 100.0, resets: Some(1) };
    let plan = Limits { plan: Some(evil.to_owned()), windows: vec![window] };
    let context = Context { used: 9, size: 10, parts: vec![(evil.to_owned(), 9)] };
    let mut added = Screen::default();
    limits::add(&mut added, Some(&plan), Some((session, &context)));
    vec![
        follow::begun(&scene, &held, true, follow::Sight::Polled),
        follow::begun(&scene, &closed, false, follow::Sight::Told),
        follow::ended(&scene, session, evil),
        follow::closed(&scene, &closed, Some(session)),
        follow::gone(&scene, &closed),
        follow::moved_on(&scene, &closed, session),
        follow::choose(&scene, Text::of_data(evil), &[(live.clone(), evil.to_owned())]),
        notices::waiting(&scene, &[(live, evil.to_owned())]),
        limits::limits(Some(&plan), None),
        limits::warning(&plan.windows[0]),
        limits::held(Some(1)),
        put_away::archived(&scene, &named, true),
        put_away::may_delete(&scene, &named, 2),
        put_away::deleted(&scene, &named),
        put_away::restored(&scene, &named),
        put_away::refused(&scene, id, evil, evil),
        follow::not_shown(&scene, &closed),
        rewind::will_fork(&scene, &named, id, 2),
        rewind::will_rewind(&scene, &named, 1),
        rewind::unable(&scene, id, evil, rewind::Unable::Open),
        rewind::unable(&scene, id, evil, rewind::Unable::Works),
        rewind::unable(&scene, id, evil, rewind::Unable::WentOn),
        added,
    ]
}

/// What is told of sessions that others run.
fn of_events(evil: &str) -> Vec<Screen> {
    let (scene, session) = (scene(), SessionId(Uuid::nil()));
    let (title, directory) = (evil.to_owned(), evil.into());
    let whose = notices::Whose { session, title, directory };
    let waits = notices::Told::Waits {
        what: Some(evil.to_owned()),
        exactly: Some(evil.to_owned()),
        inbox: true,
    };
    let state = notices::State {
        on: true,
        after: 60,
        quiet: crate::bridge::notices::Quiet::read("22:00-07:00"),
        card: true,
        muted: vec![whose.clone()],
    };
    let told = [
        waits,
        notices::Told::Finished(70, evil.to_owned()),
        notices::Told::Failed(evil.to_owned()),
        notices::Told::BrokenOff,
    ];
    let mut all: Vec<_> = told.iter().map(|told| notices::notice(&scene, &whose, told)).collect();
    let kept: Vec<_> = told.into_iter().map(|told| (whose.clone(), told)).collect();
    all.push(notices::digest(&scene, &kept));
    all.push(notices::state(&state));
    all.push(notices::muted(&scene, &whose, true));
    all
}

/// What was said in a session that is followed.
fn of_exchanges(evil: &str) -> Vec<Screen> {
    let (scene, live, session) = (scene(), open(evil), SessionId(Uuid::nil()));
    let followed = |live| follow::Followed { session, title: evil.to_owned(), live };
    let tool = Tool {
        id: evil.to_owned(),
        name: evil.to_owned(),
        input: json!({"command": evil}),
        result: None,
        pictures: Vec::new(),
        others: vec![evil.to_owned()],
        failed: true,
    };
    let parts = vec![Part::Said(evil.to_owned()), Part::Used(tool), Part::Notice(evil.to_owned())];
    let chapter = Chapter { prompt: evil.to_owned(), pictures: 1, at: Some(1), parts };
    let growing = Growing { chapter, ..Growing::default() };
    let over = Growing { ended: Some(Ended::Interrupted), ..growing.clone() };
    let mut all = follow::exchange(&scene, &followed(Some(live)), &growing);
    all.extend(follow::exchange(&scene, &followed(None), &over));
    all
}

fn of_files(evil: &str) -> Vec<Screen> {
    let (scene, path) = (scene(), Path::new(evil));
    let attached = Attached {
        kind: Kind::Document,
        id: "f".to_owned(),
        name: Some(evil.to_owned()),
        size: Some(1),
    };
    let entry = files::Entry { name: evil.to_owned(), is_folder: true, key: Key(1) };
    let mut folder = files::Folder {
        path: evil.into(),
        start: evil.to_owned(),
        entries: vec![entry; 50],
        up: Some(Key(2)),
    };
    let full = files::folder(&scene, &folder);
    folder.entries.clear();
    let heading =
        export::Heading { title: evil.to_owned(), facts: vec![evil.to_owned(), evil.to_owned()] };
    let diff = match export::patch::shown(evil, &format!("+{evil}\n")) {
        export::patch::Shown::Here(text) | export::patch::Shown::Page(_, text) => text,
    };
    let id = SessionId(Uuid::nil());
    vec![
        files::too_large_to_fetch(&attached),
        files::unseen(evil, Unfit::Format),
        files::not_for_a_terminal(),
        files::no_transcriber(),
        files::not_heard(evil),
        files::edited(id, 1),
        files::edited_part(id, 1),
        files::edited_alone(),
        full,
        files::folder(&scene, &folder),
        files::sent(&scene, path, 1),
        files::not_to_send(evil, 0),
        files::not_to_send(evil, 1 << 40),
        files::sending(evil, 1, 1),
        files::not_taken(evil, evil),
        files::outside(evil),
        files::left_out(),
        files::forgotten(),
        files::unchanged(evil),
        files::no_diff(evil, evil),
        files::untrusted(),
        files::bare(diff),
        export::caption(&heading, id, Format::Html),
        export::too_large(&heading, id, Format::Markdown),
        export::failed(evil),
    ]
}

fn of_questions(evil: &str) -> Vec<Screen> {
    let asker = question::Asker {
        session: SessionId(Uuid::nil()),
        directory: evil.into(),
        stop: Some(Key(1)),
        waits: true,
    };
    let mut all = Vec::new();
    for mut asked in questions(evil) {
        all.push(question::open(&scene(), &asker, &asked));
        all.extend(question::input::file_of(&asked).map(|file| file.caption));
        let about = question::subject(&asked);
        all.push(question::lost(asker.session, &about));
        let written = crate::bridge::question::Input::Write(evil.to_owned());
        for press in [Press::Allow, Press::Grant(0), Press::Grant(1), Press::Grant(2)] {
            let decision = asked.apply(&crate::bridge::question::Input::Press(press));
            if let Some(decision) = decision {
                all.push(files::bare(question::decided(&scene(), &asked, &decision)));
            }
        }
        asked.hands = Hands::Looking;
        all.push(question::open(&scene(), &asker, &asked));
        asked.hands = Hands::Writing;
        all.push(question::open(&scene(), &asker, &asked));
        if let Some(decision) = asked.apply(&written) {
            all.push(files::bare(question::decided(&scene(), &asked, &decision)));
        }
    }
    all
}

fn story(evil: &str) -> Story {
    let tool = Tool {
        id: "t".to_owned(),
        name: evil.to_owned(),
        input: json!({"command": evil, "description": evil}),
        result: Some(evil.to_owned()),
        pictures: Vec::new(),
        others: vec![evil.to_owned()],
        failed: true,
    };
    let said = Part::Said(evil.to_owned());
    let parts = vec![said.clone(), Part::Used(tool.clone()), Part::Used(tool), said];
    let chapter = Chapter { prompt: evil.to_owned(), parts, ..Chapter::default() };
    Story { chapters: vec![chapter], earlier: true, unreadable: 1_234_567 }
}

fn endings(evil: &str) -> Vec<Outcome> {
    let message = evil.to_owned();
    vec![
        Outcome::Answered,
        Outcome::Stopped,
        Outcome::Joined,
        Outcome::Silent,
        Outcome::NoConversation,
        Outcome::Terminal(Trouble::Ignores),
        Outcome::TakenBack,
        Outcome::Repeated,
        Outcome::NotLoggedIn,
        Outcome::NotBegun,
        Outcome::BrokenOff,
        Outcome::Shutdown,
        Outcome::Terminal(Trouble::Stays),
        Outcome::Api { status: Some(529), message: message.clone() },
        Outcome::Limit { resets_at: Some(1_800_000_000), message: message.clone() },
        Outcome::Missing { program: evil.into() },
        Outcome::TooOld { message: message.clone() },
        Outcome::NoDirectory { directory: evil.into() },
        Outcome::Crashed { how: message.clone(), stderr: message.clone() },
        Outcome::Unreadable { message: message.clone() },
        Outcome::NoFile { message },
    ]
}

fn of_turns(evil: &str) -> Vec<Screen> {
    let mut all = Vec::new();
    for verbosity in Verbosity::ALL {
        let changed = files::Changed { name: evil.to_owned(), key: Key(1), in_git: true };
        let around = turn::Around {
            title: evil.to_owned(),
            changed: vec![changed; 6],
            verbosity,
            elsewhere: true,
            seconds: 1,
            plan: Some(evil.to_owned()),
            waiting: vec![(Key(1), evil.to_owned()), (Key(2), evil.to_owned())],
        };
        let running = eventful(evil, Phase::Working);
        all.push(card::running(&scene(), &running, &around));
        all.push(turn::joining(&scene(), &running));
        for outcome in endings(evil) {
            let (said, _) = failure::ending(&outcome, &running, true);
            all.extend(said.map(files::bare));
            let done = eventful(evil, Phase::Done(outcome));
            all.extend(turn::answer(&scene(), &done, &around));
            all.extend(card::rest(&scene(), &done, &around));
            all.push(turn::joining(&scene(), &done));
        }
    }
    all
}

fn of_texts(evil: &str) -> Vec<Screen> {
    let scene = scene();
    let id = SessionId(Uuid::nil());
    let card = sessions::Card {
        session: session(evil),
        prompts: 2,
        seconds: 100,
        last: Some((evil.to_owned(), evil.to_owned())),
    };
    let past = history::Past { session: id, title: evil.to_owned(), skip: 0, take: 3 };
    let mut all = vec![files::heard(evil), files::said(evil), sessions::card(&scene, &card)];
    all.push(sessions::preview(&scene, &card));
    all.push(help::start_in(&scene, &card));
    all.extend(steering::aside(&scene, id, evil));
    all.extend(history::history(&scene, &past, &story(evil)));
    all
}

/// Every screen that is drawn of such words.
fn screens(evil: &str) -> Vec<(Of, Screen)> {
    let names =
        [of_notices, of_the_laptop, of_lists, of_choices, of_files, of_insight, of_followed];
    let prose = [of_questions, of_turns, of_texts, of_exchanges, of_events];
    let names = names.into_iter().flat_map(|draw| draw(evil)).map(|screen| (Of::Names, screen));
    let prose = prose.into_iter().flat_map(|draw| draw(evil)).map(|screen| (Of::Prose, screen));
    names.chain(prose).collect()
}

/// Whether a piece is meant to be tapped: a command of ours, or an address in somebody's words.
fn is_meant((of, evil): (Of, &str), (kind, piece): (&str, &str)) -> bool {
    let ours = || {
        let names = COMMANDS.map(|(name, _)| name);
        piece.strip_prefix('/').is_some_and(|name| names.contains(&name))
    };
    match kind {
        "command" => ours(),
        "address" => of == Of::Prose && evil.contains("https://"),
        "mail" => of == Of::Prose && evil.contains('@'),
        "host" => {
            of == Of::Prose
                && (evil.contains("//") || evil.contains('@') || evil.starts_with("www."))
        }
        _ => false,
    }
}

#[test]
fn nothing_hostile_lights_up() {
    for evil in EVIL {
        for (of, screen) in screens(evil) {
            for (kind, piece) in lit_in(&screen.text) {
                let is_meant = is_meant((of, evil), (kind, piece));
                assert!(is_meant, "{kind} {piece:?} of {evil:?}: {:?}", screen.text);
            }
        }
    }
}

#[test]
fn nothing_hostile_turns_or_hides_what_stands_around_it() {
    let is_hidden = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{e0000}'..='\u{e007f}')
    };
    for (_, screen) in screens(EVIL[13]) {
        let labels = screen.keyboard.iter().flatten().map(|button| button.label.as_str());
        for shown in labels.chain([screen.text.text.as_str()]) {
            assert!(!shown.contains(is_hidden), "{shown:?}");
        }
    }
}

#[test]
fn every_screen_is_one_that_telegram_takes() {
    for (_, screen) in EVIL.into_iter().flat_map(screens) {
        assert_eq!(rules::refused(&screen.text), None, "{screen:?}");
        for button in screen.keyboard.iter().flatten() {
            assert!(!button.label.trim().is_empty(), "{screen:?}");
            assert!(Callback::decode(&button.data).is_some(), "{screen:?}");
        }
    }
}
