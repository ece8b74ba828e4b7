//! What the floors of lane D remember: how questions were resolved.

use memhost::capability::CallContext;
use memhost::contract::{
    Attempt, Comparison, Condition, Fault, Filter, Label, Memory, NewMemory, Operand, Scan, Source,
    Task,
};
use memhost::store::Look;
use memhost_suite::reader::weight;

use super::super::ordered::{KEY, TASK_EXCERPT, memory};

/// Label of a task: how far ahead it asks.
const HORIZON: &str = "horizon";
/// Label of a task: of which kind of series it asks.
const SOURCE: &str = "source";
/// Label of a task: which question it is, whenever and at whatever horizon it is asked.
const SERIES: &str = "series";
/// Label of a task: what a market says.
const MARKET: &str = "market";
/// Label of a memory: what became of the question.
const OUTCOME: &str = "outcome";
/// Kind of the memories of questions without a market.
const PLAIN: &str = "forecast";
/// Kind of the memories of questions with one.
const PRICED: &str = "market-forecast";

/// The key that every memory is found by, as a field.
pub(super) fn key_field() -> String {
    format!("key.{KEY}")
}

/// What a task shows of its question.
pub(super) struct Asked {
    pub(super) text: String,
    pub(super) source: String,
    pub(super) horizon: String,
    series: String,
    pub(super) has_market: bool,
}

impl Asked {
    pub(super) fn of(task: &Task) -> Asked {
        let label = |name: &str| {
            let label = task.labels.iter().find(|label| label.name == name);
            label.map_or_else(String::new, |label| label.value.clone())
        };
        Asked {
            text: task.text.clone(),
            source: label(SOURCE),
            horizon: label(HORIZON),
            series: label(SERIES),
            has_market: task.labels.iter().any(|label| label.name == MARKET),
        }
    }

    /// Memories that say something about it: a question without a market is not compared with one that has one.
    pub(super) fn comparable(&self) -> Filter {
        vec![text("kind", if self.has_market { PRICED } else { PLAIN })]
    }

    /// Those of the same horizon, or of all others.
    pub(super) fn at_horizon(&self, same: bool) -> Filter {
        let mut filter = self.comparable();
        let mut horizon = equals(HORIZON, &self.horizon);
        if !same {
            horizon.comparison = Comparison::Ne;
        }
        filter.push(horizon);
        filter
    }

    /// Those of the very same question.
    pub(super) fn of_series(&self) -> Filter {
        let mut filter = self.comparable();
        filter.push(equals(SERIES, &self.series));
        filter
    }
}

fn text(field: &str, value: &str) -> Condition {
    Condition {
        field: field.into(),
        comparison: Comparison::Eq,
        operand: Operand::Text(value.into()),
    }
}

/// The label has this value.
fn equals(label: &str, value: &str) -> Condition {
    text(&format!("label.{label}"), value)
}

/// A number compares like this.
pub(super) fn number(field: &str, comparison: Comparison, value: f64) -> Condition {
    Condition {
        field: field.into(),
        comparison,
        operand: Operand::Number(value),
    }
}

/// The value of [`OUTCOME`], and what the attempt answers.
fn outcome(happened: bool) -> &'static str {
    if happened { "yes" } else { "no" }
}

/// The memory of how a question was resolved; `None` if the attempt does not say. The lot, in 0..1, is for whoever
/// wants any memory.
pub(super) fn remember(attempt: &Attempt, lot: f64) -> Option<NewMemory> {
    let happened = [true, false]
        .into_iter()
        .find(|happened| attempt.answer.eq_ignore_ascii_case(outcome(*happened)))?;
    let asked = Asked::of(&attempt.task);
    let became = if happened {
        "It came true."
    } else {
        "It did not come true."
    };
    let content = format!(
        "{}\n{became}",
        memhost_words::cut(&attempt.task.text, TASK_EXCERPT)
    );
    let mut memory = memory(
        "",
        content,
        &attempt.task.text,
        Source::attempt(&attempt.id),
    );
    memory.kind = if asked.has_market { PRICED } else { PLAIN }.into();
    memory.labels = attempt.task.labels.clone();
    memory.labels.push(Label {
        name: OUTCOME.into(),
        value: outcome(happened).into(),
    });
    memory.counters.strength = lot;
    Some(memory)
}

/// How a question was resolved, and how much that is to count.
#[derive(Debug, Clone)]
pub(super) struct Past {
    pub(super) id: String,
    pub(super) horizon: String,
    pub(super) happened: bool,
    pub(super) text: String,
    /// What it is cited with.
    pub(super) score: f64,
}

/// The same of a memory that stays where it is.
pub(super) struct Resolved<'a> {
    pub(super) source: &'a str,
    pub(super) horizon: &'a str,
    pub(super) happened: bool,
    price: Option<f64>,
}

impl<'a> Resolved<'a> {
    pub(super) fn of(memory: &'a Memory) -> Resolved<'a> {
        let find = |name: &str| memory.labels.iter().find(|label| label.name == name);
        let label = |name: &str| find(name).map_or("", |label| label.value.as_str());
        Resolved {
            source: label(SOURCE),
            horizon: label(HORIZON),
            happened: label(OUTCOME) == outcome(true),
            price: find(MARKET).and_then(|label| label.value.parse().ok()),
        }
    }

    /// The outcome, less what the market expected.
    pub(super) fn surprise(&self) -> f64 {
        f64::from(u8::from(self.happened)) - self.price.unwrap_or(0.5)
    }
}

impl Past {
    pub(super) fn of(memory: Memory, score: f64) -> Past {
        let resolved = Resolved::of(&memory);
        Past {
            horizon: resolved.horizon.to_owned(),
            happened: resolved.happened,
            id: memory.id,
            text: memory.content,
            score,
        }
    }

    /// Whether it was asked at this horizon.
    pub(super) fn is_at(&self, asked: &Asked) -> bool {
        self.horizon == asked.horizon
    }

    /// For how many observations it counts to the reader.
    pub(super) fn weight(&self, asked: &Asked) -> f64 {
        weight(self.score, self.is_at(asked))
    }

    /// 1 if it came true, 0 if not.
    pub(super) fn value(&self) -> f64 {
        f64::from(u8::from(self.happened))
    }
}

/// The newest of these memories, to be counted whole.
pub(super) fn newest(context: &CallContext, filter: Filter, most: u32) -> Result<Vec<Past>, Fault> {
    let newest = Scan {
        filter,
        order_by: None,
        descending: true,
        offset: 0,
        limit: most,
        with_vectors: false,
    };
    let rows = context.memories()?.scan(&newest, &context.view)?;
    Ok(rows
        .into_iter()
        .map(|row| Past::of(row.memory, 1.0))
        .collect())
}

/// Memories of questions with a market, or without one, where they are: the newest first.
pub(super) fn of_all<'a>(look: Look<'a>, with_market: bool) -> impl Iterator<Item = &'a Memory> {
    let kind = if with_market { PRICED } else { PLAIN };
    let all = (0..look.places()).rev();
    all.filter_map(move |place| look.memory(place))
        .filter(move |memory| memory.kind == kind)
}
