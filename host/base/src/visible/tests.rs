use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use proptest::prelude::*;

use super::*;

/// What nobody may see raw: nothing of a test's text is hidden without being shown.
#[track_caller]
fn is_harmless(shown: &str) {
    let mut before = None;
    for c in shown.chars() {
        assert!(
            c == '\n' || !is_hidden(c) || joins(c, before),
            "{c:?} in {shown:?}"
        );
        before = Some(c);
    }
}

#[test]
fn what_a_terminal_would_obey_is_shown_as_what_it_is() {
    for (given, expected) in [
        ("\u{1b}[31mred\u{1b}[0m", r"\u{1b}[31mred\u{1b}[0m"),
        (
            "\u{1b}]8;;http://evil\u{7}x",
            r"\u{1b}]8;;http://evil\u{7}x",
        ),
        (
            "\u{9b}2J\u{9d}0;title\u{9c}",
            r"\u{9b}2J\u{9d}0;title\u{9c}",
        ),
        ("50 %\r99 %", r"50 %\r99 %"),
        ("no\u{8}\u{8}yes\u{7f}", r"no\u{8}\u{8}yes\u{7f}"),
        ("a\tb\u{b}c\u{c}d\0", r"a\tb\u{b}c\u{c}d\u{0}"),
        (
            "\u{202e}cod.exe\u{2066}x\u{2069}",
            r"\u{202e}cod.exe\u{2066}x\u{2069}",
        ),
        (
            "r\u{200b}ag\u{feff}\u{2060}\u{ad}",
            r"r\u{200b}ag\u{feff}\u{2060}\u{ad}",
        ),
        (
            "one\u{2028}two\u{2029}\u{85}",
            r"one\u{2028}two\u{2029}\u{85}",
        ),
        ("r\u{200d}ag\u{fe0f}", r"r\u{200d}ag\u{fe0f}"),
        ("tag\u{e0041}\u{e007f}", r"tag\u{e0041}\u{e007f}"),
    ] {
        assert_eq!(text(given), expected);
        is_harmless(&text(given));
    }
}

#[test]
fn ordinary_text_stays_as_it_is_in_every_script() {
    for given in [
        "plain – “quoted” … 12 % \\ \u{a0}é",
        "记忆与推理 メモリ 기억",
        "الذاكرة والمنطق זיכרון",
        "می\u{200c}خواهم क्\u{200d}ष",
        "👩\u{200d}❤\u{fe0f}\u{200d}👨 👍🏽 🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3} 🇨🇭 ©\u{fe0f}",
        "辻\u{e0100}さん",
    ] {
        assert_eq!(text(given), given);
        assert_eq!(json(given), given);
    }
}

#[test]
fn a_joiner_has_something_to_join_once() {
    assert_eq!(text("👍\u{200d}\u{200d}"), "👍\u{200d}\\u{200d}");
    assert_eq!(text("👍\u{fe0f}\u{fe0f}"), "👍\u{fe0f}\\u{fe0f}");
    assert_eq!(text("\u{200d}👍"), "\\u{200d}👍");
}

#[test]
fn a_part_of_a_line_is_no_line_and_a_remark_is_one() {
    assert_eq!(line("fine\nerror: forged"), "fine\\nerror: forged");
    assert_eq!(
        remark("fine\nerror: forged\n    kept\n"),
        "fine\n  error: forged\n    kept"
    );
    let mut log = Remarks(Vec::new());
    log.write_all("WARN \u{1b}[2Jx\nERROR y\n".as_bytes())
        .unwrap();
    log.write_all(b"\xff\x9b1m\n").unwrap();
    assert_eq!(
        String::from_utf8(log.0).unwrap(),
        "WARN \\u{1b}[2Jx\n  ERROR y\n\u{fffd}\u{fffd}1m\n"
    );
}

#[test]
fn only_styles_become_escape_sequences() {
    let red = Style::new().fg_color(Some(AnsiColor::Red.into()));
    let mut inked = Inked::default();
    inked.push("a\u{1b}[32m");
    inked.push_styled("b\u{1b}[0m", red);
    assert_eq!(inked.as_str(), "a\\u{1b}[32m\u{1b}[31mb\\u{1b}[0m\u{1b}[0m");
}

#[test]
fn a_table_that_does_not_fit_becomes_several_that_do() {
    let column = |title: &str| Column::new(title, ["0.125", "12,345"].map(str::to_owned));
    let names = Column::new("strategy", ["rag".to_owned(), "a-long\nname".to_owned()]);
    let titles = ["one", "two\nlines", "three", "four", "five", "six"];
    let grid = Grid::new(names, titles.map(column).to_vec());
    insta::assert_snapshot!(
        [80, 40, 10]
            .map(|width| format!("{width}\n{}", grid.render(width).as_str()))
            .join("\n")
    );
}

proptest! {
    #[test]
    fn whatever_is_written_is_harmless(given in "[\\PC\u{0}-\u{9f}\u{200b}-\u{202e}\u{2066}-\u{2069}👍\u{fe0f}क]{0,40}") {
        is_harmless(&text(&given));
        is_harmless(&json(&given));
        is_harmless(&remark(&given));
        prop_assert!(!line(&given).contains('\n'));
        // Going through it again changes nothing, and JSON that has been through it passes.
        let once = text(&given).into_owned();
        prop_assert_eq!(text(&once), once.as_str());
        let written = serde_json::to_string(&given).unwrap();
        let shown = json(&written).into_owned();
        prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), given);
        prop_assert_eq!(text(&shown), shown.as_str());
    }

    #[test]
    fn what_is_folded_fits_and_says_the_same(given in "[a-z猫 ]{0,200}", hang in 0..40_usize, width in 20..100_usize) {
        let folded = fold(&given, hang, width);
        prop_assert!(folded.lines().all(|line| columns(line) <= width), "{}", folded);
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(letters(&folded), letters(&given));
    }

    #[test]
    fn every_table_fits(names in prop::collection::vec("[a-z猫-]{1,60}", 1..4), numbers in prop::collection::vec(0..10_000_000_u32, 1..9), width in 40..120_usize) {
        let columns_of = |number: &u32| Column::new("some\ntitle", names.iter().map(|_| number.to_string()));
        let grid = Grid::new(Column::new("strategy", names.clone()), numbers.iter().map(columns_of).collect());
        let shown = grid.render(width);
        prop_assert!(shown.as_str().lines().all(|line| columns(line) <= width), "{}", shown.as_str());
    }
}
