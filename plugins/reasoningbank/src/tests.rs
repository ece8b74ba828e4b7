//! The checks that tell this algorithm from a plausible one, with a scripted model.

use memhost_sdk::testing::{Taught, TestHost};
use memhost_sdk::{
    Actor, Attempt, Authority, ExpectedCalls, Fault, Guidance, Labels, Placement, Plan, Query,
    Request, Role, Settings, Source, Speaker, State, Step, Task, Verdict,
};
use proptest::prelude::*;

use crate::ReasoningBank;

fn attempt(id: &str, task: &str, text: &str) -> Attempt {
    Attempt::new(id, Task::new(task, text))
        .step(Step::thought("I look for it."))
        .step(Step::action("search", "lamp"))
        .step(Step::observation("a page full of lamps"))
        .answer("done")
}

fn judgement(verdict: &str, reasoning: &str) -> String {
    serde_json::json!({ "reasoning": reasoning, "verdict": verdict }).to_string()
}

fn items(titles: &[&str]) -> String {
    let items: Vec<_> = titles
        .iter()
        .map(|title| {
            serde_json::json!({
                "title": title,
                "description": format!("about {title}"),
                "content": format!("Mind the {title}."),
            })
        })
        .collect();
    serde_json::json!({ "items": items }).to_string()
}

/// Judges the attempt so, extracts these items, and keeps them.
fn learn(host: &TestHost, attempt: Attempt, verdict: &str, titles: &[&str]) {
    host.reply("judge", judgement(verdict, "because"));
    host.reply("extract", items(titles));
    host.distill::<ReasoningBank>(&[attempt]).unwrap();
}

fn ask(host: &TestHost, task: &str, text: &str) -> Guidance {
    let query = Query::new(Task::new(task, text));
    host.retrieve::<ReasoningBank>(&query).unwrap()
}

fn message(request: &Request, speaker: Speaker) -> &str {
    let message = request.messages.iter().find(|one| one.speaker == speaker);
    &message.unwrap().text
}

fn titles(guidance: &Guidance) -> Vec<&str> {
    let lines = guidance.text.lines();
    lines.filter_map(|line| line.strip_prefix("## ")).collect()
}

// ---- the algorithm ------------------------------------------------------------------------------

#[test]
fn the_plan_wants_no_outcomes_but_its_own() {
    let plan = memhost_sdk::plan::<ReasoningBank>(&Settings::default()).unwrap();
    assert_eq!(plan.labels, Labels::SelfJudged);
    assert_eq!((plan.trials, plan.baseline_arm, plan.rounds), (1, false, 1));
}

#[test]
fn the_top_experience_brings_all_its_items() {
    let host = TestHost::new();
    learn(
        &host,
        attempt("a1", "t1", "buy a red lamp"),
        "success",
        &["x", "y", "z"],
    );
    learn(
        &host,
        attempt("a2", "t2", "cancel a flight"),
        "success",
        &["other"],
    );
    let guidance = ask(&host, "t3", "buy a blue lamp");
    assert_eq!(titles(&guidance), ["x", "y", "z"]);
    assert_eq!(guidance.placement, Placement::System);
    let used: Vec<_> = guidance
        .receipt
        .used
        .iter()
        .map(|one| one.memory.as_str())
        .collect();
    assert_eq!(used, [host.memories()[0].id.as_str()]);
}

#[test]
fn an_item_that_quotes_the_answer_is_kept_and_never_reaches_its_own_task() {
    let host = TestHost::new();
    let mut counted = attempt("a1", "t1", "count the boxes");
    counted.answer = "4711 boxes".into();
    learn(&host, counted, "success", &["The answer is 4711 boxes"]);
    assert_eq!(host.memories().len(), 1);
    assert_eq!(titles(&ask(&host, "t1", "count the boxes")), [""; 0]);
    let of_another = ask(&host, "t2", "count the crates");
    assert_eq!(titles(&of_another), ["The answer is 4711 boxes"]);
}

#[test]
fn judge_and_extractor_have_the_papers_temperatures_and_roles() {
    let host = TestHost::new();
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &["x"]);
    let requests = host.requests();
    let called: Vec<_> = requests
        .iter()
        .map(|one| (one.purpose.as_str(), one.role, one.temperature))
        .collect();
    assert_eq!(
        called,
        [
            ("judge", Role::Judge, Some(0.0)),
            ("extract", Role::Agent, Some(1.0))
        ]
    );
    for request in requests {
        let schema: serde_json::Value = serde_json::from_str(&request.schema.unwrap()).unwrap();
        assert_eq!(schema["type"], "object");
    }
}

#[test]
fn models_that_do_not_think_elsewhere_may_reason_before_they_decide_or_write() {
    let host = TestHost::new();
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &["x"]);
    let first = ["reasoning", "why"];
    for (request, first) in host.requests().iter().zip(first) {
        let schema: serde_json::Value =
            serde_json::from_str(request.schema.as_ref().unwrap()).unwrap();
        assert_eq!(schema["properties"][first]["type"], "string");
        let written = request.schema.as_ref().unwrap();
        let place = |name: &str| written.find(&format!("\"{name}\": {{")).unwrap();
        let rest = schema["properties"].as_object().unwrap().keys();
        assert!(rest.clone().count() == 2 && rest.clone().all(|name| place(first) <= place(name)));
        assert!(message(request, Speaker::System).contains(&format!("`{first}`")));
    }
    let extract = &host.requests()[1];
    let schema: serde_json::Value = serde_json::from_str(extract.schema.as_ref().unwrap()).unwrap();
    assert_eq!(
        schema["required"],
        serde_json::json!(["items"]),
        "reasons may be left out"
    );
}

#[test]
fn a_reply_ends_before_a_model_that_repeats_itself_has_filled_its_context() {
    let host = TestHost::new();
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &["x"]);
    let limits: Vec<_> = host.requests().iter().map(|one| one.max_tokens).collect();
    assert_eq!(
        limits,
        [Some(Request::SHORT_REPLY), Some(Request::LONG_REPLY)]
    );
}

#[test]
fn a_reply_beyond_the_schemas_bounds_is_used_as_far_as_it_goes() {
    let host = TestHost::new();
    let long = "word ".repeat(2_000);
    host.reply(
        "judge",
        r#"{"reasoning": "r", "verdict": "success", "confidence": 0.9}"#,
    );
    let item = |title: &str| serde_json::json!({ "title": title, "description": long, "content": long, "tag": 7 });
    let items: Vec<_> = ["a", "b", "c", "d", "e"].map(item).into();
    let reply = serde_json::json!({ "why": "w", "items": items, "language": "en" });
    host.reply("extract", reply.to_string());
    host.distill::<ReasoningBank>(&[attempt("a1", "t1", "buy a lamp")])
        .unwrap();
    let memory = &host.memories()[0];
    assert_eq!(memory.title, "a; b; c");
    assert!(!memory.payload.contains("\"w\"") && !memory.payload.contains("why"));
}

#[test]
fn successes_and_failures_are_distilled_under_different_instructions() {
    let host = TestHost::new();
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &["x"]);
    learn(&host, attempt("a2", "t2", "buy a lamp"), "failure", &["y"]);
    let requests = host.requests();
    let instructions = |number: usize| message(&requests[number], Speaker::System);
    assert!(instructions(1).contains("went well"));
    assert!(instructions(3).contains("reflect on the cause"));
    assert!(instructions(1).contains("At most 3 items"));
}

#[test]
fn the_extractor_reads_the_judges_reasons_whole() {
    let host = TestHost::new();
    let reasons = "It found the lamp.\n\nBut it ordered two.\nThat decides.";
    host.reply("judge", judgement("failure", reasons));
    host.reply("extract", items(&["x"]));
    host.distill::<ReasoningBank>(&[attempt("a1", "t1", "buy a lamp")])
        .unwrap();
    assert!(message(&host.requests()[1], Speaker::User).contains(reasons));
}

#[test]
fn the_extractor_reads_observations_only_if_asked_to() {
    for (observations, expected) in [(false, false), (true, true)] {
        let host = TestHost::new();
        host.set("observations", observations);
        learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &["x"]);
        let requests = host.requests();
        // The judge always sees how it ended.
        assert!(message(&requests[0], Speaker::User).contains("page full of lamps"));
        let told = message(&requests[1], Speaker::User);
        assert_eq!(told.contains("page full of lamps"), expected);
        assert!(told.contains("Thought: I look for it.") && told.contains("search(lamp)"));
    }
}

#[test]
fn only_the_searching_side_has_the_prefix() {
    let host = TestHost::new();
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &["x"]);
    assert_eq!(host.memories()[0].keys[0].text, "buy a lamp");
    // With the default prefix the texts differ, without it they are the same.
    assert!(ask(&host, "t2", "buy a lamp").receipt.used[0].score < 0.99);
    host.set("query-prefix", "");
    assert!(ask(&host, "t2", "buy a lamp").receipt.used[0].score > 0.99);
}

#[test]
fn descriptions_are_handed_out_only_if_asked_for() {
    let host = TestHost::new();
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &["x"]);
    assert!(!ask(&host, "t2", "buy a lamp").text.contains("about x"));
    host.set("descriptions", true);
    assert!(ask(&host, "t2", "buy a lamp").text.contains("about x"));
}

#[test]
fn the_agent_is_told_to_discuss_what_it_uses() {
    let host = TestHost::new();
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &["x"]);
    let text = ask(&host, "t2", "buy a lamp").text;
    assert!(text.contains("where it is relevant"));
    assert!(text.contains("whether you use it"));
    assert!(text.ends_with("## x\nMind the x."));
}

#[test]
fn a_model_that_writes_more_than_three_items_is_cut_short() {
    let host = TestHost::new();
    learn(
        &host,
        attempt("a1", "t1", "buy a lamp"),
        "success",
        &["a", "b", "c", "d"],
    );
    assert_eq!(titles(&ask(&host, "t2", "buy a lamp")), ["a", "b", "c"]);
}

#[test]
fn a_conversation_without_a_verdict_is_judged_and_distilled_too() {
    let host = TestHost::new();
    let talk = Attempt::new("talk", Task::new("t1", "a chat"))
        .step(Step::user("My cat is Mia."))
        .step(Step::answer("I will remember."));
    learn(&host, talk, "success", &["remember names"]);
    let requests = host.requests();
    for request in &requests {
        let told = message(request, Speaker::User);
        assert!(told.contains("User: My cat is Mia.") && told.contains("Answer: I will remember."));
    }
    assert_eq!(titles(&ask(&host, "t2", "a chat")), ["remember names"]);
}

#[test]
fn several_attempts_are_judged_in_one_batch_and_kept_apart() {
    let host = TestHost::new();
    for (verdict, title) in [("success", "x"), ("failure", "y")] {
        host.reply("judge", judgement(verdict, "because"));
        host.reply("extract", items(&[title]));
    }
    let attempts = [
        attempt("a1", "t1", "buy a lamp"),
        attempt("a2", "t1", "buy a lamp"),
    ];
    host.distill::<ReasoningBank>(&attempts).unwrap();
    let sources: Vec<_> = host.memories().into_iter().map(|one| one.sources).collect();
    assert_eq!(sources, ["a1", "a2"].map(|id| [Source::attempt(id)]));
    let purposes: Vec<_> = host.requests().into_iter().map(|one| one.purpose).collect();
    assert_eq!(purposes, ["judge", "judge", "extract", "extract"]);
}

#[test]
fn items_that_do_not_fit_the_budget_are_left_out_whole() {
    let host = TestHost::new();
    learn(
        &host,
        attempt("a1", "t1", "buy a lamp"),
        "success",
        &["x", "y", "z"],
    );
    let whole = ask(&host, "t2", "buy a lamp").text;
    let budget = host.run(|| memhost_sdk::llm::count_tokens(&whole)) - 1;
    let query = Query::new(Task::new("t2", "buy a lamp")).budget(budget);
    let guidance = host.retrieve::<ReasoningBank>(&query).unwrap();
    assert_eq!(titles(&guidance), ["x", "y"]);
    assert_eq!(guidance.receipt.used.len(), 1);
    let none = host.retrieve::<ReasoningBank>(&query.budget(20)).unwrap();
    assert_eq!((none.text.as_str(), none.receipt.used.len()), ("", 0));
}

#[test]
fn k_never_filters_by_verdict() {
    let host = TestHost::new();
    host.set("k", 2.0);
    learn(
        &host,
        attempt("a1", "t1", "buy a red lamp"),
        "failure",
        &["x"],
    );
    learn(
        &host,
        attempt("a2", "t2", "buy a lamp on a far away island"),
        "success",
        &["y"],
    );
    assert_eq!(titles(&ask(&host, "t3", "buy a red lamp")), ["x", "y"]);
}

// ---- test-time scaling ----------------------------------------------------------------------------

/// Runs of one task that an unfaithful port could tell apart by what is known of them.
fn runs(number: usize) -> Vec<Attempt> {
    let run = |trial| {
        let mut run =
            attempt(&format!("a{trial}"), "t1", "buy a lamp").answer(format!("done {trial}"));
        run.trial = u32::try_from(trial).unwrap();
        match trial % 2 {
            0 => run.succeeded(),
            _ => run.failed(),
        }
    };
    (0..number).map(run).collect()
}

fn scaled(scaling: &str, factor: f64) -> TestHost {
    let host = TestHost::new();
    host.set("scaling", scaling);
    host.set("scaling-factor", factor);
    host
}

fn plan_of(scaling: &str, factor: f64) -> Plan {
    let settings = Settings::default()
        .with("scaling", scaling)
        .with("scaling-factor", factor);
    memhost_sdk::plan::<ReasoningBank>(&settings).unwrap()
}

#[test]
fn matts_asks_for_k_runs_in_parallel_or_k_checks_in_sequence() {
    for (scaling, factor, trials, refinements, calls) in [
        ("none", 5.0, 1, 0, 2.0),
        ("parallel", 4.0, 4, 0, 0.25),
        // One run cannot be contrasted: it is judged, as without scaling.
        ("parallel", 1.0, 1, 0, 2.0),
        ("sequential", 3.0, 1, 3, 2.0),
    ] {
        let plan = plan_of(scaling, factor);
        assert_eq!((plan.trials, plan.refinements), (trials, refinements));
        assert_eq!(plan.calls, ExpectedCalls::per(0.0, calls, 0.0));
        assert_eq!(plan.labels, Labels::SelfJudged);
    }
    let default = Settings::default().with("scaling", "parallel");
    let plan = memhost_sdk::plan::<ReasoningBank>(&default).unwrap();
    assert_eq!(plan.trials, 5);
}

#[test]
fn matts_contrasts_k_runs_in_one_call_and_keeps_one_experience() {
    let host = scaled("parallel", 4.0);
    host.reply("extract", items(&["x", "y"]));
    host.distill::<ReasoningBank>(&runs(4)).unwrap();
    let requests = host.requests();
    let called: Vec<_> = requests
        .iter()
        .map(|one| (one.purpose.as_str(), one.role, one.temperature))
        .collect();
    assert_eq!(called, [("extract", Role::Agent, Some(1.0))]);
    let told = message(&requests[0], Speaker::User);
    assert_eq!(
        told.matches("buy a lamp").count(),
        1,
        "the task stands once"
    );
    for run in 0..4 {
        assert!(told.contains(&format!("done {run}")), "{told}");
    }
    let memories = host.memories();
    assert_eq!(memories.len(), 1);
    assert_eq!(
        memories[0].sources,
        ["a0", "a1", "a2", "a3"].map(Source::attempt)
    );
    assert!(memories[0].labels.iter().all(|one| one.name != "verdict"));
    assert_eq!(titles(&ask(&host, "t2", "buy a lamp")), ["x", "y"]);
}

proptest! {
    #[test]
    fn matts_trap_the_contrast_reads_no_label_of_any_kind(
        score in prop::option::of(0.0_f64..=1.0),
        reason in "[a-z ]{0,20}",
        reward in prop::option::of(-1.0_f64..=1.0),
        verdict in prop::sample::select(vec![Verdict::Success, Verdict::Failure, Verdict::Unknown]),
    ) {
        let requests_for = |told: bool| {
            let host = scaled("parallel", 3.0);
            let mut runs = runs(3);
            for run in runs.iter_mut().filter(|_| told) {
                run.outcome.verdict = verdict;
                run.outcome.score = score;
                run.outcome.reason = reason.clone();
                run.outcome.authority = Authority::Judge;
                run.steps.iter_mut().for_each(|step| step.reward = reward);
            }
            host.reply("extract", items(&["x"]));
            host.distill::<ReasoningBank>(&runs).unwrap();
            host.requests()
        };
        let requests = requests_for(true);
        prop_assert_eq!(&requests, &requests_for(false));
        let told = message(&requests[0], Speaker::User).to_lowercase();
        for label in ["success", "failure", "judged", "verdict", "outcome", "score"] {
            prop_assert!(!told.contains(label), "`{}` in {}", label, told);
        }
    }
}

#[test]
fn matts_trap_the_contrast_reads_every_run_and_not_the_last_one_k_times() {
    let host = scaled("parallel", 2.0);
    let runs = [
        attempt("a0", "t1", "buy a lamp").step(Step::thought("First way.")),
        attempt("a1", "t1", "buy a lamp").step(Step::thought("Second way.")),
    ];
    host.reply("extract", items(&["x"]));
    host.distill::<ReasoningBank>(&runs).unwrap();
    let requests = host.requests();
    let told = message(&requests[0], Speaker::User);
    let first = told.find("First way.").unwrap();
    let second = told.find("Second way.").unwrap();
    assert!(
        told.find("# Run 2")
            .is_some_and(|run| first < run && run < second)
    );
    assert!(
        !told.contains("page full of lamps"),
        "observations are not read"
    );
}

#[test]
fn matts_keeps_five_items_of_a_contrast_and_three_of_a_run() {
    let ten = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let host = scaled("parallel", 2.0);
    host.reply("extract", items(&ten));
    host.distill::<ReasoningBank>(&runs(2)).unwrap();
    assert_eq!(
        titles(&ask(&host, "t2", "buy a lamp")),
        ["a", "b", "c", "d", "e"]
    );
    let request = &host.requests()[0];
    let instructions = message(request, Speaker::System);
    assert!(instructions.contains("At most 5 items") && instructions.contains("one to five"));
    let schema: serde_json::Value = serde_json::from_str(request.schema.as_ref().unwrap()).unwrap();
    assert_eq!(schema["properties"]["items"]["maxItems"], 5);

    let host = scaled("sequential", 2.0);
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &ten);
    assert_eq!(titles(&ask(&host, "t2", "buy a lamp")), ["a", "b", "c"]);
}

#[test]
fn matts_judges_a_run_that_comes_alone_as_without_scaling() {
    let learnt = |host: TestHost| {
        learn(&host, attempt("a1", "t1", "buy a lamp"), "failure", &["x"]);
        (host.requests(), host.memories())
    };
    let plain = learnt(TestHost::new());
    assert_eq!(learnt(scaled("parallel", 5.0)), plain);
    assert_eq!(learnt(scaled("sequential", 5.0)), plain);
}

#[test]
fn matts_without_scaling_several_attempts_are_not_contrasted() {
    let host = scaled("none", 5.0);
    for _ in 0..2 {
        host.reply("judge", judgement("success", "because"));
        host.reply("extract", items(&["x"]));
    }
    host.distill::<ReasoningBank>(&runs(2)).unwrap();
    assert_eq!(host.requests().len(), 4);
    assert_eq!(host.memories().len(), 2);
}

#[test]
fn matts_the_notes_between_the_checks_reach_the_extractor_in_their_order() {
    let host = scaled("sequential", 2.0);
    let refined = attempt("a1", "t1", "buy a lamp")
        .step(Step::answer("The red one."))
        .step(Step::user("Look again at what you used."))
        .step(Step::thought("I never compared the prices."))
        .step(Step::answer("The blue one."))
        .step(Step::user("Check once more."))
        .step(Step::thought("The blue one is cheaper."))
        .step(Step::answer("The blue one it is."))
        .answer("The blue one it is.");
    learn(&host, refined, "success", &["x"]);
    let requests = host.requests();
    for request in &requests {
        let told = message(request, Speaker::User);
        let places = [
            "Answer: The red one.",
            "User: Look again",
            "Thought: I never compared the prices.",
            "Answer: The blue one.",
            "Thought: The blue one is cheaper.",
            "Answer: The blue one it is.",
        ]
        .map(|note| {
            told.find(note)
                .unwrap_or_else(|| panic!("no `{note}` in {told}"))
        });
        assert!(places.is_sorted());
    }
    assert_eq!(requests.len(), 2);
}

#[test]
fn matts_a_contrast_that_fails_leaves_nothing_behind_and_names_its_runs() {
    for (reply, expected) in [
        ("", "not a list of items"),
        ("They differ.", "not a list of items"),
        (r#"{"items": "none"}"#, "not a list of items"),
    ] {
        let host = scaled("parallel", 2.0);
        host.reply("extract", reply);
        let Err(Fault::Failed(text)) = host.distill::<ReasoningBank>(&runs(2)) else {
            panic!("accepted");
        };
        assert!(
            text.contains(expected) && text.contains("`a0`, `a1`"),
            "{text}"
        );
        assert!(host.memories().is_empty());
    }
    let host = scaled("parallel", 2.0);
    host.reply("extract", items(&[]));
    host.distill::<ReasoningBank>(&runs(2)).unwrap();
    assert!(host.memories().is_empty(), "an experience needs an item");
}

// ---- the traps of the released code and of plausible ports ---------------------------------------

#[test]
fn trap_1_experiences_are_found_by_their_task_and_not_by_their_items() {
    let host = TestHost::new();
    host.set("query-prefix", "");
    learn(
        &host,
        attempt("a1", "t1", "cancel a flight"),
        "success",
        &["buy a red lamp"],
    );
    learn(
        &host,
        attempt("a2", "t2", "buy a lamp"),
        "success",
        &["cancel a flight"],
    );
    for memory in host.memories() {
        assert_eq!(memory.keys.len(), 1);
        assert_eq!(memory.keys[0].name, "task");
    }
    assert_eq!(
        titles(&ask(&host, "t3", "buy a red lamp")),
        ["cancel a flight"]
    );
}

#[test]
fn trap_2_k_counts_experiences_and_not_items() {
    let host = TestHost::new();
    learn(
        &host,
        attempt("a1", "t1", "buy a red lamp"),
        "success",
        &["x", "y", "z"],
    );
    learn(
        &host,
        attempt("a2", "t2", "buy a green lamp please"),
        "success",
        &["u", "v"],
    );
    assert_eq!(titles(&ask(&host, "t3", "buy a red lamp")), ["x", "y", "z"]);
    host.set("k", 2.0);
    assert_eq!(
        titles(&ask(&host, "t3", "buy a red lamp")),
        ["x", "y", "z", "u", "v"]
    );
}

#[test]
fn trap_3_nothing_is_merged_weighted_or_held_to_a_threshold() {
    let host = TestHost::new();
    let same = attempt("a1", "t1", "buy a lamp");
    learn(&host, same.clone(), "success", &["x"]);
    learn(&host, same, "success", &["x"]);
    let memories = host.memories();
    assert_eq!(memories.len(), 2);
    assert!(
        memories
            .iter()
            .all(|one| one.state == State::Active && one.counters.weight == 1.0)
    );
    // Not a word in common, and yet the best there is.
    host.set("query-prefix", "");
    assert_eq!(titles(&ask(&host, "t2", "cancel flights")), ["x"]);
}

#[test]
fn trap_4_a_task_never_finds_its_own_earlier_experience() {
    let host = TestHost::new();
    learn(
        &host,
        attempt("a1", "t1", "buy a lamp"),
        "success",
        &["own"],
    );
    assert_eq!(ask(&host, "t1", "buy a lamp"), no_guidance("r1"));
    learn(
        &host,
        attempt("a2", "t2", "cancel a flight"),
        "success",
        &["other"],
    );
    assert_eq!(titles(&ask(&host, "t1", "buy a lamp")), ["other"]);
}

#[test]
fn trap_4_a_crashed_attempt_leaves_nothing_that_a_replay_could_find() {
    let host = TestHost::new();
    learn(
        &host,
        attempt("a1", "t1", "cancel a flight"),
        "success",
        &["other"],
    );
    let before = host.memories().len();
    // The attempt asks and crashes; then the task comes again, once as itself and once under another id.
    ask(&host, "t2", "buy a lamp");
    host.reply_fault("judge", Fault::Unavailable("down".into()));
    assert!(
        host.distill::<ReasoningBank>(&[attempt("a2", "t2", "buy a lamp")])
            .is_err()
    );
    assert_eq!(host.memories().len(), before);
    for task in ["t2", "t3"] {
        assert_eq!(titles(&ask(&host, task, "buy a lamp")), ["other"]);
    }
}

#[test]
fn trap_4_key_and_items_are_kept_together_or_not_at_all() {
    let host = TestHost::new();
    learn(&host, attempt("a1", "t1", "buy a lamp"), "success", &[]);
    assert!(host.memories().is_empty());
    learn(
        &host,
        attempt("a2", "t2", "cancel a flight"),
        "success",
        &["x"],
    );
    // The nearer task had no items; the agent is not left without memory for it.
    assert_eq!(titles(&ask(&host, "t3", "buy a lamp")), ["x"]);
}

#[test]
fn trap_5_the_verdict_is_a_field_and_not_a_word_in_the_text() {
    let host = TestHost::new();
    learn_with_reasons(
        &host,
        "failure",
        "It was unsuccessful, though it said: success!",
    );
    assert!(message(&host.requests()[1], Speaker::System).contains("did not solve"));
    let verdict = &host.memories()[0].labels[1];
    assert_eq!(
        (verdict.name.as_str(), verdict.value.as_str()),
        ("verdict", "failure")
    );

    let host = TestHost::new();
    host.reply("judge", "Status: unsuccessful");
    let fault = host.distill::<ReasoningBank>(&[attempt("a1", "t1", "buy a lamp")]);
    assert!(matches!(fault, Err(Fault::Failed(_))), "{fault:?}");
}

#[test]
fn trap_6_a_judge_that_does_not_answer_is_a_fault_and_not_a_failure() {
    let host = TestHost::new();
    host.reply_fault("judge", Fault::Unavailable("HTTP 503".into()));
    let fault = host.distill::<ReasoningBank>(&[attempt("a1", "t1", "buy a lamp")]);
    let expected = "while judging attempt `a1`: HTTP 503";
    assert_eq!(fault, Err(Fault::Unavailable(expected.into())));
    assert_eq!(host.requests().len(), 1, "nothing may be extracted");
    assert!(host.memories().is_empty());
}

proptest! {
    #[test]
    fn trap_7_no_prompt_depends_on_ground_truth(
        verdict in prop::sample::select(vec![Verdict::Success, Verdict::Failure, Verdict::Unknown]),
        score in prop::option::of(0.0_f64..=1.0),
        baseline in prop::option::of(0.0_f64..=1.0),
        reason in "[a-z ]{0,20}",
        reward in prop::option::of(-1.0_f64..=1.0),
    ) {
        let requests_for = |told: bool| {
            let host = TestHost::new();
            let mut attempt = attempt("a1", "t1", "buy a lamp");
            if told {
                attempt.outcome.verdict = verdict;
                attempt.outcome.score = score;
                attempt.outcome.baseline = baseline;
                attempt.outcome.reason = reason.clone();
                attempt.outcome.authority = Authority::GroundTruth;
                for step in attempt.steps.iter_mut().filter(|one| one.actor == Actor::Action) {
                    step.reward = reward;
                }
            }
            learn(&host, attempt, "failure", &["x"]);
            host.requests()
        };
        prop_assert_eq!(requests_for(true), requests_for(false));
    }
}

#[test]
fn a_payload_of_another_plugin_is_a_fault_that_says_so() {
    let host = TestHost::new();
    let foreign = memhost_sdk::NewMemory::new("experience", "?").key("task", "buy a lamp");
    host.apply(&[memhost_sdk::Change::insert(foreign)]).unwrap();
    let query = Query::new(Task::new("t1", "buy a lamp"));
    let Err(Fault::Failed(text)) = host.retrieve::<ReasoningBank>(&query) else {
        panic!("accepted");
    };
    assert!(
        text.contains("`m1`") && text.contains("another one"),
        "{text}"
    );
}

fn learn_with_reasons(host: &TestHost, verdict: &str, reasons: &str) {
    host.reply("judge", judgement(verdict, reasons));
    host.reply("extract", items(&["x"]));
    host.distill::<ReasoningBank>(&[attempt("a1", "t1", "buy a lamp")])
        .unwrap();
}

fn no_guidance(receipt: &str) -> Guidance {
    let mut none = Guidance::none();
    none.receipt.id = receipt.to_owned();
    none
}

fn taught() -> Taught {
    let host = TestHost::new();
    learn(
        &host,
        attempt("a1", "t1", "buy a lamp"),
        "success",
        &["x", "y", "z"],
    );
    Taught {
        host,
        query: Query::new(Task::new("t2", "buy a lamp")),
        attempts: vec![attempt("a9", "t9", "buy a desk")],
    }
}

memhost_sdk::promises!(ReasoningBank: Retrieve, Distill, OwnTask; taught);
