//! A plugin whose every text holds what a terminal would obey: escape sequences, carriage returns, overrides of the
//! reading direction, characters without width, and lines that pass for the host's own.
//!
//! It works as a plain memory of notes until its setting `do` asks for a failure that is told with such a text.

use memhost_sdk::{
    Attempt, Change, Choice, Declared, Description, Distill, Fault, Guidance, Level, NewMemory,
    Query, Request, Retrieve, Role, Search, Settings, Strategy, Text, llm, pack, recall, run,
};

/// What the tests look for wherever something is printed; they have the same text.
const TRICK: &str = "\u{1b}[31m\u{1b}]8;;http://x\u{7}\r\u{8}\u{9b}2J\u{202e}\u{2066}\u{200b}\u{2028}\t\u{7f}\nerror: forged\n";

const KEY: &str = "task";

const WISH: Choice<Wish> = Choice::new(
    "do",
    &[
        ("work", Wish::Work),
        ("fault", Wish::Fault),
        ("panic", Wish::Panic),
        ("cite", Wish::Cite),
        ("ask", Wish::Ask),
    ],
    TRICK,
);

const TRICKY: Text = Text::new(TRICK, TRICK, TRICK);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// As a memory should.
    Work,
    /// Every call is answered with a fault.
    Fault,
    /// Every call logs, prints and panics.
    Panic,
    /// It cites a memory that there is not.
    Cite,
    /// It asks a model for what it writes, and faults with the model's own words.
    Ask,
}

/// The plugin.
pub struct Garbled;

impl Strategy for Garbled {
    const PARAMETERS: &'static [&'static dyn Declared] = &[&WISH, &TRICKY];

    fn describe() -> Description {
        Description::new("garbled", TRICK, TRICK)
            .source(TRICK)
            .degraded(TRICK)
    }
}

impl Retrieve for Garbled {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let wish = failing(settings)?;
        let found = recall(&Search::semantic(KEY, query.task.text.as_str()).limit(4))?;
        let guidance = pack(TRICK, found, query.token_budget);
        Ok(match wish {
            Wish::Cite => guidance.citing(TRICK, 1.0),
            _ => guidance,
        })
    }
}

impl Distill for Garbled {
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let wish = failing(settings)?;
        if wish == Wish::Ask {
            let asked = Request::new(Role::Cheap, TRICK).user(TRICK);
            let replies = llm::complete(&[asked]).into_iter();
            let replies = replies.collect::<Result<Vec<_>, _>>()?;
            let said: Vec<_> = replies.into_iter().map(|reply| reply.text).collect();
            return Err(Fault::Failed(said.concat()));
        }
        let notes = attempts.iter().map(|attempt| {
            let steps: Vec<&str> = attempt
                .steps
                .iter()
                .map(|step| step.text.as_str())
                .collect();
            let note = format!("{TRICK}{}\n{}", steps.join("\n"), attempt.answer);
            let note = NewMemory::new("note", note.as_str()).title(TRICK);
            Change::insert(note.key(KEY, &attempt.task.text).learnt_from(&attempt.id))
        });
        Ok(notes.collect())
    }
}

/// Fails as asked.
fn failing(settings: &Settings) -> Result<Wish, Fault> {
    match settings.get(&WISH)? {
        Wish::Fault => Err(Fault::Failed(TRICK.to_owned())),
        Wish::Panic => {
            run::log(Level::Warn, TRICK);
            eprintln!("{TRICK}");
            panic!("{TRICK}")
        }
        wish => Ok(wish),
    }
}

memhost_sdk::export!(Garbled: Retrieve, Distill);
