//! When a meta-guideline is written.

use super::*;

#[test]
fn a_gain_of_0_or_less_writes_a_meta_guideline_and_a_gain_does_not() {
    for (on, off, written) in [(0.4, 0.6, 1), (0.5, 0.5, 1), (0.6, 0.4, 0), (1.0, 1.0, 1)] {
        let host = answering();
        let lamp = keep(&host, "buy a lamp", "Ask for the bulb.", 1.0);
        update(&host, &[outcome("t", &[&lamp], on, off)]);
        let metas = of_kind(&host, "meta-guideline");
        assert_eq!(metas.len(), written, "{on} {off}");
        for meta in metas {
            assert_eq!(meta.state, State::Active);
            assert_eq!(meta.content, "Weigh the notes.");
            assert_eq!(meta.sources, [Source::attempt("t")]);
            let told = host.requests()[0].clone();
            let material = message(&told, Speaker::User);
            assert!(material.contains("Look twice.") && material.contains("Ask for the bulb."));
            assert!(message(&told, Speaker::System).contains(&format!("{on:.2} with")));
        }
    }
}

#[test]
fn trap_a_cold_start_does_not_reflect_upon_nothing() {
    for (guard, written) in [("used", 0), ("no-binary-ties", 0), ("published", 1)] {
        let host = answering();
        host.set("guard", guard);
        // No experience, no guidance, and so the two runs do not differ.
        update(&host, &[outcome("t", &[], 0.5, 0.5)]);
        assert_eq!(of_kind(&host, "meta-guideline").len(), written, "{guard}");
    }
}

#[test]
fn trap_binary_ties_need_not_fill_the_bank() {
    for (guard, written) in [("used", 3), ("no-binary-ties", 1), ("published", 3)] {
        let host = answering();
        host.set("guard", guard);
        let lamp = keep(&host, "buy a lamp", "x", 1.0);
        let ties = [(1.0, 1.0), (0.0, 0.0), (0.5, 0.5)];
        let feedback = ties.map(|(on, off)| outcome("t", &[&lamp], on, off));
        update(&host, &feedback);
        assert_eq!(of_kind(&host, "meta-guideline").len(), written, "{guard}");
    }
}

#[test]
fn a_large_batch_reflects_upon_its_worst_gains() {
    let host = answering();
    host.set("reflections", 2.0);
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    let batch = [("a", 0.4), ("b", 0.1), ("c", 0.3), ("d", 0.2)];
    let batch = batch.map(|(id, on)| outcome(id, &[&lamp], on, 0.5));
    update(&host, &batch);
    let metas = of_kind(&host, "meta-guideline").into_iter();
    let sources: Vec<Source> = metas.flat_map(|one| one.sources).collect();
    assert_eq!(sources, ["b", "d"].map(Source::attempt));
}
