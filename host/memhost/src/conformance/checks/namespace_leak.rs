//! Nothing of one namespace is handed out in another.

use memhost_contract::Guidance;

use crate::conformance::cases::{CASES, Case};
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{ROOM, Session};
use crate::conformance::{Came, CheckResult, Stop};

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let cases = Case::all();
    let (ours, theirs) = cases.split_at(CASES / 2);
    let mut one = Session::open(fixture, "namespace-leak/one").await?;
    let mut other = Session::open(fixture, "namespace-leak/other").await?;
    let mut alone = Session::open(fixture, "namespace-leak/alone").await?;
    let mut asked = 0;
    for (our, their) in ours.iter().zip(theirs) {
        one.work(our).await?;
        alone.work(our).await?;
        other.work(their).await?;
        for about in &cases {
            let task = about.again();
            let guidance = one.ask(&task, ROOM).await?;
            asked += 1;
            let mut unheard_of = theirs.iter().filter(|their| their.name != about.name);
            if let Some(their) = unheard_of.find(|their| tells(&guidance, their.name)) {
                return Err(Stop::Failed(format!(
                    "asked about `{}`, it tells of `{}`, which only the other namespace was told of",
                    about.task.id, their.name
                )));
            }
            if alone.ask(&task, ROOM).await?.text != guidance.text {
                return Err(Stop::Failed(format!(
                    "asked about `{}`, it says something else where another namespace learns beside it",
                    about.task.id
                )));
            }
        }
    }
    Ok(Came::Right(format!("{asked} answers tell nothing of it")))
}

fn tells(guidance: &Guidance, name: &str) -> bool {
    let name = name.to_lowercase();
    let told = [&guidance.text, &guidance.receipt.note];
    told.iter().any(|text| text.to_lowercase().contains(&name))
}
