//! However much there is to do, a signal ends it within seconds, and the same command goes on from what is finished.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;

/// How long the end may take: what is said of it, with a margin for a busy machine.
const MOST: Duration = Duration::from_secs(3);

/// One stream of so many questions.
pub fn long(questions: usize) -> String {
    let mut lines = String::from(
        r#"{"format": 1, "name": "long", "lane": "transfer", "summary": "Many questions."}"#,
    );
    for number in 0..questions {
        let kind = number * 7 % 200;
        let score = number % 2;
        write!(
            lines,
            "\n{}",
            serde_json::json!({
                "task": {"id": format!("t{number}"), "text": format!("return the item {} of order {number} on day {}", kind * 31, number % 29)},
                "question": {"kind": format!("k{kind}")},
                "attempts": [{"steps": [{"actor": "action", "name": "return", "text": "{}"}], "outcome": {"score": score}}],
            })
        )
        .unwrap();
    }
    lines
}

/// What is said on standard error, line by line, as it is said.
pub fn lines(child: &mut Child) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    let err = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || {
        err.lines()
            .map_while(Result::ok)
            .try_for_each(|line| send.send(line))
    });
    receive
}

/// Asks it to end, and says how long that took and what it said meanwhile.
#[track_caller]
fn ends(mut child: Child, said: &mpsc::Receiver<String>) -> (Duration, Vec<String>) {
    let start = Instant::now();
    let process = child.id().to_string();
    let sent = Command::new("kill").args(["-s", "INT", &process]).status();
    assert!(sent.unwrap().success());
    let code = child.wait().unwrap().code();
    let took = start.elapsed();
    let rest: Vec<String> = said.iter().collect();
    // Without a code it was ended by the signal, as long as nobody listened to that and nothing was begun.
    if code.is_none() && rest.is_empty() {
        return (took, rest);
    }
    assert_eq!(code, Some(1), "{rest:?}");
    let last = rest.last().map(String::as_str).unwrap_or_default();
    assert!(last.starts_with("error: interrupted"), "{rest:?}");
    (took, rest)
}

#[test]
fn a_signal_ends_ten_thousand_questions_within_seconds_and_the_same_command_goes_on() {
    let place = with_pets();
    place.write("long.jsonl", long(10_000));
    let start = |output: &str| {
        let mut command = place.command(&[
            "compare",
            "rag",
            "--suite",
            "pets.jsonl",
            "--suite",
            "long.jsonl",
            "--output",
            output,
            "--jobs",
            "1",
            "--no-check",
        ]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };

    // While everything is loaded, and into the first cells.
    for moment in [20, 300, 1_500] {
        let mut child = start("early");
        let said = lines(&mut child);
        std::thread::sleep(Duration::from_millis(moment));
        let (took, rest) = ends(child, &said);
        assert!(took < MOST, "after {moment} ms it took {took:?}: {rest:?}");
    }

    // While the long stream runs: the cells of the other suite are finished, and the first of this one is not.
    let floors = 6;
    let mut child = start("kept");
    let said = lines(&mut child);
    let last_of_the_pets = |line: &String| line.starts_with(&format!("[{}/", floors + 1));
    assert!(said.iter().any(|line| last_of_the_pets(&line)));
    std::thread::sleep(Duration::from_secs(2));
    let (took, rest) = ends(child, &said);
    assert!(took < MOST, "it took {took:?}: {rest:?}");
    assert!(
        rest.iter().any(|line| line.starts_with("stopping")),
        "{rest:?}"
    );

    // The same command goes on from there.
    let mut child = start("kept");
    let said = lines(&mut child);
    let first = said
        .iter()
        .find(|line| line.starts_with("continuing"))
        .unwrap();
    assert_eq!(
        first,
        format!(
            "continuing: {} of {} cells are finished",
            floors + 1,
            2 * (floors + 1)
        )
    );
    let (took, rest) = ends(child, &said);
    assert!(took < MOST, "it took {took:?}: {rest:?}");

    // And what it had finished is whole.
    place
        .memhost(&[
            "compare",
            "rag",
            "--suite",
            "pets.jsonl",
            "--output",
            "other",
            "--no-check",
            "--jobs",
            "1",
        ])
        .succeeds();
    let cells = |name: &str| {
        let directory = std::fs::read_dir(place.path(name)).unwrap();
        let mut names: Vec<String> = directory
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(cells("kept/cells").len(), cells("other/cells").len());
}
