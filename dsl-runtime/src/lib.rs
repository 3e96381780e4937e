//! The engine under the pipelines.
