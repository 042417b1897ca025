//! What one turn of a run has shown so far: the pure fold of the CLI's lines.
//!
//! A turn belongs to the prompt that began it. It holds what a screen needs and nothing of how it
//! is shown; it does no I/O.

mod fold;

use std::path::PathBuf;

use tokio::time::Instant;

use crate::{
    bridge::{
        change::Change,
        outcome,
        prompt::{Prompt, PromptId},
        question::{Decision, Input, Open, Verdict},
        terminal::{Terminal, Trouble},
        work::{Work, subject},
    },
    claude::{
        record::Record,
        session::SessionId,
        wire::{Line, Retry, TurnResult},
    },
};

/// What the person sees of a prompt, from the moment it is accepted.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The prompt that this turn answers.
    pub prompt: PromptId,
    /// 0, and one more for each *Try again*.
    pub attempt: u32,
    /// The session that it goes to; `/clear` and a fork change it.
    pub session: SessionId,
    /// How far it is.
    pub phase: Phase,
    /// Whether Claude has the prompt: from then on it stands in the transcript.
    pub taken: bool,
    /// When Claude began with it, or when it was accepted.
    pub began: Instant,
    /// When it was over.
    pub ended: Option<Instant>,
    /// What Claude said, in order.
    pub said: Vec<Said>,
    /// What is being said right now and is not yet in `said`.
    pub partial: String,
    /// The tools that Claude used, in order.
    pub steps: Vec<Step>,
    /// What it does besides talking and using tools.
    pub work: Work,
    /// Where it works; empty until the CLI has said so.
    pub directory: PathBuf,
    /// Claude thinks: no text and no tool since.
    pub thinking: bool,
    /// Set while it is in the hands of a terminal on the laptop, and not of a run of ours.
    pub terminal: Option<Terminal>,
    /// Whether a terminal on the laptop had it in the end.
    pub via_terminal: bool,
    /// Where files that came with the prompt lie now.
    pub files: Vec<PathBuf>,
    /// Questions that wait for the person.
    pub asks: Vec<Open>,
    /// What the person has decided, in order.
    pub decided: Vec<Decided>,
    /// The API call that is being tried again.
    pub retry: Option<Retry>,
    /// Why it began, where nobody asked for it: the CLI's words for the background task that ended,
    /// or nothing.
    pub occasion: Option<String>,
    /// Background tasks that ended with the process that had to go for this turn.
    pub lost: Vec<String>,
    /// The permission mode that came to hold while it ran.
    pub mode: Option<String>,
    /// What a command of the CLI did to the conversation.
    pub change: Option<Change>,
    /// How many prompts were taken into this turn while it ran.
    pub joined: usize,
    /// What the turn cost, US dollars.
    pub cost: Option<f64>,
    /// Tokens in the context window after the newest answer of the API.
    pub context: Option<u64>,
    /// Size of the context window, tokens.
    pub window: Option<u64>,
    /// Tools that were not allowed, each with what it was to be used on.
    pub denials: Vec<(String, String)>,
    /// A usage limit was reached; when it ends, seconds since the epoch.
    pub limit: Option<Option<u64>>,
}

/// How far a prompt is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// It waits for something that is named.
    Waiting(Wait),
    /// The CLI starts, or has the prompt and has not begun.
    Starting,
    /// Claude works.
    Working,
    /// It is over.
    Done(Outcome),
}

/// What a prompt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The turn that runs in the same session and place: Claude takes the prompt in at the next
    /// occasion.
    Turn,
    /// The turn that runs to be interrupted for it.
    Interrupt,
    /// The turn that runs to end: the person wants it so, or it is a command.
    After,
    /// A turn of another place in the same session to end.
    Place,
    /// A turn that an earlier process of ours began to end.
    Orphan,
    /// One of so many running turns of other sessions to end.
    Slot(usize),
    /// Files to be fetched from Telegram.
    Files {
        /// How many.
        count: usize,
        /// How much of them is here, of 100; None where it is not worth a word.
        percent: Option<u8>,
    },
    /// The terminal on the laptop that has the session.
    Terminal,
}

/// How a prompt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Claude answered.
    Answered,
    /// The person stopped it.
    Stopped,
    /// It was taken into the turn that was running.
    Joined,
    /// It never began, since the person stopped the turn it waited for.
    TakenBack,
    /// The API failed.
    Api {
        /// HTTP status, where there was an answer.
        status: Option<u16>,
        /// The CLI's words.
        message: String,
    },
    /// A usage limit was reached.
    Limit {
        /// When it ends, seconds since the epoch.
        resets_at: Option<u64>,
        /// The CLI's words.
        message: String,
    },
    /// The CLI has no account.
    NotLoggedIn,
    /// There is no CLI.
    Missing {
        /// Where it was looked for.
        program: PathBuf,
    },
    /// The CLI does not know what we need of it.
    TooOld {
        /// Its words.
        message: String,
    },
    /// The session's directory is gone.
    NoDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// Claude had this very prompt already; it did not run again.
    Repeated,
    /// The CLI has no such conversation: the prompt was not read and goes to a fresh one.
    NoConversation,
    /// The CLI could not begin a session for it, and not another in its place either.
    NotBegun,
    /// The CLI ended in the middle, or could not be started.
    Crashed {
        /// How it ended.
        how: String,
        /// The last lines of its stderr.
        stderr: String,
    },
    /// Claude was cut off while nobody of ours was there.
    BrokenOff,
    /// What was to go with the prompt could not be fetched or kept; Claude has not read it.
    NoFile {
        /// Why, in a sentence.
        message: String,
    },
    /// The session's transcript cannot be read, so that nobody knows whether it ran.
    Unreadable {
        /// The system's words.
        message: String,
    },
    /// The terminal that has the session was of no help.
    Terminal(Trouble),
    /// Another message stands in its place: there is nothing to say of it.
    Silent,
    /// We are shutting down.
    Shutdown,
}

/// One text of Claude's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Markdown.
    pub text: String,
    /// How many steps there were before it.
    pub after: usize,
}

/// One use of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The tool use's id.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// What it is used on: a command, a path, a pattern. One line, or empty.
    pub subject: String,
    /// How it went.
    pub state: StepState,
    /// The beginning of what it gave.
    pub result: String,
    /// Whether it gave more than that.
    pub result_cut: bool,
}

/// A question that the person has decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The question, as they left it.
    pub open: Open,
    /// What they decided.
    pub decision: Decision,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It runs.
    Running,
    /// It succeeded.
    Done,
    /// It failed, or was refused.
    Failed,
}

impl Turn {
    /// The turn of a prompt that was just accepted.
    pub fn new(prompt: &Prompt, session: SessionId, now: Instant) -> Self {
        Self {
            prompt: prompt.id,
            attempt: prompt.attempt,
            session,
            phase: Phase::Starting,
            taken: false,
            began: now,
            ended: None,
            said: Vec::new(),
            partial: String::new(),
            steps: Vec::new(),
            work: Work::default(),
            directory: PathBuf::new(),
            thinking: false,
            terminal: None,
            via_terminal: false,
            files: Vec::new(),
            asks: Vec::new(),
            decided: Vec::new(),
            retry: None,
            occasion: None,
            lost: Vec::new(),
            mode: None,
            change: None,
            joined: 0,
            cost: None,
            context: None,
            window: None,
            denials: Vec::new(),
            limit: None,
        }
    }

    /// The outcome, when it is over.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Claude's answer: what was said after the last step, or else the last that was said.
    pub fn answer(&self) -> &[Said] {
        let end = self.said.iter().rposition(|said| said.after < self.steps.len());
        match end.map_or(0, |end| end + 1) {
            all if all == self.said.len() => &self.said[all.saturating_sub(1)..],
            start => &self.said[start..],
        }
    }

    /// What was said on the way, before the answer.
    pub fn remarks(&self) -> &[Said] {
        &self.said[..self.said.len() - self.answer().len()]
    }

    /// Takes one line of the CLI in.
    pub fn apply(&mut self, line: &Line<'_>) {
        self.work.apply(line);
        match line {
            Line::Init(init) => {
                let session = init.session_id.unwrap_or(self.session);
                self.change = Change::between(self.session, session).or(self.change);
                self.session = session;
                self.directory = init.cwd.as_deref().unwrap_or_default().into();
                self.phase = Phase::Working;
            }
            Line::Text(text) => {
                (self.thinking, self.retry, self.limit) = (false, None, None);
                self.partial.push_str(text);
            }
            Line::Thinking => (self.thinking, self.retry, self.limit) = (true, None, None),
            Line::Mode(mode) => self.mode = Some(mode.clone()),
            Line::Compacted => self.change = Some(Change::Compacted),
            Line::Retry(retry) => self.retry = Some(retry.clone()),
            Line::Record(record) => self.record(record),
            Line::Ask(ask) => {
                let said = self.said.last().map_or("", |said| &said.text);
                self.asks.push(Open::new(ask.clone(), said));
            }
            Line::Withdrawn { request } => self.withdraw(request),
            Line::Limit { resets_at } => self.limit = Some(*resets_at),
            Line::Result(result) => self.result(result),
            _ => {}
        }
    }

    fn result(&mut self, result: &TurnResult) {
        self.window = result.context_window.or(self.window);
        let denial = |(tool, input): &(String, _)| (tool.clone(), subject(tool, input));
        self.denials = result.denials.iter().map(denial).collect();
        self.finish(match (outcome::of(result), self.limit) {
            (Outcome::Api { status: None | Some(429), message }, Some(resets_at)) => {
                Outcome::Limit { resets_at, message }
            }
            (outcome, _) => outcome,
        });
    }

    /// The person does something to a question. Some: what the CLI is told, since it is decided.
    pub fn decide(&mut self, request: &str, input: &Input) -> Option<Verdict> {
        let open = self.asks.iter_mut().find(|open| open.ask.request == request)?;
        let decision = open.apply(input)?;
        let verdict = open.verdict(&decision);
        let open = open.clone();
        self.withdraw(request);
        self.decided.push(Decided { open, decision });
        Some(verdict)
    }

    fn withdraw(&mut self, request: &str) {
        self.asks.retain(|open| open.ask.request != request);
    }

    /// Ends the turn now. The first outcome stands.
    pub fn finish(&mut self, outcome: Outcome) {
        if self.outcome().is_some() {
            return;
        }
        if !self.partial.trim().is_empty() {
            let text = std::mem::take(&mut self.partial);
            self.said.push(Said { text, after: self.steps.len() });
        }
        for step in &mut self.steps {
            if step.state == StepState::Running {
                step.state = StepState::Failed;
            }
        }
        (self.thinking, self.retry) = (false, None);
        self.asks.clear();
        self.via_terminal = self.terminal.is_some() && self.taken;
        if outcome != Outcome::Shutdown {
            // That goes on without us.
            self.terminal = None;
        }
        self.ended = Some(Instant::now());
        self.phase = Phase::Done(outcome);
    }

    /// Takes in what was said in the conversation, from the transcript.
    pub(in crate::bridge) fn heard(&mut self, record: &Record<'_>) {
        self.work.record(record);
        self.record(record);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::bridge::{place::Place, prompt::Source};

    fn turn(lines: &[&str]) -> Turn {
        let place = Place { chat: 1, thread: None };
        let prompt = Prompt::new(Source { bot: 1, place, message: 1 }, "", 0);
        let mut turn = Turn::new(&prompt, SessionId(Uuid::nil()), Instant::now());
        for line in lines {
            turn.apply(&Line::decode(line.as_bytes()).unwrap());
        }
        turn
    }

    const TEXT: &str = r#"{"type":"assistant","message":{"id":"m","model":"opus","content":[{"type":"text","text":"I look."}],"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":2}}}"#;
    const TOOL: &str = r#"{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"\nls -l\ntrue","description":"List"}}]}}"#;
    const TOOL_DONE: &str = r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":"x","is_error":false}]}}"#;
    const ANSWER: &str =
        r#"{"type":"assistant","message":{"id":"n","content":[{"type":"text","text":"Done."}]}}"#;
    const RESULT: &str = r#"{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","result":"Done."}"#;

    fn texts(said: &[Said]) -> Vec<&str> {
        said.iter().map(|said| said.text.as_str()).collect()
    }

    #[test]
    fn remarks_steps_and_answer_are_told_apart() {
        let turn = turn(&[TEXT, TOOL, TOOL_DONE, ANSWER, RESULT]);
        assert_eq!(texts(turn.remarks()), ["I look."]);
        assert_eq!(texts(turn.answer()), ["Done."]);
        assert_eq!(
            (turn.steps[0].subject.as_str(), turn.steps[0].state),
            ("ls -l", StepState::Done)
        );
        assert_eq!(turn.context, Some(17));
        assert_eq!(turn.outcome(), Some(&Outcome::Answered));
    }

    #[test]
    fn a_turn_that_ends_in_a_tool_answers_with_its_last_words() {
        let turn = turn(&[TEXT, TOOL, TOOL_DONE, RESULT]);
        assert_eq!(texts(turn.answer()), ["I look."]);
        assert!(turn.remarks().is_empty());
    }

    #[test]
    fn what_was_written_before_a_stop_stays() {
        let delta = r#"{"type":"stream_event","event":{"delta":{"type":"text_delta","text":"half a sen"}},"parent_tool_use_id":null}"#;
        let stopped = r#"{"type":"result","is_error":true,"terminal_reason":"aborted_streaming"}"#;
        let turn = turn(&[TEXT, TOOL, delta, stopped, RESULT]);
        assert_eq!(texts(turn.answer()), ["half a sen"]);
        assert_eq!(turn.steps[0].state, StepState::Failed);
        assert_eq!(turn.outcome(), Some(&Outcome::Stopped), "the first outcome stands");
    }

    #[test]
    fn sub_agents_do_not_speak_for_claude() {
        let line = r#"{"type":"assistant","parent_tool_use_id":"t","message":{"content":[{"type":"text","text":"inner"}]}}"#;
        assert!(turn(&[line]).said.is_empty());
    }

    #[test]
    fn outcomes_are_read_from_what_went_wrong() {
        let check = |line: &str, expected: Outcome| {
            assert_eq!(turn(&[line]).outcome(), Some(&expected), "{line}");
        };
        check(
            r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":529,"result":"Overloaded"}"#,
            Outcome::Api { status: Some(529), message: "Overloaded".to_owned() },
        );
        check(
            r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":null,"result":"Not logged in · Please run /login"}"#,
            Outcome::NotLoggedIn,
        );
        check(
            r#"{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["No conversation found with session ID: x"]}"#,
            Outcome::NoConversation,
        );
        check(
            r#"{"type":"result","subtype":"error_during_execution","is_error":true,"terminal_reason":"aborted_tools"}"#,
            Outcome::Stopped,
        );
    }

    #[test]
    fn a_usage_limit_is_told_with_its_end() {
        let limit = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":5,"rateLimitType":"five_hour"}}"#;
        let failed =
            r#"{"type":"result","is_error":true,"api_error_status":429,"result":"You've hit it"}"#;
        let message = "You've hit it".to_owned();
        let expected = Outcome::Limit { resets_at: Some(5), message };
        assert_eq!(turn(&[limit, failed]).outcome(), Some(&expected));
        assert_eq!(turn(&[limit, RESULT]).outcome(), Some(&Outcome::Answered), "it was waited for");
        // What fails after Claude has gone on fails for another reason.
        let other =
            r#"{"type":"result","is_error":true,"api_error_status":529,"result":"Overloaded"}"#;
        for (lines, expected) in [(&[limit, other][..], 529), (&[limit, TOOL, failed], 429)] {
            let outcome = turn(lines).outcome().cloned();
            let is_it = matches!(outcome, Some(Outcome::Api { status: Some(status), .. }) if status == expected);
            assert!(is_it, "{outcome:?}");
        }
    }

    #[test]
    fn denials_are_kept_with_their_subject() {
        let denied = r#"{"type":"result","is_error":false,"permission_denials":[{"tool_name":"Bash","tool_input":{"command":"ls"}}]}"#;
        assert_eq!(turn(&[denied]).denials, [("Bash".to_owned(), "ls".to_owned())]);
    }

    #[test]
    fn questions_open_and_close() {
        let ask = r#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"ls"}}}"#;
        assert_eq!(turn(&[ask]).asks.len(), 1);
        let cancel = r#"{"type":"control_cancel_request","request_id":"r"}"#;
        assert!(turn(&[ask, cancel]).asks.is_empty());
        assert!(turn(&[ask, RESULT]).asks.is_empty());
    }
}
