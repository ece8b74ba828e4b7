//! What a comparison says it can find, it finds.

use std::sync::Arc;

use memhost::compare::aa::{AaTest, Sides};
use memhost::compare::statistics::{LEVEL, Paired, Score};
use memhost::driver::{Acting, Surroundings};
use memhost::embedding::Builtin;
use memhost::engine::Limits;
use memhost::model::{Models, NoModel};
use memhost::store::Store;

const RUNS: u64 = 100;

/// The scores with as many misses made hits, evenly spread, as lift their mean by `lift`.
fn lifted<'a>(scores: &[Score<'a>], lift: f64) -> Vec<Score<'a>> {
    let misses = scores.iter().filter(|score| score.value == 0.0).count();
    let wanted = (lift * scores.len() as f64).ceil() as usize;
    assert!(wanted <= misses, "{wanted} of {misses} misses");
    let mut seen = 0;
    scores
        .iter()
        .map(|score| {
            if score.value != 0.0 {
                return *score;
            }
            seen += 1;
            let turns = seen * wanted / misses > (seen - 1) * wanted / misses;
            Score {
                value: f64::from(u8::from(turns)),
                ..*score
            }
        })
        .collect()
}

/// Whether a comparison of these two tells ours apart from theirs, as the better one.
fn finds(ours: &[Score<'_>], theirs: &[Score<'_>]) -> bool {
    let paired = Paired::new(ours, theirs).unwrap();
    let interval = paired.estimate().interval.unwrap();
    interval.low > 0.0 && paired.test().1.unwrap() <= LEVEL
}

/// The same strategy twice on a made suite, one of them lifted by twice the smallest difference that the comparison says
/// it finds.
#[test]
fn an_effect_of_twice_the_smallest_detectable_one_is_found() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let found = runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let embedder = Arc::new(Builtin::default());
        let surroundings = Surroundings {
            store: Store::open(&folder.path().to_string_lossy(), embedder.clone())
                .await
                .unwrap(),
            models: Arc::new(Models::all(Arc::new(NoModel))),
            embedder,
            limits: Limits::default(),
            acting: Acting::Reader,
        };
        let test = AaTest {
            subject: None,
            suite: "routing".into(),
            seeds: 1,
        };
        let mut found = 0;
        for run in 0..RUNS {
            let sides: Sides = test.sides(run, &surroundings).await.unwrap();
            let [ours, theirs] = sides.scores();
            let detectable = Paired::new(&ours, &theirs).unwrap().detectable().unwrap();
            assert!((0.03..0.15).contains(&detectable), "{detectable}");
            found += usize::from(finds(&lifted(&ours, 2.0 * detectable), &theirs));
        }
        found
    });
    println!("found in {found} of {RUNS} runs");
    assert!(found >= 80, "found in {found} of {RUNS} runs");
}
