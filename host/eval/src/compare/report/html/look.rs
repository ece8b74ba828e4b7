//! What a strategy looks like: the same in every table and plot of a report.

use maud::{Markup, html};

use crate::compare::summary::{Report, StrategyResult, SuiteResult};
use crate::compare::{is_ceiling, label};

/// Colours that the page has for plugins; see `page.css`. Further plugins have the same ones with other symbols.
const COLOURS: usize = 8;
/// Symbols that `plots.js` and `page.css` know.
const SYMBOLS: [&str; 4] = ["circle", "rect", "triangle", "diamond"];

/// What a strategy looks like.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Look {
    /// As people read it: `bm25 (floor)`.
    pub(super) label: String,
    /// Of the page's colours; floors are grey, and have none.
    pub(super) colour: Option<usize>,
    /// A second way to tell strategies apart, for those who see few colours.
    pub(super) symbol: &'static str,
    /// Whether it is what nobody can do better than.
    pub(super) ceiling: bool,
}

/// The looks of a report's strategies.
pub(super) struct Looks {
    plugins: Vec<String>,
}

impl Looks {
    /// Plugins are numbered through all suites, so that one that some suite says nothing about keeps its colour.
    pub(super) fn of(report: &Report) -> Looks {
        let mut plugins: Vec<String> = Vec::new();
        for suite in &report.suites {
            let ran = suite.strategies.iter().filter(|s| !s.floor);
            let others = suite.inapplicable.iter().map(|i| &i.strategy);
            for name in ran.map(|s| &s.strategy).chain(others) {
                if !plugins.contains(name) {
                    plugins.push(name.clone());
                }
            }
        }
        Looks { plugins }
    }

    /// How many plugins take part.
    pub(super) fn plugins(&self) -> usize {
        self.plugins.len()
    }

    pub(super) fn look(&self, strategy: &StrategyResult) -> Look {
        let label = label(&strategy.strategy, strategy.floor);
        let place = self
            .plugins
            .iter()
            .position(|name| *name == strategy.strategy)
            .filter(|_| !strategy.floor);
        Look {
            ceiling: is_ceiling(&strategy.strategy, strategy.floor),
            colour: place.map(|place| place % COLOURS),
            symbol: place
                .and_then(|place| SYMBOLS.get((place + place / COLOURS) % SYMBOLS.len()))
                .copied()
                .unwrap_or("circle"),
            label,
        }
    }

    /// All of a suite's, in its order.
    pub(super) fn of_suite(&self, suite: &SuiteResult) -> Vec<Look> {
        suite.strategies.iter().map(|s| self.look(s)).collect()
    }
}

impl Look {
    /// A name with its symbol.
    pub(super) fn name(&self) -> Markup {
        html! {
            span.name {
                (self.swatch())
                span { (self.label) }
            }
        }
    }

    fn swatch(&self) -> Markup {
        let class = self
            .colour
            .map_or("grey".to_owned(), |colour| format!("c{colour}"));
        html! {
            svg.swatch.(class) viewBox="-6 -6 12 12" aria-hidden="true" {
                @match self.symbol {
                    "rect" => { rect x="-4.5" y="-4.5" width="9" height="9" {} },
                    "triangle" => { path d="M0-5.5 5.5 4.5H-5.5z" {} },
                    "diamond" => { path d="M0-6 6 0 0 6-6 0z" {} },
                    _ => { circle r="5" {} },
                }
            }
        }
    }
}
