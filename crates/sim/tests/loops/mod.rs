//! A chat server on one loop or several.

use std::sync::Arc;

use chat::{Exchange, Limits, Settings, Switchboard};
use sim::{Faults, Simulator};

/// On how many loops a seed's server runs: one, two or three.
pub(crate) fn of_seed(seed: u64) -> usize {
    1 + (seed / 7 % 3) as usize
}

/// A server on as many loops as `seed` says.
pub(crate) fn server(settings: Settings, seed: u64) -> Simulator<Switchboard> {
    let loops = of_seed(seed);
    if loops == 1 {
        return Simulator::with_faults(Switchboard::new(settings), seed, Faults::none());
    }
    // Some wait for each other at every turn.
    let exchange_events = if seed.is_multiple_of(4) { 2 } else { settings.limits.exchange_events };
    let settings =
        Settings { limits: Limits { exchange_events, ..settings.limits.clone() }, ..settings };
    let exchange = Exchange::new(loops);
    let one = |number| Switchboard::in_loop(settings.clone(), Arc::clone(&exchange), number);
    let sim = Simulator::with_loops((0..loops).map(one).collect(), seed, Faults::none());
    for number in 0..loops {
        exchange.set_waker(number, sim.waker(number));
    }
    sim
}

/// All loops have taken everything: they hold the same.
pub(crate) fn check_same(sim: &Simulator<Switchboard>) {
    let mut services = sim.services();
    let first = services.next().expect("one loop at least").account();
    for (number, service) in services.enumerate() {
        let other = service.account();
        if first != other {
            let differs = |(one, other): &(&str, &str)| one != other;
            let line = first.lines().zip(other.lines()).find(differs);
            panic!("loop 0 and loop {} differ: {line:#?}", number + 1);
        }
    }
}
