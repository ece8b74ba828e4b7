//! Whether a component may be linked: the names of what it imports and exports, against the contract.
//!
//! A component may import the contract's own interfaces and WASI 0.2, which is an empty world here
//! ([`super::wasi`]). Sockets are refused by name, so that an author learns at once that there is no network; only
//! a component made of shared libraries keeps them, because its import list says nothing about use, and finds
//! every call denied.

use memhost_contract::{PACKAGE, VERSION};

use super::binary::Surface;
use super::error::LoadFailure;

/// The contract's interfaces that a plugin may import.
const IMPORTABLE: [&str; 5] = ["types", "llm", "embedder", "store", "run"];

/// The one that a wrapper imports besides.
const INNER: &str = "inner";

/// What a component is loaded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadedAs {
    /// A strategy of its own.
    Plugin,
    /// What stands around another strategy.
    Wrapper,
}

/// The packages of WASI 0.2 that are linked to an empty world.
const EMPTY_WORLD: [&str; 5] = [
    "wasi:cli",
    "wasi:clocks",
    "wasi:filesystem",
    "wasi:io",
    "wasi:random",
];

/// `memhost:strategy/llm@0.2.0` in its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Name<'a> {
    package: &'a str,
    interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Name<'a> {
        let (path, version) = name.split_once('@').unwrap_or((name, ""));
        let (package, interface) = path.split_once('/').unwrap_or((path, ""));
        Name {
            package,
            interface,
            version,
        }
    }

    fn is_wasi_0_2(self) -> bool {
        self.package.starts_with("wasi:") && series(self.version) == Some((0, 2))
    }
}

/// Major and minor version; what shares them links, whatever the patch.
fn series(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// The contract version that a component was built for: the newest that its imports and exports name.
pub(super) fn contract_version(surface: &Surface) -> Option<&str> {
    let names = surface.exports.iter().chain(&surface.imports);
    names
        .map(|name| Name::parse(name))
        .filter(|name| name.package == PACKAGE)
        .map(|name| name.version)
        .max_by_key(|version| {
            let numbers = version.split('.').map(|part| part.parse::<u32>().ok());
            numbers.collect::<Vec<_>>()
        })
}

/// Whether everything that a component names can be linked.
pub(super) fn check(surface: &Surface, loaded_as: LoadedAs) -> Result<(), LoadFailure> {
    check_version(surface)?;
    check_imports(surface)?;
    check_exports(surface)?;
    check_inner(surface, loaded_as)
}

fn check_inner(surface: &Surface, loaded_as: LoadedAs) -> Result<(), LoadFailure> {
    let mut imports = surface.imports.iter().map(|name| Name::parse(name));
    let wraps = imports.any(|name| (name.package, name.interface) == (PACKAGE, INNER));
    match (loaded_as, wraps) {
        (LoadedAs::Plugin, true) => Err(LoadFailure::Alone),
        (LoadedAs::Wrapper, false) => Err(LoadFailure::NoWrapper {
            expected: format!("{PACKAGE}/{INNER}@{VERSION}"),
        }),
        (LoadedAs::Plugin, false) | (LoadedAs::Wrapper, true) => Ok(()),
    }
}

fn check_version(surface: &Surface) -> Result<(), LoadFailure> {
    let ours = series(VERSION);
    let other = surface.exports.iter().chain(&surface.imports).find(|name| {
        let name = Name::parse(name);
        name.package == PACKAGE && series(name.version) != ours
    });
    let Some(interface) = other else {
        return Ok(());
    };
    let version = Name::parse(interface).version;
    Err(LoadFailure::OtherVersion {
        built_for: match version {
            "" => "(none named)".to_owned(),
            version => version.to_owned(),
        },
        interface: interface.clone(),
        cure: if series(version) > ours {
            "update memhost, or build the plugin against this host's `wit/`"
        } else {
            "build the plugin again against this host's `wit/`"
        },
    })
}

fn check_imports(surface: &Surface) -> Result<(), LoadFailure> {
    let refused = |imports: Vec<&String>, why| match imports.as_slice() {
        [] => Ok(()),
        _ => Err(LoadFailure::Forbidden {
            imports: imports.into_iter().cloned().collect(),
            why,
        }),
    };
    let having = |wanted: &dyn Fn(Name<'_>) -> bool| -> Vec<&String> {
        let names = surface.imports.iter();
        names.filter(|name| wanted(Name::parse(name))).collect()
    };
    let is_socket = |name: Name<'_>| name.package == "wasi:sockets";
    if !surface.has_shared_libraries {
        refused(
            having(&|name| is_socket(name)),
            "there is no network in the sandbox; ask the host through `llm`, `embedder` and `store` instead, and \
             build without the code that opens sockets",
        )?;
    }
    refused(
        having(&|name| name.package == "wasi:http"),
        "there is no network in the sandbox; ask the host through `llm`, `embedder` and `store` instead \
         (componentize-js adds this import unless it is called with `--disable http --disable fetch-event`)",
    )?;
    refused(
        having(&|name| name.package.starts_with("wasi:") && !name.is_wasi_0_2()),
        "of WASI only version 0.2 is linked; build for wasm32-wasip2 or wasm32-unknown-unknown",
    )?;
    refused(
        having(&|name| {
            let ours = IMPORTABLE.contains(&name.interface) || name.interface == INNER;
            name.package == PACKAGE && !ours
        }),
        "a strategy exports them; one that wraps another imports `inner`, and the host links the two",
    )?;
    refused(
        having(&|name| {
            name.package != PACKAGE && !EMPTY_WORLD.contains(&name.package) && !is_socket(name)
        }),
        "a plugin may import the interfaces of the world `plugin` and WASI 0.2, and nothing else",
    )
}

fn check_exports(surface: &Surface) -> Result<(), LoadFailure> {
    let is_strategy = |name: &String| {
        let name = Name::parse(name);
        (name.package, name.interface) == (PACKAGE, "strategy")
    };
    if surface.exports.iter().any(is_strategy) {
        return Ok(());
    }
    Err(LoadFailure::OtherWorld {
        expected: format!("{PACKAGE}/strategy@{VERSION}"),
        exports: surface.exports.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(imports: &[&str], exports: &[&str]) -> Surface {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Surface {
            imports: own(imports),
            exports: own(exports),
            ..Surface::default()
        }
    }

    const STRATEGY: &str = "memhost:strategy/strategy@0.2.0";

    #[test]
    fn the_contract_and_wasi_0_2_are_admitted() {
        let admitted = surface(
            &[
                "memhost:strategy/llm@0.2.0",
                "wasi:cli/stdout@0.2.9",
                "memhost:strategy/types@0.2.7",
            ],
            &[STRATEGY, "memhost:strategy/retrieve@0.2.7", "extra:thing/x"],
        );
        check(&admitted, LoadedAs::Plugin).unwrap();
        assert_eq!(contract_version(&admitted), Some("0.2.7"));
    }

    #[test]
    fn each_refusal_names_the_import_and_a_cure() {
        for (import, cure) in [
            ("wasi:sockets/tcp@0.2.0", "no network"),
            ("wasi:http/outgoing-handler@0.2.0", "--disable http"),
            ("wasi:cli/stdout@0.3.0", "wasm32-wasip2"),
            ("wasi:nn/graph@0.2.0", "nothing else"),
            ("memhost:strategy/retrieve@0.2.0", "imports `inner`"),
            ("memhost:strategy/llm@0.3.0", "update memhost"),
            ("memhost:strategy/llm@0.1.0", "again"),
            ("memhost:strategy/llm", "again"),
            ("stranger", "nothing else"),
        ] {
            let surface = surface(&[import], &[STRATEGY]);
            let told = check(&surface, LoadedAs::Plugin).unwrap_err().to_string();
            assert!(told.contains(import) && told.contains(cure), "{told}");
        }
    }

    #[test]
    fn whoever_wraps_is_not_alone_and_whoever_does_not_wrap_wraps_nothing() {
        let wrapper = surface(&["memhost:strategy/inner@0.2.0"], &[STRATEGY]);
        check(&wrapper, LoadedAs::Wrapper).unwrap();
        let told = check(&wrapper, LoadedAs::Plugin).unwrap_err().to_string();
        assert!(told.contains("guard(rag)"), "{told}");
        let plugin = surface(&["memhost:strategy/llm@0.2.0"], &[STRATEGY]);
        let told = check(&plugin, LoadedAs::Wrapper).unwrap_err().to_string();
        assert!(told.contains("memhost:strategy/inner@0.2.0"), "{told}");
    }

    #[test]
    fn shared_libraries_may_carry_sockets_but_not_http() {
        let mut python = surface(&["wasi:sockets/tcp@0.2.9"], &[STRATEGY]);
        python.has_shared_libraries = true;
        check(&python, LoadedAs::Plugin).unwrap();
        python.imports.push("wasi:http/types@0.2.9".to_owned());
        check(&python, LoadedAs::Plugin).unwrap_err();
    }
}
