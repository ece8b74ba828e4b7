//! Holm's correction for several tests at a time.

/// Each p as if it were the only one, so that none of them is below .05 by chance more often than 5 % of the time
/// (Holm, *A simple sequentially rejective multiple test procedure*, 1979). What was not tested is not counted.
pub fn holm(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(f64, usize)> = values
        .iter()
        .enumerate()
        .filter_map(|(index, value)| Some(((*value)?, index)))
        .collect();
    order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut corrected = vec![None; values.len()];
    let mut least = 0.0_f64;
    for (left, (p, index)) in (1..=order.len()).rev().zip(&order) {
        least = least.max(p * left as f64).min(1.0);
        if let Some(place) = corrected.get_mut(*index) {
            *place = Some(least);
        }
    }
    corrected
}
