//! Retrieve and act.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use memhost::contract::{
    Agent, Arm, Attempt, Citation, Finding, Moment, Outcome, Placement, Query, Receipt, Source,
    Step, Tool, Verdict,
};
use memhost::learning::{Clock, OpenReceipt};
use memhost::store::View;
use memhost_suite::{Act, Cited, Episode, Question, Reading, Stage, Visible};

use super::super::DriverError;
use super::super::model_agent::outcome;
use super::super::order::solved;
use super::super::report::{Position, TaskReport};
use super::StreamRun;
use super::along::{Along, Sight};
use super::learn::recorded;
use super::retry::Retries;

/// What became of one question.
pub(super) struct Asked {
    /// One per trial with guidance that came to an end: an agent that did not answer has done nothing.
    pub(super) runs: Vec<Done>,
    /// What was handed out for all of them, before the first step.
    pub(super) receipt: OpenReceipt,
    /// Tries after the first one failed.
    pub(super) retries: Retries,
    /// What the same agent does without guidance, where that arm was run.
    pub(super) bare: Option<Done>,
}

impl Asked {
    /// How well it went.
    pub(super) fn reward(&self) -> Option<f64> {
        self.runs.first()?.act.reward
    }

    /// What the same agent scores without guidance, where that is known.
    pub(super) fn baseline(&self) -> Option<f64> {
        self.bare.as_ref()?.act.reward
    }

    /// The agent that was chosen, in lane C.
    pub(super) fn sent(&self) -> Option<&str> {
        self.runs.first()?.act.agent.as_deref()
    }

    /// Whether a reader's attempt at it stands for the recorded run: not where it was followed by another.
    pub(super) fn stands_for_the_record(&self) -> bool {
        self.retries.learnt.is_empty()
    }
}

/// One run.
#[derive(Default)]
pub(super) struct Done {
    pub(super) act: Act,
    /// What a model did, step by step; a reader takes none.
    pub(super) steps: Vec<Step>,
    /// What was handed out for it after the first step.
    pub(super) along: Along,
}

impl Done {
    /// What a frozen reader made of a question.
    fn read(act: Act) -> Done {
        Done {
            act,
            ..Done::default()
        }
    }
}

/// A further try at a task.
pub(super) struct Retried {
    pub(super) done: Done,
    /// What was handed out for it, before its first step.
    pub(super) receipt: OpenReceipt,
    /// Tokens of that.
    pub(super) tokens: u32,
}

/// What a strategy handed out for one run of a task.
#[derive(Clone)]
pub(super) struct Handed {
    /// One text per budget.
    pub(super) texts: Vec<String>,
    /// Tokens that were handed over at the primary budget.
    pub(super) tokens: u32,
    pub(super) placement: Placement,
    pub(super) receipt: Receipt,
    pub(super) cited: Vec<Cited>,
    pub(super) replaces: bool,
    /// Tools that the strategy offers.
    pub(super) offers: Vec<Tool>,
}

impl Handed {
    /// Nothing at all: the arm without memory.
    pub(super) fn nothing(budgets: usize) -> Handed {
        Handed {
            texts: vec![String::new(); budgets],
            tokens: 0,
            placement: Placement::User,
            receipt: Receipt::nothing(),
            cited: Vec::new(),
            replaces: false,
            offers: Vec::new(),
        }
    }

    pub(super) fn placement(&self) -> Placement {
        self.placement
    }

    pub(super) fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    pub(super) fn primary_text(&self, place: usize) -> &str {
        self.texts.get(place).map_or("", String::as_str)
    }

    /// The one at the largest budget.
    pub(super) fn last_text(&self) -> &str {
        self.texts.last().map_or("", String::as_str)
    }
}

impl<'a> StreamRun<'a> {
    /// Asks one question, in every arm that the plan wants.
    pub(super) async fn ask(
        &mut self,
        stage: &Stage,
        episode: &'a Episode,
        position: Position,
    ) -> Result<Asked, DriverError> {
        let chance = self.learner.clock.seeds.chance(position);
        let none = Arc::new(HashSet::new());
        let trials = match self.model {
            Some(_) => self.plan.trials.max(1) as usize,
            None => 1,
        };
        let (first, handed) = self.act(episode, none, chance).await?;
        let mut runs = Vec::from_iter(first);
        for _ in 1..trials {
            let view = self.view(episode, Arc::default());
            let sight = Sight::of(&view);
            runs.extend(self.act_on(episode, &handed, Some(sight), chance).await?);
        }
        let asked = self.report.asked();
        self.report.runs(Arm::Memory, trials);
        let bare = match self.plan.baseline_arm {
            true => self.without_memory(episode, chance).await?,
            false => None,
        };
        let baseline = bare.as_ref().and_then(|done| done.act.reward);
        let first = runs.first();
        let first = first.map(|done| self.own_attempt(episode, done, &handed.receipt, baseline));
        let retries = match first {
            Some(first) => self.retry(stage, episode, first, chance).await?,
            None => Retries::default(),
        };
        if !stage.warm_up {
            let along = runs.iter().map(|run| run.along.tokens);
            let tokens = handed.tokens + along.sum::<u32>() + retries.tokens();
            let mut scores = self.scores(episode, &runs).await;
            retries.score(episode, &runs, self.plan.retries, &mut scores);
            self.report.task(
                position,
                TaskReport {
                    task: format!("{}/{}", self.stream.name, episode.task.id),
                    asked,
                    changed: stage.changed,
                    group: episode.group.clone(),
                    scores,
                    tokens,
                    baseline,
                    solved: solved(episode),
                },
            );
        }
        let receipt = self.learner.hand_out(handed.receipt, self.report);
        Ok(Asked {
            runs,
            receipt,
            retries,
            bare,
        })
    }

    /// What a call about this episode sees of the memories. Those `on_trial` take part.
    pub(super) fn view(&self, episode: &Episode, on_trial: Arc<HashSet<String>>) -> View {
        View {
            withheld: Arc::new(self.withheld(episode)),
            on_trial,
            ..View::default()
        }
    }

    /// One run with guidance, unless the agent does not answer, and what was handed out. Memories `on_trial` take part.
    pub(super) async fn act(
        &mut self,
        episode: &'a Episode,
        on_trial: Arc<HashSet<String>>,
        chance: u64,
    ) -> Result<(Option<Done>, Handed), DriverError> {
        // One memory is tried at a time, or several that stand or fall together.
        let candidate = on_trial.iter().min().cloned();
        let view = self.view(episode, on_trial);
        let sight = Sight {
            view: &view,
            candidate: candidate.as_deref(),
        };
        if self.plan.rounds > 1
            && let Some(Question::Discover { reports, .. }) = &episode.question
        {
            return self.in_rounds(episode, *reports, sight, chance).await;
        }
        if let Some(Question::Keep { run, .. }) = &episode.question {
            let (done, handed) = self.shorten(episode, run, &view, chance).await?;
            return Ok((Some(done), handed));
        }
        let handed = self
            .hand_out(episode, Moment::TaskStart, &[], sight)
            .await?;
        let done = self.act_on(episode, &handed, Some(sight), chance).await?;
        Ok((done, handed))
    }

    /// One run with what was handed out; `None` if the agent does not answer. With a sight the strategy is asked along the
    /// run too.
    pub(super) async fn act_on(
        &mut self,
        episode: &'a Episode,
        handed: &Handed,
        along: Option<Sight<'_>>,
        chance: u64,
    ) -> Result<Option<Done>, DriverError> {
        if let Some(model) = self.model.clone() {
            return Ok(self.model_acts(&model, episode, handed, along).await);
        }
        if let (Some(Question::NextTool { run, .. }), Some(sight)) = (&episode.question, along) {
            let done = self.act_within(episode, run, handed, sight, chance).await?;
            return Ok(Some(done));
        }
        if let Some(Question::Assign { .. }) = &episode.question {
            return Ok(Some(self.try_again(episode, handed, &[], chance)));
        }
        let done = self.read(episode, handed, chance)?;
        let sent = done.act.agent.as_deref();
        let along = match along {
            Some(sight) => self.hand_out_along(episode, sent, handed, sight).await,
            None => Along::default(),
        };
        Ok(Some(Done { along, ..done }))
    }

    /// What the frozen reader makes of what was handed out.
    pub(super) fn read(
        &self,
        episode: &Episode,
        handed: &Handed,
        chance: u64,
    ) -> Result<Done, DriverError> {
        let sources = handed
            .cited
            .iter()
            .map(|cited| cited.source.attempt.as_str());
        self.guard.check(sources, self.learner.clock.now())?;
        let withheld = self.withheld(episode);
        let reading = self.reading(handed, &withheld, chance);
        Ok(Done::read(self.reader.read(episode, &reading)))
    }

    /// In lane C, whom the reader sends by its own record alone.
    pub(super) fn sent_without_memory(
        &self,
        episode: &Episode,
        position: Position,
    ) -> Option<String> {
        let routes = matches!(episode.question, Some(Question::Route { .. }));
        if self.model.is_some() || !routes {
            return None;
        }
        let nothing = Handed::nothing(self.cell.suite.budgets.len());
        let chance = self.learner.clock.seeds.chance(position);
        let withheld = HashSet::new();
        let reading = self.reading(&nothing, &withheld, chance);
        self.reader.read(episode, &reading).agent
    }

    /// What the same agent does without any guidance.
    async fn without_memory(
        &mut self,
        episode: &'a Episode,
        chance: u64,
    ) -> Result<Option<Done>, DriverError> {
        let nothing = Handed::nothing(self.cell.suite.budgets.len());
        let done = self.act_on(episode, &nothing, None, chance).await?;
        self.report.runs(Arm::NoMemory, 1);
        Ok(done)
    }

    /// Rounds of findings, each told what the earlier ones found, until one finds nothing.
    async fn in_rounds(
        &mut self,
        episode: &'a Episode,
        reports: u32,
        sight: Sight<'_>,
        chance: u64,
    ) -> Result<(Option<Done>, Handed), DriverError> {
        let most = match self.plan.findings_per_round {
            0 => reports.div_ceil(self.plan.rounds).max(1),
            most => most,
        };
        let mut found: Vec<Finding> = Vec::new();
        let mut steps = Vec::new();
        let mut answered = false;
        let mut all: Option<Handed> = None;
        for round in 0..self.plan.rounds {
            let handed = self
                .hand_out(episode, Moment::Round(round), &found, sight)
                .await?;
            let said = match self.model.clone() {
                Some(model) => {
                    self.model_discovers(&model, episode, &handed, &found, most)
                        .await
                }
                None => {
                    let withheld = self.withheld(episode);
                    let reading = self.reading(&handed, &withheld, chance);
                    let more = self.reader.discover(&episode.task, &reading, &found, most);
                    Some((more, Vec::new()))
                }
            };
            self.report.round();
            all = Some(joined(all, handed));
            let Some((more, taken)) = said else {
                break;
            };
            steps.extend(taken);
            answered = true;
            let new = self.reader.unreported(&episode.task, &found, more);
            if new.is_empty() {
                break;
            }
            found.extend(new);
        }
        let done = answered.then(|| Done {
            steps,
            ..Done::read(self.reader.judge(episode, found))
        });
        let handed = all.unwrap_or_else(|| Handed::nothing(self.cell.suite.budgets.len()));
        Ok((done, handed))
    }

    // ---- retrieve ---------------------------------------------------------------------------------

    /// One retrieval per budget for a reader, which is scored at each; one for a model.
    pub(super) async fn hand_out(
        &mut self,
        episode: &Episode,
        moment: Moment,
        found: &[Finding],
        sight: Sight<'_>,
    ) -> Result<Handed, DriverError> {
        let primary = self.primary_place();
        let mut handed = Handed::nothing(0);
        for (place, &budget) in self.cell.suite.budgets.iter().enumerate() {
            if self.model.is_some() && place != primary {
                handed.texts.push(String::new());
                continue;
            }
            let query = Query {
                moment: moment.clone(),
                found: found.to_vec(),
                candidate: sight.candidate.map(str::to_owned),
                ..self.query(episode, budget)
            };
            let once = self.hand_out_once(query, sight.view).await;
            handed.cited = once.cited;
            if place == primary {
                handed.placement = once.placement;
                handed.receipt = once.receipt;
                handed.offers = once.offers;
                handed.tokens = once.tokens;
            }
            handed.texts.extend(once.texts);
        }
        Ok(handed)
    }

    /// What is asked of a strategy at the start of an episode.
    pub(super) fn query(&self, episode: &Episode, budget: u32) -> Query {
        Query::at_start(episode.task.clone(), self.agent(episode), budget)
    }

    /// One retrieval, cut at its budget.
    pub(super) async fn hand_out_once(&mut self, query: Query, view: &View) -> Handed {
        let budget = query.token_budget;
        let retrieved = self.learner.retrieve(query, view, self.report).await;
        let guidance = retrieved.guidance;
        Handed {
            placement: guidance.placement,
            replaces: guidance.replaces,
            offers: guidance.offers,
            ..self.handed(&guidance.text, guidance.receipt, budget, view)
        }
    }

    /// A text, cut at its budget, with what it was made from.
    pub(super) fn handed(
        &mut self,
        said: &str,
        receipt: Receipt,
        budget: u32,
        view: &View,
    ) -> Handed {
        let text = self.cut(said, budget);
        Handed {
            tokens: memhost_words::count(&text),
            texts: vec![text],
            cited: self.sources(&receipt, view),
            receipt,
            ..Handed::nothing(0)
        }
    }

    /// As much of a text as a budget holds; that it is cut is counted.
    pub(super) fn cut(&mut self, said: &str, budget: u32) -> String {
        let text = memhost_words::cut(said, budget);
        if text.len() < said.trim_end().len() {
            self.report.cut();
        }
        text.to_owned()
    }

    /// Where the cited memories were learnt, best first, without repeats.
    fn sources(&self, receipt: &Receipt, view: &View) -> Vec<Cited> {
        let cited: Vec<String> = receipt.used.iter().map(|c| c.memory.clone()).collect();
        let weights: HashMap<&str, f64> = receipt
            .used
            .iter()
            .rev()
            .map(|citation| (citation.memory.as_str(), citation.score))
            .collect();
        let mut seen = HashSet::new();
        let mut cited_sources = Vec::new();
        for memory in self.learner.memories().get(&cited, view) {
            let weight = weights.get(memory.id.as_str()).copied().unwrap_or(0.0);
            for source in memory.sources {
                let runs = match self.stands_for.get(&source.attempt) {
                    Some(runs) => runs.iter().map(Source::attempt).collect(),
                    None => vec![source],
                };
                let new = runs.into_iter().filter(|run| seen.insert(run.clone()));
                cited_sources.extend(new.map(|source| Cited {
                    source,
                    memory: memory.id.clone(),
                    weight,
                }));
            }
        }
        cited_sources
    }

    // ---- read -------------------------------------------------------------------------------------

    /// What a reader goes by. A task draws neither on its own attempts nor on what is withheld from it.
    pub(super) fn reading<'r>(
        &'r self,
        handed: &'r Handed,
        withheld: &'r HashSet<String>,
        chance: u64,
    ) -> Reading<'r> {
        Reading {
            guidance: &handed.texts,
            cited: &handed.cited,
            visible: Visible::new(&self.learnt, withheld),
            record: &self.record,
            seed: chance,
        }
    }

    /// The place of the budget that the primary metric is measured at.
    pub(super) fn primary_place(&self) -> usize {
        let budgets = &self.cell.suite.budgets;
        let primary = self.cell.suite.primary_budget();
        let place = budgets.iter().position(|budget| Some(*budget) == primary);
        place.unwrap_or(budgets.len().saturating_sub(1))
    }

    /// That budget.
    pub(super) fn primary_budget(&self) -> u32 {
        let budgets = &self.cell.suite.budgets;
        budgets
            .get(self.primary_place())
            .copied()
            .unwrap_or_default()
    }

    // ---- attempts ---------------------------------------------------------------------------------

    /// What was done in each run, as an attempt with a true outcome. In place of a reader that takes no steps, the recorded
    /// run of the task is what happened.
    pub(super) fn own_attempts(&self, episode: &Episode, asked: &Asked) -> Vec<Attempt> {
        let receipt = &asked.receipt.receipt;
        let tried = (0..).zip(&asked.runs).map(|(trial, done)| {
            let attempt = self.own_attempt(episode, done, receipt, asked.baseline());
            let attempt = match asked.stands_for_the_record() {
                true => self.with_recorded_steps(episode, attempt),
                false => attempt,
            };
            Attempt {
                id: match trial {
                    0 => attempt.id,
                    trial => format!("{}.{trial}", attempt.id),
                },
                trial,
                ..attempt
            }
        });
        let retried = asked.retries.retried.iter().map(|retried| {
            let receipt = &retried.receipt.receipt;
            self.own_attempt(episode, &retried.done, receipt, asked.baseline())
        });
        tried.chain(retried).collect()
    }

    /// What was done in one run that was guided by this, and by what was handed out along it.
    pub(super) fn own_attempt(
        &self,
        episode: &Episode,
        done: &Done,
        receipt: &Receipt,
        baseline: Option<f64>,
    ) -> Attempt {
        let first = &receipt.id;
        let along = done.along.open.iter();
        let along = along.map(|open| open.receipt.clone());
        let receipts = std::iter::once(receipt.clone()).chain(along).collect();
        Attempt {
            id: format!("{}@{first}", episode.task.id),
            task: episode.task.clone(),
            agent: self.sent_agent(episode, done),
            arm: Arm::Memory,
            trial: 0,
            steps: done.steps.clone(),
            answer: done.act.answer.clone(),
            findings: done.act.findings.clone(),
            outcome: Outcome {
                baseline,
                ..outcome_of(episode, done)
            },
            receipts,
        }
    }

    fn with_recorded_steps(&self, episode: &Episode, attempt: Attempt) -> Attempt {
        let run = recorded(episode, &attempt).next();
        let run = run.filter(|_| self.model.is_none() && attempt.steps.is_empty());
        match run {
            Some(run) => Attempt {
                steps: run.steps.clone(),
                ..attempt
            },
            None => attempt,
        }
    }

    fn sent_agent(&self, episode: &Episode, done: &Done) -> Agent {
        let sent = done.act.agent.as_ref().and_then(|id| {
            let attempt = episode.attempts.iter().find(|a| a.agent.id == *id)?;
            Some(attempt.agent.clone())
        });
        sent.unwrap_or_else(|| self.agent(episode))
    }

    /// Who asks. In lane C nobody has been chosen yet.
    fn agent(&self, episode: &Episode) -> Agent {
        if let Some(model) = &self.model {
            return model.agent();
        }
        let chosen = !matches!(episode.question, Some(Question::Route { .. }));
        let recorded = episode.attempts.first().filter(|_| chosen);
        recorded
            .map(|attempt| attempt.agent.clone())
            .unwrap_or_else(|| Agent::new("reader", "frozen-reader"))
    }
}

/// What a run came to. An assignment is solved when all of it is right.
fn outcome_of(episode: &Episode, done: &Done) -> Outcome {
    let outcome = outcome(done.act.reward);
    let assigns = matches!(episode.question, Some(Question::Assign { .. }));
    match outcome.score {
        Some(score) if assigns && score < 1.0 => Outcome {
            verdict: Verdict::Failure,
            ..outcome
        },
        _ => outcome,
    }
}

/// Both retrievals' citations, the higher score of each memory; the later text.
fn joined(earlier: Option<Handed>, later: Handed) -> Handed {
    let Some(earlier) = earlier else {
        return later;
    };
    let mut used = earlier.receipt.used;
    let place: HashMap<String, usize> = used
        .iter()
        .enumerate()
        .map(|(place, citation)| (citation.memory.clone(), place))
        .collect();
    for Citation { memory, score } in later.receipt.used {
        match place.get(&memory).and_then(|place| used.get_mut(*place)) {
            Some(known) => known.score = known.score.max(score),
            None => used.push(Citation { memory, score }),
        }
    }
    Handed {
        tokens: earlier.tokens + later.tokens,
        receipt: Receipt {
            used,
            ..later.receipt
        },
        ..later
    }
}
