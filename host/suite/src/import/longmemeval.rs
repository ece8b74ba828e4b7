//! LongMemEval (<https://github.com/xiaowu0162/LongMemEval>, Wu et al., ICLR 2025): questions of a user about what was
//! said to an assistant in many sessions, most of them about something else. `longmemeval_s.json` has about 40 sessions
//! per question, `longmemeval_m.json` 500, `longmemeval_oracle.json` those with evidence only. The user brings the
//! data.
//!
//! An instance is a stream: its sessions in the order of their dates, then its one question, which is dated by its
//! label `date`. Sessions with evidence are called `answer_…` in the data, so that every session gets an opaque id.
//! What the flag `has_answer` marks is the evidence, turn by turn, and how much of it comes back is the primary metric,
//! as the authors measure memory. Their accuracy is a language model's judgement of a free answer; here the answer's
//! words are looked for, except for preferences, where the data describe a good reply and no words can be right.
//!
//! Abstention questions (`…_abs`) ask for what was never said: there is no evidence to find, so these are left out, and
//! counted.

use std::path::Path;

use memhost_contract::{Actor, Step, Task};
use serde::Deserialize;
use serde_json::Value;

use super::super::recorded::{attempt, said, step_of, task, unknown};
use super::super::{Episode, Lane, Matching, Question, Stage, Stream, Suite, SuiteError, Timing};
use super::{LeftOut, Meant, dates, file_in, lenient, opaque, rows};

/// The files, the one that most comparisons use first; the authors' later release has `_cleaned` in its names.
const FILES: [&str; 6] = [
    "longmemeval_s.json",
    "longmemeval_s_cleaned.json",
    "longmemeval_oracle.json",
    "longmemeval_oracle_cleaned.json",
    "longmemeval_m.json",
    "longmemeval_m_cleaned.json",
];
const ABSTENTION: &str = "_abs";
const PREFERENCE: &str = "single-session-preference";
const INSTANCE: Meant = Meant::Published(
    "an instance of LongMemEval has `question_id`, `question_type`, `question`, `answer`, `question_date`, and \
     `haystack_sessions` with their `haystack_session_ids` and `haystack_dates`",
);

#[derive(Deserialize)]
struct Instance {
    #[serde(deserialize_with = "lenient::id")]
    question_id: String,
    question_type: String,
    question: String,
    /// A text, or a number such as a count; or several.
    answer: Value,
    question_date: String,
    haystack_session_ids: Vec<String>,
    haystack_dates: Vec<String>,
    haystack_sessions: Vec<Vec<Turn>>,
    #[serde(default, deserialize_with = "lenient::list")]
    answer_session_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Turn {
    role: Speaker,
    content: String,
    #[serde(default, deserialize_with = "lenient::default")]
    has_answer: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Speaker {
    User,
    Assistant,
}

/// Reads one of the files, or the first that a folder has.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut left_out = LeftOut::default();
    let file = file_in(path, &FILES, &mut left_out)?;
    let instances = rows::<Instance>(&file, INSTANCE)?;
    let all = instances.len();
    let mut streams = Vec::new();
    for (_, instance) in instances {
        if !instance.question_id.ends_with(ABSTENTION) {
            streams.push(stream(&file, instance)?);
        }
    }
    let abstention = all - streams.len();
    left_out.counted(
        abstention,
        "question",
        "questions",
        "asking for what was never said",
    );
    Ok(Suite {
        name: "longmemeval".into(),
        lane: Lane::Evidence,
        summary: format!(
            "LongMemEval: questions about many sessions with an assistant; {abstention} of {all} ask for what was never \
             said and are left out"
        ),
        left_out: left_out.0,
        streams,
        budgets: vec![128, 256, 512, 4096],
        primary: "recall@10".into(),
    })
}

fn stream(file: &Path, instance: Instance) -> Result<Stream, SuiteError> {
    let Instance {
        question_id,
        question_type,
        question,
        answer,
        question_date,
        haystack_session_ids,
        haystack_dates,
        haystack_sessions,
        answer_session_ids,
    } = instance;
    let sessions = haystack_sessions.len();
    let (ids, dates) = (haystack_session_ids.len(), haystack_dates.len());
    if (ids, dates) != (sessions, sessions) {
        return Err(SuiteError::Source {
            path: file.to_owned(),
            problem: format!(
                "question `{question_id}` has {sessions} sessions, {ids} ids of sessions and {dates} dates"
            ),
            advice: "each session has an id and a date; take the file as LongMemEval publishes it"
                .into(),
        });
    }
    let name = opaque("longmemeval", &question_id);
    let mut gold = Vec::new();
    let mut episodes: Vec<(String, Episode)> = Vec::new();
    let sessions = haystack_session_ids.iter().enumerate();
    let sessions = sessions.zip(haystack_dates).zip(haystack_sessions);
    for (((place, id), date), turns) in sessions {
        // A session may stand in a haystack twice.
        let attempt_id = opaque(&name, &format!("{place}/{id}"));
        if answer_session_ids.contains(id) {
            let marked = turns.iter().enumerate().filter(|(_, turn)| turn.has_answer);
            gold.extend(marked.map(|(step, _)| step_of(&attempt_id, step)));
        }
        let episode = session(&name, attempt_id, &date, turns);
        episodes.push((date, episode));
    }
    // The oracle's are not in order. What is no date stands behind those that are.
    episodes.sort_by_key(|(date, _)| {
        let moment = dates::moment(date);
        (moment.is_none(), moment, date.clone())
    });
    let question = Episode {
        task: task(
            name.clone(),
            question,
            &[("category", &question_type), ("date", &question_date)],
        ),
        question: Some(Question::Evidence {
            answers: match answer {
                _ if question_type == PREFERENCE => Vec::new(),
                answer => lenient::texts(answer),
            },
            matching: Matching::Words,
            gold,
            pieces: Vec::new(),
        }),
        attempts: Vec::new(),
        withheld: Vec::new(),
        timing: asked(&question_date),
        check: None,
        group: name.clone(),
    };
    let episodes = episodes.into_iter().map(|(_, episode)| episode).collect();
    Ok(Stream {
        name,
        stages: vec![Stage::in_order(episodes), Stage::in_order(vec![question])],
    })
}

fn session(stream: &str, id: String, date: &str, turns: Vec<Turn>) -> Episode {
    let text = format!("A conversation on {date}");
    let task = Task {
        time: asked(date).asked,
        ..task(id.clone(), text, &[("sample", stream)])
    };
    let steps = turns.into_iter().map(step).collect();
    Episode {
        question: None,
        attempts: vec![attempt(id.clone(), &task, 0, steps, unknown())],
        withheld: Vec::new(),
        timing: asked(date),
        check: None,
        group: id,
        task,
    }
}

fn step(turn: Turn) -> Step {
    let actor = match turn.role {
        Speaker::User => Actor::User,
        Speaker::Assistant => Actor::Answer,
    };
    said(actor, turn.content)
}

/// `2023/05/20 (Sat) 02:21`; what is written otherwise comes one minute after what was before.
fn asked(date: &str) -> Timing {
    let moment = dates::moment(date);
    Timing {
        asked: moment.map(|moment| moment.and_utc().timestamp_millis() as f64),
        known: None,
    }
}

#[cfg(test)]
mod tests {
    use memhost_contract::Source;

    use super::*;

    const MINUTE: f64 = 60_000.0;

    /// The published shape: the later session first, evidence in one, an id that gives it away, a question that has no
    /// answer, and one about a preference.
    const DATA: &str = r#"[
  {
    "question_id": "e47becba",
    "question_type": "single-session-user",
    "question": "What degree did I graduate with?",
    "answer": "Business Administration",
    "question_date": "2023/05/30 (Tue) 23:40",
    "haystack_session_ids": ["sharegpt_1", "answer_280352e9"],
    "haystack_dates": ["2023/05/21 (Sun) 10:00", "2023/05/20 (Sat) 02:21"],
    "haystack_sessions": [
      [{"role": "user", "content": "A poem, please."}, {"role": "assistant", "content": "Roses are red."}],
      [
        {"role": "user", "content": "Help me sort papers."},
        {"role": "assistant", "content": "Gladly."},
        {"role": "user", "content": "I graduated with a degree in Business Administration.", "has_answer": true}
      ]
    ],
    "answer_session_ids": ["answer_280352e9"]
  },
  {
    "question_id": "f4f1d8a4_abs",
    "question_type": "single-session-user",
    "question": "What did I name my hamster?",
    "answer": "You did not mention a hamster.",
    "question_date": "2023/05/30 (Tue) 23:40",
    "haystack_session_ids": ["a"],
    "haystack_dates": ["2023/05/20 (Sat) 02:21"],
    "haystack_sessions": [[{"role": "user", "content": "My cat is Luna."}]],
    "answer_session_ids": ["a"]
  },
  {
    "question_id": "p1",
    "question_type": "single-session-preference",
    "question": "What should I watch?",
    "answer": "The user would prefer stand-up comedy.",
    "question_date": "2023/05/30 (Tue) 23:40",
    "haystack_session_ids": ["answer_p"],
    "haystack_dates": ["2023/05/20 (Sat) 02:21"],
    "haystack_sessions": [[{"role": "user", "content": "I love stand-up.", "has_answer": true}]],
    "answer_session_ids": ["answer_p"]
  },
  {
    "question_id": "m1",
    "question_type": "multi-session",
    "question": "How many plants did I buy?",
    "answer": 3,
    "question_date": "2023/05/30 (Tue) 23:40",
    "haystack_session_ids": ["answer_m"],
    "haystack_dates": ["some day"],
    "haystack_sessions": [[{"role": "user", "content": "I bought 3 plants.", "has_answer": true}]],
    "answer_session_ids": ["answer_m"]
  }
]"#;

    fn read_this(content: &str) -> Result<Suite, SuiteError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("longmemeval_s.json"), content).unwrap();
        read(folder.path())
    }

    fn evidence(stream: &Stream) -> (&[String], &[Source]) {
        let episode = &stream.stages[1].episodes[0];
        match &episode.question {
            Some(Question::Evidence { answers, gold, .. }) => (answers, gold),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sessions_come_in_the_order_of_their_dates_and_then_the_question() {
        let suite = read_this(DATA).unwrap();
        assert!(
            suite.summary.contains("1 of 4 ask for what was never said"),
            "{}",
            suite.summary
        );
        let stream = &suite.streams[0];
        let [sessions, question] = &stream.stages[..] else {
            panic!("a stream has its sessions and then its question");
        };
        let texts: Vec<&str> = sessions
            .episodes
            .iter()
            .map(|episode| episode.task.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "A conversation on 2023/05/20 (Sat) 02:21",
                "A conversation on 2023/05/21 (Sun) 10:00",
            ]
        );
        // 2023-05-20 is day 19497 since 1970.
        let first = sessions.episodes[0].timing.asked;
        assert_eq!(sessions.episodes[0].task.time, first);
        assert_eq!(first, Some((19_497.0 * 1_440.0 + 141.0) * MINUTE));
        assert!(question.episodes[0].timing.asked > first);
        let steps = &sessions.episodes[1].attempts[0].steps;
        assert_eq!(
            steps.iter().map(|step| step.actor).collect::<Vec<_>>(),
            [Actor::User, Actor::Answer]
        );
        let (answers, gold) = evidence(stream);
        assert_eq!(answers, ["Business Administration"]);
        let evidence = &sessions.episodes[0].attempts[0].id;
        assert_eq!(gold, [step_of(evidence, 2)]);
    }

    #[test]
    fn nothing_that_a_strategy_sees_gives_the_evidence_away() {
        for stream in read_this(DATA).unwrap().streams {
            for episode in stream.stages.iter().flat_map(|stage| &stage.episodes) {
                let seen = format!("{:?} {:?}", episode.task, episode.attempts);
                assert!(!seen.contains("answer_"), "{seen}");
            }
        }
    }

    #[test]
    fn a_preference_has_evidence_and_no_words_and_a_number_is_its_digits() {
        let suite = read_this(DATA).unwrap();
        let [_, preference, number] = &suite.streams[..] else {
            panic!("an abstention question was taken");
        };
        assert_eq!(evidence(preference).0, [""; 0]);
        assert_eq!(evidence(preference).1.len(), 1);
        assert_eq!(evidence(number).0, ["3"]);
        // A date that cannot be read is none.
        assert_eq!(number.stages[0].episodes[0].timing.asked, None);
        assert!(
            super::super::super::check(&suite)
                .iter()
                .all(|problem| { problem.severity != super::super::super::Severity::Error })
        );
    }

    #[test]
    fn sessions_are_in_the_order_of_their_dates_however_these_are_written() {
        let bare = DATA
            .replace("2023/05/21 (Sun) 10:00", "2023/5/21 10:00")
            .replace("2023/05/20 (Sat) 02:21", "2023-5-2T02:21");
        let suite = read_this(&bare).unwrap();
        let sessions = suite.streams[0].stages[0].episodes.iter();
        let texts: Vec<&str> = sessions.map(|episode| episode.task.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "A conversation on 2023-5-2T02:21",
                "A conversation on 2023/5/21 10:00"
            ]
        );
    }

    #[test]
    fn what_is_left_out_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["longmemeval_s.json", "longmemeval_oracle.json"] {
            std::fs::write(folder.path().join(file), DATA).unwrap();
        }
        assert_eq!(
            read(folder.path()).unwrap().left_out,
            [
                "longmemeval_oracle.json: longmemeval_s.json is read; name a file to read another",
                "1 question: asking for what was never said",
            ]
        );
    }

    #[test]
    fn what_is_broken_is_named() {
        let wrong = [
            (r#""role": "assistant""#, r#""role": "robot""#, "robot"),
            (
                r#""question_date": "2023/05/30 (Tue) 23:40","#,
                "",
                "question_date",
            ),
            (
                r#""haystack_dates": ["some day"]"#,
                r#""haystack_dates": []"#,
                "question `m1` has 1 sessions, 1 ids of sessions and 0 dates",
            ),
        ];
        for (whole, broken, expected) in wrong {
            let error = read_this(&DATA.replacen(whole, broken, 1)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
