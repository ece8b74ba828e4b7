//! Text may hold anything.

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{ROOM, Session};
use crate::conformance::{Came, CheckResult, Stop};

/// Kinds of text, and one of each.
fn texts() -> [(&'static str, String); 7] {
    [
        ("emoji", "👩‍👩‍👧‍👦 plant 🌱🌱 at 🏳️‍🌈 and 🇨🇭, then 🧑🏽‍🚀 waters them. ".repeat(3)),
        ("right to left", "مرحبا بالعالم، أين المفتاح؟ \u{202e}gnihtemos\u{202c} שלום עולם. ".repeat(3)),
        ("combining marks", "e\u{301}e\u{301}\u{327} Z\u{351}\u{36b}\u{343}a\u{321}l\u{348}g\u{31d}o\u{302}. नमस्ते किताब. ".repeat(3)),
        ("Chinese and Japanese", "请把钥匙放在桌子上。鍵は机の上に置いてください。".repeat(3)),
        ("NUL and other controls", "before\u{0}after\u{7}\u{1b}[31m\u{feff}\u{85}\u{2028}end. ".repeat(3)),
        ("a line of 20,000 characters", "ab日".repeat(6_667)),
        ("2,000 lines", "übung \u{1f980}\n".repeat(2_000)),
    ]
}

/// So little room that a text has to be cut, and much.
const BUDGETS: [u32; 3] = [7, 90, ROOM];

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let mut session = Session::open(fixture, "unicode").await?;
    for (place, (kind, text)) in texts().into_iter().enumerate() {
        let case = Case::saying(&format!("text-{place}"), &text);
        tried(&mut session, &case)
            .await
            .map_err(|stop| stop.about(kind))?;
    }
    Ok(Came::Right(format!(
        "{} kinds of text are answered, in {} calls",
        texts().len(),
        session.calls().len()
    )))
}

async fn tried(session: &mut Session, case: &Case) -> Result<(), Stop> {
    session.work(case).await?;
    for budget in BUDGETS {
        session.ask(&case.again(), budget).await?;
    }
    Ok(())
}
