//! What is learnt can be retrieved.

use crate::conformance::ground::Ground;
use crate::conformance::lesson::{LESSONS, Lesson};
use crate::conformance::session::{ROOM, Session};
use crate::conformance::{Came, Stop, Verdict, memories};

pub(super) async fn check(ground: &Ground<'_>) -> Verdict {
    let lessons = Lesson::all();
    let mut ignorant = Session::open(ground, "round-trip/empty").await?;
    let mut taught = Session::taught(ground, "round-trip").await?;
    let kept = taught.count()? as usize;
    let mut answered = 0;
    for lesson in &lessons {
        let task = lesson.again();
        let nothing = ignorant.ask(&task, ROOM).await?;
        let something = taught.ask(&task, ROOM).await?;
        let says = !something.text.is_empty() || !something.receipt.used.is_empty();
        let is_new =
            something.text != nothing.text || something.receipt.used != nothing.receipt.used;
        answered += usize::from(says && is_new);
    }
    let came = format!(
        "{answered} of {LESSONS} questions are answered, from {}",
        memories(kept)
    );
    match answered {
        0 => Err(Stop::Failed(came)),
        _ => Ok(Came::Right(came)),
    }
}
