//! The distiller: what sets the preferred run apart from the others, as constraints?

use memhost_sdk::trajectory::{cut, handed_in, history, sections};
use memhost_sdk::{AnswerGuard, Attempt, Prompt, Question, Role, one_line};
use serde::Deserialize;

use crate::TEMPERATURE;
use crate::contrast::Contrast;

/// Asks the strongest model, whichever agents have run the task.
const SUMMARISE: Prompt<Answer> = Prompt::new(Role::Strongest, "summarise")
    .instructions(include_str!("../prompts/summarise.md"))
    .replies(
        "a list of constraints",
        include_str!("../prompts/summarise.schema.json"),
    )
    .temperature(TEMPERATURE);

#[derive(Deserialize)]
struct Answer {
    constraints: Vec<Constraint>,
}

/// A principle that the preferred run keeps to, and the mistake that breaks it.
#[derive(Deserialize)]
struct Constraint {
    when: String,
    enforce: String,
    avoid: String,
}

impl Constraint {
    /// As it is kept and handed out; nothing unless all three parts say something.
    fn sentence(&self) -> Option<String> {
        let when = phrase(&self.when, "when");
        let enforce = phrase(&self.enforce, "enforce");
        let avoid = phrase(&self.avoid, "avoid");
        let whole = ![&when, &enforce, &avoid].iter().any(|part| part.is_empty());
        whole.then(|| format!("When {when}, enforce {enforce}; avoid {avoid}."))
    }
}

/// Asks for at most so many constraints: sentences, in the model's order, without any that gives away an answer.
pub(crate) fn question<'a>(contrast: &'a Contrast, most: usize) -> Question<'a, Vec<String>> {
    let general = move |Answer { constraints }| {
        let answers = contrast.runs().map(|run| AnswerGuard::of(handed_in(run)));
        let answers: Vec<AnswerGuard> = answers.collect();
        let sentences = constraints.iter().filter_map(Constraint::sentence);
        let tells = |sentence: &String| answers.iter().any(|answer| answer.is_told_by(sentence));
        Ok(sentences.filter(|one| !tells(one)).take(most).collect())
    };
    SUMMARISE
        .filled(&[("most", &most.to_string())], material(contrast))
        .then(general)
        .doing("contrasting the runs")
}

/// The task, the preferred run, the others.
fn material(contrast: &Contrast) -> String {
    let mut told = vec![sections(&[("Task", &contrast.preferred.task.text)])];
    told.push(run("The preferred run", contrast.preferred));
    for (number, unpreferred) in (1..).zip(&contrast.unpreferred) {
        told.push(run(&format!("Unpreferred run {number}"), unpreferred));
    }
    told.join("\n\n")
}

fn run(heading: &str, attempt: &Attempt) -> String {
    sections(&[
        (heading, &history(&attempt.steps, true)),
        (&format!("{heading}: its answer"), cut(&attempt.answer)),
    ])
}

/// A part of a sentence on one line: without the word that the sentence has in front of it, and without a full stop.
fn phrase(part: &str, word: &str) -> String {
    let line = one_line(part);
    let bare = match line.split_once(' ') {
        Some((first, rest)) if first.eq_ignore_ascii_case(word) => rest,
        _ => &line,
    };
    bare.trim_end_matches(['.', ',', ';', ' ']).to_owned()
}
