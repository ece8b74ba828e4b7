use rmcp::handler::server::ServerHandler;
use serde_json::Value;

use super::super::tools::{TOOLS, Tools};
use super::seat;
use crate::tests::place::host;

/// What no client chokes on: nothing elsewhere, nothing either-or, nothing that may be null.
fn check_flat(schema: &Value, place: &str) {
    match schema {
        Value::Object(object) => {
            for (name, value) in object {
                let place = format!("{place}/{name}");
                assert!(
                    !matches!(
                        name.as_str(),
                        "$ref" | "$defs" | "definitions" | "anyOf" | "oneOf" | "allOf" | "nullable"
                    ),
                    "{place}"
                );
                check_flat(value, &place);
            }
            if let Some(kind) = object
                .get("type")
                .filter(|_| !object.contains_key("properties"))
            {
                assert!(kind.is_string() || kind.is_object(), "{place}: {kind}");
            }
        }
        Value::Array(all) => all.iter().for_each(|one| check_flat(one, place)),
        Value::Null => panic!("{place} is null"),
        _ => assert_ne!(schema, "null", "{place}"),
    }
}

#[test]
fn schemas_are_flat_and_of_the_dialect_that_mcp_names() {
    assert_eq!(
        TOOLS.each_ref().map(|tool| tool.name.as_ref()),
        ["recall", "record", "feedback", "explain"]
    );
    for tool in TOOLS.iter() {
        let schema = tool.schema_as_json_value();
        check_flat(&schema, &tool.name);
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["additionalProperties"], false);
        let all = schema["properties"].as_object().unwrap();
        for (name, property) in all {
            let described = property["description"].as_str();
            assert!(described.is_some_and(|text| text.len() > 10), "{name}");
        }
    }
}

#[test]
fn tools_are_as_they_were() {
    let tools = serde_json::to_value(TOOLS.to_vec()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&tools).unwrap());
}

#[tokio::test]
async fn instructions_are_five_lines_and_name_every_tool() {
    let host = host().await;
    let info = Tools(seat(&host)).get_info();
    let instructions = info.instructions.unwrap();
    assert_eq!(instructions.lines().count(), 5);
    for tool in TOOLS.iter() {
        assert!(instructions.contains(&format!("`{}`", tool.name)));
    }
}
