use proptest::prelude::*;
use serde_json::json;

use super::*;

const VERDICT: &str = r#"{
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "verdict": {"type": "string", "enum": ["success", "failure"]},
        "best": {"type": "integer", "minimum": 1},
        "sure": {"type": "boolean"}
    },
    "required": ["reasoning", "verdict"],
    "additionalProperties": false
}"#;

const ITEMS: &str = r##"{
    "type": "object",
    "properties": {"items": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"$ref": "#/$defs/item"}}},
    "required": ["items"],
    "additionalProperties": false,
    "$defs": {"item": {
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": 10}},
        "required": ["title"],
        "additionalProperties": false
    }}
}"##;

const RIGHT: &str = r#"{"reasoning": "It came.", "verdict": "success"}"#;
const DRAFT: &str = r#"{"reasoning": "", "verdict": "failure"}"#;

fn told(schema: &str, reply: &str) -> Result<(Value, Vec<Mend>), String> {
    let schema = ReplySchema::parse(schema).unwrap();
    let reading = read(&schema, reply)?;
    let value = serde_json::from_str(&reading.text).unwrap();
    Ok((value, reading.mends.into_iter().collect()))
}

fn right() -> Value {
    json!({"reasoning": "It came.", "verdict": "success"})
}

#[test]
fn what_has_one_reading_is_read() {
    use Mend::*;
    let sound: &[Mend] = &[];
    let shapes: Vec<(String, &[Mend])> = vec![
        (RIGHT.into(), sound),
        (format!("\n {RIGHT}\n\n"), sound),
        (format!("\u{feff}{RIGHT}"), sound),
        // Thoughts.
        (
            format!("<think>\nFirst: {DRAFT}. No.\n</think>\n\n{RIGHT}"),
            &[Unwrapped],
        ),
        (format!("<thinking>{DRAFT}</thinking>{RIGHT}"), &[Unwrapped]),
        (
            format!("<reasoning>{DRAFT}</reasoning>\n{RIGHT}"),
            &[Unwrapped],
        ),
        (format!("[THINK]{DRAFT}[/THINK]{RIGHT}"), &[Unwrapped]),
        (format!("<THINK>{DRAFT}</THINK>{RIGHT}"), &[Unwrapped]),
        (format!("◁think▷{DRAFT}◁/think▷{RIGHT}"), &[Unwrapped]),
        (
            format!("<seed:think>{DRAFT}</seed:think>{RIGHT}"),
            &[Unwrapped],
        ),
        (
            format!("<|begin_of_thought|>{DRAFT}<|end_of_thought|>{RIGHT}"),
            &[Unwrapped],
        ),
        (
            format!("<|START_THINKING|>{DRAFT}<|END_THINKING|>{RIGHT}"),
            &[Unwrapped],
        ),
        (format!("An idea: {DRAFT}\n</think>\n{RIGHT}"), &[Unwrapped]),
        (
            format!("An idea: {{\"verdict\": \"fail\n</think>\n{RIGHT}"),
            &[Unwrapped],
        ),
        (
            format!("<think>{{\"verdict\": </think>{RIGHT}"),
            &[Unwrapped],
        ),
        (format!("<think></think>\n{RIGHT}"), &[Unwrapped]),
        (
            format!("<think>a <think> b {DRAFT}</think> c {DRAFT}</think>{RIGHT}"),
            &[Unwrapped],
        ),
        (
            format!("<think>{DRAFT}</think>```json\n{RIGHT}\n```"),
            &[Unwrapped],
        ),
        (
            format!("{RIGHT}\n<think>Was that right? {DRAFT}</think>"),
            &[Unwrapped],
        ),
        (
            format!(
                "<|channel|>analysis<|message|>{DRAFT}?<|end|><|start|>assistant<|channel|>final<|message|>{RIGHT}<|return|>"
            ),
            &[Unwrapped],
        ),
        (
            format!("analysisMaybe {DRAFT}assistantfinal{RIGHT}"),
            &[Unwrapped],
        ),
        (
            format!("Thoughts: {DRAFT}\n<answer>{RIGHT}</answer>"),
            &[Unwrapped],
        ),
        // Words and fences.
        (format!("Sure. {RIGHT} Anything else?"), &[Unwrapped]),
        (format!("```json\n{RIGHT}\n```"), &[Unwrapped]),
        (format!("```\n{RIGHT}\n```"), &[Unwrapped]),
        (format!("~~~json\n{RIGHT}\n~~~"), &[Unwrapped]),
        (
            format!("Here it is:\n\n```json\n{RIGHT}\n```\n\nAnything else?"),
            &[Unwrapped],
        ),
        (format!("```json {RIGHT}```"), &[Unwrapped]),
        (format!("```json\n{RIGHT}"), &[Unwrapped]),
        (format!("As [1] and {{x}} say: {RIGHT}"), &[Unwrapped]),
        (format!("{RIGHT}}}"), &[Unwrapped]),
        (format!("{{{RIGHT}"), &[Unwrapped]),
        (format!("{RIGHT}<|im_end|>"), &[Unwrapped]),
        (format!("{RIGHT}</s>"), &[Unwrapped]),
        (
            format!("JSON: {RIGHT}, which satisfies {{\"type\": \"object\"}}."),
            &[Unwrapped],
        ),
        (format!("`{RIGHT}`"), &[Unwrapped]),
        (format!("json{RIGHT}"), &[Unwrapped]),
        // The same again.
        (format!("{RIGHT}\n{RIGHT}"), &[Repeated]),
        (format!("{RIGHT}{RIGHT}{RIGHT}"), &[Repeated]),
        (
            format!("So: {RIGHT} That is:\n```json\n{RIGHT}\n```"),
            &[Repeated],
        ),
        (
            format!(
                "{RIGHT} or {}",
                r#"{"verdict": "success", "reasoning": "It came."}"#
            ),
            &[Repeated],
        ),
        // Syntax.
        (
            r#"{"reasoning": "It came.", "verdict": "success",}"#.into(),
            &[Syntax],
        ),
        (
            "{\"reasoning\": \"It came.\", // why\n \"verdict\": \"success\"}".into(),
            &[Syntax],
        ),
        (
            r#"{"reasoning": "It came.", /* so */ "verdict": "success"}"#.into(),
            &[Syntax],
        ),
        // Letters, types, fields.
        (
            r#"{"reasoning": "It came.", "verdict": "Success"}"#.into(),
            &[Respelt],
        ),
        (
            r#"{"reasoning": "It came.", "verdict": " SUCCESS "}"#.into(),
            &[Respelt],
        ),
        (
            r#"{"Reasoning": "It came.", "Verdict": "success"}"#.into(),
            &[Respelt],
        ),
        (
            r#"{"reasoning": ["It came."], "verdict": "success"}"#.into(),
            &[Respelt],
        ),
        (
            r#"{"reasoning": "It came.", "verdict": "success", "confidence": 0.9}"#.into(),
            &[FieldsDropped],
        ),
        (
            r#"{"reasoning": "It came.", "verdict": "success", "best": null}"#.into(),
            &[FieldsDropped],
        ),
        (
            r#"{"type": "x", "reasoning": "It came.", "verdict": "FAILURE", "verdict": "success"}"#
                .into(),
            &[FieldsDropped],
        ),
        // Packed.
        (format!("[{RIGHT}]"), &[Unwrapped]),
        (format!("{{\"reply\": {RIGHT}}}"), &[Unwrapped]),
        (Value::String(RIGHT.to_owned()).to_string(), &[Unwrapped]),
    ];
    assert!(shapes.len() >= 50);
    for (reply, mends) in &shapes {
        let (value, found) = told(VERDICT, reply).unwrap_or_else(|told| panic!("{reply}: {told}"));
        assert_eq!(value, right(), "{reply}");
        assert_eq!(found, *mends, "{reply}");
    }
}

#[test]
fn line_breaks_in_texts_are_kept() {
    let reply = "{\"reasoning\": \"It\ncame\tat last.\", \"verdict\": \"success\"}";
    let (value, mends) = told(VERDICT, reply).unwrap();
    assert_eq!(value["reasoning"], "It\ncame\tat last.");
    assert!(mends.contains(&Mend::Syntax));
}

#[test]
fn values_of_another_type_are_told_in_the_schemas() {
    let reply = r#"{"reasoning": 3, "verdict": "success", "best": "2", "sure": "True"}"#;
    let (value, mends) = told(VERDICT, reply).unwrap();
    let expected = json!({"reasoning": "3", "verdict": "success", "best": 2, "sure": true});
    assert_eq!((value, mends), (expected, vec![Mend::Respelt]));
}

#[test]
fn surplus_is_cut_and_what_falls_short_is_taken() {
    for (reply, expected, mends) in [
        (
            json!({"items": [{"title": "a"}, {"title": "b"}, {"title": "c"}, {"title": "d"}]}),
            json!({"items": [{"title": "a"}, {"title": "b"}]}),
            vec![Mend::SurplusCut],
        ),
        (
            json!({"items": [{"title": "ééééééééééé"}]}),
            json!({"items": [{"title": "éééééééééé"}]}),
            vec![Mend::SurplusCut],
        ),
        (
            json!({"items": []}),
            json!({"items": []}),
            vec![Mend::ShortTaken],
        ),
        (
            json!({"items": [{"title": "a", "more": 1}], "language": "en"}),
            json!({"items": [{"title": "a"}]}),
            vec![Mend::FieldsDropped],
        ),
        (
            json!([{"title": "a"}, {"title": "b"}]),
            json!({"items": [{"title": "a"}, {"title": "b"}]}),
            vec![Mend::Unwrapped],
        ),
        (
            json!({"items": {"title": "a"}}),
            json!({"items": [{"title": "a"}]}),
            vec![Mend::Respelt],
        ),
    ] {
        assert_eq!(
            told(ITEMS, &reply.to_string()),
            Ok((expected, mends)),
            "{reply}"
        );
    }
}

#[test]
fn what_has_no_single_reading_is_told_with_the_place() {
    let replies = [
        "Success!",
        "",
        "null",
        "[]",
        r#"{"reasoning": "It came.", "verdict": "perhaps"}"#,
        r#"{"verdict": "success"}"#,
        r#"{"reasoning": "It came.", "verdict": "success", "best": 0}"#,
        r#"{"reasoning": "It came.", "verdict": "succ"#,
        r#"{"reasoning": "He said "yes".", "verdict": "success"}"#,
        r#"{"reasoning": "It came." "verdict": "success"}"#,
        r#"{'reasoning': 'It came.', 'verdict': 'success'}"#,
        r#"{"reasoning": NaN, "verdict": "success"}"#,
        r#"{"reasoning": "It came.",, "verdict": "success"}"#,
        r#"Either {"reasoning": "", "verdict": "failure"} or {"reasoning": "It came.", "verdict": "success"}"#,
        "```json\n{\"reasoning\": \"\", \"verdict\": \"failure\"}\n```\nor\n```json\n{\"reasoning\": \"\", \"verdict\": \"success\"}\n```",
        r#"<think>Perhaps {"reasoning": "", "verdict": "failure"}"#,
        r#"<think>Perhaps {"reasoning": "", "verdict": "failure"}</think>"#,
        r#"Perhaps {"reasoning": "", "verdict": "failure"}</think> Success."#,
    ];
    let complaints: String = replies
        .iter()
        .map(|reply| format!("{reply:?}\n  -> {}\n", told(VERDICT, reply).unwrap_err()))
        .collect();
    insta::assert_snapshot!(complaints);
}

#[test]
fn parts_of_a_broken_answer_are_no_answer() {
    let cut = r#"{"items": [{"title": "a"}, {"title": "b"#;
    assert!(told(ITEMS, cut).is_err());
    let cut = r#"[{"title": "a"}, {"title": "b"#;
    assert!(
        told(
            r#"{"type": "object", "properties": {"title": {"type": "string"}}}"#,
            cut
        )
        .is_err()
    );
}

#[test]
fn alternatives_and_definitions_are_fitted_where_one_is_left() {
    let schema = r##"{
        "type": "object",
        "properties": {
            "kind": {"anyOf": [{"$ref": "#/$defs/kind"}, {"type": "null"}]},
            "fixed": {"const": "Yes"},
            "deep": {"allOf": [{"type": "array", "maxItems": 1}, {"items": {"enum": ["A", "a", "B"]}}]}
        },
        "$defs": {"kind": {"enum": ["People", "places"]}}
    }"##;
    let reply = r#"{"kind": "people", "fixed": "yes", "deep": ["b", "a"]}"#;
    let (value, mends) = told(schema, reply).unwrap();
    assert_eq!(
        value,
        json!({"kind": "People", "fixed": "Yes", "deep": ["B"]})
    );
    assert_eq!(mends, [Mend::Respelt, Mend::SurplusCut]);
    let null = r#"{"kind": null}"#;
    assert_eq!(told(schema, null), Ok((json!({"kind": null}), vec![])));
    assert!(told(schema, r#"{"deep": ["c"]}"#).is_err());
}

#[test]
fn a_text_loses_the_thoughts_before_it_and_nothing_else() {
    for (reply, text) in [
        ("It did.", "It did."),
        ("<think>Did it?</think>\n\nIt did.", "It did."),
        ("Did it?\n</think>\n\nIt did.", "It did."),
        ("<think>a</think>b<think>c</think>d", "b<think>c</think>d"),
        (
            "The tag </think> ends thoughts.",
            "The tag </think> ends thoughts.",
        ),
        ("Use <think> to think.", "Use <think> to think."),
        (
            "<|channel|>analysis<|message|>Did it?<|end|><|start|>assistant<|channel|>final<|message|>It did.<|return|>",
            "It did.",
        ),
        (
            r#"{"a": "<think>b</think>"}"#,
            r#"{"a": "<think>b</think>"}"#,
        ),
        ("", ""),
    ] {
        assert_eq!(read_text(reply).unwrap().text, text, "{reply}");
    }
    for unfinished in ["<think>Did it?", "<think>Did it?</think>", " <think>\n"] {
        assert_eq!(
            read_text(unfinished),
            Err(NO_END.to_owned()),
            "{unfinished}"
        );
    }
}

#[test]
fn a_hostile_reply_costs_neither_time_nor_the_process() {
    let schema = ReplySchema::parse(VERDICT).unwrap();
    let start = std::time::Instant::now();
    for reply in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        "{/*".repeat(100_000),
        "<think>".repeat(100_000),
        "[\"".repeat(100_000),
        "a".repeat(1_000_000),
    ] {
        assert!(read(&schema, &reply).is_err());
        let _ = read_text(&reply);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

/// Texts with all that means something outside of JSON.
fn text() -> impl Strategy<Value = String> {
    let signs = prop_oneof![
        Just("</think>"),
        Just("<think>"),
        Just("{"),
        Just("}"),
        Just("[1]"),
        Just("```"),
        Just("\n"),
        Just("\""),
        Just("\\"),
        Just("// x"),
        Just("/*"),
        Just(",}"),
        Just("<|channel|>final"),
        Just("assistantfinal"),
        Just("{\"verdict\": \"failure\"}"),
        Just("é"),
        Just("\u{1}"),
        Just("</answer>"),
        Just("a b"),
        Just("[THINK]"),
    ];
    proptest::collection::vec(signs, 0..8).prop_map(|signs| signs.concat())
}

fn verdict() -> impl Strategy<Value = Value> {
    (text(), any::<bool>(), proptest::option::of(1_i64..9)).prop_map(
        |(reasoning, success, best)| {
            let verdict = if success { "success" } else { "failure" };
            let mut value = json!({"reasoning": reasoning, "verdict": verdict});
            if let Some(best) = best {
                value["best"] = best.into();
            }
            value
        },
    )
}

proptest! {
    #[test]
    fn sound_json_comes_back_byte_for_byte(value in verdict(), pretty in any::<bool>(), blanks in "[ \n\t]{0,4}") {
        let schema = ReplySchema::parse(VERDICT).unwrap();
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let reading = read(&schema, &format!("{blanks}{text}{blanks}")).unwrap();
        prop_assert_eq!(reading, Reading { text, mends: BTreeSet::new() });
    }

    #[test]
    fn a_sound_object_in_any_wrapping_is_the_same_value(
        value in verdict(),
        draft in verdict(),
        wrapping in 0_usize..8,
        prose in "[a-zA-Z ,.!?'<>\n-]{0,40}",
    ) {
        let schema = ReplySchema::parse(VERDICT).unwrap();
        prop_assume!(!prose.to_lowercase().contains("assistantfinal"));
        let reply = match wrapping {
            0 => format!("<think>{prose}{draft}{prose}</think>{value}"),
            1 => format!("{prose}{draft}\n</think>\n{value}"),
            2 => format!("{prose} {value} {prose}"),
            3 => format!("```json\n{value}\n```"),
            4 => format!("{prose}\n```\n{value}\n```\n{prose}"),
            5 => format!("<thinking>{draft}</thinking>{prose}```json\n{value}\n```"),
            6 => format!("{value}\n{value}"),
            _ => format!("<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{value}"),
        };
        let reading = read(&schema, &reply).unwrap();
        let read: Value = serde_json::from_str(&reading.text).unwrap();
        prop_assert_eq!(read, value);
    }

    #[test]
    fn any_text_is_read_or_told(reply in ".{0,200}", pieces in proptest::collection::vec(text(), 0..4)) {
        let schema = ReplySchema::parse(VERDICT).unwrap();
        let reply = format!("{reply}{}", pieces.concat());
        if let Ok(reading) = read(&schema, &reply) {
            prop_assert!(schema.takes(&serde_json::from_str(&reading.text).unwrap()));
        }
    }
}
