//! What every route has: the host, and who asks.

use std::sync::Arc;

use memhost::live::{Grant, Host};

use crate::ServeSettings;

/// What every route has. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub host: Host,
    pub settings: Arc<ServeSettings>,
}

/// Who asks: the guard puts it into the extensions of each request that it lets through.
#[derive(Clone)]
pub(crate) struct Caller {
    /// What they may do.
    pub grant: Grant,
    /// For whom: the key's tenant, or the one that the header `Memhost-Tenant` names.
    pub tenant: String,
}
