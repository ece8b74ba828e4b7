//! How a group of records stands in a journal. A group is one frame, so that a write that was cut short leaves exactly one
//! damaged frame, and that at the end:
//!
//! | bytes | |
//! |---|---|
//! | 8 | length of the content |
//! | 8 | checksum of the content |
//! | 8 | checksum of these sixteen bytes: a wrong length would look like a frame that was cut short |
//! | length | content |
//! | 1 | [`END`] |

use std::ops::Range;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::effect::Record;

const LENGTH: usize = 8;
const CHECKSUM: usize = 8;
const HEAD: usize = LENGTH + CHECKSUM + CHECKSUM;
/// The last byte of a frame. Where a zero stands instead, the frame was cut short in room that the file system had set
/// aside; where this stands and a checksum is wrong, what was acknowledged was damaged.
const END: u8 = b'.';

/// What was committed at once.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Group {
    /// So that a journal can be taken into the tables by whoever finds it.
    pub namespace: String,
    pub records: Vec<Record>,
}

/// What a journal's bytes hold.
#[derive(Debug)]
pub(crate) struct Decoded<G = Group> {
    /// Every group that is sound, before, between and behind what is not.
    pub groups: Vec<G>,
    /// What is not, in order.
    pub torn: Vec<Torn>,
}

impl Decoded {
    /// An object is there whole or not at all: one that is empty or ends too early was changed.
    pub(crate) fn of_a_whole_object(mut self, length: usize) -> Self {
        if length == 0 {
            self.torn.push(Torn {
                bytes: 0..0,
                reason: Reason::CutShort,
            });
        }
        for torn in &mut self.torn {
            if torn.reason == Reason::CutShort {
                torn.reason = Reason::Damaged("it ends in the middle of a group".to_owned());
            }
        }
        self
    }
}

/// Bytes of a journal that hold no group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Torn {
    pub bytes: Range<usize>,
    pub reason: Reason,
}

/// Why bytes hold no group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The file ends before the group does, as when the process that wrote it was killed: nobody was told that it is
    /// kept, unless something else cut the file.
    CutShort,
    /// What was acknowledged was changed.
    Damaged(String),
}

/// The first frame of some bytes.
enum Frame<'a> {
    Whole { content: &'a [u8] },
    CutShort,
    Damaged(&'static str),
}

/// A group as a frame.
pub(crate) fn encode<R: serde::Serialize>(
    namespace: &str,
    records: &[R],
) -> Result<Vec<u8>, String> {
    let head = vec![0; HEAD];
    let mut frame = postcard::to_extend(&(namespace, records), head).map_err(|e| e.to_string())?;
    let (head, content) = frame.split_at_mut(HEAD);
    let (sums, head_checksum) = head.split_at_mut(LENGTH + CHECKSUM);
    sums[..LENGTH].copy_from_slice(&(content.len() as u64).to_le_bytes());
    sums[LENGTH..].copy_from_slice(&checksum(content));
    head_checksum.copy_from_slice(&checksum(sums));
    frame.push(END);
    Ok(frame)
}

/// Reads every group that is sound, wherever it stands.
pub(crate) fn decode<G: DeserializeOwned>(bytes: &[u8]) -> Decoded<G> {
    let mut decoded = Decoded {
        groups: Vec::new(),
        torn: Vec::new(),
    };
    let mut place = 0;
    while place < bytes.len() {
        match group_at(bytes, place) {
            Ok((group, length)) => {
                decoded.groups.push(group);
                place += length;
            }
            Err(reason) => {
                let end = next_group::<G>(bytes, place);
                // Behind what a killed process left half written nothing stands.
                let reason = match reason {
                    Reason::CutShort if end < bytes.len() => {
                        Reason::Damaged("a part of a group is lacking".to_owned())
                    }
                    reason => reason,
                };
                decoded.torn.push(Torn {
                    bytes: place..end,
                    reason,
                });
                place = end;
            }
        }
    }
    decoded
}

/// The group at a place, and how many bytes it takes.
fn group_at<G: DeserializeOwned>(bytes: &[u8], place: usize) -> Result<(G, usize), Reason> {
    match split(&bytes[place..]) {
        Frame::CutShort => Err(Reason::CutShort),
        Frame::Damaged(what) => Err(Reason::Damaged(format!("the {what} of a group is wrong"))),
        Frame::Whole { content } => match postcard::from_bytes(content) {
            Ok(group) => Ok((group, HEAD + content.len() + 1)),
            Err(error) => Err(Reason::Damaged(format!("a group cannot be read: {error}"))),
        },
    }
}

/// Where the next sound group begins behind one that is not; the end if there is none. Where the damaged one's length is
/// sound, what its content looks like does not count.
fn next_group<G: DeserializeOwned>(bytes: &[u8], place: usize) -> usize {
    let is_sound =
        |place: &usize| length_at(bytes, *place).is_some() && group_at::<G>(bytes, *place).is_ok();
    let behind = length_at(bytes, place).map(|length| place + HEAD + length + 1);
    behind
        .filter(|end| *end == bytes.len() || is_sound(end))
        .or_else(|| (place + 1..bytes.len()).find(is_sound))
        .unwrap_or(bytes.len())
}

/// How long the content of the frame at a place is, where its head is sound.
fn length_at(bytes: &[u8], place: usize) -> Option<usize> {
    let (head, _) = bytes.get(place..)?.split_first_chunk::<HEAD>()?;
    length_in(head)
}

/// How long the content behind a head is; `None` if the head was changed.
fn length_in(head: &[u8; HEAD]) -> Option<usize> {
    let (sums, head_checksum) = head.split_at(LENGTH + CHECKSUM);
    if head_checksum != checksum(sums) {
        return None;
    }
    let length = sums[..LENGTH].try_into().map(u64::from_le_bytes).ok()?;
    // A length that no memory can hold is one whose content is not there.
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}

fn split(bytes: &[u8]) -> Frame<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return Frame::CutShort;
    };
    // No content begins with zeros: they are room that the file system had set aside, and the head did not get further.
    if is_room(rest) {
        return Frame::CutShort;
    }
    let Some(length) = length_in(head) else {
        return Frame::Damaged("length");
    };
    let content_checksum = &head[LENGTH..LENGTH + CHECKSUM];
    let content = rest.split_at_checked(length);
    let Some((content, [end, behind @ ..])) = content else {
        return Frame::CutShort;
    };
    if checksum(content) == content_checksum {
        Frame::Whole { content }
    } else if *end == 0 && is_room(behind) {
        Frame::CutShort
    } else {
        Frame::Damaged("content")
    }
}

fn is_room(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = [0; CHECKSUM];
    let digest = Sha256::digest(content);
    checksum.copy_from_slice(&digest[..CHECKSUM]);
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Effect;

    const COUNT: u64 = 4;

    fn frames() -> Vec<Vec<u8>> {
        (0..COUNT)
            .map(|n| encode("a", &[Record::Transaction(vec![Effect::Next(n)])]).unwrap())
            .collect()
    }

    /// Which of the groups were read.
    fn numbers(decoded: &Decoded) -> Vec<u64> {
        let records = decoded.groups.iter().flat_map(|group| &group.records);
        records
            .map(|record| match record {
                Record::Transaction(effects) => match effects[..] {
                    [Effect::Next(number)] => number,
                    _ => panic!("{effects:?}"),
                },
                _ => panic!("{record:?}"),
            })
            .collect()
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let decoded = decode(&frames().concat());
        assert_eq!(numbers(&decoded), [0, 1, 2, 3]);
        assert_eq!(decoded.torn, []);
        assert_eq!(decoded.groups[2].namespace, "a");
    }

    #[test]
    fn a_frame_cut_short_anywhere_is_as_if_it_had_not_been_and_is_told() {
        let frames = frames();
        let whole = frames[..3].concat().len();
        let bytes = frames.concat();
        for end in whole..bytes.len() {
            let mut zeros = bytes[..end].to_vec();
            zeros.resize(bytes.len() + 100, 0);
            for cut in [&bytes[..end], &zeros] {
                let decoded = decode::<Group>(cut);
                // Without its last byte, which says nothing, the content is all there.
                let is_there = cut.len() > bytes.len() && end + 1 == bytes.len();
                let start = if is_there { bytes.len() } else { whole };
                assert_eq!(decoded.groups.len(), if is_there { 4 } else { 3 }, "{end}");
                let torn = (cut.len() > start).then_some(Torn {
                    bytes: start..cut.len(),
                    reason: Reason::CutShort,
                });
                assert_eq!(decoded.torn, Vec::from_iter(torn), "{end}");
            }
        }
    }

    /// Whatever is done to one group, the others are read, and what was done is told with its place.
    #[test]
    fn damage_anywhere_loses_only_the_group_that_it_is_in() {
        let frames = frames();
        let bytes = frames.concat();
        let mut start = 0;
        for (number, frame) in frames.iter().enumerate() {
            let others: Vec<u64> = (0..COUNT).filter(|n| *n != number as u64).collect();
            for place in start..start + frame.len() {
                let flipped = [1, 0x80, 0xff, bytes[place]].map(|flip| {
                    let mut damaged = bytes.clone();
                    damaged[place] ^= flip;
                    damaged
                });
                // Without its end, a frame takes the first byte of the next one for it.
                let gone = place.min(start + frame.len() - 2);
                let removed = [&bytes[..gone], &bytes[gone + 1..]].concat();
                let inserted = [&bytes[..place], b"x", &bytes[place..]].concat();
                for damaged in flipped.iter().chain([&removed, &inserted]) {
                    let decoded = decode(damaged);
                    let found = numbers(&decoded);
                    if found.len() == frames.len() {
                        continue;
                    }
                    assert_eq!(found, others, "{place}");
                    let [torn] = &decoded.torn[..] else {
                        panic!("{place}: {:?}", decoded.torn);
                    };
                    let end = start + frame.len() + damaged.len() - bytes.len();
                    assert_eq!(torn.bytes, start..end, "{place}");
                }
            }
            start += frame.len();
        }
    }

    #[test]
    fn a_frame_inside_of_a_damaged_content_is_not_a_group() {
        let inner = encode("a", &[Record::Transaction(vec![Effect::Next(9)])]).unwrap();
        let blob = memhost_contract::Blob {
            name: "b".to_owned(),
            bytes: inner,
        };
        let outer = encode("a", &[Record::Transaction(vec![Effect::Save(blob)])]).unwrap();
        let last = frames().remove(3);
        let mut bytes = [outer.clone(), last].concat();
        bytes[HEAD + 1] ^= 1;
        let decoded = decode(&bytes);
        assert_eq!(numbers(&decoded), [3]);
        assert_eq!(decoded.torn[0].bytes, 0..outer.len());
    }

    #[test]
    fn a_group_of_which_a_part_is_lacking_costs_no_other() {
        let long = |number| {
            let mut effects = vec![Effect::Next(number)];
            effects.extend((0..40).map(|_| Effect::Remove("m1".to_owned())));
            encode("a", &[Record::Transaction(effects)]).unwrap()
        };
        let frames = [long(0), long(1), long(2)];
        // So much is taken out that the first reaches past the end.
        let first = &frames[0][..HEAD + 4];
        let bytes = [first, &frames[1]].concat();
        let decoded = decode::<Group>(&bytes);
        assert_eq!(decoded.groups.len(), 1);
        assert_eq!(decoded.torn[0].bytes, 0..first.len());
        assert!(matches!(decoded.torn[0].reason, Reason::Damaged(_)));
    }

    #[test]
    fn what_was_appended_costs_nothing_and_is_told() {
        let bytes = frames().concat();
        for tail in [
            &b"x"[..],
            &[0xff; 24],
            &[7; 400],
            b"a text that is no frame of a journal",
        ] {
            let decoded = decode(&[&bytes, tail].concat());
            assert_eq!(numbers(&decoded), [0, 1, 2, 3]);
            assert_eq!(decoded.torn[0].bytes, bytes.len()..bytes.len() + tail.len());
        }
    }
}
