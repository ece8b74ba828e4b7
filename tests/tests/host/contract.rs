//! What `wit/` promises of itself: everything is documented, nothing is in it that a guest language chokes on,
//! and the plugin world asks for nothing from outside.

use std::path::Path;

use wit_parser::{Docs, PackageId, Resolve, Type, TypeDefKind, WorldItem};

fn contract() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let (package, _) = resolve.push_path(path).expect("wit/ parses");
    (resolve, package)
}

#[test]
fn both_worlds_resolve_and_speak_this_version() {
    let (resolve, package) = contract();
    assert_eq!(
        resolve.packages[package].name.to_string(),
        format!("memhost:strategy@{}", memhost::contract::VERSION)
    );
    for world in ["plugin", "wrapper"] {
        resolve.select_world(&[package], Some(world)).expect(world);
    }
}

#[test]
fn every_item_is_documented() {
    let (resolve, _) = contract();
    let mut missing = Vec::new();
    let mut check = |what: String, docs: &Docs| {
        if docs
            .contents
            .as_deref()
            .is_none_or(|text| text.trim().is_empty())
        {
            missing.push(what);
        }
    };
    for (_, world) in &resolve.worlds {
        check(format!("world {}", world.name), &world.docs);
    }
    for (_, interface) in &resolve.interfaces {
        let name = interface.name.clone().unwrap_or_default();
        check(format!("interface {name}"), &interface.docs);
        for function in interface.functions.values() {
            check(format!("{name}.{}", function.name), &function.docs);
        }
        for &id in interface.types.values() {
            let definition = &resolve.types[id];
            let what = format!("{name}.{}", definition.name.clone().unwrap_or_default());
            match &definition.kind {
                // `use types.{task}` repeats a type that is documented where it is defined.
                TypeDefKind::Type(Type::Id(_)) => continue,
                TypeDefKind::Record(record) => {
                    record
                        .fields
                        .iter()
                        .for_each(|field| check(format!("{what}.{}", field.name), &field.docs));
                }
                TypeDefKind::Variant(variant) => {
                    variant
                        .cases
                        .iter()
                        .for_each(|case| check(format!("{what}.{}", case.name), &case.docs));
                }
                TypeDefKind::Enum(cases) => {
                    cases
                        .cases
                        .iter()
                        .for_each(|case| check(format!("{what}.{}", case.name), &case.docs));
                }
                _ => {}
            }
            check(what, &definition.docs);
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "undocumented");
}

#[test]
fn no_type_that_guest_languages_disagree_on() {
    let (resolve, _) = contract();
    for (_, definition) in &resolve.types {
        let parts: Vec<Type> = match &definition.kind {
            TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().filter_map(|case| case.ty).collect()
            }
            TypeDefKind::List(of) | TypeDefKind::Option(of) | TypeDefKind::Type(of) => vec![*of],
            TypeDefKind::Result(result) => [result.ok, result.err].into_iter().flatten().collect(),
            TypeDefKind::Enum(_) => vec![],
            other => panic!(
                "{:?} is a {}, which the contract does without",
                definition.name,
                other.as_str()
            ),
        };
        assert!(
            parts.iter().all(|ty| !matches!(ty, Type::U64 | Type::S64)),
            "{:?} has a 64-bit integer",
            definition.name
        );
    }
}

/// An interface that uses a type of another imports it whole, functions and all: a wrapper, which is asked and asks the same,
/// would import what it exports.
#[test]
fn what_is_asked_and_answered_is_defined_in_one_interface() {
    let (resolve, package) = contract();
    let world = resolve
        .select_world(&[package], Some("wrapper"))
        .expect("world");
    let world = &resolve.worlds[world];
    let inner = world
        .imports
        .keys()
        .find(|key| resolve.name_world_key(key).contains("/inner@"));
    let inner = inner
        .map(|key| &world.imports[key])
        .expect("it imports `inner`");
    for item in world.exports.values().chain([inner]) {
        let WorldItem::Interface { id, .. } = item else {
            panic!("{item:?} is not an interface")
        };
        let interface = &resolve.interfaces[*id];
        for (name, id) in &interface.types {
            let kind = &resolve.types[*id].kind;
            assert!(
                matches!(kind, TypeDefKind::Type(_)),
                "`{name}` is defined in `{}`, and not in `types`",
                interface.name.as_deref().unwrap_or_default()
            );
        }
    }
}

#[test]
fn a_wrapper_imports_one_interface_more_than_a_plugin() {
    let (resolve, package) = contract();
    let imports = |world| {
        let world = resolve
            .select_world(&[package], Some(world))
            .expect("world");
        let keys = resolve.worlds[world].imports.keys();
        let names = keys.map(|key| resolve.name_world_key(key));
        names.collect::<std::collections::BTreeSet<String>>()
    };
    let (plugin, wrapper) = (imports("plugin"), imports("wrapper"));
    let more: Vec<&String> = wrapper.difference(&plugin).collect();
    assert_eq!(more, ["memhost:strategy/inner@0.2.0"]);
    assert!(plugin.is_subset(&wrapper));
}

#[test]
fn the_plugin_world_imports_nothing_but_this_package() {
    let (resolve, package) = contract();
    let world = resolve
        .select_world(&[package], Some("plugin"))
        .expect("world");
    for (key, item) in &resolve.worlds[world].imports {
        let WorldItem::Interface { id, .. } = item else {
            panic!("{key:?} is not an interface")
        };
        assert_eq!(resolve.interfaces[*id].package, Some(package), "{key:?}");
    }
}
