//! What a call of a strategy may name in its answers: memories that it could see, and nothing that is a wrapper's own.

use memhost_contract::{Change, Level, Op, Receipt, Target};
use memhost_store::{Memories, View};

use super::{CallContext, LogLine};
use crate::{Answer, Strategy};

/// The memories of a call and what it saw of them, to judge by what it answers.
#[derive(Clone)]
pub struct Seen {
    memories: Option<Memories>,
    view: View,
}

impl CallContext {
    /// What the call will have seen.
    pub fn seen(&self) -> Seen {
        Seen {
            memories: self.memories.clone(),
            view: self.view.clone(),
        }
    }
}

impl Seen {
    /// Takes out of a receipt what the call could not see: what is hidden from it, withheld or another's has no part in what
    /// it says, and is not to be credited for it. It is told of in the call's log.
    pub fn leave_out_unseen<T>(
        &self,
        answer: &mut Answer<T>,
        receipt: impl FnOnce(&mut T) -> &mut Receipt,
    ) {
        let (Some(memories), Ok(said)) = (&self.memories, &mut answer.result) else {
            return;
        };
        let receipt = receipt(said);
        let cited = receipt.used.iter().map(|one| one.memory.as_str());
        let unseen = memories.unseen(cited, &self.view);
        let Some(first) = unseen.first() else {
            return;
        };
        receipt.used.retain(|one| !unseen.contains(&one.memory));
        let more = match unseen.len() {
            1 => String::new(),
            many => format!(" and {} more", many - 1),
        };
        answer.usage.log.push(LogLine {
            level: Level::Warn,
            message: format!(
                "its receipt cited memory `{first}`{more}, which this call could not see; left out of the receipt"
            ),
        });
    }

    /// What is wrong with changes of what is wrapped: they touch what is a wrapper's own.
    pub(super) fn trespass(&self, strategy: &dyn Strategy, changes: &[Change]) -> Option<String> {
        let view = self.view_of_others(strategy);
        changes.iter().find_map(|change| {
            let id = |target: &'_ Target| match target {
                Target::Memory(id) => Some(id.clone()),
                Target::Inserted(_) => None,
            };
            let (verb, named) = match &change.op {
                Op::Insert(new) if view.hides_kind(&new.kind) => {
                    return Some(format!(
                        "it inserts a memory of the kind `{}`, which is its wrapper's own",
                        new.kind
                    ));
                }
                Op::Save(blob) if view.hides_kind(&blob.name) => {
                    return Some(format!(
                        "it saves the blob `{}`, which is its wrapper's own",
                        blob.name
                    ));
                }
                Op::Insert(_) | Op::Save(_) => return None,
                Op::Revise(patch) => ("revises", [id(&patch.target), None]),
                Op::Adjust(adjustment) => ("adjusts", [id(&adjustment.target), None]),
                Op::Remove(target) => ("removes", [id(target), None]),
                Op::Connect(link) => ("links", [id(&link.source), id(&link.target)]),
                Op::Disconnect(link) => {
                    let ends = [Some(link.source.clone()), Some(link.target.clone())];
                    ("takes links from", ends)
                }
            };
            let named = named.iter().flatten().map(String::as_str);
            self.trespass_on(&view, verb, named)
        })
    }

    /// The same of the ids of what is to be let go.
    pub(super) fn trespass_by_ids(
        &self,
        strategy: &dyn Strategy,
        ids: &[String],
    ) -> Option<String> {
        let view = self.view_of_others(strategy);
        self.trespass_on(&view, "lets go", ids.iter().map(String::as_str))
    }

    fn trespass_on<'a>(
        &self,
        view: &View,
        verb: &str,
        ids: impl Iterator<Item = &'a str>,
    ) -> Option<String> {
        let unseen = self.memories.as_ref()?.unseen(ids, view);
        let id = unseen.first()?;
        Some(format!(
            "it {verb} memory `{id}`, which is its wrapper's own"
        ))
    }

    /// A view that hides nothing but what is a wrapper's own. A wrapper within a wrapper of the same name shares its
    /// memories with it.
    fn view_of_others(&self, strategy: &dyn Strategy) -> View {
        let mut kinds = (*self.view.hidden_kinds).clone();
        let mut layer = Some(strategy);
        while let Some(outer) = layer {
            layer = outer.inner();
            if let Some(inner) = layer {
                let around = format!("({})", inner.description().name);
                let name = outer.description().name.strip_suffix(&around);
                kinds.remove(&format!("{}:", name.unwrap_or_default()));
            }
        }
        View {
            hidden_kinds: kinds.into(),
            ..View::default()
        }
    }
}
