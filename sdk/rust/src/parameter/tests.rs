//! What a parameter declares, and what it takes.

use super::*;

const K: Count = Count::new("k", 4, 1, 100, "How many.");
const RATE: Number = Number::new("rate", 0.5, 0.0, 1.0, "How fast.");
const MODE: Choice<u8> = Choice::new("mode", &[("a", 1), ("b", 2)], "Which.");
const ON: Flag = Flag::new("on", true, "Whether.");

#[test]
fn defaults_hold_where_nothing_is_chosen() {
    let none = Settings::default();
    assert_eq!(none.get(&K), Ok(4));
    assert_eq!(none.get(&RATE), Ok(0.5));
    assert_eq!(none.get(&MODE), Ok(1));
    assert_eq!(none.get(&ON), Ok(true));
}

#[test]
fn a_value_out_of_range_is_refused_by_name_with_what_is_possible() {
    for bad in [0.0, 0.5, 101.0, -1.0, f64::NAN, f64::INFINITY] {
        let Err(Fault::Invalid(text)) = Settings::default().with("k", bad).get(&K) else {
            panic!("{bad} was accepted");
        };
        assert!(
            text.contains("`k`") && text.contains("from 1 to 100"),
            "{text}"
        );
    }
    assert!(Settings::default().with("mode", "c").get(&MODE).is_err());
    assert!(Settings::default().with("on", "true").get(&ON).is_err());
    assert!(
        Settings::default()
            .with("rate", f64::NAN)
            .get(&RATE)
            .is_err()
    );
}

#[test]
fn an_undeclared_setting_is_refused_with_the_names_that_exist() {
    let settings = Settings::default().with("kk", 3.0);
    let Err(Fault::Invalid(text)) = settings.check(&[&K, &MODE]) else {
        panic!("accepted");
    };
    assert_eq!(text, "there is no parameter `kk`; there are: k, mode");
}

#[test]
fn a_declaration_has_its_range_and_keeps_its_type() {
    let declared = MODE.declare();
    assert_eq!(declared.default, Value::Text("a".into()));
    assert_eq!(declared.doc, "Which.");
    let choices = ["a", "b"].map(str::to_owned).to_vec();
    assert_eq!(declared.range, Some(Range::Choices(choices)));
    let numbers = |least, most, whole, logarithmic| {
        Some(Range::Numbers(NumberRange {
            least,
            most,
            whole,
            logarithmic,
        }))
    };
    let by_ratios = K.by_ratios().declare().range;
    assert_eq!(K.declare().range, numbers(1.0, 100.0, true, false));
    assert_eq!(by_ratios, numbers(1.0, 100.0, true, true));
    assert_eq!(RATE.declare().range, numbers(0.0, 1.0, false, false));
    assert_eq!(ON.declare().range, None);
}

#[test]
fn what_a_parameter_takes_is_said_in_the_words_of_the_host() {
    let refused = |settings: Settings, parameter: &dyn Declared| {
        let fault = parameter.check(&settings).unwrap_err();
        let Fault::Invalid(text) = fault else {
            panic!("{fault:?}");
        };
        text
    };
    let none = Settings::default();
    assert_eq!(
        refused(none.clone().with("mode", "c"), &MODE),
        "parameter `mode` is the text `c`, but takes `a` or `b`"
    );
    assert_eq!(
        refused(none.clone().with("rate", 2.0), &RATE),
        "parameter `rate` is the number 2, but takes a number from 0 to 1"
    );
    assert_eq!(
        refused(none.with("on", 1.0), &ON),
        "parameter `on` is the number 1, but takes true or false"
    );
}
