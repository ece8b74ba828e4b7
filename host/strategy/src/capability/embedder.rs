//! The interface `embedder`: vectors for texts of the strategy's own.

use memhost_contract::Fault;
use memhost_contract::generated::memhost::strategy::embedder::{Host, Side};

use super::{CallContext, Capabilities};

/// The most texts in one call: their vectors are many times larger than they are.
const MOST_TEXTS: usize = 4_096;

impl Host for Capabilities {
    async fn embed(
        &mut self,
        texts: Vec<String>,
        side: Side,
    ) -> wasmtime::Result<Result<Vec<Vec<f32>>, Fault>> {
        self.begin().await?;
        let _waiting = self.model_wait.begin();
        Ok(embed(&self.context, &texts, side).await)
    }

    async fn dimension(&mut self) -> wasmtime::Result<u32> {
        self.begin().await?;
        let embedder = self.context.embedder();
        let dimension = embedder.map_or(0, |embedder| embedder.identity().dimension);
        Ok(u32::try_from(dimension).unwrap_or(u32::MAX))
    }
}

async fn embed(
    context: &CallContext,
    texts: &[String],
    side: Side,
) -> Result<Vec<Vec<f32>>, Fault> {
    let embedder = context.embedder()?;
    if texts.len() > MOST_TEXTS {
        return Err(Fault::Invalid(format!(
            "{} texts in one call of `embed`; send at most {MOST_TEXTS}",
            texts.len()
        )));
    }
    let embedded = embedder.embed(texts, side).await;
    let embedded = embedded.map_err(|error| Fault::Unavailable(error.to_string()))?;
    if let Some(memories) = &context.memories {
        memories.note_cut(embedded.cut.len());
    }
    Ok(embedded.vectors)
}
