//! Compile-time behaviour of Waterwheel.
