#![doc = include_str!("../README.md")]

mod extract;
mod judge;
#[cfg(test)]
mod tests;
mod trajectory;

use memhost_sdk::{
    Attempt, Change, Choice, Condition, Count, Declared, Description, Distill, ExpectedCalls,
    Fault, Flag, Guidance, Labels, NewMemory, Plan, Query, Recalled, Retrieve, Search, Settings,
    Strategy, Task, Text, grow, recall, unless_empty,
};
use serde::{Deserialize, Serialize};

use extract::{Item, contrast, extract};
use judge::{Judgement, judge};

/// Paper, appendix A.2 and ablation C.1: one experience is best, and two already hurt. The code allows 10.
const K: Count = Count::new(
    "k",
    1,
    1,
    10,
    "How many past experiences are handed out, each with all its items (paper: 1).",
);

/// Only the side that searches has it: stored are the bare task texts. The wording is this plugin's own, and short,
/// because an embedder that does not follow instructions takes it for a part of the task.
const QUERY_PREFIX: Text = Text::new(
    "query-prefix",
    "Find past tasks that help: ",
    "Stands before the task's text when similar tasks are searched, for embedders that follow \
     instructions (paper: such an instruction; empty: none).",
);

const OBSERVATIONS: Flag = Flag::new(
    "observations",
    false,
    "Whether the items are extracted from observations too (paper, web tasks: false; software tasks: true).",
);

const DESCRIPTIONS: Flag = Flag::new(
    "descriptions",
    false,
    "Whether an item is handed out with its description (paper: false; code: true).",
);

const SCALING: Choice<Scaling> = Choice::new(
    "scaling",
    &[
        ("none", Scaling::None),
        ("parallel", Scaling::Parallel),
        ("sequential", Scaling::Sequential),
    ],
    "Memory-aware test-time scaling (MaTTS): `parallel` runs each task several times and contrasts the runs; \
     `sequential` has a finished run checked again and again.",
);

/// Paper, section 4.3: from 1 to 5, and its main results have 5.
const SCALING_FACTOR: Count = Count::new(
    "scaling-factor",
    5,
    1,
    16,
    "MaTTS's k: how many runs per task (parallel) or check messages per run (sequential); without scaling it \
     changes nothing (paper: 5).",
);

/// Model calls per attempt without scaling.
const JUDGE_AND_EXTRACT: f32 = 2.0;

/// The key of an experience: the text of its task, and never that of its items.
const KEY: &str = "task";
/// The label that names the task, so that it never learns from itself.
const TASK_LABEL: &str = "task";
/// The label that keeps the judge's verdict, where there was a judge. Retrieval does not look at it.
const VERDICT_LABEL: &str = "verdict";

const USE: &str = include_str!("../prompts/use.md");

/// Learns items of reasoning from attempts that it judges itself, or from several that it contrasts.
pub struct ReasoningBank;

/// What a task is given more of than one run.
#[derive(Clone, Copy, PartialEq)]
enum Scaling {
    None,
    Parallel,
    Sequential,
}

/// What an experience's payload holds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Experience {
    items: Vec<Item>,
    /// The judge's; a contrast has no judge.
    reasoning: Option<String>,
}

impl Strategy for ReasoningBank {
    const PARAMETERS: &'static [&'static dyn Declared] = &[
        &K,
        &QUERY_PREFIX,
        &OBSERVATIONS,
        &DESCRIPTIONS,
        &SCALING,
        &SCALING_FACTOR,
    ];

    fn describe() -> Description {
        Description::new(
            "reasoningbank",
            env!("CARGO_PKG_VERSION"),
            "Distils reasoning from self-judged successes and failures, and hands out that of the most similar task.",
        )
        .source("ReasoningBank and MaTTS (https://arxiv.org/abs/2509.25140)")
        .requires("llm")
        .degraded(
            "With the `extractive` model nothing is judged or reasoned: the verdict is whichever the model fills \
             in, and the items are sentences of the trajectory. Only the retrieval is then the paper's.",
        )
    }

    fn plan(settings: &Settings) -> Result<Plan, Fault> {
        let plan = Plan::streaming()
            .labels(Labels::SelfJudged)
            .calls(ExpectedCalls::per(0.0, JUDGE_AND_EXTRACT, 0.0));
        let factor = settings.get(&SCALING_FACTOR)?;
        Ok(match settings.get(&SCALING)? {
            Scaling::Parallel if factor > 1 => {
                plan.trials(factor)
                    .calls(ExpectedCalls::per(0.0, 1.0 / factor as f32, 0.0))
            }
            Scaling::None | Scaling::Parallel => plan,
            Scaling::Sequential => plan.refinements(factor),
        })
    }
}

impl Retrieve for ReasoningBank {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let prefix = settings.get(&QUERY_PREFIX)?;
        let similar = Search::semantic(KEY, format!("{prefix}{}", query.task.text))
            .only(Condition::not_labelled(TASK_LABEL, &*query.task.id))
            .limit(settings.get(&K)?);
        let descriptions = settings.get(&DESCRIPTIONS)?;
        inject(recall(&similar)?, descriptions, query.token_budget)
    }
}

impl Distill for ReasoningBank {
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let observations = settings.get(&OBSERVATIONS)?;
        match attempts {
            [first, _, ..] if settings.get(&SCALING)? == Scaling::Parallel => {
                let items = contrast(attempts, observations)?;
                let learnt = experience(&first.task, attempts, None, items)?;
                Ok(Vec::from_iter(learnt))
            }
            _ => one_by_one(attempts, observations),
        }
    }
}

/// Every attempt is judged, and is an experience of its own.
fn one_by_one(attempts: &[Attempt], observations: bool) -> Result<Vec<Change>, Fault> {
    let judgements = judge(attempts)?;
    let items = extract(attempts, &judgements, observations)?;
    let learnt = attempts.iter().zip(judgements).zip(items);
    learnt
        .filter_map(|((attempt, judgement), items)| {
            let from = std::slice::from_ref(attempt);
            experience(&attempt.task, from, Some(judgement), items).transpose()
        })
        .collect()
}

/// What these attempts of a task taught, unless there are no items. Key and items are one memory, so that neither
/// is ever found without the other.
fn experience(
    task: &Task,
    attempts: &[Attempt],
    judgement: Option<Judgement>,
    items: Vec<Item>,
) -> Result<Option<Change>, Fault> {
    if items.is_empty() {
        return Ok(None);
    }
    let shown: Vec<String> = items.iter().map(|item| item.shown(true)).collect();
    let titles: Vec<&str> = items.iter().map(|item| item.title.as_str()).collect();
    let mut memory = NewMemory::new("experience", shown.join("\n\n"))
        .title(titles.join("; "))
        .key(KEY, &task.text)
        .label(TASK_LABEL, &task.id)
        .learnt_from_all(attempts.iter().map(|attempt| &attempt.id));
    if let Some(judgement) = &judgement {
        memory = memory.label(VERDICT_LABEL, judgement.verdict.name());
    }
    let memory = memory.holding(&Experience {
        items,
        reasoning: judgement.map(|judgement| judgement.reasoning),
    })?;
    Ok(Some(Change::insert(memory)))
}

/// The items of these experiences, as far as the budget has room, into the system message.
fn inject(experiences: Vec<Recalled>, descriptions: bool, budget: u32) -> Result<Guidance, Fault> {
    let mut guidance = Guidance::system(USE.trim_end());
    for Recalled { memory, score } in experiences {
        let mut stands = false;
        for item in memory.holds::<Experience>("an experience")?.items {
            stands |= grow(&mut guidance, &item.shown(descriptions), budget);
        }
        if stands {
            guidance = guidance.citing(memory.id, score);
        }
    }
    Ok(unless_empty(guidance))
}

memhost_sdk::export!(ReasoningBank: Retrieve, Distill);
