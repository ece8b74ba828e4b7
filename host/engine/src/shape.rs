//! Where an interface differs from the contract, in the words of WIT.
//!
//! wasmtime refuses what does not fit, and says so in its own terms ("has the wrong type" for "is missing"). When it
//! has refused, this compares what the component was built against with this host's `wit/` and says what differs.

use std::collections::{BTreeMap, HashMap};

use memhost_contract::{PACKAGE, WIT};
use sha2::{Digest as _, Sha256};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{
    Function, Handle, Interface, InterfaceId, Resolve, SourceMap, Type, TypeDefKind, TypeId,
    WorldItem,
};

/// One interface that does not fit.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// Its full name, as the component has it.
    pub interface: String,
    /// What differs.
    pub detail: String,
}

/// The first difference between a component and the contract.
pub(super) fn difference(component: &[u8]) -> Option<Difference> {
    let Ok(DecodedWasm::Component(theirs, world)) = decode(component) else {
        return None;
    };
    let ours = contract()?;
    let world = theirs.worlds.get(world)?;
    let imports = world.imports.values().map(|item| (item, Side::Import));
    let exports = world.exports.values().map(|item| (item, Side::Export));
    imports.chain(exports).find_map(|(item, side)| match item {
        WorldItem::Interface { id, .. } => interface_difference(&theirs, *id, &ours, side),
        _ => None,
    })
}

/// Which way an interface crosses the boundary.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    /// The host has it: the component may leave out what it does not use.
    Import,
    /// The component has it, and must have all of it.
    Export,
}

fn interface_difference(
    theirs: &Resolve,
    id: InterfaceId,
    ours: &Resolve,
    side: Side,
) -> Option<Difference> {
    let name = theirs.id_of(id)?;
    let short = theirs.interfaces.get(id)?.name.as_deref()?;
    if !name.starts_with(PACKAGE) {
        return None;
    }
    let counterpart = ours
        .interfaces
        .iter()
        .find(|(_, interface)| interface.name.as_deref() == Some(short));
    let detail = match counterpart {
        None => Some("the contract has no such interface".to_owned()),
        Some((_, counterpart)) => compare(
            &spell(theirs, theirs.interfaces.get(id)?),
            &spell(ours, counterpart),
            side,
        ),
    };
    Some(Difference {
        interface: name,
        detail: detail?,
    })
}

fn compare(theirs: &Spelling, ours: &Spelling, side: Side) -> Option<String> {
    let unlike = theirs.types.iter().find_map(|(name, shape)| {
        let here = ours.types.get(name).filter(|here| *here != shape)?;
        Some(format!(
            "type `{name}` is `{shape}` there and `{here}` here"
        ))
    });
    let unknown = || {
        let names = theirs.functions.iter();
        names
            .filter(|(name, _)| !ours.functions.contains_key(*name))
            .find_map(|(name, _)| {
                (side == Side::Import).then(|| {
                    format!("it wants the function `{name}`, which this host does not have")
                })
            })
    };
    let missing = || {
        let mut names = ours.functions.keys();
        let missing = names.find(|name| !theirs.functions.contains_key(*name))?;
        (side == Side::Export).then(|| format!("it does not export the function `{missing}`"))
    };
    let differing = || {
        theirs.functions.iter().find_map(|(name, shape)| {
            let here = ours.functions.get(name).filter(|here| *here != shape)?;
            Some(format!(
                "function `{name}` is `{shape}` there and `{here}` here"
            ))
        })
    };
    unlike.or_else(unknown).or_else(missing).or_else(differing)
}

/// An interface, name by name.
struct Spelling {
    functions: BTreeMap<String, String>,
    types: BTreeMap<String, String>,
}

/// The functions of an interface, and every named type that they reach.
fn spell(resolve: &Resolve, interface: &Interface) -> Spelling {
    let mut speller = Speller {
        resolve,
        types: BTreeMap::new(),
        spelled: HashMap::new(),
    };
    let functions = interface.functions.iter();
    let functions = functions
        .map(|(name, function)| (name.clone(), speller.function(function)))
        .collect();
    Spelling {
        functions,
        types: speller.types,
    }
}

struct Speller<'a> {
    resolve: &'a Resolve,
    /// Named types that were met, with what they are.
    types: BTreeMap<String, String>,
    /// Those without a name that were spelled: a type may stand in another many times.
    spelled: HashMap<TypeId, String>,
}

/// The longest spelling that is written out, in bytes; of a longer one it is a digest. Each of two parts may have two.
const LONGEST_SPELLING: usize = 64 << 10;

/// A spelling that does not grow with what it is a part of.
fn short(spelling: String) -> String {
    match spelling.len() {
        ..=LONGEST_SPELLING => spelling,
        length => {
            let digest = Sha256::digest(&spelling);
            format!(
                "(a type of {length} characters, {})",
                hex::encode(&digest[..8])
            )
        }
    }
}

impl Speller<'_> {
    fn function(&mut self, function: &Function) -> String {
        let params = function.params.iter();
        let params: Vec<String> = params
            .map(|param| format!("{}: {}", param.name, self.ty(&param.ty)))
            .collect();
        match &function.result {
            Some(result) => format!("({}) -> {}", params.join(", "), self.ty(result)),
            None => format!("({})", params.join(", ")),
        }
    }

    fn ty(&mut self, ty: &Type) -> String {
        match ty {
            Type::Id(id) => self.defined(*id),
            primitive => format!("{primitive:?}").to_lowercase(),
        }
    }

    fn defined(&mut self, id: TypeId) -> String {
        let Some(def) = self.resolve.types.get(id) else {
            return "?".to_owned();
        };
        // An alias, such as a `use`, is spelled as what it stands for.
        if let TypeDefKind::Type(ty) = &def.kind {
            return self.ty(ty);
        }
        let Some(name) = &def.name else {
            if let Some(spelling) = self.spelled.get(&id) {
                return spelling.clone();
            }
            let spelling = short(self.shape(&def.kind));
            self.spelled.insert(id, spelling.clone());
            return spelling;
        };
        if !self.types.contains_key(name) {
            self.types.insert(name.clone(), String::new());
            let shape = short(self.shape(&def.kind));
            self.types.insert(name.clone(), shape);
        }
        short(name.clone())
    }

    fn shape(&mut self, kind: &TypeDefKind) -> String {
        match kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                let fields: Vec<String> = fields
                    .map(|field| format!("{}: {}", field.name, self.ty(&field.ty)))
                    .collect();
                format!("record {{ {} }}", fields.join(", "))
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter();
                let cases: Vec<String> = cases
                    .map(|case| match &case.ty {
                        Some(ty) => format!("{}({})", case.name, self.ty(ty)),
                        None => case.name.clone(),
                    })
                    .collect();
                format!("variant {{ {} }}", cases.join(", "))
            }
            TypeDefKind::Enum(cases) => {
                let cases: Vec<&str> = cases.cases.iter().map(|case| case.name.as_str()).collect();
                format!("enum {{ {} }}", cases.join(", "))
            }
            TypeDefKind::Flags(flags) => {
                let flags: Vec<&str> = flags.flags.iter().map(|flag| flag.name.as_str()).collect();
                format!("flags {{ {} }}", flags.join(", "))
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<String> = tuple.types.iter().map(|ty| self.ty(ty)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            TypeDefKind::Option(ty) => format!("option<{}>", self.ty(ty)),
            TypeDefKind::List(ty) => format!("list<{}>", self.ty(ty)),
            TypeDefKind::Result(result) => {
                let ok = result.ok.as_ref().map_or("_".to_owned(), |ty| self.ty(ty));
                let err = result.err.as_ref().map_or("_".to_owned(), |ty| self.ty(ty));
                format!("result<{ok}, {err}>")
            }
            TypeDefKind::Type(ty) => self.ty(ty),
            TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", self.defined(*id)),
            TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", self.defined(*id)),
            TypeDefKind::Resource => "resource".to_owned(),
            // The contract has none of the others, so any spelling differs from it.
            other => format!("{other:?}"),
        }
    }
}

/// This host's `wit/`. `None` is impossible: the bindings are generated from the same text.
fn contract() -> Option<Resolve> {
    let mut sources = SourceMap::new();
    for (path, text) in WIT {
        sources.push_str(path, text);
    }
    let mut resolve = Resolve::default();
    resolve.push_group(sources.parse().ok()?).ok()?;
    Some(resolve)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract after an edit of its text.
    fn edited(from: &str, to: &str) -> Resolve {
        let mut sources = SourceMap::new();
        let mut found = false;
        for (path, text) in WIT {
            found |= text.contains(from);
            sources.push_str(path, text.replacen(from, to, 1));
        }
        assert!(found, "{from}");
        let mut resolve = Resolve::default();
        resolve.push_group(sources.parse().unwrap()).unwrap();
        resolve
    }

    fn told(theirs: &Resolve, interface: &str, side: Side) -> Option<String> {
        let ours = contract().unwrap();
        let mut interfaces = theirs.interfaces.iter();
        let (id, _) = interfaces
            .find(|(_, candidate)| candidate.name.as_deref() == Some(interface))
            .unwrap();
        interface_difference(theirs, id, &ours, side).map(|difference| difference.detail)
    }

    #[test]
    fn the_contract_does_not_differ_from_itself() {
        let ours = contract().unwrap();
        for (_, interface) in ours.interfaces.iter() {
            let name = interface.name.clone().unwrap();
            assert_eq!(told(&ours, &name, Side::Import), None);
            assert_eq!(told(&ours, &name, Side::Export), None);
        }
    }

    #[test]
    fn one_more_field_is_named_with_its_type() {
        let theirs = edited("input-tokens: u32,", "input-tokens: u32, cached: bool,");
        assert_eq!(
            told(&theirs, "llm", Side::Import).unwrap(),
            "type `reply` is `record { text: string, input-tokens: u32, cached: bool, output-tokens: u32 }` there and \
             `record { text: string, input-tokens: u32, output-tokens: u32 }` here"
        );
    }

    #[test]
    fn a_function_that_the_host_lacks_is_named() {
        let theirs = edited(
            "random: func() -> u32;",
            "random: func() -> u32; dice: func() -> u32;",
        );
        assert_eq!(
            told(&theirs, "run", Side::Import).unwrap(),
            "it wants the function `dice`, which this host does not have"
        );
        assert_eq!(told(&theirs, "run", Side::Export), None);
    }

    #[test]
    fn a_function_that_the_component_lacks_is_named() {
        let theirs = edited("describe: func() -> description;", "");
        assert_eq!(
            told(&theirs, "strategy", Side::Export).unwrap(),
            "it does not export the function `describe`"
        );
    }

    #[test]
    fn a_function_of_another_type_is_spelled_both_ways() {
        let theirs = edited(
            "count-tokens: func(text: string) -> u32;",
            "count-tokens: func(text: string) -> f64;",
        );
        assert_eq!(
            told(&theirs, "llm", Side::Import).unwrap(),
            "function `count-tokens` is `(text: string) -> f64` there and `(text: string) -> u32` here"
        );
    }
}
