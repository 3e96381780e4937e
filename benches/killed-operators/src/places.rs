//! The side table that is a topic: places of the flights of a file, made up of the order in which they come.

use std::collections::HashSet;

use waterwheel::cli::Invocation;
use waterwheel::prelude::*;

use super::reports::{self, Result};
use super::{Place, Places};

/// `load FILE`: places, unless they are there, and then all else. So a load that is repeated until the flights are there has loaded each once.
pub(crate) fn load(call: &Invocation) -> Result<()> {
    let name = call.arguments().get_one::<String>("FILE").expect("the argument is required");
    let places = TypedTopic::open(call.store()?, Places)?;
    if places.rows().next().is_none() {
        places.append(&rows(name)?)?;
    }
    reports::load(call)
}

/// One row of each place, but for one in six, and of one in three an earlier one, too. All earlier ones come first.
fn rows(name: &str) -> Result<Vec<Place>> {
    let (mut seen, mut earlier, mut later) = (HashSet::new(), Vec::new(), Vec::new());
    reports::each(name, |_, flight| {
        let number = seen.len();
        if seen.insert(flight.dest.clone()) && number % 6 != 5 {
            let place = |name: String, region| Place { dest: flight.dest.clone(), name, region };
            if number.is_multiple_of(3) {
                earlier.push(place(format!("{} as it was", flight.dest), 9));
            }
            later.push(place(format!("{}, number {number}", flight.dest), (number % 4) as u8));
        }
        Ok(())
    })?;
    earlier.extend(later);
    Ok(earlier)
}
