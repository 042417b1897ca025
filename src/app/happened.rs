//! The words of a notice, read from the transcript of its session.

use std::{thread::sleep, time::Duration};

use crate::{
    app::insight::title,
    bridge::notices::{NoticeEvent, NoticeKind},
    claude::{
        catalog,
        home::Home,
        live::Live,
        transcript::{
            follow::{Ended, Follower, LiveChapter, LiveTranscript},
            story::{Chapter, Part},
        },
    },
    screens::notices::{self as screens, Told, Whose},
};

/// How often, and after what pause, a transcript is looked at that does not tell it yet.
const TRIES: usize = 10;
const AGAIN: Duration = Duration::from_millis(100);

/// What there is to say of something that happened; nothing of a turn that was short, or that its
/// person broke off.
pub(super) fn describe(
    home: &Home,
    happened: &NoticeEvent,
    after: Duration,
) -> Option<(Whose, Told)> {
    let NoticeEvent { live, what } = happened;
    let mut last = last_exchange(home, live);
    // The registry tells of it a moment before the transcript does.
    for _ in 0..TRIES {
        let is_told = match what {
            NoticeKind::Waits => matches!(last.chapter.parts.last(), Some(Part::Used(_))),
            NoticeKind::Over(_) | NoticeKind::Gone(_) => last.ended.is_some(),
        };
        if is_told {
            break;
        }
        sleep(AGAIN);
        last = last_exchange(home, live);
    }
    let found = catalog::find(home, live.session);
    let title = title(home, live);
    let directory = found.map_or_else(|| live.cwd.clone(), |found| found.project);
    let whose = Whose { session: live.session, title, directory };
    let is_long = |seconds: u64| seconds >= after.as_secs();
    let told = match (*what, last.ended) {
        (NoticeKind::Waits, _) => Told::Waits {
            what: live.waiting_for.clone(),
            exactly: asks(&last.chapter),
            inbox: live.socket.is_some(),
        },
        (_, Some(Ended::Failed)) => Told::Failed(last_words(&last.chapter)),
        (_, Some(Ended::Interrupted)) => return None,
        (NoticeKind::Gone(_), None) => Told::BrokenOff,
        (NoticeKind::Over(seconds) | NoticeKind::Gone(seconds), _) if is_long(seconds) => {
            Told::Finished(seconds, last_words(&last.chapter))
        }
        _ => return None,
    };
    Some((whose, told))
}

fn last_exchange(home: &Home, live: &Live) -> LiveChapter {
    let mut growth = LiveTranscript::default();
    let read = Follower::of_last_exchange(home.clone(), live.session);
    let read = read.and_then(|mut follower| follower.read(|record| _ = growth.add(record)));
    if let Err(error) = read {
        tracing::warn!(%error, "a notice has no words");
    }
    growth.chapters.pop().unwrap_or_default()
}

/// What it waits for: the tool that was called last.
fn asks(chapter: &Chapter) -> Option<String> {
    chapter.parts.iter().rev().find_map(|part| match part {
        Part::Used(tool) => Some(screens::asks(tool)),
        _ => None,
    })
}

/// What was said last.
fn last_words(chapter: &Chapter) -> String {
    let last = chapter.parts.iter().rev().find_map(|part| match part {
        Part::Said(text) | Part::Notice(text) => Some(text.clone()),
        _ => None,
    });
    last.unwrap_or_default()
}
