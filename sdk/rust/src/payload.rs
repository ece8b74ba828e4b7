//! Payloads with a type: what a memory, and the note of a receipt, hold for their strategy alone, as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::types::{Fault, Guidance, Memory, NewMemory, Receipt};

impl NewMemory {
    /// With this as its payload.
    ///
    /// # Errors
    /// [`Fault::Failed`] if it cannot be written as JSON.
    pub fn holding(self, payload: &impl Serialize) -> Result<Self, Fault> {
        Ok(self.payload(json(payload)?))
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

impl Guidance {
    /// With this as the note of its receipt, for the time when the outcome is known.
    ///
    /// # Errors
    /// [`Fault::Failed`] if it cannot be written as JSON.
    pub fn noting(mut self, note: &impl Serialize) -> Result<Self, Fault> {
        self.receipt.note = json(note)?;
        Ok(self)
    }
}

impl Receipt {
    /// What its note says; the default where nothing was noted.
    ///
    /// # Errors
    /// [`Fault::Failed`] if it says something else.
    pub fn noted<T: DeserializeOwned + Default>(&self) -> Result<T, Fault> {
        if self.note.is_empty() {
            return Ok(T::default());
        }
        serde_json::from_str(&self.note).map_err(|error| {
            Fault::Failed(format!(
                "the note of receipt `{}` is not of this plugin ({error}); was it handed out by another one?",
                self.id
            ))
        })
    }
}

fn json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::testing::TestHost;
    use crate::{Change, Guidance, NewMemory};

    #[test]
    fn a_note_is_read_as_it_was_written_and_none_is_the_default() {
        let guidance = Guidance::none().noting(&vec![1, 2]).unwrap();
        assert_eq!(guidance.receipt.noted::<Vec<u32>>(), Ok(vec![1, 2]));
        let fault = guidance.receipt.noted::<String>().unwrap_err();
        assert!(fault.to_string().contains("not of this plugin"), "{fault}");
        assert_eq!(Guidance::none().receipt.noted::<u32>(), Ok(0));
    }

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
