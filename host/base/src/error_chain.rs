//! An error with all its causes, as text for people.

use std::error::Error;

/// What failed, then one line per cause: `…\n  caused by: …`. A cause that its effect already quotes is left
/// out.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut said = text.clone();
    let mut cause = error.source();
    while let Some(error) = cause {
        let line = error.to_string();
        if !said.contains(&line) {
            text.push_str("\n  caused by: ");
            text.push_str(&line);
            said = line;
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::chain;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Told {
        text: &'static str,
        source: Option<Box<Told>>,
    }

    fn told(texts: &[&'static str]) -> Option<Box<Told>> {
        let (text, causes) = texts.split_first()?;
        Some(Box::new(Told {
            text,
            source: told(causes),
        }))
    }

    #[test]
    fn every_cause_has_a_line() {
        let error = told(&["no suite", "no file", "no disk"]).unwrap();
        assert_eq!(
            chain(&error),
            "no suite\n  caused by: no file\n  caused by: no disk"
        );
    }

    #[test]
    fn what_was_said_already_is_not_said_again() {
        let error = told(&["no suite: no file", "no file", "no disk"]).unwrap();
        assert_eq!(chain(&error), "no suite: no file\n  caused by: no disk");
    }
}
