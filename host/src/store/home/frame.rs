//! How a group of records stands in a journal: length, checksum, content. A group is one frame, so that a
//! write that was cut short leaves exactly one damaged frame, and that at the end.

use sha2::{Digest, Sha256};

use crate::store::effect::Record;

const LENGTH: usize = 8;
const CHECKSUM: usize = 8;

/// What was committed at once.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Group {
    /// So that a journal can be taken into the tables by whoever finds it.
    pub namespace: String,
    pub records: Vec<Record>,
}

/// What a journal's bytes hold.
pub(crate) struct Decoded {
    pub groups: Vec<Group>,
    /// Where the last whole frame ends.
    pub whole: usize,
}

/// A group as a frame.
pub(crate) fn encode(namespace: &str, records: &[Record]) -> Result<Vec<u8>, String> {
    let head = vec![0; LENGTH + CHECKSUM];
    let mut frame = postcard::to_extend(&(namespace, records), head).map_err(|e| e.to_string())?;
    let (head, content) = frame.split_at_mut(LENGTH + CHECKSUM);
    head[..LENGTH].copy_from_slice(&(content.len() as u64).to_le_bytes());
    head[LENGTH..].copy_from_slice(&checksum(content));
    Ok(frame)
}

/// Reads frames up to the end, or up to one that was cut short by the end of the process that wrote it. A damaged frame
/// with more behind it was not cut short: that is an error, because what is lost there was acknowledged.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let mut groups = Vec::new();
    let mut whole = 0;
    while let Some(rest) = bytes.get(whole..).filter(|rest| !rest.is_empty()) {
        let Some((content, checksum_found)) = split(rest) else {
            break;
        };
        let end = whole + LENGTH + CHECKSUM + content.len();
        if checksum(content) != checksum_found {
            let behind = &bytes[end..];
            if behind.iter().all(|byte| *byte == 0) {
                break;
            }
            return Err(format!(
                "the checksum of the group at byte {whole} is wrong"
            ));
        }
        let group = postcard::from_bytes(content)
            .map_err(|error| format!("the group at byte {whole} cannot be read: {error}"))?;
        groups.push(group);
        whole = end;
    }
    Ok(Decoded { groups, whole })
}

/// Content and checksum of the first frame, if it is all there.
fn split(bytes: &[u8]) -> Option<(&[u8], [u8; CHECKSUM])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    let (checksum, rest) = rest.split_first_chunk::<CHECKSUM>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    // No group is empty: zeros are room that the file system had set aside.
    (length > 0).then_some((rest.get(..length)?, *checksum))
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
        let decoded = decode(&bytes).unwrap();
        assert_eq!(decoded.groups.len(), 3);
        assert_eq!(decoded.whole, bytes.len());
        assert_eq!(decoded.groups[2].namespace, "a");
    }

    #[test]
    fn a_frame_cut_short_anywhere_is_as_if_it_had_not_been() {
        let frames = frames();
        let whole = frames[0].len() + frames[1].len();
        let bytes = frames.concat();
        for end in whole..bytes.len() {
            let decoded = decode(&bytes[..end]).unwrap();
            assert_eq!((decoded.groups.len(), decoded.whole), (2, whole));
            let mut zeros = bytes[..end].to_vec();
            zeros.resize(bytes.len() + 100, 0);
            assert_eq!(decode(&zeros).unwrap().whole, whole, "{end}");
        }
    }

    #[test]
    fn damage_in_the_middle_is_an_error() {
        let mut bytes = frames().concat();
        bytes[LENGTH + CHECKSUM + 1] ^= 1;
        assert!(decode(&bytes).err().unwrap().contains("byte 0"));
    }
}
