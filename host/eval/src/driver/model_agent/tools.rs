//! Tools that a strategy offers: how an agent is told of them, and how its calls are read.

use memhost::contract::Tool;

/// A call of a tool, as a model wrote it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::driver) struct Call {
    /// The tool's name.
    pub(in crate::driver) tool: String,
    /// Its arguments: JSON, if the model kept to what it was told.
    pub(in crate::driver) arguments: String,
}

/// What a call's line begins with.
const MARK: &str = "Call:";

/// What an agent is told of its tools; nothing if it has none.
pub(super) fn described(tools: &[Tool]) -> Option<String> {
    if tools.is_empty() {
        return None;
    }
    let each: Vec<String> = tools.iter().map(line).collect();
    Some(format!(
        "# Tools\n\n{}\n\nTo call one, end with a line `{MARK} NAME ARGUMENTS`, with the arguments as JSON, instead of an \
         answer. You are then told what came of it, and go on.",
        each.join("\n")
    ))
}

fn line(tool: &Tool) -> String {
    let arguments = match tool.schema.as_str() {
        "" => String::new(),
        schema => format!(" Arguments: {schema}"),
    };
    format!("- `{}`: {}{arguments}", tool.name, tool.description)
}

/// The thought before a call, and the call, if that is how a reply ends.
pub(super) fn called(reply: &str) -> Option<(&str, Call)> {
    let reply = reply.trim_end();
    let start = reply.rfind('\n').map_or(0, |newline| newline + 1);
    let (before, last) = reply.split_at(start);
    let call = last.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`'));
    let call = call.strip_prefix(MARK)?.trim();
    let (tool, arguments) = call.split_once(char::is_whitespace).unwrap_or((call, "{}"));
    (!tool.is_empty()).then(|| {
        let call = Call {
            tool: tool.to_owned(),
            arguments: arguments.trim().to_owned(),
        };
        (before.trim(), call)
    })
}

/// What an agent is told that calls what there is not.
pub(super) fn unknown(tool: &str, tools: &[Tool]) -> String {
    let names: Vec<String> = tools
        .iter()
        .map(|tool| format!("`{}`", tool.name))
        .collect();
    format!("There is no tool `{tool}`; there is {}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_ends_in_a_call_is_one() {
        let (thought, call) =
            called("I do not know.\nCall: recall {\"about\": \"fees\"}\n").unwrap();
        assert_eq!(thought, "I do not know.");
        assert_eq!(
            (call.tool.as_str(), call.arguments.as_str()),
            ("recall", "{\"about\": \"fees\"}")
        );
        assert_eq!(called("`Call: recall`").unwrap().1.arguments, "{}");
        for none in ["Call:", "Call: recall {}\nAnswer: 4", "I call: recall", ""] {
            assert_eq!(called(none), None, "{none}");
        }
    }

    #[test]
    fn an_agent_is_told_of_every_tool_and_of_nothing_where_there_is_none() {
        let tool = Tool {
            name: "recall".to_owned(),
            description: "Says more.".to_owned(),
            schema: "{\"type\":\"object\"}".to_owned(),
        };
        let told = described(std::slice::from_ref(&tool)).unwrap();
        assert!(
            told.contains("- `recall`: Says more. Arguments: {\"type\":\"object\"}"),
            "{told}"
        );
        assert_eq!(described(&[]), None);
        assert_eq!(
            unknown("x", &[tool]),
            "There is no tool `x`; there is `recall`."
        );
    }
}
