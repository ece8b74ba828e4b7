//! The interface `store`: reads from the strategy's own memories, and from the run's past attempts.
//!
//! An id that is asked for twice in one call is answered once: otherwise a list of ids would be a lever that makes
//! the host copy one large memory a million times.

use std::collections::HashSet;

use memhost_contract::generated::memhost::strategy::store::{
    Filter, Fusion, Host, Ranking, Scan, Search,
};
use memhost_contract::{Attempt, Fault, Hit, Link, Memory, Row};
use memhost_store::HOST_BLOBS;

use super::Capabilities;

/// The most conditions of one filter, every one of which is looked at for every memory: a few hundred thousand would keep
/// the host busy for minutes without a chance to end the call.
const MOST_CONDITIONS: usize = 256;

impl Host for Capabilities {
    async fn search_memories(
        &mut self,
        query: Search,
    ) -> wasmtime::Result<Result<Vec<Hit>, Fault>> {
        self.begin().await?;
        // Its text is embedded; that it is searched for too hardly counts.
        let semantic = matches!(query.ranking, Ranking::Semantic(_));
        let _waiting = semantic.then(|| self.model_wait.begin());
        Ok(self.search(&query).await)
    }

    async fn fuse_memories(&mut self, query: Fusion) -> wasmtime::Result<Result<Vec<Hit>, Fault>> {
        self.begin().await?;
        let mut searches = query.shares.iter().map(|share| &share.search);
        let semantic = searches.any(|search| matches!(search.ranking, Ranking::Semantic(_)));
        let _waiting = semantic.then(|| self.model_wait.begin());
        Ok(self.fuse(&query).await)
    }

    async fn scan_memories(&mut self, query: Scan) -> wasmtime::Result<Result<Vec<Row>, Fault>> {
        self.begin().await?;
        let memories = bounded(&query.filter).and_then(|()| self.context.memories());
        Ok(memories.and_then(|memories| {
            let rows = memories.scan(&query, &self.context.view);
            rows.map_err(Fault::from)
        }))
    }

    async fn get_memories(
        &mut self,
        ids: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Memory>, Fault>> {
        self.begin().await?;
        let memories = self.context.memories();
        Ok(memories.map(|memories| memories.get(&once_each(ids), &self.context.view)))
    }

    async fn count_memories(&mut self, filter: Filter) -> wasmtime::Result<Result<u32, Fault>> {
        self.begin().await?;
        let memories = bounded(&filter).and_then(|()| self.context.memories());
        Ok(memories.and_then(|memories| {
            let count = memories.count(&filter, &self.context.view);
            count.map_err(Fault::from)
        }))
    }

    async fn links(
        &mut self,
        ids: Vec<String>,
        kind: Option<String>,
    ) -> wasmtime::Result<Result<Vec<Link>, Fault>> {
        self.begin().await?;
        let memories = self.context.memories();
        Ok(memories
            .map(|memories| memories.links(&once_each(ids), kind.as_deref(), &self.context.view)))
    }

    async fn get_attempts(
        &mut self,
        ids: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Attempt>, Fault>> {
        self.begin().await?;
        let attempts = self.context.attempts();
        Ok(attempts.map(|attempts| attempts.get(&once_each(ids))))
    }

    async fn get_blob(&mut self, name: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Fault>> {
        self.begin().await?;
        let memories = self.context.memories();
        let is_hidden = name.starts_with(HOST_BLOBS) || self.context.view.hides_kind(&name);
        Ok(memories.map(|memories| memories.blob(&name).filter(|_| !is_hidden)))
    }
}

impl Capabilities {
    async fn search(&self, query: &Search) -> Result<Vec<Hit>, Fault> {
        check(query)?;
        let memories = self.context.memories()?;
        let hits = memories.search(query, &self.context.view).await;
        hits.map_err(Fault::from)
    }

    async fn fuse(&self, query: &Fusion) -> Result<Vec<Hit>, Fault> {
        query
            .shares
            .iter()
            .try_for_each(|share| check(&share.search))?;
        let memories = self.context.memories()?;
        let hits = memories.fuse(query, &self.context.view).await;
        hits.map_err(Fault::from)
    }
}

/// Whether a search is one at all.
fn check(query: &Search) -> Result<(), Fault> {
    bounded(&query.filter)?;
    match &query.ranking {
        Ranking::Vector(vector) if !vector.iter().all(|number| number.is_finite()) => Err(
            Fault::Invalid("the vector of a search holds a number that is not finite".to_owned()),
        ),
        _ => Ok(()),
    }
}

fn bounded(filter: &Filter) -> Result<(), Fault> {
    match filter.len() {
        ..=MOST_CONDITIONS => Ok(()),
        conditions => Err(Fault::Invalid(format!(
            "a filter has {conditions} conditions, and may have {MOST_CONDITIONS}"
        ))),
    }
}

/// The ids without repeats, in the order of their first mention.
fn once_each(ids: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::with_capacity(ids.len());
    ids.into_iter()
        .filter(|id| seen.insert(id.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_answered_once_in_the_order_of_its_first_mention() {
        let ids = ["b", "a", "b", "c", "a"].map(str::to_owned).to_vec();
        assert_eq!(once_each(ids), ["b", "a", "c"]);
    }
}
