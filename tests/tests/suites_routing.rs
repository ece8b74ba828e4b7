//! Lane C: does experience tell which agent to send? The frozen reader and the suites of the lane, over a memory that is
//! as simple as can be: every outcome that was heard of, by how similar its task is.

use std::collections::{BTreeMap, HashMap, HashSet};

use memhost::contract::{Attempt, Side};
use memhost::embedding::{Builtin, Embedder};
use memhost::suite::{Episode, Question, Reader, Reading, Record, Suite, check};

/// How many memories fit into the guidance.
const CITED: usize = 50;

/// Which memories are handed out, and with which scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Memory {
    /// None: the reader counts successes.
    Nothing,
    /// Any.
    Random,
    /// By words in common, as BM25 would score them, by a task's score of itself.
    Lexical,
    /// By cosine.
    Dense,
    /// Those that point to the best agent.
    Oracle,
}

/// Whose outcomes are heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feedback {
    /// The agent's that was sent.
    Own,
    /// Everybody's.
    Shared,
}

/// Means over the questions.
#[derive(Debug, Clone, Copy)]
struct Figures {
    success: f64,
    regret: f64,
}

/// How similar the texts of a suite are to each other, in 0..=1.
struct Similarity {
    number: HashMap<String, usize>,
    lexical: Vec<Vec<f64>>,
    dense: Vec<Vec<f64>>,
}

impl Similarity {
    fn of(suite: &Suite) -> Similarity {
        let mut texts: Vec<String> = Vec::new();
        let mut number = HashMap::new();
        for (_, episode) in suite.episodes() {
            number.entry(episode.task.text.clone()).or_insert_with(|| {
                texts.push(episode.task.text.clone());
                texts.len() - 1
            });
        }
        Similarity {
            number,
            lexical: lexical(&texts),
            dense: dense(&texts),
        }
    }
}

/// BM25 (k1 = 1.5, b = 0.75) of every text for every text, by its score of itself.
fn lexical(texts: &[String]) -> Vec<Vec<f64>> {
    let words: Vec<HashMap<String, f64>> = texts
        .iter()
        .map(|text| {
            let mut counts = HashMap::new();
            for word in text.split(|c: char| !c.is_alphanumeric()) {
                if word.len() > 3 {
                    *counts.entry(word.to_lowercase()).or_insert(0.0) += 1.0;
                }
            }
            counts
        })
        .collect();
    let mut postings: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, counts) in words.iter().enumerate() {
        for word in counts.keys() {
            postings.entry(word).or_default().push(at);
        }
    }
    let lengths: Vec<f64> = words.iter().map(|counts| counts.values().sum()).collect();
    let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
    let mut scores = vec![vec![0.0; texts.len()]; texts.len()];
    for (word, holders) in &postings {
        let rarity = (1.0
            + (texts.len() as f64 - holders.len() as f64 + 0.5) / (holders.len() as f64 + 0.5))
            .ln();
        for &at in holders {
            let count = words[at][*word];
            let part = rarity * count * 2.5 / (count + 1.5 * (0.25 + 0.75 * lengths[at] / mean));
            for &asked in holders {
                scores[asked][at] += part * words[asked][*word];
            }
        }
    }
    for (asked, row) in scores.iter_mut().enumerate() {
        let own = row[asked].max(1e-9);
        row.iter_mut()
            .for_each(|score| *score = (*score / own).clamp(0.0, 1.0));
    }
    scores
}

fn dense(texts: &[String]) -> Vec<Vec<f64>> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let vectors: Vec<Vec<f32>> = runtime
        .block_on(Builtin::default().embed(texts, Side::Document))
        .unwrap()
        .into_iter()
        .map(|vector| {
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            vector.into_iter().map(|x| x / length.max(1e-9)).collect()
        })
        .collect();
    let cosine = |a: &[f32], b: &[f32]| {
        let product: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
        f64::from(product).clamp(0.0, 1.0)
    };
    vectors
        .iter()
        .map(|a| vectors.iter().map(|b| cosine(a, b)).collect())
        .collect()
}

/// Bits that are the same wherever this runs (SplitMix64).
fn bits(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn shuffled(count: usize, state: &mut u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(
            last,
            usize::try_from(bits(state) % (last as u64 + 1)).unwrap(),
        );
    }
    order
}

fn run(
    suite: &Suite,
    similarity: &Similarity,
    memory: Memory,
    feedback: Feedback,
    seed: u64,
) -> Figures {
    let reader = Reader::new(suite);
    let mut state = seed;
    let (mut success, mut regret, mut asked) = (0.0, 0.0, 0.0);
    for stream in &suite.streams {
        let mut record = Record::default();
        let mut heard: Vec<&Attempt> = Vec::new();
        let mut visible: HashSet<String> = HashSet::new();
        for stage in &stream.stages {
            for place in shuffled(stage.episodes.len(), &mut state) {
                let episode = &stage.episodes[place];
                let (sources, weights) =
                    handed_out(memory, episode, &heard, similarity, &mut state);
                let act = reader.read(
                    episode,
                    &Reading {
                        guidance: &[String::new()],
                        sources: &sources,
                        weights: &weights,
                        visible: &visible,
                        record: &record,
                        seed: bits(&mut state),
                    },
                );
                success += act.scores["success"];
                regret += act.scores["regret"];
                asked += 1.0;
                let sent = act.agent.unwrap();
                let mut told = HashSet::new();
                for attempt in &episode.attempts {
                    let agent = attempt.agent.id.as_str();
                    if (feedback == Feedback::Shared || agent == sent) && told.insert(agent) {
                        reader.reveal(&mut record, &attempt.id);
                        visible.insert(attempt.id.clone());
                        heard.push(attempt);
                    }
                }
            }
        }
    }
    Figures {
        success: success / asked,
        regret: regret / asked,
    }
}

fn handed_out(
    memory: Memory,
    episode: &Episode,
    heard: &[&Attempt],
    similarity: &Similarity,
    state: &mut u64,
) -> (Vec<String>, Vec<f64>) {
    let number = |text: &str| similarity.number[text];
    let task = number(&episode.task.text);
    let Some(Question::Route { values }) = &episode.question else {
        panic!("lane C asks whom to send");
    };
    let best = values.values().copied().fold(0.0, f64::max);
    let mut scored: Vec<(f64, &str)> = heard
        .iter()
        .map(|attempt| {
            let other = number(&attempt.task.text);
            let solved = attempt.outcome.score == Some(1.0);
            let is_best = values.get(&attempt.agent.id) == Some(&best);
            let score = match memory {
                Memory::Nothing => 0.0,
                Memory::Random => (bits(state) % 1_000_000) as f64 / 1e6,
                Memory::Lexical => similarity.lexical[task][other],
                Memory::Dense => similarity.dense[task][other],
                Memory::Oracle => f64::from(u8::from(solved == is_best)),
            };
            (score, attempt.id.as_str())
        })
        .filter(|(score, _)| *score > 0.0)
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.truncate(CITED);
    if memory == Memory::Random {
        // As a floor cites what it knows nothing of: by rank.
        for (place, (score, _)) in scored.iter_mut().enumerate() {
            *score = 1.0 / (place as f64 + 1.0);
        }
    }
    scored
        .into_iter()
        .map(|(score, id)| (id.to_owned(), score))
        .unzip()
}

fn figures(suite: &Suite, feedback: Feedback, seeds: u64) -> BTreeMap<Memory, Figures> {
    let similarity = Similarity::of(suite);
    let all = [
        Memory::Nothing,
        Memory::Random,
        Memory::Lexical,
        Memory::Dense,
        Memory::Oracle,
    ];
    all.into_iter()
        .map(|memory| {
            let runs: Vec<Figures> = (0..seeds)
                .map(|seed| run(suite, &similarity, memory, feedback, seed))
                .collect();
            let mean = |of: fn(&Figures) -> f64| runs.iter().map(of).sum::<f64>() / seeds as f64;
            let figures = Figures {
                success: mean(|f| f.success),
                regret: mean(|f| f.regret),
            };
            println!("{} {feedback:?} {memory:?}: {figures:.3?}", suite.name);
            (memory, figures)
        })
        .collect()
}

#[test]
fn generated_routing_rewards_experience_with_similar_tasks() {
    let suite = Suite::load("routing").unwrap();
    for feedback in [Feedback::Own, Feedback::Shared] {
        figures(&suite, feedback, 10);
    }
}

#[test]
fn no_memory_beats_plain_counts_on_gsm8k() {
    let Some(folder) = std::env::var_os("MEMHOST_DATA") else {
        eprintln!(
            "ignored: MEMHOST_DATA does not name the folder of data sets that holds `gsm8k_multi_agent`"
        );
        return;
    };
    let path = std::path::Path::new(&folder).join("gsm8k_multi_agent");
    let suite = Suite::load(&format!("gsm8k:{}", path.display())).unwrap();
    assert_eq!(check(&suite), []);
    for feedback in [Feedback::Own, Feedback::Shared] {
        figures(&suite, feedback, 3);
    }
}
