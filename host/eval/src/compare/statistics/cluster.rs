//! Clusters: groups of tasks, which inference draws as a whole.

/// What inference needs to know of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cluster {
    pub(super) sum: f64,
    pub(super) tasks: f64,
}

/// The mean over all tasks of these groups.
pub(super) fn pooled_mean<'c>(clusters: impl IntoIterator<Item = &'c Cluster>) -> f64 {
    let (sum, tasks) = clusters
        .into_iter()
        .fold((0.0, 0.0), |(sum, tasks), cluster| {
            (sum + cluster.sum, tasks + cluster.tasks)
        });
    sum / tasks
}
