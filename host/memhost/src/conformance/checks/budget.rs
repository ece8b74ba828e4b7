//! No text is longer than its token budget, in whatever script and however it is joined.

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::session::Session;
use crate::conformance::{Came, CheckResult, Stop};

const BUDGETS: [u32; 12] = [0, 1, 2, 5, 17, 40, 64, 128, 256, 512, 1_024, 100_000];

/// Texts that cost more than their blanks show: a strategy that counts by a measure of its own hands out too much. Each
/// begins with plain words, because what else may be in a text is another check's.
fn dense_texts() -> [(&'static str, String); 5] {
    const PLAIN: &str = "This is what the neighbour wrote on the note: ";
    let after_plain_words = |text: &str, times: usize| [PLAIN, &text.repeat(times)].concat();
    [
        ("code", CODE.to_owned()),
        (
            "joined",
            after_plain_words("the_spare_key_is_under_the_pot_", 12),
        ),
        (
            "without blanks",
            after_plain_words("备用钥匙在花盆下面，水管工星期五来。ลูกแมวของเพื่อนชื่อทองดี", 6),
        ),
        (
            "unseen",
            after_plain_words(
                "the\u{200d}spare\u{2060}key\u{200b}is\u{ad}under\u{3164}the\u{fe0f}pot ",
                12,
            ),
        ),
        ("one long word", after_plain_words("plumber", 60)),
    ]
}

/// A token for every character or two, where prose has one for every five.
const CODE: &str =
    "f(x)=[a[i]+(b-c)*{d}]; g=|y|-{z}/(2^n); if(!(p&&q)){h[j]--;} else {k:=<m|o>; r%=s?t:u;}";

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let mut session = Session::taught(fixture, "budget").await?;
    let dense: Vec<Case> = dense_texts()
        .iter()
        .map(|(kind, text)| Case::saying(kind, text))
        .collect();
    for case in &dense {
        session.work(case).await?;
    }
    let mut longest = 0;
    for case in Case::all().into_iter().chain(dense) {
        for budget in BUDGETS {
            let guidance = session.ask(&case.again(), budget).await?;
            let length = memhost_words::count(&guidance.text);
            if length > budget {
                return Err(Stop::Failed(format!(
                    "{length} tokens for a budget of {budget}"
                )));
            }
            longest = longest.max(length);
        }
    }
    Ok(Came::Right(format!(
        "{} budgets from 0 up are kept, with up to {longest} tokens",
        BUDGETS.len()
    )))
}
