//! What builds, without a warning: the shapes that a pipeline may have.

#![deny(warnings)]

#[path = "../sample/mod.rs"]
mod sample;

mod aggregated_types;
mod all_names;
mod arithmetic;
mod captured_parameters;
mod generic_rows;
mod helpers;
mod joins;
mod meant;
mod own_names;
mod projection;
mod records_in_closures;
mod select_expressions;
mod shapes;
mod topics_of_one_name;
mod visibility;
mod words_of_the_users;
