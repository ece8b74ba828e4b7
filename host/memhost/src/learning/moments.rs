//! Moments: when in the course of a run a plan wants the strategy to be asked.

use memhost_contract::{Actor, Moment, Step, Trigger};

/// The moments that have come when `taken` steps of a run are taken, each once. `goes_on` says whether another step follows:
/// before the end of a run nothing is to be said any more. Of a run that is under way, the steps are all that there are.
///
/// A tool has been called when its answer is there; where none comes, when the call is made. That a task is tried again is
/// for whoever tries it to know.
pub fn due(triggers: &[Trigger], run: &[Step], taken: usize, goes_on: bool) -> Vec<Moment> {
    let (taken, rest) = run.split_at(taken.min(run.len()));
    let mut moments: Vec<Moment> = Vec::new();
    for trigger in triggers {
        let moment = match trigger {
            Trigger::EverySteps(every) => before_step(*every, taken, goes_on),
            Trigger::AfterTool(wanted) => after_tool(wanted.as_deref(), taken, rest),
            Trigger::Subtask => subtask(taken),
            Trigger::Retry => None,
        };
        moments.extend(moment.filter(|moment| !moments.contains(moment)));
    }
    moments
}

fn before_step(every: u32, taken: &[Step], goes_on: bool) -> Option<Moment> {
    let number = u32::try_from(taken.len()).ok()?;
    let is_due = goes_on && number > 0 && number.checked_rem(every) == Some(0);
    is_due.then_some(Moment::Step(number))
}

fn after_tool(wanted: Option<&str>, taken: &[Step], rest: &[Step]) -> Option<Moment> {
    let (last, before) = taken.split_last()?;
    let tool = match last.actor {
        Actor::Observation => {
            let mut calls = before.iter().rev();
            let call = calls.find(|step| step.actor == Actor::Action)?;
            last.name.as_ref().or(call.name.as_ref())?
        }
        Actor::Action if !is_answered(last, rest) => last.name.as_ref()?,
        _ => return None,
    };
    let is_wanted = wanted.is_none_or(|wanted| wanted == tool);
    is_wanted.then(|| Moment::AfterTool(tool.clone()))
}

/// Whether the answer of a call is among what follows it: several calls may be made before the first is answered.
fn is_answered(call: &Step, rest: &[Step]) -> bool {
    rest.iter()
        .take_while(|step| matches!(step.actor, Actor::Action | Actor::Observation))
        .any(|step| {
            step.actor == Actor::Observation && (step.name.is_none() || step.name == call.name)
        })
}

fn subtask(taken: &[Step]) -> Option<Moment> {
    let opens = |step: &&Step| step.actor == Actor::Subtask;
    taken.last().filter(opens)?;
    let opened = taken.iter().filter(opens).count();
    Some(Moment::Subtask(u32::try_from(opened - 1).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Vec<Step> {
        let seen = |name: Option<&str>| Step {
            name: name.map(str::to_owned),
            ..Step::new(Actor::Observation, "{}")
        };
        vec![
            Step::new(Actor::User, "Book a flight."),
            Step::new(Actor::Subtask, "find one"),
            Step::action("find", "{}"),
            seen(None),
            Step::action("look", "{}"),
            Step::action("pay", "{}"),
            seen(Some("look")),
            seen(Some("pay")),
            Step::new(Actor::Subtask, "tell"),
            Step::action("note", "{}"),
            Step::new(Actor::Answer, "Booked."),
        ]
    }

    /// Each moment with how many steps were taken when it came.
    fn asked(triggers: &[Trigger]) -> Vec<(usize, Moment)> {
        let run = run();
        let at = |taken: usize| {
            let moments = due(triggers, &run, taken, taken < run.len());
            moments.into_iter().map(move |moment| (taken, moment))
        };
        (0..=run.len()).flat_map(at).collect()
    }

    #[test]
    fn before_every_nth_step_but_the_first_and_never_behind_the_last() {
        let numbers = |every| {
            let asked = asked(&[Trigger::EverySteps(every)]).into_iter();
            asked.map(|(taken, _)| taken).collect::<Vec<usize>>()
        };
        assert_eq!(numbers(4), [4, 8]);
        assert_eq!(numbers(1), (1..11).collect::<Vec<usize>>());
        assert!(numbers(11).is_empty() && numbers(0).is_empty());
        assert!(matches!(
            asked(&[Trigger::EverySteps(4)])[0].1,
            Moment::Step(4)
        ));
    }

    #[test]
    fn after_a_tool_means_after_its_answer_or_after_the_call_that_has_none() {
        let after = |tool: &str| Moment::AfterTool(tool.to_owned());
        assert_eq!(
            asked(&[Trigger::AfterTool(None)]),
            [
                (4, after("find")),
                (7, after("look")),
                (8, after("pay")),
                (10, after("note")),
            ]
        );
        let one = asked(&[Trigger::AfterTool(Some("pay".to_owned()))]);
        assert_eq!(one, [(8, after("pay"))]);
    }

    #[test]
    fn where_a_sub_task_begins() {
        let expected = [(2, Moment::Subtask(0)), (9, Moment::Subtask(1))];
        assert_eq!(asked(&[Trigger::Subtask, Trigger::Subtask]), expected);
    }

    #[test]
    fn a_plan_that_asks_for_nothing_is_asked_nothing() {
        assert!(asked(&[]).is_empty());
        assert!(asked(&[Trigger::Retry]).is_empty());
    }
}
