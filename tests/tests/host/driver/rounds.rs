//! What the driver does with a search in rounds: what was found reaches the next round, nothing is reported twice, and a
//! round that finds nothing new is the last.

use memhost_suite::HiddenProblem;

use super::models::{Scripted as Model, finding};
use super::*;

/// A solved case with the problem `leak`, and a task that hides it in two of its documents.
fn searched() -> Arc<Suite> {
    let document = |id: &str, text: &str| Document {
        id: id.into(),
        text: text.into(),
        labels: vec![],
    };
    let leak = "open the file, read it, and never close the handle";
    let mut solved = attempt("case", 0, Verdict::Success);
    solved.task.documents = vec![document("c1", leak)];
    solved.outcome.score = Some(1.0);
    solved.findings = vec![Finding {
        problem: "leak".into(),
        evidence: vec!["c1".into()],
        action: String::new(),
        template: None,
    }];
    let mut case = episode("case", false, vec![solved.clone()]);
    case.task = solved.task.clone();
    let mut search = episode("search", true, vec![]);
    search.task.documents = vec![
        document("d1", leak),
        document("d2", &format!("{leak} again")),
    ];
    let hidden = |id: &str| HiddenProblem {
        problem: "leak".into(),
        place: id.into(),
        evidence: vec![id.into()],
    };
    search.question = Some(Question::Discover {
        problems: vec![hidden("d1"), hidden("d2")],
        reports: 10,
    });
    let mut suite = (*suite(vec![case, search])).clone();
    suite.lane = Lane::Discovery;
    suite.primary = "coverage@10".into();
    Arc::new(suite)
}

fn searching(rounds: u32, findings_per_round: u32) -> Arc<Scripted> {
    let mut strategy = Scripted::new(|attempts| {
        let memory = NewMemory {
            sources: vec![Source::step(&attempts[0].id, 0)],
            ..NewMemory::new("note", "the template")
        };
        Ok(vec![Change::at_once(Op::Insert(memory))])
    });
    strategy.plan.rounds = rounds;
    strategy.plan.findings_per_round = findings_per_round;
    Arc::new(strategy)
}

/// How many findings each retrieval was told of.
fn known_findings(strategy: &Scripted) -> Vec<usize> {
    let queries = strategy.queries.lock().unwrap();
    queries.iter().map(|query| query.found.len()).collect()
}

#[tokio::test]
async fn each_round_is_told_what_was_found_and_the_one_that_finds_nothing_is_the_last() {
    let strategy = searching(10, 1);
    let (report, _) = run(&strategy, &searched(), None).await.unwrap();
    assert_eq!(known_findings(&strategy), [0, 1, 2]);
    assert_eq!(report.runs.rounds, 3, "the third finds nothing");
    assert_eq!(report.tasks[0].scores["coverage@10"], 1.0);
    let moments: Vec<Moment> = {
        let queries = strategy.queries.lock().unwrap();
        queries.iter().map(|query| query.moment.clone()).collect()
    };
    assert_eq!(moments, [0, 1, 2].map(Moment::Round));
    let each = memhost_words::count("the template");
    assert_eq!(report.tasks[0].tokens, 3 * each, "each round is handed it");
}

#[tokio::test]
async fn a_plan_says_how_much_is_found_in_a_round() {
    let several = searching(3, 0);
    run(&several, &searched(), None).await.unwrap();
    assert_eq!(known_findings(&several), [0, 2]);
}

#[tokio::test]
async fn what_was_found_names_the_memory_by_which_it_was_recognised() {
    let strategy = searching(2, 1);
    run(&strategy, &searched(), None).await.unwrap();
    let queries = strategy.queries.lock().unwrap();
    assert_eq!(queries[1].found[0].template.as_deref(), Some("m1"));
}

#[tokio::test]
async fn a_model_that_repeats_itself_reports_once_and_ends_the_search() {
    let strategy = searching(10, 1);
    let model = Arc::new(Model::saying(|_| Ok(finding("leak", "d1"))));
    let acting = (Acting::Model, Models::all(model.clone()));
    let (report, _) = run_with(&strategy, &searched(), None, acting)
        .await
        .unwrap();
    assert_eq!(model.asked(), 2, "the second reply says nothing new");
    let scores = &report.tasks[0].scores;
    assert_eq!((scores["coverage@10"], report.runs.rounds), (0.5, 2));
    assert!((scores["f1@10"] - 2.0 / 3.0).abs() < 1e-9, "{scores:?}");
}
