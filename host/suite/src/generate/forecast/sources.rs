//! What the generator asks about.

/// A kind of series.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) nature: Nature,
    /// What is counted.
    pub(super) things: &'static [&'static str],
    /// Where.
    pub(super) towns: &'static [&'static str],
    /// Ways to ask. A series is always asked about in the same words.
    pub(super) wordings: &'static [&'static str],
}

/// How the chances of a source behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// They stay, and hardly ever does anything come true.
    Rare,
    /// They stay. What is likely in one town is unlikely in the next, so that similar words mislead.
    Steady,
    /// They wander.
    Drifting,
    /// All turn into their opposite on one day.
    Turning,
    /// There is nothing to know.
    Coin,
}

impl Nature {
    /// Where the log-odds of a thing in a town start, by the places of both in their lists.
    pub(super) fn log_odds(self, thing: usize, town: usize) -> f64 {
        let side = |place: usize| if place.is_multiple_of(2) { 1.0 } else { -1.0 };
        match self {
            Nature::Rare => -2.5,
            Nature::Steady => 3.0 * side(thing + town),
            Nature::Drifting => 2.0 * side(thing),
            Nature::Turning => 2.5 * side(thing),
            Nature::Coin => 0.0,
        }
    }

    /// How much series differ besides, in log-odds.
    pub(super) fn variety(self) -> f64 {
        match self {
            Nature::Coin => 0.0,
            _ => 0.3,
        }
    }
}

pub(super) const SOURCES: &[Source] = &[
    Source {
        name: "hazards",
        nature: Nature::Rare,
        things: &["rockfalls that close the pass", "alarms at the old dam"],
        towns: &["Velmora", "Tarnis"],
        wordings: &[
            "Will more {thing} be reported from {town} than in a usual month?",
            "Compared with the average, will {town} see an increase of {thing}?",
        ],
    },
    Source {
        name: "archive",
        nature: Nature::Steady,
        things: &[
            "the blitz chess record of the veterans",
            "the vaccine against equine influenza",
        ],
        towns: &["Quillon", "Harrowgate"],
        wordings: &[
            "According to the encyclopedia of {town}, will {thing} still be the same?",
            "Will {town}'s encyclopedia list {thing} without any change?",
        ],
    },
    Source {
        name: "registry",
        nature: Nature::Drifting,
        things: &[
            "licences for bakeries and cafés",
            "newborn twins and triplets",
        ],
        towns: &["Lindau", "Casterly"],
        wordings: &[
            "Will the registry of {town} count more {thing} than now?",
            "Will {town} have registered more {thing} than it has today?",
        ],
    },
    Source {
        name: "weather",
        nature: Nature::Turning,
        things: &["mean temperature at noon", "water level of the river"],
        towns: &["Arvika", "Skagen"],
        wordings: &[
            "What about the {thing}: will the station of {town} measure more than on the due date?",
            "Will the {thing} be higher in {town} than on the day of the question?",
        ],
    },
    Source {
        name: "exchange",
        nature: Nature::Coin,
        things: &["refined tin in ingots", "saffron of the second picking"],
        towns: &["Merrow", "Dunmore"],
        wordings: &[
            "Will the price of {thing} close higher on the exchange of {town}?",
            "Will {thing} close above today's price at {town}'s exchange?",
        ],
    },
];
