//! Compile-time behaviour of Waterwheel: what builds, what does not, and what the message says. All of it is in `tests`.
