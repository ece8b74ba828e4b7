//! What may be chosen, with the paper's values where it has some. *Skill* is the first author's released skill
//! (`live-evo-skill`), which is another, simpler system; its values stand in where the paper is silent.

use memhost_sdk::{Choice, Count, Number};

/// The paper says top-k and no number.
pub(crate) const K: Count = Count::new(
    "k",
    5,
    1,
    50,
    "How many experiences a guideline is compiled from (paper: not said; skill: 5).",
)
.by_ratios();

/// Paper, appendix A.1.
pub(crate) const FLOOR: Number = Number::new(
    "floor",
    0.3,
    0.0,
    2.0,
    "The least weight x similarity at which an experience is used (paper: 0.3).",
);

/// Paper, section 4.1, which does not say what it is compared with.
pub(crate) const SIMILARITY_THRESHOLD: Number = Number::new(
    "similarity-threshold",
    0.0,
    0.0,
    1.0,
    "The least bare similarity at which an experience is used, besides the floor (paper: lists 0.5 and does not \
     say where it applies; 0: off).",
);

/// The paper has no text on it; its figure 4 shows weights down to 0.14.
pub(crate) const LEAST_WEIGHT: Number = Number::new(
    "least-weight",
    0.1,
    0.0,
    1.0,
    "No weight falls below this (paper: not said; skill: 0.1).",
);

/// Paper, figure 4: the curve saturates there.
pub(crate) const MOST_WEIGHT: Number = Number::new(
    "most-weight",
    2.0,
    1.0,
    10.0,
    "No weight rises above this (paper: 2, by its figure 4; skill: 2).",
);

/// What moves a weight where both scores are 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryStep {
    /// A step in the direction of the gain; none if there is none.
    Step,
    /// The same, and without a gain the score decides the direction.
    Skill,
    /// The gain itself.
    Gain,
}

/// A gain of 1 would throw a new experience to the bottom, out of reach, after one failure.
pub(crate) const BINARY_STEP: Choice<BinaryStep> = Choice::new(
    "binary-step",
    &[
        ("step", BinaryStep::Step),
        ("skill", BinaryStep::Skill),
        ("gain", BinaryStep::Gain),
    ],
    "What moves a weight where both scores are 0 or 1: `step` +0.3 or -0.2 by the sign of the gain (the sizes are \
     the skill's); `skill` the same, and where both runs ended alike +0.3 if they succeeded and -0.2 if not; \
     `gain` the gain (paper).",
)
.but_its_source_has("gain");

/// When a guidance that gained nothing leads to a meta-guideline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// If it was made from experiences.
    Used,
    /// The same, but not for two runs that both succeeded or both failed.
    NoBinaryTies,
    /// Always, even if there was none.
    Published,
}

/// Paper, algorithm 1, line 6, ties included; with an empty bank that reflects upon nothing.
pub(crate) const GUARD: Choice<Guard> = Choice::new(
    "guard",
    &[
        ("used", Guard::Used),
        ("no-binary-ties", Guard::NoBinaryTies),
        ("published", Guard::Published),
    ],
    "When a gain of 0 or less leads to a meta-guideline: `used` if experiences were used; `no-binary-ties` the \
     same, unless both scores are 0 or both are 1; `published` always (paper).",
)
.but_its_source_has("published");

/// The paper's batch, a week, has 50 tasks.
pub(crate) const REFLECTIONS: Count = Count::new(
    "reflections",
    50,
    0,
    1_000,
    "The most meta-guidelines written for one batch, those of the worst gains (paper: no bound, and batches of 50).",
);

/// Paper, section 4.1, `bad_case_percentile`.
pub(crate) const BAD_CASES: Number = Number::new(
    "bad-cases",
    0.3,
    0.0,
    1.0,
    "The share of a batch, rounded up, that is distilled: its worst scores, and of these only what is below 1 \
     (paper: 0.3).",
);

/// Paper, section 4.1, `min_brier_improvement`.
pub(crate) const MARGIN: Number = Number::new(
    "margin",
    0.05,
    0.0,
    1.0,
    "How much the score must rise in a re-run with a new experience for it to be kept (paper: 0.05).",
);

/// Paper, section 4.1.
pub(crate) const TEMPERATURE: Number = Number::new(
    "temperature",
    0.2,
    0.0,
    2.0,
    "The temperature of every model call (paper: 0.2).",
);
