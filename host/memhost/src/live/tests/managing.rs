//! Slots that are managed, seats that come and go, and what comes otherwise than a plan would have it.

use memhost_contract::Request;
use memhost_contract::model::{Completion, LanguageModel, Models};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_an_unknown_tenant_leaves_nothing() {
    let place = Place::new();
    let (host, _) = at_work(&place).await;
    for number in 0..50 {
        let tenant = format!("tenant-{number}");
        let stranger = host.slot(&Grant::everything(), "desk", &tenant).unwrap();
        let told = stranger.retrieve(Ask::at_start("one")).await.unwrap();
        assert_eq!((told.text.as_str(), told.generation), ("", 1));
        assert!(stranger.memories().await.unwrap().is_none());
    }
    assert!(manage(&host).standing().await.seats.is_empty());
    // Whoever asked first and tells then is credited as any other.
    let seat = seat(&host).await;
    let told = seat.retrieve(Ask::at_start("one")).await.unwrap();
    let kept = seat.record(Record::of(&told.attempt)).await.unwrap();
    assert!(kept.credited);
    assert_eq!(manage(&host).standing().await.seats.len(), 1);
    let other = host.slot(&Grant::everything(), "desk", "tenant-1").unwrap();
    let foreign = other.record(Record::of(&told.attempt)).await;
    assert_eq!(foreign.unwrap_err().code(), "no-such-attempt");
    assert_eq!(manage(&host).standing().await.seats.len(), 1);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_brings_back_what_was_learnt_and_learns_what_happened_since() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let before = done(&seat, "before", Some(scored(1.0))).await;
    seat.learnt(before.sequence).await.unwrap();
    manage(&host)
        .swap(diary("other").await, Mode::Fresh)
        .await
        .unwrap();
    let meanwhile = done(&seat, "meanwhile", Some(scored(1.0))).await;
    seat.learnt(meanwhile.sequence).await.unwrap();
    let back = manage(&host).roll_back(None).await.unwrap();
    assert_eq!((back.number, back.strategy.as_str()), (1, "diary"));
    seat.learnt(meanwhile.sequence).await.unwrap();
    let said = contents(&seat).await.join("\n");
    assert!(said.contains(&before.attempt), "{said}");
    let forth = manage(&host).roll_back(Some(2)).await.unwrap();
    assert_eq!(forth.number, 2);
    let nobody = manage(&host).roll_back(Some(7)).await.unwrap_err();
    assert_eq!(nobody.code(), "no-such-generation");
    drop(seat);
    host.close().await.unwrap();

    // The process that comes up knows who answered last.
    let host = place.open().await;
    let answering = host.registered().await;
    assert_eq!(answering["desk"].number, 2);
    let same = host
        .add_slot("desk", diary("other").await, Mode::Inherit)
        .await;
    assert_eq!(same.unwrap().number, 2);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_frozen_answers_and_learns_no_more() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let before = done(&seat, "before", Some(scored(1.0))).await;
    seat.learnt(before.sequence).await.unwrap();
    let said = contents(&seat).await;
    manage(&host).freeze().await.unwrap();
    let after = done(&seat, "after", Some(scored(1.0))).await;
    seat.learnt(after.sequence).await.unwrap();
    assert_eq!(contents(&seat).await, said);
    assert!(seat.standing().await.unwrap().is_frozen);
    let told = seat.retrieve(Ask::at_start("another")).await.unwrap();
    assert!(!told.text.is_empty());
    drop(seat);
    host.close().await.unwrap();
    let (host, seat) = at_work(&place).await;
    let after = done(&seat, "later", Some(scored(1.0))).await;
    seat.learnt(after.sequence).await.unwrap();
    assert_eq!(contents(&seat).await, said);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_that_finds_nothing_in_the_memories_does_not_inherit_them() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    for number in 0..6 {
        let kept = done(&seat, &format!("task {number}"), Some(scored(1.0))).await;
        seat.learnt(kept.sequence).await.unwrap();
    }
    for name in ["blind", "broken"] {
        let refused = manage(&host).swap(diary(name).await, Mode::Inherit).await;
        assert_eq!(refused.unwrap_err().code(), "inherit-refused", "{name}");
    }
    assert_eq!(manage(&host).generations().await.len(), 1);
    let swap = Swap {
        mode: Mode::Inherit,
        force: true,
    };
    let forced = manage(&host).swap(diary("blind").await, swap).await;
    assert_eq!(forced.unwrap().number, 2);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_strategy_that_fails_often_gives_way_to_the_one_before_it() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let kept = done(&seat, "one", Some(scored(1.0))).await;
    seat.learnt(kept.sequence).await.unwrap();
    manage(&host)
        .swap(diary("broken").await, Mode::Fresh)
        .await
        .unwrap();
    let mut degraded = 0;
    let answered = async {
        loop {
            let told = seat.retrieve(Ask::at_start("two")).await.unwrap();
            match told.generation {
                1 => return,
                _ => degraded += u32::from(told.degraded.is_some()),
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), answered)
        .await
        .unwrap();
    assert!(degraded >= 20, "{degraded}");
    assert_eq!(manage(&host).standing().await.generation.number, 1);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_ends_with_the_strategy_that_it_began_with() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    done(&seat, "one", Some(scored(1.0))).await;
    let begun = seat.retrieve(Ask::at_start("two")).await.unwrap();
    manage(&host)
        .swap(diary("other").await, Mode::Fresh)
        .await
        .unwrap();
    let again = || Ask {
        attempt: Some(begun.attempt.clone()),
        ..Ask::at_start("two")
    };
    assert_eq!(seat.retrieve(again()).await.unwrap().generation, 1);
    let new = seat.retrieve(Ask::at_start("three")).await.unwrap();
    assert_eq!(new.generation, 2);
    place.time.wind(Duration::from_secs(11 * 60));
    assert_eq!(seat.retrieve(again()).await.unwrap().generation, 2);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_nobody_uses_close_and_come_back_whole() {
    let place = Place::new();
    let limits = LiveLimits {
        most_seats: 4,
        ..LiveLimits::default()
    };
    let host = place.open_within(limits).await;
    host.add_slot("desk", diary("diary").await, Mode::Inherit)
        .await
        .unwrap();
    let at = |number: u32| {
        let tenant = format!("tenant-{number}");
        host.slot(&Grant::everything(), "desk", &tenant).unwrap()
    };
    let mut kept = Vec::new();
    for number in 0..20 {
        let told = done(&at(number), "one", Some(scored(1.0))).await;
        at(number).learnt(told.sequence).await.unwrap();
        // Nothing waits any more.
        place.time.wind(Duration::from_secs(48 * 60 * 60));
        kept.push(told);
    }
    let open = manage(&host).standing().await.seats.len();
    assert!(open <= 8, "{open} seats are open");
    for (number, kept) in (0..).zip(&kept) {
        let why = at(number).explain(&kept.attempt).await.unwrap();
        assert!(why.outcome.is_some());
        let told = at(number).feedback(&kept.attempt, scored(1.0), false).await;
        assert_eq!(told.unwrap(), *kept);
    }
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_strategy_would_not_hear_counts_as_unknown_and_is_counted() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let own = Outcome {
        authority: Authority::Agent,
        ..scored(1.0)
    };
    let kept = done(&seat, "one", Some(own)).await;
    seat.learnt(kept.sequence).await.unwrap();
    assert!(contents(&seat).await.is_empty());
    place.time.wind(Duration::from_secs(15 * 60));
    seat.learnt(kept.sequence + 1).await.unwrap();
    let said = contents(&seat).await.join("\n");
    assert!(
        !said.contains("Success") && !said.contains(" for "),
        "{said}"
    );
    let told = seat.retrieve(Ask::at_start("two")).await.unwrap();
    assert_eq!(told.wanted.authority, Authority::GroundTruth);
    // A higher authority is heard, however late.
    let true_one = seat.feedback(&kept.attempt, scored(0.0), false).await;
    seat.learnt(true_one.unwrap().sequence).await.unwrap();
    let said = contents(&seat).await.join("\n");
    assert!(said.contains(&format!(" for {}", kept.attempt)), "{said}");
    let deviations = seat.standing().await.unwrap().deviations;
    assert_eq!(
        (deviations.too_little_authority, deviations.without_outcome),
        (1, 1)
    );
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_attempts_goes_without_guidance_and_says_what_tasks_come_to() {
    let place = Place::new();
    let limits = LiveLimits {
        baseline_share: 0.5,
        ..LiveLimits::default()
    };
    let host = place.open_within(limits).await;
    host.add_slot("desk", diary("comparing").await, Mode::Inherit)
        .await
        .unwrap();
    let seat = seat(&host).await;
    done(&seat, "first", Some(scored(1.0))).await;
    let mut held_back = 0;
    let mut last = 0;
    for _ in 0..40 {
        let told = seat.retrieve(Ask::at_start("again")).await.unwrap();
        if told.is_held_back {
            held_back += 1;
            assert_eq!((told.text.as_str(), told.cited.len()), ("", 0));
        }
        let mut record = Record::of(told.attempt);
        record.outcome = Some(scored(if told.is_held_back { 0.25 } else { 1.0 }));
        last = seat.record(record).await.unwrap().sequence;
    }
    assert!((6..34).contains(&held_back), "{held_back}");
    seat.learnt(last).await.unwrap();
    let said = contents(&seat).await;
    let compared = said.iter().filter(|said| *said == "0.25 without again");
    let compared = compared.count();
    let guided = said.iter().filter(|said| said.contains(" for ")).count() - 1;
    // Those that came before the first without guidance could not be compared.
    assert_eq!(guided + compared, 40 - held_back);
    assert!(compared > 0, "{guided}");
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_whose_strategy_is_lost_keeps_what_it_is_told_until_another_takes_over() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let before = done(&seat, "before", Some(scored(1.0))).await;
    seat.learnt(before.sequence).await.unwrap();
    drop(seat);
    host.close().await.unwrap();

    let host = place.open().await;
    host.add_slot_without_strategy("desk", "its file is gone")
        .await
        .unwrap();
    let seat = seat_at(&host);
    let told = seat.retrieve(Ask::at_start("meanwhile")).await.unwrap();
    assert!(told.degraded.unwrap().contains("its file is gone"));
    let mut record = Record::of(told.attempt);
    record.outcome = Some(scored(1.0));
    let meanwhile = seat.record(record).await.unwrap();
    manage(&host)
        .swap(diary("diary").await, Mode::Inherit)
        .await
        .unwrap();
    seat.learnt(meanwhile.sequence).await.unwrap();
    let said = contents(&seat).await.join("\n");
    for kept in [&before, &meanwhile] {
        assert!(said.contains(&format!(" for {}", kept.attempt)), "{said}");
    }
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_over_what_is_frozen_learns_what_happened_meanwhile() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let before = done(&seat, "before", Some(scored(1.0))).await;
    seat.learnt(before.sequence).await.unwrap();
    manage(&host).freeze().await.unwrap();
    let meanwhile = done(&seat, "meanwhile", Some(scored(1.0))).await;
    manage(&host)
        .swap(diary("other").await, Mode::Inherit)
        .await
        .unwrap();
    seat.learnt(meanwhile.sequence).await.unwrap();
    let said = contents(&seat).await.join("\n");
    assert!(
        said.contains(&format!(" for {}", meanwhile.attempt)),
        "{said}"
    );
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_gives_way_to_no_lesser_authority_and_an_attempt_to_no_other_task() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let kept = done(&seat, "one", Some(scored(1.0))).await;
    let own = Outcome {
        authority: Authority::Agent,
        ..scored(0.0)
    };
    let refused = seat.feedback(&kept.attempt, own, true).await;
    assert_eq!(refused.unwrap_err().code(), "outcome-known");
    let told = seat.retrieve(Ask::at_start("two")).await.unwrap();
    let record = Record {
        task: Some(memhost_contract::Task::new("", "three")),
        ..Record::of(told.attempt)
    };
    let refused = seat.record(record).await.unwrap_err();
    assert_eq!(refused.code(), "idempotency-mismatch");
    let nothing = Record {
        attempt: None,
        ..Record::of("")
    };
    assert_eq!(seat.record(nothing).await.unwrap_err().code(), "malformed");
    for name in [".", "..", "--", ""] {
        let refused = host.slot(&Grant::everything(), "desk", name).err();
        assert_eq!(refused.unwrap().code(), "malformed", "{name}");
    }
    host.close().await.unwrap();
}

/// A model that is down as long as this says.
struct Down(Arc<std::sync::atomic::AtomicBool>);

#[async_trait]
impl LanguageModel for Down {
    fn name(&self) -> &str {
        "down"
    }

    async fn ready(&self) -> Result<(), Fault> {
        match self.0.load(std::sync::atomic::Ordering::SeqCst) {
            true => Err(Fault::Unavailable("nobody answers".into())),
            false => Ok(()),
        }
    }

    async fn complete(&self, _: &Request) -> Result<Completion, Fault> {
        Err(Fault::Unavailable("nobody answers".into()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_it_is_started_while_a_model_is_down_nothing_is_given_up() {
    let place = Place::new();
    let is_down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let open = async || {
        let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
        let path = place.directory.path().to_str().unwrap();
        let store = Store::open(path, embedder.clone(), &place.tables).await;
        let grants = Grants {
            models: Some(Arc::new(Models::all(Arc::new(Down(is_down.clone()))))),
            ..Grants::embedder(embedder)
        };
        let mut settings = LiveSettings::new(store.unwrap(), grants);
        settings.time = place.time.clone();
        let host = Host::open(settings).await.unwrap();
        let asking = diary("asking").await;
        host.add_slot("desk", asking, Mode::Inherit).await.unwrap();
        let seat = seat_at(&host);
        (host, seat)
    };
    let mut told = None;
    for _ in 0..5 {
        let (host, seat) = open().await;
        if told.is_none() {
            told = Some(done(&seat, "one", Some(scored(1.0))).await);
        }
        let waits = async {
            while seat.standing().await.unwrap().waiting.is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let most = Duration::from_secs(20);
        tokio::time::timeout(most, waits).await.unwrap();
        host.close().await.unwrap();
    }
    is_down.store(false, std::sync::atomic::Ordering::SeqCst);
    let (host, seat) = open().await;
    seat.learnt(told.unwrap().sequence).await.unwrap();
    assert_eq!(seat.standing().await.unwrap().skipped, 0);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_strategy_counts_from_its_beginning_and_a_second_rollback_goes_further_back() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let own = Outcome {
        authority: Authority::Agent,
        ..scored(1.0)
    };
    let kept = done(&seat, "one", Some(own)).await;
    seat.learnt(kept.sequence).await.unwrap();
    let counted = async || {
        seat.standing()
            .await
            .unwrap()
            .deviations
            .too_little_authority
    };
    assert_eq!(counted().await, 1);
    for name in ["second", "third"] {
        let next = diary(name).await;
        manage(&host).swap(next, Mode::Fresh).await.unwrap();
    }
    let kept = done(&seat, "two", Some(scored(1.0))).await;
    seat.learnt(kept.sequence).await.unwrap();
    assert_eq!(counted().await, 0);
    for before in [2, 1] {
        let back = manage(&host).roll_back(None).await.unwrap();
        assert_eq!(back.number, before);
    }
    let none = manage(&host).roll_back(None).await.unwrap_err();
    assert_eq!(none.code(), "malformed");
    host.close().await.unwrap();
}
