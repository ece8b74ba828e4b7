//! The UI tests of clippy (<https://github.com/rust-lang/rust-clippy>, `tests/ui`, MIT or Apache-2.0): Rust files in
//! which its developers have annotated what a lint should report, as in `//~^ needless_return`.
//!
//! Comments and lint attributes are taken out, so that only code tells. A file is split into blocks at blank lines.
//! Of every lint that two files or more show, one file is hidden; the others are solved cases, one attempt each. Five
//! hidden files make a workspace, in which every lint that some solved file shows is a problem to be found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::super::files::{self, Block, File};
use super::super::reader::code_tokens;
use super::super::{Suite, SuiteError};
use super::source::text;
use super::{LeftOut, folder_in, missing};

/// Which file of a lint is hidden, which files share a workspace, and what they are called. Of seeds 0 to 5 it is the
/// first that makes 39 workspaces. Over these seeds, coverage@10 is .15 to .23 with templates alone and .43 to .48 with
/// negatives and no repeats.
const SPLIT: u64 = 1;
/// Hidden files in a workspace.
const FILES: usize = 5;
/// Blocks with fewer tokens say nothing.
const FEWEST_TOKENS: usize = 4;
/// What the suite says of itself.
const SUMMARY: &str =
    "rust-clippy's UI tests: workspaces of five files with an unknown number of annotated problems";

/// Reads the folder with `tests/ui/`, or that folder.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let inside = folder_in(path, &["tests/ui"], |folder| {
        folder.ends_with("tests/ui") && folder.is_dir()
    });
    let root = inside.unwrap_or_else(|| path.to_owned());
    let mut paths = Vec::new();
    if root.is_dir() {
        collect(&root, &mut paths)?;
    }
    paths.sort();
    let mut files = Vec::new();
    for path in &paths {
        let blocks = blocks(&text(path)?);
        if blocks.iter().any(|block| !block.problems.is_empty()) {
            files.push(blocks);
        }
    }
    if files.is_empty() {
        return Err(missing(
            path,
            "tests/ui/*.rs` with annotations as `//~^ lint",
        ));
    }
    let mut left_out = LeftOut::default();
    let without = paths.len() - files.len();
    left_out.counted(without, "file", "files", "without annotations");
    Ok(Suite {
        left_out: left_out.0,
        ..suite(files)
    })
}

/// Every Rust file below a folder. Links are not followed, so that this ends.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), SuiteError> {
    for entry in std::fs::read_dir(folder).map_err(SuiteError::reading(folder))? {
        let entry = entry.map_err(SuiteError::reading(folder))?;
        let kind = entry.file_type().map_err(SuiteError::reading(folder))?;
        let path = entry.path();
        if kind.is_dir() {
            collect(&path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Lines of code without a blank line between them, with the lints that should be reported in them.
fn blocks(source: &str) -> Vec<Block> {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = source.split('\n').collect();
    let annotated = annotations(&lines);
    let mut blocks = Vec::new();
    let mut code: Vec<&str> = Vec::new();
    let mut lints = BTreeSet::new();
    // A blank line more, which closes the last block.
    for (number, line) in lines.iter().copied().chain([""]).enumerate() {
        lints.extend(annotated.get(&number).into_iter().flatten().cloned());
        let kept = without_comment_or_lint_attribute(line);
        if !kept.trim().is_empty() {
            code.push(kept.trim());
        } else if line.trim().is_empty() {
            let block = Block {
                text: code.join("\n"),
                problems: std::mem::take(&mut lints),
            };
            if code_tokens(&block.text).count() >= FEWEST_TOKENS {
                blocks.push(block);
            }
            code.clear();
        }
    }
    blocks
}

/// The lints that each line is annotated with: by `//~ lint` on it, by `//~^ lint` on the next line and `//~^^ lint` on
/// the one after, by `//~v lint` on the line before, and by `//~| lint`, which points where the annotation before
/// points.
fn annotations(lines: &[&str]) -> BTreeMap<usize, BTreeSet<String>> {
    let mut annotated: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut last: Option<usize> = None;
    for (number, line) in lines.iter().enumerate() {
        for annotation in line.split("//~").skip(1) {
            let is_mark = |c: char| matches!(c, '^' | 'v' | '|');
            let lint = annotation.trim_start_matches(is_mark);
            let marks = &annotation[..annotation.len() - lint.len()];
            let target = if marks.contains('|') {
                last
            } else if marks.contains('^') {
                number.checked_sub(marks.len())
            } else {
                // No mark, or so many `v`.
                Some(number + marks.len())
            };
            last = target;
            let lint = lint.trim_start();
            let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
            let lint = &lint[..lint.find(|c| !is_name(c)).unwrap_or(lint.len())];
            if let Some(target) = target.filter(|target| *target < lines.len())
                && !lint.is_empty()
            {
                annotated.entry(target).or_default().insert(lint.to_owned());
            }
        }
    }
    annotated
}

fn without_comment_or_lint_attribute(line: &str) -> &str {
    let code = line.split_once("//").map_or(line, |(code, _)| code);
    let attribute = code.trim_start();
    let attribute = attribute.strip_prefix('#').and_then(|rest| {
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        rest.strip_prefix('[')
    });
    let about_lints = |attribute: &str| {
        ["clippy", "allow", "warn", "deny", "expect"]
            .iter()
            .any(|word| attribute.contains(word))
    };
    if attribute.is_some_and(about_lints) {
        ""
    } else {
        code
    }
}

fn suite(files: Vec<Vec<Block>>) -> Suite {
    let mut bits = ChaCha8Rng::seed_from_u64(SPLIT);
    let hidden = hidden(&files, &mut bits);
    // Files stand in the order of their names, which are those of lints: they get names that say nothing.
    let mut numbered: Vec<(usize, Vec<Block>)> = files.into_iter().enumerate().collect();
    numbered.shuffle(&mut bits);
    let named = numbered.into_iter().enumerate();
    let (hidden, solved): (Vec<_>, Vec<_>) = named
        .map(|(name, (number, blocks))| {
            let name = format!("f{name}");
            (number, File { name, blocks })
        })
        .partition(|(number, _)| hidden.contains(number));
    let hidden: Vec<&File> = hidden.iter().map(|(_, file)| file).collect();
    let solved: Vec<File> = solved.into_iter().map(|(_, file)| file).collect();
    let workspaces: Vec<Vec<&File>> = hidden.chunks(FILES).map(<[_]>::to_vec).collect();
    files::suite("clippy-ui", SUMMARY, &solved, &workspaces)
}

/// One file of every lint that at least two files show which are not hidden yet.
fn hidden(files: &[Vec<Block>], bits: &mut ChaCha8Rng) -> BTreeSet<usize> {
    let mut showing: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (number, blocks) in files.iter().enumerate() {
        for lint in blocks.iter().flat_map(|block| &block.problems) {
            showing.entry(lint).or_default().insert(number);
        }
    }
    let mut hidden = BTreeSet::new();
    for files in showing.values() {
        let open: Vec<usize> = files
            .iter()
            .copied()
            .filter(|f| !hidden.contains(f))
            .collect();
        if open.len() >= 2 {
            hidden.extend(open.choose(bits));
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::super::super::Question;
    use super::*;

    fn read(source: &str) -> Vec<(String, Vec<String>)> {
        let blocks = blocks(source).into_iter();
        blocks
            .map(|block| (block.text, block.problems.into_iter().collect()))
            .collect()
    }

    #[test]
    fn annotations_point_at_lines_and_leave_the_code() {
        let source = "\
#![warn(clippy::all)]
use std::io; // twice

fn f() -> u8 {
    return 1;
    //~^ needless_return
    //~| unused_unit
}
#[allow(dead_code)]
fn g() { h(0); } //~ERROR: no name of a lint

//~v vec_box
fn k(x: Vec<Box<u8>>) {}

{} //~ too_few_tokens";
        let lints = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            read(source),
            [
                ("use std::io;".to_owned(), lints(&[])),
                (
                    "fn f() -> u8 {\nreturn 1;\n}\nfn g() { h(0); }".to_owned(),
                    lints(&["needless_return", "unused_unit"])
                ),
                ("fn k(x: Vec<Box<u8>>) {}".to_owned(), lints(&["vec_box"])),
            ]
        );
        assert_eq!(read(&source.replace('\n', "\r\n")), read(source));
        // Beyond either end of the file there is nothing to point at.
        assert_eq!(
            read("//~^^ before\nlet x = 1;\n//~| nowhere"),
            [("let x = 1;".to_owned(), lints(&[]))]
        );
    }

    /// A file of one block.
    fn file(lints: &[&str]) -> Vec<Block> {
        vec![Block {
            text: "let a = 1 + 1;".into(),
            problems: lints.iter().map(|lint| (*lint).to_owned()).collect(),
        }]
    }

    #[test]
    fn every_lint_that_two_files_show_has_a_hidden_one_and_a_solved_one() {
        let suite = suite(vec![
            file(&["a"]),
            file(&["a", "only_here"]),
            file(&["b"]),
            file(&["b"]),
            file(&["alone"]),
        ]);
        let [solved, workspaces] = suite.streams[0].stages.as_slice() else {
            panic!("solved files, then workspaces");
        };
        assert_eq!((solved.episodes.len(), workspaces.episodes.len()), (3, 1));
        let Some(Question::Discover { problems, .. }) = &workspaces.episodes[0].question else {
            panic!("a workspace asks for problems");
        };
        let found: BTreeSet<&str> = problems.iter().map(|p| p.problem.as_str()).collect();
        assert!(found.is_superset(&BTreeSet::from(["a", "b"])), "{found:?}");
        assert!(!found.contains("alone"));
    }
}
