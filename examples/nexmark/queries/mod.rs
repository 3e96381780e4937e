//! The queries, a file each.

mod interval_join;
mod over_avg5m;
mod over_bidder10s;
mod q0;
mod q1;
mod q11;
mod q14;
mod q2;
mod q21;
mod q22;
mod q8;
mod tumble_auction10s;

use super::query::Query;

/// Every query, in the order in which `list` and `all` take them.
pub(crate) const ALL: &[Query] = &[
    q0::QUERY,
    q1::QUERY,
    q2::QUERY,
    q8::QUERY,
    q11::QUERY,
    q14::QUERY,
    q21::QUERY,
    q22::QUERY,
    tumble_auction10s::QUERY,
    interval_join::QUERY,
    over_avg5m::QUERY,
    over_bidder10s::QUERY,
];
