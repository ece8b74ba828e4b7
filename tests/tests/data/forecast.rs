//! Lane D: does memory help where outcomes arrive late? The floors on the generated suite and, with the folder of data
//! sets in `MEMHOST_DATA`, on ForecastBench.

use std::collections::BTreeMap;
use std::sync::Arc;

use memhost::embedding::Builtin;
use memhost_eval::compare::statistics::{Estimate, Score, difference, estimate};
use memhost_eval::driver::CellReport;
use memhost_suite::{Question, Suite};
use memhost_tests::data_set;

use crate::floors;

type Reports = BTreeMap<String, Vec<(u64, CellReport)>>;

fn measure(suite: &Suite, seeds: std::ops::Range<u64>, wanted: &dyn Fn(&str) -> bool) -> Reports {
    floors::reports(suite, seeds, Arc::new(Builtin::default()), wanted)
}

/// The scores of one floor, of the tasks of some kind.
fn scores<'a>(
    reports: &'a [(u64, CellReport)],
    metric: &'a str,
    counts: &'a dyn Fn(&str) -> bool,
) -> Vec<Score<'a>> {
    let tasks = reports
        .iter()
        .flat_map(|(seed, report)| report.tasks.iter().map(move |task| (*seed, task)));
    tasks
        .filter(|(_, task)| counts(&task.task))
        .filter_map(|(seed, task)| {
            Some(Score {
                seed,
                order: 0,
                task: &task.task,
                group: &task.group,
                value: *task.scores.get(metric)?,
            })
        })
        .collect()
}

/// Mean Brier scores by floor, printed for whoever looks.
fn briers(
    suite: &Suite,
    reports: &Reports,
    counts: &dyn Fn(&str) -> bool,
) -> BTreeMap<String, f64> {
    reports
        .iter()
        .map(|(floor, cells)| {
            let brier = estimate(scores(cells, "brier", counts)).unwrap();
            let seconds = cells
                .iter()
                .map(|(_, report)| report.wall.unwrap_or_default().as_secs_f64());
            println!(
                "{} {floor}: {:.4} {:?}, {} questions, {:.1} s",
                suite.name,
                brier.mean,
                brier.interval.map(|i| (i.low, i.high)),
                brier.tasks,
                seconds.sum::<f64>() / cells.len() as f64
            );
            (floor.clone(), brier.mean)
        })
        .collect()
}

/// One floor's Brier scores less another's.
fn paired(reports: &Reports, ours: &str, theirs: &str) -> Estimate {
    let all = |_: &str| true;
    let of = |floor: &str| scores(&reports[floor], "brier", &all);
    let found = difference(&of(ours), &of(theirs)).unwrap();
    println!("{ours} - {theirs}: {:+.4} {:?}", found.mean, found.interval);
    found
}

/// The interval of a difference lies below zero.
fn is_better(difference: &Estimate) -> bool {
    difference
        .interval
        .is_some_and(|interval| interval.high < 0.0)
}

/// Task ids by the source that they ask about, with the stream as in a report.
fn tasks_of<'a>(suite: &'a Suite, wanted: &'a str) -> impl Fn(&str) -> bool + 'a {
    move |task: &str| {
        suite.questions().any(|(episode, question)| {
            matches!(question, Question::Forecast { source, .. } if source == wanted)
                && task.ends_with(&format!("/{}", episode.task.id))
        })
    }
}

const EVERYTHING: &dyn Fn(&str) -> bool = &|_| true;

/// The real figures: 0.5 everywhere .250, base rate .210, BM25 .193, MiniLM .189, feedback .176.
#[test]
fn generated_forecasts_rank_the_floors_as_real_questions_do() {
    let suite = Suite::load("forecast").unwrap();
    let reports = measure(&suite, 1..4, &|_| true);
    let brier = briers(&suite, &reports, EVERYTHING);
    let lead = |worse: &str, better: &str| brier[worse] - brier[better];
    assert!(brier["none"] < 0.24, "a base rate beats a coin");
    for memory in ["bm25", "dense"] {
        assert!((0.005..0.06).contains(&lead("none", memory)), "{memory}");
        assert!(
            (0.005..0.04).contains(&lead(memory, "feedback")),
            "{memory}"
        );
    }
    for blind in ["random", "recency"] {
        assert!(lead("none", blind) < 0.005, "{blind}");
    }
    assert!(lead("feedback", "oracle") > 0.1);
    assert!(is_better(&paired(&reports, "feedback", "bm25")));
    assert!(is_better(&paired(&reports, "feedback", "dense")));

    let coins = tasks_of(&suite, "exchange");
    for (floor, brier) in briers(&suite, &reports, &coins) {
        assert!(floor == "oracle" || brier > 0.245, "{floor}: {brier:.3}");
    }
}

/// The same questions, with outcomes that are known as soon as they are asked for: what a leak would be worth.
#[test]
fn a_leak_would_look_better_than_any_honest_memory() {
    let honest = Suite::load("forecast").unwrap();
    let mut leaking = honest.clone();
    for stage in &mut leaking.streams[0].stages {
        for episode in &mut stage.episodes {
            episode.timing.known = None;
        }
    }
    let memory = |name: &str| ["bm25", "dense"].contains(&name);
    let honest = briers(&honest, &measure(&honest, 1..3, &memory), EVERYTHING);
    let leaking = briers(&leaking, &measure(&leaking, 1..3, &memory), EVERYTHING);
    for (floor, brier) in honest {
        assert!(leaking[&floor] < brier - 0.005, "{floor}");
    }
}

#[test]
fn what_has_been_asked_says_nothing_of_what_becomes_of_it() {
    let suite = Suite::load("forecast").unwrap();
    for (_, episode) in suite.episodes() {
        let shown = format!("{:?}", episode.task);
        for word in ["true", "yes", "Some"] {
            assert!(!shown.contains(word), "{shown}");
        }
        assert!(episode.timing.asked < episode.timing.known);
    }
}

/// ForecastBench, or `None` with a remark on why nothing is measured.
fn forecastbench() -> Option<Suite> {
    let path = data_set("forecastbench")?;
    Some(Suite::load(&format!("forecastbench:{}", path.display())).unwrap())
}

#[test]
fn forecastbench_is_read_as_the_reference_reads_it() {
    let Some(suite) = forecastbench() else {
        return;
    };
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    let mut came_true = 0;
    for (_, question) in suite.questions() {
        let Question::Forecast {
            source, happened, ..
        } = question
        else {
            panic!("{question:?}");
        };
        *sources.entry(source).or_default() += 1;
        came_true += usize::from(*happened);
    }
    let expected = [
        ("acled", 2750),
        ("dbnomics", 2631),
        ("fred", 2714),
        ("infer", 156),
        ("manifold", 402),
        ("metaculus", 244),
        ("polymarket", 826),
        ("wikipedia", 2629),
        ("yfinance", 2713),
    ];
    assert_eq!(sources, BTreeMap::from(expected));
    println!("{came_true} came true");
    let stages = &suite.streams[0].stages;
    assert_eq!(stages.len(), 16);
    let scored = stages.iter().filter(|stage| !stage.warm_up);
    let priced = |question: &Option<Question>| {
        matches!(
            question,
            Some(Question::Forecast {
                market: Some(_),
                ..
            })
        )
    };
    let scored = scored.flat_map(|stage| &stage.episodes);
    let (markets, plain): (Vec<_>, Vec<_>) = scored.partition(|e| priced(&e.question));
    assert_eq!((plain.len(), markets.len()), (10_528, 1_295));
}

/// `forecast_baseline.py`: 0.5 everywhere .2500, base rate .2101 (by source alone .2071), BM25 .1930, MiniLM .1890,
/// feedback .1764, the market .1046.
#[test]
fn floors_reproduce_forecastbench() {
    let Some(suite) = forecastbench() else {
        return;
    };
    let reports = measure(&suite, 1..2, &|_| true);
    let brier = briers(&suite, &reports, EVERYTHING);
    let about = |floor: &str, reference: f64| {
        let off = (brier[floor] - reference).abs();
        assert!(off <= 0.005, "{floor}: {:.4} for {reference}", brier[floor]);
    };
    about("none", 0.2101);
    about("bm25", 0.1930);
    about("dense", 0.1890);
    about("feedback", 0.1764);
    assert!(brier["oracle"] < 0.05);
    for blind in ["random", "recency"] {
        assert!(brier[blind] > brier["none"] - 0.002, "{blind}");
    }
    for memory in ["none", "bm25", "dense", "same-series"] {
        assert!(is_better(&paired(&reports, "feedback", memory)), "{memory}");
    }
    let market = estimate(scores(&reports["none"], "market-brier", EVERYTHING)).unwrap();
    assert!((market.mean - 0.1046).abs() < 0.001, "{:.4}", market.mean);
    for (floor, cells) in &reports {
        let market = estimate(scores(cells, "market-brier", EVERYTHING)).unwrap();
        println!("markets {floor}: {:.4}", market.mean);
    }
}
