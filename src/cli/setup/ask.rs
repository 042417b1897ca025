//! Questions at a terminal. Where there is none, or nobody wants to be asked, each question has its
//! answer already, or is the end.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    thread,
};

use tokio::sync::mpsc;

use crate::cli::output::{Failure, STRONG, stdout};

/// The default answer to a question of yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DefaultAnswer {
    Yes,
    No,
}

/// Who answers.
pub(super) enum Ask {
    /// A person; the lines that they type, once somebody has begun to read them.
    Person(Option<mpsc::UnboundedReceiver<String>>),
    /// Nobody.
    Nobody,
}

impl Ask {
    /// A person, when both ends of the terminal are there.
    pub(super) fn at_terminal() -> Self {
        let both = io::stdin().is_terminal() && io::stdout().is_terminal();
        if both { Self::Person(None) } else { Self::Nobody }
    }

    pub(super) fn is_answered(&self) -> bool {
        matches!(self, Self::Person(_))
    }

    /// Asks for a line; empty where nobody answers.
    pub(super) async fn line(&mut self, question: &str) -> Result<String, Failure> {
        prompt(question)?;
        match self {
            Self::Person(_) => self.next().await,
            Self::Nobody => Ok(String::new()),
        }
    }

    /// The next line that is typed, without a question. Never, where nobody answers.
    pub(super) async fn next(&mut self) -> Result<String, Failure> {
        let Self::Person(lines) = self else { return std::future::pending().await };
        let line = lines.get_or_insert_with(read_lines).recv().await;
        line.ok_or_else(|| Failure::failed("The end of the input: nothing was changed."))
    }

    /// Asks for yes or no.
    pub(super) async fn yes(
        &mut self,
        question: &str,
        default: DefaultAnswer,
    ) -> Result<bool, Failure> {
        if !self.is_answered() {
            return Ok(default == DefaultAnswer::Yes);
        }
        let choices = if default == DefaultAnswer::Yes { "Y/n" } else { "y/N" };
        loop {
            let line = self.line(&format!("{question} [{choices}] ")).await?;
            match line.to_lowercase().as_str() {
                "" => return Ok(default == DefaultAnswer::Yes),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => {}
            }
        }
    }

    /// Asks for what must not be seen. To be used before any other question: it reads the terminal
    /// by itself.
    pub(super) fn hidden(question: &str) -> Result<String, Failure> {
        let line = rpassword::prompt_password(question).map_err(Failure::failed)?;
        Ok(line.trim().to_owned())
    }
}

/// Shows a question, and leaves the cursor behind it.
pub(super) fn prompt(question: &str) -> io::Result<()> {
    let mut out = stdout();
    write!(out, "{STRONG}{question}{STRONG:#}")?;
    out.flush()
}

/// A thread reads, since a blocked read of a terminal cannot be given up: it ends with the program.
fn read_lines() -> mpsc::UnboundedReceiver<String> {
    let (sink, lines) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sink.send(line.trim().to_owned()).is_err() {
                return;
            }
        }
    });
    lines
}
