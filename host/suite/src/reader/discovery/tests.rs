use std::collections::HashSet;

use memhost_contract::{Actor, Attempt, Label};

use super::super::super::recorded::{attempt, graded, said, task};
use super::super::super::{Episode, Lane, Question, Stage, Stream, Suite, Timing};
use super::super::{KnownOutcomes, LearntAttempts, Visible};
use super::*;

/// A document in a file: `<file>.<place>`.
fn document(file: &str, place: usize, text: &str) -> Document {
    Document {
        id: format!("{file}.{place}"),
        text: text.into(),
        labels: vec![Label {
            name: PLACE.into(),
            value: file.into(),
        }],
    }
}

fn episode(id: &str, documents: Vec<Document>, question: Option<Question>) -> Episode {
    Episode {
        task: Task {
            documents,
            ..task(id.into(), "find".into(), &[])
        },
        question,
        attempts: Vec::new(),
        withheld: Vec::new(),
        group: id.into(),
        timing: Timing::default(),
        check: None,
    }
}

/// A solved file: each document's text and its problem, if it has one.
fn case(file: &str, shown: &[(&str, &str)]) -> Episode {
    let texts = shown.iter().enumerate();
    let documents = texts.map(|(place, (text, _))| document(file, place, text));
    let mut episode = episode(file, documents.collect(), None);
    let steps = shown
        .iter()
        .map(|(text, _)| said(Actor::Observation, *text));
    let id = format!("{file}-0");
    let mut solved: Attempt = attempt(id, &episode.task, 0, steps.collect(), graded(1.0));
    for (place, (_, problem)) in shown.iter().enumerate() {
        if !problem.is_empty() {
            solved
                .findings
                .push(found(problem, &[&format!("{file}.{place}")]));
        }
    }
    episode.attempts.push(solved);
    episode
}

fn found(problem: &str, evidence: &[&str]) -> Finding {
    Finding {
        problem: problem.into(),
        evidence: evidence.iter().map(|id| (*id).into()).collect(),
        action: String::new(),
        template: None,
    }
}

fn hidden(problem: &str, place: &str, evidence: &[&str]) -> HiddenProblem {
    HiddenProblem {
        problem: problem.into(),
        place: place.into(),
        evidence: evidence.iter().map(|id| (*id).into()).collect(),
    }
}

/// Three solved files, and a workspace of two files in which x leaks once and y sleeps twice.
fn workspace() -> Suite {
    let problems = vec![
        hidden("leak", "x", &["x.0"]),
        hidden("sleep", "y", &["y.0", "y.1"]),
    ];
    let documents = vec![
        document("x", 0, "let file = open(path); read(file);"),
        document("x", 1, "let file = open(path); read(file); close(file);"),
        document("y", 0, "thread::sleep(9);"),
        document("y", 1, "thread::sleep(7);"),
        document("y", 2, "total += price * 2"),
    ];
    let question = Question::Discover {
        problems,
        reports: 40,
    };
    let episodes = vec![
        case(
            "a",
            &[
                ("let file = open(name); show(read(file));", "leak"),
                ("let file = open(name); show(read(file)); close(file);", ""),
                ("for i in list { push(i) }", ""),
                ("return 1;", ""),
            ],
        ),
        case(
            "b",
            &[
                ("thread::sleep(5);", "sleep"),
                ("if a == b { return c; }", "compare"),
                ("match x { _ => 0 }", "wildcard"),
                ("println!(e)", "print"),
            ],
        ),
        // Ordinary code, so that what is out of the ordinary counts.
        case(
            "d",
            &[
                ("fn f() { g(); }", ""),
                ("struct P { x: u8 }", ""),
                ("let n = m + 1;", ""),
                ("while k < 3 { k += 1; }", ""),
                ("use std::io;", ""),
                ("impl P { fn h(&self) {} }", ""),
            ],
        ),
        episode("w", documents, Some(question)),
    ];
    Suite {
        name: "mine".into(),
        lane: Lane::Discovery,
        summary: String::new(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "main".into(),
            stages: vec![Stage::in_order(episodes)],
        }],
        budgets: vec![64],
        primary: "coverage@10".into(),
    }
}

/// A reader of the workspace, which sees these attempts.
struct Asked {
    reader: Reader,
    episode: Episode,
    learnt: LearntAttempts,
}

impl Asked {
    fn seeing(visible: &[&str]) -> Asked {
        let suite = workspace();
        let (episode, _) = suite.questions().next().unwrap();
        let reader = Reader::new(&suite);
        Asked {
            learnt: reader.having_learnt(visible),
            reader,
            episode: episode.clone(),
        }
    }

    fn with<T>(&self, sources: &[Source], ask: impl FnOnce(&Reading<'_>) -> T) -> T {
        ask(&Reading {
            guidance: &[],
            cited: &super::super::Cited::each(sources, 1.0),
            visible: Visible::all(&self.learnt),
            record: &KnownOutcomes::default(),
            seed: 0,
        })
    }

    /// Problem and document of what is reported at once.
    fn at_once(&self, sources: &[Source]) -> Vec<(String, String)> {
        named(self.with(sources, |reading| {
            self.reader.read(&self.episode, reading).findings
        }))
    }

    fn in_a_round(&self, sources: &[Source], found: &[Finding], most: u32) -> Vec<Finding> {
        self.with(sources, |reading| {
            self.reader
                .discover(&self.episode.task, reading, found, most)
        })
    }

    fn judge(&self, findings: &[Finding]) -> Act {
        self.reader.judge(&self.episode, findings.to_vec())
    }
}

fn named(findings: Vec<Finding>) -> Vec<(String, String)> {
    let findings = findings.into_iter();
    findings.map(|f| (f.problem, f.evidence.concat())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs.map(|(a, b)| ((*a).into(), (*b).into())).collect()
}

const BOTH: [&str; 2] = ["a-0", "b-0"];

#[test]
fn a_document_without_problems_speaks_against_what_resembles_it() {
    let asked = Asked::seeing(&BOTH);
    let leaks_of_x = |sources: &[Source]| {
        let mut leaks = asked.at_once(sources);
        leaks.retain(|(_, document)| document.starts_with('x'));
        leaks
    };
    // The one that closes its file says more of what the template says.
    let (leaks, closes) = (("leak", "x.0"), ("leak", "x.1"));
    assert_eq!(
        leaks_of_x(&[Source::step("a-0", 0)]),
        pairs(&[closes, leaks])
    );
    assert_eq!(
        leaks_of_x(&[Source::step("a-0", 0), Source::step("a-0", 1)]),
        pairs(&[leaks, closes])
    );
}

#[test]
fn at_once_a_problem_is_reported_as_often_as_it_seems_to_be_there() {
    let asked = Asked::seeing(&BOTH);
    let reported = asked.at_once(&[Source::step("b-0", 0)]);
    assert_eq!(reported[..2], pairs(&[("sleep", "y.0"), ("sleep", "y.1")]));
    // One template, one candidate for each of five documents.
    assert_eq!(reported.len(), 5);
}

#[test]
fn in_rounds_no_problem_is_reported_twice_in_a_place() {
    let asked = Asked::seeing(&BOTH);
    let mut findings = asked.in_a_round(&[Source::step("b-0", 0), Source::step("a-0", 0)], &[], 2);
    assert_eq!(findings.len(), 2);
    findings.extend(asked.in_a_round(
        &[Source::step("b-0", 0), Source::step("a-0", 0)],
        &findings,
        40,
    ));
    let places: Vec<(&str, &str)> = findings
        .iter()
        .map(|f| (f.problem.as_str(), &f.evidence[0][..1]))
        .collect();
    let distinct: HashSet<&(&str, &str)> = places.iter().collect();
    assert_eq!((places.len(), distinct.len()), (4, 4), "{places:?}");
    assert_eq!(
        asked.in_a_round(
            &[Source::step("b-0", 0), Source::step("a-0", 0)],
            &findings,
            40
        ),
        []
    );
    // What another agent found counts as well, whatever document of the file it named.
    let elsewhere = [found("sleep", &["y.2"])];
    let more = named(asked.in_a_round(&[Source::step("b-0", 0)], &elsewhere, 40));
    assert!(
        more.iter().all(|(_, document)| document.starts_with('x')),
        "{more:?}"
    );
}

#[test]
fn only_what_is_cited_and_visible_counts() {
    let asked = Asked::seeing(&["b-0"]);
    for nothing in [
        Source::attempt("a-0"),
        Source::step("a-0", 0),
        Source::step("b-0", 4),
        Source::attempt("b-0#0"),
        Source::attempt("c-0"),
        Source::attempt(""),
    ] {
        assert_eq!(
            asked.at_once(std::slice::from_ref(&nothing)),
            [],
            "{nothing}"
        );
    }
    // An attempt stands for all its documents; naming one of them again changes nothing.
    let all = asked.at_once(&[Source::attempt("b-0")]);
    assert_eq!(all.len(), 4 * 5);
    assert_eq!(
        asked.at_once(&[Source::attempt("b-0"), Source::step("b-0", 1)]),
        all
    );
    assert_eq!(
        asked.at_once(&[
            Source::step("b-0", 3),
            Source::step("b-0", 0),
            Source::step("b-0", 2),
            Source::step("b-0", 1)
        ]),
        all
    );
    // Answers to other citations are not mixed up with each other.
    let one = asked.at_once(&[Source::step("b-0", 0)]);
    assert_eq!(asked.at_once(&[Source::attempt("b-0")]), all);
    assert_eq!(asked.at_once(&[Source::step("b-0", 0)]), one);
}

#[test]
fn the_most_similar_five_templates_are_candidates() {
    let mut suite = workspace();
    let many: Vec<(&str, &str)> = vec![("thread::sleep(1);", "sleep"); 8];
    suite.streams[0].stages[0].episodes.push(case("c", &many));
    let asked = Asked {
        reader: Reader::new(&suite),
        ..Asked::seeing(&["c-0"])
    };
    assert_eq!(asked.at_once(&[Source::attempt("c-0")]).len(), 5 * 5);
}

#[test]
fn a_duplicate_lowers_f1_and_not_coverage() {
    let asked = Asked::seeing(&BOTH);
    let (leak, sleep) = (found("leak", &["x.0"]), found("sleep", &["y.1"]));
    let once = asked.judge(&[leak.clone(), sleep.clone()]).scores;
    // The second is named in another of the documents that show it.
    let twice = asked.judge(&[leak, sleep, found("sleep", &["y.0"])]).scores;
    for depth in DEPTHS {
        let (coverage, f1) = (format!("coverage@{depth}"), format!("f1@{depth}"));
        assert_eq!((once[&coverage], twice[&coverage]), (1.0, 1.0));
        assert_eq!((once[&f1], twice[&f1]), (1.0, 0.8));
    }
}

#[test]
fn a_duplicate_takes_the_place_of_another_report() {
    let asked = Asked::seeing(&BOTH);
    let mut findings = vec![found("leak", &["x.0"]); 5];
    findings.push(found("sleep", &["y.0"]));
    let act = asked.judge(&findings);
    assert_eq!(
        (act.scores["coverage@5"], act.scores["coverage@10"]),
        (0.5, 1.0)
    );
    assert_eq!(act.scores["f1@5"], 2.0 / 7.0);
    assert_eq!(act.reward, Some(1.0));
}

#[test]
fn the_right_problem_of_a_file_counts_whole_and_is_grounded_by_the_right_document_only() {
    let asked = Asked::seeing(&BOTH);
    let elsewhere = asked.judge(&[found("sleep", &["y.2"])]).scores;
    assert_eq!(
        (elsewhere["coverage@10"], elsewhere["grounded@10"]),
        (0.5, 0.0)
    );
    let everywhere = asked.judge(&[found("sleep", &["y.0", "y.2"])]).scores;
    assert_eq!(everywhere["grounded@10"], 0.0);
    let there = asked.judge(&[found("sleep", &["y.0", "y.1"])]).scores;
    assert_eq!((there["coverage@10"], there["grounded@10"]), (0.5, 0.5));
    let nowhere = [
        found("sleep", &["x.0"]),
        found("leak", &[]),
        found("leak", &["z.0"]),
    ];
    let nowhere = asked.judge(&nowhere).scores;
    assert!(nowhere.values().all(|score| *score == 0.0), "{nowhere:?}");
    let silent = asked.judge(&[]);
    assert_eq!(silent.reward, Some(0.0));
    assert_eq!(silent.scores["f1@10"], 0.0);
}
