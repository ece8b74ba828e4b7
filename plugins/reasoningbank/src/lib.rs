#![doc = include_str!("../README.md")]

mod extract;
mod judge;
#[cfg(test)]
mod tests;
mod trajectory;

use memhost_sdk::{
    Attempt, Change, Condition, Count, Declared, Description, Distill, Fault, Flag, Guidance,
    Labels, Memory, NewMemory, Plan, Query, Recalled, Retrieve, Search, Settings, Strategy, Text,
    llm, recall,
};
use serde::{Deserialize, Serialize};

use extract::{Item, extract};
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

/// Paper, section 3.2 and figure 8.
const MOST_ITEMS: usize = 3;

/// The key of an experience: the text of its task, and never that of its items.
const KEY: &str = "task";
/// The label that names the task, so that it never learns from itself.
const TASK_LABEL: &str = "task";
/// The label that keeps the judge's verdict. Retrieval does not look at it.
const VERDICT_LABEL: &str = "verdict";

const USE: &str = include_str!("../prompts/use.md");

/// Learns items of reasoning from attempts that it judges itself.
pub struct ReasoningBank;

/// What an experience's payload holds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Experience {
    items: Vec<Item>,
    reasoning: String,
}

impl Strategy for ReasoningBank {
    const PARAMETERS: &'static [&'static dyn Declared] =
        &[&K, &QUERY_PREFIX, &OBSERVATIONS, &DESCRIPTIONS];

    fn describe() -> Description {
        Description::new(
            "reasoningbank",
            env!("CARGO_PKG_VERSION"),
            "Distils reasoning from self-judged successes and failures, and hands out that of the most similar task.",
        )
        .source("ReasoningBank (https://arxiv.org/abs/2509.25140), without MaTTS")
        .requires("llm")
        .degraded(
            "With the `extractive` model nothing is judged or reasoned: the verdict is whichever the model fills \
             in, and the items are sentences of the trajectory. Only the retrieval is then the paper's.",
        )
    }

    fn plan(_: &Settings) -> Result<Plan, Fault> {
        Ok(Plan {
            labels: Labels::SelfJudged,
            ..Plan::streaming()
        })
    }
}

impl Retrieve for ReasoningBank {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let prefix = settings.get(&QUERY_PREFIX)?;
        let similar = Search::semantic(KEY, format!("{prefix}{}", query.task.text))
            .only(Condition::ne(
                &format!("label.{TASK_LABEL}"),
                query.task.id.as_str(),
            ))
            .limit(settings.get(&K)?);
        let descriptions = settings.get(&DESCRIPTIONS)?;
        inject(recall(&similar)?, descriptions, query.token_budget)
    }
}

impl Distill for ReasoningBank {
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let judgements = judge(attempts)?;
        let items = extract(attempts, &judgements, settings.get(&OBSERVATIONS)?)?;
        let learnt = attempts.iter().zip(judgements).zip(items);
        learnt
            .filter(|(_, items)| !items.is_empty())
            .map(|((attempt, judgement), items)| experience(attempt, judgement, items))
            .collect()
    }
}

/// Key and items are one memory, so that neither is ever found without the other.
fn experience(attempt: &Attempt, judgement: Judgement, items: Vec<Item>) -> Result<Change, Fault> {
    let shown: Vec<String> = items.iter().map(|item| item.shown(true)).collect();
    let titles: Vec<&str> = items.iter().map(|item| item.title.as_str()).collect();
    let memory = NewMemory::new("experience", shown.join("\n\n"))
        .title(titles.join("; "))
        .key(KEY, &attempt.task.text)
        .label(TASK_LABEL, &attempt.task.id)
        .label(VERDICT_LABEL, judgement.verdict.name())
        .learnt_from(&attempt.id);
    let payload = serde_json::to_string(&Experience {
        items,
        reasoning: judgement.reasoning,
    });
    let payload = payload.map_err(|error| Fault::Failed(error.to_string()))?;
    Ok(Change::insert(memory.payload(payload)))
}

/// The items of these experiences, as far as the budget has room, into the system message.
fn inject(experiences: Vec<Recalled>, descriptions: bool, budget: u32) -> Result<Guidance, Fault> {
    let mut guidance = Guidance::system(USE.trim_end());
    for Recalled { memory, score } in experiences {
        let mut stands = false;
        for item in items(&memory)? {
            let longer = format!("{}\n\n{}", guidance.text, item.shown(descriptions));
            if llm::count_tokens(&longer) <= budget {
                guidance.text = longer;
                stands = true;
            }
        }
        if stands {
            guidance = guidance.citing(memory.id, score);
        }
    }
    if guidance.receipt.used.is_empty() {
        return Ok(Guidance::none());
    }
    Ok(guidance)
}

fn items(memory: &Memory) -> Result<Vec<Item>, Fault> {
    serde_json::from_str::<Experience>(&memory.payload)
        .map(|experience| experience.items)
        .map_err(|error| {
            Fault::Failed(format!(
                "the payload of memory `{}` is not an experience of this plugin ({error}); was the namespace \
                 written by another one?",
                memory.id
            ))
        })
}

memhost_sdk::export!(ReasoningBank: Retrieve, Distill);
