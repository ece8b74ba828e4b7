//! Conditions on memories, checked once per query and then evaluated per memory.

use std::cmp::Ordering;
use std::collections::HashSet;

use memhost_contract::{Comparison, Condition, Filter, Memory, Operand, State};

use super::StoreError;
use super::field::{Field, FieldValue, STATES, state_named, takes_part};

/// The most texts that the conditions of a filter list together.
const MOST_CHOICES: usize = 100_000;

/// All conditions of a filter, ready to evaluate.
#[derive(Debug)]
pub(crate) struct Predicate {
    tests: Vec<Test>,
    names_state: bool,
}

#[derive(Debug)]
struct Test {
    field: Field,
    comparison: Comparison,
    value: Value,
}

/// What a field is compared with.
#[derive(Debug)]
enum Value {
    Text(String),
    Number(f64),
    Flag(bool),
    /// With `eq` or `ne` only.
    OneOf(HashSet<String>),
}

impl Predicate {
    /// Checks names and types, so that evaluating cannot fail.
    pub(crate) fn new(filter: &Filter) -> Result<Self, StoreError> {
        let choices: usize = filter.iter().map(choices).sum();
        if choices > MOST_CHOICES {
            return Err(StoreError::Query(format!(
                "its conditions list {choices} texts, and at most {MOST_CHOICES} can be listed"
            )));
        }
        let tests: Vec<Test> = filter.iter().map(Test::new).collect::<Result<_, _>>()?;
        Ok(Predicate {
            names_state: tests.iter().any(|test| test.field == Field::State),
            tests,
        })
    }

    /// Whether it asks for nothing: every memory that takes part is looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Whether a memory in this state is looked at, and meets all conditions. The state is passed beside the
    /// memory, because a memory on trial counts as active.
    pub(crate) fn holds(&self, memory: &Memory, state: State) -> bool {
        (self.names_state || takes_part(state))
            && self.tests.iter().all(|test| test.holds(memory, state))
    }
}

impl Test {
    fn new(condition: &Condition) -> Result<Self, StoreError> {
        let field = Field::parse(&condition.field)?;
        let wrong = |expected: &str| {
            Err(StoreError::Query(format!(
                "field `{}` is compared with {expected}, not with {}",
                condition.field,
                match &condition.operand {
                    Operand::Text(text) => format!("the text {text:?}"),
                    Operand::Number(number) => format!("the number {number}"),
                    Operand::Flag(flag) => format!("{flag}"),
                    Operand::OneOf(texts) => format!("one of {} texts", texts.len()),
                }
            )))
        };
        let is_no_state = |text: &String| state_named(text).is_none();
        match (&field, &condition.operand) {
            (_, Operand::OneOf(_))
                if !matches!(condition.comparison, Comparison::Eq | Comparison::Ne) =>
            {
                return Err(StoreError::Query(format!(
                    "field `{}` is compared with one of several texts, which only `eq` and `ne` can be",
                    condition.field
                )));
            }
            (_, Operand::Number(number)) if number.is_nan() => wrong("a number"),
            (Field::Label(_), _) => Ok(()),
            (Field::State, Operand::Text(text))
                if condition.comparison != Comparison::Contains && is_no_state(text) =>
            {
                wrong(STATES)
            }
            (Field::State, Operand::OneOf(texts)) => {
                match texts.iter().find(|text| is_no_state(text)) {
                    Some(text) => Err(StoreError::Query(format!(
                        "field `state` is compared with {STATES}, and {text:?} is none of them"
                    ))),
                    None => Ok(()),
                }
            }
            (field, Operand::Text(_) | Operand::OneOf(_)) if !field.is_number() => Ok(()),
            (field, Operand::Number(_)) if field.is_number() => Ok(()),
            (field, _) if field.is_number() => wrong("a number"),
            _ => wrong("a text"),
        }?;
        if condition.comparison == Comparison::Contains && field.is_number() {
            return Err(StoreError::Query(format!(
                "field `{}` is a number, which `contains` nothing",
                condition.field
            )));
        }
        Ok(Test {
            field,
            comparison: condition.comparison,
            value: match condition.operand.clone() {
                Operand::Text(text) => Value::Text(text),
                Operand::Number(number) => Value::Number(number),
                Operand::Flag(flag) => Value::Flag(flag),
                Operand::OneOf(texts) => Value::OneOf(texts.into_iter().collect()),
            },
        })
    }

    fn holds(&self, memory: &Memory, state: State) -> bool {
        if let Field::Label(name) = &self.field {
            let mut values = memory
                .labels
                .iter()
                .filter(|label| label.name == *name)
                .map(|label| label.value.as_str());
            // `ne` asks that no label of the name has the value.
            return if self.comparison == Comparison::Ne {
                !values.any(|value| self.label_meets(Comparison::Eq, value))
            } else {
                values.any(|value| self.label_meets(self.comparison, value))
            };
        }
        let order = match (self.field.value(memory, state), &self.value) {
            (FieldValue::Number(left), Value::Number(right)) => left.partial_cmp(right),
            (FieldValue::Text(left), Value::Text(right)) => {
                if self.comparison == Comparison::Contains {
                    return left.contains(right.as_str());
                }
                Some(left.cmp(right.as_str()))
            }
            (FieldValue::Text(left), Value::OneOf(texts)) => {
                return texts.contains(left) == (self.comparison == Comparison::Eq);
            }
            (FieldValue::Missing, _) => return self.comparison == Comparison::Ne,
            _ => None,
        };
        order.is_some_and(|order| meets(self.comparison, order))
    }

    /// A label is a text; beside a number it is read as one, and beside a flag as `true` or `false`.
    fn label_meets(&self, comparison: Comparison, value: &str) -> bool {
        match &self.value {
            Value::Text(text) if comparison == Comparison::Contains => {
                value.contains(text.as_str())
            }
            Value::Text(text) => meets(comparison, value.cmp(text)),
            Value::OneOf(texts) => texts.contains(value),
            Value::Number(number) => value
                .parse::<f64>()
                .ok()
                .and_then(|value| value.partial_cmp(number))
                .is_some_and(|order| meets(comparison, order)),
            Value::Flag(flag) => value
                .parse::<bool>()
                .is_ok_and(|value| meets(comparison, value.cmp(flag))),
        }
    }
}

/// How many texts a condition lists.
fn choices(condition: &Condition) -> usize {
    match &condition.operand {
        Operand::OneOf(texts) => texts.len(),
        _ => 0,
    }
}

fn meets(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Eq => order.is_eq(),
        Comparison::Ne => order.is_ne(),
        Comparison::Lt => order.is_lt(),
        Comparison::Le => order.is_le(),
        Comparison::Gt => order.is_gt(),
        Comparison::Ge => order.is_ge(),
        Comparison::Contains => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memhost_contract::{Counters, Label};
    use proptest::prelude::*;

    fn memory() -> Memory {
        Memory {
            id: "m7".into(),
            kind: "item".into(),
            title: "A title".into(),
            content: "Open the left door".into(),
            keys: vec![],
            labels: vec![
                Label {
                    name: "site".into(),
                    value: "shopping".into(),
                },
                Label {
                    name: "site".into(),
                    value: "map".into(),
                },
                Label {
                    name: "level".into(),
                    value: "3".into(),
                },
                Label {
                    name: "safe".into(),
                    value: "true".into(),
                },
            ],
            payload: "{}".into(),
            state: State::Active,
            counters: Counters {
                weight: 1.5,
                uses: 4,
                wins: 3,
                losses: 1,
                strength: 0.0,
            },
            sources: vec![],
            expires: None,
            created: 10.0,
            updated: 20.0,
            last_used: 0.0,
        }
    }

    fn text(text: &str) -> Operand {
        Operand::Text(text.into())
    }

    fn one_of(texts: &[&str]) -> Operand {
        Operand::OneOf(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    fn test(field: &str, comparison: Comparison, operand: Operand) -> Result<bool, StoreError> {
        let condition = Condition {
            field: field.into(),
            comparison,
            operand,
        };
        Ok(Predicate::new(&vec![condition])?.holds(&memory(), State::Active))
    }

    #[test]
    fn conditions_hold_as_the_contract_says() {
        use Comparison::*;
        let cases = [
            ("weight", Gt, Operand::Number(1.0), true),
            ("weight", Le, Operand::Number(1.0), false),
            ("uses", Eq, Operand::Number(4.0), true),
            ("last-used", Eq, Operand::Number(0.0), true),
            ("updated", Ge, Operand::Number(20.0), true),
            ("kind", Eq, text("item"), true),
            ("kind", Ne, text("item"), false),
            ("id", Lt, text("m8"), true),
            ("content", Contains, text("left"), true),
            ("content", Contains, text("right"), false),
            ("state", Eq, text("active"), true),
            ("state", Ne, text("archived"), true),
            ("label.site", Eq, text("map"), true),
            ("label.site", Ne, text("map"), false),
            ("label.site", Contains, text("shop"), true),
            ("label.none", Eq, text("x"), false),
            ("label.none", Ne, text("x"), true),
            ("label.none", Lt, text("x"), false),
            ("label.level", Gt, Operand::Number(2.5), true),
            ("label.site", Gt, Operand::Number(2.5), false),
            ("label.safe", Eq, Operand::Flag(true), true),
            ("label.safe", Ne, Operand::Flag(true), false),
            ("id", Eq, one_of(&["m1", "m7"]), true),
            ("id", Ne, one_of(&["m1", "m7"]), false),
            ("id", Eq, one_of(&["m1", "m70", ""]), false),
            ("id", Ne, one_of(&["m1", "m70", ""]), true),
            ("kind", Eq, one_of(&[]), false),
            ("kind", Ne, one_of(&[]), true),
            ("state", Eq, one_of(&["frozen", "active"]), true),
            ("state", Ne, one_of(&["frozen", "archived"]), true),
            ("label.site", Eq, one_of(&["reddit", "map"]), true),
            ("label.site", Ne, one_of(&["reddit", "map"]), false),
            ("label.site", Ne, one_of(&["reddit"]), true),
            ("label.none", Eq, one_of(&["", "x"]), false),
            ("label.none", Ne, one_of(&["", "x"]), true),
            ("expires", Eq, Operand::Number(5.0), false),
            ("expires", Ge, Operand::Number(5.0), false),
            ("expires", Ne, Operand::Number(5.0), true),
        ];
        for (field, comparison, operand, expected) in cases {
            let found = test(field, comparison, operand.clone()).unwrap();
            assert_eq!(found, expected, "{field} {comparison:?} {operand:?}");
        }
    }

    #[test]
    fn wrong_conditions_are_refused_by_name() {
        for (field, comparison, operand, sign) in [
            ("wieght", Comparison::Eq, Operand::Number(1.0), "`wieght`"),
            ("label.", Comparison::Eq, text("x"), "`label.`"),
            ("weight", Comparison::Eq, text("x"), "a number"),
            (
                "weight",
                Comparison::Eq,
                Operand::Number(f64::NAN),
                "a number",
            ),
            (
                "weight",
                Comparison::Contains,
                Operand::Number(1.0),
                "contains",
            ),
            ("title", Comparison::Eq, Operand::Number(1.0), "a text"),
            ("title", Comparison::Eq, Operand::Flag(true), "a text"),
            ("state", Comparison::Eq, text("alive"), "quarantined"),
            ("state", Comparison::Eq, text("alive"), "`frozen`"),
            (
                "state",
                Comparison::Ne,
                one_of(&["active", "alive"]),
                "\"alive\" is none of them",
            ),
            ("weight", Comparison::Eq, one_of(&["1"]), "a number"),
            ("expires", Comparison::Ne, one_of(&[]), "a number"),
            ("expires", Comparison::Eq, text("never"), "a number"),
            (
                "label.site",
                Comparison::Contains,
                one_of(&["map"]),
                "only `eq` and `ne`",
            ),
            (
                "id",
                Comparison::Lt,
                one_of(&["m1"]),
                "`id` is compared with one of several texts",
            ),
            (
                "weight",
                Comparison::Gt,
                one_of(&["1"]),
                "only `eq` and `ne`",
            ),
        ] {
            let error = test(field, comparison, operand).unwrap_err().to_string();
            assert!(error.contains(sign), "{error}");
        }
    }

    #[test]
    fn only_what_takes_part_unless_a_condition_names_the_state() {
        let all = Predicate::new(&vec![]).unwrap();
        assert!(all.holds(&memory(), State::Active));
        assert!(all.holds(&memory(), State::Frozen));
        for state in [State::Provisional, State::Archived, State::Quarantined] {
            assert!(!all.holds(&memory(), state), "{state:?}");
        }
        let archived = Predicate::new(&vec![Condition {
            field: "state".into(),
            comparison: Comparison::Eq,
            operand: text("archived"),
        }])
        .unwrap();
        assert!(archived.holds(&memory(), State::Archived));
        assert!(!archived.holds(&memory(), State::Active));
    }

    #[test]
    fn a_filter_lists_no_more_texts_than_it_may_in_all_its_conditions() {
        let listing = |texts: usize| Condition {
            field: "id".into(),
            comparison: Comparison::Ne,
            operand: Operand::OneOf((0..texts).map(|n| format!("x{n}")).collect()),
        };
        let half = MOST_CHOICES / 2;
        Predicate::new(&vec![listing(half), listing(half)]).unwrap();
        let error = Predicate::new(&vec![listing(half), listing(half + 1)]).unwrap_err();
        assert!(error.is_refusal(), "{error}");
        let told = error.to_string();
        assert!(told.contains("100001 texts, and at most 100000"), "{told}");
    }

    proptest! {
        /// One set in the place of a condition per text: `eq` is any of them, `ne` all of them.
        #[test]
        fn one_of_is_what_a_condition_per_text_comes_to(
            field in prop::sample::select(vec!["id", "kind", "title", "label.site", "label.level", "label.none"]),
            texts in prop::collection::vec(
                prop::sample::select(vec!["m7", "item", "A title", "map", "shopping", "3", "", "x"]), 0..5),
        ) {
            let each = |comparison| {
                texts.iter().map(move |choice| test(field, comparison, text(choice)).unwrap())
            };
            let listed = |comparison| test(field, comparison, one_of(&texts)).unwrap();
            prop_assert_eq!(listed(Comparison::Eq), each(Comparison::Eq).any(|met| met));
            prop_assert_eq!(listed(Comparison::Ne), each(Comparison::Ne).all(|met| met));
        }
    }
}
