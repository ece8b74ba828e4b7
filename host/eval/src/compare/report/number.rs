//! Numbers as people read them. What is not a finite number is shown as [`NOTHING`].

use crate::compare::result::{Detectable, Pair};
use crate::compare::statistics::online::Recovery;
use crate::compare::statistics::{Estimate, Interval, LEVEL, NoEffect};

/// Stands where there is no number.
pub const NOTHING: &str = "–";

/// A score: `0.742`.
pub fn score(value: f64) -> String {
    finite(value, |value| format!("{value:.3}"))
}

/// A score with its interval: `0.742 [0.671, 0.806]`.
pub fn estimate(estimate: Option<Estimate>) -> String {
    with_interval(estimate, score)
}

/// A difference with its interval, signs always shown: `+0.012 [-0.031, +0.050]`.
pub fn difference(estimate: Option<Estimate>) -> String {
    with_interval(estimate, |value| signed(Some(value)))
}

/// A difference without an interval: `+0.012`.
pub fn signed(value: Option<f64>) -> String {
    finite(value.unwrap_or(f64::NAN), |value| format!("{value:+.3}"))
}

fn with_interval(estimate: Option<Estimate>, show: impl Fn(f64) -> String) -> String {
    let Some(Estimate { mean, interval, .. }) = estimate else {
        return NOTHING.to_owned();
    };
    match interval {
        Some(Interval { low, high }) => {
            format!("{} [{}, {}]", show(mean), show(low), show(high))
        }
        None => show(mean),
    }
}

/// An effect in standard deviations: `+0.52`; `unbounded` where they are zero.
pub fn effect(pair: &Pair) -> String {
    match pair.no_effect {
        Some(NoEffect::Unbounded) => "unbounded".to_owned(),
        _ => finite(pair.effect.unwrap_or(f64::NAN), |value| {
            format!("{value:+.2}")
        }),
    }
}

/// What a comparison of some size can find; `None` if nothing differed, which does not tell.
pub fn detectable(detectable: &Detectable) -> Option<String> {
    let corrected = format!(
        "after correction for {}",
        plural(detectable.comparisons, "pair", "pairs")
    );
    if detectable.smallest_p > LEVEL {
        return Some(format!(
            "no difference can be found at this size: {corrected}, p is never below {}",
            probability(Some(detectable.smallest_p))
        ));
    }
    let before = detectable.before.map_or_else(String::new, |before| {
        format!(" (before the run, from counts alone: {})", score(before))
    });
    Some(format!(
        "differences from {} on are found in 4 of 5 cases, {corrected}{before}",
        score(detectable.after?)
    ))
}

/// Questions until memory is worth as much as before: `178`, `not back`, `nothing to lose`.
pub fn recovery(recovery: Option<Recovery>) -> String {
    match recovery {
        Some(Recovery::After(questions)) => count(questions),
        Some(Recovery::NotBack) => "not back".to_owned(),
        Some(Recovery::NothingToLose) => "nothing to lose".to_owned(),
        None => NOTHING.to_owned(),
    }
}

/// Points, of which a score of 1 has 100: `6.1`.
pub fn hundredths(value: f64) -> String {
    // Rounded first, so that nothing is shown as less than nothing.
    finite(value, |value| {
        format!("{:.1}", (value * 1e3).round() / 10.0 + 0.0)
    })
}

/// A probability as papers give it: `p = .004`, `p < .001`; `p unknown` without one.
pub fn p_value(value: Option<f64>) -> String {
    match value {
        Some(value) if value < 0.0005 => "p < .001".to_owned(),
        Some(value) => format!("p = {}", probability(Some(value))),
        None => "p unknown".to_owned(),
    }
}

/// The same in a column: `.004`, `<.001`.
pub fn probability(value: Option<f64>) -> String {
    match value {
        Some(value) if value < 0.0005 => "<.001".to_owned(),
        Some(value) if value.is_finite() => {
            let text = format!("{value:.3}");
            text.strip_prefix('0').map_or(text.clone(), str::to_owned)
        }
        _ => NOTHING.to_owned(),
    }
}

/// A number of things, rounded to a whole one: `12,345`.
pub fn count(value: f64) -> String {
    finite(value, |value| {
        let digits = format!("{:.0}", value.abs());
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        if value.round() < 0.0 {
            grouped.insert(0, '-');
        }
        grouped
    })
}

/// How many more of them: `+12`, `-3`, `+0`.
pub fn more(value: f64) -> String {
    match value.round() {
        whole if whole < 0.0 => count(value),
        _ => finite(value, |value| format!("+{}", count(value.max(0.0)))),
    }
}

/// A number of things with their name: `1 memory`, `1,200 memories`.
pub fn plural(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", count(number as f64))
}

/// A time in milliseconds with the unit that fits: `85 µs`, `1.2 ms`, `4.1 s`, `12 min`.
pub fn milliseconds(value: f64) -> String {
    finite(value, |value| match value {
        v if v < 0.9995 => format!("{:.0} µs", v * 1e3),
        v if v < 9.95 => format!("{v:.1} ms"),
        v if v < 999.5 => format!("{v:.0} ms"),
        v if v < 59_950.0 => format!("{:.1} s", v / 1e3),
        v => format!("{:.1} min", v / 60e3),
    })
}

fn finite(value: f64, show: impl FnOnce(f64) -> String) -> String {
    if value.is_finite() {
        show(value)
    } else {
        NOTHING.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_is_never_printed_as_one() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for text in [score(value), count(value), milliseconds(value)] {
                assert_eq!(text, NOTHING);
            }
        }
        assert_eq!(estimate(None), NOTHING);
    }

    #[test]
    fn counts_are_grouped() {
        let shown = [0.0, 999.4, 999.5, 1_234_567.0, -1_234.0, -0.2].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567", "-1,234", "0"]);
        let shown = [1_234.0, 0.0, -0.2, -3.0, f64::NAN].map(more);
        assert_eq!(shown, ["+1,234", "+0", "+0", "-3", NOTHING]);
    }

    #[test]
    fn one_thing_is_not_several() {
        let memories = |number| plural(number, "memory", "memories");
        let shown = [0, 1, 1_200].map(memories);
        assert_eq!(shown, ["0 memories", "1 memory", "1,200 memories"]);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let shown =
            [0.0, 0.085, 1.0, 1.23, 9.96, 350.2, 999.6, 4_100.0, 90_000.0].map(milliseconds);
        assert_eq!(
            shown,
            [
                "0 µs", "85 µs", "1.0 ms", "1.2 ms", "10 ms", "350 ms", "1.0 s", "4.1 s", "1.5 min"
            ]
        );
    }

    #[test]
    fn probabilities_are_as_papers_give_them() {
        let shown = [0.0001, 0.0041, 0.25, 1.0].map(|value| p_value(Some(value)));
        assert_eq!(shown, ["p < .001", "p = .004", "p = .250", "p = 1.000"]);
        assert_eq!(probability(Some(0.0001)), "<.001");
        assert_eq!(
            (p_value(None).as_str(), probability(None).as_str()),
            ("p unknown", NOTHING)
        );
        assert_eq!(
            [0.0614, -0.0003, -0.25].map(hundredths),
            ["6.1", "0.0", "-25.0"]
        );
    }

    #[test]
    fn intervals_stand_beside_their_mean() {
        let mut value = Estimate {
            mean: 0.012,
            interval: Some(Interval {
                low: -0.0314,
                high: 0.05,
            }),
            tasks: 12,
            groups: 4,
        };
        assert_eq!(estimate(Some(value)), "0.012 [-0.031, 0.050]");
        assert_eq!(difference(Some(value)), "+0.012 [-0.031, +0.050]");
        value.interval = None;
        assert_eq!(estimate(Some(value)), "0.012");
    }
}
