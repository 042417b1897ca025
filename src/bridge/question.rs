//! A question of Claude's that waits for the person: what it is about, and what each press and word
//! of theirs means.
//!
//! Pure: a press goes in, and where it decides the question, what the CLI is told comes out. Nothing
//! but a person decides; there is no clock here.

use serde_json::Value;

use crate::{
    bridge::{
        form::{Form, Progress},
        grant::Grant,
    },
    claude::wire::Ask,
};

/// What Claude reads when a tool is denied without a reason.
const DENIED: &str = "The person denied this.";
/// What Claude reads when a plan is not approved, without a word on why.
const KEEP_PLANNING: &str = "The person does not approve the plan yet. Keep planning.";

/// A question that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// As the CLI asks it.
    pub ask: Ask,
    /// What it is about.
    pub about: About,
    /// What can be allowed for longer, in the CLI's order.
    pub grants: Vec<Grant>,
    /// What the person does with it now.
    pub hands: Hands,
}

/// What a question is about.
#[derive(Clone, Debug, PartialEq)]
pub enum About {
    /// Whether a tool may run.
    Tool,
    /// Whether a plan is good; the plan as Markdown, as far as the stream has it.
    Plan(String),
    /// Whatever Claude wants to know.
    Form(Form),
}

/// What the person does with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hands {
    /// They choose among buttons.
    Choosing,
    /// They look at the answers that are not on top.
    Looking,
    /// They said that their next message belongs to it.
    Writing,
}

/// A press of one of a question's buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Let the tool run, approve the plan.
    Allow,
    /// The same, with one of the grants.
    Grant(u8),
    /// Do not let it run, keep planning.
    Deny,
    /// The next message belongs to this question: why not, what else, another answer.
    Write,
    /// Rather not: choose among the first buttons again.
    Unwrite,
    /// See the other answers.
    More,
    /// Do not let it run, for the reason that the newest message says, which waits for its turn.
    With,
    /// Pick an option of one of a form's questions.
    Pick(u8, u8),
    /// All is picked of one of a form's questions.
    Done(u8),
    /// Go back from one of a form's questions to the one before.
    Back(u8),
}

/// What a person does to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// They press a button.
    Press(Press),
    /// They write, after they said that they would.
    Write(String),
}

/// What was decided, as the person reads it.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The tool runs, the plan is approved; perhaps more than this once.
    Allowed(Option<Grant>),
    /// It does not, perhaps for a reason.
    Denied(Option<String>),
    /// Each of a form's questions with its answers.
    Answered(Vec<(String, Vec<String>)>),
}

/// What the CLI is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The tool runs with this input, and these suggestions are granted.
    Allow(Value, Vec<Value>),
    /// It does not, for a reason that Claude reads.
    Deny(String),
}

impl Open {
    /// A question that has just come. `plan`: what Claude last wrote, for a plan that is not in the
    /// question itself.
    pub fn new(ask: Ask, plan: &str) -> Self {
        let form = if ask.tool == "AskUserQuestion" { Form::read(&ask.input) } else { None };
        let about = match form {
            Some(form) => About::Form(form),
            None if ask.tool == "ExitPlanMode" => {
                let told = ask.input["plan"].as_str().filter(|plan| !plan.trim().is_empty());
                About::Plan(told.unwrap_or(plan).to_owned())
            }
            None => About::Tool,
        };
        let grants = match about {
            About::Tool => ask.suggestions.iter().filter_map(Grant::read).collect(),
            About::Plan(_) => vec![Grant::accept_edits()],
            About::Form(_) => Vec::new(),
        };
        Self { ask, about, grants, hands: Hands::Choosing }
    }

    /// Applies what a person does. Some: it decides the question.
    pub fn apply(&mut self, input: &Input) -> Option<Decision> {
        match input {
            Input::Press(press) => self.press(*press),
            Input::Write(_) if self.hands != Hands::Writing => None,
            Input::Write(text) => {
                self.hands = Hands::Choosing;
                match &mut self.about {
                    About::Form(form) => {
                        let progress = form.write(text);
                        self.answered(progress)
                    }
                    About::Tool | About::Plan(_) => Some(Decision::Denied(Some(text.clone()))),
                }
            }
        }
    }

    fn press(&mut self, press: Press) -> Option<Decision> {
        match press {
            Press::Write => self.hands = Hands::Writing,
            Press::Unwrite => self.hands = Hands::Choosing,
            Press::More => self.hands = Hands::Looking,
            Press::Deny => return Some(Decision::Denied(None)),
            Press::Allow if !matches!(self.about, About::Form(_)) => {
                return Some(Decision::Allowed(None));
            }
            Press::Grant(index) => {
                let grant = self.grants.get(usize::from(index))?;
                return Some(Decision::Allowed(Some(grant.clone())));
            }
            Press::Pick(..) | Press::Done(_) | Press::Back(_) => return self.fill(press),
            // Which words these are, only the chat knows.
            Press::Allow | Press::With => {}
        }
        None
    }

    fn fill(&mut self, press: Press) -> Option<Decision> {
        let About::Form(form) = &mut self.about else { return None };
        self.hands = Hands::Choosing;
        let progress = match press {
            Press::Pick(question, option) => form.pick(question.into(), option.into()),
            Press::Done(question) => form.done(question.into()),
            Press::Back(question) => {
                form.back(question.into());
                Progress::Open
            }
            _ => Progress::Open,
        };
        self.answered(progress)
    }

    fn answered(&self, progress: Progress) -> Option<Decision> {
        match (&self.about, progress) {
            (About::Form(form), Progress::Complete) => Some(Decision::Answered(form.answers())),
            _ => None,
        }
    }

    /// What the CLI is told of a decision.
    pub fn verdict(&self, decision: &Decision) -> Verdict {
        match (decision, &self.about) {
            (Decision::Denied(Some(why)), _) => Verdict::Deny(why.clone()),
            (Decision::Denied(None), About::Plan(_)) => Verdict::Deny(KEEP_PLANNING.to_owned()),
            (Decision::Denied(None), _) => Verdict::Deny(DENIED.to_owned()),
            (Decision::Answered(_), About::Form(form)) => Verdict::Allow(form.input(), Vec::new()),
            (Decision::Allowed(Some(grant)), _) => {
                Verdict::Allow(self.ask.input.clone(), vec![grant.raw.clone()])
            }
            (Decision::Allowed(None) | Decision::Answered(_), _) => {
                Verdict::Allow(self.ask.input.clone(), Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn open(tool: &str, input: Value) -> Open {
        let suggestion = json!({"type": "addRules", "rules": [{"toolName": "Bash"}], "behavior": "allow", "destination": "session"});
        let ask = Ask {
            request: "r".to_owned(),
            tool: tool.to_owned(),
            input,
            suggestions: vec![json!({"type": "news"}), suggestion],
            ..Ask::default()
        };
        Open::new(ask, "what was said")
    }

    fn write(text: &str) -> Input {
        Input::Write(text.to_owned())
    }

    #[test]
    fn a_tool_is_allowed_once_for_longer_or_not() {
        let input = json!({"command": "ls"});
        let mut open = open("Bash", input.clone());
        assert_eq!(open.grants.len(), 1, "what is not understood is not offered");
        let check = |open: &mut Open, input: Input, expected: Verdict| {
            let decision = open.apply(&input).unwrap();
            assert_eq!(open.verdict(&decision), expected);
        };
        check(&mut open, Input::Press(Press::Allow), Verdict::Allow(input.clone(), vec![]));
        let raw = open.grants[0].raw.clone();
        check(&mut open, Input::Press(Press::Grant(0)), Verdict::Allow(input, vec![raw]));
        check(&mut open, Input::Press(Press::Deny), Verdict::Deny(DENIED.to_owned()));
        assert_eq!(open.apply(&write("not for it")), None);
        assert_eq!(open.apply(&Input::Press(Press::Write)), None);
        check(&mut open, write("too risky"), Verdict::Deny("too risky".to_owned()));
        for other in [Press::Grant(1), Press::Pick(0, 0), Press::Done(0), Press::Unwrite] {
            assert_eq!(open.apply(&Input::Press(other)), None, "{other:?}");
        }
    }

    #[test]
    fn a_plan_stands_in_the_question_or_before_it() {
        let mut told = open("ExitPlanMode", json!({"plan": "1. dig"}));
        assert_eq!(told.about, About::Plan("1. dig".to_owned()));
        let mut untold = open("ExitPlanMode", json!({}));
        assert_eq!(untold.about, About::Plan("what was said".to_owned()));
        let decision = untold.apply(&Input::Press(Press::Grant(0))).unwrap();
        let mode = json!({"type": "setMode", "mode": "acceptEdits", "destination": "session"});
        assert_eq!(untold.verdict(&decision), Verdict::Allow(json!({}), vec![mode]));
        let decision = told.apply(&Input::Press(Press::Deny)).unwrap();
        assert_eq!(told.verdict(&decision), Verdict::Deny(KEEP_PLANNING.to_owned()));
    }

    #[test]
    fn a_form_is_complete_with_its_last_answer() {
        let question = json!({"question": "Which?", "options": [{"label": "A"}, {"label": "B"}]});
        let mut open = open("AskUserQuestion", json!({"questions": [question]}));
        assert_eq!(open.apply(&Input::Press(Press::Allow)), None, "it has no such button");
        let decision = open.apply(&Input::Press(Press::Pick(0, 1))).unwrap();
        assert_eq!(decision, Decision::Answered(vec![("Which?".to_owned(), vec!["B".to_owned()])]));
        let Verdict::Allow(input, _) = open.verdict(&decision) else { panic!("denied") };
        assert_eq!(input["answers"], json!({"Which?": "B"}));
    }
}
