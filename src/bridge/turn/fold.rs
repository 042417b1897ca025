//! What a record of the main conversation adds to a turn: words, steps, and how steps went; and what
//! the turn waits for.

use crate::{
    bridge::{
        turn::{Phase, Said, Step, StepState, Turn, Wait},
        work::subject,
    },
    claude::{
        json::Raw,
        record::{Block, Kind, Message, Record, Usage},
    },
};

/// Characters that are kept of what a tool gave: turns are copied for each drawing.
const RESULT: usize = 600;

impl Turn {
    /// Takes the text of a `result` for what Claude said, where no record has said anything: a
    /// slash command of the CLI answers so.
    pub fn said_or(&mut self, result: Option<&str>) {
        if let Some(text) = result.filter(|text| !text.trim().is_empty())
            && self.said.is_empty()
            && self.partial.trim().is_empty()
        {
            self.said.push(Said { text: text.to_owned(), after: self.steps.len() });
        }
    }

    /// Whether nothing goes on until a person has done something.
    pub fn waits_for_person(&self) -> bool {
        let terminal = self.terminal.as_ref().is_some_and(|there| there.waits.is_some());
        self.outcome().is_none() && (!self.asks.is_empty() || (terminal && self.taken))
    }

    /// Whether it is to go into, or waits for, the turn that runs in its session and place.
    pub fn joins(&self) -> bool {
        let waits = Phase::Waiting;
        [waits(Wait::Turn), waits(Wait::After), waits(Wait::Interrupt)].contains(&self.phase)
    }

    pub(super) fn record(&mut self, record: &Record<'_>) {
        if record.parent_tool.is_some() || record.sidechain {
            return;
        }
        match &record.kind {
            Kind::Assistant(message) => self.assistant(message),
            Kind::User(message) => self.results(message),
            _ => {}
        }
    }

    fn assistant(&mut self, message: &Message<'_>) {
        if message.is_synthetic() {
            return;
        }
        // A limit that was met on the way is over.
        self.limit = None;
        self.context = message.usage.map(Usage::context).or(self.context);
        for block in &message.blocks {
            match block {
                Block::Text(text) if !text.trim().is_empty() => {
                    self.partial.clear();
                    self.said.push(Said { text: text.to_string(), after: self.steps.len() });
                }
                Block::ToolUse { id, name, input } => {
                    self.partial.clear();
                    self.thinking = false;
                    let input = input.value();
                    self.steps.push(Step {
                        id: id.to_string(),
                        tool: name.to_string(),
                        subject: subject(name, &input),
                        state: StepState::Running,
                        result: String::new(),
                        result_cut: false,
                    });
                }
                _ => {}
            }
        }
    }

    fn results(&mut self, message: &Message<'_>) {
        for block in &message.blocks {
            let Block::ToolResult { id, error, content } = block else {
                continue;
            };
            for step in self.steps.iter_mut().filter(|step| step.id == *id) {
                step.state = if *error { StepState::Failed } else { StepState::Done };
                let result = content.map(Raw::text).unwrap_or_default();
                step.result = result.chars().take(RESULT).collect();
                step.result_cut = step.result.len() < result.len();
            }
        }
    }
}
