//! Lane E, made: reviews of small programs in which problems are planted, as they are in clippy's UI tests.
//!
//! A file is about a few things, and its functions do with them what functions do. Some of them do it wrongly, in one
//! of the ways of `classes`; others do the same thing rightly, so that what looks like a problem often is none: only
//! who remembers functions that were in order can tell. A problem often occurs several times in its file, where it is
//! to be reported once.
//!
//! Coverage within ten reports, here and on the real files: all templates .24 and .15, without repeats .29 and .26,
//! with negatives .48 and .45, and .81 and .89 for who is told which problems are there. Any ten templates find .17
//! here, because there are few classes of problems, and nothing there.

use std::collections::BTreeSet;

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::super::Suite;
use super::super::files::{self, Block, File};
use super::{bits, one_of};

mod classes;

use classes::{CLASSES, Class, ROUTINE, THINGS};

/// As `memhost suite list` says it.
pub const SUMMARY: &str =
    "Generated (discovery): small programs with an unknown number of planted problems";

const CASES: usize = 60;
const WORKSPACES: usize = 24;
/// Files in a workspace.
const FILES: usize = 5;
/// Functions in a file.
const FUNCTIONS: usize = 8;
/// Problems in a workspace, and in a solved file.
const HIDDEN: std::ops::RangeInclusive<usize> = 4..=6;
const SOLVED: std::ops::RangeInclusive<usize> = 1..=3;
/// In how many functions of its file a problem occurs.
const OCCURRENCES: std::ops::RangeInclusive<usize> = 1..=3;
/// How often a function without problems does rightly what others do wrongly.
const LOOKALIKE: f64 = 0.4;
/// Lines of a function that have nothing to do with it.
const AROUND: std::ops::RangeInclusive<usize> = 0..=2;
/// Things that a file is about.
const TOPIC: usize = 5;

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    let mut bits = bits(seed, 1);
    let mut names = (0..).map(|number: usize| format!("f{number}"));
    let mut file = |problems: &[&'static Class], bits: &mut ChaCha8Rng| File {
        name: names.next().unwrap_or_default(),
        blocks: functions(problems, bits),
    };
    let mut solved = Vec::new();
    for _ in 0..CASES {
        let count = bits.random_range(SOLVED);
        let problems: Vec<&Class> = CLASSES.choose_multiple(&mut bits, count).collect();
        solved.push(file(&problems, &mut bits));
    }
    let mut workspaces = Vec::new();
    for _ in 0..WORKSPACES {
        let count = bits.random_range(HIDDEN);
        let problems: Vec<&Class> = CLASSES.choose_multiple(&mut bits, count).collect();
        // Two in a file at most, so that there is room for all their occurrences.
        let mut places: Vec<usize> = (0..FILES).chain(0..FILES).collect();
        places.shuffle(&mut bits);
        let mut files = Vec::new();
        for place in 0..FILES {
            let here = problems.iter().zip(&places).filter(|(_, of)| **of == place);
            let here: Vec<&Class> = here.map(|(class, _)| *class).collect();
            files.push(file(&here, &mut bits));
        }
        workspaces.push(files);
    }
    let workspaces: Vec<Vec<&File>> = workspaces
        .iter()
        .map(|files| files.iter().collect())
        .collect();
    files::suite("discovery", SUMMARY, &solved, &workspaces)
}

/// The functions of a file with these problems, each in one of them or more.
fn functions(problems: &[&'static Class], bits: &mut ChaCha8Rng) -> Vec<Block> {
    let topic: Vec<&str> = THINGS.choose_multiple(bits, TOPIC).copied().collect();
    let mut functions = Vec::new();
    for class in problems {
        for _ in 0..bits.random_range(OCCURRENCES) {
            functions.push(Block {
                text: function(one_of(bits, &class.wrong), &topic, bits),
                problems: BTreeSet::from([class.name.to_owned()]),
            });
        }
    }
    while functions.len() < FUNCTIONS {
        let class = CLASSES.choose(bits).filter(|_| bits.random_bool(LOOKALIKE));
        functions.push(Block {
            text: function(class.map_or("", |class| class.right), &topic, bits),
            problems: BTreeSet::new(),
        });
    }
    functions.shuffle(bits);
    functions
}

/// The lines that matter, among others.
fn function(core: &str, topic: &[&str], bits: &mut ChaCha8Rng) -> String {
    let mut lines: Vec<&str> = (0..bits.random_range(AROUND))
        .map(|_| one_of(bits, ROUTINE))
        .collect();
    lines.insert(bits.random_range(0..=lines.len()), core);
    let (a, b) = (one_of(bits, topic), one_of(bits, topic));
    let body: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let verb = one_of(bits, &["check", "load", "move", "send", "show", "update"]);
    format!("fn {verb}_{a}({a}, {b}) {{\n{}\n}}", body.join("\n"))
        .replace("{a}", a)
        .replace("{b}", b)
        .replace("{n}", &bits.random_range(2..100).to_string())
}
