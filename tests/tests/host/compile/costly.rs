//! Components that are valid, small and expensive: a plugin that works, with a module beside what it needs that makes a
//! compiler work. Sizes are parameters, so that one generator makes the harmless, the costly and the impossible.

use std::fmt::Write as _;

use memhost_tests::plugin;

/// Makes a plugin; of a size, so many times over, where the kind has two.
pub type Kind = fn(usize, usize) -> Vec<u8>;

/// Kinds of expense, each with a size at which it costs a compiler without limits seconds to minutes, or gigabytes.
pub const KINDS: [(&str, Kind, usize, usize); 20] = [
    ("nested loops", nested_loops, 900, 20),
    ("nested loops with variables", looped_variables, 100, 100),
    ("nested blocks", nested_blocks, 100_000, 1),
    ("blocks that are left early", blocks_left_early, 400_000, 1),
    ("blocks after blocks", blocks_after_blocks, 4_000, 100),
    ("declared locals", declared_locals, 50_000, 10_000),
    ("locals in a loop", locals_in_a_loop, 50_000, 1),
    ("joins of variables", joins, 20_000, 1),
    ("functions", functions, 300_000, 1),
    ("functions in modules", functions, 1_000, 500),
    ("parameters", parameters, 1_000, 50_000),
    ("arguments", arguments, 1_000, 3_000),
    ("a branch table", branch_table, 60_000, 100),
    ("a branch table of many blocks", branch_blocks, 60_000, 1),
    ("selects", selects, 1_000_000, 8),
    ("a deep stack", deep_stack, 2_000_000, 4),
    ("memory operations", memory_operations, 700_000, 8),
    ("scattered data", scattered_data, 100_000, 1),
    ("a large table", large_table, 3_000_000, 1),
    ("nested components", nested_components, 50_000, 1),
];

/// A plugin that works, with a module beside what it needs, as often as it is wanted.
pub fn beside(modules: usize, module: &str) -> Vec<u8> {
    beside_bytes(modules, &wat::parse_str(module).unwrap())
}

fn beside_bytes(modules: usize, module: &[u8]) -> Vec<u8> {
    let mut component = working();
    for _ in 0..modules {
        section(&mut component, CORE_MODULE, module);
    }
    component
}

/// Numbers of sections.
const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;
const COMPONENT: u8 = 4;

/// A plugin that does nothing which this one does not do, and starts with an endless loop wherever it is instantiated.
pub fn starting_with_a_loop() -> Vec<u8> {
    let endless = "(module (func $f loop br 0 end) (start $f))";
    let mut component = working();
    let modules = modules_of(&component);
    section(
        &mut component,
        CORE_MODULE,
        &wat::parse_str(endless).unwrap(),
    );
    // One instance, of that module, to which nothing is given.
    let mut instance = vec![1, 0];
    number(&mut instance, modules);
    instance.push(0);
    section(&mut component, CORE_INSTANCE, &instance);
    component
}

/// A plugin that works.
pub fn working() -> Vec<u8> {
    std::fs::read(plugin("recency")).unwrap()
}

fn section(component: &mut Vec<u8>, id: u8, content: &[u8]) {
    component.push(id);
    number(component, content.len());
    component.extend_from_slice(content);
}

/// Writes a number in LEB128.
fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// How many modules a component holds at its outermost level.
fn modules_of(component: &[u8]) -> usize {
    let modules = sections(component).into_iter();
    modules.filter(|(id, _)| *id == CORE_MODULE).count()
}

/// The sections of a module or a component.
fn sections(binary: &[u8]) -> Vec<(u8, &[u8])> {
    let mut sections = Vec::new();
    let mut rest = &binary[8..];
    while let [id, after @ ..] = rest {
        let last = after.iter().position(|byte| byte & 0x80 == 0).unwrap();
        let length = after[..=last].iter().rev();
        let length = length.fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
        let (content, next) = after[last + 1..].split_at(length);
        sections.push((*id, content));
        rest = next;
    }
    sections
}

/// Numbers of sections in a module.
const FUNCTIONS: u8 = 3;
const CODE: u8 = 10;

/// A module with a function of this body, and copies of it: of its bytes, because the text would be gigabytes.
fn copies(copies: usize, locals: usize, body: &str) -> Vec<u8> {
    let locals = " i32".repeat(locals);
    let one = wat::parse_str(format!("(module (memory 1) (func (local{locals}) {body}))"));
    let one = one.unwrap();
    let mut module = one[..8].to_vec();
    for (id, content) in sections(&one) {
        match id {
            // A vector of one, which becomes one of many.
            FUNCTIONS | CODE => {
                let mut many = Vec::new();
                number(&mut many, copies);
                many.extend(content[1..].repeat(copies));
                section(&mut module, id, &many);
            }
            _ => section(&mut module, id, content),
        }
    }
    module
}

/// `local = local + 1`
fn count(local: usize) -> String {
    format!("(local.set {local} (i32.add (local.get {local}) (i32.const 1))) ")
}

fn nested_loops(size: usize, again: usize) -> Vec<u8> {
    let inner = format!("{} (br_if 0 (local.get 0)) end ", count(0));
    let body = "loop ".repeat(size) + &inner.repeat(size);
    beside_bytes(1, &copies(again, 1, &body))
}

fn looped_variables(size: usize, again: usize) -> Vec<u8> {
    const VARIABLES: usize = 200;
    let ends = (0..size).map(|at| {
        let variable = at % VARIABLES;
        format!("{} (br_if 0 (local.get {variable})) end ", count(variable))
    });
    let body = "loop ".repeat(size) + &ends.collect::<String>();
    beside_bytes(1, &copies(1, VARIABLES, &body.repeat(again)))
}

fn nested_blocks(size: usize, again: usize) -> Vec<u8> {
    let body = "block ".repeat(size) + &"end ".repeat(size);
    beside_bytes(1, &copies(again, 1, &body))
}

fn blocks_left_early(size: usize, again: usize) -> Vec<u8> {
    let body = "block ".repeat(size) + &"(br_if 0 (local.get 0)) end ".repeat(size);
    beside_bytes(1, &copies(again, 1, &body))
}

fn blocks_after_blocks(size: usize, again: usize) -> Vec<u8> {
    let nested = "block ".repeat(size) + &"(br_if 0 (local.get 0)) end ".repeat(size);
    beside_bytes(1, &copies(1, 1, &nested.repeat(again)))
}

fn declared_locals(size: usize, again: usize) -> Vec<u8> {
    beside_bytes(1, &copies(again, size, ""))
}

fn locals_in_a_loop(size: usize, again: usize) -> Vec<u8> {
    let counted: String = (0..size).map(count).collect();
    let body = format!("loop {counted} (br_if 0 (local.get 0)) end");
    beside_bytes(1, &copies(again, size, &body))
}

fn joins(size: usize, again: usize) -> Vec<u8> {
    const VARIABLES: usize = 1_000;
    let branch = |at: usize| {
        let counted = (0..10).map(|next| count((at * 10 + next) % VARIABLES));
        format!("(if (local.get 0) (then {})) ", counted.collect::<String>())
    };
    let branches: String = (0..size).map(branch).collect();
    let body = format!("loop {branches} (br_if 0 (local.get 0)) end");
    beside_bytes(1, &copies(again, VARIABLES, &body))
}

fn functions(size: usize, again: usize) -> Vec<u8> {
    beside_bytes(again, &copies(size, 1, ""))
}

fn parameters(size: usize, again: usize) -> Vec<u8> {
    let parameters = " i32".repeat(size);
    let functions = "(func (type 0))".repeat(again);
    let of_type = format!("(type (func (param{parameters})))");
    beside(1, &format!("(module {of_type} {functions})"))
}

fn arguments(size: usize, again: usize) -> Vec<u8> {
    let (parameters, constants) = (" i32".repeat(size), "i32.const 1 ".repeat(size));
    let calls = format!("{constants} call 0 ").repeat(again);
    beside(
        1,
        &format!("(module (func (param{parameters})) (func {calls}))"),
    )
}

fn branch_table(size: usize, again: usize) -> Vec<u8> {
    let body = format!("block (br_table {}(local.get 0)) end", "0 ".repeat(size));
    beside_bytes(1, &copies(again, 1, &body))
}

fn branch_blocks(size: usize, again: usize) -> Vec<u8> {
    let mut targets = String::new();
    for target in 0..size {
        let _ = write!(targets, "{target} ");
    }
    let (starts, ends) = (
        "block ".repeat(size),
        format!("{} end ", count(0)).repeat(size),
    );
    let body = format!("{starts} (br_table {targets}(local.get 0)) {ends}");
    beside_bytes(1, &copies(again, 1, &body))
}

fn selects(size: usize, again: usize) -> Vec<u8> {
    let select = "local.get 1 local.get 0 select ";
    let body = format!("local.get 0 {} local.set 0", select.repeat(size));
    beside_bytes(1, &copies(again, 2, &body))
}

fn deep_stack(size: usize, again: usize) -> Vec<u8> {
    let (gets, adds) = ("local.get 0 ".repeat(size), "i32.add ".repeat(size - 1));
    beside_bytes(1, &copies(again, 1, &format!("{gets} {adds} local.set 0")))
}

fn memory_operations(size: usize, again: usize) -> Vec<u8> {
    let fill = "local.get 0 local.get 0 local.get 0 memory.fill ";
    beside_bytes(1, &copies(again, 1, &fill.repeat(size)))
}

fn scattered_data(size: usize, again: usize) -> Vec<u8> {
    let distance = (1u64 << 32) / size as u64;
    let place = |at: u64| format!(r#"(data (i32.const {}) "x")"#, (at * distance) as u32);
    let data: String = (0..size as u64).map(place).collect();
    beside(again, &format!("(module (memory 65536) {data})"))
}

fn large_table(size: usize, again: usize) -> Vec<u8> {
    let entries = " 0".repeat(size);
    let table = format!("(table {size} funcref) (elem (i32.const 0) func{entries})");
    beside(again, &format!("(module (func) {table})"))
}

fn nested_components(size: usize, again: usize) -> Vec<u8> {
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
    // What stands before each, from the innermost outwards; each as long as all that is within it.
    let (mut before, mut length) = (Vec::new(), EMPTY.len());
    for _ in 0..size {
        let mut head = EMPTY.to_vec();
        head.push(COMPONENT);
        number(&mut head, length);
        length += head.len();
        before.push(head);
    }
    let mut nested: Vec<u8> = before.into_iter().rev().flatten().collect();
    nested.extend_from_slice(EMPTY);
    let mut component = working();
    for _ in 0..again {
        section(&mut component, COMPONENT, &nested);
    }
    component
}
