//! Whether `docs/limits.md` says what the code does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memhost::config::Config;
use memhost::endpoint::EndpointSettings;

const PAGE: &str = include_str!("../../../docs/limits.md");

/// How constants are called that limit something.
const SIGNS: [&str; 4] = ["MOST_", "LONGEST_", "LARGEST_", "DEEPEST"];

/// Constants that are called so and limit nothing that comes from outside.
const NO_LIMITS: [&str; 1] = ["MOST_VARIANCE"];

/// A row of a table: what stands for the default, and what it is set by.
struct Row {
    default: &'static str,
    setting: &'static str,
}

fn rows() -> Vec<Row> {
    let cells = |line: &'static str| -> Option<Row> {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let (_what, default, setting) = (cells.next()?, cells.next()?, cells.next()?);
        let is_head = default == "Default" || default.starts_with('-');
        (!is_head).then_some(Row { default, setting })
    };
    PAGE.lines().filter_map(cells).collect()
}

/// `64 MiB`, `20,000`, `120 s`, in bytes, in ones, in milliseconds.
fn amount(text: &str) -> f64 {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: f64 = number
        .replace(',', "")
        .parse()
        .unwrap_or_else(|_| panic!("{text}"));
    let factor = match unit {
        "" | "ms" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "s" => 1_000.0,
        "h" => 3_600_000.0,
        unit => panic!("{unit} in {text}"),
    };
    number * factor
}

/// The parts of a text that stand between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host")
}

/// What a constant is, as far as simple arithmetic goes; durations in milliseconds.
fn value(expression: &str, file: &str) -> Option<f64> {
    let number = |text: &str| text.replace('_', "").parse::<f64>().ok();
    let in_call = |function: &str| {
        let rest = expression.strip_prefix(function)?.strip_prefix('(')?;
        number(rest.strip_suffix(')')?)
    };
    let either = |text: &str| number(text).or_else(|| constant(text, file));
    if let Some((left, right)) = expression.split_once(" << ") {
        return Some(number(left)? * number(right)?.exp2());
    }
    if let Some((left, right)) = expression.split_once(" * ") {
        return Some(either(left)? * either(right)?);
    }
    if let Some((left, right)) = expression.split_once(" / ") {
        return Some(either(left)? / either(right)?);
    }
    let seconds = in_call("Duration::from_secs").map(|seconds| seconds * 1_000.0);
    seconds
        .or_else(|| in_call("Duration::from_millis"))
        .or_else(|| number(expression))
}

/// Name and expression of every constant in a text.
fn constants(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (visibility, rest) = line.trim_start().split_once("const ")?;
        let is_visibility = visibility.is_empty() || visibility.starts_with("pub");
        let (name, rest) = rest.split_once(": ")?;
        let (_, expression) = rest.split_once(" = ")?;
        is_visibility.then_some((name, expression.trim_end_matches(';')))
    })
}

/// A constant of a file, or of whichever file has it.
fn constant(name: &str, file: &str) -> Option<f64> {
    let of = |file: &Path| {
        let text = std::fs::read_to_string(file).ok()?;
        let (_, expression) = constants(&text).find(|(known, _)| *known == name)?;
        value(expression, &file.to_string_lossy())
    };
    of(&sources().join(file)).or_else(|| files().iter().find_map(|file| of(file)))
}

/// Every file of the host that is no test and no benchmark.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![sources()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match path.is_dir() {
                true if name == "benches" || name == "tests" || name == "testing" => {}
                true => folders.push(path),
                false if name == "tests.rs" || !name.ends_with(".rs") => {}
                false => files.push(path),
            }
        }
    }
    files.sort();
    files
}

/// Every setting of `memhost.toml` that is a number, as `key in [table]`.
fn settings() -> BTreeMap<(String, String), f64> {
    let mut tables = vec![
        ("[limits]", toml::Value::try_from(&Config::default().limits)),
        (
            "[limits.store]",
            toml::Value::try_from(&Config::default().limits.store),
        ),
        ("[load]", toml::Value::try_from(&Config::default().load)),
        ("[cache]", toml::Value::try_from(&Config::default().cache)),
        ("[live]", toml::Value::try_from(&Config::default().live)),
        ("[serve]", toml::Value::try_from(&Config::default().serve)),
    ];
    let endpoint = EndpointSettings::at("http://localhost");
    tables.push(("[endpoint.<name>]", toml::Value::try_from(&endpoint)));
    let mut settings = BTreeMap::new();
    for (table, values) in tables {
        for (key, value) in values.unwrap().as_table().unwrap() {
            if let Some(number) = value.as_integer() {
                settings.insert((key.clone(), table.to_owned()), number as f64);
            }
        }
    }
    settings
}

#[test]
fn every_figure_is_that_of_the_code() {
    let settings = settings();
    for Row { default, setting } in rows() {
        let quoted = quoted(setting);
        let [name, place] = quoted[..] else {
            panic!("{setting}");
        };
        let known = match place {
            "compare" => {
                assert!(
                    default == "unlimited" || default == "one per processor",
                    "{setting}"
                );
                continue;
            }
            table if table.starts_with('[') => {
                settings.get(&(name.to_owned(), table.to_owned())).copied()
            }
            file => {
                assert!(setting.starts_with("fixed: "), "{setting}");
                assert!(sources().join(file).is_file(), "{file}");
                constant(name, file)
            }
        };
        let known = known.unwrap_or_else(|| panic!("there is no {setting}"));
        assert_eq!(amount(default), known, "{setting}");
    }
}

#[test]
fn every_limit_of_the_code_stands_there() {
    let told: BTreeSet<(&str, &str)> = rows()
        .iter()
        .filter_map(|row| match quoted(row.setting)[..] {
            [name, place] => Some((name, place)),
            _ => None,
        })
        .collect();
    for (key, table) in settings().keys() {
        assert!(
            told.contains(&(key, table)),
            "`{key}` in `{table}` is not in docs/limits.md"
        );
    }
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let file = path
            .strip_prefix(sources())
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        for (name, _) in constants(text) {
            let is_limit = SIGNS.iter().any(|sign| name.starts_with(sign));
            if is_limit && !NO_LIMITS.contains(&name) {
                assert!(
                    told.contains(&(name, &file)),
                    "`{name}` in `{file}` is not in docs/limits.md"
                );
            }
        }
    }
}
