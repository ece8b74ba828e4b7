//! Trajectories as text, for prompts: what was said, thought, done and seen.
//!
//! What ground truth says of an attempt (its outcome, rewards, baseline) has no place here, so that no prompt made
//! of this text gives it away.

use crate::types::{Actor, Attempt, Step};

/// Characters of one text, as ReasoningBank's released code cuts the state of a page.
const LONGEST: usize = 40_000;

/// The steps, one below the other, each saying whose turn it is; observations only if asked for.
pub fn history(steps: &[Step], observations: bool) -> String {
    let told = steps
        .iter()
        .filter(|step| observations || step.actor != Actor::Observation);
    told.map(|step| line(step, cut(&step.text)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Those of the texts that say something, under their headings.
pub fn sections(sections: &[(&str, &str)]) -> String {
    let told = sections.iter().filter(|(_, text)| !text.trim().is_empty());
    told.map(|(heading, text)| format!("# {heading}\n\n{}", text.trim()))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// What was last said, done or seen by this actor; nothing if it never was.
pub fn last(steps: &[Step], actor: Actor) -> &str {
    let step = steps.iter().rfind(|step| step.actor == actor);
    step.map_or("", |step| &step.text)
}

/// What the agent handed in, or else said last.
pub fn handed_in(attempt: &Attempt) -> &str {
    match attempt.answer.trim() {
        "" => last(&attempt.steps, Actor::Answer),
        answer => answer,
    }
}

/// The first 40,000 characters of a text.
pub fn cut(text: &str) -> &str {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// A step that says whose turn it is, with as much of its text as is to be told.
pub fn line(step: &Step, text: &str) -> String {
    match (step.actor, &step.name) {
        (Actor::User, _) => format!("User: {text}"),
        (Actor::Thought, _) => format!("Thought: {text}"),
        (Actor::Action, Some(name)) => format!("Action: {name}({text})"),
        (Actor::Action, None) => format!("Action: {text}"),
        (Actor::Observation, _) => format!("Observation: {text}"),
        (Actor::Answer, _) => format!("Answer: {text}"),
        (Actor::Subtask, _) => format!("Sub-task: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_says_whose_turn_it_is_and_never_what_it_earned() {
        let mut steps = vec![
            Step::user("A lamp, please."),
            Step::subtask("Find one."),
            Step::thought("Look first."),
            Step::action("search", "lamp"),
            Step::observation("3 lamps"),
            Step::answer("Which one?"),
        ];
        steps[3].reward = Some(0.75);
        assert_eq!(
            history(&steps, true),
            "User: A lamp, please.\nSub-task: Find one.\nThought: Look first.\nAction: search(lamp)\n\
             Observation: 3 lamps\nAnswer: Which one?"
        );
        assert!(!history(&steps, false).contains("3 lamps"));
    }

    #[test]
    fn what_was_handed_in_is_the_answer_or_else_what_was_said_last() {
        let attempt = Attempt::new("a", crate::Task::new("t", "?"))
            .step(Step::answer("First."))
            .step(Step::answer("Then."))
            .step(Step::observation("3 lamps"));
        assert_eq!(handed_in(&attempt), "Then.");
        assert_eq!(last(&attempt.steps, Actor::Thought), "");
        assert_eq!(handed_in(&attempt.answer(" 7 ")), "7");
    }

    #[test]
    fn a_section_without_text_has_no_heading() {
        let told = sections(&[("Task", " Buy a lamp.\n"), ("Answer", " ")]);
        assert_eq!(told, "# Task\n\nBuy a lamp.");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let long = "日".repeat(LONGEST + 1);
        assert_eq!(cut(&long).chars().count(), LONGEST);
        assert_eq!(cut("日"), "日");
    }
}
