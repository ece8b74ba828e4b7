//! Opening a store: what is at its place, whether that is whole, and what earlier runs left there.

use super::home::Home;
use super::inner::Inner;
use super::manifest::Manifest;
use super::seal::{BrokenSeal, Depth, in_words};
use super::{CHECKPOINT, StoreError, THE_STORE, repair};
use crate::embedding::Embedder;

/// What is at a place, before anything is done to it.
pub(super) struct Found {
    pub(super) home: Home,
    pub(super) manifest: Option<Manifest>,
    /// Files that were changed, and of which a sound copy is there.
    pub(super) broken: Vec<BrokenSeal>,
}

impl Found {
    /// Looks at a place, and changes nothing.
    pub(super) async fn at(uri: &str, embedder: &dyn Embedder) -> Result<Found, StoreError> {
        let home = Home::open(uri).await?;
        let manifest = Manifest::read(&home).await?;
        let mut broken = Vec::new();
        if let Some(manifest) = &manifest {
            manifest.check_embedder(&home, embedder)?;
            broken = check_files(&home, manifest).await?;
        }
        Ok(Found {
            home,
            manifest,
            broken,
        })
    }
}

impl Inner {
    /// Puts copies in the place of damaged files that have one.
    pub(super) async fn restore(
        &self,
        manifest: &Manifest,
        broken: &[BrokenSeal],
    ) -> Result<(), StoreError> {
        if broken.is_empty() && manifest.restored.is_none() {
            return Ok(());
        }
        let lock = self.home.lock_patiently(CHECKPOINT, THE_STORE).await?;
        let restored = self.restore_alone(broken).await;
        lock.release().await;
        restored
    }

    async fn restore_alone(&self, broken: &[BrokenSeal]) -> Result<(), StoreError> {
        let mut manifest = self.manifest().await?;
        let restored = self.home.restore_copies(broken, &manifest.files).await?;
        for path in broken
            .iter()
            .filter(|broken| restored.contains(&broken.path))
        {
            self.warn(format_args!(
                "{path}; its copy was put in its place, and nothing is lost"
            ));
        }
        if let Some(reason) = manifest.restored.take() {
            manifest.write(&self.home).await?;
            self.warn(format_args!(
                "{reason} and put in its place, and nothing is lost"
            ));
        }
        Ok(())
    }

    /// Takes the journals of runs that have ended into the tables, so that nobody writes behind what has not been read.
    pub(super) async fn take_in_what_was_left(&self) -> Result<(), StoreError> {
        for path in self.home.set_aside().await? {
            self.warn(format_args!(
                "`{path}` was damaged and set aside by an earlier run; its sound parts were taken in then. Delete it \
                 when you do not need the rest"
            ));
        }
        for path in self.home.strangers().await? {
            self.warn(format_args!(
                "`{path}` has a name that no journal has, and is not read; if it is one, give it its name back"
            ));
        }
        if !self.home.has_journals().await? {
            return self.compare_manifests().await;
        }
        match self.checkpoint().await {
            // It is read all the same, and taken in when there is room, or when whoever is busy with it has ended.
            Err(error @ (StoreError::Full { .. } | StoreError::InUse { .. })) => {
                self.warn(format_args!(
                    "the journals of earlier runs stay for now: {error}"
                ));
                Ok(())
            }
            result => result,
        }
    }

    /// Without journals, the manifest and its copy say the same: one that was put back from elsewhere undoes what was
    /// written since.
    async fn compare_manifests(&self) -> Result<(), StoreError> {
        let (Some(main), Some(copy)) = (
            Manifest::read(&self.home).await?,
            Manifest::read_copy(&self.home).await?,
        ) else {
            return Ok(());
        };
        if main.restored.is_none() && main.tables != copy.tables {
            self.warn(format_args!(
                "`{0}/memhost.json` and its copy name other versions of the tables, and the former counts: if it was put back \
                 from a backup, what was written since then is not seen, and goes with the next run",
                self.home.tables()
            ));
        }
        Ok(())
    }
}

/// Makes a store of an empty place, unless another process does so at the same time.
pub(super) async fn create(home: &Home, embedder: &dyn Embedder) -> Result<(), StoreError> {
    let lock = home.lock_patiently(CHECKPOINT, THE_STORE).await?;
    let created = match Manifest::read(home).await {
        Ok(Some(manifest)) => manifest.check_embedder(home, embedder),
        Ok(None) => {
            Manifest::new(embedder.identity().clone())
                .create(home)
                .await
        }
        Err(error) => Err(error),
    };
    lock.release().await;
    created
}

/// Refuses a store that is half repaired, or of which a file is lacking that has no copy; says of which a copy is to be
/// put in place.
pub(super) async fn check_files(
    home: &Home,
    manifest: &Manifest,
) -> Result<Vec<BrokenSeal>, StoreError> {
    if repair::is_half_done(home).await? {
        return Err(StoreError::HalfRepaired { uri: home.tables() });
    }
    let broken = home
        .broken_seals(manifest.files.clone(), Depth::Lists)
        .await?;
    let lost = home.without_copy(broken.clone(), &manifest.files);
    match lost.is_empty() {
        true => Ok(broken),
        false => Err(StoreError::DamagedTables {
            uri: home.tables(),
            files: in_words(&lost),
        }),
    }
}
