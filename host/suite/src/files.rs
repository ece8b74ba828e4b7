//! Files as lane E has them: a solved one is a recorded attempt, several unsolved ones are a workspace.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use memhost_contract::{Actor, Document, Finding, Label, Task};

use super::recorded::{attempt, graded, said, task};
use super::{Episode, HiddenProblem, Lane, Question, Stage, Stream, Suite};

/// The label of a document that says in which file it stands.
pub(super) const PLACE: &str = "file";
/// What a task says; all that there is to know stands in its documents.
const TEXT: &str = "Find the problems in these files.";
/// The most findings that may be reported in a workspace.
const REPORTS: u32 = 40;
/// What guidance may cost: the whole library of a strategy that hands out all that it knows, which for the solved half
/// of the largest data set read here (`clippy-ui`) is some 650,000 tokens.
const BUDGET: u32 = 1_000_000;

/// A part of a file that is looked at by itself, and what is wrong in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) text: String,
    pub(super) problems: BTreeSet<String>,
}

/// A file. Its name says nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) blocks: Vec<Block>,
}

/// First all solved files are learnt from, then each workspace is asked about. What no solved file shows is not asked
/// for, and a workspace in which nothing else is wrong is left out.
pub(super) fn suite(
    name: &str,
    summary: &str,
    solved: &[File],
    workspaces: &[Vec<&File>],
) -> Suite {
    let known: HashSet<&str> = solved
        .iter()
        .flat_map(|file| &file.blocks)
        .flat_map(|block| block.problems.iter().map(String::as_str))
        .collect();
    let cases = solved.iter().map(case).collect();
    let workspaces = workspaces.iter().enumerate();
    let workspaces = workspaces
        .filter_map(|(number, files)| workspace(format!("w{number}"), files, &known))
        .collect();
    Suite {
        name: name.to_owned(),
        lane: Lane::Discovery,
        summary: summary.to_owned(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "files".into(),
            stages: vec![Stage::in_order(cases), Stage::shuffled(workspaces)],
        }],
        budgets: vec![BUDGET],
        primary: "coverage@10".into(),
    }
}

impl File {
    fn block_id(&self, place: usize) -> String {
        format!("{}.{place}", self.name)
    }

    fn documents(&self) -> impl Iterator<Item = Document> {
        let blocks = self.blocks.iter().enumerate();
        blocks.map(|(place, block)| Document {
            id: self.block_id(place),
            text: block.text.clone(),
            labels: vec![Label {
                name: PLACE.into(),
                value: self.name.clone(),
            }],
        })
    }

    /// Every problem of every block, with the block's id.
    fn problems(&self) -> impl Iterator<Item = (&str, String)> {
        let blocks = self.blocks.iter().enumerate();
        blocks.flat_map(move |(place, block)| {
            let problems = block.problems.iter();
            problems.map(move |problem| (problem.as_str(), self.block_id(place)))
        })
    }
}

/// A solved file: its blocks as they were read, and what is wrong in them.
fn case(file: &File) -> Episode {
    let task = find_problems(&file.name, file.documents());
    let blocks = file.blocks.iter();
    let steps = blocks.map(|block| said(Actor::Observation, block.text.clone()));
    let id = format!("{}-0", file.name);
    let mut solved = attempt(id, &task, 0, steps.collect(), graded(1.0));
    let findings = file.problems().map(|(problem, block)| Finding {
        problem: problem.to_owned(),
        evidence: vec![block],
        action: String::new(),
        template: None,
    });
    solved.findings = findings.collect();
    Episode {
        attempts: vec![solved],
        ..episode(task, None)
    }
}

/// Nothing, if none of what is wrong in these files is known.
fn workspace(id: String, files: &[&File], known: &HashSet<&str>) -> Option<Episode> {
    let mut shown: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for file in files {
        for (problem, block) in file.problems() {
            if known.contains(problem) {
                shown.entry((&file.name, problem)).or_default().push(block);
            }
        }
    }
    let problems: Vec<HiddenProblem> = shown
        .into_iter()
        .map(|((place, problem), evidence)| HiddenProblem {
            problem: problem.to_owned(),
            place: place.to_owned(),
            evidence,
        })
        .collect();
    if problems.is_empty() {
        return None;
    }
    let task = find_problems(&id, files.iter().flat_map(|file| file.documents()));
    let question = Question::Discover {
        problems,
        reports: REPORTS,
    };
    Some(episode(task, Some(question)))
}

fn find_problems(id: &str, documents: impl Iterator<Item = Document>) -> Task {
    Task {
        documents: documents.collect(),
        ..task(id.to_owned(), TEXT.into(), &[])
    }
}

fn episode(task: Task, question: Option<Question>) -> Episode {
    Episode {
        question,
        ..Episode::of(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, blocks: &[&[&str]]) -> File {
        let blocks = blocks.iter().enumerate();
        let blocks = blocks.map(|(place, problems)| Block {
            text: format!("{name} {place}"),
            problems: problems
                .iter()
                .map(|problem| (*problem).to_owned())
                .collect(),
        });
        File {
            name: name.to_owned(),
            blocks: blocks.collect(),
        }
    }

    #[test]
    fn a_solved_file_is_an_attempt_whose_steps_are_its_documents() {
        let solved = [file("f0", &[&[], &["b", "a"]])];
        let suite = suite("mine", "", &solved, &[]);
        let [attempt] = suite.streams[0].stages[0].episodes[0].attempts.as_slice() else {
            panic!("one attempt");
        };
        let documents = attempt.task.documents.iter().map(|document| &document.text);
        assert!(documents.eq(attempt.steps.iter().map(|step| &step.text)));
        let findings: Vec<(&str, &str)> = attempt
            .findings
            .iter()
            .map(|finding| (finding.problem.as_str(), finding.evidence[0].as_str()))
            .collect();
        assert_eq!(findings, [("a", "f0.1"), ("b", "f0.1")]);
    }

    #[test]
    fn a_workspace_hides_what_solved_files_show_once_per_file() {
        let solved = [file("f0", &[&["a"], &["b"]])];
        let (one, two) = (file("f1", &[&["a"], &["a", "new"]]), file("f2", &[&["a"]]));
        let unheard_of = file("f3", &[&["new"]]);
        let suite = suite("mine", "", &solved, &[vec![&one, &two], vec![&unheard_of]]);
        let questions: Vec<&Question> = suite.questions().map(|(_, question)| question).collect();
        let [Question::Discover { problems, .. }] = questions.as_slice() else {
            panic!("one workspace");
        };
        let hidden = |place: &str, evidence: &[&str]| HiddenProblem {
            problem: "a".into(),
            place: place.into(),
            evidence: evidence.iter().map(|id| (*id).to_owned()).collect(),
        };
        assert_eq!(
            *problems,
            [hidden("f1", &["f1.0", "f1.1"]), hidden("f2", &["f2.0"])]
        );
    }
}
