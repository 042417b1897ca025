//! Random conversations, damaged in every way that files are.

use proptest::{
    collection::vec,
    option,
    prelude::{Strategy, any, prop_oneof},
    sample::Index,
};
use serde_json::{Value, json};

/// What a record is.
#[derive(Clone, Debug)]
enum Kind {
    Prompt,
    /// One that came in a running turn, with a picture.
    Folded,
    Text,
    /// A thought, and a block of the day after tomorrow.
    Thought,
    /// So many tools at once, the calls on a branch each, and a result for each.
    Tools(usize),
    Boundary,
    Error,
    /// The CLI's own: an attachment that is no prompt.
    Note,
    /// A record of the day after tomorrow.
    Unknown,
}

/// Which record one follows.
#[derive(Clone, Debug)]
enum Parent {
    Last,
    Any(Index),
    Missing,
    None,
}

/// How the line of a record is harmed, or not.
#[derive(Clone, Debug)]
enum Damage {
    None,
    /// It ends in its middle.
    Torn,
    ZerosBefore,
    ZerosBehind,
    /// Another object follows on the line.
    Twice,
    Spaced,
    CarriageReturn,
    /// Half a surrogate stands behind its text.
    Surrogate,
    /// A byte that is no UTF-8 stands behind its text.
    Byte,
    /// A line of garbage comes before it.
    Garbage,
    Blank,
}

/// One step of a conversation.
#[derive(Clone, Debug)]
pub(super) struct Step {
    kind: Kind,
    parent: Parent,
    side_chain: bool,
    /// Seconds from the step before; negative where the clock was set back.
    later: i64,
    damage: Damage,
    /// A `last-prompt` record behind it names this one.
    leaf: Option<Index>,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![
        5 => any::<bool>().prop_map(|_| Kind::Prompt),
        6 => any::<bool>().prop_map(|_| Kind::Text),
        3 => (1..4_usize).prop_map(Kind::Tools),
        1 => any::<bool>().prop_map(|_| Kind::Folded),
        1 => any::<bool>().prop_map(|_| Kind::Boundary),
        1 => any::<bool>().prop_map(|_| Kind::Error),
        1 => any::<bool>().prop_map(|_| Kind::Thought),
        1 => any::<bool>().prop_map(|_| Kind::Note),
        1 => any::<bool>().prop_map(|_| Kind::Unknown),
    ];
    let parent = prop_oneof![
        14 => any::<bool>().prop_map(|_| Parent::Last),
        3 => any::<Index>().prop_map(Parent::Any),
        2 => any::<bool>().prop_map(|_| Parent::Missing),
        1 => any::<bool>().prop_map(|_| Parent::None),
    ];
    let damage = prop_oneof![
        20 => any::<bool>().prop_map(|_| Damage::None),
        1 => any::<bool>().prop_map(|_| Damage::Torn),
        1 => any::<bool>().prop_map(|_| Damage::ZerosBefore),
        1 => any::<bool>().prop_map(|_| Damage::ZerosBehind),
        1 => any::<bool>().prop_map(|_| Damage::Twice),
        1 => any::<bool>().prop_map(|_| Damage::Spaced),
        1 => any::<bool>().prop_map(|_| Damage::CarriageReturn),
        1 => any::<bool>().prop_map(|_| Damage::Surrogate),
        1 => any::<bool>().prop_map(|_| Damage::Byte),
        1 => any::<bool>().prop_map(|_| Damage::Garbage),
        1 => any::<bool>().prop_map(|_| Damage::Blank),
    ];
    let leaf = option::weighted(0.06, any::<Index>());
    let later = prop_oneof![9 => 0..3_i64, 1 => -20..20_i64];
    let step = (kind, parent, any::<u8>(), later, damage, leaf);
    let step = step.prop_map(|(kind, parent, side, later, damage, leaf)| Step {
        kind,
        parent,
        side_chain: side < 20,
        later,
        damage,
        leaf,
    });
    vec(step, 1..25)
}

/// A file being written, and the records of it that can be read.
#[derive(Default)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) records: Vec<Value>,
    /// Ids of the records that no side chain belongs to.
    main: Vec<String>,
    clock: i64,
    /// How many lines cannot.
    pub(super) unreadable: usize,
}

impl File {
    pub(super) fn of(steps: &[Step]) -> Self {
        let mut file = Self { clock: 1_000, ..Self::default() };
        for (number, step) in steps.iter().enumerate() {
            file.step(number, step);
        }
        file
    }

    fn step(&mut self, number: usize, step: &Step) {
        self.clock = (self.clock + step.later).max(0);
        let pick = |from: &[String], index: &Index| {
            (!from.is_empty()).then(|| from[index.index(from.len())].clone())
        };
        let parent = match &step.parent {
            Parent::Last => self.main.last().cloned(),
            Parent::Any(index) => pick(&self.main, index),
            Parent::Missing => Some(format!("missing-{number}")),
            Parent::None => None,
        };
        let content = |text: &str| json!([{"type": "text", "text": text}]);
        let text = format!("words-{number}.");
        let image = json!({"type": "image", "source": {"media_type": "image/png", "data": "AAAA"}});
        let id = format!("id-{number}");
        match step.kind {
            Kind::Prompt => {
                let record = json!({"type": "user", "message": {"content": text}});
                self.add(step, record, &id, parent.as_deref());
            }
            Kind::Folded => {
                let prompt = json!([{"type": "text", "text": text}, image]);
                let attachment = json!({"type": "queued_command", "prompt": prompt});
                let record = json!({"type": "attachment", "attachment": attachment});
                self.add(step, record, &id, parent.as_deref());
            }
            Kind::Text => {
                let message = json!({"id": id, "model": "opus", "content": content(&text)});
                self.add(
                    step,
                    json!({"type": "assistant", "message": message}),
                    &id,
                    parent.as_deref(),
                );
            }
            Kind::Error => {
                let message = json!({"model": "<synthetic>", "content": content(&text)});
                self.add(
                    step,
                    json!({"type": "assistant", "message": message}),
                    &id,
                    parent.as_deref(),
                );
            }
            Kind::Thought => {
                let content = json!([
                    {"type": "thinking", "thinking": text, "signature": "x"},
                    {"type": "server_tool_use", "id": "y"},
                ]);
                let message = json!({"id": id, "model": "opus", "content": content});
                let record = json!({"type": "assistant", "message": message});
                self.add(step, record, &id, parent.as_deref());
            }
            Kind::Tools(count) => self.tools(step, number, count, parent.as_deref()),
            Kind::Boundary => {
                let mut record = json!({"type": "system", "subtype": "compact_boundary"});
                record["logicalParentUuid"] = json!(parent);
                self.add(step, record, &id, None);
                let summary = format!("summary-{number}.");
                let mut record = json!({"type": "user", "message": {"content": summary}});
                record["isCompactSummary"] = json!(true);
                self.add(step, record, &format!("id-{number}-s"), Some(&id));
            }
            Kind::Note => {
                let attachment = json!({"type": "skill_listing", "prompt": text});
                self.add(
                    step,
                    json!({"type": "attachment", "attachment": attachment}),
                    &id,
                    parent.as_deref(),
                );
            }
            Kind::Unknown => {
                let record = json!({"type": "tomorrow", "message": {"content": text}});
                self.add(step, record, &id, parent.as_deref());
            }
        }
        if let Some(leaf) = step.leaf.as_ref().and_then(|index| pick(&self.main, index)) {
            let record = json!({"type": "last-prompt", "leafUuid": leaf});
            self.line(&Damage::None, &record);
        }
    }

    /// The calls follow each other, each result its call, and what comes then the first result.
    fn tools(&mut self, step: &Step, number: usize, count: usize, parent: Option<&str>) {
        let mut parent = parent.map(str::to_owned);
        for call in 0..count {
            let input = json!({"command": format!("call-{number}-{call}.")});
            let block = json!({"type": "tool_use", "id": format!("t{number}-{call}"), "name": "Bash", "input": input});
            let message = json!({"id": format!("m{number}"), "model": "opus", "content": [block]});
            let id = format!("id-{number}-{call}");
            self.add(
                step,
                json!({"type": "assistant", "message": message}),
                &id,
                parent.as_deref(),
            );
            parent = Some(id);
        }
        for call in (0..count).rev() {
            let block = json!({"type": "tool_result", "tool_use_id": format!("t{number}-{call}"),
                "content": format!("result-{number}-{call}.")});
            let record = json!({"type": "user", "message": {"content": [block]}});
            let call_id = format!("id-{number}-{call}");
            self.add(step, record, &format!("id-{number}-{call}-r"), Some(&call_id));
        }
    }

    fn add(&mut self, step: &Step, record: Value, id: &str, parent: Option<&str>) {
        let mut record = record;
        record["uuid"] = json!(id);
        record["parentUuid"] = json!(parent);
        record["isSidechain"] = json!(step.side_chain);
        record["timestamp"] = json!(format!(
            "2026-11-20T{:02}:{:02}:{:02}.000Z",
            self.clock / 3600,
            self.clock / 60 % 60,
            self.clock % 60
        ));
        if self.line(&step.damage, &record) && !step.side_chain {
            self.main.push(id.to_owned());
        }
    }

    /// Writes a line; returns whether its record can be read.
    fn line(&mut self, damage: &Damage, record: &Value) -> bool {
        let mut line = record.to_string().into_bytes();
        // The sign that a text ends with is the one that is damaged.
        let at = line.windows(2).position(|two| two == b".\"");
        let mut read = record.clone();
        match damage {
            Damage::Torn => line.truncate(line.len() / 2),
            Damage::ZerosBefore => drop(line.splice(0..0, [0, 0, 0])),
            Damage::ZerosBehind => line.extend([0, 0, 0]),
            Damage::Twice => {
                line.extend(br#"{"type":"user","message":{"content":"second-object"}}"#);
            }
            Damage::Spaced => {
                let text = String::from_utf8(line).unwrap();
                line = text.replace("\":", "\" : ").replace(",\"", " , \"").into_bytes();
            }
            Damage::CarriageReturn => line.push(b'\r'),
            Damage::Surrogate | Damage::Byte if at.is_some() => {
                let harm: &[u8] = if matches!(damage, Damage::Byte) { b"\xff" } else { b"\\ud83d" };
                line.splice(at.unwrap()..at.unwrap(), harm.iter().copied());
                let text = record.to_string().replacen(".\"", "\u{fffd}.\"", 1);
                read = serde_json::from_str(&text).unwrap();
            }
            Damage::Garbage => {
                self.bytes.extend(b"garbage }\n");
                self.unreadable += 1;
            }
            Damage::Blank => self.bytes.extend(b"\n \n"),
            Damage::None | Damage::Surrogate | Damage::Byte => {}
        }
        self.bytes.extend(line);
        self.bytes.push(b'\n');
        let is_read = !matches!(damage, Damage::Torn);
        if is_read {
            self.records.push(read);
        } else {
            self.unreadable += 1;
        }
        is_read
    }
}
