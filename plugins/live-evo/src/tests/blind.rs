//! Whoever writes a lesson never sees the answer; and what becomes of replies that cannot be used.

use super::*;

/// An outcome whose answer stands wherever an attempt has room for it.
fn telling() -> Feedback {
    let mut feedback = outcome("t", &[], 0.2, 0.4);
    let attempt = &mut feedback.attempt;
    attempt.steps = vec![
        Step::thought("It must be ZANZIBAR, I think."),
        Step::action("finish", r#"{"answer": "Zanzibar"}"#),
        Step::observation("You said Zanzibar."),
        Step::answer("It is Zanzibar."),
    ];
    attempt.outcome.reason = "Expected Madagascar and got Zanzibar.".to_owned();
    feedback.receipt.note =
        json!({ "guideline": "- Think of Zanzibar.", "meta_guideline": null }).to_string();
    feedback
}

#[test]
fn trap_the_model_that_writes_experiences_never_sees_the_answer() {
    let host = answering();
    update(&host, &[telling()]);
    for request in host.requests() {
        for message in &request.messages {
            let told = message.text.to_lowercase();
            assert!(
                !told.contains("zanzibar") && !told.contains("madagascar"),
                "{told}"
            );
        }
    }
    let told = host.requests()[0].clone();
    let told = message(&told, Speaker::User);
    assert!(told.contains("It must be […], I think.") && told.contains("You said […]."));
}

#[test]
fn trap_an_experience_or_meta_guideline_that_quotes_the_answer_is_dropped() {
    for quote in ["Say Zanzibar.", "say ZANZIBAR!", "It was \"zanzibar\"."] {
        let host = TestHost::new();
        let lamp = keep(&host, "buy a lamp", "x", 1.0);
        host.reply("summarize", lesson(quote));
        host.reply("reflect", reflection(quote));
        let changes = update(&host, &[outcome("t", &[&lamp], 0.2, 0.4)]);
        // The outcome counts all the same.
        assert!(close(weight(&host, &lamp), 0.8));
        assert_eq!((changes.len(), host.memories().len()), (1, 1), "{quote}");
        assert!(
            host.log_lines()
                .iter()
                .all(|(_, line)| line.contains("quotes the answer"))
        );
        assert_eq!(host.log_lines().len(), 2);
    }
}

#[test]
fn trap_an_answer_is_kept_out_in_every_language() {
    for (answer, said) in [
        ("東京", "答えは東京です"),
        ("东京", "首都是东京，不是大阪"),
        ("서울", "서울에서 찾아라"),
        ("ทองดี", "แมวของฉันชื่อทองดีนะ"),
        ("Jyväskylä", "muista JYVA\u{308}SKYLA\u{308}"),
        ("ısparta", "ISPARTA'yı dene"),
        ("Straßburg", "prüfe STRASSBURG"),
        ("दिल्ली", "दिल्ली में"),
        ("القاهرة", "القَاهِرة"),
        ("Ｐａｒｉｓ", "Say paris."),
    ] {
        let host = TestHost::new();
        host.reply("summarize", lesson(said));
        let mut told = outcome("t", &[], 0.2, None);
        told.attempt.answer = answer.to_owned();
        told.attempt.steps = vec![Step::thought(said)];
        update(&host, &[told]);
        let seen = host.requests()[0].clone();
        assert!(message(&seen, Speaker::User).contains("[…]"), "{said}");
        assert!(host.memories().is_empty(), "{said}");
    }
}

#[test]
fn a_reply_that_cannot_be_used_costs_its_own_lesson_and_nothing_else() {
    let list_of_ten = json!({ "experiences": vec![lesson("x"); 10] }).to_string();
    for bad in [
        "",
        "Look at the price.",
        "{}",
        "null",
        "[1, 2]",
        &list_of_ten,
        &lesson("  "),
    ] {
        let host = TestHost::new();
        host.set("bad-cases", 1.0);
        let lamp = keep(&host, "buy a lamp", "x", 1.0);
        host.reply("reflect", bad);
        host.reply("reflect", reflection("Weigh the notes."));
        host.reply("summarize", bad);
        host.reply("summarize", lesson("Look at the price."));
        update(
            &host,
            &[
                outcome("a", &[&lamp], 0.2, 0.4),
                outcome("b", &[&lamp], 0.3, 0.4),
            ],
        );
        assert!(close(weight(&host, &lamp), 0.7), "{bad}");
        for kind in ["meta-guideline", "experience"] {
            let sources: Vec<_> = of_kind(&host, kind)
                .into_iter()
                .flat_map(|one| one.sources)
                .collect();
            // A lesson without an improvement is, as a reflection, no meta-guideline either.
            assert_eq!(sources, [Source::attempt("b")], "{kind}: {bad}");
        }
        assert_eq!(host.log_lines().len(), 2, "{bad}");
    }
}

#[test]
fn a_model_that_answers_nothing_is_a_fault_and_nothing_is_half_written() {
    let host = TestHost::new();
    let lamp = keep(&host, "buy a lamp", "x", 1.0);
    host.answer_with(|_| Err(Fault::Unavailable("HTTP 503".into())));
    let fault = host.update::<LiveEvo>(&[outcome("t", &[&lamp], 0.2, 0.4)]);
    let expected = "while learning from a batch: HTTP 503";
    assert_eq!(fault, Err(Fault::Unavailable(expected.into())));
    assert!(close(weight(&host, &lamp), 1.0));
    assert_eq!(host.memories().len(), 1);
}

#[test]
fn past_the_limit_of_model_calls_the_least_bad_are_not_distilled_and_that_is_said() {
    let host = TestHost::new();
    host.set("bad-cases", 1.0);
    let asked = Rc::new(Cell::new(0));
    host.answer_with(move |_| {
        asked.set(asked.get() + 1);
        match asked.get() <= 2 {
            true => Ok(lesson("Look at the price.")),
            false => Err(Fault::Exhausted("`model_calls`".into())),
        }
    });
    let batch = [("a", 0.9), ("b", 0.1), ("c", 0.5)].map(|(id, on)| outcome(id, &[], on, None));
    update(&host, &batch);
    let learnt = of_kind(&host, "experience").into_iter();
    let sources: Vec<Source> = learnt.flat_map(|one| one.sources).collect();
    assert_eq!(sources, ["b", "c"].map(Source::attempt));
    assert!(host.log_lines()[0].1.contains("1 of 3 lessons"));
}

proptest! {
    #[test]
    fn no_answer_reaches_the_bank(
        answer in "[a-zA-Z0-9 .,:'-]{0,16}",
        said in "[a-zA-Z0-9 .,:'-]{0,40}",
        before in "[a-z]{0,6}",
    ) {
        let host = TestHost::new();
        let mut feedback = outcome("t", &[], 0.2, 0.4);
        feedback.attempt.answer = answer.clone();
        feedback.attempt.steps = vec![Step::thought(format!("{before} {answer} {said}"))];
        host.reply("summarize", lesson(&format!("{before} {said} {answer}")));
        update(&host, &[feedback]);
        let wanted = memhost_sdk::words::words(&answer);
        if !wanted.is_empty() {
            prop_assert!(of_kind(&host, "experience").is_empty());
        }
        // Short words are compared by case, and longer ones by none.
        if wanted.iter().map(|word| word.len()).sum::<usize>() > 2 {
            let told = host.requests()[0].clone();
            let told = memhost_sdk::words::words(message(&told, Speaker::User));
            prop_assert!(!told.windows(wanted.len()).any(|window| window == wanted));
        }
    }

    #[test]
    fn weights_stay_in_range_whatever_the_scores(
        scores in prop::collection::vec((-0.5_f64..1.5, prop::option::of(-0.5_f64..1.5)), 1..12),
        binary in any::<bool>(),
    ) {
        let host = answering();
        let lamp = keep(&host, "buy a lamp", "x", 1.0);
        let score = |score: f64| if binary { score.round() } else { score };
        let batch: Vec<Feedback> = scores
            .into_iter()
            .map(|(on, off)| outcome("t", &[&lamp], score(on), off.map(score)))
            .collect();
        let changes = update(&host, &batch);
        for change in changes {
            if let Op::Adjust(adjustment) = change.op {
                prop_assert_eq!(adjustment.counter, Counter::Weight);
                prop_assert!(adjustment.delta.abs() <= 1.0 && adjustment.delta != 0.0);
            }
        }
        prop_assert!((0.1..=2.0).contains(&weight(&host, &lamp)));
    }
}
