//! The checks that tell this algorithm from a plausible one, with a scripted model.

use memhost_sdk::testing::{Taught, TestHost};
use memhost_sdk::{
    Agent, Arrangement, Attempt, Authority, ExpectedCalls, Fault, Guidance, Labels, Placement,
    Plan, Query, Request, Role, Settings, Source, Speaker, State, Step, Task,
};
use serde_json::{Value, json};

use crate::MemCollab;
use crate::contrast::Contrast;

const STRONG: (&str, u32) = ("strong", 2);
const WEAK: (&str, u32) = ("weak", 1);
const OTHER: (&str, u32) = ("other", 0);

fn sum() -> Task {
    Task::new("t1", "How many apples are left in the basket?").label("domain", "math")
}

/// A run of a task by an agent whose model has the agent's name.
fn run(task: &Task, (agent, rank): (&str, u32)) -> Attempt {
    let id = format!("{}-{agent}", task.id);
    let mut run = Attempt::new(&id, task.clone())
        .step(Step::thought(format!("Thought of {agent}.")))
        .answer(format!("answer of {agent}"));
    run.agent = Agent {
        rank,
        ..Agent::new(agent, &format!("{agent}-model"))
    };
    run
}

fn constraint(name: &str) -> Value {
    json!({ "when": format!("{name} matters"), "enforce": format!("the {name}"), "avoid": format!("no {name}") })
}

fn sentence(name: &str) -> String {
    format!("When {name} matters, enforce the {name}; avoid no {name}.")
}

fn constraints(names: &[&str]) -> String {
    let constraints: Vec<Value> = names.iter().map(|name| constraint(name)).collect();
    json!({ "constraints": constraints }).to_string()
}

fn class(subcategory: &str) -> String {
    json!({ "subcategory": subcategory }).to_string()
}

/// Contrasts these runs, files them under the subcategory, and keeps these constraints.
fn learn(host: &TestHost, runs: &[Attempt], subcategory: &str, names: &[&str]) {
    host.reply("summarise", constraints(names));
    host.reply("classify", class(subcategory));
    host.distill::<MemCollab>(runs).unwrap();
}

/// A pair of runs of which the strong agent's is right, of a task of its own.
fn pair(task: &str) -> [Attempt; 2] {
    let task = Task {
        id: task.to_owned(),
        ..sum()
    };
    [run(&task, WEAK).failed(), run(&task, STRONG).succeeded()]
}

fn query(text: &str, (agent, rank): (&str, u32)) -> Query {
    let mut query = Query::new(Task::new("asked", text).label("domain", "math"));
    query.agent = run(&sum(), (agent, rank)).agent;
    query
}

/// Asks as the weak agent, whose model classifies the query so.
fn ask(host: &TestHost, subcategory: &str, text: &str) -> Guidance {
    host.reply("classify", class(subcategory));
    host.retrieve::<MemCollab>(&query(text, WEAK)).unwrap()
}

/// The constraints of a guidance, in their order.
fn handed_out(guidance: &Guidance) -> Vec<&str> {
    guidance.text.split("\n\n").skip(1).collect()
}

fn contents(host: &TestHost) -> Vec<String> {
    host.memories().into_iter().map(|one| one.content).collect()
}

fn message(request: &Request, speaker: Speaker) -> &str {
    let message = request.messages.iter().find(|one| one.speaker == speaker);
    &message.unwrap().text
}

fn plan() -> Plan {
    memhost_sdk::plan::<MemCollab>(&Settings::default()).unwrap()
}

// ---- the algorithm --------------------------------------------------------------------------------

#[test]
fn the_plan_is_to_build_from_every_agents_verified_runs_and_then_freeze() {
    let plan = plan();
    assert_eq!(plan.arrangement, Arrangement::BuildThenFreeze);
    assert_eq!(plan.labels, Labels::Verified);
    assert!(plan.all_agents && !plan.baseline_arm);
    assert_eq!((plan.trials, plan.refinements, plan.rounds), (1, 0, 1));
    assert_eq!(plan.calls, ExpectedCalls::per(1.0, 1.0, 0.0));
}

#[test]
fn the_calls_made_are_those_the_plan_expects() {
    let host = TestHost::new();
    let runs = pair("t1");
    learn(&host, &runs, "money", &["unit"]);
    let per_attempt = host.requests().len() as f32 / runs.len() as f32;
    ask(&host, "money", "?");
    let per_retrieval = host.requests().len() as f32 - per_attempt * runs.len() as f32;
    assert_eq!(
        plan().calls,
        ExpectedCalls::per(per_retrieval, per_attempt, 0.0)
    );
}

#[test]
fn a_constraint_is_one_sentence_with_its_kind_its_models_and_its_runs() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["unit", "sign"]);
    let memories = host.memories();
    assert_eq!(contents(&host), [sentence("unit"), sentence("sign")]);
    let memory = &memories[0];
    assert_eq!(
        (memory.kind.as_str(), memory.state),
        ("constraint", State::Active)
    );
    let labels: Vec<_> = memory
        .labels
        .iter()
        .map(|label| (label.name.as_str(), label.value.as_str()))
        .collect();
    assert_eq!(
        labels,
        [
            ("category", "arithmetic"),
            ("subcategory", "money"),
            ("model", "strong-model"),
            ("model", "weak-model"),
        ]
    );
    assert_eq!(
        memory.sources,
        ["t1-strong", "t1-weak"].map(Source::attempt)
    );
}

#[test]
fn what_is_found_stands_in_front_of_the_task_and_is_cited_best_first() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["sign", "unit"]);
    let guidance = ask(&host, "money", "Which unit has the price?");
    assert_eq!(handed_out(&guidance), [sentence("unit"), sentence("sign")]);
    assert!(guidance.text.starts_with("These constraints were learnt"));
    assert_eq!(guidance.placement, Placement::User);
    let used = guidance.receipt.used;
    let ids: Vec<_> = used.iter().map(|one| one.memory.as_str()).collect();
    assert_eq!(ids, ["m2", "m1"]);
    assert!(used[0].score > used[1].score && used[0].score < 1.0);
}

#[test]
fn words_around_the_parts_of_a_constraint_are_not_said_twice() {
    let host = TestHost::new();
    let wordy = json!({ "constraints": [{
        "when": "When prices\nare added,",
        "enforce": " enforce one currency. ",
        "avoid": "Avoid mixing them;",
    }] });
    host.reply("summarise", wordy.to_string());
    host.reply("classify", class("money"));
    host.distill::<MemCollab>(&pair("t1")).unwrap();
    let expected = "When prices are added, enforce one currency; avoid mixing them.";
    assert_eq!(contents(&host), [expected]);
}

#[test]
fn constraints_that_do_not_fit_the_budget_are_left_out_whole() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["unit", "sign"]);
    let whole = ask(&host, "money", "unit").text;
    let budget = host.run(|| memhost_sdk::llm::count_tokens(&whole)) - 1;
    host.reply("classify", class("money"));
    let guidance = host.retrieve::<MemCollab>(&query("unit", WEAK).budget(budget));
    let guidance = guidance.unwrap();
    assert_eq!(handed_out(&guidance), [sentence("unit")]);
    assert_eq!(guidance.receipt.used.len(), 1);
}

#[test]
fn a_taxonomy_of_ones_own_is_what_the_model_chooses_from() {
    let host = TestHost::new();
    host.set("taxonomy", "fruit: apples, pears; tools: hammers");
    learn(&host, &pair("t1"), "pears", &["unit"]);
    let request = host
        .requests()
        .into_iter()
        .find(|one| one.purpose == "classify")
        .unwrap();
    let schema: Value = serde_json::from_str(&request.schema.clone().unwrap()).unwrap();
    assert_eq!(
        schema["properties"]["subcategory"]["enum"],
        json!(["apples", "pears", "hammers"])
    );
    assert!(
        message(&request, Speaker::System).contains("- fruit: apples, pears\n- tools: hammers")
    );
    assert_eq!(host.memories()[0].labels[0].value, "fruit");
}

#[test]
fn a_taxonomy_that_cannot_be_is_refused_before_anything_runs() {
    let settings = Settings::default().with("taxonomy", "fruit: apples; tools: apples");
    let Err(Fault::Invalid(text)) = memhost_sdk::plan::<MemCollab>(&settings) else {
        panic!("accepted");
    };
    assert!(
        text.contains("`taxonomy`") && text.contains("`apples`"),
        "{text}"
    );
}

#[test]
fn a_tasks_domain_says_what_it_is_classified_by() {
    let host = TestHost::new();
    host.answer_with(|request| {
        let told = message(request, Speaker::System);
        Ok(class(if told.contains("recursion") {
            "recursion"
        } else {
            "people"
        }))
    });
    for (labels, expected) in [(Some("mbpp"), "- algorithms:"), (None, "- facts:")] {
        let task = Task::new("t", "?");
        let task = labels
            .into_iter()
            .fold(task, |task, name| task.label("source", name));
        host.retrieve::<MemCollab>(&Query::new(task)).unwrap();
        let request = host.requests().pop().unwrap();
        assert!(message(&request, Speaker::System).contains(expected));
    }
}

// ---- the traps of plausible ports -----------------------------------------------------------------

/// Who is preferred, and against whom.
fn contrasted(runs: &[Attempt]) -> Option<(&str, Vec<&str>)> {
    let Contrast {
        preferred,
        unpreferred,
    } = Contrast::of(runs)?;
    let others = unpreferred.into_iter().map(|run| run.agent.id.as_str());
    Some((preferred.agent.id.as_str(), others.collect()))
}

#[test]
fn trap_strong_is_not_preferred_the_weak_agents_success_is_if_the_strong_one_fails() {
    let runs = [
        run(&sum(), STRONG).failed(),
        run(&sum(), WEAK).succeeded(),
        run(&sum(), OTHER).failed(),
    ];
    assert_eq!(contrasted(&runs), Some(("weak", vec!["strong", "other"])));

    let host = TestHost::new();
    learn(&host, &runs, "money", &["unit"]);
    let request = &host.requests()[0];
    let told = message(request, Speaker::User);
    let place = |text: &str| {
        told.find(text)
            .unwrap_or_else(|| panic!("no `{text}` in {told}"))
    };
    let places = [
        "How many apples",
        "# The preferred run",
        "Thought of weak.",
        "answer of weak",
        "# Unpreferred run 1",
        "Thought of strong.",
        "# Unpreferred run 2",
        "Thought of other.",
    ];
    assert!(places.map(place).is_sorted(), "{told}");
}

#[test]
fn trap_of_two_correct_runs_the_strongest_agents_is_preferred_in_whatever_order() {
    let [weak, strong] = [
        run(&sum(), WEAK).succeeded(),
        run(&sum(), STRONG).succeeded(),
    ];
    let expected = Some(("strong", vec!["weak"]));
    assert_eq!(contrasted(&[weak.clone(), strong.clone()]), expected);
    assert_eq!(contrasted(&[strong, weak]), expected);
}

#[test]
fn trap_of_two_wrong_runs_the_strongest_agents_is_preferred_and_the_pair_still_teaches() {
    let runs = [run(&sum(), WEAK).failed(), run(&sum(), STRONG).failed()];
    assert_eq!(contrasted(&runs), Some(("strong", vec!["weak"])));
    let host = TestHost::new();
    learn(&host, &runs, "money", &["unit"]);
    assert_eq!(host.memories().len(), 1);
}

#[test]
fn trap_one_agent_alone_teaches_nothing_however_often_it_ran() {
    let mut again = run(&sum(), STRONG).failed();
    again.id = "again".to_owned();
    let alone = [run(&sum(), STRONG).succeeded(), again];
    for attempts in [&alone[..], &alone[..1], &[]] {
        let host = TestHost::new();
        assert_eq!(host.distill::<MemCollab>(attempts), Ok(Vec::new()));
        assert!(host.requests().is_empty(), "nothing may be asked");
    }
}

#[test]
fn trap_an_agent_that_ran_twice_is_not_held_against_itself() {
    let mut again = run(&sum(), WEAK).succeeded();
    again.id = "again".to_owned();
    let runs = [
        run(&sum(), WEAK).failed(),
        again,
        run(&sum(), STRONG).failed(),
    ];
    let contrast = Contrast::of(&runs).unwrap();
    assert_eq!(contrast.preferred.id, "again");
    assert_eq!(contrast.unpreferred, [&runs[2]]);
}

#[test]
fn trap_a_run_that_no_ground_truth_has_judged_is_neither_right_nor_wrong() {
    let mut judged = run(&sum(), STRONG).succeeded();
    judged.outcome.authority = Authority::Judge;
    for unverified in [judged, run(&sum(), STRONG)] {
        let runs = [
            unverified,
            run(&sum(), WEAK).failed(),
            run(&sum(), OTHER).failed(),
        ];
        assert_eq!(contrasted(&runs), Some(("weak", vec!["other"])));
        assert_eq!(contrasted(&runs[..2]), None);
    }
}

#[test]
fn trap_the_strongest_distils_and_the_agents_own_model_classifies_its_query() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["unit"]);
    ask(&host, "money", "Which unit has the price?");
    let requests = host.requests();
    let called: Vec<_> = requests
        .iter()
        .map(|one| (one.purpose.as_str(), one.role))
        .collect();
    assert_eq!(
        called,
        [
            ("summarise", Role::Strongest),
            ("classify", Role::Strongest),
            ("classify", Role::Agent),
        ]
    );
    assert_eq!(
        message(&requests[2], Speaker::User),
        "Which unit has the price?"
    );
}

#[test]
fn trap_another_kinds_constraint_is_never_handed_out_even_at_similarity_1() {
    for version in ["v1", "v2"] {
        let host = TestHost::new();
        host.set("version", version);
        learn(&host, &pair("t1"), "money", &["unit"]);
        learn(&host, &pair("t2"), "triangles", &["angle"]);
        // Word for word what is kept of another category, and of another subcategory of the same.
        for subcategory in ["triangles", "time"] {
            let guidance = ask(&host, subcategory, &sentence("unit"));
            assert!(!guidance.text.contains(&sentence("unit")), "{version}");
        }
        let same = ask(&host, "money", &sentence("unit"));
        assert_eq!(handed_out(&same), [sentence("unit")]);
        assert!(same.receipt.used[0].score > 0.999);
    }
}

#[test]
fn trap_the_category_is_gated_too_and_not_the_subcategorys_name_alone() {
    let host = TestHost::new();
    host.set("taxonomy", "fruit: size; tools: weight");
    learn(&host, &pair("t1"), "size", &["unit"]);
    host.set("taxonomy", "tools: size; fruit: weight");
    assert_eq!(ask(&host, "size", &sentence("unit")).text, "");
}

#[test]
fn trap_an_empty_bucket_hands_out_nothing_and_does_not_fall_back() {
    for version in ["v1", "v2"] {
        let host = TestHost::new();
        host.set("version", version);
        assert_eq!(ask(&host, "money", "unit").text, "");
        learn(&host, &pair("t1"), "money", &["unit"]);
        let guidance = ask(&host, "time", "unit");
        assert_eq!(
            (guidance.text.as_str(), guidance.receipt.used.len()),
            ("", 0)
        );
    }
}

#[test]
fn trap_p_constraints_are_handed_out_and_not_the_whole_bucket() {
    for version in ["v1", "v2"] {
        let host = TestHost::new();
        host.set("version", version);
        learn(&host, &pair("t1"), "money", &["unit", "sign", "sum"]);
        learn(&host, &pair("t2"), "money", &["rate", "price"]);
        let guidance = ask(&host, "money", "price sum");
        let found = handed_out(&guidance);
        assert_eq!(found.len(), 3);
        assert!(found.contains(&sentence("price").as_str()));
        assert!(found.contains(&sentence("sum").as_str()));
        host.set("p", 1.0);
        assert_eq!(handed_out(&ask(&host, "money", "rate")), [sentence("rate")]);
    }
}

#[test]
fn trap_ties_go_to_the_older_constraint() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["unit", "sign", "sum"]);
    learn(&host, &pair("t2"), "money", &["rate"]);
    let guidance = ask(&host, "money", "xyz");
    assert_eq!(
        handed_out(&guidance),
        [sentence("unit"), sentence("sign"), sentence("sum")]
    );
}

#[test]
fn trap_v2_hands_out_only_what_the_agents_own_model_took_part_in() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["unit"]);
    let task = Task {
        id: "t2".to_owned(),
        ..sum()
    };
    let without_weak = [run(&task, OTHER).failed(), run(&task, STRONG).succeeded()];
    learn(&host, &without_weak, "money", &["sign"]);
    let asked_by = |version: &str, agent| {
        host.set("version", version);
        host.reply("classify", class("money"));
        let guidance = host.retrieve::<MemCollab>(&query("sign", agent)).unwrap();
        let mut found: Vec<String> = handed_out(&guidance)
            .into_iter()
            .map(str::to_owned)
            .collect();
        found.sort();
        found
    };
    let both = [sentence("sign"), sentence("unit")];
    // Gated by model and not by rank or similarity: the weak model gets the less similar one.
    assert_eq!(asked_by("v2", WEAK), [sentence("unit")]);
    assert_eq!(asked_by("v2", OTHER), [sentence("sign")]);
    assert_eq!(asked_by("v2", STRONG), both);
    assert!(asked_by("v2", ("stranger", 9)).is_empty());
    // Part of a model's name (`eak-model` of `weak-model`) is not the model.
    assert!(asked_by("v2", ("eak", 1)).is_empty());
    assert_eq!(asked_by("v1", ("stranger", 9)), both);
}

#[test]
fn trap_no_prompt_tells_more_of_an_outcome_than_which_run_is_preferred() {
    let requests_for = |reason: &str, score| {
        let host = TestHost::new();
        let mut runs = pair("t1");
        for run in &mut runs {
            run.outcome.reason = reason.to_owned();
            run.outcome.score = score;
        }
        learn(&host, &runs, "money", &["unit"]);
        host.requests()
    };
    assert_eq!(
        requests_for("", None),
        requests_for("The truth is 7.", Some(0.25))
    );
}

// ---- what a model may reply -----------------------------------------------------------------------

#[test]
fn a_reply_with_ten_constraints_keeps_three() {
    let host = TestHost::new();
    let ten = ["a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9", "j10"];
    learn(&host, &pair("t1"), "money", &ten);
    assert_eq!(
        contents(&host),
        [sentence("a1"), sentence("b2"), sentence("c3")]
    );
    let request = &host.requests()[0];
    assert!(message(request, Speaker::System).contains("At most 3 constraints"));
    let schema: Value = serde_json::from_str(request.schema.as_ref().unwrap()).unwrap();
    assert_eq!(schema["properties"]["constraints"]["maxItems"], 3);

    host.set("k", 1.0);
    learn(&host, &pair("t2"), "money", &ten);
    assert_eq!(host.memories().len(), 4);
}

#[test]
fn a_constraint_that_quotes_the_answer_is_dropped_and_the_others_stay() {
    let host = TestHost::new();
    let mut runs = pair("t1");
    runs[1].answer = "She has 16 - 4 = 12 eggs.\nA: 1,012".to_owned();
    runs[0].answer = String::new();
    runs[0].steps.push(Step::answer("It is the basket of Ada."));
    learn(
        &host,
        &runs,
        "money",
        &["1012", "unit", "IT IS THE BASKET OF ADA", "12", "sign"],
    );
    assert_eq!(
        contents(&host),
        [sentence("unit"), sentence("12"), sentence("sign")]
    );
}

#[test]
fn a_constraint_without_one_of_its_parts_is_dropped() {
    let host = TestHost::new();
    let mut hollow = constraint("sign");
    hollow["avoid"] = json!(" . ");
    let reply = json!({ "constraints": [hollow, constraint("unit")] });
    host.reply("summarise", reply.to_string());
    host.reply("classify", class("money"));
    host.distill::<MemCollab>(&pair("t1")).unwrap();
    assert_eq!(contents(&host), [sentence("unit")]);
}

#[test]
fn an_answer_is_found_in_a_constraint_of_any_language() {
    for (answer, telling, general) in [
        ("東京", "答えは東京です", "地名を確かめる"),
        ("东京", "首都是东京", "先看题目"),
        ("서울", "서울에서 찾기", "지명을 확인"),
        ("ทองดี", "ชื่อทองดี", "ดูชื่อก่อน"),
        ("Jyväskylä", "JYVA\u{308}SKYLA\u{308}", "kaupunki"),
        ("İstanbul", "istanbul'da", "şehir"),
        ("Straßburg", "STRASSBURG", "Stadt"),
        ("दिल्ली", "दिल्ली में", "शहर"),
        ("القاهرة", "القَاهِرة", "المدينة"),
        ("The answer is 2", "fact that the answer is 2", "2 checks"),
        ("-18", "value -18 at x = -18", "value 18"),
    ] {
        let host = TestHost::new();
        let mut runs = pair("t1");
        runs[1].answer = answer.to_owned();
        learn(&host, &runs, "money", &[telling, general]);
        assert_eq!(contents(&host), [sentence(general)]);
    }
}

#[test]
fn a_reply_beyond_the_schemas_bounds_is_used_as_far_as_it_goes() {
    let host = TestHost::new();
    let mut loud = constraint("unit");
    loud["confidence"] = json!(0.9);
    let mut all = vec![loud];
    all.extend(["sign", "a1", "b2", "c3"].map(constraint));
    let reply = json!({ "why": "They differ.", "constraints": all, "n": 5 });
    host.reply("summarise", reply.to_string());
    host.reply(
        "classify",
        r#"{"why": "It adds up prices.", "subcategory": "money", "sure": true}"#,
    );
    host.distill::<MemCollab>(&pair("t1")).unwrap();
    assert_eq!(contents(&host), ["unit", "sign", "a1"].map(sentence));
}

#[test]
fn models_that_do_not_think_elsewhere_may_reason_before_they_decide_or_write() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["unit"]);
    for (request, decision) in host.requests().iter().zip(["constraints", "subcategory"]) {
        let written = request.schema.as_ref().unwrap();
        let schema: Value = serde_json::from_str(written).unwrap();
        assert_eq!(schema["properties"]["why"], json!({ "type": "string" }));
        let place = |name: &str| written.find(&format!("\"{name}\": {{")).unwrap();
        assert!(place("why") < place(decision));
        assert_eq!(
            schema["required"],
            json!([decision]),
            "reasons may be left out"
        );
        assert!(message(request, Speaker::System).contains("`why` comes first"));
    }
}

#[test]
fn a_reply_ends_before_a_model_that_repeats_itself_has_filled_its_context() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["unit"]);
    let limits: Vec<_> = host.requests().iter().map(|one| one.max_tokens).collect();
    assert_eq!(
        limits,
        [Some(Request::LONG_REPLY), Some(Request::SHORT_REPLY)]
    );
}

#[test]
fn no_constraints_are_a_legal_reply() {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &[]);
    assert!(host.memories().is_empty());
}

#[test]
fn nothing_is_half_written_whatever_the_model_replies() {
    let good = (constraints(&["unit", "sign"]), class("money"));
    let bad_summaries = ["", "Mind the unit.", "[]", r#"{"constraints": ["unit"]}"#];
    let bad_classes = [
        "",
        "money",
        "{}",
        r#"{"subcategory": "no such"}"#,
        r#"{"subcategory": 7}"#,
    ];
    let summaries =
        bad_summaries.map(|bad| (bad.to_owned(), good.1.clone(), "contrasting the runs"));
    let classes = bad_classes.map(|bad| (good.0.clone(), bad.to_owned(), "classifying the task"));
    for (summary, class, doing) in summaries.into_iter().chain(classes) {
        let host = TestHost::new();
        host.reply("summarise", summary.as_str());
        host.reply("classify", class.as_str());
        let Err(Fault::Failed(text)) = host.distill::<MemCollab>(&pair("t1")) else {
            panic!("`{summary}` and `{class}` were accepted");
        };
        assert!(text.contains(doing), "{text}");
        assert!(host.memories().is_empty());
    }
    for purpose in ["summarise", "classify"] {
        let host = TestHost::new();
        host.reply_fault(purpose, Fault::Unavailable("HTTP 503".into()));
        host.reply("summarise", good.0.as_str());
        host.reply("classify", good.1.as_str());
        let fault = host.distill::<MemCollab>(&pair("t1"));
        assert!(
            matches!(&fault, Err(Fault::Unavailable(text)) if text.contains("HTTP 503")),
            "{fault:?}"
        );
        assert!(host.memories().is_empty());
    }
}

#[test]
fn a_query_that_cannot_be_classified_is_a_fault_and_opens_no_gate() {
    for reply in ["", "money", r#"{"subcategory": "arithmetic"}"#] {
        let host = TestHost::new();
        learn(&host, &pair("t1"), "money", &["unit"]);
        host.reply("classify", reply);
        let fault = host.retrieve::<MemCollab>(&query("unit", WEAK));
        assert!(
            matches!(&fault, Err(Fault::Failed(text)) if text.contains("classifying the task")),
            "{fault:?}"
        );
    }
}

fn taught() -> Taught {
    let host = TestHost::new();
    learn(&host, &pair("t1"), "money", &["sign", "parity"]);
    host.answer_with(|_| Ok(class("money")));
    Taught {
        host,
        query: query("How many apples are left?", WEAK),
        attempts: pair("t9").to_vec(),
    }
}

memhost_sdk::promises!(MemCollab: Retrieve, Distill; taught);
