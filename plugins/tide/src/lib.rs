#![doc = include_str!("../README.md")]

mod case;
mod guidance;
mod negatives;
mod refine;
mod template;
#[cfg(test)]
mod tests;

use memhost_sdk::{
    Attempt, Change, Choice, Condition, Count, Declared, Description, Distill, ExpectedCalls,
    Fault, Feedback, Guidance, Labels, Memory, Plan, Query, Retrieve, Scan, Settings, Strategy,
    Update, scan,
};

use case::Case;
use negatives::{NEGATIVE, NEGATIVES};
use refine::{REFINE, Refine, TAU};
use template::TEMPLATE;

const MODE: Choice<Mode> = Choice::new(
    "mode",
    &[
        ("repository", Mode::Repository),
        ("workspace", Mode::Workspace),
    ],
    "What is searched: code, with several findings in each of 3 rounds, templates or not; or mails, notes and \
     calendars, with one finding in each of 10 rounds, by a template (TIDE, sections 5.2 and 5.4: both).",
);

/// Paper, section 5.4. The default stands for the mode's own number.
const ROUNDS: Count = Count::new(
    "rounds",
    0,
    0,
    100,
    "How many rounds a search has at most; 0: as many as the mode has (TIDE: 3 or 10).",
);

/// What kind of work problems are searched in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Repository,
    Workspace,
}

impl Mode {
    /// Paper, section 5.4.
    fn rounds(self) -> u32 {
        match self {
            Mode::Repository => 3,
            Mode::Workspace => 10,
        }
    }

    /// Paper, section 4.2: exactly one in a workspace; several in a repository, without a stated limit.
    fn findings_per_round(self) -> u32 {
        match self {
            Mode::Repository => 0,
            Mode::Workspace => 1,
        }
    }

    /// On average, in the paper's data: 146 in 20 repositories, 150 in 30 workspaces.
    fn problems_per_task(self) -> f32 {
        match self {
            Mode::Repository => 146.0 / 20.0,
            Mode::Workspace => 150.0 / 30.0,
        }
    }

    fn how_to_extract(self) -> &'static str {
        match self {
            Mode::Repository => include_str!("../prompts/extract-repository.md"),
            Mode::Workspace => include_str!("../prompts/extract-workspace.md"),
        }
    }

    fn how_to_find(self) -> &'static str {
        match self {
            Mode::Repository => include_str!("../prompts/find-repository.md"),
            Mode::Workspace => include_str!("../prompts/find-workspace.md"),
        }
    }
}

/// Templates of problems, handed out whole, and a search in rounds.
pub struct Tide;

impl Strategy for Tide {
    const PARAMETERS: &'static [&'static dyn Declared] =
        &[&MODE, &ROUNDS, &NEGATIVES, &REFINE, &TAU];

    fn describe() -> Description {
        Description::new(
            "tide",
            env!("CARGO_PKG_VERSION"),
            "Builds one template per solved problem, and hands out all of them in every round of a search.",
        )
        .source("TIDE (https://arxiv.org/abs/2606.04743); refine=total after ToTAL (https://arxiv.org/abs/2510.07499)")
        .requires("llm")
        .degraded(
            "With the `extractive` model nothing is abstracted: a template is sentences of the documents that show \
             its problem, and with refine=total what becomes of it is a count of words. Rounds, library and sources \
             are then the paper's, templates are not.",
        )
    }

    fn plan(settings: &Settings) -> Result<Plan, Fault> {
        let mode = settings.get(&MODE)?;
        let problems = mode.problems_per_task();
        let rounds = match settings.get(&ROUNDS)? {
            0 => mode.rounds(),
            rounds => rounds,
        };
        let built = Plan::build_then_freeze()
            .labels(Labels::Verified)
            .rounds(rounds, mode.findings_per_round())
            .calls(ExpectedCalls::per(0.0, problems, 0.0));
        Ok(match settings.get(&REFINE)? {
            Refine::None => built,
            Refine::Total => refine::plan(built, problems),
        })
    }
}

impl Retrieve for Tide {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let templates = all(TEMPLATE)?;
        let negatives = match settings.get(&NEGATIVES)? {
            true => all(NEGATIVE)?,
            false => Vec::new(),
        };
        let mode = settings.get(&MODE)?;
        Ok(guidance::guidance(query, mode, templates, negatives))
    }
}

impl Distill for Tide {
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let solved: Vec<&Attempt> = attempts.iter().filter(|one| case::is_solved(one)).collect();
        let cases: Vec<Case<'_>> = solved.iter().flat_map(|one| case::cases(one)).collect();
        let mut memories = case::build(&cases, settings.get(&MODE)?)?;
        if settings.get(&NEGATIVES)? {
            memories.extend(solved.iter().flat_map(|one| negatives::negatives(one)));
        }
        Ok(memories.into_iter().map(Change::insert).collect())
    }
}

impl Update for Tide {
    fn update(feedback: &[Feedback], settings: &Settings) -> Result<Vec<Change>, Fault> {
        match settings.get(&REFINE)? {
            Refine::None => Ok(Vec::new()),
            Refine::Total => refine::refine(feedback, settings.get(&TAU)?),
        }
    }
}

/// The whole library, the oldest first: the order in which the cases came.
fn all(kind: &str) -> Result<Vec<Memory>, Fault> {
    scan(&Scan::oldest_first().only(Condition::eq("kind", kind)))
}

memhost_sdk::export!(Tide: Retrieve, Distill, Update);
