mod evasion;

use memhost_contract::Outcome;

use super::super::Timing;
use super::super::recorded::{attempt, graded, said, task, tool, unknown};
use super::super::{Lane, Stage, Stream};
use super::*;

fn learnt(id: &str, steps: Vec<memhost_contract::Step>, outcome: Outcome) -> Episode {
    let task = task(id.into(), format!("do {id}"), &[]);
    Episode {
        question: None,
        attempts: vec![attempt(format!("{id}-0"), &task, 0, steps, outcome)],
        withheld: vec![],
        timing: Timing::default(),
        check: None,
        group: id.into(),
        task,
    }
}

fn asked(id: &str, question: Question) -> Episode {
    Episode {
        question: Some(question),
        attempts: vec![],
        ..learnt(id, vec![], unknown())
    }
}

fn suite(lane: Lane, budgets: Vec<u32>, episodes: Vec<Episode>) -> Suite {
    Suite {
        name: "mine".into(),
        lane,
        summary: String::new(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "main".into(),
            stages: vec![Stage::in_order(episodes)],
        }],
        budgets,
        primary: "hit@1".into(),
    }
}

/// The scores of an episode, given guidance per budget, sources and the attempts that were visible.
fn scores(
    suite: &Suite,
    task: &str,
    guidance: &[&str],
    sources: &[Source],
    visible: &[&str],
) -> Scores {
    let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let (_, episode) = suite
        .episodes()
        .find(|(_, episode)| episode.task.id == task && episode.question.is_some())
        .unwrap();
    let reader = Reader::new(suite);
    reader
        .read(
            episode,
            &Reading {
                guidance: &owned(guidance),
                cited: &Cited::each(sources, 1.0),
                visible: Visible::all(&reader.having_learnt(visible)),
                record: &KnownOutcomes::default(),
                seed: 0,
            },
        )
        .scores
}

fn evidence(answers: &[&str], matching: Matching, gold: &[Source]) -> Question {
    Question::Evidence {
        answers: answers.iter().map(|a| (*a).into()).collect(),
        matching,
        gold: gold.to_vec(),
        pieces: Vec::new(),
    }
}

fn talks() -> Suite {
    let talk = |texts: &[&str]| texts.iter().map(|t| said(Actor::User, *t)).collect();
    suite(
        Lane::Evidence,
        vec![128, 256],
        vec![
            learnt("s1", talk(&["I am 41.", "I like tea."]), unknown()),
            learnt("s2", talk(&["My cat is Momo.", "Tea, again."]), unknown()),
            asked(
                "age",
                evidence(
                    &["41", "forty-one"],
                    Matching::Phrase,
                    &[Source::step("s1-0", 0)],
                ),
            ),
            asked(
                "tea",
                evidence(
                    &["never"],
                    Matching::Phrase,
                    &[Source::step("s1-0", 1), Source::step("s2-0", 1)],
                ),
            ),
            asked(
                "cat",
                evidence(&["the cat Momo likes tea"], Matching::Words, &[]),
            ),
        ],
    )
}

const BOTH: [&str; 2] = ["s1-0", "s2-0"];

#[test]
fn an_answer_is_found_in_the_guidance_of_its_budget() {
    let read = scores(
        &talks(),
        "age",
        &["I am 4.", "You are Forty One!"],
        &[],
        &BOTH,
    );
    assert_eq!(read["answer@128"], 0.0);
    assert_eq!(read["answer@256"], 1.0);
}

#[test]
fn an_answer_that_nobody_said_is_not_asked_for() {
    let read = scores(
        &talks(),
        "tea",
        &["never", "never"],
        &[Source::step("s1-0", 1)],
        &BOTH,
    );
    assert!(!read.contains_key("answer@128"), "{read:?}");
    assert_eq!(read["hit@1"], 1.0);
    let read = scores(&talks(), "age", &["41", "41"], &[], &["s2-0"]);
    assert!(read.is_empty(), "{read:?}");
}

#[test]
fn words_of_an_answer_may_stand_anywhere() {
    let apart = "tea is what Momo likes, and Momo is a cat";
    let read = scores(&talks(), "cat", &[apart, "cat, tea"], &[], &BOTH);
    // `likes` is nowhere in the talks, so that the answer is out of reach.
    assert!(read.is_empty(), "{read:?}");
    let mut suite = talks();
    suite.streams[0].stages[0].episodes[4].question =
        Some(evidence(&["the cat Momo, and tea"], Matching::Words, &[]));
    let read = scores(&suite, "cat", &[apart, "cat, tea"], &[], &BOTH);
    assert_eq!((read["answer@128"], read["answer@256"]), (1.0, 0.0));
}

#[test]
fn gold_turns_are_ranked_among_distinct_sources() {
    let sources = [
        Source::step("s2-0", 0),
        Source::step("s2-0", 0),
        Source::attempt("s1-0"),
        Source::step("s2-0", 1),
        Source::step("s1-0", 1),
    ];
    let read = scores(&talks(), "tea", &["", ""], &sources, &BOTH);
    assert_eq!(read["hit@1"], 0.0);
    assert_eq!(read["hit@5"], 1.0);
    assert_eq!(read["recall@10"], 1.0);
    assert_eq!(read["all-evidence@10"], 1.0);
    // Third and fourth of the distinct sources, of two that could be first and second.
    let expected = (1.0 / 4f64.log2() + 1.0 / 5f64.log2()) / (1.0 + 1.0 / 3f64.log2());
    assert!((read["ndcg@10"] - expected).abs() < 1e-12);
}

#[test]
fn gold_that_was_not_visible_does_not_count() {
    let read = scores(
        &talks(),
        "tea",
        &["", ""],
        &[Source::step("s1-0", 1)],
        &["s1-0"],
    );
    assert_eq!(read["recall@10"], 1.0);
    let read = scores(&talks(), "tea", &["", ""], &[], &[]);
    assert!(read.is_empty(), "{read:?}");
}

/// What somebody works for, and where that is; neither is said of who is asked for in one place.
fn hops() -> Suite {
    let pieces = ["Zorvex employs Ann.", "Gulis hosts Zorvex."];
    let talk = |texts: &[&str]| texts.iter().map(|t| said(Actor::User, *t)).collect();
    let mut question = evidence(
        &["Gulis"],
        Matching::Phrase,
        &[Source::step("s1-0", 0), Source::step("s2-0", 1)],
    );
    if let Question::Evidence { pieces: of_it, .. } = &mut question {
        *of_it = pieces.map(String::from).to_vec();
    }
    suite(
        Lane::Hops,
        vec![128, 256],
        vec![
            learnt("s1", talk(&["So it is: Zorvex employs Ann."]), unknown()),
            learnt("s2", talk(&["Tea.", pieces[1]]), unknown()),
            asked("where", question),
            asked("nowhere", Question::Unanswerable),
        ],
    )
}

#[test]
fn pieces_count_when_all_of_them_stand_in_the_guidance() {
    let both = "Ann, whom Zorvex employs, is fine.\nGulis hosts Zorvex and others.";
    let read = scores(&hops(), "where", &["Gulis hosts Zorvex.", both], &[], &BOTH);
    assert_eq!((read["pieces@128"], read["pieces@256"]), (0.0, 1.0));
    assert_eq!(read["answer@128"], 1.0);
}

#[test]
fn halves_of_two_sentences_are_no_piece() {
    let apart = "Zorvex employs Bob. Ann is fine. Gulis hosts Zorvex.";
    let read = scores(&hops(), "where", &[apart, apart], &[], &BOTH);
    assert_eq!(read["pieces@256"], 0.0);
}

#[test]
fn pieces_that_could_not_be_seen_are_not_asked_for() {
    let read = scores(
        &hops(),
        "where",
        &["", ""],
        &[Source::step("s1-0", 0)],
        &["s1-0"],
    );
    assert!(!read.contains_key("pieces@256"), "{read:?}");
    assert_eq!(read["all-evidence@2"], 1.0);
}

#[test]
fn all_evidence_is_looked_for_at_several_depths() {
    let sources = [
        Source::step("s1-0", 0),
        Source::step("s2-0", 0),
        Source::step("s2-0", 1),
    ];
    let read = scores(&hops(), "where", &["", ""], &sources, &BOTH);
    assert_eq!((read["all-evidence@2"], read["all-evidence@5"]), (0.0, 1.0));
}

#[test]
fn where_nothing_answers_silence_is_right() {
    let read = |guidance| scores(&hops(), "nowhere", guidance, &[], &BOTH)["abstained"];
    assert_eq!(read(&["", " \n"]), 1.0);
    assert_eq!(read(&["", "Zorvex."]), 0.0);
    assert!(scores(&hops(), "nowhere", &["", ""], &[], &[]).is_empty());
}

fn runs() -> Suite {
    let called = |names: &[&str]| {
        names
            .iter()
            .map(|name| tool(Actor::Action, *name, "{}"))
            .collect()
    };
    let next = Question::NextTool {
        run: called(&["get"]),
        tool: "get_more".into(),
    };
    suite(
        Lane::Steps,
        vec![256],
        vec![
            learnt("s1", called(&["get", "get_more", "pay", "look"]), unknown()),
            asked("q", next),
        ],
    )
}

#[test]
fn tools_are_guessed_in_the_order_in_which_guidance_names_them() {
    let read = |guidance| {
        let read = scores(&runs(), "q", &[guidance], &[], &["s1-0"]);
        (read["next@1"], read["next@3"])
    };
    assert_eq!(read("After get, get_more."), (0.0, 1.0));
    assert_eq!(read("`get_more`, then pay, get_more, get"), (1.0, 1.0));
    assert_eq!(read("pay, look, get, get_more"), (0.0, 0.0));
    assert_eq!(read("get_more_of_it, or unheard_of"), (0.0, 0.0));
    assert!(scores(&runs(), "q", &["get_more"], &[], &[]).is_empty());
}

#[test]
fn a_tool_whose_name_begins_with_anothers_can_be_guessed_first() {
    let called = |name: &str| vec![tool(Actor::Action, name, "{}")];
    let next = Question::NextTool {
        run: called("track"),
        tool: "track-order".into(),
    };
    let learnt = learnt("s1", called("track"), unknown());
    let suite = suite(Lane::Steps, vec![256], vec![learnt, asked("q", next)]);
    let read = |guidance| scores(&suite, "q", &[guidance], &[], &["s1-0"])["next@1"];
    assert_eq!(read("track-order"), 1.0);
    assert_eq!(read("track, track-order"), 0.0);
}

#[test]
fn an_outdated_value_that_still_stands_is_one_more_that_does_not() {
    let keep = Question::Keep {
        run: vec![said(
            Actor::User,
            "HAT069 on 2024-05-20. No, on 2024-05-21.",
        )],
        needed: vec!["HAT069".into(), "2024-05-21".into()],
        outdated: vec!["2024-05-20".into()],
    };
    let suite = suite(Lane::Compaction, vec![64], vec![asked("q", keep)]);
    let read = |left| {
        let read = scores(&suite, "q", &[left], &[], &[]);
        (read["kept"], read["all-kept"])
    };
    assert_eq!(read("HAT069, 2024-05-21"), (1.0, 1.0));
    assert_eq!(read("HAT069, 2024-05-20"), (1.0 / 3.0, 0.0));
    assert_eq!(read("HAT069, 2024-05-20, 2024-05-21"), (2.0 / 3.0, 0.0));
    assert_eq!(read("hat069"), (0.0, 0.0));
    assert_eq!(
        read("HAT0692024-05-21"),
        (0.0, 0.0),
        "nothing of it can be told apart"
    );
}

#[test]
fn a_value_within_another_does_not_stand_there() {
    let keep = Question::Keep {
        run: vec![said(Actor::User, "Room 12. No, room 123.")],
        needed: vec!["123".into()],
        outdated: vec!["12".into()],
    };
    let suite = suite(Lane::Compaction, vec![64], vec![asked("q", keep)]);
    let read = |left| scores(&suite, "q", &[left], &[], &[])["kept"];
    assert_eq!(read("room 123"), 1.0);
    assert_eq!(read("room 12, room 123"), 0.5);
    assert_eq!(read("1234"), 0.0);
}

fn kinds() -> Suite {
    let of_kind = |id: &str, kind: &str, success: f64| Episode {
        question: Some(Question::Kind { kind: kind.into() }),
        ..learnt(id, vec![], graded(success))
    };
    suite(
        Lane::Transfer,
        vec![1024],
        vec![
            of_kind("a", "x", 1.0),
            of_kind("b", "y", 0.0),
            of_kind("c", "x", 0.5),
            of_kind("d", "x", 1.0),
            learnt("stray", vec![], graded(0.0)),
        ],
    )
}

#[test]
fn attempts_of_the_kind_are_counted_of_as_many_as_could_be() {
    let visible = ["a-0", "b-0", "c-0", "stray-0"];
    let read = scores(
        &kinds(),
        "d",
        &[""],
        &[
            Source::step("b-0", 3),
            Source::attempt("b-0"),
            Source::step("a-0", 1),
        ],
        &visible,
    );
    assert_eq!(read["hit@1"], 0.0);
    assert_eq!(read["recall@5"], 0.5);
    assert_eq!(read["predicted-success"], 0.5);
    assert_eq!(read["succeeded"], 1.0);
}

#[test]
fn a_kind_that_was_never_seen_has_no_score_but_its_outcome_is_still_predicted() {
    let read = scores(
        &kinds(),
        "b",
        &[""],
        &["a-0", "stray-0"].map(Source::attempt),
        &["a-0", "stray-0"],
    );
    assert!(!read.contains_key("hit@1"));
    assert_eq!(read["predicted-success"], 0.5);
    assert_eq!(read["succeeded"], 0.0);
    assert!(scores(&kinds(), "b", &[""], &[], &[]).is_empty());
}

#[test]
fn sources_that_were_not_visible_do_not_count() {
    let read = scores(
        &kinds(),
        "d",
        &[""],
        &["c-0", "a-0"].map(Source::attempt),
        &["a-0", "b-0"],
    );
    assert_eq!(read["hit@1"], 1.0);
    assert_eq!(read["predicted-success"], 1.0);
}

#[test]
fn saying_nothing_predicts_neither_success_nor_failure() {
    let read = scores(&kinds(), "d", &[""], &[], &["a-0", "b-0"]);
    assert_eq!(read["hit@1"], 0.0);
    assert_eq!(read["predicted-success"], 0.5);
}

fn tools() -> Suite {
    let of = |names: &[&str]| {
        names
            .iter()
            .map(|n| tool(Actor::Action, *n, "{}"))
            .collect()
    };
    let needs = |id: &str, tools: &[&str]| {
        let tools = tools.iter().map(|t| (*t).into()).collect();
        asked(id, Question::Tools { tools })
    };
    suite(
        Lane::Transfer,
        vec![64, 4096],
        vec![
            learnt("a", of(&["get", "pay"]), graded(1.0)),
            learnt("b", of(&["get"]), graded(1.0)),
            learnt("c", of(&["get", "send"]), graded(1.0)),
            needs("a", &["get", "pay"]),
            needs("b", &["get"]),
            needs("c", &["get", "send"]),
        ],
    )
}

#[test]
fn tool_sets_are_compared_by_weight() {
    let (get, rare) = (f64::ln(1.0 + 3.0 / 3.0), f64::ln(1.0 + 3.0 / 1.0));
    let visible = ["b-0", "c-0"];
    let read = scores(
        &tools(),
        "a",
        &["call get, then pay", "send"],
        &["c-0", "b-0"].map(Source::attempt),
        &visible,
    );
    let (like_b, like_c) = (get / (get + rare), get / (get + 2.0 * rare));
    let dcg = |first: f64, second: f64| first + second / 3f64.log2();
    assert!((read["ndcg@5"] - dcg(like_c, like_b) / dcg(like_b, like_c)).abs() < 1e-12);
    let f1 = 2.0 * get / (2.0 * get + 2.0 * rare);
    assert!((read["f1@1"] - f1).abs() < 1e-12);
    assert_eq!(read["guidance-f1"], 1.0);
}

#[test]
fn tools_named_beyond_need_cost() {
    let read = scores(&tools(), "b", &["get pay send_all", ""], &[], &["a-0"]);
    assert!(read["guidance-f1"] < 1.0 && read["guidance-f1"] > 0.0);
    assert_eq!((read["ndcg@5"], read["f1@1"]), (0.0, 0.0));
    assert!(scores(&tools(), "b", &["get", ""], &[], &[]).is_empty());
}
