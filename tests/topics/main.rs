//! Typed topics, from the outside: what is acknowledged is there, and how topics and row types change between programs.

mod acknowledged;
mod changes;
mod evolution;
mod foreign_file;
mod keys;
mod reading;
mod settings;
mod tails;
mod views;
mod whole_commits;
