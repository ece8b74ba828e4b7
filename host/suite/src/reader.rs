//! The frozen readers: small deterministic programs that turn guidance and receipt into scores. The same for
//! every strategy, so that a difference in score is the strategy's.
//!
//! **Lane A, [`Question::Evidence`]**
//! - `answer@<budget>`: an accepted answer stands in the guidance of that budget. Absent if no accepted answer
//!   stands anywhere in what could be seen.
//! - `hit@1`, `hit@5`, `ndcg@10`, `recall@10`, `all-evidence@10`: the gold turns among the receipt's sources. A
//!   source that names an attempt but no step of it points at no turn. Absent if no gold turn could be seen.
//!
//! **Lane `hops`, [`Question::Evidence`] with pieces**: the same, and
//! - `pieces@<budget>`: all pieces stand in the guidance of that budget: of each sentence of a piece, all words but stop
//!   words stand in one sentence of it, so that two halves of two facts make no third. Absent if some piece stands
//!   nowhere in what could be seen.
//! - `all-evidence@2`, `all-evidence@5`.
//!
//! **Lane `hops`, [`Question::Unanswerable`]**: `abstained`: nothing was handed out within any budget.
//!
//! **Lane B, [`Question::Kind`]**, over the distinct attempts that the receipt's sources name
//! - `hit@1`: the first is of the task's kind. `recall@5`: how many of the first five are, of as many as could be.
//!   Absent if no attempt of the kind could be seen.
//!
//! **Lane B, [`Question::Tools`]**, with tools weighted by ln(1 + tasks / tasks with the tool)
//! - `ndcg@5`: gain is the weighted Jaccard similarity of the attempt's and the task's tool sets.
//! - `f1@1`: weighted F1 of the first attempt's tool set. `guidance-f1`: of the tools that the guidance of the
//!   smallest budget names. All absent if no attempt could be seen.
//!
//! **Lane B, all**: the mean success of the first five attempts predicts the task's own (`outcome-auc` over
//! tasks); a strategy that cites none predicts 0.5. Lane `domains` asks the same questions, in one stream of all domains.
//!
//! **Lane `steps`, [`Question::NextTool`]**: the tools that the guidance names, in the order in which they are named
//! first, are the guess. `next@1`, `next@3`: the tool that was called next is the first of them, or among the first
//! three. Absent if no attempt could be seen.
//!
//! **Lane `compaction`, [`Question::Keep`]**: the summary and the steps that are kept stand for the run, cut at the budget.
//! `kept`: the share of the needed values that still stand there, to the letter and whole, not within a longer word, number
//! or date; an outdated one that does counts as one
//! more that does not. `all-kept`: all needed ones stand, and no outdated one.
//!
//! **Lane `retry`, [`Question::Assign`]**: in each slot, the value of the greatest weight: the weight of every cited try that
//! said that it is right, less that of every cited try that said that it is wrong. A source that names a step speaks for
//! that step's slot only. Equals are chosen from by chance. A try scores the share of the slots that are right, and is
//! told of each whether it is, with noise. `solved@<n>`: all are right in one of the first n tries. `area`: the mean score
//! over all tries, where a solved task stays solved.
//!
//! **Lane C, [`Question::Route`]**: Thompson sampling. An agent's chances are Beta distributed; its record so far
//! counts whole where the receipt is silent, and for 10 observations at most where it speaks; the outcome of every
//! cited attempt counts 3 · score^6 observations more (scores are cut to 0..=1). `success`: of the agent that was sent.
//! `regret`: what the best agent scores on this task on average, less what this one does; lower is better.
//!
//! **Lane D, [`Question::Forecast`]**: the mean of the outcomes of what was retrieved, weighted by score^2 (0.3 of that
//! at another horizon), shrunk by 5 observations towards the base rate of its source and horizon so far. Questions with
//! a market start from its price instead, and from how wrong it was in what was retrieved; the two kinds of question
//! say nothing about each other. `brier`, `market-brier`: (p - outcome)^2, lower is better.
//!
//! **Lane E, [`Question::Discover`]**: a document of the task may have the problems of the solved documents that it
//! resembles most, by BM25, of those cited; its likeness to a cited document without problems speaks against it.
//! `coverage@5`, `coverage@10`, `coverage@20`: the share of the hidden problems among so many reports. `f1@…`: with the
//! share of those reports that name one for the first time. `grounded@10`: coverage by findings whose evidence is
//! right.

mod compaction;
mod discovery;
pub mod forecast;
mod record;
mod retry;
mod routing;
mod steps;
mod visible;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use memhost_contract::{Actor, Attempt, Finding, Source, Task};

use super::metric::{
    ABSTAINED, DEPTHS, PREDICTED_SUCCESS, SUCCEEDED, all_evidence, answer_within, mean, ndcg,
    pieces_within,
};
use super::said::Said;
use super::success::{succeeded, success};
use super::text::{Bag, content_words, names, sentences};
use super::{AttemptFacts, Episode, Matching, Question, Resolution, Scores, Suite};

pub(super) use discovery::code_tokens;
pub use forecast::{OTHER_HORIZON, PRIOR, forecast, score_of, weight};
pub use record::BaseRates;
pub use record::KnownOutcomes;
pub use retry::{attempted as try_again, curve};
pub use visible::{LearntAttempts, Visible};

/// How many retrieved attempts predict an outcome.
const NEIGHBOURS: usize = 5;
/// How many retrieved attempts are ranked by their tools.
const RANKED_TOOLS: usize = 5;

/// What a strategy handed out for one question.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The guidance as the agent would see it, cut at its budget: one text per budget of the suite, in its order.
    pub guidance: &'a [String],
    /// Sources of the memories in the receipt of the last budget, best memory first, and each memory's in
    /// its own order.
    pub cited: &'a [Cited],
    /// Attempts that the strategy could draw on: learnt before in this stream, neither the task's own nor withheld.
    pub visible: Visible<'a>,
    /// Outcomes that are known by now, whether or not the strategy was told.
    pub record: &'a KnownOutcomes,
    /// The reader's own random bits: the same for every strategy.
    pub seed: u64,
}

/// Where something that was handed out was learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct Cited {
    /// The attempt, or the step of it.
    pub source: Source,
    /// The memory that names it.
    pub memory: String,
    /// The receipt's score of that memory.
    pub weight: f64,
}

#[cfg(test)]
impl Cited {
    /// Each source in a memory of its own, with the same score.
    fn each(sources: &[Source], weight: f64) -> Vec<Cited> {
        let cited = sources.iter().map(|source| Cited {
            source: source.clone(),
            memory: format!("memory of {source}"),
            weight,
        });
        cited.collect()
    }
}

/// What the reader did with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Act {
    /// See the module.
    pub scores: Scores,
    /// How well it went, in 0..=1, higher is better: what strategies hear of.
    pub reward: Option<f64>,
    /// Which agent was sent, in lane C.
    pub agent: Option<String>,
    /// What was answered.
    pub answer: String,
    /// What was found, in lane E.
    pub findings: Vec<Finding>,
}

/// Reads guidance for the questions of one suite.
#[derive(Debug)]
pub struct Reader {
    budgets: Vec<u32>,
    facts: HashMap<String, AttemptFacts>,
    /// Mean success of a task's recorded attempts, by task.
    successes: HashMap<String, f64>,
    /// What was said, where answers are looked for, and the attempts in which it was.
    said: (Said, Vec<String>),
    tool_weights: HashMap<String, f64>,
    /// Tools that may come next.
    tools: BTreeSet<String>,
    /// What solved attempts show, where problems are hidden.
    cases: discovery::Cases,
    primary: String,
}

impl Reader {
    /// Gathers what the suite knows and strategies do not.
    pub fn new(suite: &Suite) -> Reader {
        let asks_for_evidence = suite
            .questions()
            .any(|(_, question)| matches!(question, Question::Evidence { .. }));
        let mut said = (Said::default(), Vec::new());
        for attempt in suite.attempts().filter(|_| asks_for_evidence) {
            said.0.add(&transcript(attempt));
            said.1.push(attempt.id.clone());
        }
        Reader {
            budgets: suite.budgets.clone(),
            facts: suite.attempt_facts(),
            successes: suite.task_successes(),
            said,
            tool_weights: tool_weights(suite),
            tools: steps::tools(suite),
            cases: discovery::Cases::new(suite),
            primary: suite.primary.clone(),
        }
    }

    /// What comes of one question; nothing if the episode asks nothing.
    pub fn read(&self, episode: &Episode, reading: &Reading<'_>) -> Act {
        let Some(question) = &episode.question else {
            return Act::default();
        };
        let mut scores = Scores::new();
        match question {
            Question::Evidence {
                answers,
                matching,
                gold,
                pieces,
            } => {
                self.read_answers(answers, *matching, reading, &mut scores);
                self.read_pieces(pieces, reading, &mut scores);
                let depths: &[usize] = if pieces.is_empty() { &[10] } else { &DEPTHS };
                read_gold(gold, depths, reading, &mut scores);
            }
            Question::Unanswerable => {
                if !reading.visible.is_empty() {
                    let silent = reading.guidance.iter().all(|text| text.trim().is_empty());
                    scores.insert(ABSTAINED.into(), f64::from(u8::from(silent)));
                }
            }
            Question::Kind { kind } => {
                self.read_kind(kind, reading, &mut scores);
                self.read_outcome(episode, reading, &mut scores);
            }
            Question::Tools { tools } => {
                self.read_tools(tools, reading, &mut scores);
                self.read_outcome(episode, reading, &mut scores);
            }
            Question::NextTool { tool, .. } => self.read_next(tool, reading, &mut scores),
            Question::Keep {
                needed, outdated, ..
            } => compaction::read(needed, outdated, reading, &mut scores),
            Question::Assign { .. } => return retry::attempted(episode, &[], reading).0,
            Question::Route { values } => return self.route(episode, values, reading),
            Question::Forecast {
                happened,
                source,
                horizon,
                market,
            } => {
                let asked = forecast::Asked {
                    happened: *happened,
                    source,
                    horizon,
                    market: *market,
                };
                return self.forecast(asked, reading);
            }
            Question::Discover { problems, reports } => {
                return self.discover_at_once(&episode.task, problems, *reports, reading);
            }
        }
        Act {
            reward: scores.get(&self.primary).copied(),
            scores,
            ..Act::default()
        }
    }

    /// What findings are worth, whoever made them.
    pub fn judge(&self, episode: &Episode, findings: Vec<Finding>) -> Act {
        match &episode.question {
            Some(Question::Discover { problems, .. }) => {
                discovery::judged(&episode.task, problems, findings)
            }
            _ => Act {
                findings,
                ..Act::default()
            },
        }
    }

    /// Takes note of an attempt whose outcome has become known.
    pub fn reveal(&self, record: &mut KnownOutcomes, attempt: &str) {
        if let Some(facts) = self.facts.get(attempt) {
            record.add(facts);
        }
    }

    /// What is known of an attempt.
    pub fn facts_of(&self, attempt: &str) -> Option<&AttemptFacts> {
        self.facts.get(attempt)
    }

    /// Whether some question asks for words.
    pub fn looks_for_answers(&self) -> bool {
        !self.said.1.is_empty()
    }

    /// How much a source is worth for a task's question: what the oracle ranks by. Evidence and kind count
    /// whole; attempts that ended as the task's own did are preferred among them, because they predict it.
    pub fn worth(&self, task: &Task, question: &Question, source: &Source) -> f64 {
        let attempt = source.attempt.as_str();
        match question {
            Question::Evidence { gold, .. } => {
                f64::from(u8::from(gold.iter().any(|g| g == source)))
            }
            Question::Kind { kind } => {
                let facts = self.facts.get(attempt);
                let kin = facts.is_some_and(|facts| facts.kind.as_ref() == Some(kind));
                let alike = self
                    .successes
                    .get(&task.id)
                    .zip(facts.and_then(|facts| facts.success))
                    .map_or(0.0, |(own, other)| 1.0 - (own - other).abs());
                2.0 * f64::from(u8::from(kin)) + alike
            }
            Question::Tools { tools } => {
                self.jaccard(&tools.iter().cloned().collect(), &self.tools_of(attempt))
            }
            Question::Route { values } => self.points_to_the_best(values, attempt),
            Question::Unanswerable
            | Question::NextTool { .. }
            | Question::Keep { .. }
            | Question::Assign { .. }
            | Question::Forecast { .. }
            | Question::Discover { .. } => 0.0,
        }
    }

    fn read_answers(
        &self,
        answers: &[String],
        matching: Matching,
        reading: &Reading<'_>,
        scores: &mut Scores,
    ) {
        if !self.can_be_seen(answers, matching, reading) {
            return;
        }
        for (budget, guidance) in self.budgets.iter().zip(reading.guidance) {
            let found = has_answer(&[&Bag::new(guidance)], answers, matching);
            scores.insert(answer_within(*budget), f64::from(u8::from(found)));
        }
    }

    fn read_pieces(&self, pieces: &[String], reading: &Reading<'_>, scores: &mut Scores) {
        let can_be_seen = |piece: &String| {
            self.can_be_seen(std::slice::from_ref(piece), Matching::Words, reading)
        };
        if pieces.is_empty() || !pieces.iter().all(can_be_seen) {
            return;
        }
        for (budget, guidance) in self.budgets.iter().zip(reading.guidance) {
            let told = f64::from(u8::from(tells_all(guidance, pieces)));
            scores.insert(pieces_within(*budget), told);
        }
    }

    /// Whether an accepted answer stands in what was said and could be drawn on.
    fn can_be_seen(&self, answers: &[String], matching: Matching, reading: &Reading<'_>) -> bool {
        let (said, attempts) = &self.said;
        said.has_answer(answers, matching, |at| {
            attempts
                .get(at)
                .is_some_and(|id| reading.visible.contains(id))
        })
    }

    fn read_kind(&self, kind: &str, reading: &Reading<'_>, scores: &mut Scores) {
        let is_kin = |attempt: &str| self.is_of_kind(attempt, kind);
        let kin = reading.visible.of_kind(self, kind);
        if kin == 0 {
            return;
        }
        let ranked = cited_attempts(reading);
        let hits = |depth: usize| ranked.iter().take(depth).filter(|id| is_kin(id)).count() as f64;
        scores.insert("hit@1".into(), hits(1));
        scores.insert("recall@5".into(), hits(5) / kin.min(5) as f64);
    }

    fn read_tools(&self, tools: &[String], reading: &Reading<'_>, scores: &mut Scores) {
        if reading.visible.is_empty() {
            return;
        }
        let gold: BTreeSet<String> = tools.iter().cloned().collect();
        let gain = |tools: &BTreeSet<String>| self.jaccard(&gold, tools);
        let ranked = cited_attempts(reading);
        let gains = ranked.iter().map(|id| gain(&self.tools_of(id)));
        let available = reading.visible.tools(self).flat_map(|(tools, attempts)| {
            // No more of them can be among the best.
            std::iter::repeat_n(gain(tools), attempts.min(RANKED_TOOLS))
        });
        scores.insert(
            "ndcg@5".into(),
            ndcg(gains, available.collect(), RANKED_TOOLS),
        );
        let first = ranked.first().map(|id| self.tools_of(id));
        scores.insert("f1@1".into(), self.f1(&first.unwrap_or_default(), &gold));
        let guidance = reading.guidance.first().map_or("", String::as_str);
        let named = self
            .tool_weights
            .keys()
            .map(String::as_str)
            .filter(|tool| names(guidance, tool))
            .map(str::to_owned)
            .collect();
        scores.insert("guidance-f1".into(), self.f1(&named, &gold));
    }

    fn read_outcome(&self, episode: &Episode, reading: &Reading<'_>, scores: &mut Scores) {
        let Some(own) = self.successes.get(&episode.task.id) else {
            return;
        };
        if reading.visible.is_empty() {
            return;
        }
        let neighbours = cited_attempts(reading)
            .into_iter()
            .take(NEIGHBOURS)
            .filter_map(|id| self.facts.get(id)?.success);
        scores.insert(PREDICTED_SUCCESS.into(), mean(neighbours).unwrap_or(0.5));
        scores.insert(SUCCEEDED.into(), f64::from(u8::from(succeeded(*own))));
    }

    fn tools_of(&self, attempt: &str) -> BTreeSet<String> {
        let facts = self.facts.get(attempt);
        facts.map_or_else(BTreeSet::new, |facts| facts.tools.iter().cloned().collect())
    }

    fn is_of_kind(&self, attempt: &str, kind: &str) -> bool {
        let facts = self.facts.get(attempt);
        facts.is_some_and(|facts| facts.kind.as_deref() == Some(kind))
    }

    fn weight<'a>(&self, tools: impl Iterator<Item = &'a String>) -> f64 {
        tools
            .map(|tool| self.tool_weights.get(tool).copied().unwrap_or(0.0))
            .sum()
    }

    fn jaccard(&self, a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
        ratio(self.weight(a.intersection(b)), self.weight(a.union(b)))
    }

    fn f1(&self, predicted: &BTreeSet<String>, gold: &BTreeSet<String>) -> f64 {
        let shared = self.weight(predicted.intersection(gold));
        ratio(
            2.0 * shared,
            self.weight(predicted.iter()) + self.weight(gold.iter()),
        )
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn read_gold(gold: &[Source], depths: &[usize], reading: &Reading<'_>, scores: &mut Scores) {
    let gold: BTreeSet<&Source> = gold
        .iter()
        .filter(|source| reading.visible.contains(&source.attempt))
        .collect();
    if gold.is_empty() {
        return;
    }
    let ranked = distinct(reading.cited.iter().map(|cited| &cited.source));
    let found = |depth: usize| {
        ranked
            .iter()
            .take(depth)
            .filter(|source| gold.contains(*source))
            .count()
    };
    let all = gold.len();
    let gains = ranked
        .iter()
        .map(|source| f64::from(u8::from(gold.contains(source))));
    let share = |holds: bool| f64::from(u8::from(holds));
    scores.insert("hit@1".into(), share(found(1) > 0));
    scores.insert("hit@5".into(), share(found(5) > 0));
    scores.insert("ndcg@10".into(), ndcg(gains, vec![1.0; all], 10));
    scores.insert("recall@10".into(), found(10) as f64 / all as f64);
    for depth in depths {
        scores.insert(all_evidence(*depth), share(found(*depth) == all));
    }
}

/// Whether a text tells all these pieces.
fn tells_all(text: &str, pieces: &[String]) -> bool {
    let told: Vec<Bag> = sentences(text).map(Bag::new).collect();
    let tells = |piece: &String| {
        sentences(piece).all(|wanted| told.iter().any(|sentence| holds(sentence, wanted)))
    };
    pieces.iter().all(tells)
}

/// Whether a sentence tells, in whatever order, something of what these pieces say.
pub fn tells_some(sentence: &str, pieces: &[String]) -> bool {
    let sentence = Bag::new(sentence);
    let mut wanted = pieces.iter().flat_map(|piece| sentences(piece));
    wanted.any(|wanted| holds(&sentence, wanted))
}

/// Whether all telling words of a sentence stand in another.
fn holds(sentence: &Bag, wanted: &str) -> bool {
    content_words(wanted)
        .iter()
        .all(|word| sentence.has_word(word))
}

/// Whether any accepted answer stands in these texts: a phrase in one of them, words anywhere in all of them.
pub fn has_answer(texts: &[&Bag], answers: &[String], matching: Matching) -> bool {
    answers.iter().any(|answer| match matching {
        Matching::Phrase => texts.iter().any(|text| text.has_phrase(answer)),
        Matching::Words => {
            let wanted = content_words(answer);
            !wanted.is_empty()
                && wanted
                    .iter()
                    .all(|word| texts.iter().any(|text| text.has_word(word)))
        }
    })
}

/// The distinct attempts that the receipt's sources name, in order, of those that could be seen.
fn cited_attempts<'a>(reading: &Reading<'a>) -> Vec<&'a str> {
    distinct(
        reading
            .cited
            .iter()
            .map(|cited| cited.source.attempt.as_str())
            .filter(|attempt| reading.visible.contains(attempt)),
    )
}

fn distinct<'a, T: ?Sized + Eq + Hash>(items: impl Iterator<Item = &'a T>) -> Vec<&'a T> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(*item)).collect()
}

/// Everything that was said in an attempt.
pub(super) fn transcript(attempt: &Attempt) -> String {
    let steps: Vec<&str> = attempt
        .steps
        .iter()
        .map(|step| step.text.as_str())
        .collect();
    steps.join("\n")
}

impl Suite {
    /// What the suite knows of each attempt, from the question about its task; the tools of a task that no
    /// question is about are those that the attempt called.
    fn attempt_facts(&self) -> HashMap<String, AttemptFacts> {
        let questions: HashMap<(&str, &str), &Question> = self
            .episodes()
            .filter_map(|(stream, episode)| {
                let question = episode.question.as_ref()?;
                Some(((stream.name.as_str(), episode.task.id.as_str()), question))
            })
            .collect();
        let facts = |stream: &str, attempt: &Attempt| {
            let question = questions.get(&(stream, attempt.task.id.as_str()));
            AttemptFacts {
                kind: match question {
                    Some(Question::Kind { kind }) => Some(kind.clone()),
                    _ => None,
                },
                success: success(attempt),
                tools: match question {
                    Some(Question::Tools { tools }) => tools.clone(),
                    _ => tools_called(attempt),
                },
                agent: attempt.agent.id.clone(),
                forecast: match question {
                    Some(Question::Forecast {
                        happened,
                        source,
                        horizon,
                        market,
                    }) => Some(Resolution {
                        source: source.clone(),
                        horizon: horizon.clone(),
                        market: *market,
                        happened: *happened,
                    }),
                    _ => None,
                },
            }
        };
        self.episodes()
            .flat_map(|(stream, episode)| {
                episode
                    .attempts
                    .iter()
                    .map(|attempt| (attempt.id.clone(), facts(&stream.name, attempt)))
            })
            .collect()
    }

    /// Mean success of each task's recorded attempts, where it is known.
    fn task_successes(&self) -> HashMap<String, f64> {
        let mut successes: HashMap<String, Vec<f64>> = HashMap::new();
        for attempt in self.episodes().flat_map(|(_, episode)| &episode.attempts) {
            let of_task = successes.entry(attempt.task.id.clone()).or_default();
            of_task.extend(success(attempt));
        }
        successes
            .into_iter()
            .filter_map(|(task, all)| Some((task, mean(all.into_iter())?)))
            .collect()
    }
}

/// Names of the tools that an attempt called, in the order of their first call.
pub fn tools_called(attempt: &Attempt) -> Vec<String> {
    let names = attempt
        .steps
        .iter()
        .filter(|step| step.actor == Actor::Action)
        .filter_map(|step| step.name.as_deref());
    distinct(names).into_iter().map(str::to_owned).collect()
}

/// Tools that few tasks need tell more: ln(1 + tasks / tasks with the tool).
fn tool_weights(suite: &Suite) -> HashMap<String, f64> {
    let mut tasks = 0.0;
    let mut with_tool: HashMap<String, f64> = HashMap::new();
    for (_, question) in suite.questions() {
        let Question::Tools { tools } = question else {
            continue;
        };
        tasks += 1.0;
        for tool in tools.iter().collect::<BTreeSet<_>>() {
            *with_tool.entry(tool.clone()).or_default() += 1.0;
        }
    }
    with_tool
        .into_iter()
        .map(|(tool, count)| (tool, f64::ln(1.0 + tasks / count)))
        .collect()
}

#[cfg(test)]
mod tests;
