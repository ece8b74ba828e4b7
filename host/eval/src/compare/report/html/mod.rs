//! The report as one page: a file that needs no network and no other file, for phones and desktops, dark and light.
//!
//! The page opens with the answer, then shows each suite with its tables and plots, then what was run. It is written
//! here, whole, and reads without its scripts; every number that is plotted stands in a table too. What draws the plots
//! is ECharts (`assets/echarts`), which the page carries: `plots.js` makes its options from the results, embedded once
//! as JSON, and from the width, font and colours that only the browser knows. That is why the options are not made in
//! Rust.
//!
//! Names and texts come from plugins, suites and settings of strangers. [`maud`] escapes whatever is put into the page,
//! and [`visible`] what a terminal would obey that shows the file;
//! [`embedded`] keeps JSON from closing its element; the scripts put text into the page as text only; and the page's
//! content security policy forbids requests altogether.

mod figures;
mod look;
mod phrase;
mod suite;
mod tables;
mod what_was_run;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use memhost_base::visible;

use super::number::plural;
use crate::compare::Design;
use crate::compare::summary::Report;

use look::Looks;

const STYLE: &str = include_str!("page.css");
const PLOTS: &str = include_str!("plots.js");
const ECHARTS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/assets/echarts/echarts.common.min.js"
));
/// Nothing is fetched, from anywhere: scripts and styles are those in the page.
const POLICY: &str =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

/// The report as a page. The design says what the report's numbers are of.
///
/// # Errors
/// None that a report can cause.
pub fn html(report: &Report, design: &Design) -> Result<String, serde_json::Error> {
    let results = embedded(&serde_json::to_string(report)?);
    let looks = Looks::of(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "memhost " (report.memhost) };
                title { (title(report)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.page {
                    p.brand { "memhost " (report.memhost) }
                    h1 { (title(report)) }
                    (extent(report))
                    @if report.interrupted {
                        p.warning {
                            "The comparison was stopped before its end: this is what had been finished."
                            @if let Some(outage) = &report.outage { " " (outage) }
                        }
                    }
                }
                main {
                    (answers(report))
                    @for (place, result) in report.suites.iter().enumerate() {
                        (suite::section(place, result, &looks))
                    }
                    (what_was_run::section(report, design))
                }
                footer.page {
                    p {
                        "Written by memhost " (report.memhost) ". The same numbers for programs: "
                        code { "results.json" } ", " code { "results.parquet" } ", " code { "report.csv" }
                        ". Plots: Apache ECharts 6.1.0 (Apache-2.0)."
                    }
                }
                script type="application/json" id="results" { (PreEscaped(results)) }
                script { (PreEscaped(ECHARTS)) }
                script { (PreEscaped(PLOTS)) }
            }
        }
    };
    Ok(visible::text(&page.into_string()).into_owned())
}

/// JSON as it may stand in a `script` element: `<` is written as its escape, so that neither `</script` nor `<!--`
/// occurs; the line separators of Unicode end a line in some readers of scripts.
fn embedded(json: &str) -> String {
    visible::json(json).replace('<', "\\u003c")
}

fn title(report: &Report) -> String {
    let plugins = Looks::of(report).plugins();
    format!(
        "{} on {}",
        plural(plugins, "strategy", "strategies"),
        plural(report.suites.len(), "suite", "suites")
    )
}

fn extent(report: &Report) -> Markup {
    html! {
        p.extent {
            (plural(report.seeds as usize, "seed", "seeds"))
            @if report.orders > 1 { " × " (plural(report.orders as usize, "order", "orders")) }
            " per strategy and suite, with the host’s own floors and ceilings beside them. Intervals are 95 %, from "
            "resampling groups of tasks that belong together."
        }
    }
}

/// The answer in one sentence per suite, with a link to what it rests on.
fn answers(report: &Report) -> Markup {
    html! {
        section.answers aria-labelledby="answer" {
            h2 #answer { "The answer" }
            @if report.suites.is_empty() {
                p { "No suite was run." }
            }
            ol {
                @for (place, suite) in report.suites.iter().enumerate() {
                    li {
                        a.lane href={ "#" (suite::anchor(place)) } {
                            (suite::badge(suite.lane))
                            (suite.suite)
                        }
                        (suite::answer(suite))
                    }
                }
            }
            (not_ranked(report))
            (unseen(report))
        }
    }
}

/// Plugins that failed a check.
fn not_ranked(report: &Report) -> Markup {
    html! {
        @if !report.unfit.is_empty() {
            div.aside.caveats {
                h3 { "Not ranked" }
                ul { @for unfit in &report.unfit { li { (unfit.to_string()) } } }
            }
        }
    }
}

/// What to add for wrappers to be seen.
fn unseen(report: &Report) -> Markup {
    html! {
        @if let Some(unseen) = super::answer::unseen(report) {
            div.aside { p { (unseen) } }
        }
    }
}

#[cfg(test)]
mod tests;
