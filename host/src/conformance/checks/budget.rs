//! No text is longer than its token budget.

use crate::conformance::ground::Ground;
use crate::conformance::lesson::Lesson;
use crate::conformance::session::Session;
use crate::conformance::{Came, Stop, Verdict};
use crate::tokens;

const BUDGETS: [u32; 12] = [0, 1, 2, 5, 17, 40, 64, 128, 256, 512, 1_024, 100_000];

/// A token for every character or two, where prose has one for every five.
const CODE: &str =
    "f(x)=[a[i]+(b-c)*{d}]; g=|y|-{z}/(2^n); if(!(p&&q)){h[j]--;} else {k:=<m|o>; r%=s?t:u;}";

pub(super) async fn check(ground: &Ground<'_>) -> Verdict {
    let mut session = Session::taught(ground, "budget").await?;
    let code = Lesson::saying("code", CODE);
    session.work(&code).await?;
    let mut longest = 0;
    for lesson in Lesson::all().into_iter().chain([code]) {
        for budget in BUDGETS {
            let guidance = session.ask(&lesson.again(), budget).await?;
            let length = tokens::count(&guidance.text);
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
