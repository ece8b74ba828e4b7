use memhost_contract::{Actor, Document, Finding, Label, Outcome, Source, Tool};

use super::super::Timing;
use super::super::recorded::{attempt, graded, said, task, tool, unknown};
use super::super::{AnswerCheck, HiddenProblem, Matching, Question, Slot, Stage, SuiteError};
use super::*;

fn session(id: &str, text: &str) -> Episode {
    let task = task(id.into(), "Talk".into(), &[]);
    let steps = vec![said(Actor::User, text)];
    Episode {
        question: None,
        attempts: vec![attempt(format!("{id}-0"), &task, 0, steps, unknown())],
        withheld: vec![],
        timing: Timing::default(),
        check: None,
        group: id.into(),
        task,
    }
}

fn question(id: &str, answer: &str, gold: Source) -> Episode {
    Episode {
        question: Some(Question::Evidence {
            answers: vec![answer.into()],
            matching: Matching::Phrase,
            gold: vec![gold],
            pieces: Vec::new(),
        }),
        attempts: vec![],
        ..session(id, "")
    }
}

fn suite(episodes: Vec<Episode>) -> Suite {
    Suite {
        name: "mine".into(),
        lane: Lane::Evidence,
        summary: String::new(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "main".into(),
            stages: vec![Stage::in_order(episodes)],
        }],
        budgets: vec![256],
        primary: "answer@256".into(),
    }
}

/// What is said of a suite, errors and warnings.
fn said_of(suite: &Suite) -> (Vec<String>, Vec<String>) {
    let (errors, warnings): (Vec<_>, Vec<_>) = check(suite)
        .into_iter()
        .partition(|problem| problem.severity == Severity::Error);
    let text = |all: Vec<Diagnostic>| all.iter().map(Diagnostic::to_string).collect();
    (text(errors), text(warnings))
}

#[test]
fn a_sound_suite_has_no_problems() {
    let sound = suite(vec![
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 0)),
    ]);
    assert_eq!(check(&sound), []);
}

#[test]
fn a_suite_without_questions_is_empty() {
    let (errors, _) = said_of(&suite(vec![session("s", "I am 41.")]));
    assert!(errors[0].contains("the suite is empty"), "{errors:?}");
    let (errors, _) = said_of(&suite(vec![]));
    assert!(errors[0].contains("the suite is empty"), "{errors:?}");
}

#[test]
fn a_suite_in_which_every_task_is_withheld_is_refused() {
    let mut withheld = question("q", "41", Source::step("s-0", 0));
    withheld.withheld = vec!["s-0".into()];
    let (errors, _) = said_of(&suite(vec![session("s", "I am 41."), withheld]));
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("every task is withheld"), "{errors:?}");

    let asked_too_early = suite(vec![
        question("q", "41", Source::step("s-0", 0)),
        session("s", "I am 41."),
    ]);
    let (errors, _) = said_of(&asked_too_early);
    assert!(errors[0].contains("every task is withheld"), "{errors:?}");
}

#[test]
fn gold_that_does_not_exist_is_an_error_and_an_answer_out_of_reach_a_warning() {
    let (errors, _) = said_of(&suite(vec![
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 1)),
    ]));
    assert!(
        errors[0].contains("main/q") && errors[0].contains("step 1 of s-0"),
        "{errors:?}"
    );
    let (errors, warnings) = said_of(&suite(vec![
        session("s", "I am 41."),
        question("q", "42", Source::step("s-0", 0)),
    ]));
    assert!(errors.is_empty());
    assert!(warnings[0].contains("no accepted answer"), "{warnings:?}");
}

#[test]
fn an_answer_of_other_signs_is_out_of_reach() {
    for (said, answer, is_there) in [
        ("It is set to 18 degrees.", "-18", false),
        ("It is set to −18 degrees.", "-18", true),
        ("I write everything in C#.", "C++", false),
        ("I write everything in C++.", "C++", true),
        ("It cost 18.50.", "50", false),
        ("It cost $1,018.50.", "1018.5", true),
        ("The café is called Ame\u{301}lie.", "Amélie", true),
        ("The code is ＡＢＣ１２３.", "ABC123", true),
    ] {
        let (errors, warnings) = said_of(&suite(vec![
            session("s", said),
            question("q", answer, Source::step("s-0", 0)),
        ]));
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(
            warnings.is_empty(),
            is_there,
            "{said} {answer}: {warnings:?}"
        );
    }
}

#[test]
fn ids_that_are_used_twice_are_errors() {
    let twice = suite(vec![
        session("s", "I am 41."),
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 0)),
        question("q", "41", Source::step("s-0", 0)),
    ]);
    let (errors, _) = said_of(&twice);
    assert!(
        errors.iter().any(|e| e.contains("two attempts `s-0`")),
        "{errors:?}"
    );
    assert!(
        errors.iter().any(|e| e.contains("asked twice")),
        "{errors:?}"
    );
}

#[test]
fn a_header_that_cannot_be_is_an_error() {
    let mut wrong = suite(vec![
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 0)),
    ]);
    wrong.name = "My Suite".into();
    wrong.budgets = vec![256, 256];
    wrong.primary = "answer@100".into();
    let (errors, _) = said_of(&wrong);
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[2].contains("choose one of answer@256"), "{errors:?}");
}

#[test]
fn a_text_that_is_too_long_is_named_with_its_field() {
    let mut long = suite(vec![
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 0)),
    ]);
    long.streams[0].stages[0].episodes[0].attempts[0]
        .steps
        .push(said(Actor::User, "word ".repeat(LONG_TEXT / 5 + 1)));
    let (errors, warnings) = said_of(&long);
    assert!(errors.is_empty());
    assert!(
        warnings[0].starts_with("main/s: `attempts[0].steps[1].text` of 1.0 MB exceeds"),
        "{warnings:?}"
    );
    assert_eq!(warnings.len(), 1);
}

#[test]
fn a_stream_that_no_store_can_name_is_an_error() {
    let named = |name: &str| {
        let mut named = suite(vec![
            session("s", "I am 41."),
            question("q", "41", Source::step("s-0", 0)),
        ]);
        named.streams[0].name = name.to_owned();
        said_of(&named).0
    };
    let longest = "é".repeat(128);
    assert_eq!(named(&longest), [""; 0]);
    let long = named(&format!("{longest}x"));
    assert!(long[0].contains("stream: the name that begins"), "{long:?}");
    assert!(long[0].contains("has 257 bytes"), "{long:?}");
    for name in ["a\0b", "a\nb"] {
        let said = named(name);
        assert!(said[0].contains("control character"), "{said:?}");
        assert!(!said[0].contains(name), "{said:?}");
    }
}

/// A suite of a lane with this one question, about a task with the document `d` of the file `a.rs`.
fn asking(lane: Lane, primary: &str, asked: Question) -> Suite {
    let mut asking = suite(vec![
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 0)),
    ]);
    asking.lane = lane;
    asking.primary = primary.into();
    let episode = &mut asking.streams[0].stages[0].episodes[1];
    episode.task.documents = vec![Document {
        id: "d".into(),
        text: "return x;".into(),
        labels: vec![Label {
            name: "file".into(),
            value: "a.rs".into(),
        }],
    }];
    episode.question = Some(asked);
    asking
}

/// An agent that has a value and an attempt, which ended so.
fn tried(agent: &str, outcome: Outcome) -> Attempt {
    let task = task("q".into(), String::new(), &[]);
    Attempt {
        agent: super::super::recorded::agent(agent),
        ..attempt(format!("q-{agent}"), &task, 0, vec![], outcome)
    }
}

fn routing(values: &[(&str, f64)], attempts: Vec<Attempt>) -> Suite {
    let values = values.iter().map(|(agent, v)| ((*agent).into(), *v));
    let values = values.collect();
    let mut suite = asking(Lane::Routing, "success", Question::Route { values });
    suite.streams[0].stages[0].episodes[1].attempts = attempts;
    suite
}

#[test]
fn whoever_can_be_sent_has_been_tried_with_a_known_outcome() {
    let both = || vec![tried("a", graded(1.0)), tried("b", graded(0.0))];
    let sound = routing(&[("a", 1.0), ("b", 0.0)], both());
    assert_eq!(check(&sound), []);
    for (values, attempts, said) in [
        (
            vec![("a", 1.0)],
            vec![tried("a", graded(1.0))],
            "fewer than two",
        ),
        (
            vec![("a", 1.0), ("c", 0.0)],
            both(),
            "`c`, who has no attempt",
        ),
        (vec![("a", 1.0), ("c", 0.0)], both(), "`b` has an attempt"),
        (vec![("a", 1.5), ("b", 0.0)], both(), "not in 0..=1"),
        (
            vec![("a", 1.0), ("b", 0.0)],
            vec![tried("a", unknown()), tried("b", graded(0.0))],
            "neither a score nor a verdict",
        ),
    ] {
        let (errors, _) = said_of(&routing(&values, attempts));
        assert!(
            errors.iter().any(|e| e.contains(said)),
            "{said}: {errors:?}"
        );
    }
}

#[test]
fn a_forecast_is_known_after_it_is_asked() {
    let forecast = |source: &str, asked: f64, known: f64| {
        let question = Question::Forecast {
            happened: true,
            source: source.into(),
            horizon: "7".into(),
            market: None,
        };
        let mut suite = asking(Lane::Forecast, "brier", question);
        suite.streams[0].stages[0].episodes[1].timing = Timing {
            asked: Some(asked),
            known: Some(known),
        };
        suite
    };
    assert_eq!(check(&forecast("weather", 1.0, 1.0)), []);
    let (errors, _) = said_of(&forecast("weather", 2.0, 1.0));
    assert!(errors[0].contains("before the question"), "{errors:?}");
    let (errors, _) = said_of(&forecast("", 1.0, 2.0));
    assert!(errors[0].contains("`source`"), "{errors:?}");
}

#[test]
fn an_outcome_that_is_known_too_late_cannot_be_drawn_on() {
    let question = Question::Forecast {
        happened: true,
        source: "weather".into(),
        horizon: "7".into(),
        market: None,
    };
    let mut late = asking(Lane::Forecast, "brier", question);
    late.streams[0].stages[0].episodes[0].timing.known = Some(10.0);
    late.streams[0].stages[0].episodes[1].timing.asked = Some(9.0);
    let (errors, _) = said_of(&late);
    assert!(errors[0].contains("every task is withheld"), "{errors:?}");
    late.streams[0].stages[0].episodes[1].timing.asked = Some(10.0);
    assert_eq!(check(&late), []);
}

#[test]
fn nothing_of_a_batch_can_be_drawn_on_within_it() {
    let mut batched = suite(vec![
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 0)),
    ]);
    batched.streams[0].stages[0].batched = true;
    let (errors, _) = said_of(&batched);
    assert!(errors[0].contains("every task is withheld"), "{errors:?}");
}

#[test]
fn what_is_hidden_stands_in_the_documents_of_the_task() {
    let hidden = |problem: &str, place: &str, evidence: &[&str]| HiddenProblem {
        problem: problem.into(),
        place: place.into(),
        evidence: evidence.iter().map(|id| (*id).into()).collect(),
    };
    let discovery = |problems: Vec<HiddenProblem>, reports: u32| {
        let question = Question::Discover { problems, reports };
        said_of(&asking(Lane::Discovery, "coverage@10", question))
    };
    let sound = hidden("p", "a.rs", &["d"]);
    assert_eq!(discovery(vec![sound.clone()], 5), (vec![], vec![]));
    for (problems, reports, said) in [
        (vec![], 5, "`problems` are empty"),
        (vec![sound.clone()], 0, "`reports` is 0"),
        (vec![sound.clone(), sound.clone()], 5, "listed twice"),
        (vec![hidden("p", "a.rs", &[])], 5, "no `evidence`"),
        (
            vec![hidden("p", "a.rs", &["x"])],
            5,
            "`x`, which is no document",
        ),
    ] {
        let (errors, _) = discovery(problems, reports);
        assert!(
            errors.iter().any(|e| e.contains(said)),
            "{said}: {errors:?}"
        );
    }
    let (errors, warnings) = discovery(vec![hidden("p", "b.rs", &["d"])], 5);
    assert_eq!(errors, [""; 0]);
    assert!(warnings[0].contains("its label `file`"), "{warnings:?}");
}

#[test]
fn findings_of_an_attempt_point_at_documents_of_its_task() {
    let mut wrong = suite(vec![
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 0)),
    ]);
    wrong.streams[0].stages[0].episodes[0].attempts[0].findings = vec![Finding {
        problem: "p".into(),
        evidence: vec!["x".into()],
        action: String::new(),
        template: None,
    }];
    let (errors, _) = said_of(&wrong);
    assert!(errors[0].contains("names `x`"), "{errors:?}");
}

#[test]
fn a_check_that_no_answer_passes_is_an_error() {
    for wrong in [
        AnswerCheck::Exact { answers: vec![] },
        AnswerCheck::Numeric {
            value: f64::NAN,
            tolerance: 0.0,
        },
        AnswerCheck::Choice {
            answer: "C".into(),
            options: vec!["A".into(), "B".into()],
        },
    ] {
        let mut suite = suite(vec![
            session("s", "I am 41."),
            question("q", "41", Source::step("s-0", 0)),
        ]);
        suite.streams[0].stages[0].episodes[1].check = Some(wrong);
        let (errors, _) = said_of(&suite);
        assert!(errors[0].contains("`check`"), "{errors:?}");
    }
}

#[test]
fn a_question_of_another_lane_is_an_error() {
    let kind = || Question::Kind { kind: "x".into() };
    for (lane, said) in [
        (Lane::Evidence, "`answers` or `gold`"),
        (Lane::Hops, "`unanswerable`"),
        (Lane::Steps, "a `run` and what is called `next`"),
        (Lane::Compaction, "what is `needed` of it"),
        (Lane::Retry, "`slots`, `noise` and `tries`"),
        (Lane::Routing, "`values`, one per agent"),
        (Lane::Forecast, "`happened`, `source` and `horizon`"),
        (Lane::Discovery, "`problems` and `reports`"),
        (Lane::Attempts, "nothing is asked in lane `attempts`"),
    ] {
        let (errors, _) = said_of(&asking(lane, "hit@1", kind()));
        assert!(errors.iter().any(|e| e.contains(said)), "{errors:?}");
    }
}

#[test]
fn what_is_to_be_assigned_can_be_tried_again_and_needs_no_attempts() {
    let said = |right: &str, noise, tries| {
        let slots = vec![Slot {
            name: "dial".into(),
            values: vec!["red".into(), "blue".into()],
            right: right.into(),
        }];
        let question = Question::Assign {
            slots,
            noise,
            tries,
        };
        let mut asking = asking(Lane::Retry, &format!("solved@{tries}"), question);
        asking.streams[0].stages[0].episodes.remove(0);
        let (errors, warnings) = said_of(&asking);
        assert!(warnings.is_empty(), "{warnings:?}");
        errors.join("\n")
    };
    assert_eq!(said("blue", 0.1, 5), "");
    assert!(said("green", 0.1, 5).contains("`green` is none of the values of slot `dial`"));
    assert!(said("blue", 0.6, 5).contains("`noise` is 0.6"));
    assert!(said("blue", 0.1, 1).contains("fewer than 2 `tries`"));
    assert!(said("blue", 0.1, u32::MAX).contains("at most 100 times"));
}

#[test]
fn what_tries_set_is_told_apart_by_its_names_and_values() {
    let slot = |name: &str, values: &[&str]| Slot {
        name: name.into(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        right: "red".into(),
    };
    let said = |slots: Vec<Slot>| {
        let question = Question::Assign {
            slots,
            noise: 0.1,
            tries: 3,
        };
        said_of(&asking(Lane::Retry, "solved@3", question)).0
    };
    let dial = || slot("dial", &["red", "blue"]);
    assert_eq!(said(vec![dial(), slot("lamp", &["red", "blue"])]), [""; 0]);
    let names = said(vec![dial(), dial()]);
    assert!(
        names[0].contains("two `slots` are called `dial`"),
        "{names:?}"
    );
    let values = said(vec![slot("dial", &["red", "blue", "red"])]);
    assert!(
        values[0].contains("has the value `red` twice"),
        "{values:?}"
    );
}

#[test]
fn what_comes_next_can_be_named_and_is_asked_after_an_answer() {
    let asked = |next: &str, last: Actor| {
        let question = Question::NextTool {
            run: vec![tool(Actor::Action, "find", "{}"), tool(last, "find", "one")],
            tool: next.into(),
        };
        said_of(&asking(Lane::Steps, "next@1", question))
    };
    assert_eq!(asked("get_order", Actor::Observation), (vec![], vec![]));
    for next in ["", " ", "track ", "\n"] {
        let (errors, _) = asked(next, Actor::Observation);
        assert!(
            errors[0].contains("no text can name"),
            "{next:?}: {errors:?}"
        );
    }
    let (errors, warnings) = asked("track", Actor::User);
    assert_eq!(errors, [""; 0]);
    assert!(
        warnings[0].contains("does not end on the answer"),
        "{warnings:?}"
    );
}

#[test]
fn the_time_and_the_tools_of_a_task_can_be_what_they_say() {
    let with = |change: &dyn Fn(&mut memhost_contract::Task)| {
        let mut changed = suite(vec![
            session("s", "I am 41."),
            question("q", "41", Source::step("s-0", 0)),
        ]);
        change(&mut changed.streams[0].stages[0].episodes[1].task);
        said_of(&changed).0.join("\n")
    };
    let tool = |name: &str, schema: &str| Tool {
        name: name.into(),
        description: String::new(),
        schema: schema.into(),
    };
    for time in [-1.0, 1e300, f64::NAN] {
        assert!(with(&|task| task.time = Some(time)).contains("milliseconds since 1970"));
    }
    assert_eq!(with(&|task| task.time = Some(1.7e12)), "");
    assert_eq!(
        with(&|task| task.tools = vec![tool("a", ""), tool("b", "{}")]),
        ""
    );
    for schema in ["no json", "\"a text\"", "[1]", "7"] {
        let said = with(&|task| task.tools = vec![tool("find", schema)]);
        assert!(said.contains("the `schema` of the tool `find`"), "{said}");
    }
    let said = with(&|task| task.tools = vec![tool("find", ""), tool("find", "{}")]);
    assert!(said.contains("`find` stands twice"), "{said}");
    assert!(with(&|task| task.tools = vec![tool(" ", "")]).contains("`task.tools[0]`"));
}

#[test]
fn whoever_takes_a_step_and_is_nobody_is_told_of_once() {
    let by = |agent: &str| {
        let mut team = suite(vec![
            session("s", "I am 41."),
            question("q", "41", Source::step("s-0", 0)),
        ]);
        let attempt = &mut team.streams[0].stages[0].episodes[0].attempts[0];
        let mut step = attempt.steps[0].clone();
        step.agent = Some(agent.into());
        attempt.steps.extend([step.clone(), step]);
        said_of(&team)
    };
    assert_eq!(by("recorded"), (vec![], vec![]));
    let (errors, warnings) = by("planer");
    assert_eq!((errors.len(), warnings.len()), (0, 1));
    assert!(
        warnings[0].starts_with("main/s: a step is by `planer`"),
        "{warnings:?}"
    );
}

#[test]
fn tries_of_which_nobody_hears_before_the_next_make_no_retry() {
    let said = |change: fn(&mut Stage)| {
        let question = Question::Assign {
            slots: vec![Slot {
                name: "dial".into(),
                values: vec!["red".into(), "blue".into()],
                right: "red".into(),
            }],
            noise: 0.1,
            tries: 5,
        };
        let mut asking = asking(Lane::Retry, "solved@5", question);
        asking.streams[0].stages[0].episodes.remove(0);
        change(&mut asking.streams[0].stages[0]);
        said_of(&asking).0.join("\n")
    };
    let refused = "no task can be tried again";
    assert!(said(|stage| stage.batched = true).contains(refused));
    assert!(said(|stage| stage.probe = true).contains(refused));
    assert!(said(|stage| stage.episodes[0].timing.known = Some(9e9)).contains(refused));
    assert_eq!(said(|_| {}), "");
}

#[test]
fn what_is_to_be_kept_stands_in_the_run() {
    let said = |needed: &[&str], outdated: &[&str]| {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let question = Question::Keep {
            run: vec![said(Actor::User, "On 2024-05-20, no, on 2024-05-21.")],
            needed: owned(needed),
            outdated: owned(outdated),
        };
        said_of(&asking(Lane::Compaction, "kept", question))
            .0
            .join("\n")
    };
    assert_eq!(said(&["2024-05-21"], &["2024-05-20"]), "");
    assert!(said(&[], &[]).contains("nothing of the run is `needed`"));
    assert!(said(&["2024-05-22"], &[]).contains("`2024-05-22` stands in no step"));
    assert!(said(&["2024-05-20"], &["2024-05-20"]).contains("both"));
    assert!(said(&["2024-05"], &[]).contains("to the letter and whole"));
}

#[test]
fn what_is_outdated_and_stands_within_what_is_needed_is_told_of() {
    let keep = |old: &str, new: &str| {
        let question = Question::Keep {
            run: vec![said(Actor::User, format!("To {old}. No, to {new}."))],
            needed: vec![new.into()],
            outdated: vec![old.into()],
        };
        said_of(&asking(Lane::Compaction, "kept", question))
    };
    assert_eq!(keep("12", "123"), (vec![], vec![]));
    let (errors, warnings) = keep("York", "New York");
    assert_eq!(errors, [""; 0]);
    assert!(
        warnings[0].contains("`York` is `outdated` and stands within `New York`"),
        "{warnings:?}"
    );
}

#[test]
fn where_an_answer_takes_several_pieces_they_are_given() {
    let mut hops = suite(vec![
        session("s", "I am 41."),
        question("q", "41", Source::step("s-0", 0)),
    ]);
    hops.lane = Lane::Hops;
    let (errors, _) = said_of(&hops);
    assert!(
        errors.iter().any(|e| e.contains("no `pieces`")),
        "{errors:?}"
    );
    let mut with = |pieces: &[&str]| {
        hops.primary = "pieces@256".into();
        if let Some(Question::Evidence { pieces: of_it, .. }) =
            &mut hops.streams[0].stages[0].episodes[1].question
        {
            *of_it = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        }
        said_of(&hops)
    };
    assert_eq!(with(&["I am 41."]), (vec![], vec![]));
    let (errors, _) = with(&["I am 41.", "?!"]);
    assert!(errors[0].contains("no letter or digit"), "{errors:?}");
    let (_, warnings) = with(&["I am 41.", "I live in Ghent."]);
    assert!(
        warnings[0].contains("`I live in Ghent.` stands nowhere"),
        "{warnings:?}"
    );
}

/// A year of forecasts: lists of what each may draw on would take minutes.
#[test]
fn many_questions_are_checked_in_no_time() {
    let question = Question::Forecast {
        happened: true,
        source: "weather".into(),
        horizon: "7".into(),
        market: None,
    };
    let asked = |number: usize| Episode {
        question: Some(question.clone()),
        ..session(&format!("t{number}"), "It rained.")
    };
    let mut many = suite((0..15_000).map(asked).collect());
    many.lane = Lane::Forecast;
    many.primary = "brier".into();
    let start = std::time::Instant::now();
    assert_eq!(check(&many), []);
    assert!(start.elapsed().as_secs() < 2, "{:?}", start.elapsed());
}

#[test]
fn loading_refuses_what_cannot_be_used_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.jsonl");
    suite(vec![session("s", "")]).write_jsonl(&path).unwrap();
    let name = path.to_string_lossy();
    assert!(Suite::read(&name).is_ok());
    let error = Suite::load(&name).unwrap_err();
    assert!(matches!(error, SuiteError::Unusable { .. }));
    assert!(error.to_string().contains("the suite is empty"), "{error}");
}

#[test]
fn an_unknown_name_suggests_the_nearest_known_one() {
    let said = |name: &str| Suite::load(name).unwrap_err().to_string();
    assert!(said("evidense").contains("did you mean `evidence`?"));
    assert!(said("webarna:/x").contains("did you mean `webarena:<path>`?"));
    assert!(!said("zzz").contains("did you mean"));
    assert!(said("nowhere.jsonl").contains("cannot read `nowhere.jsonl`"));
    assert!(said("bfcl:nowhere").contains("no such file or folder"));
}
