//! Means and quantiles of plain numbers.

/// The value below which `percent` of the sorted values lie, interpolated between neighbours (numpy's default,
/// type 7 of Hyndman and Fan); `None` without values.
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * percent.clamp(0.0, 100.0) / 100.0;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// The smallest measured value that at least `percent` of the values do not exceed: always one that was
/// measured, never an interpolation. `None` without values.
pub fn nearest_rank(values: &[u64], percent: f64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as f64 * percent.clamp(0.0, 100.0) / 100.0).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// The arithmetic mean; `None` of nothing.
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values
        .into_iter()
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
