//! From tokens to the tree: structure only, no meaning. What cannot be parsed is reported and left out, the rest goes on.

mod foreign;
mod mend;
mod pipeline;
mod statements;
mod topics;

pub(crate) use pipeline::pipeline;
pub(crate) use topics::topics;
