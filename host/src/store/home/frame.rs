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

use sha2::{Digest, Sha256};

use crate::store::effect::Record;

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
pub(crate) struct Decoded {
    pub groups: Vec<Group>,
    /// Where the last whole frame ends.
    pub whole: usize,
    /// What is wrong with what follows, unless it is only the beginning of a frame that never came to its end.
    pub damage: Option<String>,
}

/// The first frame of some bytes.
enum Frame<'a> {
    Whole { content: &'a [u8] },
    CutShort,
    Damaged(&'static str),
}

/// A group as a frame.
pub(crate) fn encode(namespace: &str, records: &[Record]) -> Result<Vec<u8>, String> {
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

/// Reads frames up to the end, or up to one that was cut short by the end of the process that wrote it, or up to damage:
/// what is lost there may have been acknowledged.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    let mut decoded = Decoded {
        groups: Vec::new(),
        whole: 0,
        damage: None,
    };
    while let Some(rest) = bytes.get(decoded.whole..).filter(|rest| !rest.is_empty()) {
        let place = decoded.whole;
        let problem = match split(rest) {
            Frame::CutShort => break,
            Frame::Damaged(what) => format!("the {what} of the group at byte {place} is wrong"),
            Frame::Whole { content } => match postcard::from_bytes(content) {
                Ok(group) => {
                    decoded.groups.push(group);
                    decoded.whole += HEAD + content.len() + 1;
                    continue;
                }
                Err(error) => format!("the group at byte {place} cannot be read: {error}"),
            },
        };
        decoded.damage = Some(problem);
        break;
    }
    decoded
}

fn split(bytes: &[u8]) -> Frame<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return Frame::CutShort;
    };
    // No content begins with zeros: they are room that the file system had set aside, and the head did not get further.
    if is_room(rest) {
        return Frame::CutShort;
    }
    let (sums, head_checksum) = head.split_at(LENGTH + CHECKSUM);
    if head_checksum != checksum(sums) {
        return Frame::Damaged("length");
    }
    let (length, content_checksum) = sums.split_at(LENGTH);
    let length = length.try_into().map(u64::from_le_bytes).ok();
    let length = length.and_then(|length| usize::try_from(length).ok());
    let content = length.and_then(|length| rest.split_at_checked(length));
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
    use crate::store::effect::Effect;

    fn frames() -> Vec<Vec<u8>> {
        (0..3)
            .map(|n| encode("a", &[Record::Transaction(vec![Effect::Next(n)])]).unwrap())
            .collect()
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let bytes = frames().concat();
        let decoded = decode(&bytes);
        assert_eq!(decoded.groups.len(), 3);
        assert_eq!((decoded.whole, decoded.damage), (bytes.len(), None));
        assert_eq!(decoded.groups[2].namespace, "a");
    }

    #[test]
    fn a_frame_cut_short_anywhere_is_as_if_it_had_not_been() {
        let frames = frames();
        let whole = frames[0].len() + frames[1].len();
        let bytes = frames.concat();
        for end in whole..bytes.len() {
            let mut zeros = bytes[..end].to_vec();
            zeros.resize(bytes.len() + 100, 0);
            for cut in [&bytes[..end], &zeros] {
                let decoded = decode(cut);
                // Without its last byte, which says nothing, the content is all there.
                let is_there = cut.len() > bytes.len() && end + 1 == bytes.len();
                let expected = if is_there { bytes.len() } else { whole };
                assert_eq!((decoded.whole, decoded.damage), (expected, None), "{end}");
            }
        }
    }

    #[test]
    fn damage_anywhere_loses_nothing_or_is_told_with_its_place() {
        let frames = frames();
        let bytes = frames.concat();
        for place in 0..bytes.len() {
            for flip in [1, 0x80, 0xff, bytes[place]] {
                let mut damaged = bytes.clone();
                damaged[place] ^= flip;
                let decoded = decode(&damaged);
                match &decoded.damage {
                    None => assert_eq!(decoded.groups.len(), 3, "{place} ^ {flip}"),
                    Some(reason) => {
                        let before = decoded.groups.len();
                        let start: usize = frames[..before].iter().map(Vec::len).sum();
                        assert!(place >= start, "{place} ^ {flip}");
                        assert!(reason.contains(&format!("byte {start}")), "{reason}");
                    }
                }
            }
        }
    }
}
