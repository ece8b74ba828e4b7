//! What was read of a journal: the groups that are sound, and in words what is not.

use std::fmt;

use super::frame::{Decoded, Group, Reason, Torn};

/// What stood in a journal, and up to where.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub groups: Vec<Group>,
    pub extent: Extent,
}

/// A journal that was read and left as it is.
#[derive(Debug)]
pub(crate) struct LookedAt {
    /// The name of its files.
    pub stem: String,
    pub sealed: Sealed,
    /// Which process writes to it.
    pub holder: Option<String>,
}

/// A part of a journal to which nothing is added any more: its segments below a number.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(super) stem: String,
    pub(super) before: u64,
}

/// What of a journal was read, and what of that could not be.
#[derive(Debug)]
pub(crate) struct Extent {
    pub(super) span: Span,
    /// The segments that were there. Those and no others are forgotten: whoever opens the journal when they are gone may
    /// begin with a number below the span's end.
    pub(super) read: Vec<u64>,
    unsound: Vec<Unsound>,
}

/// A segment that is not sound from its first to its last byte, or is not there.
#[derive(Debug, Clone)]
pub(crate) struct Unsound {
    pub(super) number: u64,
    /// Where it is.
    pub path: String,
    /// How many groups of it were read.
    groups: usize,
    pub found: Finding,
}

/// What a segment is that is not sound.
#[derive(Debug, Clone)]
pub(crate) enum Finding {
    /// Earlier and later segments are there, and this one is not.
    Missing,
    /// It holds nothing, as after a kill before the first write.
    Empty,
    /// Parts of it hold no group.
    Torn(Vec<Torn>),
}

/// What a journal's segments hold.
#[derive(Debug, Default)]
pub(crate) struct Found {
    read: Vec<u64>,
    groups: Vec<Group>,
    unsound: Vec<Unsound>,
}

impl Sealed {
    pub(super) fn new(found: Found, span: Span) -> Self {
        Sealed {
            groups: found.groups,
            extent: Extent {
                span,
                read: found.read,
                unsound: found.unsound,
            },
        }
    }

    /// Which namespace most of it is for; none if nothing of it can be read.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.groups.first().map(|group| group.namespace.as_str())
    }

    /// How many records it holds.
    pub(crate) fn records(&self) -> usize {
        self.groups.iter().map(|group| group.records.len()).sum()
    }
}

impl Span {
    /// All that stands in a journal.
    pub(super) fn all(stem: &str) -> Self {
        Span {
            stem: stem.to_owned(),
            before: u64::MAX,
        }
    }

    /// The name of the journal's files.
    pub(crate) fn stem(&self) -> &str {
        &self.stem
    }
}

impl Extent {
    /// The part of the journal that it is of.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Segments in which something was damaged.
    pub(super) fn damaged(&self) -> impl Iterator<Item = u64> + '_ {
        let damaged = self.unsound.iter().filter(|unsound| unsound.is_damage());
        damaged.map(|unsound| unsound.number)
    }

    /// What could not be read.
    pub(crate) fn unsound(&self) -> &[Unsound] {
        &self.unsound
    }
}

impl Unsound {
    /// Whether what was acknowledged is lost or may be; after a kill in the middle of a write it is not.
    pub(crate) fn is_damage(&self) -> bool {
        match &self.found {
            Finding::Missing => true,
            Finding::Empty => false,
            Finding::Torn(torn) => torn.iter().any(|torn| torn.reason != Reason::CutShort),
        }
    }
}

impl Torn {
    /// What of a file holds no group, and what that means.
    pub(super) fn told_of(&self, path: impl fmt::Display) -> String {
        let (first, last) = (self.bytes.start, self.bytes.end.saturating_sub(1));
        match &self.reason {
            Reason::CutShort => format!(
                "`{path}` ends in the middle of a group (bytes {first} to {last}), as when a process is killed while it \
                 writes, in which case nothing is lost; if anything else cut it, what stood there is lost"
            ),
            Reason::Damaged(reason) => format!(
                "`{path}` is damaged at bytes {first} to {last}: {reason}; what stood there is lost"
            ),
        }
    }
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsound { path, groups, .. } = self;
        let torn = match &self.found {
            Finding::Missing => {
                return write!(
                    f,
                    "`{path}` is gone, and what stood in it is lost if no checkpoint had taken it in; what stands before \
                     and behind it is not"
                );
            }
            Finding::Empty => {
                return write!(
                    f,
                    "`{path}` is empty, as when a process is killed before it writes; if anything else emptied it, what \
                     stood there is lost"
                );
            }
            Finding::Torn(torn) => torn,
        };
        let of = match groups {
            1 => "the 1 sound group of it is".to_owned(),
            groups => format!("the {groups} sound groups of it are"),
        };
        for (number, torn) in torn.iter().enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            f.write_str(&torn.told_of(path))?;
        }
        write!(f, "; {of} taken in")
    }
}

impl Found {
    /// Takes in a segment; the segments come in the order of their numbers.
    pub(super) fn add(&mut self, number: u64, path: String, decoded: Decoded) {
        let Decoded { groups, torn } = decoded;
        self.read.push(number);
        let found = match (groups.len(), torn.is_empty()) {
            (0, true) => Some(Finding::Empty),
            (_, true) => None,
            (_, false) => Some(Finding::Torn(torn)),
        };
        self.unsound.extend(found.map(|found| Unsound {
            number,
            path,
            groups: groups.len(),
            found,
        }));
        self.groups.extend(groups);
    }

    /// Says that segments are lacking whose numbers lie between those of others.
    pub(super) fn add_missing(&mut self, missing: impl Iterator<Item = (u64, String)>) {
        self.unsound.extend(missing.map(|(number, path)| Unsound {
            number,
            path,
            groups: 0,
            found: Finding::Missing,
        }));
    }
}
