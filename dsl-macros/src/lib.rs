//! The procedural macros of Waterwheel.
