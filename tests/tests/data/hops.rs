//! Lane `hops`: the floors on the made suite and, where `MEMHOST_DATA` names the folder of data sets, on HotpotQA.

use std::collections::BTreeMap;

use memhost_suite::{Question, Severity, Suite, check};
use memhost_tests::data_set;

use crate::floors::{Figures, measure};

fn figures(suite: &Suite, seeds: std::ops::Range<u64>) -> BTreeMap<String, Figures> {
    let figures = measure(suite, seeds, None);
    for (floor, figures) in &figures {
        println!("{} {floor}: {figures}", suite.name);
    }
    figures
}

#[test]
fn generated_hops_rank_the_floors_as_real_ones_do() {
    let suite = Suite::load("hops").unwrap();
    assert_eq!(check(&suite), []);
    figures(&suite, 1..4);
}

#[test]
fn floors_reproduce_hotpotqa() {
    let Some(path) = data_set("reflexion_hotpotqa") else {
        return;
    };
    let suite = Suite::load(&format!("hotpotqa:{}", path.display())).unwrap();
    println!("{:?}", check(&suite).len());
    figures(&suite, 1..3);
}
