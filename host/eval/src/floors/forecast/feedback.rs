//! `feedback`: several policies, each trusted by how well it has forecast the same source so far.
//!
//! It is the exponentially weighted forecaster (Cesa-Bianchi and Lugosi 2006, "Prediction, Learning, and Games", §2.2)
//! over delayed outcomes, with losses that fade: after a change of regime another policy is right. It acts through its
//! receipt alone, as every strategy does. That is enough: a policy is a set of weighted memories, its forecast
//!
//! ```text
//! p = (5 · base rate + Σ w·y) / (5 + W),    W = Σ w
//! ```
//!
//! and a mixture Σ v·p of policies, with weights v that sum to 1, is the forecast of the memories of all of them,
//! each weighing Σ a·w / Σ a with a = v / (5 + W) of its policy. So the receipt cites each memory with the score to
//! which the reader gives that weight, and the reader says the mixture.
//!
//! Besides the policies of the floors there are two that need no search: the base rate alone, which cites nothing, and
//! the coin, which cites as many questions that came true as did not. Questions with a market are left to the market.

use std::collections::BTreeMap;

use memhost::capability::CallContext;
use memhost::contract::{Attempt, Blob, Citation, Fault, Feedback, Guidance, Memory, Receipt};
use memhost_suite::reader::{BaseRates, PRIOR, forecast, score_of};
use serde::{Deserialize, Serialize};

use super::past::{Asked, Past, Resolved, of_all};
use super::policy::{MOST, Policy};

/// Losses count half after this long, in milliseconds: 60 days.
const HALF_LIFE: f64 = 60.0 * 86_400_000.0;
/// How sharply a policy is preferred for a smaller loss: its weight is e^(-RATE · loss).
const RATE: f64 = 1.0;
/// Outcomes of a source below which its base rate is trusted alone.
const FEWEST: u32 = 20;
/// How exactly a reader says its forecasts.
const ROUNDING: f64 = 1e-3;
/// The name of the notebook in the store.
const NOTEBOOK: &str = "notebook";

/// What is trusted, in the order of the losses.
const ADVISERS: [Adviser; 5] = [
    Adviser::BaseRate,
    Adviser::Coin,
    Adviser::By(Policy::Series),
    Adviser::By(Policy::Lexical),
    Adviser::By(Policy::Semantic),
];

#[derive(Debug, Clone, Copy)]
enum Adviser {
    BaseRate,
    Coin,
    By(Policy),
}

impl Adviser {
    fn name(self) -> &'static str {
        match self {
            Adviser::BaseRate => "the base rate",
            Adviser::Coin => "a coin",
            Adviser::By(Policy::Series) => "the same question",
            Adviser::By(Policy::Lexical) => "the same words",
            Adviser::By(Policy::Semantic) => "the same meaning",
        }
    }

    async fn choose(
        self,
        context: &CallContext,
        asked: &Asked,
        notebook: &Notebook,
    ) -> Result<Vec<Past>, Fault> {
        match self {
            Adviser::BaseRate => Ok(Vec::new()),
            Adviser::Coin => notebook.coin(context, asked),
            Adviser::By(policy) => policy.choose(context, asked).await,
        }
    }
}

/// What is known of outcomes, as it was after the last batch of feedback.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Notebook {
    /// When it was written.
    at: f64,
    base_rates: BaseRates,
    losses: BTreeMap<String, Losses>,
    /// By horizon: the newest memories of questions that came true, and as many of such that did not.
    coins: BTreeMap<String, Vec<String>>,
}

/// What the advisers lost on one source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Losses {
    outcomes: u32,
    /// Faded sums, in the order of [`ADVISERS`].
    by_adviser: [f64; ADVISERS.len()],
}

/// What an outcome is compared with later. It goes with the receipt.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    source: String,
    /// In the order of [`ADVISERS`].
    forecasts: [f64; ADVISERS.len()],
}

/// Asks every adviser, and cites the mixture.
pub(super) async fn guidance(context: &CallContext, asked: &Asked) -> Result<Guidance, Fault> {
    if asked.has_market {
        return Ok(said(String::new(), Vec::new(), String::new()));
    }
    let notebook = Notebook::open(context)?;
    let base_rate = notebook.base_rates.of(&asked.source, &asked.horizon);
    let trust = notebook.trust(&asked.source);
    let mut text = String::new();
    let mut forecasts = [0.0; ADVISERS.len()];
    let mut mixture = Mixture::default();
    for ((adviser, trust), said) in ADVISERS.iter().zip(trust).zip(&mut forecasts) {
        let advice = adviser.choose(context, asked, &notebook).await?;
        let evidence = advice.iter().map(|past| (past.weight(asked), past.value()));
        *said = forecast(base_rate, evidence);
        text += &format!(
            "By {}: {:.0} %, trusted with {:.0} %.\n",
            adviser.name(),
            100.0 * *said,
            100.0 * trust
        );
        mixture.add(trust, advice, asked);
    }
    let note = Note {
        source: asked.source.clone(),
        forecasts,
    };
    let note = serde_json::to_string(&note).map_err(|error| Fault::Failed(error.to_string()))?;
    Ok(said(text, mixture.citations(), note))
}

fn said(text: String, used: Vec<Citation>, note: String) -> Guidance {
    Guidance {
        text,
        receipt: Receipt {
            used,
            note,
            ..Receipt::nothing()
        },
        ..Guidance::nothing()
    }
}

/// Memories of several advisers, and what each is to weigh.
#[derive(Default)]
struct Mixture {
    /// Σ a, see the module.
    total: f64,
    /// Σ a·w by memory, with whether it is at the horizon asked about.
    weights: BTreeMap<String, (f64, bool)>,
}

impl Mixture {
    fn add(&mut self, trust: f64, advice: Vec<Past>, asked: &Asked) {
        let whole: f64 = advice.iter().map(|past| past.weight(asked)).sum();
        let share = trust / (PRIOR + whole);
        self.total += share;
        for past in advice {
            let weight = past.weight(asked);
            let near = past.is_at(asked);
            self.weights.entry(past.id).or_insert((0.0, near)).0 += share * weight;
        }
    }

    /// What weighs most comes first.
    fn citations(self) -> Vec<Citation> {
        let mut used: Vec<Citation> = self
            .weights
            .into_iter()
            .map(|(memory, (weight, near))| Citation {
                memory,
                score: score_of(weight / self.total, near),
            })
            .filter(|citation| citation.score > 0.0)
            .collect();
        used.sort_by(|a, b| b.score.total_cmp(&a.score));
        used
    }
}

/// Hears what became of forecasts: the notebook as it is to be saved.
pub(super) fn learn(context: &CallContext, feedback: &[Feedback]) -> Result<Blob, Fault> {
    let mut notebook = Notebook::open(context)?;
    notebook.fade(context.run.now);
    for heard in feedback {
        // Nothing was forecast where a market was asked, or where the call failed.
        let Ok(note) = serde_json::from_str::<Note>(&heard.receipt.note) else {
            continue;
        };
        if let Some(outcome) = outcome_of(&heard.attempt) {
            notebook.charge(&note, outcome);
        }
    }
    let memories = context.memories()?;
    memories.look(&context.view, |look| notebook.count(of_all(look, false)));
    let bytes = serde_json::to_vec(&notebook).map_err(|error| Fault::Failed(error.to_string()))?;
    Ok(Blob {
        name: NOTEBOOK.into(),
        bytes,
    })
}

/// Whether it came true, 1 or 0: what was said, together with its score 1 - (p - outcome)^2, tells. `None` if it does
/// not, as after p = 0.5, which is wrong by as much either way.
fn outcome_of(attempt: &Attempt) -> Option<f64> {
    let said: f64 = attempt.answer.parse().ok()?;
    let score = attempt.outcome.score?;
    let off = |outcome: f64| (1.0 - (said - outcome).powi(2) - score).abs();
    let (came_true, did_not) = (off(1.0), off(0.0));
    ((came_true - did_not).abs() > ROUNDING).then(|| f64::from(u8::from(came_true < did_not)))
}

impl Notebook {
    fn open(context: &CallContext) -> Result<Notebook, Fault> {
        match context.memories()?.blob(NOTEBOOK) {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| Fault::Failed(format!("its notebook cannot be read: {error}"))),
            None => Ok(Notebook::default()),
        }
    }

    /// How far each adviser is trusted on a source, in the order of [`ADVISERS`]; together 1.
    fn trust(&self, source: &str) -> [f64; ADVISERS.len()] {
        let losses = match self.losses.get(source) {
            Some(losses) if losses.outcomes >= FEWEST => &losses.by_adviser,
            _ => return std::array::from_fn(|place| f64::from(u8::from(place == 0))),
        };
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let weights = losses.map(|loss| (-RATE * (loss - least)).exp());
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }

    /// Lets time pass over all losses.
    fn fade(&mut self, now: f64) {
        let kept = 0.5_f64.powf((now - self.at).max(0.0) / HALF_LIFE);
        for losses in self.losses.values_mut() {
            losses.by_adviser = losses.by_adviser.map(|loss| loss * kept);
        }
        self.at = now;
    }

    fn charge(&mut self, note: &Note, outcome: f64) {
        let losses = self.losses.entry(note.source.clone()).or_default();
        losses.outcomes += 1;
        for (loss, forecast) in losses.by_adviser.iter_mut().zip(note.forecasts) {
            *loss += (forecast - outcome).powi(2);
        }
    }

    /// Takes stock of everything that is remembered, the newest first.
    fn count<'a>(&mut self, past: impl Iterator<Item = &'a Memory>) {
        self.base_rates = BaseRates::default();
        let mut sides: BTreeMap<&str, [Vec<&str>; 2]> = BTreeMap::new();
        for memory in past {
            let past = Resolved::of(memory);
            self.base_rates
                .add(past.source, past.horizon, past.happened);
            let [came_true, did_not] = sides.entry(past.horizon).or_default();
            let side = if past.happened { came_true } else { did_not };
            if side.len() < MOST as usize {
                side.push(&memory.id);
            }
        }
        self.coins = sides
            .into_iter()
            .map(|(horizon, [came_true, did_not])| {
                let pairs = came_true.into_iter().zip(did_not);
                let ids = pairs.flat_map(|(yes, no)| [yes.to_owned(), no.to_owned()]);
                (horizon.to_owned(), ids.collect())
            })
            .collect();
    }

    fn coin(&self, context: &CallContext, asked: &Asked) -> Result<Vec<Past>, Fault> {
        let Some(ids) = self.coins.get(&asked.horizon) else {
            return Ok(Vec::new());
        };
        let memories = context.memories()?.get(ids, &context.view);
        Ok(memories
            .into_iter()
            .map(|memory| Past::of(memory, 1.0))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::past::remember;
    use super::*;
    use memhost::contract::{Memory, State};
    use memhost_suite::recorded::{graded, resolution, task};

    fn asked(horizon: &str) -> Asked {
        Asked::of(&task("t".into(), "?".into(), &[("horizon", horizon)]))
    }

    /// A memory as it is cited.
    fn past(id: &str, horizon: &str, happened: bool, score: f64) -> Past {
        Past::of(memory(id, horizon, happened), score)
    }

    fn memory(id: &str, horizon: &str, happened: bool) -> Memory {
        let task = task(id.into(), "?".into(), &[("horizon", horizon)]);
        let new = remember(&resolution(&task, happened), 0.0).unwrap();
        Memory {
            id: id.into(),
            kind: new.kind,
            title: new.title,
            content: new.content,
            keys: new.keys,
            labels: new.labels,
            payload: new.payload,
            state: State::Active,
            counters: new.counters,
            sources: new.sources,
            expires: None,
            created: 0.0,
            updated: 0.0,
            last_used: 0.0,
        }
    }

    #[test]
    fn the_reader_says_the_mixture_of_all_advice() {
        let asked = asked("7");
        let advice = [
            (0.2, vec![]),
            (
                0.5,
                vec![past("a", "7", true, 0.9), past("b", "30", false, 0.7)],
            ),
            (
                0.3,
                vec![past("b", "30", false, 1.0), past("c", "7", true, 13.0)],
            ),
        ];
        let outcomes = [("a", "7", 1.0), ("b", "30", 0.0), ("c", "7", 1.0)];
        for base_rate in [0.1, 0.5, 0.8] {
            let mut mixture = Mixture::default();
            let mut expected = 0.0;
            for (trust, advice) in advice.clone() {
                let evidence = advice
                    .iter()
                    .map(|past| (past.weight(&asked), past.value()));
                expected += trust * forecast(base_rate, evidence);
                mixture.add(trust, advice, &asked);
            }
            let cited = mixture.citations().into_iter().map(|citation| {
                let known = outcomes.iter().find(|(id, ..)| *id == citation.memory);
                let (_, horizon, value) = known.unwrap();
                let weight = memhost_suite::reader::weight(citation.score, *horizon == "7");
                (weight, *value)
            });
            let said = forecast(base_rate, cited);
            assert!((said - expected).abs() < 1e-12, "{said} for {expected}");
        }
    }

    #[test]
    fn an_outcome_is_told_from_a_forecast_and_its_score() {
        let heard = |answer: &str, score: f64| {
            let task = task("t".into(), "?".into(), &[]);
            let mut attempt = resolution(&task, true);
            attempt.answer = answer.into();
            attempt.outcome = graded(score);
            outcome_of(&attempt)
        };
        assert_eq!(heard("0.7000", 1.0 - 0.09), Some(1.0));
        assert_eq!(heard("0.7000", 1.0 - 0.49), Some(0.0));
        assert_eq!(heard("0.4990", 1.0 - 0.4990_f64.powi(2)), Some(0.0));
        assert_eq!(heard("0.5000", 0.75), None);
        assert_eq!(heard("likely", 0.75), None);
    }

    #[test]
    fn trust_follows_losses_and_losses_fade() {
        let mut notebook = Notebook::default();
        let note = Note {
            source: "s".into(),
            forecasts: [0.5, 0.5, 0.9, 0.4, 0.4],
        };
        for _ in 1..FEWEST {
            notebook.charge(&note, 1.0);
        }
        let base_rate_alone = [1.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(notebook.trust("s"), base_rate_alone);
        notebook.charge(&note, 1.0);
        let trust = notebook.trust("s");
        assert!((trust.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(trust[2] > 0.9, "{trust:?}");
        assert_eq!(notebook.trust("another"), base_rate_alone);

        let before = notebook.losses["s"].by_adviser[0];
        notebook.fade(HALF_LIFE);
        let after = notebook.losses["s"].by_adviser[0];
        assert!((after - before / 2.0).abs() < 1e-12);
        assert!(notebook.trust("s")[2] < trust[2]);
    }

    #[test]
    fn a_coin_is_as_many_of_either_kind() {
        let all: Vec<Memory> = (0..60)
            .map(|n| memory(&format!("m{n}"), "7", n % 3 == 0))
            .collect();
        let mut notebook = Notebook::default();
        notebook.count(all.iter());
        let coin = &notebook.coins["7"];
        assert_eq!(coin.len(), 40);
        let yes = coin
            .iter()
            .filter(|id| id[1..].parse::<u32>().unwrap() % 3 == 0);
        assert_eq!(yes.count(), 20);
        assert!((notebook.base_rates.of("", "7") - 1.0 / 3.0).abs() < 1e-12);
    }
}
