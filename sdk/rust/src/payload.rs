//! Payloads with a type: what a memory holds for its strategy alone, as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::types::{Fault, Memory, NewMemory};

impl NewMemory {
    /// With this as its payload.
    ///
    /// # Errors
    /// [`Fault::Failed`] if it cannot be written as JSON.
    pub fn holding(self, payload: &impl Serialize) -> Result<Self, Fault> {
        let json = serde_json::to_string(payload);
        Ok(self.payload(json.map_err(|error| Fault::Failed(error.to_string()))?))
    }
}

impl Memory {
    /// What its payload holds, which should be `what`: `a template`.
    ///
    /// # Errors
    /// [`Fault::Failed`] if it holds something else.
    pub fn holds<T: DeserializeOwned>(&self, what: &str) -> Result<T, Fault> {
        serde_json::from_str(&self.payload).map_err(|error| {
            Fault::Failed(format!(
                "the payload of memory `{}` is not {what} of this plugin ({error}); was the namespace written by \
                 another one?",
                self.id
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestHost;
    use crate::{Change, NewMemory};

    #[test]
    fn a_payload_is_read_as_it_was_written_and_another_is_named() {
        let host = TestHost::new();
        let memory = NewMemory::new("note", "x").holding(&vec![1, 2]).unwrap();
        host.apply(&[Change::insert(memory)]).unwrap();
        let kept = &host.memories()[0];
        assert_eq!(kept.holds::<Vec<u32>>("a list"), Ok(vec![1, 2]));
        let fault = kept.holds::<String>("a text").unwrap_err().to_string();
        assert!(
            fault.contains(&format!(
                "memory `{}` is not a text of this plugin",
                kept.id
            )),
            "{fault}"
        );
    }
}
