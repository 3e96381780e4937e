use std::sync::Arc;

use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Article {
    pub title: Arc<str>,
}

fn main() {}
