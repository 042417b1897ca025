//! The form of `AskUserQuestion`: several questions in turn, and what the person has picked so far.
//!
//! Pure. A press names its question, so that one on an older drawing, or a second one, changes
//! nothing.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Questions and the answers so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// In the CLI's order; never empty.
    pub questions: Vec<Question>,
    /// Which one is being answered.
    pub at: usize,
    /// The questions as they came, for the answer.
    raw: Value,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question, which is also the name of its answer.
    pub text: String,
    /// A word for it; may be empty.
    pub header: String,
    /// How many options may be picked.
    pub picks: Picks,
    /// What can be picked.
    pub options: Vec<Choice>,
    /// Which are picked.
    pub picked: BTreeSet<usize>,
    /// What the person wrote instead, or besides.
    pub written: Option<String>,
}

/// How many options may be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picks {
    /// One: picking it answers the question.
    One,
    /// Any number: the person says when it is done.
    Many,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is answered.
    pub label: String,
    /// What it means; may be empty.
    pub description: String,
}

/// Whether there is more to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Yes, or nothing has changed.
    Open,
    /// Every question has its answer.
    Complete,
}

impl Form {
    /// The form in the input of `AskUserQuestion`; None where it has no questions that can be shown.
    pub fn read(input: &Value) -> Option<Self> {
        let raw = &input["questions"];
        let questions: Vec<Question> =
            raw.as_array()?.iter().map(Question::read).collect::<Option<_>>()?;
        (!questions.is_empty()).then(|| Self { questions, at: 0, raw: raw.clone() })
    }

    /// The question that is being answered.
    pub fn current(&self) -> &Question {
        &self.questions[self.at]
    }

    /// The person presses an option.
    pub fn pick(&mut self, question: usize, option: usize) -> Progress {
        if question != self.at || option >= self.current().options.len() {
            return Progress::Open;
        }
        let asked = &mut self.questions[question];
        match asked.picks {
            Picks::One => {
                (asked.picked, asked.written) = (BTreeSet::from([option]), None);
                self.go_on()
            }
            Picks::Many => {
                if !asked.picked.remove(&option) {
                    asked.picked.insert(option);
                }
                Progress::Open
            }
        }
    }

    /// The person writes an answer of their own.
    pub fn write(&mut self, text: &str) -> Progress {
        let asked = &mut self.questions[self.at];
        asked.written = Some(text.to_owned());
        match asked.picks {
            Picks::One => {
                asked.picked.clear();
                self.go_on()
            }
            Picks::Many => Progress::Open,
        }
    }

    /// The person has picked all they want.
    pub fn done(&mut self, question: usize) -> Progress {
        if question == self.at && self.current().is_answered() {
            self.go_on()
        } else {
            Progress::Open
        }
    }

    /// The person goes back to the question before.
    pub fn back(&mut self, question: usize) {
        if question == self.at {
            self.at = self.at.saturating_sub(1);
        }
    }

    fn go_on(&mut self) -> Progress {
        if self.at + 1 < self.questions.len() {
            self.at += 1;
            Progress::Open
        } else {
            Progress::Complete
        }
    }

    /// Each question with its answers, as the person reads them.
    pub fn answers(&self) -> Vec<(String, Vec<String>)> {
        self.questions.iter().map(|asked| (asked.text.clone(), asked.answers())).collect()
    }

    /// The answered input: a label for one pick, an array of labels for many.
    pub fn input(&self) -> Value {
        let answers: Map<String, Value> = self
            .questions
            .iter()
            .map(|asked| {
                let mut given = asked.answers();
                let value = match asked.picks {
                    Picks::One => json!(given.pop().unwrap_or_default()),
                    Picks::Many => json!(given),
                };
                (asked.text.clone(), value)
            })
            .collect();
        json!({"questions": self.raw, "answers": answers})
    }
}

impl Question {
    fn read(raw: &Value) -> Option<Self> {
        let text = |key: &str| raw[key].as_str().unwrap_or_default().to_owned();
        let options = raw["options"].as_array().map_or(&[][..], Vec::as_slice);
        Some(Self {
            text: raw["question"].as_str()?.to_owned(),
            header: text("header"),
            picks: if raw["multiSelect"] == true { Picks::Many } else { Picks::One },
            options: options.iter().map(Choice::read).collect::<Option<_>>()?,
            picked: BTreeSet::new(),
            written: None,
        })
    }

    fn answers(&self) -> Vec<String> {
        let picked = self.picked.iter().filter_map(|index| self.options.get(*index));
        picked.map(|choice| choice.label.clone()).chain(self.written.clone()).collect()
    }

    /// Whether anything is picked or written.
    pub fn is_answered(&self) -> bool {
        !self.picked.is_empty() || self.written.is_some()
    }
}

impl Choice {
    fn read(raw: &Value) -> Option<Self> {
        let description = raw["description"].as_str().unwrap_or_default().to_owned();
        Some(Self { label: raw["label"].as_str()?.to_owned(), description })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let options = json!([{"label": "Red, dark", "description": "Warm"}, {"label": "Green"}]);
        Form::read(&json!({"questions": [
            {"question": "Which?", "header": "Colour", "multiSelect": true, "options": options},
            {"question": "Why?", "multiSelect": false, "options": options},
        ]}))
        .unwrap()
    }

    #[test]
    fn many_are_toggled_until_done_and_one_answers_at_once() {
        let mut form = form();
        assert_eq!(form.done(0), Progress::Open, "nothing is picked");
        assert_eq!(form.at, 0);
        for option in [0, 1, 0] {
            assert_eq!(form.pick(0, option), Progress::Open);
        }
        assert_eq!(form.done(0), Progress::Open);
        assert_eq!(form.at, 1);
        assert_eq!(form.pick(1, 0), Progress::Complete);
        let answers = &form.input()["answers"];
        assert_eq!(*answers, json!({"Which?": ["Green"], "Why?": "Red, dark"}));
        assert_eq!(form.input()["questions"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn own_words_stand_beside_many_and_in_place_of_one() {
        let mut form = form();
        form.pick(0, 0);
        assert_eq!(form.write("and blue"), Progress::Open);
        form.done(0);
        assert_eq!(form.write("because"), Progress::Complete);
        let expected = json!({"Which?": ["Red, dark", "and blue"], "Why?": "because"});
        assert_eq!(form.input()["answers"], expected);
    }

    #[test]
    fn a_press_on_an_older_drawing_changes_nothing() {
        let mut form = form();
        form.pick(0, 1);
        form.done(0);
        let before = form.clone();
        form.pick(0, 1);
        form.done(0);
        form.pick(1, 7);
        form.back(0);
        assert_eq!(form, before);
        form.back(1);
        assert_eq!(form.at, 0);
        assert_eq!(form.answers()[0].1, ["Green"], "what was picked stays");
        form.back(0);
        assert_eq!(form.at, 0);
    }

    #[test]
    fn what_has_no_questions_is_no_form() {
        for input in [json!({}), json!({"questions": []}), json!({"questions": [{"header": "x"}]})]
        {
            assert_eq!(Form::read(&input), None, "{input}");
        }
    }
}
