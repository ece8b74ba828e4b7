//! `memhost suite`: what there is to compare on.

use std::path::PathBuf;

use clap::Subcommand;
use memhost_base::visible::{Column, Grid, line};
use memhost_eval::compare::report::number::count;
use memhost_suite as suite;
use memhost_suite::{Lane, Severity, StreamSummary, Suite, SuiteError, SuiteSummary};

use super::output::{self, Format};
use super::{Failure, setup};

const YOUR_OWN: &str = "\
A suite of your own is a .jsonl file: a header, then one episode per line. First an episode's \
question is asked, then its attempts are learnt from; either may be missing. Stages run one after \
the other.

  {\"format\": 1, \"name\": \"pets\", \"lane\": \"evidence\"}
  {\"task\": {\"id\": \"a\", \"text\": \"Hi\"}, \"attempts\": [{\"steps\": [{\"actor\": \"user\", \"text\": \"Cats.\"}]}]}
  {\"stage\": 1, \"task\": {\"id\": \"b\", \"text\": \"Which pet?\"}, \"question\": {\"answers\": [\"cats\"]}}

`memhost suite fields` lists every field, `memhost suite check pets.jsonl` says what is wrong with it, `memhost compare rag --suite \
pets.jsonl` uses it, and `memhost suite import evidence --to example.jsonl` writes a large one to \
look at.

Files are read as they are found: packed (.gz, .zst, .bz2, .xz; to at most 1 GiB, and past 64 MiB to \
at most 100 times its size), in UTF-8 or UTF-16, with or without a byte order mark, as a list or as \
one object per line, from a pipe, or from the standard input, which is `-`. Of data sets that others \
publish, what can be read is taken; what is left out is named and counted by `memhost suite check`, \
and under every report.

NAME=SUITE gives a suite a name of your own, as in `--suite first=locomo:old/locomo10.json --suite \
corrected=locomo:new/locomo10.json`: two releases of a data set can then be compared side by side.";

/// List, show, check and import suites.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = YOUR_OWN)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the built-in suites, and the data sets that can be read.
    #[command(after_help = "Example:\n  memhost suite list")]
    List {
        /// How it is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Show a suite in figures.
    #[command(
        after_help = "Examples:\n  memhost suite show evidence\n  memhost suite show bfcl:data/bfcl_memory --format json"
    )]
    Show {
        /// A built-in suite, `<format>:<path>`, or a `.jsonl` file; with NAME= before it, under that name.
        suite: String,
        /// How it is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Say everything that is wrong with a suite; exit code 1 if it cannot be used.
    #[command(after_help = "Example:\n  memhost suite check mine.jsonl")]
    Check {
        /// A built-in suite, `<format>:<path>`, or a `.jsonl` file; with NAME= before it, under that name.
        suite: String,
        /// How it is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// List the fields of a suite of one's own, in Markdown.
    #[command(after_help = "Example:\n  memhost suite fields | less")]
    Fields,
    /// Write a suite as `.jsonl`, the format for suites of one's own.
    #[command(
        after_help = "Examples:\n  memhost suite import locomo:locomo10.json --to locomo.jsonl\n  memhost suite import longmemeval:longmemeval_s.json --to longmemeval.jsonl\n  memhost suite import evidence --to example.jsonl"
    )]
    Import {
        /// `<format>:<path>`, or a built-in suite; with NAME= before it, under that name.
        suite: String,
        /// The file to write; one that is there is replaced.
        #[arg(long, value_name = "FILE", value_parser = setup::path)]
        to: PathBuf,
    },
}

/// Why a suite was found wanting.
#[derive(Debug, thiserror::Error)]
#[error("suite `{0}` cannot be used: correct what is marked `error`")]
struct Unusable(String);

/// Runs the command.
pub fn run(options: Options) -> Result<(), Failure> {
    match options.command {
        Command::List { format } => list(format),
        Command::Show { suite, format } => show(&suite, format),
        Command::Check { suite, format } => check(&suite, format),
        Command::Fields => fields(),
        Command::Import { suite, to } => Suite::load_sound(&suite)
            .and_then(|suite| suite.write_jsonl(&to))
            .map_err(failure),
    }
}

/// An unknown name is wrong usage; everything else is a failure.
pub fn failure(error: SuiteError) -> Failure {
    match error {
        SuiteError::Unknown { .. } | SuiteError::Name { .. } => Failure::usage(error),
        _ => Failure::failed(error),
    }
}

fn list(format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        let entry = |format: &suite::Format| serde_json::json!({"name": format.name, "summary": format.summary, "path": format.path});
        return output::print_json(&serde_json::json!({
            "builtin": suite::builtin().iter().map(entry).collect::<Vec<_>>(),
            "formats": suite::formats().iter().map(entry).collect::<Vec<_>>(),
        }));
    }
    let mut text = "built in, by name\n".to_owned();
    for suite in suite::builtin() {
        text += &format!("  {:<26} {}\n", suite.name, suite.summary);
    }
    text += "\nfrom files, as <format>:<path>\n";
    for format in suite::formats() {
        text += &format!(
            "  {:<26} {}\n  {:<26} path: {}\n",
            format.name, format.summary, "", format.path
        );
    }
    text += "\nof your own: a .jsonl file, see `memhost suite --help` and `memhost suite fields`\n";
    text +=
        "NAME= before any of them gives it a name of your own, as in first=locomo:locomo10.json\n";
    output::print_folded(&text)
}

/// As they are for a file or another program; on a page, for which no row of a table is narrow enough, in paragraphs.
fn fields() -> Result<(), Failure> {
    match output::page() {
        Some(_) => output::print_folded(&in_paragraphs(suite::jsonl::FIELDS)),
        None => output::print(suite::jsonl::FIELDS),
    }
}

/// Markdown with each row of its tables, and the lines of each paragraph, as a paragraph.
fn in_paragraphs(markdown: &str) -> String {
    let mut text = String::new();
    let mut open = false;
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let continued = std::mem::take(&mut open);
        let is_ruling = |line: &str| line.starts_with("|--");
        if is_ruling(line) || lines.peek().is_some_and(|next| is_ruling(next)) {
            continue;
        }
        match line
            .trim_matches('|')
            .splitn(3, '|')
            .collect::<Vec<_>>()
            .as_slice()
        {
            [field, what] if line.starts_with('|') => {
                text += &format!("  {}\n      {}\n", field.trim(), what.trim());
            }
            [field, default, what] if line.starts_with('|') => {
                let default = match default.trim() {
                    "" => String::new(),
                    default => format!(" (default: {default})"),
                };
                text += &format!("  {}{default}\n      {}\n", field.trim(), what.trim());
            }
            _ => {
                open = !line.is_empty() && !line.starts_with('#');
                if continued && open {
                    text.truncate(text.trim_end().len());
                    text.push(' ');
                }
                text += line;
                text.push('\n');
            }
        }
    }
    text
}

fn show(name: &str, format: Format) -> Result<(), Failure> {
    let summary = Suite::read(name).map_err(failure)?.summarize();
    match format {
        Format::Json => output::print_json(&summary),
        Format::Table => output::print_folded(&figures(&summary)),
    }
}

fn figures(summary: &SuiteSummary) -> String {
    let streams = &summary.streams;
    let column = |title: &str, number: fn(&StreamSummary) -> u64| {
        let numbers = streams.iter().map(number);
        Column::new(title, numbers.map(|number| count(number as f64)))
    };
    let names = streams.iter().map(|stream| stream.name.clone());
    let table = Grid::new(
        Column::new("stream", names),
        vec![
            column("episodes", |stream| stream.episodes as u64),
            column("questions", |stream| stream.questions as u64),
            column("groups", |stream| stream.groups as u64),
            column("attempts", |stream| stream.attempts as u64),
            column("steps", |stream| stream.steps as u64),
            column("question\ntokens", |stream| stream.question_tokens),
            column("attempt\ntokens", |stream| stream.attempt_tokens),
        ],
    );
    format!(
        "{}: {}\n{}{}\n{}",
        line(&summary.name),
        line(&summary.summary),
        left_out(&summary.left_out),
        reported_by(summary),
        table.render(output::width()).as_str()
    ) + &learning_curves(summary)
}

/// What is in the source and not in the suite.
fn left_out(what: &[String]) -> String {
    what.iter()
        .map(|what| format!("left out: {}\n", line(what)))
        .collect()
}

/// By what a suite is reported, and within which budgets; nothing of a suite that asks nothing.
fn reported_by(summary: &SuiteSummary) -> String {
    if summary.metrics.is_empty() {
        return String::new();
    }
    let budgets: Vec<String> = summary.budgets.iter().map(u32::to_string).collect();
    format!(
        "metrics: {} (the first is the primary one)\nbudgets: {} tokens\n",
        line(&summary.metrics.join(", ")),
        budgets.join(", ")
    )
}

/// How many tasks were solved in each trial, one line per stream that recorded several.
fn learning_curves(summary: &SuiteSummary) -> String {
    let streams = || summary.streams.iter().filter(|s| !s.curve.is_empty());
    let name = |stream: &StreamSummary| line(&stream.name).into_owned();
    let widest = streams().map(|stream| name(stream).chars().count()).max();
    let Some(widest) = widest else {
        return String::new();
    };
    let lines = streams().map(|stream| {
        let solved: Vec<String> = stream.curve.iter().map(usize::to_string).collect();
        format!("  {:<widest$}  {}\n", name(stream), solved.join(", "))
    });
    format!("\nsolved in each trial\n{}", lines.collect::<String>())
}

fn check(name: &str, format: Format) -> Result<(), Failure> {
    let suite = Suite::read(name).map_err(failure)?;
    let problems = suite::check(&suite);
    let usable = problems
        .iter()
        .all(|problem| problem.severity != Severity::Error);
    match format {
        Format::Json => output::print_json(&serde_json::json!({
            "suite": suite.name,
            "usable": usable,
            "left_out": suite.left_out,
            "problems": problems,
        }))?,
        Format::Table => {
            let mut text = left_out(&suite.left_out);
            for problem in &problems {
                let severity = match problem.severity {
                    Severity::Warning => "warning",
                    Severity::Error => "error",
                };
                text += &format!("{severity}: {}\n", line(&problem.to_string()));
            }
            let questions = suite.questions().count();
            if usable && suite.lane != Lane::Attempts {
                text += &format!(
                    "suite `{}` can be used: {} questions, {} warnings\n",
                    line(&suite.name),
                    count(questions as f64),
                    problems.len()
                );
            }
            output::print_folded(&text)?;
        }
    }
    if usable {
        Ok(())
    } else {
        Err(Failure::failed(Unusable(suite.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_no_page_is_wide_enough_for_is_read_as_paragraphs() {
        let markdown = "One.\nTwo.\n\n# Fields\n\n| field | default | |\n|---|---|---|\n| `a` | | x |\n| `b` | 1 | y |\n\
                        \n| `c` | z |\nLast.\n";
        assert_eq!(
            in_paragraphs(markdown),
            "One. Two.\n\n# Fields\n\n  `a`\n      x\n  `b` (default: 1)\n      y\n\n  `c`\n      z\nLast.\n"
        );
        // Nothing is left of any table.
        let fields = in_paragraphs(suite::jsonl::FIELDS);
        assert!(
            !fields.contains("\n|") && fields.contains("\n  `format`\n      version"),
            "{fields}"
        );
    }
}
