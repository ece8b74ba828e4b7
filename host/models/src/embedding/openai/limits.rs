//! What an endpoint takes, learnt from what it refuses: no interface says it, and every server has other words for it.

/// A limit on some number, of which is known what was taken and what was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    /// The most that was taken.
    accepted: usize,
    /// The least that was refused; the largest number there is, if nothing was.
    refused: usize,
}

impl Limit {
    pub(super) const UNKNOWN: Limit = Limit {
        accepted: 0,
        refused: usize::MAX,
    };

    /// The most to ask for: halfway between what is known to go and what is known not to, so that every request
    /// halves what is unknown; what is known to go, once that is near.
    pub(super) fn most(self) -> usize {
        match self.refused {
            usize::MAX => usize::MAX,
            _ if self.is_settled() => self.accepted,
            refused => self.accepted + (refused - self.accepted) / 2,
        }
    }

    fn is_settled(self) -> bool {
        self.refused.saturating_sub(self.accepted) <= (self.accepted / 8).max(1)
    }

    pub(super) fn accept(&mut self, number: usize) {
        self.accepted = self.accepted.max(number);
        if self.refused <= self.accepted {
            self.refused = self.accepted + 1;
        }
    }

    /// A refusal of less than was taken before has another reason, and teaches nothing.
    pub(super) fn refuse(&mut self, number: usize) {
        if number > self.accepted {
            self.refused = self.refused.min(number);
        }
    }
}

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of one text: nearer to tokens than characters are, in any script.
    pub text: Limit,
    /// Bytes of a request's texts together.
    pub bytes: Limit,
    /// Texts of a request.
    pub texts: Limit,
    /// Whether the endpoint can be told to answer in numbers.
    pub takes_encoding: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            text: Limit::UNKNOWN,
            bytes: Limit::UNKNOWN,
            texts: Limit::UNKNOWN,
            takes_encoding: true,
        }
    }
}

impl Limits {
    /// Whether no request has been answered yet.
    pub(super) fn is_untried(&self) -> bool {
        self.texts.accepted == 0
    }

    /// Whether to ask for these at once. A single text has no smaller request.
    pub(super) fn admit(&self, texts: &[String]) -> bool {
        texts.len() <= 1 || (texts.len() <= self.texts.most() && total(texts) <= self.bytes.most())
    }

    /// A request was answered.
    pub(super) fn accept(&mut self, texts: &[String]) {
        self.texts.accept(texts.len());
        self.bytes.accept(total(texts));
        for text in texts {
            self.text.accept(text.len());
        }
    }

    /// A request was refused although each of its texts is taken.
    pub(super) fn refuse(&mut self, texts: &[String]) {
        self.texts.refuse(texts.len());
        self.bytes.refuse(total(texts));
    }
}

fn total(texts: &[String]) -> usize {
    texts.iter().map(String::len).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_limit_is_found_in_few_refusals(
            (truth, wanted) in (1_usize..1_000_000).prop_flat_map(|truth| (Just(truth), truth..2_000_000)),
        ) {
            let mut limit = Limit::UNKNOWN;
            let mut refusals = 0;
            for _ in 0..100 {
                let asked = wanted.min(limit.most());
                if asked <= truth {
                    limit.accept(asked);
                } else {
                    limit.refuse(asked);
                    refusals += 1;
                }
            }
            prop_assert!(refusals <= 25, "{} refusals", refusals);
            let most = wanted.min(limit.most());
            prop_assert!(most <= truth && most + most / 8 + 1 >= truth.min(wanted), "{} of {}", most, truth);
        }
    }
}
