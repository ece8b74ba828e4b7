//! HotpotQA (<https://hotpotqa.github.io>), as far as Reflexion's logs hold it: 100 questions, each with the two paragraphs
//! that its answer follows from. Among them stand, where they are at hand, the paragraphs of HippoRAG's corpus for
//! 2WikiMultiHopQA (<https://github.com/OSU-NLP-Group/HippoRAG>, `reproduce/dataset/2wikimultihopqa_corpus.json`), which
//! are of the same kind and about something else. The user brings both.
//!
//! A paragraph is a document of its own, all learnt first. Which of its sentences matter the logs do not say, so that a
//! piece of evidence is a whole paragraph. Titles are left out: those that are asked for have none.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use memhost_contract::{Actor, Source};
use serde::Deserialize;

use super::super::recorded::{attempt, said, task, unknown};
use super::super::source::is_readable;
use super::super::{
    AnswerCheck, Episode, Lane, Matching, Question, Stage, Stream, Suite, SuiteError,
};
use super::{LeftOut, Meant, file_of, opaque, reflexion_hotpotqa, rows};

/// Paragraphs about something else.
const CORPUS: &str = "2wikimultihopqa_corpus.json";
/// Where they are, seen from the logs.
const BESIDE: [&str; 3] = ["", "..", "reproduce/dataset"];
const PARAGRAPH: Meant =
    Meant::Published("a paragraph of HippoRAG's corpus has `title` and `text`");
/// How many paragraphs an answer follows from.
const HOPS: usize = 2;
const STREAM: &str = "hotpotqa";

#[derive(Deserialize)]
struct ParagraphRow {
    text: String,
}

/// A question with the paragraphs that it was logged with, and its answer.
type Asked = (Vec<String>, Vec<String>);

/// Reads the folder with the `*_trials.txt` files, or one of them, and the corpus beside them.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut left_out = LeftOut::default();
    let mut questions = questions(path)?;
    let all = questions.len();
    questions.retain(|_, (paragraphs, _)| paragraphs.len() == HOPS);
    let why = format!("not logged with {HOPS} paragraphs");
    left_out.counted(all - questions.len(), "question", "questions", why);
    if questions.is_empty() {
        return Err(SuiteError::Source {
            path: path.to_owned(),
            problem: "no question in it is logged with the paragraphs that answer it".into(),
            advice: "take the logs whose names begin with `CoT_context` too".into(),
        });
    }
    let mut learnt = HashSet::new();
    let mut documents = Vec::new();
    let asked = questions.values().flat_map(|(paragraphs, _)| paragraphs);
    for paragraph in asked.chain(&others(path, &mut left_out)?) {
        if learnt.insert(paragraph.clone()) {
            documents.push(document(paragraph));
        }
    }
    let asked = questions
        .into_iter()
        .map(|(text, asked)| question(text, asked));
    Ok(Suite {
        name: "hotpotqa".into(),
        lane: Lane::Hops,
        summary: format!(
            "HotpotQA: questions that two of {} paragraphs answer together",
            documents.len()
        ),
        left_out: left_out.0,
        streams: vec![Stream {
            name: STREAM.into(),
            stages: vec![Stage::shuffled(documents), Stage::shuffled(asked.collect())],
        }],
        budgets: vec![128, 256, 512, 4096],
        primary: "pieces@512".into(),
    })
}

/// Every question of the logs that some agent was given paragraphs for.
fn questions(path: &Path) -> Result<BTreeMap<String, Asked>, SuiteError> {
    let mut questions = BTreeMap::new();
    for (_, episode) in reflexion_hotpotqa::read(path)?.episodes() {
        let mut known = HashSet::new();
        let paragraphs = episode.task.documents.iter().map(|document| &document.text);
        // The logs repeat a paragraph that several sentences are needed of.
        let paragraphs: Vec<String> = paragraphs
            .filter(|text| known.insert(*text))
            .cloned()
            .collect();
        if let Some(AnswerCheck::Exact { answers }) = &episode.check
            && !paragraphs.is_empty()
        {
            let asked = (paragraphs, answers.clone());
            questions.entry(episode.task.text.clone()).or_insert(asked);
        }
    }
    Ok(questions)
}

/// The paragraphs of the corpus.
fn others(path: &Path, left_out: &mut LeftOut) -> Result<Vec<String>, SuiteError> {
    let folder = match path.parent() {
        Some(parent) if is_readable(path) => parent,
        _ => path,
    };
    let places = BESIDE.iter().map(|place| folder.join(place));
    let found: Option<PathBuf> = places.into_iter().find_map(|place| file_of(&place, CORPUS));
    let Some(file) = found else {
        left_out.named(
            CORPUS,
            "not beside the logs, so that no paragraph is about something else",
        );
        return Ok(Vec::new());
    };
    let rows = rows::<ParagraphRow>(&file, PARAGRAPH)?.into_iter();
    let texts = rows.map(|(_, row)| row.text.trim().to_owned());
    Ok(texts.filter(|text| !text.is_empty()).collect())
}

fn document_id(paragraph: &str) -> String {
    opaque("hotpotqa/paragraph", paragraph)
}

fn document(paragraph: &String) -> Episode {
    let id = document_id(paragraph);
    let task = task(id.clone(), "A paragraph of an encyclopedia".into(), &[]);
    let steps = vec![said(Actor::User, paragraph)];
    Episode {
        attempts: vec![attempt(id.clone(), &task, 0, steps, unknown())],
        ..Episode::of(task)
    }
}

fn question(text: String, (pieces, answers): Asked) -> Episode {
    let id = opaque("hotpotqa", &text);
    let yes_or_no = |answer: &String| matches!(answer.to_lowercase().as_str(), "yes" | "no");
    let told = answers.iter().filter(|answer| !yes_or_no(answer));
    Episode {
        question: Some(Question::Evidence {
            // What no paragraph can tell is nowhere to be found.
            answers: told.cloned().collect(),
            matching: Matching::Phrase,
            gold: pieces
                .iter()
                .map(|piece| Source::step(document_id(piece), 0))
                .collect(),
            pieces,
        }),
        check: Some(AnswerCheck::Exact { answers }),
        ..Episode::of(task(id, text, &[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
BEGIN TRIAL 1
------------- BEGIN CORRECT AGENTS -------------

Context: Ann Lee is a Belgian painter.

Ann Lee is a Belgian painter.

Ghent lies in Belgium. Question: In which country was Ann Lee, born in Ghent, born?
Thought: Belgium.
Action: Finish[Belgium]
Observation: Answer is CORRECT
Correct answer: Belgium

Context: Rex is a dog.

Tom is a dog. Question: Are both Rex and Tom dogs?
Thought: Yes.
Action: Finish[yes]
Correct answer: yes

Context: Alone. Question: Who is alone?
Thought: Nobody.
Action: Finish[nobody]
Correct answer: nobody
";

    fn read_from(corpus: Option<&str>) -> Suite {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("CoT_context_trials.txt"), LOG).unwrap();
        if let Some(corpus) = corpus {
            std::fs::write(folder.path().join(CORPUS), corpus).unwrap();
        }
        read(folder.path()).unwrap()
    }

    #[test]
    fn questions_have_the_paragraphs_that_answer_them_as_pieces() {
        let suite = read_from(None);
        let pieces: Vec<(&str, &[String], &[String])> = suite
            .questions()
            .map(|(episode, question)| match question {
                Question::Evidence {
                    answers, pieces, ..
                } => (episode.task.text.as_str(), &answers[..], &pieces[..]),
                other => panic!("{other:?}"),
            })
            .collect();
        let both = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
        assert_eq!(
            pieces,
            [
                (
                    "Are both Rex and Tom dogs?",
                    &[][..],
                    &both("Rex is a dog.", "Tom is a dog.")[..]
                ),
                (
                    "In which country was Ann Lee, born in Ghent, born?",
                    &["Belgium".to_owned()][..],
                    &both("Ann Lee is a Belgian painter.", "Ghent lies in Belgium.")[..]
                ),
            ]
        );
        assert_eq!(super::super::super::check(&suite), []);
        let said = suite.left_out.join("\n");
        assert!(
            said.contains("1 question: not logged with 2 paragraphs"),
            "{said}"
        );
        assert!(said.contains(CORPUS), "{said}");
    }

    #[test]
    fn paragraphs_of_the_corpus_stand_among_them_once() {
        let corpus = r#"[{"title": "Bruges", "text": "Bruges is a city."}, {"title": "Ghent", "text": "Ghent lies in Belgium."}]"#;
        let (without, with) = (read_from(None), read_from(Some(corpus)));
        assert_eq!(without.attempts().count(), 4);
        assert_eq!(with.attempts().count(), 5);
        assert!(with.summary.contains("5 paragraphs"), "{}", with.summary);
    }

    #[test]
    fn logs_without_paragraphs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let log = LOG
            .replace("Context: ", "")
            .replace("Ghent lies in Belgium. Question", "Question");
        let log: Vec<&str> = log
            .lines()
            .filter(|line| !line.starts_with("Ann"))
            .collect();
        std::fs::write(folder.path().join("ReAct_trials.txt"), log.join("\n")).unwrap();
        let said = read(folder.path()).unwrap_err().to_string();
        assert!(said.contains("CoT_context"), "{said}");
    }
}
