//! recency
