//! From a file to a component that is compiled and linked, and has not run yet.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmparser::Parser;
use wasmtime::component::{Component, InstancePre};

use super::admission::{self, LoadedAs};
use super::binary::{self, Surface};
use super::call::Sandbox;
use super::compile::{self, Compiled, Source};
use super::composed::Layer;
use super::error::LoadFailure;
use super::since_v0_2::Exports;
use super::{Engine, Inner, LoadLimits, complexity, shape};

/// The bytes of a file, unless it is too large.
pub(super) async fn read(path: &Path, limit: u64) -> Result<Vec<u8>, LoadFailure> {
    let unreadable = |error: std::io::Error| LoadFailure::Unreadable {
        error: error.to_string(),
    };
    let about = tokio::fs::metadata(path).await.map_err(unreadable)?;
    if !about.is_file() {
        return Err(LoadFailure::Unreadable {
            error: "it is not a file".to_owned(),
        });
    }
    if about.len() > limit {
        return Err(LoadFailure::TooLarge {
            size: about.len(),
            limit,
        });
    }
    tokio::fs::read(path).await.map_err(unreadable)
}

/// A component that is compiled and linked, and has not run yet.
pub(super) struct Prepared {
    pub digest: String,
    pub surface: Surface,
    pub contract_version: String,
    pub is_core_module: bool,
    pub compiled: Compiled,
    pub pre: InstancePre<Sandbox>,
    pub exports: Exports,
    /// For the comparison with the contract when it does not fit.
    component: Arc<[u8]>,
}

impl Prepared {
    /// What differs from the contract, when wasmtime has refused it.
    pub fn other_shape(&self, error: &wasmtime::Error) -> LoadFailure {
        other_shape(&self.component, &self.contract_version, error)
    }
}

/// Everything up to the first instruction, off the async threads; `name` is what progress calls it.
pub(super) async fn prepare(
    engine: &Engine,
    name: &str,
    bytes: Vec<u8>,
    loaded_as: LoadedAs,
) -> Result<Prepared, LoadFailure> {
    let limits = engine.inner.options.load.clone();
    let admitted = compile::away(move || Admitted::from_bytes(bytes, &limits, loaded_as)).await?;
    let source = Source {
        name: name.to_owned(),
        bytes: admitted.component.clone(),
        digest: admitted.content,
    };
    let (compiled, code) = compile::code(engine, &source).await?;
    let inner = engine.inner.clone();
    compile::away(move || admitted.link(&inner, compiled, &code)).await
}

/// A component that names nothing but what it may have, and is not compiled yet.
struct Admitted {
    component: Arc<[u8]>,
    digest: String,
    /// SHA-256 of the component, which is not the file's if that is a core module.
    content: [u8; 32],
    is_core_module: bool,
    surface: Surface,
    contract_version: String,
}

impl Admitted {
    fn from_bytes(
        bytes: Vec<u8>,
        limits: &LoadLimits,
        loaded_as: LoadedAs,
    ) -> Result<Admitted, LoadFailure> {
        if Layer::outermost(&bytes)?.is_composed() {
            return Err(LoadFailure::Composed);
        }
        if Parser::is_core_wasm(&bytes) {
            // Making a component of it validates it, which is costly where compiling is.
            complexity::check(&bytes, limits)?;
        }
        let component = binary::component(&bytes)?;
        let surface = binary::surface(&component)?;
        admission::check(&surface, loaded_as)?;
        let contract_version = admission::contract_version(&surface)
            .unwrap_or_default()
            .to_owned();
        let digest = Sha256::digest(&bytes);
        let is_core_module = matches!(component, Cow::Owned(_));
        let content = match is_core_module {
            true => Sha256::digest(&component),
            false => digest,
        };
        Ok(Admitted {
            digest: format!("sha256:{digest:x}"),
            content: content.into(),
            is_core_module,
            surface,
            contract_version,
            component: component.into(),
        })
    }

    fn link(
        self,
        engine: &Inner,
        compiled: Compiled,
        code: &Component,
    ) -> Result<Prepared, LoadFailure> {
        let linked = engine
            .linker
            .instantiate_pre(code)
            .and_then(|pre| Ok((Exports::find(&pre, &self.surface)?, pre)));
        let (exports, pre) =
            linked.map_err(|error| other_shape(&self.component, &self.contract_version, &error))?;
        Ok(Prepared {
            digest: self.digest,
            surface: self.surface,
            contract_version: self.contract_version,
            is_core_module: self.is_core_module,
            compiled,
            pre,
            exports,
            component: self.component,
        })
    }
}

/// Why a component did not link, in terms of the contract; in wasmtime's, if the contract explains nothing.
fn other_shape(component: &[u8], built_for: &str, error: &wasmtime::Error) -> LoadFailure {
    let built_for = built_for.to_owned();
    match shape::difference(component) {
        Some(difference) => LoadFailure::OtherShape {
            interface: difference.interface,
            built_for,
            detail: binary::one_line(&difference.detail),
        },
        None => LoadFailure::OtherShape {
            interface: memhost_contract::PACKAGE.to_owned(),
            built_for,
            detail: binary::one_line(&format!("{error:#}")),
        },
    }
}
