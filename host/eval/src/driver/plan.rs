//! Whether a suite can give what a strategy's plan asks for. What it cannot is said, never glossed over.

use std::collections::{BTreeMap, BTreeSet};

use memhost::contract::{Arrangement, Attempt, Authority, Labels, Plan, Step, Trigger, Verdict};
use memhost::learning::moments;
use memhost::strategy::Phases;
use memhost_suite::{AFTER_RETRIES, Episode, Lane, Question, Stage, Suite};

use super::{Acting, Actors};

/// Why a strategy with this plan cannot be run on this suite at all; `None` if it can.
pub fn obstacle(plan: &Plan, phases: Phases, suite: &Suite, actors: Actors) -> Option<String> {
    if plan.trials == 0 || plan.rounds == 0 {
        return Some("its plan asks for no trial or no round at all; both are at least 1".into());
    }
    let model = actors.acting == Acting::Model;
    if model && !suite.episodes().any(|(_, episode)| episode.is_checkable()) {
        return Some("no program can check what a language model answers here".into());
    }
    if suite.lane == Lane::Compaction && !phases.compact {
        return Some("it shortens no runs: it has no `compact`".into());
    }
    if suite.lane == Lane::Retry && !phases.distill {
        return Some("it keeps nothing of a try before the next one".into());
    }
    if suite.lane == Lane::Retry && plan.arrangement == Arrangement::BuildThenFreeze {
        return Some(
            "it learns before it is tested, and what is to be learnt from here are the tries of the test".into(),
        );
    }
    if plan.rounds > 1 && !hides_several(suite) {
        return Some(
            "it works in rounds of findings, and the tasks here have one outcome each".into(),
        );
    }
    if plan.trials > 1 && !model && most_runs(suite) < 2 {
        return Some(format!(
            "it contrasts {} runs of a task by one agent, and one run is recorded here",
            plan.trials
        ));
    }
    if plan.refinements > 0 && !model {
        return Some(
            "it continues finished runs with check messages, which recorded runs cannot answer, and a language model \
             that acts can"
                .into(),
        );
    }
    if plan.all_agents && most_agents(suite) < 2 {
        let checked = suite.episodes().any(|(_, episode)| episode.is_checkable());
        let trains = model && checked && plan.arrangement == Arrangement::BuildThenFreeze;
        if !trains {
            return Some(
                "it contrasts several agents on one task, and only one agent's runs are recorded here"
                    .into(),
            );
        }
        if actors.agents < 2 {
            return Some(
                "it contrasts several agents on one task, and all roles have the same model; give `models.cheap` or \
                 `models.strongest` another one"
                    .into(),
            );
        }
    }
    let teaches_where_it_asks = suite
        .episodes()
        .any(|(_, episode)| episode.question.is_some() && !episode.attempts.is_empty());
    if !phases.distill && phases.update && !model && !teaches_where_it_asks {
        return Some(
            "it learns from its own outcomes alone, and what can be learnt from here happens before anything is \
             asked"
                .into(),
        );
    }
    unlabelled(plan.labels, suite, model)
}

fn hides_several(suite: &Suite) -> bool {
    let mut questions = suite.questions();
    questions.any(|(_, question)| matches!(question, Question::Discover { .. }))
}

/// What is told of outcomes must exist: those of recorded runs, or of what the suite asks.
fn unlabelled(labels: Labels, suite: &Suite, model: bool) -> Option<String> {
    let asks_and_scores =
        model || suite.lane != Lane::Attempts && suite.questions().next().is_some();
    match labels {
        Labels::Any | Labels::SelfJudged => None,
        // The tries are made here, and what they scored is known.
        Labels::Verified if suite.lane == Lane::Retry => None,
        Labels::Verified if suite.attempts().any(is_verified) => None,
        Labels::Verified => {
            Some("it learns from verified outcomes, and no attempt of the suite has one".into())
        }
        Labels::Graded if asks_and_scores || suite.attempts().any(is_graded) => None,
        Labels::Graded => {
            Some("it learns from graded outcomes, and no attempt of the suite has one".into())
        }
    }
}

/// In what a strategy's plan is not carried out to the letter on this suite.
pub fn deviations(plan: &Plan, suite: &Suite, acting: Acting) -> Vec<String> {
    let mut deviations = Vec::new();
    let tasks: Vec<usize> = runs_per_task(suite).into_values().collect();
    let short = tasks.iter().filter(|runs| **runs < plan.trials as usize);
    let short = short.count();
    if acting == Acting::Reader && plan.trials > 1 && short > 0 {
        deviations.push(format!(
            "it asks for {} runs per task; {short} of {} tasks have fewer on record",
            plan.trials,
            tasks.len()
        ));
    }
    if plan.labels == Labels::Graded && !grades(suite) {
        deviations.push("it learns from graded outcomes, and those here are all or nothing".into());
    }
    if plan.labels == Labels::SelfJudged && acting == Acting::Reader {
        deviations.push("what it judges are recorded runs, not its own agent's".into());
    }
    let batched = suite
        .streams
        .iter()
        .flat_map(|stream| &stream.stages)
        .any(|stage| stage.batched);
    if plan.calls.candidates > 0.0 && !batched && plan.batch <= 1 {
        deviations.push(
            "outcomes come one by one here, so that each is the worst of its batch".to_owned(),
        );
    }
    let mut questions = suite.questions();
    let tries_siblings = questions.any(|(_, question)| !tests_its_own_memory(question, acting));
    if plan.calls.candidates > 0.0 && tries_siblings {
        deviations.push(
            "what is to be proven by a re-run is tried on the known task most like it, because the task itself \
             would be no test of what was learnt from it"
                .to_owned(),
        );
    }
    let mut episodes = suite.episodes();
    let teaches_unasked = episodes.any(|(_, e)| e.question.is_none() && !e.attempts.is_empty());
    if plan.calls.candidates > 0.0 && teaches_unasked {
        deviations.push(
            "what is to be proven by a re-run and was learnt from a task that asks nothing is dropped".to_owned(),
        );
    }
    if suite.lane == Lane::Steps && !is_asked_along(plan) {
        deviations.push(
            "it does not want to be asked after a tool: what it says before the first step is read after each"
                .to_owned(),
        );
    }
    let is_retried = is_retried(suite, acting);
    if suite.lane == Lane::Retry && plan.retries == 0 && is_retried {
        deviations.push(
            "it does not ask to try again, and does so here like everybody: its guidance is asked for before each try"
                .to_owned(),
        );
    }
    if plan.baseline_arm && acting == Acting::Reader {
        deviations.push(
            "both arms are the frozen reader's, so that they differ by the guidance alone".into(),
        );
    }
    let comes = |trigger: &&Trigger| comes(trigger, plan, suite, acting);
    let missing = plan.moments.iter().filter(|trigger| !comes(trigger));
    deviations.extend(missing.map(|trigger| {
        let when = moment_text(trigger);
        format!("it wants to be asked {when}, which never comes here")
    }));
    let mut coming = plan.moments.iter().filter(comes);
    if acting == Acting::Reader && suite.lane != Lane::Steps && coming.any(is_along) {
        deviations.push(
            "what it says in the middle of a recorded run changes nothing that happens: what is scored is what it \
             said before the first step"
                .to_owned(),
        );
    }
    if plan.retries > 0 && suite.lane != Lane::Retry && is_retried {
        deviations.push(format!(
            "it tries again after a failure, and what is compared is the first try; `{AFTER_RETRIES}` is the last one"
        ));
    }
    if (plan.retries > 0 || suite.lane == Lane::Retry) && !is_retried {
        deviations.push(
            "nothing here may be tried again: outcomes come later or are heard of by nobody, or a memory of the task \
             itself would be the answer"
                .to_owned(),
        );
    }
    if plan.batch > 1 && batched {
        deviations.push(format!(
            "it wants outcomes in batches of {}, and the suite has batches of its own",
            plan.batch
        ));
    }
    if plan.agent_temperature.is_some() && acting == Acting::Reader {
        deviations.push("it asks for a temperature, and no model acts".to_owned());
    }
    deviations
}

/// Whether some episode can be tried again.
pub fn is_retried(suite: &Suite, acting: Acting) -> bool {
    let mut stages = suite.streams.iter().flat_map(|stream| &stream.stages);
    stages.any(|stage| {
        let mut episodes = stage.episodes.iter();
        episodes.any(|episode| may_be_retried(stage, episode, acting))
    })
}

/// Whether an episode can be tried again: its outcome is known at once and may be heard of, and a memory of the task itself
/// is no answer.
pub(super) fn may_be_retried(stage: &Stage, episode: &Episode, acting: Acting) -> bool {
    let question = episode.question.as_ref();
    !(stage.batched || stage.probe)
        && episode.timing.known.is_none()
        && question.is_some_and(|question| tests_its_own_memory(question, acting))
}

/// Whether a moment comes at which the plan wants to be asked.
fn comes(trigger: &Trigger, plan: &Plan, suite: &Suite, acting: Acting) -> bool {
    let trigger = match trigger {
        Trigger::Retry => {
            let tries_again = plan.retries > 0 || suite.lane == Lane::Retry;
            return tries_again && is_retried(suite, acting);
        }
        along => std::slice::from_ref(along),
    };
    let comes_in = |steps: &[Step]| {
        let mut taken = 0..=steps.len();
        taken.any(|taken| !moments::due(trigger, steps, taken, taken < steps.len()).is_empty())
    };
    let mut questions = suite.questions();
    questions.any(|(episode, question)| match question {
        // Between rounds nothing is said but what begins the next, and of a run that is shortened nothing is asked.
        Question::Discover { .. } if plan.rounds > 1 => false,
        Question::Keep { .. } => false,
        // What a model does is not known before.
        _ if acting == Acting::Model => true,
        // A try of the frozen reader is made at once.
        Question::Assign { .. } => false,
        // A run that is asked about in its middle goes on, and is asked about there alone.
        Question::NextTool { run, .. } => !moments::due(trigger, run, run.len(), true).is_empty(),
        // Whoever is sent.
        Question::Route { .. } => episode.attempts.iter().any(|run| comes_in(&run.steps)),
        _ => episode
            .attempts
            .first()
            .is_some_and(|run| comes_in(&run.steps)),
    })
}

/// When a strategy is asked, in words.
pub fn moment_text(moment: &Trigger) -> String {
    match moment {
        Trigger::EverySteps(1) => "before every step".to_owned(),
        Trigger::EverySteps(steps) => format!("every {steps} steps"),
        Trigger::AfterTool(None) => "after each call of a tool".to_owned(),
        Trigger::AfterTool(Some(tool)) => format!("after each call of `{tool}`"),
        Trigger::Retry => "before a failed task is tried again".to_owned(),
        Trigger::Subtask => "where a sub-task begins".to_owned(),
    }
}

/// Whether it wants to be asked after some tool, or before some step.
fn is_asked_along(plan: &Plan) -> bool {
    let is_between_steps =
        |trigger: &Trigger| matches!(trigger, Trigger::AfterTool(_) | Trigger::EverySteps(_));
    plan.moments.iter().any(is_between_steps)
}

/// Whether a moment is in the middle of a run.
fn is_along(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::EverySteps(_) | Trigger::AfterTool(_) | Trigger::Subtask => true,
        Trigger::Retry => false,
    }
}

/// Whether a memory that was learnt from a task can be put to the test on that task:
///
/// - not where its outcome is the answer: a memory of the outcome would pass by knowing it;
/// - not where a frozen reader asks which similar tasks were cited: a memory of the task itself is none.
pub(super) fn tests_its_own_memory(question: &Question, acting: Acting) -> bool {
    match question {
        Question::Route { .. } | Question::Forecast { .. } => false,
        // There is nothing to be learnt from it.
        Question::Unanswerable => false,
        // The run that goes on is the answer.
        Question::NextTool { .. } => false,
        // What was kept of one run says nothing of another.
        Question::Keep { .. } => false,
        // Each try is one, of a task of which nothing else is known.
        Question::Assign { .. } => true,
        Question::Kind { .. } | Question::Tools { .. } => acting == Acting::Model,
        Question::Evidence { .. } | Question::Discover { .. } => true,
    }
}

/// Whether any outcome may lie between failure and success: a recorded one, or what a question is worth.
fn grades(suite: &Suite) -> bool {
    let graded = |question: &Question| match question {
        Question::Tools { .. }
        | Question::Keep { .. }
        | Question::Assign { .. }
        | Question::Forecast { .. }
        | Question::Discover { .. } => true,
        Question::Evidence { .. }
        | Question::Unanswerable
        | Question::Kind { .. }
        | Question::NextTool { .. }
        | Question::Route { .. } => false,
    };
    let mut scores = suite.attempts().filter_map(|a| a.outcome.score);
    scores.any(|s| s != 0.0 && s != 1.0) || suite.questions().any(|(_, q)| graded(q))
}

/// How many runs by one agent there are of each task, at most.
fn runs_per_task(suite: &Suite) -> BTreeMap<(&str, &str), usize> {
    let mut runs: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (stream, episode) in suite.episodes() {
        let mut by_agent: BTreeMap<&str, usize> = BTreeMap::new();
        for attempt in &episode.attempts {
            *by_agent.entry(attempt.agent.id.as_str()).or_default() += 1;
        }
        if let Some(most) = by_agent.into_values().max() {
            runs.insert((stream.name.as_str(), episode.task.id.as_str()), most);
        }
    }
    runs
}

fn most_runs(suite: &Suite) -> usize {
    runs_per_task(suite).into_values().max().unwrap_or(0)
}

fn most_agents(suite: &Suite) -> usize {
    let agents = suite.episodes().map(|(_, episode)| {
        let agents = episode.attempts.iter().map(|a| a.agent.id.as_str());
        agents.collect::<BTreeSet<_>>().len()
    });
    agents.max().unwrap_or(0)
}

fn is_verified(attempt: &Attempt) -> bool {
    attempt.outcome.verdict != Verdict::Unknown
        && attempt.outcome.authority == Authority::GroundTruth
}

fn is_graded(attempt: &Attempt) -> bool {
    is_verified(attempt) && attempt.outcome.score.is_some()
}
