//! Tables of schema version 3: memories have texts for sources and never expire, and attempts are read as they stand there.

use async_trait::async_trait;
use memhost_contract::Receipt;
use memhost_store::StoreError;
use memhost_store::tables::{Earlier, Effect, Manifest, table};

use super::schema;
use super::views::Views;

#[async_trait]
impl Earlier for Views {
    async fn namespaces(&self, manifest: &Manifest) -> Result<Vec<String>, StoreError> {
        let namespaces = self.rows(manifest, table::NAMESPACES, None, schema::read_namespaces);
        let names = namespaces.await?.into_iter().map(|(name, _)| name);
        Ok(names.collect())
    }

    async fn load(
        &self,
        manifest: &Manifest,
        namespace: &str,
    ) -> Result<(Vec<Effect>, Vec<(Receipt, f64)>), StoreError> {
        let of = Some(namespace);
        let memories = schema::read_earlier_memories;
        let (effects, _) = self.load_by(manifest, namespace, memories).await?;
        let receipts = self.rows(manifest, table::RECEIPTS, of, schema::read_receipts);
        Ok((effects, receipts.await?))
    }

    async fn attempts(&self, manifest: &Manifest) -> Result<Vec<(String, String)>, StoreError> {
        self.rows(manifest, table::ATTEMPTS, None, |batch| {
            schema::read_pairs_of(batch, "run", "json")
        })
        .await
    }
}
