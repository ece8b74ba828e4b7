//! Embedders: texts to unit-length vectors.

mod builtin;
mod cache;
mod local;
mod openai;

pub use builtin::{BUILTIN, Builtin};
pub use cache::Cached;
pub use local::{LocalEmbedder, LocalModelError, LocalOptions};
pub use openai::{EmbeddingOptions, OpenAiEmbedder};

/// The vector at unit length; zero stays zero. `None` if its numbers are not finite.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    // In f64, where no square of an f32 overflows.
    let squares = vector.iter().map(|x| f64::from(*x).powi(2));
    let length = squares.sum::<f64>().sqrt();
    if !length.is_finite() {
        return None;
    }
    if length > 0.0 {
        for x in &mut vector {
            *x = (f64::from(*x) / length) as f32;
        }
    }
    Some(vector)
}
