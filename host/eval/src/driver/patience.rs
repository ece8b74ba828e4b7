//! When a strategy is given up: each of its calls uses up its limits, and costs the whole of them every time.
//!
//! A call that runs until its deadline takes two minutes, and a comparison has thousands. One that fails so once is a
//! failure like others. But a phase that does so [`IN_A_ROW`] times, one after the other, and so often that the run has
//! no result any more ([`TOLERATED`]), has shown what it is: what is left is not asked of it. How long models took is
//! not counted; that is no fault of a strategy.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use memhost::capability::{CallContext, Usage};
use memhost::contract::{
    Attempt, Change, Compacted, Context, Description, Feedback, Guidance, Plan, Pressure, Query,
    Setting,
};
use memhost::limits::Limit;
use memhost::strategy::{Answer, CallError, Phases, Strategy};

use super::phases::{GivenUp, TOLERATED};

/// Calls of one phase, one after the other, that used up their limits.
pub const IN_A_ROW: u64 = 3;

/// A strategy that is called as long as it is fit.
pub(super) struct Patience {
    strategy: Arc<dyn Strategy>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phases: BTreeMap<&'static str, Tally>,
    /// What the last call said, once there are no more.
    given_up: Option<(GivenUp, CallError)>,
}

#[derive(Default)]
struct Tally {
    calls: u64,
    spent: u64,
    in_a_row: u64,
}

impl Patience {
    pub(super) fn with(strategy: Arc<dyn Strategy>) -> Patience {
        Patience {
            strategy,
            state: Mutex::default(),
        }
    }

    /// In which phase it was given up, and why.
    pub(super) fn given_up(&self) -> Option<(&'static str, GivenUp)> {
        let state = self.state();
        let (unfit, error) = state.given_up.as_ref()?;
        Some((error.call, unfit.clone()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call gets that is not made any more.
    fn refusal<T>(&self, call: &'static str) -> Option<Answer<T>> {
        let (_, error) = self.state().given_up.clone()?;
        Some(Answer {
            result: Err(CallError { call, ..error }),
            usage: Usage::default(),
        })
    }

    fn note<T>(&self, call: &'static str, answer: Answer<T>) -> Answer<T> {
        self.state().note(call, answer.result.as_ref().err());
        answer
    }
}

impl State {
    /// A call ended, well or with an error.
    fn note(&mut self, call: &'static str, error: Option<&CallError>) {
        let tally = self.phases.entry(call).or_default();
        tally.calls += 1;
        let is_spent = |error: &&CallError| error.limit().is_some_and(Limit::is_spent);
        let Some(error) = error.filter(is_spent) else {
            tally.in_a_row = 0;
            return;
        };
        tally.spent += 1;
        tally.in_a_row += 1;
        if tally.in_a_row >= IN_A_ROW && tally.spent as f64 > TOLERATED * tally.calls as f64 {
            let unfit = GivenUp {
                in_a_row: tally.in_a_row,
                last: error.to_string(),
            };
            self.given_up = Some((unfit, error.clone()));
        }
    }
}

#[async_trait]
impl Strategy for Patience {
    fn description(&self) -> &Description {
        self.strategy.description()
    }

    fn phases(&self) -> Phases {
        self.strategy.phases()
    }

    fn digest(&self) -> &str {
        self.strategy.digest()
    }

    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError> {
        self.strategy.plan(settings).await
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        settings: &[Setting],
    ) -> Answer<Guidance> {
        match self.refusal("retrieve") {
            Some(refusal) => refusal,
            None => {
                let answer = self.strategy.retrieve(context, query, settings).await;
                self.note("retrieve", answer)
            }
        }
    }

    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        match self.refusal("distill") {
            Some(refusal) => refusal,
            None => {
                let answer = self.strategy.distill(context, attempts, settings).await;
                self.note("distill", answer)
            }
        }
    }

    async fn update(
        &self,
        context: CallContext,
        feedback: Vec<Feedback>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        match self.refusal("update") {
            Some(refusal) => refusal,
            None => {
                let answer = self.strategy.update(context, feedback, settings).await;
                self.note("update", answer)
            }
        }
    }

    async fn evict(
        &self,
        context: CallContext,
        pressure: Pressure,
        settings: &[Setting],
    ) -> Answer<Vec<String>> {
        match self.refusal("evict") {
            Some(refusal) => refusal,
            None => {
                let answer = self.strategy.evict(context, pressure, settings).await;
                self.note("evict", answer)
            }
        }
    }

    async fn maintain(&self, context: CallContext, settings: &[Setting]) -> Answer<Vec<Change>> {
        match self.refusal("maintain") {
            Some(refusal) => refusal,
            None => {
                let answer = self.strategy.maintain(context, settings).await;
                self.note("maintain", answer)
            }
        }
    }

    async fn compact(
        &self,
        context: CallContext,
        run: Context,
        settings: &[Setting],
    ) -> Answer<Compacted> {
        match self.refusal("compact") {
            Some(refusal) => refusal,
            None => {
                let answer = self.strategy.compact(context, run, settings).await;
                self.note("compact", answer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memhost::limits::{LimitReached, Limits};
    use memhost::strategy::CallFailure;

    /// What became of a call: it went well, it used up a limit, it failed otherwise.
    #[derive(Clone, Copy, PartialEq)]
    enum Came {
        Well,
        At(Limit),
        Trapped,
    }

    fn error(reason: CallFailure) -> CallError {
        CallError {
            plugin: "p".into(),
            call: "distill",
            reason,
        }
    }

    /// After which call a strategy is given up whose calls come to this.
    fn given_up_after(calls: &[Came]) -> Option<usize> {
        let mut state = State::default();
        calls.iter().position(|came| {
            let reason = match came {
                Came::Well => None,
                Came::At(limit) => {
                    let reached = LimitReached::of(&Limits::default(), *limit);
                    Some(CallFailure::Limit(reached))
                }
                Came::Trapped => Some(CallFailure::Trap("it panicked".into())),
            };
            state.note("distill", reason.map(error).as_ref());
            state.given_up.is_some()
        })
    }

    #[test]
    fn whoever_uses_up_its_limits_three_times_in_a_row_is_given_up() {
        use Came::{At, Trapped, Well};
        let (late, fuel) = (At(Limit::WallClock), At(Limit::Fuel));
        let outage = At(Limit::ModelWait);
        assert_eq!(given_up_after(&[late, late, late]), Some(2));
        assert_eq!(given_up_after(&[fuel, late, At(Limit::Memory)]), Some(2));
        assert_eq!(given_up_after(&[late, late, Well, late, late]), None);
        assert_eq!(
            given_up_after(&[late, late, Trapped, late, late, late]),
            Some(5)
        );
        assert_eq!(given_up_after(&[outage; 50]), None, "a model's fault");
        assert_eq!(given_up_after(&[Trapped; 50]), None, "it costs nothing");
        let store = At(Limit::Store(memhost::limits::StoreLimit::Rows));
        assert_eq!(given_up_after(&[store; 50]), None, "it costs nothing");
    }

    #[test]
    fn a_bad_hour_in_a_long_run_is_no_reason() {
        let mut calls = vec![Came::Well; 1_000];
        calls.extend([Came::At(Limit::WallClock); 20]);
        assert_eq!(given_up_after(&calls), None);
        calls.push(Came::At(Limit::WallClock));
        assert_eq!(
            given_up_after(&calls),
            Some(1_020),
            "21 of 1,021 are too many"
        );
    }
}
