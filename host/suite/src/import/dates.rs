//! Dates as data sets write them: with or without padding, with dashes or slashes, with or without a time of day.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};

// As texts, `2031-1-5` would stand behind `2031-1-19`: whatever is put in order is parsed first.
const DATE: &str = "%Y-%m-%d";
const TIMES: [&str; 4] = [
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
];

/// The day that a text names.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    moment(text).map(|moment| moment.date())
}

/// The moment that a text names: `2031-01-05`, `2031/1/5`, `2031-01-05T09:30:00Z`, `2023/05/20 (Sat) 02:21`. Without a
/// time of day it is midnight. A difference to UTC is not heeded: data sets tell the hour where things were said.
pub(super) fn moment(text: &str) -> Option<NaiveDateTime> {
    // The day of the week says nothing more.
    let day_of_week = text
        .split_once('(')
        .and_then(|(before, rest)| Some((before, rest.split_once(')')?.1)));
    let text = day_of_week.map_or_else(
        || text.to_owned(),
        |(before, after)| format!("{before} {after}"),
    );
    let text = text.replacen('T', " ", 1);
    let mut words = text.trim().trim_end_matches('Z').split_whitespace();
    let date = words.next()?.replace(['/', '.'], "-");
    let text = words.fold(date, |text, word| format!("{text} {word}"));
    let moment = TIMES
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    let midnight = || {
        Some(
            NaiveDate::parse_from_str(&text, DATE)
                .ok()?
                .and_time(NaiveTime::MIN),
        )
    };
    moment
        .or_else(midnight)
        .filter(|moment| (1000..=9999).contains(&moment.year()))
}

/// Days since 1970.
pub(super) fn days(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_day_has_many_shapes() {
        let shapes = [
            "2031-01-05",
            "2031-1-5",
            "2031-01-5",
            "2031/1/5",
            "2031.01.05",
            " 2031-01-05 ",
            "2031-01-05T00:00:00",
            "2031-01-05T00:00:00Z",
            "2031-01-05 00:00:00.000",
            "2031-01-05T00:00:00+00:00",
            "2031/01/05 (Sun) 00:00",
            "2031/1/5 (Sun) 0:00",
        ];
        for shape in shapes {
            assert_eq!(
                moment(shape).map(|m| m.to_string()).as_deref(),
                Some("2031-01-05 00:00:00"),
                "{shape}"
            );
        }
        for wrong in [
            "",
            "soon",
            "2031",
            "2031-13-05",
            "2031-02-30",
            "5-1-31",
            "()",
            "2031-01-05 25:00",
        ] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
        assert_eq!(day("1970-1-2").map(days), Some(1));
        assert_eq!(
            moment("2023/05/20 (Sat) 02:21")
                .map(|m| m.to_string())
                .as_deref(),
            Some("2023-05-20 02:21:00")
        );
    }

    proptest! {
        #[test]
        fn padding_does_not_move_a_day(days_since in 0..60_000i64) {
            let date = NaiveDate::default() + chrono::Duration::days(days_since);
            let padded = date.format("%Y-%m-%d").to_string();
            let bare = date.format("%Y-%-m-%-d").to_string();
            prop_assert_eq!(day(&padded), Some(date));
            prop_assert_eq!(day(&bare), Some(date));
            prop_assert_eq!(days(date), days_since);
        }
    }
}
