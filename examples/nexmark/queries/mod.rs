//! The queries, a file each.

pub(crate) mod interval_join;
pub(crate) mod over_avg5m;
pub(crate) mod over_bidder10s;
pub(crate) mod q0;
pub(crate) mod q1;
pub(crate) mod q11;
pub(crate) mod q12;
pub(crate) mod q13;
pub(crate) mod q14;
pub(crate) mod q2;
pub(crate) mod q21;
pub(crate) mod q22;
pub(crate) mod q5;
pub(crate) mod q7;
pub(crate) mod q8;
pub(crate) mod tumble_auction10s;

use super::query::Query;

/// Every query, in the order in which `list` and `all` take them.
pub(crate) const ALL: &[Query] = &[
    q0::QUERY,
    q1::QUERY,
    q2::QUERY,
    q5::QUERY,
    q7::QUERY,
    q8::QUERY,
    q11::QUERY,
    q12::QUERY,
    q13::QUERY,
    q14::QUERY,
    q21::QUERY,
    q22::QUERY,
    tumble_auction10s::QUERY,
    interval_join::QUERY,
    over_avg5m::QUERY,
    over_bidder10s::QUERY,
];
