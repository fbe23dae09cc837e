//! Every row and column of carts, cart items and orders, and the balance, against the oracle.

mod compare;
mod real;
mod shops;

use support::world::World;

use crate::lake;

#[test]
fn carts_of_small_nasty_worlds_are_those_of_the_contract() {
    let mut faults = Vec::new();
    for seed in 0..10 {
        let world = World::new(seed, 6);
        let lake = lake();
        lake.write("leftcart.toml", world.config());
        for (name, text) in &world.files {
            lake.write(&format!("logs/{name}"), text);
        }
        let found = compare::run(&lake, &world.judged("logs"), world.as_of);
        faults.extend(found.into_iter().map(|fault| format!("world {seed}: {fault}")));
    }
    assert!(faults.is_empty(), "{} differences\n{}", faults.len(), faults.join("\n"));
}
