//! Facts of recorded attempts: what readers are told, and strategies are not.

/// What a reader knows of a recorded attempt that strategies do not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttemptFacts {
    /// The kind of its task, for [`Question::Kind`](crate::Question::Kind).
    pub kind: Option<String>,
    /// Graded success in 0..=1, where it is known.
    pub success: Option<f64>,
    /// The tools of its task, for [`Question::Tools`](crate::Question::Tools).
    pub tools: Vec<String>,
    /// Who made it, for [`Question::Route`](crate::Question::Route).
    pub agent: String,
    /// What its task asked of the future, for [`Question::Forecast`](crate::Question::Forecast).
    pub forecast: Option<Resolution>,
}

/// How a question about the future was resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// As in [`Question::Forecast`](crate::Question::Forecast).
    pub source: String,
    /// As in [`Question::Forecast`](crate::Question::Forecast).
    pub horizon: String,
    /// As in [`Question::Forecast`](crate::Question::Forecast).
    pub market: Option<f64>,
    /// Whether it came true.
    pub happened: bool,
}
