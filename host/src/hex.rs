//! Bytes as hexadecimal digits.

/// Two digits per byte.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    let digits = bytes.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(encode([0, 0x0a, 0xff]), "000aff");
        assert_eq!(encode([]), "");
    }
}
