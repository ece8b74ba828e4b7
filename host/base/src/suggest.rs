//! What somebody may have meant by a name that does not exist.

/// The name that is most like a mistyped one, if any is near enough to be what was meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    /// Of 1; two letters swapped in a name of three leave 0.67.
    const LIKELY: f64 = 0.6;
    let likeness = |other: &str| strsim::normalized_damerau_levenshtein(name, other);
    known
        .into_iter()
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness >= LIKELY)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, other)| other.to_owned())
}

/// ` (did you mean …?)`, or nothing.
pub fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_if_it_is_near() {
        let known = ["rag", "recency", "reasoningbank"];
        let meant = |name| suggestion(nearest(name, known).as_deref());
        assert_eq!(meant("rga"), " (did you mean `rag`?)");
        assert_eq!(meant("resoningbnk"), " (did you mean `reasoningbank`?)");
        assert_eq!(meant("tide"), "");
        assert_eq!(nearest("rag", []), None);
    }
}
