//! Lane C: Thompson sampling over the outcomes of what was retrieved, on top of what is known of each agent.
//!
//! Silence is a choice: without memories an agent's whole record counts, which is plain counting. Whoever hands out
//! memories has the record shrunk to ten observations, so that a few close neighbours can outweigh it, and pays for
//! that where similar tasks say nothing. On GSM8K, the negative control, counting solves .544 of the problems with the
//! chosen agent's outcomes alone (.560 with everybody's), and BM25 over the earlier problems .500 (.497); the best
//! agent solves .563.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};

use super::super::success::succeeded;
use super::super::{AttemptFacts, Episode, Scores};
use super::{Act, Reader, Reading};

/// How many observations an agent's own record counts for, at most, where the receipt speaks. Where it is silent,
/// the whole record counts.
pub const PRIOR: f64 = 10.0;
/// How many observations a memory of score 1 counts for.
const EVIDENCE: f64 = 3.0;
/// Scores are raised to this power, so that only close neighbours speak.
const POWER: i32 = 6;

impl Reader {
    /// Sends one of the agents that have an attempt in the episode.
    pub(super) fn route(
        &self,
        episode: &Episode,
        values: &BTreeMap<String, f64>,
        reading: &Reading<'_>,
    ) -> Act {
        let mut bits = ChaCha8Rng::seed_from_u64(reading.seed);
        let evidence: Vec<(&AttemptFacts, f64)> = reading
            .cited
            .iter()
            .map(|cited| (cited.source.attempt.as_str(), cited.weight))
            .filter(|(attempt, _)| reading.visible.contains(attempt))
            .filter_map(|(attempt, weight)| Some((self.facts.get(attempt)?, weight)))
            .collect();
        let mut sent: Option<(f64, &str)> = None;
        for agent in values.keys() {
            let drawn = draw(agent, &evidence, reading, &mut bits);
            if sent.is_none_or(|(best, _)| drawn > best) {
                sent = Some((drawn, agent));
            }
        }
        let Some((_, agent)) = sent else {
            return Act::default();
        };
        let own = episode.attempts.iter().find(|a| a.agent.id == agent);
        let success = own.and_then(super::success);
        let best = values.values().copied().fold(0.0, f64::max);
        let mut scores = Scores::new();
        if let Some(success) = success {
            scores.insert("success".into(), success);
        }
        if let Some(value) = values.get(agent) {
            scores.insert("regret".into(), best - value);
        }
        Act {
            scores,
            reward: success,
            agent: Some(agent.to_owned()),
            answer: own
                .map(|attempt| attempt.answer.clone())
                .unwrap_or_default(),
            findings: Vec::new(),
        }
    }
}

impl Reader {
    /// 1 if the attempt is a success of an agent that is best at a task of these values, or a failure of one that is
    /// not; 0 if it misleads.
    pub(super) fn points_to_the_best(&self, values: &BTreeMap<String, f64>, attempt: &str) -> f64 {
        let best = values.values().copied().fold(0.0, f64::max);
        let facts = self.facts.get(attempt);
        let Some((value, success)) =
            facts.and_then(|facts| values.get(&facts.agent).zip(facts.success))
        else {
            return 0.0;
        };
        f64::from(u8::from(succeeded(success) == (*value == best)))
    }
}

/// A plausible rate of success of this agent on this task.
fn draw(
    agent: &str,
    evidence: &[(&AttemptFacts, f64)],
    reading: &Reading<'_>,
    bits: &mut ChaCha8Rng,
) -> f64 {
    let known = reading
        .record
        .agents
        .get(agent)
        .copied()
        .unwrap_or_default();
    let mut wins = 1.0 + known.sum;
    let mut losses = 1.0 + known.count - known.sum;
    if !evidence.is_empty() {
        let shrink = (PRIOR / (wins + losses)).min(1.0);
        (wins, losses) = (wins * shrink, losses * shrink);
    }
    for (facts, score) in evidence.iter().filter(|(facts, _)| facts.agent == agent) {
        if let Some(success) = facts.success {
            let weight = EVIDENCE * score.clamp(0.0, 1.0).powi(POWER);
            wins += weight * success;
            losses += weight * (1.0 - success);
        }
    }
    // Both are positive and finite, so that the distribution exists.
    Beta::new(wins, losses).map_or(0.5, |beta| beta.sample(bits))
}

#[cfg(test)]
mod tests;
