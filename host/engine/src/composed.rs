//! A composed file: a wrapper, and in a custom section of it the bytes of what it wraps.
//!
//! Two components that are linked into one could not be told apart any more. So a file that holds both keeps both as
//! they are, byte for byte, and the host links them as it links two files. What the section holds may be composed
//! itself. Other tools pass over a section that they do not know.

use wasm_encoder::{CustomSection, Section as _};
use wasmparser::{Chunk, Parser, Payload};

use super::error::LoadFailure;

/// What the section is called.
pub(super) const SECTION: &str = "memhost:inner";

/// The most bytes that a section adds to what it holds: its kind, its length, its name.
const SECTION_BYTES: u64 = 32;

/// A component of a file, without the section that holds what it wraps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layer<'a> {
    before: &'a [u8],
    after: &'a [u8],
    inner: Option<&'a [u8]>,
}

impl<'a> Layer<'a> {
    /// The outermost of a file. What is no WebAssembly or damaged is a layer all the same: loading it says what is
    /// wrong.
    ///
    /// # Errors
    /// What it wraps cannot be told.
    pub fn outermost(file: &'a [u8]) -> Result<Layer<'a>, LoadFailure> {
        let mut layer = Layer {
            before: file,
            after: &[],
            inner: None,
        };
        let mut parser = Parser::new(0);
        let mut at = 0_usize;
        while let Some(rest) = file.get(at..) {
            let Ok(Chunk::Parsed { consumed, payload }) = parser.parse(rest, true) else {
                break;
            };
            let start = at;
            at = at.saturating_add(consumed);
            match payload {
                Payload::End(_) => break,
                // What stands in these is not the file's own.
                Payload::ModuleSection {
                    unchecked_range, ..
                }
                | Payload::ComponentSection {
                    unchecked_range, ..
                } => at = at.saturating_add(unchecked_range.len()),
                Payload::CodeSectionStart { size, .. } => {
                    parser.skip_section();
                    at = at.saturating_add(size as usize);
                }
                Payload::CustomSection(section) if section.name() == SECTION => {
                    if layer.inner.is_some() {
                        return Err(LoadFailure::TwoInner);
                    }
                    layer = Layer {
                        before: file.get(..start).unwrap_or_default(),
                        after: file.get(at..).unwrap_or_default(),
                        inner: Some(section.data()),
                    };
                }
                _ => {}
            }
        }
        Ok(layer)
    }

    /// Its own bytes: those of the component that was composed.
    pub fn bytes(&self) -> Vec<u8> {
        [self.before, self.after].concat()
    }

    /// Whether it has the section.
    pub fn is_composed(&self) -> bool {
        self.inner.is_some()
    }
}

/// The components of a file, outermost first: one, unless it is composed.
///
/// # Errors
/// What one of them wraps cannot be told.
pub(super) fn layers(file: &[u8]) -> impl Iterator<Item = Result<Layer<'_>, LoadFailure>> {
    let mut rest = Some(file);
    std::iter::from_fn(move || {
        let layer = Layer::outermost(rest.take()?);
        rest = layer.as_ref().ok().and_then(|layer| layer.inner);
        Some(layer)
    })
}

/// One file of components, outermost first.
///
/// # Errors
/// It would be larger than `limit`.
pub(super) fn compose(layers: &[Vec<u8>], limit: u64) -> Result<Vec<u8>, LoadFailure> {
    let limit = limit.min(u64::from(u32::MAX));
    let size = layers
        .iter()
        .map(|layer| layer.len() as u64 + SECTION_BYTES)
        .sum();
    if size > limit {
        return Err(LoadFailure::TooLarge { size, limit });
    }
    let mut layers = layers.iter().rev();
    let innermost = layers.next().cloned().unwrap_or_default();
    Ok(layers.fold(innermost, |inner, outer| {
        let mut file = outer.clone();
        let section = CustomSection {
            name: SECTION.into(),
            data: inner.into(),
        };
        section.append_to(&mut file);
        file
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn component_of(wat: &str) -> Vec<u8> {
        wat::parse_str(wat).unwrap()
    }

    /// Three that are not alike: a component with others in it, a core module with code, an empty component.
    fn three() -> [Vec<u8>; 3] {
        [
            r#"(component (core module $m (func)) (component) (core instance (instantiate $m)) (@custom "other" "x"))"#,
            r#"(module (func) (func) (@custom "memhost" "y"))"#,
            "(component)",
        ]
        .map(component_of)
    }

    fn split(file: &[u8]) -> Result<Vec<Vec<u8>>, LoadFailure> {
        layers(file).map(|layer| Ok(layer?.bytes())).collect()
    }

    const LIMIT: u64 = 1 << 20;

    #[test]
    fn what_is_composed_comes_apart_byte_for_byte() {
        let three = three();
        for count in 1..=3 {
            let file = compose(&three[..count], LIMIT).unwrap();
            assert_eq!(split(&file).unwrap(), three[..count]);
        }
        // What is composed may be wrapped again.
        let inside = compose(&three[1..], LIMIT).unwrap();
        let file = compose(&[three[0].clone(), inside], LIMIT).unwrap();
        assert_eq!(file, compose(&three, LIMIT).unwrap());
    }

    #[test]
    fn a_composed_file_is_a_component_for_other_tools() {
        let [outer, _, inner] = three();
        let file = compose(&[outer, inner], LIMIT).unwrap();
        wasmparser::validate(&file).unwrap();
    }

    #[test]
    fn a_section_of_what_is_nested_in_a_component_is_not_the_file_s() {
        let file = component_of(
            r#"(component (component (@custom "memhost:inner" "x")) (core module (@custom "memhost:inner" "y")))"#,
        );
        assert_eq!(split(&file).unwrap(), [file]);
    }

    #[test]
    fn two_sections_are_refused_wherever_they_stand() {
        let [outer, _, inner] = three();
        let once = compose(&[outer.clone(), inner.clone()], LIMIT).unwrap();
        let twice = compose(&[once, inner], LIMIT).unwrap();
        for file in [twice.clone(), compose(&[outer, twice], LIMIT).unwrap()] {
            let told = split(&file).unwrap_err().to_string();
            assert!(
                told.contains("more than one section `memhost:inner`"),
                "{told}"
            );
        }
    }

    #[test]
    fn what_is_too_large_is_not_composed() {
        let told = compose(&three(), 50).unwrap_err().to_string();
        assert!(told.contains("the limit is 50"), "{told}");
    }

    proptest! {
        #[test]
        fn no_damage_panics(at: prop::sample::Index, flipped: u8, end: prop::sample::Index) {
            let mut file = compose(&three(), LIMIT).unwrap();
            let at = at.index(file.len());
            file[at] ^= flipped;
            let _ = split(&file);
            let end = end.index(file.len());
            let _ = split(&file[..end]);
        }
    }
}
