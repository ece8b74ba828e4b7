//! Writes, for every phase, what `wit-component` must know of a component that has it.
//!
//! `wit-bindgen` describes one world per binary, and a component must then export all of it. A strategy
//! exports only the phases that it has, so the description comes in one part per phase: the world
//! `wrapper` with no exports but `strategy` and that phase. [`export!`] embeds the parts that a strategy
//! lists, and `wit-component` merges them.
//!
//! Every part names `strategy`, because an export added later would change what the types of the
//! exports before it refer to, and `wit-component` refuses that.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use wit_component_of_bindgen::{StringEncoding, metadata};
use wit_parser_of_bindgen::{Resolve, WorldKey};

const WIT: &str = "wit";
const PHASES: [&str; 6] = [
    "retrieve", "distill", "update", "evict", "maintain", "compact",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={WIT}");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(Path::new(WIT))?;
    let wrapper = resolve.select_world(&[package], Some("wrapper"))?;
    for phase in PHASES {
        let mut world = resolve.worlds[wrapper].clone();
        world.name = format!("plugin-{phase}");
        world.exports.retain(|key, _| match key {
            WorldKey::Interface(id) => {
                let name = resolve.interfaces[*id].name.as_deref();
                name == Some("strategy") || name == Some(phase)
            }
            WorldKey::Name(_) => false,
        });
        let world = resolve.worlds.alloc(world);
        let part = metadata::encode(&resolve, world, StringEncoding::UTF8, None)?;
        fs::write(out.join(format!("{phase}.component-type")), part)?;
    }
    Ok(())
}
