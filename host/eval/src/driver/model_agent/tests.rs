use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use futures::FutureExt as _;
use memhost::contract::{Document, Label};
use memhost::contract::{Reply, Tool};
use memhost::model::LanguageModel;
use memhost_suite::{AnswerCheck, Episode, HiddenProblem, Matching, Question, Timing};

use super::*;

/// Says one line of the script after the other, and keeps what it was asked.
struct Scripted {
    script: Mutex<Vec<&'static str>>,
    asked: Mutex<Vec<Request>>,
}

#[async_trait]
impl LanguageModel for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
        self.asked.lock().unwrap().push(request.clone());
        let mut script = self.script.lock().unwrap();
        if script.is_empty() {
            return Err(Fault::Unavailable("the script is over".to_owned()));
        }
        Ok(Reply {
            text: script.remove(0).to_owned(),
            input_tokens: 100,
            output_tokens: 10,
        }
        .into())
    }
}

fn scripted(script: &[&'static str]) -> (ModelAgent, Arc<Scripted>) {
    let model = Arc::new(Scripted {
        script: Mutex::new(script.to_vec()),
        asked: Mutex::default(),
    });
    (ModelAgent::new(Arc::new(Models::all(model.clone()))), model)
}

fn task() -> Task {
    let document = |id: &str| Document {
        id: id.to_owned(),
        text: format!("text of {id}"),
        labels: vec![Label {
            name: "file".to_owned(),
            value: format!("{id}.rs"),
        }],
    };
    Task {
        documents: vec![document("d1"), document("d2")],
        ..Task::new("secret-id", "How many?")
    }
}

fn episode(question: Option<Question>, check: Option<AnswerCheck>) -> Episode {
    Episode {
        task: task(),
        question,
        attempts: Vec::new(),
        withheld: Vec::new(),
        group: "g".to_owned(),
        timing: Timing::default(),
        check,
    }
}

fn assignment<'a>(task: &'a Task, form: &'a Form) -> Assignment<'a> {
    Assignment {
        task,
        guidance: "Count twice.",
        placement: Placement::System,
        offers: &[],
        form,
        found: &[],
    }
}

const FINDINGS: Form = Form::Findings { most: 2 };

fn actors(run: &Run) -> Vec<(Actor, &str)> {
    run.steps
        .iter()
        .map(|step| (step.actor, step.text.as_str()))
        .collect()
}

#[tokio::test]
async fn a_run_is_a_thought_an_answer_and_one_call_for_act() {
    let (agent, model) = scripted(&["Two and two.\n**Answer:** 4"]);
    let task = task();
    let run = agent.run(&assignment(&task, &Form::Number)).await.unwrap();
    assert_eq!(
        actors(&run),
        [(Actor::Thought, "Two and two."), (Actor::Answer, "4")]
    );
    assert_eq!(run.answer, "4");
    assert_eq!(
        run.calls,
        [ModelCall {
            purpose: "act".to_owned(),
            input_tokens: 100,
            output_tokens: 10,
            answered: true,
            fault: None,
            mended: Mended::default(),
        }]
    );
    let asked = &model.asked.lock().unwrap()[0];
    assert_eq!((asked.role, asked.temperature), (Role::Agent, None));
    assert_eq!(asked.schema, None);
}

#[tokio::test]
async fn guidance_goes_where_its_placement_says_and_nowhere_if_there_is_none() {
    let (agent, model) = scripted(&["4", "4", "4"]);
    let task = task();
    let system = assignment(&task, &Form::Number);
    let user = Assignment {
        placement: Placement::User,
        ..system
    };
    let silent = Assignment {
        guidance: " \n",
        ..system
    };
    for assignment in [system, user, silent] {
        agent.run(&assignment).await.unwrap();
    }
    let asked = model.asked.lock().unwrap();
    let texts = |request: usize| {
        let messages = &asked[request].messages;
        assert_eq!(messages.len(), 2);
        (messages[0].text.as_str(), messages[1].text.as_str())
    };
    assert!(texts(0).0.ends_with("Count twice.") && !texts(0).1.contains("Count twice."));
    let (system, user) = texts(1);
    assert!(!system.contains("Count twice."));
    assert!(user.find("Count twice.").unwrap() < user.find("How many?").unwrap());
    assert!(!texts(2).0.contains("earlier work") && !texts(2).1.contains("earlier work"));
}

#[tokio::test]
async fn the_task_goes_in_with_its_documents_and_without_its_id() {
    let (agent, model) = scripted(&["4"]);
    let task = task();
    agent.run(&assignment(&task, &Form::Number)).await.unwrap();
    let told = &model.asked.lock().unwrap()[0].messages[1].text;
    for expected in [
        "How many?",
        "## d1, file d1.rs\n\ntext of d1",
        "text of d2",
        "one number",
    ] {
        assert!(told.contains(expected), "no `{expected}` in {told}");
    }
    assert!(!told.contains("secret-id"), "{told}");
}

#[test]
fn how_to_answer_follows_from_how_the_answer_is_checked() {
    let of = |question, check| Form::of(&episode(question, check), 3);
    let options = vec!["x".to_owned(), "y".to_owned()];
    let choice = AnswerCheck::Choice {
        answer: "y".to_owned(),
        options: options.clone(),
    };
    let numeric = AnswerCheck::Numeric {
        value: 4.0,
        tolerance: 0.0,
    };
    let evidence = Question::Evidence {
        answers: vec!["Rex".to_owned()],
        matching: Matching::Phrase,
        gold: Vec::new(),
        pieces: Vec::new(),
    };
    let route = Question::Route {
        values: BTreeMap::new(),
    };
    let forecast = Question::Forecast {
        happened: true,
        source: String::new(),
        horizon: String::new(),
        market: None,
    };
    let discover = Question::Discover {
        problems: vec![HiddenProblem {
            problem: "hidden".to_owned(),
            place: "here".to_owned(),
            evidence: Vec::new(),
        }],
        reports: 9,
    };
    assert_eq!(of(None, Some(choice)), Form::Option(options));
    assert_eq!(of(Some(route), Some(numeric)), Form::Number);
    assert_eq!(of(Some(evidence), None), Form::Text);
    assert_eq!(of(Some(forecast), None), Form::Probability);
    assert_eq!(of(Some(discover), None), Form::Findings { most: 3 });
    let json = AnswerCheck::Json {
        value: serde_json::json!({"hidden": 1}),
    };
    let json = of(None, Some(json));
    assert_eq!(json, Form::Json);
    assert!(!json.instruction().contains("hidden"), "that is the answer");
}

#[test]
fn the_answer_is_what_follows_the_last_announcement() {
    for (reply, thought, answer) in [
        ("4", "", "4"),
        (
            "Answer: 3\nno, wait\nfinal answer: 4\n",
            "Answer: 3\nno, wait",
            "4",
        ),
        ("So:\n### Answer: four", "So:", "four"),
        (
            "Thus\nAnswer:\n```json\n{}\n```",
            "Thus",
            "```json\n{}\n```",
        ),
        ("Answer: 3\nAnswer:  ", "", "3\nAnswer:"),
        ("The answer: 4", "", "The answer: 4"),
        ("é\nANSWER: ü", "é", "ü"),
        ("", "", ""),
        ("Two and two.\n\n**4**\n", "Two and two.", "**4**"),
    ] {
        let said = (thought.to_owned(), answer.to_owned());
        assert_eq!(Form::Number.split(reply), said, "{reply:?}");
    }
    let lines = "{\"a\":\n1}";
    assert_eq!(Form::Json.split(lines), (String::new(), lines.to_owned()));
}

#[test]
fn what_is_thought_aloud_is_no_answer_wherever_it_stands() {
    for (reply, thought, answer) in [
        ("<think>Answer: 3?</think>\n4", "Answer: 3?", "4"),
        (
            "Answer: 3?\n</think>\nSo.\nAnswer: 4",
            "Answer: 3?\n\nSo.",
            "4",
        ),
        ("<think>Answer: 3", "Answer: 3", ""),
        ("Answer: 4 <think>or 3?</think>", "or 3?", "4"),
        ("Answer: 4 <think>or", "or", ""),
    ] {
        let said = (thought.to_owned(), answer.to_owned());
        assert_eq!(Form::Number.split(reply), said, "{reply:?}");
    }
    let sound = r#"{"findings": [{"problem": "<think>", "evidence": [], "action": ""}]}"#;
    assert_eq!(FINDINGS.split(sound).1, sound);
    assert_eq!(FINDINGS.findings(sound, &[]).len(), 1);
    let aloud = format!("<think>{{\"findings\": []}}</think>{sound}");
    assert_eq!(FINDINGS.findings(&aloud, &[]).len(), 1);
    assert!(FINDINGS.findings(&aloud[..40], &[]).is_empty());
}

#[tokio::test]
async fn findings_are_read_up_to_their_number_with_documents_that_exist() {
    let (agent, model) = scripted(&[r#"{"findings": [
        {"problem": " leak ", "evidence": ["d1", "d9"], "action": "close it", "template": "T1"},
        {"problem": " ", "evidence": [], "action": ""},
        {"problem": "race", "evidence": ["d2"], "action": "lock", "template": ""},
        {"problem": "one too many", "evidence": [], "action": ""}
    ]}"#]);
    let task = task();
    let earlier = [Finding {
        problem: "overflow".to_owned(),
        evidence: vec!["d2".to_owned()],
        action: String::new(),
        template: None,
    }];
    let run = agent
        .run(&Assignment {
            found: &earlier,
            ..assignment(&task, &FINDINGS)
        })
        .await
        .unwrap();
    let found: Vec<(&str, &[String], Option<&str>)> = run
        .findings
        .iter()
        .map(|f| {
            (
                f.problem.as_str(),
                f.evidence.as_slice(),
                f.template.as_deref(),
            )
        })
        .collect();
    let (d1, d2) = (["d1".to_owned()], ["d2".to_owned()]);
    assert_eq!(
        found,
        [("leak", &d1[..], Some("T1")), ("race", &d2[..], None)]
    );

    let asked = &model.asked.lock().unwrap()[0];
    let told = &asked.messages[1].text;
    assert!(
        told.contains("- overflow (in d2)") && told.contains("2 at most"),
        "{told}"
    );
    let schema: serde_json::Value = serde_json::from_str(asked.schema.as_ref().unwrap()).unwrap();
    assert_eq!(schema["properties"]["findings"]["maxItems"], 2);
}

#[tokio::test]
async fn a_reply_that_is_no_report_finds_nothing() {
    let task = task();
    for reply in [
        "",
        "none",
        "[]",
        r#"{"findings": []}"#,
        r#"{"findings": [{"problem": 1}]}"#,
    ] {
        let (agent, _) = scripted(&[reply]);
        let run = agent.run(&assignment(&task, &FINDINGS)).await.unwrap();
        assert!(run.findings.is_empty(), "{reply}");
        assert_eq!(run.answer, reply);
    }
}

#[tokio::test]
async fn a_refinement_goes_on_with_the_same_conversation_and_keeps_every_note() {
    let (agent, model) = scripted(&["First.\nAnswer: 3", "I missed one.\nAnswer: 4", "Answer: 4"]);
    let task = task();
    let run = agent.run(&assignment(&task, &Form::Number)).await.unwrap();
    let once = agent.refine(&run, 0).await.unwrap();
    let twice = agent.refine(&once, 1).await.unwrap();
    let steps: Vec<Actor> = twice.steps.iter().map(|step| step.actor).collect();
    use Actor::{Answer, Thought, User};
    assert_eq!(
        steps,
        [Thought, Answer, User, Thought, Answer, User, Answer]
    );
    assert_eq!((run.answer.as_str(), twice.answer.as_str()), ("3", "4"));
    assert_eq!((once.calls.len(), twice.calls.len()), (2, 3));

    let asked = model.asked.lock().unwrap();
    let lengths: Vec<usize> = asked.iter().map(|request| request.messages.len()).collect();
    assert_eq!(lengths, [2, 4, 6]);
    assert_eq!(asked[2].messages[..4], asked[1].messages);
    assert_eq!(asked[1].messages[2].text, "First.\nAnswer: 3");
    let (first, later) = (&asked[1].messages[3].text, &asked[2].messages[5].text);
    assert!(first.len() > later.len(), "later checks are shorter");
    assert!(later.contains("once more") && later.ends_with(&Form::Number.instruction()));
}

#[tokio::test]
async fn a_model_that_fails_leaves_the_run_as_it_was() {
    let (agent, _) = scripted(&["Answer: 3"]);
    let task = task();
    let run = agent.run(&assignment(&task, &Form::Number)).await.unwrap();
    assert!(matches!(
        agent.refine(&run, 0).await,
        Err(Fault::Unavailable(_))
    ));
    assert_eq!((run.answer.as_str(), run.calls.len()), ("3", 1));
    assert!(agent.run(&assignment(&task, &Form::Number)).await.is_err());
    let call = unanswered(PURPOSE, "unavailable: nobody is there");
    assert_eq!((call.purpose.as_str(), call.answered), ("act", false));
    assert_eq!(call.fault.as_deref(), Some("unavailable: nobody is there"));
}

#[test]
fn the_same_replies_make_the_same_run() {
    let runs = [0, 1].map(|_| {
        let (agent, model) = scripted(&["So.\nAnswer: 3", "Answer: 4"]);
        let task = task();
        let run = async {
            let run = agent.run(&assignment(&task, &Form::Number)).await?;
            agent.refine(&run, 0).await
        };
        let run = run.now_or_never().unwrap().unwrap();
        let asked = model.asked.lock().unwrap().clone();
        (run.steps, run.calls, asked)
    });
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn temperature_and_role_are_the_agents() {
    let (agent, model) = scripted(&["4"]);
    let agent = ModelAgent {
        role: Role::Strongest,
        temperature: Some(0.7),
        ..agent
    };
    let task = task();
    let form = Form::Number;
    assert!(
        agent
            .run(&assignment(&task, &form))
            .now_or_never()
            .unwrap()
            .is_ok()
    );
    let asked = &model.asked.lock().unwrap()[0];
    assert_eq!(
        (asked.role, asked.temperature),
        (Role::Strongest, Some(0.7))
    );
    assert_eq!(
        (agent.agent().rank, agent.agent().model.as_str()),
        (2, "scripted")
    );
}

#[test]
fn a_score_is_a_true_outcome_and_one_half_a_success() {
    let verdict = |score| outcome(score).verdict;
    assert_eq!(verdict(Some(0.5)), Verdict::Success);
    assert_eq!(verdict(Some(0.49)), Verdict::Failure);
    assert_eq!(verdict(None), Verdict::Unknown);
    assert_eq!(verdict(Some(f64::NAN)), Verdict::Unknown);
    assert_eq!(outcome(Some(f64::NAN)).score, None);
    assert_eq!(outcome(Some(7.0)).score, Some(1.0));
    assert_eq!(outcome(Some(0.5)).authority, Authority::GroundTruth);
}

fn a_tool() -> Tool {
    Tool {
        name: "recall".to_owned(),
        description: "Says more.".to_owned(),
        schema: String::new(),
    }
}

#[tokio::test]
async fn a_call_of_a_tool_is_answered_before_the_run_goes_on() {
    let (agent, model) = scripted(&["Hm.\nCall: recall {\"about\": 4}", "Answer: 4"]);
    let (task, offers) = (task(), [a_tool()]);
    let assignment = Assignment {
        offers: &offers,
        ..assignment(&task, &Form::Number)
    };
    let run = agent.run(&assignment).await.unwrap();
    assert_eq!(run.call().unwrap().arguments, "{\"about\": 4}");
    assert_eq!(run.answer, "");
    let run = agent.answer_call(&run, "It is four.").await.unwrap();
    assert_eq!((run.answer.as_str(), run.call()), ("4", None));
    let expected = [
        (Actor::Thought, "Hm."),
        (Actor::Action, "{\"about\": 4}"),
        (Actor::Observation, "It is four."),
        (Actor::Answer, "4"),
    ];
    assert_eq!(actors(&run), expected);
    assert_eq!(run.steps[2].failed, Some(false));
    let asked = model.asked.lock().unwrap();
    assert!(asked[0].messages[0].text.contains("no tool but those"));
    assert!(asked[0].messages[1].text.contains("- `recall`: Says more."));
    assert!(asked[1].messages[3].text.contains("It is four."));
}

#[tokio::test]
async fn a_call_of_what_nobody_offers_fails_and_says_what_there_is() {
    let (agent, _) = scripted(&["Call: forget {}", "Answer: 4"]);
    let (task, offers) = (task(), [a_tool()]);
    let assignment = Assignment {
        offers: &offers,
        ..assignment(&task, &Form::Number)
    };
    let run = agent.run(&assignment).await.unwrap();
    let run = agent.answer_call(&run, "").await.unwrap();
    assert_eq!(run.steps[1].failed, Some(true));
    assert!(run.steps[1].text.contains("there is `recall`"));
}

#[tokio::test]
async fn a_line_that_looks_like_a_call_is_an_answer_where_nothing_is_offered() {
    let (agent, _) = scripted(&["Call: recall {}"]);
    let task = task();
    let run = agent.run(&assignment(&task, &Form::Text)).await.unwrap();
    assert_eq!((run.answer.as_str(), run.call()), ("Call: recall {}", None));
}

#[tokio::test]
async fn later_guidance_stands_beside_the_earlier_or_in_its_place() {
    let task = task();
    for (replaces, stays) in [(false, true), (true, false)] {
        let (agent, model) = scripted(&["Answer: 4", "Answer: 4"]);
        let mut run = agent.run(&assignment(&task, &Form::Number)).await.unwrap();
        run.guide(Placement::User, "Ask the user.", false, &[]);
        run.guide(Placement::System, "Count thrice.", replaces, &[a_tool()]);
        agent.refine(&run, 0).await.unwrap();
        let asked = model.asked.lock().unwrap();
        let [system, user, ..] = &asked[1].messages[..] else {
            panic!("no messages");
        };
        assert_eq!(system.text.contains("Count twice."), stays);
        assert!(system.text.contains("Count thrice."));
        // What stands in the other place is left alone.
        assert!(user.text.contains("Ask the user.") && user.text.contains("`recall`"));
    }
}
