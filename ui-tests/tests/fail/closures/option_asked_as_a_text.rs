use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Order {
    pub id: u64,
    pub coupon: Option<String>,
}

topics! {
    Orders("orders"): Order { key: id }
    Reduced("reduced"): Order { key: id }
}

#[pipeline]
fn reduced() {
    source(Orders).filter(|o| o.coupon != None && o.coupon.len() > 3 && o.coupon.starts_with("S")).sink(Reduced);
}

fn main() {}
