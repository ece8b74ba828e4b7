//! What a plugin's file is, and what it wants and gives: read from its bytes, before anything is compiled or run.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Encoding, Instance, Parser, Payload,
};

use super::error::LoadFailure;

/// How deep components and modules may nest; toolchains and composing need three or four levels.
const NESTED_COMPONENTS: usize = 50;

/// What a component shows to the outside.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Surface {
    /// Names of its imports, in order.
    pub imports: Vec<String>,
    /// Names of its exports, in order.
    pub exports: Vec<String>,
    /// How many core instances it consists of.
    pub core_instances: usize,
    /// Whether it is linked from shared libraries, as Python's are. Its C library then brings every import of WASI
    /// with it, used or not; elsewhere the toolchains drop what is not used, and an import is a request.
    pub has_shared_libraries: bool,
}

/// The component that a file holds: itself, or made of the core module that it is.
pub(super) fn component(bytes: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, LoadFailure> {
    if Parser::is_component(bytes) {
        return Ok(bytes.into());
    }
    if !Parser::is_core_wasm(bytes) {
        return Err(not_wasm(bytes));
    }
    if !names_a_world(bytes)? {
        return Err(LoadFailure::NoContract);
    }
    wit_component::ComponentEncoder::default()
        .module(bytes)
        .and_then(|encoder| encoder.validate(true).encode())
        .map(Into::into)
        .map_err(|error| LoadFailure::NotComponentizable {
            detail: one_line(&format!("{error:#}")),
        })
}

/// Whether a core module carries the section in which bindings generators say what it was built for.
fn names_a_world(module: &[u8]) -> Result<bool, LoadFailure> {
    let mut found = false;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload.map_err(damaged)? {
            found |= section.name().starts_with("component-type");
        }
    }
    Ok(found)
}

fn not_wasm(bytes: &[u8]) -> LoadFailure {
    let text = std::str::from_utf8(bytes.get(..256).unwrap_or(bytes)).map(str::trim_start);
    let found = match (bytes, text) {
        ([], _) => "an empty file",
        (_, Ok(text)) if text.starts_with("(module") || text.starts_with("(component") => {
            "WebAssembly's text form, which has to be assembled first (`wasm-tools parse`)"
        }
        ([0x7f, b'E', b'L', b'F', ..], _) => "a program or compiled code for one kind of machine",
        ([0, b'a', b's', b'm', ..], _) => "a WebAssembly file of an unknown version",
        (_, Ok(_)) => "a text file",
        _ => "a file of another kind",
    };
    LoadFailure::NotWasm { found }
}

pub(super) fn damaged(error: wasmparser::BinaryReaderError) -> LoadFailure {
    LoadFailure::Damaged {
        detail: one_line(&error.to_string()),
    }
}

/// A component in a component that is being read, as far as counting instances needs it.
#[derive(Default)]
struct Frame {
    size: Size,
    /// What each component of its index space comes to.
    components: Vec<Size>,
    is_module: bool,
}

/// What an instance of a component comes to, with all that is instantiated in it.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    core_instances: usize,
    /// What is done to make it: instances, types and functions that are lifted or lowered, each as often as it is met.
    steps: usize,
}

impl Size {
    fn step(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps);
    }

    fn add(&mut self, inner: Size) {
        self.core_instances = self.core_instances.saturating_add(inner.core_instances);
        self.step(inner.steps.saturating_add(1));
    }
}

/// The most steps of making an instance, which no fuel pays for; Python takes fewer than a thousand.
const MOST_STEPS: usize = 100_000;

/// Reads what a component shows to the outside.
pub(super) fn surface(component: &[u8]) -> Result<Surface, LoadFailure> {
    let mut surface = Surface::default();
    let mut frames: Vec<Frame> = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(damaged)?;
        if let Payload::Version { encoding, .. } = payload {
            if frames.len() == NESTED_COMPONENTS {
                return Err(LoadFailure::NotCompilable {
                    detail: format!("its components nest deeper than {NESTED_COMPONENTS} levels"),
                });
            }
            frames.push(Frame {
                is_module: encoding == Encoding::Module,
                ..Frame::default()
            });
            continue;
        }
        let outermost = frames.len() == 1;
        let Some(frame) = frames.last_mut() else {
            continue;
        };
        match payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    let import = import.map_err(damaged)?;
                    if matches!(import.ty, ComponentTypeRef::Component(_)) {
                        frame.components.push(Size::default());
                    }
                    if outermost {
                        surface.imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let export = export.map_err(damaged)?;
                    if export.kind == ComponentExternalKind::Component {
                        let exported = frame.components.get(export.index as usize).copied();
                        frame.components.push(exported.unwrap_or_default());
                    }
                    if outermost {
                        surface.exports.push(export.name.name.to_owned());
                    }
                }
            }
            Payload::CustomSection(section) if section.name() == "dylink.0" => {
                surface.has_shared_libraries = true;
            }
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    if let Instance::Instantiate { .. } = instance.map_err(damaged)? {
                        frame.size.add(Size {
                            core_instances: 1,
                            steps: 0,
                        });
                    }
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances {
                    if let ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance.map_err(damaged)?
                    {
                        let inner = frame.components.get(component_index as usize);
                        frame.size.add(inner.copied().unwrap_or_default());
                    }
                }
            }
            Payload::ComponentTypeSection(types) => frame.size.step(types.count() as usize),
            Payload::ComponentCanonicalSection(functions) => {
                frame.size.step(functions.count() as usize);
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    let size = match alias.map_err(damaged)? {
                        ComponentAlias::Outer {
                            kind: ComponentOuterAliasKind::Component,
                            count,
                            index,
                        } => outer_component(&frames, count, index),
                        ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Component,
                            ..
                        } => Size::default(),
                        _ => continue,
                    };
                    if let Some(frame) = frames.last_mut() {
                        frame.components.push(size);
                    }
                }
            }
            Payload::End(_) => {
                let ended = frames.pop();
                match (ended, frames.last_mut()) {
                    (Some(inner), Some(outer)) if !inner.is_module => {
                        outer.components.push(inner.size);
                    }
                    (Some(whole), None) => {
                        surface.core_instances = whole.size.core_instances;
                        check_steps(whole.size.steps)?;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    Ok(surface)
}

fn check_steps(steps: usize) -> Result<(), LoadFailure> {
    match steps {
        ..=MOST_STEPS => Ok(()),
        steps => Err(LoadFailure::NotCompilable {
            detail: format!(
                "an instance of it takes {steps} steps to make, nested ones as often as they are met, and the limit is \
                 {MOST_STEPS}"
            ),
        }),
    }
}

/// Core instances of a component that is an alias of one further out.
fn outer_component(frames: &[Frame], count: u32, index: u32) -> Size {
    frames
        .iter()
        .nth_back(count as usize)
        .and_then(|frame| frame.components.get(index as usize))
        .copied()
        .unwrap_or_default()
}

/// The longest text of an error that is told, in bytes: it may quote a component, whose names are as long as it likes.
const LONGEST_TEXT: usize = 4 << 10;

/// An error's text without the line breaks that a table or a log would stumble over, and no longer than can be read.
pub(super) fn one_line(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() > LONGEST_TEXT {
        line.truncate(line.floor_char_boundary(LONGEST_TEXT));
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component_of(wat: &str) -> Vec<u8> {
        wat::parse_str(wat).unwrap()
    }

    #[test]
    fn imports_exports_and_instances_are_read_from_the_bytes() {
        let bytes = component_of(
            r#"(component
                (import "wasi:io/poll@0.2.0" (instance))
                (component $inner
                    (core module $m)
                    (core instance (instantiate $m))
                    (core instance (instantiate $m)))
                (instance $i (instantiate $inner))
                (instance (instantiate $inner))
                (core module $m)
                (core instance (instantiate $m))
                (component $outer
                    (alias outer 1 $inner (component $again))
                    (instance (instantiate $again)))
                (instance (instantiate $outer))
                (export "a:b/c@1.0.0" (instance $i)))"#,
        );
        let surface = surface(&bytes).unwrap();
        assert_eq!(surface.imports, ["wasi:io/poll@0.2.0"]);
        assert_eq!(surface.exports, ["a:b/c@1.0.0"]);
        assert_eq!(surface.core_instances, 7);
        assert!(!surface.has_shared_libraries);
    }

    #[test]
    fn nested_components_count_as_often_as_they_are_instantiated() {
        // Each level makes ten of the one below it.
        let levels = |count: usize| {
            let mut text = "(component $c (type (resource (rep i32))))".to_owned();
            for _ in 0..count {
                let instances = "(instance (instantiate $c))".repeat(10);
                text = format!("(component $c {text} {instances})");
            }
            surface(&component_of(&text)).map(drop)
        };
        levels(3).unwrap();
        let told = levels(6).unwrap_err().to_string();
        assert!(told.contains("the limit is 100000"), "{told}");
    }

    #[test]
    fn components_nest_only_so_deep() {
        let nested = |levels: usize| {
            let text = "(component ".repeat(levels) + &")".repeat(levels);
            surface(&component_of(&text)).map(drop)
        };
        nested(NESTED_COMPONENTS).unwrap();
        let told = nested(NESTED_COMPONENTS + 1).unwrap_err().to_string();
        assert!(told.contains("50 levels"), "{told}");
    }

    #[test]
    fn an_error_is_told_in_one_line_that_can_be_read() {
        assert_eq!(one_line(" a\n  b\tc\n"), "a b c");
        // The limit stands in the middle of a letter of two bytes, which is left out.
        let long = one_line(&"ä ".repeat(100_000));
        assert_eq!(long.len(), LONGEST_TEXT - 1 + "…".len());
    }

    #[test]
    fn shared_libraries_are_noticed() {
        let bytes =
            component_of(r#"(component (core module (@dylink.0 (mem-info (memory 8 4)))))"#);
        assert!(surface(&bytes).unwrap().has_shared_libraries);
    }

    #[test]
    fn no_beginning_of_a_component_and_no_flipped_byte_panics() {
        let bytes = component_of(
            r#"(component (import "a:b/c" (instance)) (core module $m) (core instance (instantiate $m)))"#,
        );
        for end in 0..bytes.len() {
            let _ = component(&bytes[..end]).and_then(|component| surface(&component));
            let mut flipped = bytes.clone();
            flipped[end] ^= 0x55;
            let _ = component(&flipped).and_then(|component| surface(&component));
        }
    }
}
