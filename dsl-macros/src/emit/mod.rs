//! From the plan to code: flat calls to documented functions of the runtime, with the user's tokens as they were written.

mod pipeline;
mod topics;

pub(crate) use pipeline::pipeline;
pub(crate) use topics::topics;
