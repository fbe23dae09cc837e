//! Every row and column of carts, cart items and orders, and the balance, against the oracle.

mod compare;
mod real;
mod shops;

use support::world::World;

use crate::lake;
use compare::assert_agree;

#[test]
fn carts_of_small_nasty_worlds_are_those_of_the_contract() {
    for seed in 0..60 {
        let world = World::new(seed);
        let lake = lake();
        lake.write("leftcart.toml", world.config());
        for (name, text) in &world.files {
            lake.write(&format!("logs/{name}"), text);
        }
        assert_agree(&format!("world {seed}"), &lake, &world.judged("logs"), world.as_of);
    }
}
