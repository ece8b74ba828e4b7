//! Lane `steps`: the tools that guidance names, as a guess of what comes next.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use memhost_contract::Actor;

use super::super::text::first_mention;
use super::super::{Question, Scores, Suite};
use super::{Reader, Reading};

/// How many guesses count, by metric.
const GUESSES: [(&str, usize); 2] = [("next@1", 1), ("next@3", 3)];

/// Every tool that somebody calls in the suite.
pub(super) fn tools(suite: &Suite) -> BTreeSet<String> {
    let asked = suite
        .questions()
        .filter_map(|(_, question)| match question {
            Question::NextTool { tool, .. } => Some(tool.clone()),
            _ => None,
        });
    let asked: BTreeSet<String> = asked.collect();
    if asked.is_empty() {
        return asked;
    }
    let steps = suite.attempts().flat_map(|attempt| &attempt.steps);
    let called = steps.filter(|step| step.actor == Actor::Action);
    asked
        .into_iter()
        .chain(called.filter_map(|step| step.name.clone()))
        .collect()
}

impl Reader {
    pub(super) fn read_next(&self, tool: &str, reading: &Reading<'_>, scores: &mut Scores) {
        if reading.visible.is_empty() {
            return;
        }
        let guidance = reading.guidance.last().map_or("", String::as_str);
        let guessed = self.named_in(guidance);
        for (metric, guesses) in GUESSES {
            let right = guessed.iter().take(guesses).any(|guess| *guess == tool);
            scores.insert(metric.into(), f64::from(u8::from(right)));
        }
    }

    /// The tools that a text names, in the order in which it first does; of two that begin at one place the longer first,
    /// because `track-order` names `track` only by the way.
    fn named_in(&self, text: &str) -> Vec<&str> {
        let mentions = self.tools.iter().map(String::as_str);
        let mut mentions: Vec<(usize, &str)> = mentions
            .filter_map(|tool| Some((first_mention(text, tool)?, tool)))
            .collect();
        mentions.sort_unstable_by_key(|(at, tool)| (*at, Reverse(tool.len())));
        mentions.into_iter().map(|(_, tool)| tool).collect()
    }
}
