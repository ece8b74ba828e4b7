//! reasoningbank
