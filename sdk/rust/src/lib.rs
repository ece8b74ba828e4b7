#![doc = include_str!("../README.md")]

#[allow(
    missing_docs,
    reason = "generated from wit/, where every item is documented"
)]
mod bindings;
mod changes;
#[doc(hidden)]
#[allow(missing_docs, reason = "seen by `export!` alone")]
pub mod component;
mod compose;
pub mod experience;
mod guard;
mod import;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
mod pack;
mod parameter;
mod payload;
mod prompt;
mod rank;
mod recall;
mod section;
mod strategy;
mod surplus;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
pub mod trajectory;
mod types;
mod wrap;

pub use changes::Changes;
pub use guard::{AnswerGuard, BLANK};
pub use import::{embedder, inner, llm, run, store};
pub use pack::{Entry, append, grow, pack, unless_empty};
pub use parameter::{Choice, Count, Declared, Flag, Number, Settings, Text, Typed};
pub use prompt::{Prompt, Question, ask_all, ask_both, ask_some, complete, unless_all_lost};
pub use rank::{Rerank, best_first, merge, min_max};
pub use recall::{Recalled, fetch, recall, scan};
pub use section::Section;
pub use strategy::{Compact, Distill, Evict, Maintain, Retrieve, Strategy, Update, describe, plan};
pub use surplus::surplus;
pub use text::{distinct, one_line};
pub use types::*;
pub use wrap::Wrap;

/// What a word is: as memhost searches, reads and counts. Budgets are counted by [`llm::count_tokens`].
pub use memhost_words as words;

/// Makes a component of a strategy: `memhost_sdk::export!(Notes: Retrieve, Distill);`
///
/// The component exports the interfaces of the listed traits and no others, because the host takes an
/// absent interface as a decision that the strategy never takes part in. Outside of wasm this only checks
/// that the strategy has the traits.
#[macro_export]
macro_rules! export {
    ($strategy:ident: $($phase:ident),+ $(,)?) => {
        const _: () = {
            #[cfg(not(target_arch = "wasm32"))]
            const fn has_phases<T: $($crate::$phase +)+>() {}
            #[cfg(not(target_arch = "wasm32"))]
            has_phases::<$strategy>();

            #[cfg(target_arch = "wasm32")]
            type Exported = $crate::component::Component<$strategy>;
            #[cfg(target_arch = "wasm32")]
            $crate::__export_memhost_strategy_strategy_0_2_0_cabi!(
                Exported with_types_in $crate::component::strategy
            );
            $(
                #[cfg(target_arch = "wasm32")]
                $crate::__export_phase!(Exported, $phase);
            )+
        };
    };
}

/// One phase's functions, and its part of the component's type.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_phase {
    ($exported:ident, Retrieve) => {
        $crate::__export_memhost_strategy_retrieve_0_2_0_cabi!(
            $exported with_types_in $crate::component::retrieve
        );
        $crate::__component_type!("component-type:memhost:retrieve", RETRIEVE);
    };
    ($exported:ident, Distill) => {
        $crate::__export_memhost_strategy_distill_0_2_0_cabi!(
            $exported with_types_in $crate::component::distill
        );
        $crate::__component_type!("component-type:memhost:distill", DISTILL);
    };
    ($exported:ident, Update) => {
        $crate::__export_memhost_strategy_update_0_2_0_cabi!(
            $exported with_types_in $crate::component::update
        );
        $crate::__component_type!("component-type:memhost:update", UPDATE);
    };
    ($exported:ident, Evict) => {
        $crate::__export_memhost_strategy_evict_0_2_0_cabi!(
            $exported with_types_in $crate::component::evict
        );
        $crate::__component_type!("component-type:memhost:evict", EVICT);
    };
    ($exported:ident, Maintain) => {
        $crate::__export_memhost_strategy_maintain_0_2_0_cabi!(
            $exported with_types_in $crate::component::maintain
        );
        $crate::__component_type!("component-type:memhost:maintain", MAINTAIN);
    };
    ($exported:ident, Compact) => {
        $crate::__export_memhost_strategy_compact_0_2_0_cabi!(
            $exported with_types_in $crate::component::compact
        );
        $crate::__component_type!("component-type:memhost:compact", COMPACT);
    };
}

/// A section of the wasm file that `wit-component` reads.
#[doc(hidden)]
#[macro_export]
macro_rules! __component_type {
    ($section:literal, $part:ident) => {
        const _: () = {
            const PART: &[u8] = $crate::component::component_type::$part;
            #[used]
            #[unsafe(link_section = $section)]
            static SECTION: [u8; PART.len()] = $crate::component::array(PART);
        };
    };
}
