//! The complexity of a component: what makes it costly to compile, counted from its bytes before that starts.
//!
//! A valid file of 140 kB can cost a compiler a minute and gigabytes: a local variable is declared in a few bits, and
//! what a function costs grows with the product of its blocks and its variables. The counts refuse the known kinds at
//! once and by name. They are no proof; what holds whatever a component is made of is the process that it is compiled in
//! ([`super::compile`]).

use std::collections::HashSet;

use wasmparser::{
    BinaryReaderError, CompositeInnerType, ElementItems, ElementSectionReader, Encoding,
    FunctionBody, FunctionSectionReader, Operator, Parser, Payload, TypeSectionReader,
};

use super::LoadLimits;
use super::binary::damaged;
use super::error::LoadFailure;

/// Refuses a component that is costly out of proportion to its size.
pub(super) fn check(component: &[u8], limits: &LoadLimits) -> Result<(), LoadFailure> {
    let mut counts = Counts {
        limits,
        modules: 0,
        items: 0,
        functions: 0,
        parameters: 0,
        all_locals: 0,
        branch_targets: 0,
        joins: 0,
        segments: 0,
        elements: 0,
        arities: Vec::new(),
    };
    for payload in Parser::new(0).parse_all(component) {
        counts.take(payload.map_err(damaged)?)?;
    }
    Ok(())
}

/// What was counted so far, over all modules.
struct Counts<'a> {
    limits: &'a LoadLimits,
    modules: u64,
    items: u64,
    functions: u64,
    parameters: u64,
    all_locals: u64,
    branch_targets: u64,
    joins: u64,
    segments: u64,
    elements: u64,
    /// Parameters and results of each type of the module that is being read.
    arities: Vec<u64>,
}

impl Counts<'_> {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), LoadFailure> {
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => {
                self.modules += 1;
                self.arities.clear();
                within("core modules", "modules", self.modules, self.limits.modules)
            }
            Payload::TypeSection(section) => self.types(section),
            Payload::FunctionSection(section) => self.parameters(section),
            Payload::CodeSectionEntry(body) => self.function(&body),
            Payload::DataSection(section) => {
                self.segments = self.segments.saturating_add(section.count().into());
                let what = "data segments";
                within(what, "segments", self.segments, self.limits.segments)
            }
            Payload::ElementSection(section) => {
                self.items(section.count())?;
                self.elements(section)
            }
            other => self.items(items_of(&other)),
        }
    }

    fn items(&mut self, more: u32) -> Result<(), LoadFailure> {
        self.items = self.items.saturating_add(more.into());
        let what = "types, imports, exports and other declarations";
        within(what, "items", self.items, self.limits.items)
    }

    fn types(&mut self, section: TypeSectionReader<'_>) -> Result<(), LoadFailure> {
        for group in section {
            // A group holds as many as it likes.
            for declared in group.map_err(damaged)?.types() {
                self.items(1)?;
                self.arities.push(match &declared.composite_type.inner {
                    CompositeInnerType::Func(function) => {
                        (function.params().len() + function.results().len()) as u64
                    }
                    _ => 0,
                });
            }
        }
        Ok(())
    }

    fn parameters(&mut self, section: FunctionSectionReader<'_>) -> Result<(), LoadFailure> {
        for index in section {
            let arity = self.arities.get(index.map_err(damaged)? as usize);
            self.parameters = self.parameters.saturating_add(arity.copied().unwrap_or(0));
            let what = "parameters and results of functions";
            within(what, "parameters", self.parameters, self.limits.parameters)?;
        }
        Ok(())
    }

    fn elements(&mut self, section: ElementSectionReader<'_>) -> Result<(), LoadFailure> {
        for segment in section {
            let entries = match segment.map_err(damaged)?.items {
                ElementItems::Functions(functions) => functions.count(),
                ElementItems::Expressions(_, expressions) => expressions.count(),
            };
            self.elements = self.elements.saturating_add(entries.into());
            let what = "entries of element segments";
            within(what, "elements", self.elements, self.limits.elements)?;
        }
        Ok(())
    }

    fn function(&mut self, body: &FunctionBody<'_>) -> Result<(), LoadFailure> {
        let limits = self.limits;
        self.functions += 1;
        within("functions", "functions", self.functions, limits.functions)?;
        let bytes = body.as_bytes().len() as u64;
        let what = "bytes in one function";
        within(what, "function_bytes", bytes, limits.function_bytes)?;

        let locals = locals(body).map_err(damaged)?;
        let what = "local variables in one function";
        within(what, "locals", locals, limits.locals)?;
        self.all_locals = self.all_locals.saturating_add(locals);
        let what = "local variables";
        within(what, "all_locals", self.all_locals, limits.all_locals)?;

        let shape = Shape::of(body).map_err(damaged)?;
        let what = "blocks in one function";
        within(what, "blocks", shape.blocks, limits.blocks)?;
        let what = "blocks nested in each other";
        within(what, "nesting", shape.nesting, limits.nesting)?;
        let what = "loops nested in each other";
        within(
            what,
            "loop_nesting",
            shape.loop_nesting,
            limits.loop_nesting,
        )?;
        self.branch_targets = self.branch_targets.saturating_add(shape.branch_targets);
        let what = "targets of branch tables";
        within(
            what,
            "branch_targets",
            self.branch_targets,
            limits.branch_targets,
        )?;
        self.joins = self.joins.saturating_add(shape.joins());
        let what = "joins of variables where its functions branch";
        within(what, "joins", self.joins, limits.joins)
    }
}

fn within(
    what: &'static str,
    key: &'static str,
    found: u64,
    limit: u64,
) -> Result<(), LoadFailure> {
    match found <= limit {
        true => Ok(()),
        false => Err(LoadFailure::TooComplex {
            what,
            found,
            limit,
            key,
        }),
    }
}

/// What a section declares, but for functions and element segments.
fn items_of(payload: &Payload<'_>) -> u32 {
    match payload {
        Payload::ImportSection(section) => section.count(),
        Payload::TableSection(section) => section.count(),
        Payload::MemorySection(section) => section.count(),
        Payload::TagSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        Payload::ExportSection(section) => section.count(),
        Payload::InstanceSection(section) => section.count(),
        Payload::CoreTypeSection(section) => section.count(),
        Payload::ComponentInstanceSection(section) => section.count(),
        Payload::ComponentAliasSection(section) => section.count(),
        Payload::ComponentTypeSection(section) => section.count(),
        Payload::ComponentCanonicalSection(section) => section.count(),
        Payload::ComponentImportSection(section) => section.count(),
        Payload::ComponentExportSection(section) => section.count(),
        _ => 0,
    }
}

fn locals(body: &FunctionBody<'_>) -> Result<u64, BinaryReaderError> {
    let mut locals = 0u64;
    for declared in body.get_locals_reader()? {
        let (count, _) = declared?;
        locals = locals.saturating_add(count.into());
    }
    Ok(locals)
}

/// How a function branches.
#[derive(Default)]
struct Shape {
    /// Blocks, loops, and both branches of a condition.
    blocks: u64,
    nesting: u64,
    loop_nesting: u64,
    branch_targets: u64,
    /// Blocks, each counted once for itself and once for every loop around it.
    looped_blocks: u64,
    /// Variables that are assigned.
    assigned: u64,
}

impl Shape {
    fn of(body: &FunctionBody<'_>) -> Result<Shape, BinaryReaderError> {
        let mut shape = Shape::default();
        let mut assigned = HashSet::new();
        // Whether each block that is open is a loop.
        let mut open = Vec::new();
        let mut loops = 0u64;
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Loop { .. } => {
                    open.push(true);
                    loops += 1;
                    shape.count(loops);
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    open.push(false);
                    shape.count(loops);
                }
                Operator::Else => shape.count(loops),
                Operator::End if open.pop() == Some(true) => loops -= 1,
                Operator::BrTable { targets } => {
                    let targets = u64::from(targets.len());
                    shape.branch_targets = shape.branch_targets.saturating_add(targets);
                }
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                    assigned.insert(local_index);
                }
                _ => {}
            }
            shape.nesting = shape.nesting.max(open.len() as u64);
            shape.loop_nesting = shape.loop_nesting.max(loops);
        }
        shape.assigned = assigned.len() as u64;
        Ok(shape)
    }

    /// Counts a block within so many loops.
    fn count(&mut self, loops: u64) {
        self.blocks += 1;
        self.looped_blocks = self.looped_blocks.saturating_add(loops + 1);
    }

    fn joins(&self) -> u64 {
        self.looped_blocks.saturating_mul(self.assigned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three modules, of which each count is known.
    const COMPONENT: &str = r#"(component
        (core module
            (type (func (param i32 i32) (result i32)))
            (type (func))
            (table 9 funcref)
            (memory 1)
            (func (type 0)
                (local i32 i64 i32)
                loop
                    block
                        loop
                            (br_table 0 1 2 (local.get 0))
                        end
                    end
                end
                (local.set 2 (i32.const 1))
                (local.set 3 (i64.const 1))
                (local.tee 2 (i32.const 1)))
            (func (type 1) (local i32) block block block block end end end end)
            (elem (i32.const 0) func 0 1)
            (elem (i32.const 2) funcref (ref.func 1))
            (data (i32.const 0) "one")
            (data (i32.const 9) "two"))
        (core module (func (param f32)))
        (component (core module $inner) (core instance (instantiate $inner))))"#;

    fn checked(key: &str, limit: u64) -> Result<(), String> {
        let limits = toml::from_str(&format!("{key} = {limit}")).unwrap();
        let component = wat::parse_str(COMPONENT).unwrap();
        check(&component, &limits).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn what_is_allowed_passes_and_one_more_is_refused_with_its_setting() {
        for (key, count) in [
            ("modules", 3),
            // Three types, one of each of table and memory, two element segments, and an instance.
            ("items", 8),
            ("functions", 3),
            ("parameters", 4),
            ("locals", 3),
            ("all_locals", 4),
            ("blocks", 4),
            ("nesting", 4),
            ("loop_nesting", 2),
            ("branch_targets", 2),
            // Blocks in one, two and again two loops, and then itself: 2 + 2 + 3, times two variables.
            ("joins", 14),
            ("segments", 2),
            ("elements", 3),
        ] {
            checked(key, count).unwrap();
            let told = checked(key, count - 1).unwrap_err();
            let setting = format!("raise the limit `{key}`");
            assert!(told.contains(&setting), "{key}: {told}");
            assert!(told.contains(&format!("it has {count} ")), "{key}: {told}");
            let limit = format!("the limit is {},", count - 1);
            assert!(told.contains(&limit), "{key}: {told}");
        }
    }

    #[test]
    fn no_beginning_of_a_component_and_no_flipped_byte_panics() {
        let bytes = wat::parse_str(COMPONENT).unwrap();
        for end in 0..bytes.len() {
            let _ = check(&bytes[..end], &LoadLimits::default());
            let mut flipped = bytes.clone();
            flipped[end] ^= 0x55;
            let _ = check(&flipped, &LoadLimits::default());
        }
    }
}
