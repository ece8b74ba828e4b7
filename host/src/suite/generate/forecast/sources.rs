//! What the generator asks about.

/// A kind of series.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) nature: Nature,
    /// What is counted.
    pub(super) things: &'static [&'static str],
    /// Where.
    pub(super) towns: &'static [&'static str],
    /// Ways to ask.
    pub(super) wordings: &'static [&'static str],
}

/// How the chances of a source behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// They stay, and hardly ever does anything come true.
    Rare,
    /// They stay.
    Steady,
    /// They wander.
    Drifting,
    /// Most turn into their opposite half-way.
    Turning,
    /// There is nothing to know.
    Coin,
}

impl Nature {
    /// Where a source's things start, in log-odds: some are likely, some are not.
    pub(super) fn log_odds(self, place: usize) -> f64 {
        let side = if place.is_multiple_of(2) { 1.0 } else { -1.0 };
        match self {
            Nature::Rare => -2.5,
            Nature::Steady => 2.5 * side,
            Nature::Drifting => 1.2 * side,
            Nature::Turning => 1.8 * side,
            Nature::Coin => 0.0,
        }
    }

    /// Whether towns differ.
    pub(super) fn variety(self) -> f64 {
        f64::from(u8::from(self != Nature::Coin))
    }
}

pub(super) const SOURCES: &[Source] = &[
    Source {
        name: "hazards",
        nature: Nature::Rare,
        things: &["rockfalls", "dam alarms", "forest fires"],
        towns: &["Velmora", "Osterby", "Tarnis"],
        wordings: &[
            "Will there be more {thing} near {town} than the monthly average by then?",
            "Compared with the usual month, will {town} report an increase of {thing}?",
        ],
    },
    Source {
        name: "archive",
        nature: Nature::Steady,
        things: &[
            "the chess record of the club",
            "the vaccine registered for horses",
            "the swimming record of the school",
        ],
        towns: &["Quillon", "Harrowgate", "Bruntal"],
        wordings: &[
            "According to the public archive, will {thing} in {town} still be the same on that day?",
            "Will the archive list {thing} in {town} without any change?",
        ],
    },
    Source {
        name: "registry",
        nature: Nature::Drifting,
        things: &["bakery licences", "newborn names", "bicycle permits"],
        towns: &["Lindau", "Mirepoix", "Casterly"],
        wordings: &[
            "Will the number of {thing} in {town}'s registry be higher than it is now?",
            "Will {town} have registered more {thing} than today?",
        ],
    },
    Source {
        name: "weather",
        nature: Nature::Turning,
        things: &["temperature", "river level", "snow depth"],
        towns: &["Arvika", "Pontevedra", "Skagen"],
        wordings: &[
            "What about the {thing} at the station of {town}: will it be higher than on the day of the question?",
            "Will the station of {town} measure a {thing} above that of the due date?",
        ],
    },
    Source {
        name: "exchange",
        nature: Nature::Coin,
        things: &["tin", "saffron", "barley"],
        towns: &["Merrow", "Kestrel", "Dunmore"],
        wordings: &[
            "Will the price of {thing} on the exchange of {town} close above its price on the due date?",
            "Will {thing} close higher at {town}'s exchange than it did on the due date?",
        ],
    },
];
