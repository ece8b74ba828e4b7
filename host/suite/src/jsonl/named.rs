//! Steps of attempts in the form in which suites named them at first: as one text, `<attempt>#<step>`.
//!
//! An id may hold any character, so that such a text is not taken apart: it is looked up among what the suite has, once all
//! of it has been read.

use std::collections::HashMap;

use memhost_contract::Source;

use super::rows::Wrong;
use super::{Question, Stream};

/// A text that names a step or an attempt, and where it stands.
pub(super) struct Named {
    /// The line of the file.
    pub(super) line: usize,
    /// The stream, the stage and the episode, as numbers.
    pub(super) episode: (usize, usize, usize),
    /// The place in the question's `gold`.
    pub(super) place: usize,
    /// As it was written.
    pub(super) text: String,
}

/// Puts what the texts stand for where they stand.
///
/// # Errors
/// One stands for nothing, or for several things: the line, and what is wrong there.
pub(super) fn resolve(streams: &mut [Stream], named: Vec<Named>) -> Result<(), (usize, Wrong)> {
    if named.is_empty() {
        return Ok(());
    }
    let meant = meant(streams, &named);
    for one in named {
        let sources = meant.get(&one.text).map_or(&[][..], Vec::as_slice);
        let [source] = sources else {
            let field = format!("question.gold[{}]", one.place);
            return Err((one.line, (field, unclear(&one.text, sources))));
        };
        let (stream, stage, episode) = one.episode;
        let stream = streams.get_mut(stream);
        let episode =
            stream.and_then(|stream| stream.stages.get_mut(stage)?.episodes.get_mut(episode));
        if let Some(Question::Evidence { gold, .. }) = episode.and_then(|e| e.question.as_mut())
            && let Some(gold) = gold.get_mut(one.place)
        {
            *gold = source.clone();
        }
    }
    Ok(())
}

/// Every attempt, and every step of one, that is spelled like one of the texts.
fn meant(streams: &[Stream], named: &[Named]) -> HashMap<String, Vec<Source>> {
    let texts = named.iter().map(|named| (named.text.clone(), Vec::new()));
    let mut meant: HashMap<String, Vec<Source>> = texts.collect();
    let episodes = streams.iter().flat_map(Stream::episodes);
    for attempt in episodes.flat_map(|episode| &episode.attempts) {
        if let Some(sources) = meant.get_mut(&attempt.id) {
            sources.push(Source::attempt(&attempt.id));
        }
        for (step, _) in (0u32..).zip(&attempt.steps) {
            if let Some(sources) = meant.get_mut(&format!("{}#{step}", attempt.id)) {
                sources.push(Source::step(&attempt.id, step));
            }
        }
    }
    meant
}

fn unclear(text: &str, sources: &[Source]) -> String {
    let written = r#"write {"attempt": ID, "step": NUMBER}, steps from 0"#;
    let all: Vec<String> = sources.iter().map(Source::to_string).collect();
    match all.as_slice() {
        [] => format!("`{text}` names no attempt of this suite and no step of one; {written}"),
        all => format!("`{text}` may be {}; {written}", all.join(" or ")),
    }
}
