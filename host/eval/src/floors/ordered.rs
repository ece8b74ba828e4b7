//! A floor that hands out what it remembers in a fixed order: by chance, by age, by words, by vectors, or by what the
//! suite's oracle knows.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::contract::{
    Actor, Attempt, Change, Fault, Guidance, Key, Memory, NewMemory, Op, Probe, Query, Ranking,
    Search, Source, Verdict,
};
use memhost::embedding::{BUILTIN, Embedder};
use memhost::store::{LONGEST_TEXT, Look};
use memhost::strategy::Strategy;
use memhost_suite::Suite;
use memhost_suite::reader::tools_called;
use memhost_suite::text::sentences;
use memhost_words::cut;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::floor::{Floor, floor};
use super::oracle::Oracle;
use super::packing::{Packing, pack};

/// The key that every memory of a floor is found by.
pub(super) const KEY: &str = "text";
/// Keys for its sentences, where the embedder needs them.
const SENTENCE: &str = "sentence";
/// How much of a text a memory is found by, in bytes: what the longest of common embedders read, 8,192 tokens of some
/// four bytes. An endpoint refuses more, and so does the store in the end; BM25 shall not know more than the others.
const FOUND_BY: usize = 32 << 10;
/// How much of a task's text is repeated in the memory of an attempt, in tokens.
pub(super) const TASK_EXCERPT: u32 = 60;

/// Those of lanes A and B.
pub(super) fn common(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    vec![
        ordered("none", "Nothing at all.", Order::Silent),
        ordered("random", "Any memories, by the run's seed.", Order::Random),
        ordered("recency", "The newest memories.", Order::Newest),
        ordered(
            "bm25",
            "Memories by the words they share with the task.",
            Order::Lexical(Scale::Raw),
        ),
        ordered(
            "dense",
            "Memories by cosine similarity with the task.",
            Order::Semantic,
        ),
        ordered(
            "oracle",
            "The memories that the suite itself says are right.",
            Order::Gold(Box::new(Oracle::new(suite))),
        ),
    ]
}

pub(super) fn ordered(name: &str, summary: &str, order: Order) -> Arc<dyn Strategy> {
    floor(name, summary, Ordered(order))
}

/// A floor that hands out what it remembers in this order.
struct Ordered(Order);

/// In which order a floor hands out what it remembers.
pub(super) enum Order {
    /// Nothing is remembered.
    Silent,
    Random,
    Newest,
    Lexical(Scale),
    Semantic,
    Gold(Box<Oracle>),
}

/// How lexical scores are cited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// As BM25 gives them: they only say who comes first.
    Raw,
    /// By what the task's text would score itself, so that they lie in 0..=1 as cosines do.
    OfItself,
}

#[async_trait]
impl Floor for Ordered {
    fn distill(&self, context: &CallContext, attempts: &[Attempt]) -> Vec<Change> {
        if matches!(self.0, Order::Silent) {
            return Vec::new();
        }
        let by_sentence =
            matches!(self.0, Order::Semantic) && context.embedder.as_deref().is_some_and(blurs);
        let changes = attempts.iter().flat_map(remember).map(|mut memory| {
            if by_sentence {
                add_sentence_keys(&mut memory);
            }
            Change::at_once(Op::Insert(memory))
        });
        changes.collect()
    }

    fn cut_texts(&self, attempts: &[Attempt]) -> u64 {
        match self.0 {
            Order::Silent => 0,
            _ => attempts.iter().map(too_long).sum(),
        }
    }

    async fn retrieve(&self, context: &CallContext, query: &Query) -> Result<Guidance, Fault> {
        let (text, budget) = (query.task.text.clone(), query.token_budget);
        if matches!(self.0, Order::Silent) {
            return Ok(Packing::new(budget).finish());
        }
        let (memories, view) = (context.memories()?, &context.view);
        let in_this_order = |places: &mut dyn Iterator<Item = usize>, look: Look<'_>| {
            // Scores that only say who comes first.
            let ranked = places.zip(1u32..);
            let ranked = ranked.map(|(place, rank)| (place, 1.0 / f64::from(rank)));
            pack(look, ranked, budget)
        };
        match &self.0 {
            Order::Silent => Ok(Packing::new(budget).finish()),
            Order::Random => Ok(memories.look(view, |look| {
                let mut places: Vec<usize> = seen(look).collect();
                places.shuffle(&mut ChaCha8Rng::seed_from_u64(context.run.seed));
                in_this_order(&mut places.into_iter(), look)
            })),
            Order::Newest => {
                Ok(memories.look(view, |look| in_this_order(&mut seen(look).rev(), look)))
            }
            Order::Lexical(scale) => {
                let field = format!("key.{KEY}");
                let probe = Probe { text, field };
                let own = match scale {
                    Scale::Raw => 1.0,
                    Scale::OfItself => memories.own_lexical_score(&probe)?,
                };
                search(context, query, Ranking::Lexical(probe), own).await
            }
            Order::Semantic => {
                // Any key: the whole text or a sentence of it.
                let field = String::new();
                search(
                    context,
                    query,
                    Ranking::Semantic(Probe { text, field }),
                    1.0,
                )
                .await
            }
            Order::Gold(oracle) => Ok(oracle.guidance(memories, view, query)),
        }
    }
}

/// The places of everything that is visible, in the order in which it was learnt.
fn seen(look: Look<'_>) -> impl DoubleEndedIterator<Item = usize> {
    (0..look.places()).filter(move |place| look.holds(*place))
}

/// Copies of everything that is visible, in the order in which it was learnt.
pub(super) fn oldest_first(context: &CallContext) -> Result<Vec<Memory>, Fault> {
    let memories = context.memories()?;
    Ok(memories.look(&context.view, |look| {
        let all = seen(look).filter_map(|place| look.memory(place).cloned());
        all.collect()
    }))
}

/// What a ranking finds, packed; scores are divided by `scale`.
async fn search(
    context: &CallContext,
    query: &Query,
    ranking: Ranking,
    scale: f64,
) -> Result<Guidance, Fault> {
    let search = Search {
        ranking,
        filter: Vec::new(),
        // No more can fit: every memory takes a token at least.
        limit: query.token_budget,
        min_score: None,
    };
    let (memories, view) = (context.memories()?, &context.view);
    let ranked = memories.ranked(&search, view).await?.into_iter();
    let ranked = ranked.map(|(place, score)| (place, score / scale));
    Ok(memories.look(view, |look| pack(look, ranked, query.token_budget)))
}

/// What a floor keeps of an attempt.
fn remember(attempt: &Attempt) -> Vec<NewMemory> {
    let turns: Vec<NewMemory> = if is_conversation(attempt) {
        let steps = attempt.steps.iter().enumerate();
        steps
            .filter(|(_, step)| step.actor == Actor::User && !step.text.trim().is_empty())
            .map(|(number, step)| {
                memory(
                    "turn",
                    step.text.clone(),
                    &step.text,
                    step_of(attempt, number),
                )
            })
            .collect()
    } else {
        Vec::new()
    };
    if turns.is_empty() {
        vec![memory(
            "attempt",
            in_short(attempt),
            &attempt.task.text,
            Source::attempt(&attempt.id),
        )]
    } else {
        turns
    }
}

/// Of how many texts of an attempt a floor knows the beginning only.
fn too_long(attempt: &Attempt) -> u64 {
    let is_too_long = |text: &str| u64::from(text.len() > FOUND_BY);
    match is_conversation(attempt) {
        true => attempt
            .steps
            .iter()
            .filter(|step| step.actor == Actor::User)
            .map(|step| is_too_long(&step.text))
            .sum(),
        false => is_too_long(&attempt.task.text),
    }
}

/// Whether somebody only talked: nothing was done, and nobody says whether anything was solved.
fn is_conversation(attempt: &Attempt) -> bool {
    attempt.outcome.verdict == Verdict::Unknown
        && !attempt.steps.iter().any(|step| step.actor == Actor::Action)
}

/// An attempt in a few lines.
fn in_short(attempt: &Attempt) -> String {
    let mut lines = vec![cut(&attempt.task.text, TASK_EXCERPT).to_owned()];
    match attempt.outcome.verdict {
        Verdict::Success => lines.push("This was solved.".into()),
        Verdict::Failure => lines.push("This was not solved.".into()),
        Verdict::Unknown => {}
    }
    let tools = tools_called(attempt);
    if !tools.is_empty() {
        lines.push(format!("Tools: {}.", tools.join(", ")));
    }
    lines.join("\n")
}

/// Whether an embedder averages over the words of a text, so that a long one blurs: then its sentences, and pairs
/// of neighbours, are keys too. On BFCL memory this lifts the built-in table from .59 to .71 of the answers within
/// 256 tokens; a transformer, with .73, needs none of it.
fn blurs(embedder: &dyn Embedder) -> bool {
    embedder.identity().name == BUILTIN
}

fn add_sentence_keys(memory: &mut NewMemory) {
    let Some(whole) = memory.keys.first().map(|key| key.text.clone()) else {
        return;
    };
    let alone: Vec<&str> = sentences(&whole).collect();
    let pairs = alone.windows(2).map(|pair| pair.join(" "));
    let mut known = HashSet::from([whole.trim().to_owned()]);
    let parts = alone.iter().map(|sentence| (*sentence).to_owned());
    let parts = parts.chain(pairs).filter(|part| known.insert(part.clone()));
    memory
        .keys
        .extend(parts.map(|text| Key::new(SENTENCE, text)));
}

/// The step, or the document, at this place of an attempt.
pub(super) fn step_of(attempt: &Attempt, place: usize) -> Source {
    Source::step(&attempt.id, u32::try_from(place).unwrap_or(u32::MAX))
}

pub(super) fn memory(kind: &str, mut content: String, found_by: &str, source: Source) -> NewMemory {
    content.truncate(content.floor_char_boundary(LONGEST_TEXT));
    NewMemory {
        keys: vec![Key::new(
            KEY,
            &found_by[..found_by.floor_char_boundary(FOUND_BY)],
        )],
        sources: vec![source],
        ..NewMemory::new(kind, content)
    }
}
